/**
 * B18: waits until a correct node has decided, then proposes a conflicting block to the others in a
 * later round, with the best justification it can get hold of: genuine ROUND-CHANGEs without a lock
 * first, then whatever is at hand. The only strategy that finds a skipped justification.
 */
import type { JustificationEntry, RoundChange } from '@daybook/core';
import { decodeMessage, quorumOf } from '@daybook/core';
import type { Strategy } from './strategy.ts';
import type { ForgedBlock, Traitor } from './traitor.ts';

const ROUNDS_AHEAD = 4;

/** ROUND-CHANGEs of anybody that were seen on the wire, by height, round and sender. */
type Seen = Map<number, Map<number, Map<number, RoundChange>>>;

/** What it has in store against the block that will be decided at a height. */
interface Plot {
  readonly conflict: ForgedBlock;
  readonly quorum: number;
  /** Position of who proposes in a round. */
  readonly proposerAt: (round: number) => number | undefined;
  /** Rounds that it has proposed in, or will. */
  readonly rounds: Set<number>;
}

export const LOCK_BREAKER: Strategy = {
  name: 'B18',
  title: 'proposes against a decided block in later rounds',
  begin: (traitor) => {
    const seen: Seen = new Map();
    const plots = new Map<number, Plot>();
    const { events } = traitor.world;
    events.on('sent', ({ kind, bytes }) => {
      if (kind === 'round-change') noteRoundChange(seen, bytes);
    });
    events.on('committed', ({ machine, block, certificate }) => {
      const { height, timestampMs } = block.header;
      if (machine === traitor.machine) {
        // Its node goes on, and others may not yet: what is in store is used when that height is decided.
        seen.delete(height - 1);
        plots.delete(height - 1);
        const plot = plotAfter(traitor, timestampMs);
        if (plot !== undefined) plots.set(height + 1, plot);
        return;
      }
      const plot = plots.get(height);
      if (plot === undefined || !machine.isHonest) return;
      for (let ahead = 1; ahead <= ROUNDS_AHEAD; ahead++) {
        const round = certificate.round + ahead;
        if (plot.rounds.has(round)) continue;
        plot.rounds.add(round);
        traitor.after(traitor.prng.between(0, 3000), () => {
          attack(traitor, { height, round, plot, seen });
        });
      }
    });
    traitor.bend({});
  },
};

/** A block for the height that its node has just begun. */
function plotAfter(traitor: Traitor, timestampMs: number): Plot | undefined {
  const validators = traitor.validators();
  const conflict = traitor.forgeBlock(timestampMs + traitor.prng.between(1, 500));
  if (conflict === undefined || validators === undefined) return undefined;
  const { quorum } = quorumOf(validators.length);
  return { conflict, quorum, proposerAt: traitor.proposers(), rounds: new Set() };
}

function noteRoundChange(seen: Seen, bytes: Uint8Array): void {
  const decoded = decodeMessage(bytes);
  if (!decoded.ok || decoded.value.type !== 'round-change') return;
  const { content, sender } = decoded.value.signed;
  const rounds = seen.get(content.height) ?? new Map<number, Map<number, RoundChange>>();
  const senders = rounds.get(content.round) ?? new Map<number, RoundChange>();
  seen.set(content.height, rounds.set(content.round, senders.set(sender, decoded.value)));
}

interface Attack {
  readonly height: number;
  readonly round: number;
  readonly plot: Plot;
  readonly seen: Seen;
}

function attack(traitor: Traitor, { height, round, plot, seen }: Attack): void {
  const index = traitor.index();
  if (index === undefined || plot.proposerAt(round) !== index) return;
  const { conflict, quorum } = plot;
  const entries = justify(traitor, { height, round, quorum }, seen);
  traitor.acted();
  traitor.sendToAll(traitor.propose(conflict, round, { entries }));
  const blockHash = conflict.hash;
  traitor.sendToAll({
    type: 'prepare',
    signed: traitor.sign({ type: 'prepare', height, round, blockHash }),
  });
  traitor.sendToAll({
    type: 'commit',
    signed: traitor.sign({ type: 'commit', height, round, blockHash }),
  });
}

/** Q entries: genuine ones without a lock, its own, and then any with the lock left out. */
function justify(
  traitor: Traitor,
  { height, round, quorum }: { height: number; round: number; quorum: number },
  seen: Seen,
): readonly JustificationEntry[] {
  const genuine = [...(seen.get(height)?.get(round)?.values() ?? [])];
  const own = traitor.sign({ type: 'round-change', height, round });
  const entries = new Map<number, JustificationEntry>([
    [own.sender, { sender: own.sender, signature: own.signature }],
  ]);
  const unlocked = genuine.filter(({ signed }) => signed.content.prepared === undefined);
  for (const { signed } of [...unlocked, ...genuine]) {
    if (entries.size >= quorum || entries.has(signed.sender)) continue;
    entries.set(signed.sender, { sender: signed.sender, signature: signed.signature });
  }
  return [...entries.values()].sort((a, b) => a.sender - b.sender);
}
