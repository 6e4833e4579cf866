import {
  createEngine,
  decodeSchemaPart,
  defineContract,
  encodeSchemaPart,
  field,
  manifestHashIn,
  manifestHashOf,
  manifestRecordKey,
  recordKeyOf,
} from '@daybook/contracts';
import { expect } from 'chai';

const name = (en: string) => field.slug({ en, zh: en });

/** Two contracts; the second has key fields that canonical CBOR would sort another way. */
function contracts() {
  const first = defineContract({
    number: 901,
    name: 'first',
    version: 1,
    title: { en: 'First', zh: '甲' },
    help: { en: 'Comes before.', zh: '在前。' },
    records: {},
    failures: {},
    actions: {},
  });
  const second = defineContract({
    number: 902,
    name: 'second',
    version: 1,
    title: { en: 'Second', zh: '乙' },
    help: { en: 'Comes after.', zh: '在后。' },
    records: {
      line: {
        number: 1,
        title: { en: 'Line', zh: '行' },
        key: { publisher: name('Publisher'), dataset: name('Data set'), no: name('No') },
        fields: { note: name('Note') },
      },
      other: {
        number: 2,
        title: { en: 'Other', zh: '其他' },
        key: { no: name('No') },
        fields: { note: name('Note') },
      },
    },
    failures: {},
    actions: {},
  });
  return [first, second];
}

const LINE_SET = 902 * 0x1_0000 + 1;

describe('contracts: the bytes of a manifest (spec X-10)', () => {
  for (const [record, set] of [
    ['line', LINE_SET],
    ['other', LINE_SET + 1],
  ] as const) {
    it(`given the words for ${record} alone, then they lead to the hash of the whole manifest`, () => {
      const manifest = createEngine(contracts()).manifest();

      const part = decodeSchemaPart(encodeSchemaPart(manifest, set) ?? new Uint8Array());

      expect(part.ok && part.value.contract.name).to.equal('second');
      expect(part.ok && Object.keys(part.value.contract.records)).to.deep.equal([record]);
      expect(part.ok && part.value.manifestHash).to.deep.equal(manifestHashOf(manifest));
    });
  }

  it('given anything else of a contract changed, then the hash of the manifest is another', () => {
    const manifest = createEngine(contracts()).manifest();
    const [ledger, first, second] = manifest.contracts;
    if (ledger === undefined || first === undefined || second === undefined) {
      throw new Error('the manifest has three contracts');
    }
    const queries = { all: { title: second.title, record: 'line', by: [] } };
    const { line } = second.records;
    for (const changed of [
      { ...second, queries },
      { ...second, version: 2 },
      { ...second, records: { ...second.records, more: line } },
      { ...second, records: { other: second.records.other, line } },
    ] as (typeof second)[]) {
      const hash = manifestHashOf({ ...manifest, contracts: [ledger, first, changed] });
      expect(hash).to.not.deep.equal(manifestHashOf(manifest));
    }
  });

  it('given key fields in an order of their own, when decoded, then the order is kept', () => {
    const manifest = createEngine(contracts()).manifest();

    const part = decodeSchemaPart(encodeSchemaPart(manifest, LINE_SET) ?? new Uint8Array());

    const line = part.ok ? part.value.contract.records.line : undefined;
    const given = manifest.contracts[2]?.records.line;
    expect(Object.keys(line?.key ?? {})).to.deep.equal(['publisher', 'dataset', 'no']);
    const key = { publisher: 'aa', dataset: 'bb', no: 'cc' };
    expect(line && recordKeyOf(line, key)).to.deep.equal(given && recordKeyOf(given, key));
  });

  it('given any byte changed, then the part is malformed or has another hash', () => {
    const manifest = createEngine(contracts()).manifest();
    const bytes = encodeSchemaPart(manifest, LINE_SET) ?? new Uint8Array();
    const expected = manifestHashOf(manifest).join();

    for (const index of bytes.keys()) {
      const changed = Uint8Array.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      const part = decodeSchemaPart(changed);

      expect(part.ok && part.value.manifestHash.join(), `byte ${index}`).to.not.equal(expected);
    }
  });

  it('given words of another shape, then they are malformed whatever their hash', () => {
    const manifest = createEngine(contracts()).manifest();
    const { line } = manifest.contracts[2]?.records ?? {};
    const wrong: readonly object[] = [
      { title: 'Line' },
      { set: '1' },
      { key: { no: { type: 'slug' } } },
      { key: { no: { type: 'riddle', title: line?.title } } },
      { fields: { note: { type: 'text', title: line?.title, min: 1 } } },
      { fields: { note: { type: 'list', title: line?.title, min: 1, max: 2, item: {} } } },
      { states: { field: 'note' } },
      { deadlines: {} },
      { links: { to: { record: 'first.line', by: ['no'] } } },
      { sumOf: { record: 'line' } },
    ];

    for (const change of wrong) {
      const records = { line: { ...line, ...change } };
      const changed = manifest.contracts.with(2, {
        ...manifest.contracts[2],
        records,
      } as unknown as (typeof manifest.contracts)[number]);
      const bytes = encodeSchemaPart({ ...manifest, contracts: changed }, LINE_SET);
      // A wrong set leaves nothing to encode.
      const part = bytes && decodeSchemaPart(bytes);
      expect(part?.ok ?? false, JSON.stringify(change)).to.equal(false);
    }
  });

  it('given a record set that nobody owns, then there is no part', () => {
    expect(encodeSchemaPart(createEngine(contracts()).manifest(), LINE_SET + 2)).to.equal(
      undefined,
    );
  });

  it('given the ledger, then its record of active versions is where the hash is looked for', () => {
    const manifest = createEngine(contracts()).manifest();
    const activation = manifest.contracts[0]?.records.activation;

    expect(activation && recordKeyOf(activation, {})).to.deep.equal({
      ok: true,
      value: manifestRecordKey(),
    });
  });

  it('given bytes that are no stored value, then they hold no hash', () => {
    expect(manifestHashIn(new Uint8Array([0x80]))).to.equal(undefined);
    expect(manifestHashIn(new Uint8Array())).to.equal(undefined);
  });
});
