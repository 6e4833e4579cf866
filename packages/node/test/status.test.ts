/** What a node says of itself. */
import type { WaitingReport } from '@daybook/consensus';
import { createState, explainWaiting } from '@daybook/consensus';
import type { Network } from '@daybook/network';
import type { QuarantineReason } from '@daybook/state';
import { expect } from 'chai';
import type { Consensus } from '../src/driver/consensus.ts';
import { DISK_LIMITS } from '../src/free-space.ts';
import { createMempool } from '../src/mempool.ts';
import { buildPeerTable } from '../src/peers.ts';
import type { StatusBoard } from '../src/status.ts';
import { createStatusBoard } from '../src/status.ts';
import type { SyncSight } from '../src/sync-progress.ts';
import { freshDisks, grow, makeGenesis, noteOf, openChain, peerIdOf } from './support/chain.ts';
import type { ManualClock } from './support/manual-clock.ts';
import { createManualClock } from './support/manual-clock.ts';

const genesis = makeGenesis();

interface Stand {
  readonly board: StatusBoard;
  readonly clock: ManualClock;
  readonly mempool: ReturnType<typeof createMempool>;
  readonly grow: (count: number) => Promise<void>;
}

interface StandOptions {
  readonly machine?: Partial<WaitingReport>;
  readonly selfIndex?: number;
  readonly isSyncing?: boolean;
  readonly progress?: SyncSight;
  readonly quarantine?: QuarantineReason;
}

async function makeStand(options: StandOptions = {}): Promise<Stand> {
  const { ledger, blockLog } = await openChain(genesis, freshDisks());
  const clock = createManualClock();
  const mempool = createMempool({ bytesMax: 1024 * 1024 });
  const waiting = explainWaiting(createState({ seed: 1 }), { monoMs: 0, wallMs: 0 });
  const machine = { ...waiting, phase: 'running', awaited: 'work', ...options.machine } as const;
  const validators = ledger.head().next.validators;
  const board = createStatusBoard({
    clock,
    ledger,
    blockLog,
    network: {
      peerId: peerIdOf(0),
      links: () => [{ peerId: peerIdOf(1), role: 'validator', channels: [] }],
    } as unknown as Network,
    mempool,
    mempoolBytesMax: 1024 * 1024,
    consensus: {
      driver: {
        explain: () => machine,
        state: () => createState({ seed: 1 }),
        signing: () => undefined,
      },
      syncer: {
        isBehind: () => options.isSyncing === true,
        bestKnown: () => 9,
        progress: () => options.progress,
      },
    } as unknown as Consensus,
    damage: { report: () => undefined },
    freeSpace: { limits: DISK_LIMITS, fraction: () => 0.5, stop: () => undefined },
    peers: () =>
      buildPeerTable({
        self: peerIdOf(0),
        nodes: [],
        validators,
        organisations: new Map(),
        bootstrap: [],
      }),
    version: '0',
    selfIndex: () => options.selfIndex,
    signer: { quarantine: () => options.quarantine },
    remoteSigner: undefined,
    stateStore: { oldestHeight: () => 0, pins: () => [] },
  });
  return { board, clock, mempool, grow: async (count) => await grow(ledger, count) };
}

describe('node: status', () => {
  const activities: readonly (readonly [string, string, StandOptions])[] = [
    ['an observer at the head', 'following', {}],
    ['a validator at the head', 'voting', { selfIndex: 0 }],
    ['a node that fetches blocks', 'syncing', { selfIndex: 0, isSyncing: true }],
    ['a machine before its first height', 'starting', { machine: { phase: 'waiting' } }],
    ['a machine that stopped for good', 'halted', { machine: { phase: 'stopped' } }],
  ];
  for (const [words, activity, options] of activities) {
    it(`given ${words}, when asked, then it is ${activity}`, async () => {
      const { board } = await makeStand(options);

      expect(board.report().activity).to.equal(activity);
    });
  }

  it('given a failure, when the node is stopped after it, then it stays halted and says why', async () => {
    const { board } = await makeStand({ selfIndex: 0 });

    board.halted('The disk failed.');
    board.stopping();

    expect(board.report()).to.include({ activity: 'halted', hindrance: 'The disk failed.' });
  });

  it('given a validator that may not sign, when asked, then the reason stands there', async () => {
    const quarantine = { code: 'STATE_VOTES_MISSING', path: '/votes' } as const;
    const { board } = await makeStand({ quarantine });

    expect(board.report().hindrance).to.match(/^STATE_VOTES_MISSING: .*\/votes/);
  });

  it('given a waiting transaction, when time passes, then a block is wanted since then, until one is final', async () => {
    const { board, clock, mempool, grow: growBy } = await makeStand();
    const idle = board.report().blockWantedMs;
    const note = noteOf(genesis, 1);
    mempool.add(note, 'office-0');
    board.report();
    clock.advance(700);
    const wanted = board.report();
    mempool.remove([note.id]);
    await growBy(1);
    const after = board.report();

    expect(idle).to.equal(undefined);
    expect(wanted).to.include({ blockWantedMs: 700, headAgeMs: 700 });
    expect(after.blockWantedMs).to.equal(undefined);
    expect(after.headAgeMs).to.equal(0);
  });

  it('given blocks that did not come, when asked, then whoever was asked for them is named, and their organisation where it is known', async () => {
    const reason = 'NETWORK_REQUEST_REFUSED';
    const progress = { target: 9, credible: true, reason, peerId: peerIdOf(1) };
    const { board } = await makeStand({ progress });

    expect(board.report().sync).to.deep.equal({
      target: 9,
      credible: true,
      reason,
      peer: peerIdOf(1),
    });
  });

  it('given links, when asked, then the validators within reach are counted with itself', async () => {
    const observer = await makeStand();
    const validator = await makeStand({ selfIndex: 0 });

    expect(observer.board.report().reachable).to.deep.equal({ count: 1, of: 4 });
    expect(validator.board.report().reachable).to.deep.equal({ count: 2, of: 4 });
  });
});
