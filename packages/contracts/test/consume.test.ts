/** What clients do with a manifest: records, keys, lists, events, receipts; from the manifest alone. */
import type { Manifest, ManifestRecord } from '@daybook/contracts';
import {
  argumentsToJson,
  createEngine,
  decodeRecord,
  didKeyOf,
  eventToJson,
  failureOf,
  fillWords,
  keyPrefixOf,
  keyToJson,
  overdueOf,
  publicKeyOfDid,
  recordKeyOf,
  validateInput,
} from '@daybook/contracts';
import type { TransactionSigner } from '@daybook/core';
import { asPublicKey, compareBytes, toHex } from '@daybook/core';
import { expect } from 'chai';
import { createBench, entryOf } from './fixtures/bench.ts';
import { boxes } from './fixtures/boxes.ts';
import { peopleContract } from './fixtures/people.ts';

const key = (fill: number) => asPublicKey(new Uint8Array(32).fill(fill));
const KEEPER: TransactionSigner = { publicKey: key(1), identity: 'aa/keeper' };

/** The manifest as a client gets it: through JSON, with nothing but data. */
const manifest: Manifest = JSON.parse(JSON.stringify(createEngine([boxes]).manifest()));

function recordOf(name: string): ManifestRecord {
  const record = manifest.contracts.find((one) => one.name === 'boxes')?.records[name];
  if (record === undefined) throw new Error(`boxes.${name} is in the manifest`);
  return record;
}

function chainWithGift() {
  const people = peopleContract([{ ...KEEPER, identity: 'aa/keeper', roles: ['boxes.keeper'] }]);
  const bench = createBench([people, boxes]);
  bench.run([KEEPER], ['boxes', 'open', { name: 'church' }]);
  const amount = { minor: 500, currency: 'GBP' };
  return bench.block([
    entryOf([{ publicKey: key(9) }], [['boxes', 'give', { box: 'church', amount }]]),
  ]);
}

describe('manifest: records', () => {
  it('given a write of the engine, then the key found from JSON is its key, and the value decodes', () => {
    const { writes } = chainWithGift();
    const gift = recordOf('gift');

    const found = recordKeyOf(gift, { box: 'church', number: 1 });

    const write = writes.find(({ recordKey }) => recordKey.set === gift.set);
    expect(found.ok && toHex(found.value.key)).to.equal(
      toHex(write?.recordKey.key ?? new Uint8Array()),
    );
    expect(found.ok && toHex(found.value.partition ?? new Uint8Array())).to.equal(
      toHex(write?.recordKey.partition ?? new Uint8Array(1)),
    );
    const decoded = decodeRecord(gift, write?.value ?? new Uint8Array());
    expect(decoded?.fields).to.deep.equal({ amount: { minor: '500', currency: 'GBP' } });
    expect(decoded?.stamp).to.deep.equal({
      contractVersion: 1,
      recordVersion: 1,
      height: 2,
      txIndex: 0,
      writer: didKeyOf(key(9)),
    });
    expect(keyToJson(gift, write?.recordKey.key ?? new Uint8Array())).to.deep.equal({
      box: 'church',
      number: 1,
    });
  });

  it('given a sum, then it is a record like any other', () => {
    const { writes } = chainWithGift();
    const given = recordOf('given');

    const found = recordKeyOf(given, { box: 'church', currency: 'GBP' });

    const write = writes.find(({ recordKey }) => recordKey.set === given.set);
    expect(found.ok && toHex(found.value.key)).to.equal(
      toHex(write?.recordKey.key ?? new Uint8Array()),
    );
    expect(decodeRecord(given, write?.value ?? new Uint8Array())?.fields).to.deep.equal({
      total: '500',
      count: 1,
    });
  });

  it('given a bad key, then the faults name its fields', () => {
    const found = recordKeyOf(recordOf('gift'), { box: 'X', number: -1, more: 1 });

    expect(found.ok ? [] : found.reason.map(({ pointer }) => pointer)).to.deep.equal([
      '/box',
      '/more',
      '/number',
    ]);
  });

  it('given leading key fields, then the prefix begins the keys under them and no others', () => {
    const gift = recordOf('gift');
    const keyOf = (box: string, number: number): Uint8Array => {
      const found = recordKeyOf(gift, { box, number });
      return found.ok ? found.value.key : new Uint8Array();
    };
    const prefix = keyPrefixOf(gift, { box: 'church' });
    const bytes = prefix.ok ? prefix.value.prefix : new Uint8Array();

    const begins = (whole: Uint8Array): boolean =>
      compareBytes(whole.subarray(0, bytes.length), bytes) === 0;
    expect(begins(keyOf('church', 0))).to.equal(true);
    expect(begins(keyOf('church', 2 ** 40))).to.equal(true);
    expect(begins(keyOf('church-2', 1))).to.equal(false);
    const all = keyPrefixOf(gift, {});
    expect(all.ok && all.value.prefix.length).to.equal(0);
    expect(keyPrefixOf(gift, { number: 1 }).ok, 'not leading').to.equal(false);
  });

  it('given bytes that are no value of the record, then undefined', () => {
    const gift = recordOf('gift');

    for (const bytes of [
      new Uint8Array(),
      Uint8Array.of(1),
      Uint8Array.of(0x86, 1, 1, 1, 1, 0x60, 0xa0),
    ]) {
      expect(decodeRecord(gift, bytes)).to.equal(undefined);
    }
    expect(keyToJson(gift, Uint8Array.of(1, 2))).to.equal(undefined);
  });
});

describe('manifest: calls, events and failures', () => {
  it('given JSON input, then arguments and back', () => {
    const take = manifest.contracts.find(({ name }) => name === 'boxes')?.actions.take;
    const json = { box: 'church', amount: { minor: '5', currency: 'GBP' }, reason: 'for tea' };

    const args = take && validateInput(take, json);

    expect(args?.ok && take && argumentsToJson(take, args.value)).to.deep.equal(json);
    expect(take?.by).to.deep.equal({ role: 'boxes.keeper' });
    expect(take?.approvals).to.deep.equal({
      officers: 2,
      organisations: 1,
      role: 'boxes.keeper',
      days: 7,
    });
  });

  it('given a receipt and its facts, then the words have them filled in, in both languages', () => {
    const found = failureOf(manifest, 900_001);

    expect(found).to.include({ contract: 'boxes', code: 'BOXES_EMPTY' });
    const facts = { left: 400n, asked: 401n };
    expect(found && fillWords(found, facts)).to.deep.equal({
      en: 'The box holds 400, less than 401.',
      zh: '箱内余额为400,不足401。',
    });
    const odd = fillWords(
      { en: '{a} {b} {c} {d}', zh: '{$&}' },
      { a: new Uint8Array(2), b: ['$1', 2], c: { x: 1 } },
    );
    expect(odd).to.deep.equal({ en: '0000 $1, 2 1 {d}', zh: '{$&}' });
  });

  it('given an event, then its fields are JSON by the manifest; an unknown one shows nothing', () => {
    const ledger = manifest.contracts.find(({ name }) => name === 'ledger');
    const fields = { call: new Uint8Array(32), status: 'done' };

    expect(eventToJson(ledger, 'closed', fields)).to.deep.equal({
      call: '00'.repeat(32),
      status: 'done',
    });
    expect(eventToJson(ledger, 'unheard', fields)).to.deep.equal({});
  });

  it('given the ledger, then its open calls are those that wait and whose time is not over', () => {
    const queries = manifest.contracts.find(({ name }) => name === 'ledger')?.queries;

    expect(queries?.open).to.deep.include({
      where: { field: 'status', is: ['waiting', 'held'] },
      inTime: 'expires',
    });
    expect(queries?.overdue).to.deep.include({ overdue: 'expires' });
  });

  it('given deadlines, then what is overdue follows from the time alone', () => {
    const pending = manifest.contracts.find(({ name }) => name === 'ledger')?.records.pending;
    const fields = { status: 'waiting', expires: '2026-01-02T00:00:00.000Z' };
    const at = (instant: string) => ({ today: instant.slice(0, 10), instant });

    expect(pending && overdueOf(pending, fields, at('2026-01-01T23:59:59.999Z'))).to.deep.equal([]);
    expect(pending && overdueOf(pending, fields, at('2026-01-02T00:00:00.001Z'))).to.deep.equal([
      'expires',
    ]);
    const done = { ...fields, status: 'done' };
    expect(pending && overdueOf(pending, done, at('2027-01-01T00:00:00.000Z'))).to.deep.equal([]);
    const dated = { deadlines: [{ field: 'due', open: [] }] };
    expect(overdueOf(dated, { due: '2026-01-01' }, at('2026-01-01T10:00:00.000Z'))).to.deep.equal(
      [],
    );
    expect(overdueOf(dated, { due: '2026-01-01' }, at('2026-01-02T10:00:00.000Z'))).to.deep.equal([
      'due',
    ]);
  });
});

describe('did:key', () => {
  it('given the example of the W3C method, then key and text agree', () => {
    const did = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK';

    const publicKey = publicKeyOfDid(did);

    expect(publicKey && didKeyOf(publicKey)).to.equal(did);
  });

  it('given any other text, then it is no did:key', () => {
    const good = didKeyOf(key(3));
    for (const text of [
      '',
      'did:key:z',
      'did:web:x',
      `${good}1`,
      good.slice(0, -1),
      good.replace('6', '0'),
    ]) {
      expect(publicKeyOfDid(text), text).to.equal(undefined);
    }
    expect(publicKeyOfDid(good)).to.deep.equal(new Uint8Array(32).fill(3));
  });
});
