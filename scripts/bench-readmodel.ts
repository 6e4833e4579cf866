/**
 * `npm run bench:readmodel`: 100,000 payments in the SQL tables; how fast a list answers (filter,
 * sort, page), how fast the flow of the fund to all its payees, and how many transactions a second
 * the tables take in.
 *
 *   npm run bench:readmodel                     100,000 payments
 *   npm run bench:readmodel -- --payments 20000
 *
 * Times are of this machine at its load; CPU time is what a quiet machine would need at least.
 */

import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { applications, treasuryFlowSql } from '@daybook/applications';
import type { ManifestRecord } from '@daybook/contracts';
import { buildManifest, recordKeyOf, toJson } from '@daybook/contracts';
import type { CborValue } from '@daybook/core';
import { assert, encodeCanonical } from '@daybook/core';
import type { Progress, ReadModel, RecordChange } from '@daybook/readmodel';
import {
  listSql,
  readConditions,
  readSort,
  schemaOfManifest,
  startReadModel,
  tablesOf,
} from '@daybook/readmodel';
import { describeMachine } from './bench/machine.ts';
import { numberOf, parseOptions } from './options.ts';
import { percentile } from './start/survey.ts';

const FUND = 'water-2026';
const ALLOCATIONS = 40;
const COMMITMENTS = 4000;
const QUERIES = 200;
const LIMITS = { rowsMax: 1000, timeMs: 10_000 };
const LOAD_ROWS = 5000;
/** What a full block holds at 2,000 transactions a second and a block each quarter second. */
const BLOCK_TRANSACTIONS = 500;
const BATCH_BLOCKS = 5;
const INGEST_BLOCKS = 60;

const manifest = buildManifest(applications.map(({ definition }) => definition));
const tables = tablesOf(manifest);

function recordNamed(contract: string, name: string): ManifestRecord {
  const record = manifest.contracts.find((one) => one.name === contract)?.records[name];
  assert(record !== undefined, 'the contract has the record');
  return record;
}

const RECORDS = {
  appropriation: recordNamed('treasury', 'appropriation'),
  allocation: recordNamed('treasury', 'allocation'),
  commitment: recordNamed('treasury', 'commitment'),
  payment: recordNamed('treasury', 'payment'),
  source: recordNamed('treasury', 'source'),
} as const;

type Fields = Readonly<Record<string, CborValue>>;

function changeOf(
  record: ManifestRecord,
  key: Fields,
  fields: Fields,
  height: number,
): RecordChange {
  const json = Object.fromEntries(
    Object.entries(record.key).map(([name, type]) => [name, toJson(type, key[name] ?? null)]),
  );
  const recordKey = recordKeyOf(record, json);
  assert(recordKey.ok, 'the key is good');
  return {
    recordKey: recordKey.value,
    value: encodeCanonical([1, 1, height, 0, 'water/ann', fields]),
  };
}

const PERIOD = { start: '2026-01-01', end: '2026-12-31' };
const TERMS = {
  title: 'Water for villages',
  holder: 'water',
  controller: 'treasury',
  currency: 'GBP',
  period: PERIOD,
  spendBy: PERIOD.end,
  purposes: ['water'],
  basis: 'recorded',
  status: 'open',
};

const allocationOf = (index: number): string => `district-${index % ALLOCATIONS}`;
const commitmentOf = (index: number): string => `works-${index % COMMITMENTS}`;
const payeeOf = (index: number): string => `Contractor ${(index * 7919) % COMMITMENTS} Ltd`;

function allocation(index: number): RecordChange {
  const money = {
    received: 10n ** 12n,
    allocated: 0n,
    committed: 0n,
    returned: 0n,
    left: 10n ** 12n,
  };
  const key = { fund: FUND, allocation: allocationOf(index) };
  return changeOf(RECORDS.allocation, key, { parent: FUND, ...TERMS, ...money }, 1);
}

function commitment(index: number, height: number): RecordChange {
  const money = { received: 10n ** 9n, spent: 0n, credited: 0n, returned: 0n, left: 10n ** 9n };
  const key = { fund: FUND, commitment: commitmentOf(index) };
  const payee = { name: payeeOf(index % COMMITMENTS) };
  const fields = { allocation: allocationOf(index), payee, ...TERMS, ...money };
  return changeOf(RECORDS.commitment, key, fields, height);
}

function payment(index: number, height: number): RecordChange {
  const day = String(1 + (index % 28)).padStart(2, '0');
  const month = String(1 + (index % 12)).padStart(2, '0');
  const fields = {
    commitment: commitmentOf(index),
    kind: index % 50 === 0 ? 'credit' : 'disbursement',
    amount: { minor: BigInt(1 + ((index * 104_729) % 10_000_000)), currency: 'GBP' },
    date: `2026-${month}-${day}`,
    payee: { name: payeeOf(index % COMMITMENTS) },
    purpose: 'water/pumps',
    description: `Invoice ${index} of the works`,
    status: 'paid',
    reversed: 0n,
    source: { publisher: 'water', dataset: 'spend/2026', number: `${index}`, occurrence: 1 },
  };
  return changeOf(RECORDS.payment, { fund: FUND, payment: `p-${index}` }, fields, height);
}

function source(index: number, height: number): RecordChange {
  const key = { publisher: 'water', dataset: 'spend/2026', number: `${index}`, occurrence: 1 };
  const amount = { minor: 1n, currency: 'GBP' };
  const fields = { fund: FUND, action: 'disburse', name: `p-${index}`, amount };
  return changeOf(RECORDS.source, key, fields, height);
}

function progressAt(height: number): Progress {
  return {
    height,
    blockHash: height.toString(16).padStart(64, '0'),
    timestampMs: 1_700_000_000_000 + height,
    chain: 'c'.repeat(64),
    schema: schemaOfManifest(manifest),
  };
}

async function fill(model: ReadModel, payments: number): Promise<void> {
  await model.rebuild(manifest);
  await model.load(Array.from({ length: ALLOCATIONS }, (_, index) => allocation(index)));
  await model.load(Array.from({ length: COMMITMENTS }, (_, index) => commitment(index, 1)));
  for (let from = 0; from < payments; from += LOAD_ROWS) {
    const count = Math.min(LOAD_ROWS, payments - from);
    await model.load(Array.from({ length: count }, (_, index) => payment(from + index, 1)));
  }
  await model.finish(progressAt(1));
}

function listText(index: number): string {
  const table = tables.find(({ record }) => record === RECORDS.payment);
  assert(table !== undefined, 'payments have a table');
  const lists = [
    { where: `amount_minor>=${index * 1000};kind=disbursement`, sort: '-amount_minor' },
    { where: `commitment=${commitmentOf(index * 13)}`, sort: 'date' },
    { where: `date>=2026-06-01;date<=2026-06-${10 + (index % 18)}`, sort: '-date,amount_minor' },
    { where: `payee_name~Contractor ${index}`, sort: 'payment' },
  ];
  const { where, sort } = lists[index % lists.length] ?? { where: '', sort: '' };
  const conditions = readConditions(where);
  const keys = readSort(sort);
  assert(conditions.ok && keys.ok, 'the lists are written rightly');
  const request = { where: conditions.value, sort: keys.value, text: '', limit: 50 };
  const sql = listSql(table, request);
  assert(sql.ok, 'the list is one of this table');
  return sql.value;
}

async function timesOf(model: ReadModel, sqlOf: (index: number) => string): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < QUERIES; index += 1) {
    const startMs = performance.now();
    const answer = await model.query(sqlOf(index), LIMITS);
    times.push(performance.now() - startMs);
    assert(answer.ok, answer.ok ? '' : JSON.stringify(answer.reason));
  }
  return times;
}

interface Ingest {
  readonly transactions: number;
  readonly seconds: number;
}

/** Each transaction writes a payment and its line, and changes a commitment. */
async function ingest(model: ReadModel, payments: number): Promise<Ingest> {
  let height = 1;
  let index = payments;
  let ms = 0;
  for (let block = 0; block < INGEST_BLOCKS; block += BATCH_BLOCKS) {
    const after = height;
    const changes: RecordChange[] = [];
    for (let at = 0; at < BATCH_BLOCKS * BLOCK_TRANSACTIONS; at += 1) {
      index += 1;
      changes.push(payment(index, height), source(index, height));
    }
    const touched = Math.min(COMMITMENTS, BATCH_BLOCKS * BLOCK_TRANSACTIONS);
    for (let at = 0; at < touched; at += 1) changes.push(commitment(at, height));
    height += BATCH_BLOCKS;
    const startMs = performance.now();
    await model.apply({ after, progress: progressAt(height), changes });
    ms += performance.now() - startMs;
  }
  return { transactions: INGEST_BLOCKS * BLOCK_TRANSACTIONS, seconds: ms / 1000 };
}

/** Ticks of the kernel in a second, on every Linux that Node runs on. */
const TICKS = 100;

/** CPU seconds so far of this process and of the read model's, which is its only child. */
function cpuSeconds(): number {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const [child = ''] = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ');
  const fields = readFileSync(`/proc/${child}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (userCPUTime + systemCPUTime) / 1e6 + (Number(fields[11]) + Number(fields[12])) / TICKS;
}

async function withCpu<T>(
  task: () => Promise<T>,
): Promise<{ readonly value: T; readonly cpu: number }> {
  const before = cpuSeconds();
  const value = await task();
  return { value, cpu: cpuSeconds() - before };
}

async function reportTimes(
  name: string,
  limit: number,
  task: () => Promise<readonly number[]>,
): Promise<void> {
  const { value: times, cpu } = await withCpu(task);
  const [p50, p95] = [0.5, 0.95].map((share) => percentile(times, share).toFixed(1));
  const each = ((1000 * cpu) / times.length).toFixed(1);
  process.stdout.write(
    `${name}: p50 ${p50} ms, p95 ${p95} ms, CPU ${each} ms each (aim ${limit} ms)\n`,
  );
}

async function main(): Promise<void> {
  const { values } = parseOptions(import.meta.filename, {
    options: { payments: { type: 'string', default: '100000' } },
  });
  const payments = numberOf(values.payments, 'payments');
  const folder = await mkdtemp(path.join(tmpdir(), 'daybook-bench-'));
  const { cpu: kind, cores, load } = describeMachine();
  process.stdout.write(`${kind}, ${cores} cores, load ${load}; ${payments} payments\n`);
  const model = startReadModel({
    path: path.join(folder, 'tables.duckdb'),
    memoryBytesMax: 512 * 1024 * 1024,
    threads: 1,
  });
  try {
    await fill(model, payments);
    await reportTimes('list: filter, sort, page', 50, () => timesOf(model, listText));
    await reportTimes('flow to all payees', 200, () => timesOf(model, () => treasuryFlowSql(FUND)));
    const { value, cpu } = await withCpu(() => ingest(model, payments));
    const { transactions, seconds } = value;
    const rates = [seconds, cpu].map((time) => Math.round(transactions / time));
    process.stdout.write(
      `ingest: ${rates[0]} transactions/s, ${rates[1]} in a second of CPU (aim 2000)\n`,
    );
  } finally {
    await model.close();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
