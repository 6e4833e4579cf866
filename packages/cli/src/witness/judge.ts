/**
 * What a witness thinks of the checkpoint that a node serves: it extends what was seen, it is behind,
 * it cannot be told, or it proves that the history forked. Nodes are asked and never believed.
 */
import type { Client, TrustedSet } from '@daybook/client';
import { followToTree, trustGenesis, verifyCheckpointFork, verifyExtension } from '@daybook/client';
import type { Genesis, Hash, SetChange, TreeHead } from '@daybook/core';
import {
  checkpointOriginOf,
  encodeCheckpointFork,
  equalBytes,
  explainCheckpoint,
  readCheckpointNote,
  verifyCheckpoint,
} from '@daybook/core';
import type { WitnessState } from './store.ts';

/** A node that is followed. */
export interface Followed {
  readonly url: string;
  readonly client: Client;
}

/** A checkpoint that a quorum signed, with what leads to its set. */
export interface Seen {
  readonly head: TreeHead;
  readonly note: Uint8Array;
  readonly changes: readonly SetChange[];
}

export type Judgement =
  /** The node has no checkpoint yet. */
  | { readonly kind: 'none' }
  /** The same tree again, or an older one of the same history. */
  | { readonly kind: 'known'; readonly seen: Seen }
  | { readonly kind: 'extends'; readonly seen: Seen }
  /** Nothing follows from it but that this node cannot be relied on. */
  | { readonly kind: 'unproven'; readonly fact: string }
  /** The node served a larger tree before. */
  | { readonly kind: 'shrunk'; readonly seen: Seen; readonly before: Uint8Array }
  | { readonly kind: 'fork'; readonly proof: Uint8Array };

export interface WitnessGround {
  readonly genesis: Genesis;
  /** Recoveries that are trusted. */
  readonly eras: readonly Hash[];
  readonly nowMs: () => number;
}

/** @throws ClientError when the node does not answer */
export async function judgeNode(
  node: Followed,
  state: WitnessState | undefined,
  others: readonly Followed[],
  ground: WitnessGround,
): Promise<Judgement> {
  const note = await node.client.checkpoint();
  if (note === undefined) return { kind: 'none' };
  const changes = await node.client.setChanges();
  const seen = verifySeen(note, changes, ground);
  if (typeof seen === 'string') return { kind: 'unproven', fact: seen };
  if (state === undefined) return { kind: 'extends', seen };
  const compared = await compare(seen, state, { node, others, ground });
  if (compared.kind === 'fork') return compared;
  // Also where nobody has the larger tree any more, which would prove it the same or another.
  const shown = state.shown[node.url];
  const isShrunk = shown !== undefined && seen.head.size < shown.size;
  return isShrunk ? { kind: 'shrunk', seen, before: shown.note } : compared;
}

function verifySeen(
  note: Uint8Array,
  changes: readonly SetChange[],
  { genesis, eras }: WitnessGround,
): Seen | string {
  const read = readCheckpointNote(note);
  if (!read.ok) return explainCheckpoint(read.reason);
  const set = followToTree(trustGenesis(genesis), changes, read.value.head.size);
  if (!set.ok) return `its validator set is not proven: ${set.reason.code}`;
  if (!isTrusted(set.value, eras)) return 'it lies behind a recovery that is not trusted';
  const origin = checkpointOriginOf(genesis.chain);
  const verified = verifyCheckpoint(note, { origin, validators: set.value.validators });
  if (!verified.ok) return explainCheckpoint(verified.reason);
  return { head: verified.value.head, note, changes };
}

function isTrusted({ recoveries = [] }: TrustedSet, eras: readonly Hash[]): boolean {
  return recoveries.every(({ era }) => eras.some((trusted) => equalBytes(trusted, era)));
}

interface Around {
  readonly node: Followed;
  readonly others: readonly Followed[];
  readonly ground: WitnessGround;
}

/** Against the newest checkpoint that was cosigned. */
async function compare(
  seen: Seen,
  state: WitnessState,
  around: Around,
): Promise<Exclude<Judgement, { kind: 'none' | 'shrunk' }>> {
  const { node, others, ground } = around;
  const cosigned: Seen = { head: state.head, note: state.note, changes: seen.changes };
  if (seen.head.size === state.head.size) {
    if (equalBytes(seen.head.root, state.head.root)) return { kind: 'known', seen };
    return provenFork(cosigned, seen, undefined, ground);
  }
  const [smaller, larger] = seen.head.size > state.head.size ? [cosigned, seen] : [seen, cosigned];
  // Only who has the larger tree can prove it; for one that was cosigned that may be any node.
  const askable = larger === seen ? [node] : [...others, node];
  let fact = 'no node proves it';
  for (const { client } of askable) {
    const answer = await client
      .consistency(smaller.head.size, larger.head.size)
      .catch((error: unknown) => String(error));
    if (typeof answer === 'string') {
      fact = answer;
      continue;
    }
    const { fromRoot: root, path } = answer;
    if (verifyExtension(smaller.head, larger.head, path)) {
      return { kind: larger === seen ? 'extends' : 'known', seen };
    }
    const fork = provenFork(smaller, larger, { root, path }, ground);
    if (fork.kind === 'fork') return fork;
    fact = 'its consistency proof does not hold';
  }
  return { kind: 'unproven', fact };
}

/** The proof of a fork, if what was gathered is one: it is verified as anybody else would. */
function provenFork(
  first: Seen,
  second: Seen,
  beginning: { readonly root: Hash; readonly path: readonly Hash[] } | undefined,
  { genesis, eras, nowMs }: WitnessGround,
): { readonly kind: 'fork'; readonly proof: Uint8Array } | { kind: 'unproven'; fact: string } {
  const proof = encodeCheckpointFork({
    genesis: genesis.bytes,
    first,
    second,
    ...(beginning && { beginning }),
  });
  const verdict = verifyCheckpointFork(proof, { chain: genesis.chain, eras, nowMs: nowMs() });
  if (verdict.outcome === 'valid') return { kind: 'fork', proof };
  return { kind: 'unproven', fact: 'two checkpoints differ, and no proof of it holds' };
}
