/**
 * `npm run bench:readmodel`: 100,000 payments on a chain of real blocks, and the SQL tables over
 * them: how long they take to be built from the state, how fast lists, searches and the flow of the
 * fund answer, how many transactions a second they take in, and what closing a gap costs.
 *
 *   npm run bench:readmodel                     100,000 payments
 *   npm run bench:readmodel -- --payments 20000
 *   npm run bench:readmodel -- --payments 0 --gap 20000    how long tables that were off take to follow
 *
 * Times are of this machine at its load; CPU time is what a quiet machine would need at least. It
 * counts both processes: the node's and the database's.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { treasuryFlowSql } from '@daybook/applications';
import { assert } from '@daybook/core';
import { createSystemClock } from '../src/clock.ts';
import { parseSettings } from '../src/config.ts';
import type { Committed } from '../src/ledger/ledger.ts';
import { SILENT_LOGGER } from '../src/log.ts';
import { createMetrics } from '../src/metrics.ts';
import type { SqlTables, SqlTablesParts } from '../src/sql-tables.ts';
import { startSqlTables } from '../src/sql-tables.ts';
import type { FundChain } from './readmodel/fund.ts';
import { BLOCK_TRANSACTIONS, FUND, openFund } from './readmodel/fund.ts';
import { listOf, searchOf } from './readmodel/questions.ts';

const QUERIES = 120;
/** Blocks that come at once. Fewer than fill the memory for them. */
const BURST_BLOCKS = 30;

interface Running {
  readonly sql: SqlTables;
  /** Resolves when the tables show this block. */
  reach(height: number): Promise<void>;
}

type Followed = SqlTablesParts['ledger'];

function start(chain: FundChain, directory: string, ledger: Followed = chain.ledger): Running {
  const text = `node: {dataDirectory: ${directory}}\nnetwork: {listen: [/ip4/127.0.0.1/tcp/0]}\nreadmodel: {state: on}\n`;
  const settings = parseSettings(text, { file: path.join(directory, 'daybookd.yaml'), env: {} });
  const waiting: { readonly height: number; readonly resolve: () => void }[] = [];
  let shown = -1;
  const sql = startSqlTables(settings, {
    ...chain,
    ledger,
    clock: createSystemClock(),
    logger: SILENT_LOGGER,
    metrics: {
      ...createMetrics(),
      add: () => undefined,
      set: (name, value) => {
        if (name === 'daybook_readmodel_height') shown = value;
        for (const { height, resolve } of waiting) if (shown >= height) resolve();
      },
    },
  });
  assert(sql !== undefined, 'the settings ask for tables');
  const reach = async (height: number): Promise<void> => {
    if (shown >= height) return;
    await new Promise<void>((resolve) => waiting.push({ height, resolve }));
  };
  return { sql, reach };
}

/** Payments that became final unseen, to be told as fast as they can be heard. */
async function record(
  { ledger, pay }: FundChain,
  count: number,
): Promise<{ readonly ledger: Followed; readonly tell: () => void }> {
  let tip = ledger.head();
  let listener: ((committed: Committed) => void) | undefined;
  const blocks: Committed[] = [];
  const stop = ledger.onCommit((committed) => blocks.push(committed));
  await pay(count);
  stop();
  return {
    ledger: {
      genesis: ledger.genesis,
      head: () => tip,
      onCommit: (added) => {
        listener = added;
        return () => undefined;
      },
    },
    tell: () => {
      for (const committed of blocks) {
        ({ tip } = committed.block);
        listener?.(committed);
      }
    },
  };
}

/** Ticks of the kernel in a second, on every Linux that Node runs on. */
const TICKS = 100;

/** CPU seconds of this process. */
function cpuOfNode(): number {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return (userCPUTime + systemCPUTime) / 1e6;
}

/** CPU seconds of the database's process, which is the only child of this one. */
function cpuOfDatabase(): number {
  const [child = ''] = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ');
  if (child === '') return 0;
  const fields = readFileSync(`/proc/${child}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

interface Cost {
  readonly seconds: number;
  readonly cpu: number;
  /** CPU of the process that used more of it: both work at once where there are two cores. */
  readonly busier: number;
}

async function costOf(task: () => Promise<void>): Promise<Cost> {
  const [startMs, node, database] = [performance.now(), cpuOfNode(), cpuOfDatabase()];
  await task();
  const own = cpuOfNode() - node;
  const other = cpuOfDatabase() - database;
  const seconds = (performance.now() - startMs) / 1000;
  return { seconds, cpu: own + other, busier: Math.max(own, other) };
}

function print(title: string, text: string): void {
  process.stdout.write(`${title}: ${text}\n`);
}

const told = ({ seconds, cpu }: Cost): string => `${seconds.toFixed(1)} s, CPU ${cpu.toFixed(1)} s`;

function printRate(title: string, count: number, { seconds, cpu, busier }: Cost): void {
  const [perSecond, perCpu, most] = [seconds, cpu, busier].map((time) => Math.round(count / time));
  print(
    title,
    `${perSecond} transactions/s, ${perCpu} in a second of CPU, ${most} in one of the busier process`,
  );
}

async function ask(sql: SqlTables, query: string): Promise<void> {
  const answer = await sql.query(query);
  assert(answer.ok, answer.ok ? '' : JSON.stringify(answer.reason));
}

async function printTimes(
  title: string,
  sql: SqlTables,
  queryOf: (index: number) => string,
): Promise<void> {
  const times: number[] = [];
  const { cpu } = await costOf(async () => {
    for (let index = 0; index < QUERIES; index += 1) {
      const startMs = performance.now();
      await ask(sql, queryOf(index));
      times.push(performance.now() - startMs);
    }
  });
  const ascending = times.toSorted((a, b) => a - b);
  const [p50, p95] = [0.5, 0.95].map((share) => ascending[Math.floor(QUERIES * share)]?.toFixed(1));
  const each = ((1000 * cpu) / QUERIES).toFixed(1);
  print(title, `p50 ${p50} ms, p95 ${p95} ms, CPU ${each} ms each`);
}

const headOf = ({ ledger }: FundChain): number => ledger.head().header.height;

async function measure(chain: FundChain, directory: string, payments: number): Promise<void> {
  const written = await costOf(() => chain.pay(payments));
  print(`${payments} payments executed and stored`, told(written));
  const burst = BURST_BLOCKS * BLOCK_TRANSACTIONS;
  const first = start(chain, directory);
  print('tables built from the state', told(await costOf(() => first.reach(headOf(chain)))));
  await printTimes('list: filter, sort, page', first.sql, listOf);
  await printTimes('search, best first', first.sql, searchOf);
  await printTimes('flow to all payees', first.sql, () => treasuryFlowSql(FUND));
  await first.sql.stop();

  const unseen = headOf(chain);
  const recorded = await record(chain, burst);
  const second = start(chain, directory, recorded.ledger);
  await second.reach(unseen);
  const taken = await costOf(async () => {
    recorded.tell();
    await second.reach(headOf(chain));
  });
  printRate('intake of final blocks', burst, taken);
  await second.sql.stop();
}

/** Tables that were off while payments became final begin at their cursor and fill up to the head. */
async function measureGap(chain: FundChain, directory: string, payments: number): Promise<void> {
  const before = start(chain, directory);
  await before.reach(headOf(chain));
  await before.sql.stop();
  await chain.pay(payments);
  const behind = start(chain, directory);
  const closed = await costOf(() => behind.reach(headOf(chain)));
  const load = (loadavg()[0] ?? 0).toFixed(1);
  print('gap', `${payments} payments, closed in ${told(closed)}, load ${load}`);
  printRate('gap, executed again and taken in', payments, closed);
  await behind.sql.stop();
}

const { values } = parseArgs({
  options: {
    payments: { type: 'string', default: '100000' },
    gap: { type: 'string', default: '15000' },
  },
});
const directory = await mkdtemp(path.join(tmpdir(), 'daybook-bench-'));
const [load = 0] = loadavg();
print(cpus()[0]?.model.trim() ?? 'machine', `${cpus().length} cores, load ${load.toFixed(1)}`);
try {
  const chain = await openFund(directory);
  try {
    const payments = Number(values.payments);
    if (payments > 0) await measure(chain, directory, payments);
    await measureGap(chain, directory, Number(values.gap));
  } finally {
    await chain.close();
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
