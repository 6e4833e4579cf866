/**
 * What the work of a block costs beside its price (protocol X-36): proposed blocks full of one
 * operation are decoded, their signatures verified, executed by the engine and committed to the state
 * store, over the real disk and LevelDB. CPU time is that of all threads of the process; the least of
 * the blocks is shown, and what a block at the limit would take at that rate.
 *
 *   npm run bench:metering -- [--records 200000] [--blocks 5]
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import {
  BLOCK_WORK_MAX_NS,
  createEngine,
  defineContract,
  field,
  foundingContractsOf,
  METER_LIMITS,
} from '@daybook/contracts';
import type { BodyEntry, Call, Genesis } from '@daybook/core';
import {
  asHash,
  assert,
  asValidatorId,
  createSigner,
  DEFAULT_PARAMETERS,
  decodeBodyEntry,
  encodeBody,
  encodeTransaction,
  GENESIS_FORMAT,
  LIMITS,
  transactionSignBytes,
  verifyStrict,
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
const PROPOSER = asValidatorId(ZERO_HASH);
const chain = asHash(new Uint8Array(32).fill(7));
const signers = Array.from({ length: LIMITS.signersMax }, (_, n) =>
  createSigner(new Uint8Array(32).fill(n + 1)),
);
const { call } = METER_LIMITS;
/** More than any block has work for. */
const ENTRIES_MAX = 12_000;

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
        what: field.choice({ ...t, of: { reads: t, writes: t, calls: t, events: t } }),
        from: field.integer(t),
        times: field.integer(t),
        size: field.integer(t),
      },
      handler(context, { what, from, times, size }) {
        const { item } = context.records;
        for (let n = from; n < from + times; n += 1) {
          if (what === 'reads') item.get({ n });
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
  readonly what: 'reads' | 'writes' | 'calls' | 'events';
  /** Operations of one call of a person, and how many of such calls make a transaction. */
  readonly times: number;
  readonly calls: number;
  /** Numbers of records that are touched. */
  readonly range: readonly [first: number, end: number];
  /** Length of a text that is written. */
  readonly size?: number;
  readonly signers?: number;
  /** Bytes of input that the action does not know, each a value of its own. */
  readonly ballast?: number;
}

const shorts = [LONG_RECORDS, LONG_RECORDS + records] as const;
const longs = [0, LONG_RECORDS] as const;
/** As officers and commitments are, which every payment of a block asks for. */
const few = (first: number, times: number) => [first, first + times + 1] as const;
const nothing = { what: 'reads', times: 0, calls: 1, range: shorts } as const;
const LOADS: readonly Load[] = [
  { title: 'reads, first in block', what: 'reads', times: call.reads, calls: 2, range: shorts },
  {
    title: 'reads, again',
    what: 'reads',
    times: call.reads,
    calls: 2,
    range: few(LONG_RECORDS, call.reads),
  },
  { title: 'writes', what: 'writes', times: call.writes, calls: 2, range: shorts },
  {
    title: 'writes, again',
    what: 'writes',
    times: call.writes,
    calls: 2,
    range: few(LONG_RECORDS, call.writes),
  },
  { title: 'bytes read, first in block', what: 'reads', times: 200, calls: 2, range: longs },
  { title: 'bytes read, again', what: 'reads', times: 200, calls: 2, range: few(0, 200) },
  { title: 'bytes written', what: 'writes', times: 200, calls: 1, range: longs, size: TEXT },
  {
    title: 'bytes written, again',
    what: 'writes',
    times: 200,
    calls: 1,
    range: few(0, 200),
    size: TEXT,
  },
  { title: 'calls', what: 'calls', times: call.calls - 1, calls: 8, range: shorts },
  { title: 'events', what: 'events', times: call.events, calls: 2, range: shorts },
  { title: 'input', ...nothing, ballast: 60_000 },
  { title: 'signatures', ...nothing, signers: LIMITS.signersMax },
  { title: 'least transactions', ...nothing },
  { title: 'two records each', what: 'writes', times: 2, calls: 1, range: shorts, signers: 2 },
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
function transactionOf(calls: readonly Call[], count = 1): Uint8Array {
  nonce += 1;
  const nonceBytes = new Uint8Array(16);
  new DataView(nonceBytes.buffer).setUint32(12, nonce);
  const validUntilMs = START_MS + 1_000_000_000;
  const signing = signers.slice(0, count);
  const keys = signing.map(({ publicKey }) => ({ publicKey }));
  const body = { version: 1, chain, signers: keys, nonce: nonceBytes, validUntilMs, calls };
  const bytes = encodeBody(body);
  const message = transactionSignBytes(bytes);
  return encodeTransaction(
    bytes,
    signing.map((signer) => signer.sign(message)),
  );
}

function decoded(bytes: Uint8Array): BodyEntry {
  const entry = decodeBodyEntry(bytes);
  assert(entry.ok, 'the transaction is well formed');
  return entry.value;
}

function verify(entry: BodyEntry): void {
  if (entry.type === 'system') return;
  const { body, bodyBytes, signatures } = entry.transaction;
  const message = transactionSignBytes(bodyBytes);
  for (const [index, { publicKey }] of body.signers.entries()) {
    const signature = signatures[index];
    const isGood = signature !== undefined && verifyStrict(publicKey, message, signature);
    assert(isGood, 'it is signed');
  }
}

function workOf(what: Load['what'], from: number, times: number, size = 1): Call {
  return { contract: 'worked', action: 'work', args: { what, from, times, size } };
}

interface Cost {
  readonly count: number;
  readonly workMs: number;
  readonly checkMs: number;
  readonly executeMs: number;
  readonly commitMs: number;
}

const place = () => {
  const height = (store.appliedHeight() ?? 0) + 1;
  return { chain, height, timestampMs: START_MS + height * 1000, proposer: PROPOSER };
};

/** How many of the transactions a proposed block has work for. */
function packedOf(offered: readonly Uint8Array[]): number {
  const entries = offered.map(decoded);
  const packed = engine.pack(store.view(), { ...place(), entries });
  assert(packed.ok, 'a proposed block is good');
  return packed.value.transactions.length;
}

/** Checks, executes and commits one block. */
async function run(body: readonly Uint8Array[]): Promise<Cost> {
  const [check, entries] = timed(() => {
    const made = body.map(decoded);
    for (const entry of made) verify(entry);
    return made;
  });
  const block = place();
  const [executeMs, executed] = timed(() => engine.execute(store.view(), { ...block, entries }));
  assert(executed.ok, 'the block is good');
  const start = process.cpuUsage();
  const { writes, workNs } = executed.value;
  await store.commit(store.stage({ height: block.height, writes }));
  const commitMs = cpuMs(start);
  return { count: body.length, workMs: workNs / 1e6, checkMs: check, executeMs, commitMs };
}

function timed<T>(work: () => T): readonly [ms: number, value: T] {
  const before = process.cpuUsage();
  const value = work();
  return [cpuMs(before), value];
}

function cpuMs(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const msOf = ({ checkMs, executeMs, commitMs }: Cost): number => checkMs + executeMs + commitMs;

/** Numbers that are spread over the range, so that no cache of the block before helps. */
function offerOf(load: Load, round: number): readonly Uint8Array[] {
  const { what, times, calls, range, size, ballast = 0 } = load;
  const [first, end] = range;
  const bytesMax = DEFAULT_PARAMETERS.blockBytesMax;
  const made: Uint8Array[] = [];
  let at = round * 7919;
  for (let bytes = 0; made.length < ENTRIES_MAX; ) {
    const work = Array.from({ length: calls }, () => {
      const from = first + (at % (end - first - times));
      at += Math.max(1, times);
      const call = workOf(what, from, times, size);
      if (ballast === 0) return call;
      return { ...call, args: { ...call.args, ballast: Array<number>(ballast).fill(1) } };
    });
    const next = transactionOf(work, load.signers);
    bytes += next.length + 4;
    if (bytes > bytesMax) break;
    made.push(next);
  }
  return made;
}

async function fill(): Promise<void> {
  await store.commit(store.stage({ height: 0, writes: engine.applyGenesis(genesisOf()).writes }));
  for (let n = 0; n < LONG_RECORDS; n += 400) {
    await run([transactionOf([workOf('writes', n, 400, TEXT)])]);
  }
  for (let n: number = shorts[0]; n < shorts[1]; n += 8000) {
    const starts = Array.from({ length: 8 }, (_, at) => n + at * 1000);
    await run(starts.map((from) => transactionOf([workOf('writes', from, 1000)])));
  }
}

try {
  await fill();
  console.log(`${os.cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`);
  console.log(`${records + LONG_RECORDS} records, the least CPU time of ${blocks} blocks each`);
  for (const load of LOADS) {
    const costs: Cost[] = [];
    for (let round = 0; round < blocks; round += 1) {
      const offered = offerOf(load, round);
      costs.push(await run(offered.slice(0, packedOf(offered))));
    }
    const [least] = costs.toSorted((a, b) => msOf(a) - msOf(b));
    assert(least !== undefined, 'at least one block was measured');
    const ratio = msOf(least) / least.workMs;
    const parts = [least.checkMs, least.executeMs, least.commitMs].map((ms) => ms.toFixed(0));
    console.log(
      `${load.title.padEnd(27)} ${String(least.count).padStart(5)} transactions, ` +
        `${msOf(least).toFixed(0)} ms (${parts.join(' + ')}) of ${least.workMs.toFixed(0)} priced: ` +
        `${ratio.toFixed(2)}, a full block ${((ratio * BLOCK_WORK_MAX_NS) / 1e6).toFixed(0)} ms`,
    );
  }
} finally {
  await store.close();
  fs.rmSync(directory, { recursive: true });
}
