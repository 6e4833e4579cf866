/**
 * What verifying ranges ahead takes off the thread that executes: one chain is synchronised with and
 * without it, in turns, from memory to memory. The time of the executing thread is what a sync takes
 * on a machine with a core to spare; the sum over all threads is what it costs.
 *
 *   npm run bench:ahead -- [--blocks 320] [--transactions 60] [--rounds 3]
 */
import * as os from 'node:os';
import { parseArgs } from 'node:util';
import type { Network } from '@daybook/network';
import { createAheadVerifier } from '../src/ahead/ahead-verifier.ts';
import { createSystemClock } from '../src/clock.ts';
import { createExclusive } from '../src/exclusive.ts';
import { createFoundDamage } from '../src/found-damage.ts';
import { SILENT_LOGGER } from '../src/log.ts';
import { serveRange } from '../src/ranges.ts';
import { createSignatureVerifier } from '../src/signatures.ts';
import { createSyncer } from '../src/sync.ts';
import type { OpenChain } from '../test/support/chain.ts';
import {
  buildNext,
  certify,
  freshDisks,
  makeGenesis,
  noteOf,
  openChain,
} from '../test/support/chain.ts';

const { values: options } = parseArgs({
  options: {
    blocks: { type: 'string', default: '320' },
    transactions: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '3' },
  },
});
const blocks = Number(options.blocks);
const transactions = Number(options.transactions);
const genesis = makeGenesis();
const clock = createSystemClock();

interface Spent {
  /** CPU of the executing thread and of all threads, milliseconds. */
  readonly main: number;
  readonly all: number;
  readonly wall: number;
}

const sumOf = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000;

async function makeChain(): Promise<OpenChain> {
  const chain = await openChain(genesis, freshDisks());
  const { ledger } = chain;
  for (let height = 1; height <= blocks; height++) {
    const notes = Array.from({ length: transactions }, (_, index) =>
      noteOf(genesis, height * transactions + index),
    );
    const block = buildNext(ledger, notes);
    await ledger.commit(block, certify(ledger, block));
  }
  return chain;
}

async function synchronise(source: OpenChain, isAhead: boolean): Promise<Spent> {
  const signatures = createSignatureVerifier(clock);
  const chain = await openChain(genesis, freshDisks(), { signatures });
  const serving = {
    blocks: { readBlock: async (height: number) => source.blockLog.readBlock(height) },
    damage: createFoundDamage(SILENT_LOGGER),
  };
  const peers = ['a', 'b', 'c'];
  const network = {
    links: () => peers.map((peerId) => ({ peerId, role: 'validator', channels: ['sync'] })),
    request: async (_peer: string, _name: string, request: Uint8Array) => {
      const value = await serveRange(request, serving);
      return value === undefined ? { ok: false, reason: { code: 'none' } } : { ok: true, value };
    },
  } as unknown as Network;
  const syncer = createSyncer({
    clock,
    logger: SILENT_LOGGER,
    network,
    ledger: chain.ledger,
    exclusive: createExclusive(),
    isValidator: () => false,
    ...(isAhead && { ahead: createAheadVerifier({ signatures, logger: SILENT_LOGGER }) }),
    advanced: () => undefined,
    onFatal: (error) => {
      throw error;
    },
  });
  const [thread, all, startedMs] = [process.threadCpuUsage(), process.cpuUsage(), clock.now()];
  syncer.hint(blocks, 'a');
  while (syncer.isActive()) await new Promise<void>((resolve) => setTimeout(resolve, 1));
  const spent = {
    main: sumOf(process.threadCpuUsage(thread)),
    all: sumOf(process.cpuUsage(all)),
    wall: clock.now() - startedMs,
  };
  if (chain.ledger.head().header.height !== blocks) throw new Error('the sync has not arrived');
  await chain.close();
  return spent;
}

function show(title: string, { main, all, wall }: Spent): void {
  const [each, sum, time] = [main, all, wall].map((ms) => (ms / blocks).toFixed(1).padStart(6));
  console.log(`${title.padEnd(10)} ${each} ms executing thread, ${sum} all threads, ${time} clock`);
}

console.log(`${os.cpus()[0]?.model}, ${os.cpus().length} CPUs, Node ${process.version}`);
console.log(`${blocks} blocks of ${transactions} transactions; per block:`);
const source = await makeChain();
// Not measured: what runs for the first time is slower.
await synchronise(source, false);
for (let round = 0; round < Number(options.rounds); round++) {
  const plain = await synchronise(source, false);
  show('in place', plain);
  const ahead = await synchronise(source, true);
  show('ahead', ahead);
  const [main, all] = [ahead.main / plain.main, ahead.all / plain.all];
  console.log(`ratio      ${main.toFixed(2)} of the executing thread, ${all.toFixed(2)} of all`);
}
