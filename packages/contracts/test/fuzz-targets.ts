/** What test/fuzz.test.ts throws damaged bytes at: stored values, keys of records, schemas. */
import { decodeCanonical, encodeCanonical } from '@daybook/core';
import { decodeValue, encodeValue } from '../src/engine/value-codec.ts';
import { tableOf } from '../src/fields/field.ts';
import { decodeKey, encodeKey } from '../src/fields/key-bytes.ts';
import {
  createEngine,
  decodeRecord,
  decodeSchemaPart,
  encodeSchemaPart,
  field,
  keyToJson,
} from '../src/index.ts';
import { boxes } from './fixtures/boxes.ts';

const t = { en: 'Title', zh: '标题' };
const VALUE = [
  1,
  1,
  7,
  0,
  'did:key:z6Mk',
  { amount: { minor: 2n ** 60n, currency: 'GBP' }, é: null },
];
const LIMITS = { bytesMax: 64 * 1024, depthMax: 12 };

const KEY_TABLE = tableOf({
  name: field.slug(t),
  title: field.text({ ...t, max: 20 }),
  number: field.integer(t),
  hash: field.hash(t),
});
const KEY = { name: 'box', title: '箱', number: 12, hash: new Uint8Array(32).fill(5) };

const manifest = createEngine([boxes]).manifest();
const records = manifest.contracts.flatMap((contract) => Object.values(contract.records));

export const STORED = [
  {
    name: 'stored value',
    samples: [encodeCanonical(VALUE), encodeCanonical({ a: new Uint8Array(40), b: [true, -1] })],
    // The fast reader takes at least what is canonical, and reads it as the strict one does.
    again: (bytes: Uint8Array) => {
      const strict = decodeCanonical(bytes, LIMITS);
      const fast = decodeValue(bytes);
      if (!strict.ok) return strict;
      return fast === undefined ? new Uint8Array() : encodeValue(fast);
    },
  },
  {
    name: 'record key',
    samples: [encodeKey(KEY_TABLE, KEY)],
    again: (bytes: Uint8Array) => {
      for (const record of records) keyToJson(record, bytes);
      const key = decodeKey(KEY_TABLE, bytes);
      return key && encodeKey(KEY_TABLE, key);
    },
  },
  {
    name: 'record value',
    samples: [
      encodeCanonical([1, 1, 7, 0, 'did:key:z6Mk', { amount: { minor: 5, currency: 'GBP' } }]),
      encodeCanonical([1, 1, 7, 0, 'did:key:z6Mk', { left: 7 }]),
    ],
    again: (bytes: Uint8Array) =>
      records.some((record) => decodeRecord(record, bytes) !== undefined),
  },
  {
    name: 'schema part',
    samples: records.flatMap(({ set }) => encodeSchemaPart(manifest, set) ?? []),
    again: (bytes: Uint8Array) => decodeSchemaPart(bytes),
  },
];
