/** Procurement: releases of other publishers, kept as they were. */
import type { Call, CallArguments } from '@daybook/core';
import { concatBytes, encodeUtf8, sha256 } from '@daybook/core';
import { expect } from 'chai';
import { procurement } from '../src/procurement.ts';
import { outcome } from './ledger.ts';
import { act, BUYER, gbp, must, newLedger, OCID, PIPES } from './procurement-scene.ts';

describe('procurement: releases of other publishers', () => {
  const JSON_TEXT = encodeUtf8('{"ocid":"ocds-x-1","id":"r1"}');
  /** A release that says nothing of the process yet. */
  const bare = (change: CallArguments = {}): Call =>
    act('publishRelease', {
      ocid: 'ocds-x-1',
      publisher: 'water',
      release: 'r1',
      date: Date.UTC(2025, 0, 1),
      tag: ['tender', 'award'],
      initiationType: 'tender',
      buyer: { name: 'Somebody' },
      hash: sha256(JSON_TEXT),
      parts: 1,
      json: JSON_TEXT,
      ...change,
    });
  const TRANSACTIONS = [{ contract: 'c', id: 't', value: gbp(2), date: '2025-01' }];
  const ROWS = {
    tender: { status: 'active', title: 'Roads' },
    awards: [{ id: 'a', status: 'active', value: gbp(-5), suppliers: [{ name: 'Road Works' }] }],
    contracts: [{ id: 'c', awardId: 'a', value: gbp(5) }],
    transactions: TRANSACTIONS,
  };
  const published = (change: CallArguments = {}): Call => bare({ ...ROWS, ...change });
  const continued = (json: Uint8Array, change: CallArguments = {}): Call => {
    const place = { ocid: 'ocds-x-1', release: 'r1', hash: sha256(JSON_TEXT), part: 1 };
    return act('continueRelease', { ...place, json, ...change });
  };

  it('given a release, when imported, then its bytes and rows are kept, and again adds nothing', () => {
    const ledger = newLedger();
    must(ledger, published(), BUYER);

    const [part] = ledger.rows(procurement, 'releasePart');
    expect(part?.json).to.deep.equal(JSON_TEXT);
    expect(ledger.rows(procurement, 'tender')[0]).to.deep.include({ title: 'Roads', items: [] });
    expect(ledger.rows(procurement, 'contract')[0]?.status).to.equal('unstated');
    expect(outcome(ledger.act([published()], [BUYER]))).to.equal('PROCUREMENT_ALREADY_IMPORTED');
  });

  it('given a part of a file, when its keeper keeps it, then it is there and stays as it is', () => {
    const ledger = newLedger();
    const name = { publisher: 'water', dataset: 'ocds', holder: 'water', files: sha256(JSON_TEXT) };
    const part = { ...name, part: 0, parts: 1, bytes: JSON_TEXT };
    const keep = (args: CallArguments): Call => ({
      contract: 'procurement',
      action: 'keepFiles',
      args,
    });
    must(ledger, keep(part), BUYER);

    expect(ledger.rows(procurement, 'filePart')).to.deep.equal([part]);
    const again = { ...part, bytes: encodeUtf8('{}') };
    const codes = [again, { ...part, part: 1 }, { ...part, holder: 'pipe-works' }].map((args) =>
      outcome(ledger.act([keep(args)], [BUYER])),
    );
    expect(codes).to.deep.equal([
      'PROCUREMENT_FILE_PART_EXISTS',
      'PROCUREMENT_FILE_PART_OUTSIDE',
      'CONTRACTS_NOT_ENTITLED',
    ]);
  });

  it('given a later release, then it changes what it names; an older one changes no row', () => {
    const ledger = newLedger();
    must(ledger, published(), BUYER);
    const later = { release: 'r2', date: Date.UTC(2025, 5, 1), tender: { status: 'complete' } };
    must(ledger, bare(later), BUYER);
    const older = { release: 'r0', date: Date.UTC(2024, 5, 1), tender: { status: 'planned' } };
    must(ledger, bare(older), BUYER);

    expect(ledger.rows(procurement, 'tender')[0]).to.deep.include({
      title: 'Roads',
      status: 'complete',
      release: 'r2',
    });
    expect(ledger.rows(procurement, 'release')).to.have.length(3);
  });

  it('given a release in parts, then it is complete when all are there and match its hash', () => {
    const ledger = newLedger();
    const [first, second] = [JSON_TEXT.subarray(0, 9), JSON_TEXT.subarray(9)];
    must(ledger, published({ parts: 2, json: first }), BUYER);
    const next = (json: Uint8Array, part = 1): Call => continued(json, { part });

    expect(outcome(ledger.act([next(first)], [BUYER]))).to.equal('PROCUREMENT_RELEASE_DIFFERS');
    expect(outcome(ledger.act([next(second, 2)], [BUYER]))).to.equal('PROCUREMENT_RELEASE_UNKNOWN');
    expect(outcome(ledger.act([next(second)], [PIPES]))).to.equal('PROCUREMENT_NOT_PUBLISHER');
    must(ledger, next(second), BUYER);

    expect(ledger.rows(procurement, 'release')[0]).to.deep.include({ status: 'complete' });
  });

  it('given a release announced anew, then a part of the one before is refused at once', () => {
    const ledger = newLedger();
    const [first, second] = [JSON_TEXT.subarray(0, 9), JSON_TEXT.subarray(9)];
    must(ledger, published({ parts: 2, json: first }), BUYER);
    const corrected = concatBytes(JSON_TEXT, encodeUtf8(' '));
    const hash = sha256(corrected);
    must(ledger, published({ parts: 2, json: first, hash }), BUYER);

    const late = ledger.act([continued(second)], [BUYER]);

    expect(outcome(late)).to.equal('PROCUREMENT_RELEASE_OTHER');
    expect(late.failure?.facts).to.deep.include({ announced: hash, found: sha256(JSON_TEXT) });
    must(ledger, continued(corrected.subarray(9), { hash }), BUYER);
    expect(ledger.rows(procurement, 'release')[0]).to.deep.include({ status: 'complete', hash });
  });

  it('given a process of another publisher or conducted here, then no release of it is taken', () => {
    const ledger = newLedger();
    must(ledger, published(), BUYER);
    must(ledger, act('plan', { publisher: 'water', planning: {} }), BUYER);

    const foreign = published({ publisher: 'pipe-works', release: 'r2' });
    expect(outcome(ledger.act([foreign], [PIPES]))).to.equal('PROCUREMENT_NOT_PUBLISHER');
    expect(outcome(ledger.act([published({ ocid: OCID })], [BUYER]))).to.equal(
      'PROCUREMENT_CONDUCTED_HERE',
    );
    const here = act('openTender', {
      ocid: 'ocds-x-1',
      items: [],
      closes: 1,
      revealBy: 2,
      awardBy: 3,
    });
    expect(outcome(ledger.act([here], [BUYER]))).to.equal('PROCUREMENT_NOT_CONDUCTED_HERE');
  });

  it('given a transaction under a contract that is not there, then the link is refused', () => {
    const ledger = newLedger();

    const executed = ledger.act([bare({ transactions: TRANSACTIONS })], [BUYER]);

    expect(outcome(executed)).to.equal('CONTRACTS_REFERENCE_MISSING');
    expect(executed.failure?.facts).to.deep.include({
      record: 'procurement.contract',
      key: 'ocds-x-1/c',
      pointer: '/under',
    });
  });
});
