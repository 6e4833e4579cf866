/**
 * Following the history of a chain through several nodes: what one serves extends what was seen, is
 * behind it, cannot be told, or proves that the history forked. Nodes are asked and never believed.
 */
import type { Genesis, Hash, SetChange, TreeHead } from '@daybook/core';
import { encodeCheckpointFork, equalBytes } from '@daybook/core';
import type { Client } from '../client.ts';
import type { UndecidedReason, VerifyFailure } from '../errors.ts';
import type { CheckpointFacts, CheckpointGround } from '../verify/checkpoint.ts';
import { judgeCheckpoint } from '../verify/checkpoint.ts';
import { verifyCheckpointFork, verifyExtension } from '../verify/history-proof.ts';

/** A node that is followed; its client asks no other. */
export interface FollowedNode {
  readonly url: string;
  readonly client: Pick<Client, 'checkpoint' | 'setChanges' | 'consistency'>;
}

/** What was seen so far: the newest tree that held, and the largest that each node has shown. */
export interface KnownHistory {
  readonly head: TreeHead;
  /** The note as it was verified. */
  readonly note: Uint8Array;
  /** By the address of the node. */
  readonly shown: Readonly<Record<string, { readonly size: number; readonly note: Uint8Array }>>;
}

/** A checkpoint that holds, with what leads to its set. */
export interface SeenCheckpoint {
  readonly head: TreeHead;
  readonly note: Uint8Array;
  readonly changes: readonly SetChange[];
  readonly facts: CheckpointFacts;
}

export type Judgement =
  /** The node has no checkpoint yet. */
  | { readonly kind: 'none' }
  /** The same tree again, or an older one of the same history. */
  | { readonly kind: 'known'; readonly seen: SeenCheckpoint }
  | { readonly kind: 'extends'; readonly seen: SeenCheckpoint }
  | { readonly kind: 'invalid'; readonly reason: VerifyFailure }
  | {
      readonly kind: 'undecided';
      readonly reason: UndecidedReason;
      readonly facts: CheckpointFacts;
    }
  /** The node served a larger tree before. */
  | { readonly kind: 'shrunk'; readonly seen: SeenCheckpoint; readonly before: Uint8Array }
  /** The bytes of `checkpoint-fork.bin`. */
  | { readonly kind: 'fork'; readonly proof: Uint8Array };

export interface FollowGround extends Omit<CheckpointGround, 'changes' | 'nowMs'> {
  /** Of the chain that the start names; part of a proof. */
  readonly genesis: Genesis;
  readonly nowMs: () => number;
}

/**
 * Asks one node.
 * @param others  whom to ask for a path that this node does not have
 * @throws ClientError when the node does not answer
 */
export async function followNode(
  node: FollowedNode,
  known: KnownHistory | undefined,
  others: readonly FollowedNode[],
  ground: FollowGround,
): Promise<Judgement> {
  const note = await askNode(node, ground);
  if (note === undefined) return { kind: 'none' };
  const changes = await node.client.setChanges();
  const verdict = judgeCheckpoint(note, { ...ground, changes, nowMs: ground.nowMs() });
  if (verdict.outcome === 'invalid') return { kind: 'invalid', reason: verdict.reason };
  const { facts } = verdict;
  if (verdict.outcome === 'unknown') return { kind: 'undecided', reason: verdict.reason, facts };
  const seen = { head: facts.head, note, changes, facts };
  if (known === undefined) return { kind: 'extends', seen };
  const compared = await compare(seen, known, { node, others, ground });
  if (compared.kind === 'fork') return compared;
  // Also where nobody has the larger tree any more, which would prove it the same or another.
  const shown = known.shown[node.url];
  const isShrunk = shown !== undefined && seen.head.size < shown.size;
  return isShrunk ? { kind: 'shrunk', seen, before: shown.note } : compared;
}

/** The newest that the named number of witnesses cosigned; any, where there is none, says so. */
async function askNode(
  { client }: FollowedNode,
  { policy }: FollowGround,
): Promise<Uint8Array | undefined> {
  const cosigned = policy && (await client.checkpoint(undefined, policy.needed));
  return cosigned ?? (await client.checkpoint());
}

/** What is known once a node has shown a checkpoint that holds. */
export function withSeen(
  known: KnownHistory | undefined,
  judgement: Extract<Judgement, { readonly kind: 'known' | 'extends' }>,
  url: string,
): KnownHistory {
  const { head, note } = judgement.seen;
  const shown = { ...known?.shown, [url]: { size: head.size, note } };
  return known === undefined || judgement.kind === 'extends'
    ? { head, note, shown }
    : { ...known, shown };
}

interface Around {
  readonly node: FollowedNode;
  readonly others: readonly FollowedNode[];
  readonly ground: FollowGround;
}

type Side = Pick<SeenCheckpoint, 'head' | 'note' | 'changes'>;

/** Against the newest checkpoint that held. */
async function compare(
  seen: SeenCheckpoint,
  known: KnownHistory,
  { node, others, ground }: Around,
): Promise<Judgement> {
  const before: Side = { head: known.head, note: known.note, changes: seen.changes };
  if (seen.head.size === known.head.size) {
    if (equalBytes(seen.head.root, known.head.root)) return { kind: 'known', seen };
    return provenFork([before, seen], undefined, { seen, ground });
  }
  const isLarger = seen.head.size > known.head.size;
  const [smaller, larger]: readonly [Side, Side] = isLarger ? [before, seen] : [seen, before];
  // Only who has the larger tree can prove it; for one that was seen before that may be any node.
  const askable = isLarger ? [node] : [...others, node];
  let judgement = unproven(seen, 'no node proves it');
  for (const { client } of askable) {
    const answer = await client
      .consistency(smaller.head.size, larger.head.size)
      .catch((error: unknown) => String(error));
    if (typeof answer === 'string') {
      judgement = unproven(seen, answer);
      continue;
    }
    const { fromRoot: root, path } = answer;
    if (verifyExtension(smaller.head, larger.head, path)) {
      return { kind: isLarger ? 'extends' : 'known', seen };
    }
    const fork = provenFork([smaller, larger], { root, path }, { seen, ground });
    if (fork.kind === 'fork') return fork;
    judgement = unproven(seen, 'its consistency proof does not hold');
  }
  return judgement;
}

function unproven({ facts }: SeenCheckpoint, fact: string): Judgement {
  return { kind: 'undecided', reason: { code: 'CLIENT_HISTORY_UNPROVEN', fact }, facts };
}

/** The proof of a fork, if what was gathered is one: it is verified as anybody else would. */
function provenFork(
  [first, second]: readonly [Side, Side],
  beginning: { readonly root: Hash; readonly path: readonly Hash[] } | undefined,
  { seen, ground }: { readonly seen: SeenCheckpoint; readonly ground: FollowGround },
): Judgement {
  const { genesis, eras = [], nowMs } = ground;
  const sides = { first, second, ...(beginning && { beginning }) };
  const proof = encodeCheckpointFork({ genesis: genesis.bytes, ...sides });
  const verdict = verifyCheckpointFork(proof, { chain: genesis.chain, eras, nowMs: nowMs() });
  if (verdict.outcome === 'valid') return { kind: 'fork', proof };
  return unproven(seen, 'two checkpoints differ, and no proof of it holds');
}
