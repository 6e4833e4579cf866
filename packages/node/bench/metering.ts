/**
 * What each metered operation costs beside its price (protocol X-7): blocks full of one operation
 * are executed by the engine and committed to the state store, over the real disk and LevelDB. The
 * limits of a block say that each operation alone, as often as a block may have it, takes at most
 * half of T0. CPU time is that of all threads of the process; the least of the blocks is shown.
 *
 *   npm run bench:metering -- [--records 200000] [--blocks 5]
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import type { Operation } from '@daybook/contracts';
import {
  createEngine,
  defineContract,
  field,
  foundingContractsOf,
  METER_LIMITS,
} from '@daybook/contracts';
import type { BodyEntry, Call, Genesis } from '@daybook/core';
import {
  asHash,
  asPublicKey,
  assert,
  asValidatorId,
  DEFAULT_PARAMETERS,
  decodeBodyEntry,
  encodeBody,
  encodeTransaction,
  GENESIS_FORMAT,
  ZERO_HASH,
} from '@daybook/core';
import { createNodeDisk, openLevel, openStateStore } from '@daybook/state';

const { values: options } = parseArgs({
  options: {
    records: { type: 'string', default: '200000' },
    blocks: { type: 'string', default: '5' },
  },
});
const records = Number(options.records);
const blocks = Number(options.blocks);
const t = { en: 'Bench', zh: '测量' };
const TEXT = 2000;
/** Records with a long text, below the numbers of the others. */
const LONG_RECORDS = 20_000;
const START_MS = 1_800_000_000_000;
const chain = asHash(new Uint8Array(32).fill(7));
const signer = { publicKey: asPublicKey(new Uint8Array(32).fill(9)) };
const { call, transaction, block } = METER_LIMITS;

const called = defineContract({
  number: 905,
  name: 'called',
  version: 1,
  title: t,
  help: t,
  records: {},
  failures: {},
  actions: {
    nothing: { title: t, by: 'contract', callers: ['worked'], input: {}, handler: () => undefined },
  },
});
const worked = defineContract({
  number: 906,
  name: 'worked',
  version: 1,
  title: t,
  help: t,
  uses: { called },
  records: {
    item: {
      number: 1,
      title: t,
      key: { n: field.integer(t) },
      fields: { text: field.text({ ...t, max: TEXT, lines: true }) },
    },
  },
  failures: {},
  events: { seen: { title: t, fields: { n: field.integer(t) } } },
  actions: {
    work: {
      title: t,
      by: 'anyone',
      input: {
        what: field.choice({ ...t, of: { reads: t, writes: t, bytes: t, calls: t, events: t } }),
        from: field.integer(t),
        times: field.integer(t),
        size: field.integer(t),
      },
      handler(context, { what, from, times, size }) {
        const { item } = context.records;
        for (let n = from; n < from + times; n += 1) {
          if (what === 'reads' || what === 'bytes') item.get({ n });
          else if (what === 'events') context.emit('seen', { n });
          else if (what === 'calls') context.contracts.called.call('nothing', {});
          else item.put({ n, text: `${n}`.padEnd(size, 'x') });
        }
      },
    },
  },
});

interface Load {
  readonly title: string;
  readonly what: Operation;
  /** Operations of one call of a person, and how many of such calls make a transaction. */
  readonly times: number;
  readonly calls: number;
  /** What one of them adds to the metered operation. */
  readonly units: number;
  /** Numbers of records that are touched. */
  readonly range: readonly [first: number, end: number];
}

const shorts = [LONG_RECORDS, LONG_RECORDS + records] as const;
/** As officers and commitments are, which every payment of a block asks for. */
const few = [LONG_RECORDS, LONG_RECORDS + call.reads + 1] as const;
const longs = [0, LONG_RECORDS] as const;
/** Of a stored long record, nearly. */
const LONG_BYTES = TEXT + 100;
const long = { what: 'bytes', units: LONG_BYTES, range: longs } as const;
const LOADS: readonly Load[] = [
  { title: 'reads, cold', what: 'reads', times: call.reads, calls: 2, units: 1, range: shorts },
  { title: 'reads, warm', what: 'reads', times: call.reads, calls: 2, units: 1, range: few },
  { title: 'writes', what: 'writes', times: call.writes, calls: 2, units: 1, range: shorts },
  { title: 'bytes that are read', ...long, times: 200, calls: 2 },
  { title: 'calls', what: 'calls', times: call.calls - 1, calls: 8, units: 1, range: shorts },
  { title: 'events', what: 'events', times: call.events, calls: 2, units: 1, range: shorts },
];

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'daybook-metering-'));
const store = await openStateStore(
  { directory, cacheBytes: 64 * 2 ** 20, retainedHeights: 50, history: 'retained' },
  { disk: createNodeDisk(), openKeyValue: openLevel },
);
const contracts = [called, worked];
const engine = createEngine(contracts);

function genesisOf(): Genesis {
  const document: Genesis['document'] = {
    format: GENESIS_FORMAT,
    name: 'bench',
    timeMs: START_MS,
    developmentMode: true,
    parameters: DEFAULT_PARAMETERS,
    contracts: foundingContractsOf(contracts),
    organisations: [],
    validators: [],
    observers: [],
  };
  return { document, bytes: new Uint8Array(), chain, validators: [] };
}

let nonce = 0;
function entryOf(calls: readonly Call[]): BodyEntry {
  nonce += 1;
  const nonceBytes = new Uint8Array(16);
  new DataView(nonceBytes.buffer).setUint32(12, nonce);
  const validUntilMs = START_MS + 1_000_000_000;
  const body = { version: 1, chain, signers: [signer], nonce: nonceBytes, validUntilMs, calls };
  const entry = decodeBodyEntry(encodeTransaction(encodeBody(body), [new Uint8Array(64)]));
  assert(entry.ok, 'the transaction is well formed');
  return entry.value;
}

function workOf(what: Operation, from: number, times: number, size = 1): Call {
  return { contract: 'worked', action: 'work', args: { what, from, times, size } };
}

interface Cost {
  readonly count: number;
  readonly executeMs: number;
  readonly commitMs: number;
}

/** Executes and commits one block. */
async function run(entries: readonly BodyEntry[]): Promise<Omit<Cost, 'count'>> {
  const height = (store.appliedHeight() ?? 0) + 1;
  const timestampMs = START_MS + height * 1000;
  const proposer = asValidatorId(ZERO_HASH);
  const before = process.cpuUsage();
  const executed = engine.execute(store.view(), { chain, height, timestampMs, proposer, entries });
  const executeMs = cpuMs(before);
  assert(executed.ok, 'the block is good');
  const failed = executed.value.transactions.find(({ failure }) => failure !== undefined);
  assert(failed === undefined, `no transaction fails: ${JSON.stringify(failed?.failure)}`);
  const start = process.cpuUsage();
  await store.commit(store.stage({ height, writes: executed.value.writes }));
  return { executeMs, commitMs: cpuMs(start) };
}

function cpuMs(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Numbers that are spread over the range, so that no cache of the block before helps. */
function blockOf({ what, times, calls, units, range }: Load, round: number): readonly BodyEntry[] {
  const [first, end] = range;
  const budget = block[what] * 0.9;
  const perCall = what === 'calls' ? times + 1 : times * units;
  const perTransaction = Math.min(calls, Math.floor(transaction[what] / perCall));
  const count = Math.floor(budget / (perCall * perTransaction));
  let at = round * 7919;
  return Array.from({ length: count }, () =>
    entryOf(
      Array.from({ length: perTransaction }, () => {
        const from = first + (at % (end - first - times));
        at += times;
        return workOf(what, from, times);
      }),
    ),
  );
}

function operationsOf(entries: readonly BodyEntry[], { times, units, what }: Load): number {
  const each = what === 'calls' ? times + 1 : times * units;
  return entries.reduce((sum, entry) => {
    return sum + (entry.type === 'transaction' ? entry.transaction.body.calls.length * each : 0);
  }, 0);
}

async function fill(): Promise<void> {
  await store.commit(store.stage({ height: 0, writes: engine.applyGenesis(genesisOf()).writes }));
  for (let n = 0; n < LONG_RECORDS; n += 400) {
    await run([entryOf([workOf('writes', n, 400, TEXT)])]);
  }
  for (let n = shorts[0]; n < shorts[1]; n += 20_000) {
    const starts = Array.from({ length: 20 }, (_, at) => n + at * 1000);
    await run(starts.map((from) => entryOf([workOf('writes', from, 1000)])));
  }
}

try {
  await fill();
  console.log(`${os.cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`);
  console.log(`${records + LONG_RECORDS} records, the least CPU time of ${blocks} blocks each`);
  const budgetMs = DEFAULT_PARAMETERS.roundBaseMs / 2;
  let whole = 0;
  for (const load of LOADS) {
    const costs: Cost[] = [];
    for (let round = 0; round < blocks; round += 1) {
      const entries = blockOf(load, round);
      costs.push({ count: operationsOf(entries, load), ...(await run(entries)) });
    }
    const ms = ({ executeMs, commitMs }: Cost): number => executeMs + commitMs;
    const [least] = costs.toSorted((a, b) => ms(a) - ms(b));
    assert(least !== undefined, 'at least one block was measured');
    const fullMs = (ms(least) / least.count) * block[load.what];
    if (load.range !== few) whole += fullMs;
    const each = ((ms(least) * 1000) / least.count).toFixed(3);
    const price = ((budgetMs * 1000) / block[load.what]).toFixed(3);
    console.log(
      `${load.title.padEnd(20)} ${each} us each (price ${price}), a full block ` +
        `${fullMs.toFixed(0)} ms, executing ${Math.round((100 * least.executeMs) / ms(least))} %`,
    );
  }
  console.log(`a block at every limit at once: ${whole.toFixed(0)} ms of ${budgetMs}`);
} finally {
  await store.close();
  fs.rmSync(directory, { recursive: true });
}
