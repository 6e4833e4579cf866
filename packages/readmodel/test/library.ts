/** A contract with a field of every type, and stored records of it: what the tests put in tables. */
import type { Manifest, ManifestRecord } from '@daybook/contracts';
import { buildManifest, defineContract, field, recordKeyOf, toJson } from '@daybook/contracts';
import type { CborValue } from '@daybook/core';
import { assert, encodeCanonical } from '@daybook/core';
import type { Progress, RecordChange } from '@daybook/readmodel';
import { schemaOfManifest } from '@daybook/readmodel';

const words = (en: string) => ({ en, zh: en });
const price = field.money({ ...words('Price'), min: -1_000_000_000_000n });

export const library = defineContract({
  number: 901,
  name: 'library',
  version: 1,
  title: words('Library'),
  help: words('Books and who has them.'),
  records: {
    book: {
      number: 1,
      title: words('Book'),
      key: { shelf: field.slug(words('Shelf')), number: field.integer(words('Number')) },
      fields: {
        title: field.text({ ...words('Title'), max: 200 }),
        price: field.optional(price),
        priceMinor: field.optional(field.integer(words('Meets the member of price'))),
        weight: field.optional(field.quantity({ ...words('Weight'), decimals: 3 })),
        printed: field.optional(field.date(words('Printed'))),
        lent: field.optional(field.period(words('Lent'))),
        seenAt: field.optional(field.instant(words('Seen'))),
        isRare: field.optional(field.boolean(words('Rare'))),
        digest: field.optional(field.hash(words('Digest'))),
        tags: field.optional(
          field.list(field.text({ ...words('Tag'), max: 20 }), { ...words('Tags'), max: 9 }),
        ),
        maker: field.optional(
          field.object(
            { name: field.text({ ...words('Name'), max: 50 }), fee: field.optional(price) },
            words('Maker'),
          ),
        ),
        grade: field.optional(
          field.choice({ ...words('Grade'), of: { new: words('New'), worn: words('Worn') } }),
        ),
      },
    },
    order: {
      number: 2,
      title: words('Order'),
      key: { id: field.identifier(words('Id')) },
      fields: { total: field.amount({ ...words('Total'), min: -(2n ** 62n) }) },
    },
  },
  sums: {
    spent: { number: 3, title: words('Spent'), record: 'book', by: ['shelf'] },
  },
  actions: {},
  failures: {},
});

export const manifest: Manifest = buildManifest([library.definition]);

export function recordNamed(name: string): ManifestRecord {
  const record = manifest.contracts[0]?.records[name];
  assert(record !== undefined, `the library has ${name}`);
  return record;
}

export interface Stored {
  readonly record: string;
  readonly key: Readonly<Record<string, CborValue>>;
  /** Absent removes. */
  readonly fields?: Readonly<Record<string, CborValue>>;
  readonly height?: number;
}

/** What the state would hold after somebody stored this. */
export function changeOf({ record, key, fields, height = 1 }: Stored): RecordChange {
  const spec = recordNamed(record);
  const json = Object.fromEntries(
    Object.entries(spec.key).map(([name, type]) => [name, toJson(type, key[name] ?? null)]),
  );
  const recordKey = recordKeyOf(spec, json);
  assert(recordKey.ok, 'the key is good');
  const value = fields && encodeCanonical([1, 1, height, 0, 'city/ann', fields]);
  return { recordKey: recordKey.value, value };
}

export function book(number: number, title: string, height = 1): RecordChange {
  return changeOf({ record: 'book', key: { shelf: 'north', number }, fields: { title }, height });
}

export function progressAt(height: number): Progress {
  return {
    height,
    blockHash: height.toString(16).padStart(64, '0'),
    timestampMs: 1_700_000_000_000 + height,
    chain: 'c'.repeat(64),
    schema: schemaOfManifest(manifest),
  };
}

export const LIMITS = { rowsMax: 1000, timeMs: 60_000 } as const;
