/**
 * A round of following: every node is asked for its checkpoint; what extends the history is
 * remembered before anything else happens with it. A fork, or a tree that shrank, ends it.
 */
import type {
  CheckpointFacts,
  FollowedNode,
  FollowGround,
  Judgement,
  KnownHistory,
  SeenCheckpoint,
} from '@daybook/client';
import { explainVerification, followNode, withSeen } from '@daybook/client';
import { encodeUtf8 } from '@daybook/core';
import { CliError } from '../errors.ts';
import type { HistoryState, HistoryStore } from './store.ts';

export const FORK_FILE = 'checkpoint-fork.bin';
const SHRUNK_FILE = 'shrunk-tree.txt';

export interface FollowParts extends FollowGround {
  readonly nodes: readonly FollowedNode[];
  readonly store: HistoryStore;
  /** Told what happened, in words and facts. */
  readonly tell: (event: FollowEvent) => void;
  /** What is done with a checkpoint that extends the history, once it is remembered. */
  readonly onNewer: (seen: SeenCheckpoint, from: FollowedNode) => Promise<void>;
}

export type FollowEvent =
  | {
      readonly kind: 'seen';
      readonly url: string;
      readonly isNew: boolean;
      readonly facts: CheckpointFacts;
    }
  | { readonly kind: 'away'; readonly url: string; readonly fact: string }
  | {
      readonly kind: 'unproven';
      readonly url: string;
      readonly fact: string;
      /** Whether it does not hold, or nobody can tell. */
      readonly outcome: 'invalid' | 'unknown';
      readonly facts?: CheckpointFacts;
    };

/** @throws CliError CLI_WITNESS_FORK if evidence of an earlier run lies there */
export async function refuseAfterAlarm(store: HistoryStore): Promise<void> {
  const file = await store.kept(FORK_FILE);
  if (file !== undefined) throw new CliError({ code: 'CLI_WITNESS_FORK', path: file });
}

/**
 * Asks every node once.
 * @returns what is remembered now
 * @throws CliError CLI_WITNESS_FORK or CLI_WITNESS_SHRUNK, the evidence being on disk
 */
export async function followOnce(
  parts: FollowParts,
  before: HistoryState | undefined,
): Promise<HistoryState | undefined> {
  let state = before;
  for (const node of parts.nodes) {
    const judgement = await judge(node, state, parts);
    if (judgement !== undefined) state = await take(judgement, node, { parts, state });
  }
  return state;
}

async function judge(
  node: FollowedNode,
  state: KnownHistory | undefined,
  parts: FollowParts,
): Promise<Judgement | undefined> {
  try {
    const others = parts.nodes.filter((other) => other !== node);
    return await followNode(node, state, others, parts);
  } catch (error) {
    parts.tell({ kind: 'away', url: node.url, fact: factOf(error) });
    return undefined;
  }
}

async function take(
  judgement: Judgement,
  node: FollowedNode,
  { parts, state }: { readonly parts: FollowParts; readonly state: HistoryState | undefined },
): Promise<HistoryState | undefined> {
  const { store, tell } = parts;
  const { url } = node;
  switch (judgement.kind) {
    case 'none':
      return state;
    case 'invalid':
    case 'undecided': {
      const fact = explainVerification(judgement.reason);
      const told =
        judgement.kind === 'invalid'
          ? ({ outcome: 'invalid' } as const)
          : ({ outcome: 'unknown', facts: judgement.facts } as const);
      tell({ kind: 'unproven', url, fact, ...told });
      return state;
    }
    case 'fork': {
      const path = await store.keep(FORK_FILE, judgement.proof);
      throw new CliError({ code: 'CLI_WITNESS_FORK', path });
    }
    case 'shrunk': {
      const both = [...judgement.before, ...encodeUtf8('\n'), ...judgement.seen.note];
      const path = await store.keep(SHRUNK_FILE, Uint8Array.from(both));
      throw new CliError({ code: 'CLI_WITNESS_SHRUNK', path, url });
    }
    case 'known':
    case 'extends': {
      const { seen, kind } = judgement;
      const isNew = kind === 'extends';
      const source = isNew || state === undefined ? url : state.source;
      const next = { ...withSeen(state, judgement, url), source };
      if (isNew || state?.shown[url]?.size !== seen.head.size) await store.write(next);
      tell({ kind: 'seen', url, isNew, facts: seen.facts });
      if (isNew) await parts.onNewer(seen, node);
      return next;
    }
  }
}

/** An event as scripts read it. */
export function followJson(event: FollowEvent): Readonly<Record<string, unknown>> {
  switch (event.kind) {
    case 'seen': {
      const { kind, url, isNew, facts } = event;
      return { kind, url, isNew, size: facts.head.size };
    }
    case 'unproven': {
      const { kind, url, outcome, fact } = event;
      return { kind, url, outcome, fact };
    }
    case 'away':
      return event;
  }
}

export function factOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
