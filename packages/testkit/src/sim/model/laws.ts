/** What must hold of a cluster at any instant, whatever happened before: I1, I3, I4 and I5. */
import type { Unsigned } from '@daybook/core';
import { quorumOf, toHex } from '@daybook/core';
import { parseSignBytes } from '@daybook/state';
import type { Violation } from '../world/world.ts';
import type { Cluster, Replica } from './replica.ts';

/** The first law that does not hold. */
export function brokenLaw(cluster: Cluster): Violation | undefined {
  const { replicas, role, nowMs } = cluster;
  const correct = replicas.filter(({ validator }) => validator !== replicas[role]?.validator);
  const words = forkOf(correct) ?? guardFault(correct) ?? lockFault(correct) ?? splitOf(cluster);
  if (words === undefined) return undefined;
  return { invariant: words.slice(0, words.indexOf(':')), words, atMs: nowMs };
}

function forkOf(correct: readonly Replica[]): string | undefined {
  const heights = Math.max(...correct.map(({ chain }) => chain.length));
  for (let height = 1; height < heights; height++) {
    const hashes = correct.flatMap(({ chain }) => chain[height]?.hash ?? []).map(toHex);
    if (new Set(hashes).size > 1) return `I1: two blocks are final at height ${height}`;
  }
  return undefined;
}

function votesOf({ votes }: Replica): readonly Unsigned[] {
  return [...votes.earlier, ...votes.own].flatMap(({ signBytes }) => {
    const parsed = parseSignBytes(signBytes);
    return parsed.ok ? [parsed.value.content] : [];
  });
}

function guardFault(correct: readonly Replica[]): string | undefined {
  for (const replica of correct) {
    const slots = votesOf(replica).map((vote) => `${vote.height}/${vote.round}/${vote.type}`);
    if (new Set(slots).size < slots.length) {
      return `I3: validator ${replica.validator} signed twice for one slot`;
    }
  }
  return undefined;
}

function lockFault(correct: readonly Replica[]): string | undefined {
  for (const replica of correct) {
    const votes = votesOf(replica);
    for (const { type, height, round } of votes) {
      if (type !== 'commit') continue;
      const hides = votes.some((later) => {
        if (later.type !== 'round-change' || later.height !== height) return false;
        return later.round > round && (later.prepared?.round ?? -1) < round;
      });
      if (hides) return `I4: validator ${replica.validator} hides its lock of round ${round}`;
    }
  }
  return undefined;
}

/** Two blocks that can have been prepared in one round, if both twins PREPAREd both. */
function splitOf({ replicas, role }: Cluster): string | undefined {
  const twin = replicas[role]?.validator;
  const { quorum } = quorumOf(replicas.length - 1);
  const voters = new Map<string, Map<string, number>>();
  for (const replica of replicas.filter(({ validator }) => validator !== twin)) {
    for (const vote of votesOf(replica)) {
      if (vote.type !== 'prepare') continue;
      const slot = `${vote.height}/${vote.round}`;
      const counts = voters.get(slot) ?? new Map<string, number>();
      voters.set(slot, counts);
      const hash = toHex(vote.blockHash);
      counts.set(hash, (counts.get(hash) ?? 0) + 1);
      const prepared = [...counts.values()].filter((count) => count + 1 >= quorum);
      if (prepared.length > 1) return `I5: two blocks can be prepared in ${slot}`;
    }
  }
  return undefined;
}
