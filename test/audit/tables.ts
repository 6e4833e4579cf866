/**
 * SQL tables with treasury and procurement records, as the tests of audit rules need them: in the
 * database that nodes keep, and in PostgreSQL, which shall answer the same SQL alike.
 */
import { applications } from '@daybook/applications';
import { buildManifest, recordKeyOf, toJson } from '@daybook/contracts';
import type { CborValue } from '@daybook/core';
import { assert, encodeCanonical } from '@daybook/core';
import type { ReadModel, RecordChange } from '@daybook/readmodel';
import { createReadModel, schemaOfManifest, startReadModel } from '@daybook/readmodel';
import { openPostgres } from '../../packages/readmodel/test/postgres-store.ts';

type Fields = Readonly<Record<string, CborValue>>;

const whole = buildManifest(applications.map(({ definition }) => definition));
/** Only the contracts that rules read: a table of the others costs each test as much as one of these. */
const READ = ['directory', 'treasury', 'procurement', 'risk'];
const manifest = { ...whole, contracts: whole.contracts.filter(({ name }) => READ.includes(name)) };

function changeOf(contract: string, name: string, fields: Fields): RecordChange {
  const record = manifest.contracts.find((one) => one.name === contract)?.records[name];
  assert(record !== undefined, 'the contract has the record');
  const key = Object.fromEntries(
    Object.entries(record.key).map(([part, type]) => [part, toJson(type, fields[part] ?? null)]),
  );
  const recordKey = recordKeyOf(record, key);
  assert(recordKey.ok, 'the key is good');
  const stored = Object.fromEntries(
    Object.entries(fields).filter(([part]) => !Object.hasOwn(record.key, part)),
  );
  const value = encodeCanonical([1, 1, 7, 0, 'works/ann', stored]);
  return { recordKey: recordKey.value, value };
}

const PERIOD = { start: '2026-01-01', end: '2026-12-31' };
const FUND = 'roads';

export function commitment(name: string, change: Fields = {}): RecordChange {
  const money = { received: 10n ** 9n, spent: 0n, credited: 0n, returned: 0n, left: 10n ** 9n };
  return changeOf('treasury', 'commitment', {
    fund: FUND,
    commitment: name,
    allocation: FUND,
    payee: { name: 'Tar Ltd' },
    title: 'Tar',
    holder: 'works',
    controller: 'treasury',
    currency: 'GBP',
    period: PERIOD,
    spendBy: PERIOD.end,
    purposes: ['roads'],
    basis: 'recorded',
    status: 'open',
    ...money,
    ...change,
  });
}

/** A payment of 1,234.56 on a Wednesday, made different by `change`. */
export function payment(name: string, change: Fields = {}): RecordChange {
  return changeOf('treasury', 'payment', {
    fund: FUND,
    payment: name,
    commitment: 'tar',
    kind: 'disbursement',
    amount: { minor: 123_456n, currency: 'GBP' },
    date: '2026-03-04',
    payee: { name: 'Tar Ltd' },
    purpose: 'roads',
    status: 'paid',
    reversed: 0n,
    ...change,
  });
}

/** Any record of the treasury: rows that the reports join. */
export function treasuryRow(record: string, fields: Fields): RecordChange {
  return changeOf('treasury', record, fields);
}

/** Any record of procurement. */
export function procurementRow(record: string, fields: Fields): RecordChange {
  return changeOf('procurement', record, fields);
}

export function contract(signed: string, name = 'c1'): RecordChange {
  return changeOf('procurement', 'contract', {
    ocid: 'ocds-x-1',
    contract: name,
    status: 'active',
    dateSigned: signed,
    items: [],
    fund: FUND,
    commitment: 'tar',
  });
}

/** What the organisation `works` said about a payee that is close to it. */
export function relation(payee: string, status = 'related'): RecordChange {
  const said = { organisation: 'works', payee, relation: 'owned by Ann', status };
  return changeOf('risk', 'relation', said);
}

/** An organisation of the directory, by its title in English. */
export function organisation(slug: string, en: string): RecordChange {
  return changeOf('directory', 'organisation', {
    slug,
    title: { en, zh: '机构' },
    status: 'active',
    governanceKey: new Uint8Array(32),
    administrators: 1,
  });
}

/** One for all tests of a file: starting it takes longer than all that a test does. */
export interface Database {
  readonly name: string;
  /** Comes first. */
  open(): Promise<void>;
  /** Its tables with these records and a commitment, and nothing of what they held before. */
  tablesOf(records: readonly RecordChange[]): Promise<ReadModel>;
  close(): Promise<void>;
}

const MEMORY = { memoryBytesMax: 256 * 1024 * 1024, threads: 1 };

export function openDatabases(): readonly Database[] {
  return [
    database('DuckDB', () => Promise.resolve(startReadModel({ path: ':memory:', ...MEMORY }))),
    database('PostgreSQL', async () => createReadModel(await openPostgres())),
  ];
}

function database(name: string, start: () => Promise<ReadModel>): Database {
  let model: ReadModel | undefined;
  return {
    name,
    open: async () => {
      model = await start();
    },
    tablesOf: async (records) => {
      assert(model !== undefined, 'it is open');
      await fill(model, records);
      return model;
    },
    close: async () => {
      await model?.close();
    },
  };
}

async function fill(model: ReadModel, records: readonly RecordChange[]): Promise<void> {
  await model.rebuild(manifest);
  await model.load([commitment('tar'), ...records]);
  await model.finish({
    height: 7,
    blockHash: 'b'.repeat(64),
    timestampMs: 1_700_000_000_000,
    chain: 'c'.repeat(64),
    schema: schemaOfManifest(manifest),
  });
}
