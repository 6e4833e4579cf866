/** Timestamps: single hashes, batches with their proofs, and the register of issued tokens. */
import { openRecords } from '@daybook/contracts';
import type { Call, CallArguments } from '@daybook/core';
import { encodeUtf8, inclusionProof, leafHash, merkleRoot, sha256 } from '@daybook/core';
import { expect } from 'chai';
import { directory } from '../src/directory.ts';
import { timestamps } from '../src/timestamps.ts';
import type { TestLedger } from './ledger.ts';
import { createLedger, outcome } from './ledger.ts';

const AUTHORITY = 'archive/tsa';
const ANYBODY = 'key:somebody';
const DOCUMENT = sha256(encodeUtf8('a document'));

const newLedger = (): TestLedger =>
  createLedger([directory, timestamps], { [AUTHORITY]: ['timestamps.authority'] });
const call = (action: string, args: CallArguments): Call => ({
  contract: 'timestamps',
  action,
  args,
});
const stamp = (change: CallArguments = {}): Call =>
  call('stamp', { hashAlgorithm: 'sha256', hashedMessage: DOCUMENT, ...change });
const codeOf = (ledger: TestLedger, each: Call, signer = ANYBODY): string =>
  outcome(ledger.act([each], [signer]));

const rows = openRecords(timestamps);
const timeOf = ({ view }: TestLedger, imprint: Uint8Array): number | undefined =>
  rows.stamp(view, { imprint })?.genTime;

describe('timestamps: one hash', () => {
  it('given a hash, when stamped by anybody, then it has the time of the block, for ever', () => {
    const ledger = newLedger();

    expect(codeOf(ledger, stamp())).to.equal('ok');
    expect(codeOf(ledger, stamp())).to.equal('TIMESTAMPS_ALREADY_STAMPED');

    const executed = ledger.act([stamp({ hashedMessage: sha256(DOCUMENT) })], [ANYBODY]);
    expect(executed.result.events[0]?.fields.imprint).to.deep.equal(sha256(DOCUMENT));
  });

  it('given a longer hash, then it is stamped under its own hash; a wrong size is refused', () => {
    const ledger = newLedger();
    const long = new Uint8Array(64).fill(5);

    const executed = ledger.act(
      [stamp({ hashAlgorithm: 'sha512', hashedMessage: long })],
      [ANYBODY],
    );
    expect(executed.result.events[0]?.fields.imprint).to.deep.equal(sha256(long));
    expect(codeOf(ledger, stamp({ hashedMessage: long }))).to.equal('TIMESTAMPS_HASH_SIZE');
  });
});

describe('timestamps: batches', () => {
  const imprints = ['a', 'b', 'c', 'd', 'e'].map((each) => sha256(encodeUtf8(each)));
  const leaves = imprints.map(leafHash);
  const root = merkleRoot(leaves);
  const batch = call('stampBatch', { root, count: leaves.length });
  const show = (index: number, change: CallArguments = {}): Call =>
    call('showInBatch', {
      root,
      count: leaves.length,
      imprint: imprints[index] ?? DOCUMENT,
      index,
      path: inclusionProof(leaves, index),
      ...change,
    });

  it('given a batch, then every hash in it is shown by its path, with the time of the batch', () => {
    const ledger = newLedger();
    expect(codeOf(ledger, batch)).to.equal('ok');
    const at = ledger.now();
    ledger.wait(1_000_000);

    for (const index of imprints.keys()) {
      expect(codeOf(ledger, show(index)), `leaf ${index}`).to.equal('ok');
    }
    expect(codeOf(ledger, show(0))).to.equal('TIMESTAMPS_ALREADY_STAMPED');
    expect(ledger.now()).to.be.greaterThan(at);
    expect(new Set(imprints.map((imprint) => timeOf(ledger, imprint)))).to.deep.equal(
      new Set([at]),
    );
  });

  it('given a hash that was stamped after its batch, then the time of the batch counts', () => {
    const ledger = newLedger();
    expect(codeOf(ledger, batch)).to.equal('ok');
    const at = ledger.now();
    const [first = DOCUMENT] = imprints;
    expect(codeOf(ledger, stamp({ hashedMessage: first }))).to.equal('ok');

    expect(codeOf(ledger, show(0))).to.equal('ok');

    expect(timeOf(ledger, first)).to.equal(at);
  });

  it('given a hash that was stamped before its batch, then its own time stays', () => {
    const ledger = newLedger();
    const [first = DOCUMENT] = imprints;
    expect(codeOf(ledger, stamp({ hashedMessage: first }))).to.equal('ok');
    const at = ledger.now();
    expect(codeOf(ledger, batch)).to.equal('ok');

    expect(codeOf(ledger, show(0))).to.equal('TIMESTAMPS_ALREADY_STAMPED');

    expect(timeOf(ledger, first)).to.equal(at);
  });

  it('given a root that somebody took with another number of hashes, then the batch is stamped and shown all the same', () => {
    const ledger = newLedger();
    const taken = call('stampBatch', { root, count: leaves.length + 1 });

    expect(codeOf(ledger, taken, 'key:front-runner')).to.equal('ok');
    expect(codeOf(ledger, batch)).to.equal('ok');
    expect(codeOf(ledger, show(0))).to.equal('ok');
    expect(codeOf(ledger, show(4, { count: leaves.length + 1 }))).to.equal(
      'TIMESTAMPS_NOT_IN_BATCH',
    );
  });

  it('given another index, hash, path or root, then nothing is shown', () => {
    const ledger = newLedger();
    expect(codeOf(ledger, show(0))).to.equal('TIMESTAMPS_BATCH_UNKNOWN');
    expect(codeOf(ledger, batch)).to.equal('ok');

    for (const wrong of [{ index: 1 }, { imprint: DOCUMENT }, { path: [] }, { index: 9 }]) {
      expect(codeOf(ledger, show(0, wrong)), JSON.stringify(wrong)).to.equal(
        'TIMESTAMPS_NOT_IN_BATCH',
      );
    }
    expect(codeOf(ledger, batch)).to.equal('TIMESTAMPS_ALREADY_STAMPED');
  });
});

describe('timestamps: tokens', () => {
  const issue = (serialNumber: number): Call =>
    call('issue', {
      authority: 'archive',
      serialNumber,
      policy: '1.2.3.4.1',
      hashAlgorithm: 'sha256',
      hashedMessage: DOCUMENT,
      nonce: new Uint8Array(8).fill(3),
    });

  it('given an authority, then its tokens are numbered without gaps', () => {
    const ledger = newLedger();

    expect(codeOf(ledger, issue(2), AUTHORITY)).to.equal('TIMESTAMPS_SERIAL_WRONG');
    expect(codeOf(ledger, issue(1), AUTHORITY)).to.equal('ok');
    expect(codeOf(ledger, issue(1), AUTHORITY)).to.equal('TIMESTAMPS_SERIAL_WRONG');
    expect(codeOf(ledger, issue(2), AUTHORITY)).to.equal('ok');
    expect(codeOf(ledger, issue(3))).to.equal('CONTRACTS_NOT_ENTITLED');
    expect(ledger.rows(timestamps, 'token').map((row) => row.genTime)).to.have.length(2);
  });
});
