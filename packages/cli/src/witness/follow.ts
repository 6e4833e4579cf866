/**
 * The round of a witness: every node is asked for its checkpoint; what extends the history is
 * remembered first, cosigned then, and handed to all nodes. A fork or a tree that shrank ends it.
 */
import type { NoteSignature, Signer } from '@daybook/core';
import { cosignNote, encodeNoteSignature, encodeTreeHead, encodeUtf8 } from '@daybook/core';
import { CliError } from '../errors.ts';
import type { Followed, Judgement, Seen, WitnessGround } from './judge.ts';
import { judgeNode } from './judge.ts';
import type { WitnessState, WitnessStore } from './store.ts';

export const FORK_FILE = 'checkpoint-fork.bin';
const SHRUNK_FILE = 'shrunk-tree.txt';

export interface WitnessParts extends WitnessGround {
  readonly nodes: readonly Followed[];
  readonly store: WitnessStore;
  /** Name and key under which it cosigns. */
  readonly name: string;
  readonly signer: Signer;
  /** Told what happened, in words and facts. */
  readonly tell: (event: WitnessEvent) => void;
}

export type WitnessEvent =
  | { readonly kind: 'cosigned'; readonly size: number; readonly url: string }
  | { readonly kind: 'handed in'; readonly size: number; readonly url: string }
  | { readonly kind: 'not handed in'; readonly url: string; readonly fact: string }
  | { readonly kind: 'away'; readonly url: string; readonly fact: string }
  | { readonly kind: 'unproven'; readonly url: string; readonly fact: string };

/** @throws CliError CLI_WITNESS_FORK if evidence of an earlier run lies there */
export async function refuseAfterAlarm(store: WitnessStore): Promise<void> {
  const file = await store.kept(FORK_FILE);
  if (file !== undefined) throw new CliError({ code: 'CLI_WITNESS_FORK', path: file });
}

/**
 * Asks every node once.
 * @returns what is remembered now
 * @throws CliError CLI_WITNESS_FORK or CLI_WITNESS_SHRUNK, the evidence being on disk
 */
export async function followOnce(
  parts: WitnessParts,
  before: WitnessState | undefined,
): Promise<WitnessState | undefined> {
  let state = before;
  for (const node of parts.nodes) {
    const judgement = await judge(node, state, parts);
    if (judgement !== undefined) state = await take(judgement, node, { parts, state });
  }
  return state;
}

async function judge(
  node: Followed,
  state: WitnessState | undefined,
  parts: WitnessParts,
): Promise<Judgement | undefined> {
  try {
    const others = parts.nodes.filter((other) => other !== node);
    return await judgeNode(node, state, others, parts);
  } catch (error) {
    parts.tell({ kind: 'away', url: node.url, fact: factOf(error) });
    return undefined;
  }
}

async function take(
  judgement: Judgement,
  node: Followed,
  { parts, state }: { readonly parts: WitnessParts; readonly state: WitnessState | undefined },
): Promise<WitnessState | undefined> {
  const { store, tell } = parts;
  const { url } = node;
  switch (judgement.kind) {
    case 'none':
      return state;
    case 'unproven':
      tell({ kind: 'unproven', url, fact: judgement.fact });
      return state;
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
      return state && (await remember(store, withShown(state, judgement.seen, url), state));
    case 'extends': {
      const { seen } = judgement;
      const { head, note } = seen;
      const shown = state?.shown ?? {};
      const next = withShown({ head, note, source: url, shown }, seen, url);
      await store.write(next);
      await cosign(seen, node, parts);
      return next;
    }
  }
}

function withShown(state: WitnessState, { head, note }: Seen, url: string): WitnessState {
  return { ...state, shown: { ...state.shown, [url]: { size: head.size, note } } };
}

/** Writes only what is new. */
async function remember(
  store: WitnessStore,
  next: WitnessState,
  before: WitnessState,
): Promise<WitnessState> {
  const isNew = Object.entries(next.shown).some(
    ([url, { size }]) => before.shown[url]?.size !== size,
  );
  if (isNew) await store.write(next);
  return next;
}

async function cosign({ head }: Seen, from: Followed, parts: WitnessParts): Promise<void> {
  const timeS = Math.floor(parts.nowMs() / 1000);
  const line: NoteSignature = cosignNote(
    { text: encodeTreeHead(head), timeS },
    parts.name,
    parts.signer,
  );
  parts.tell({ kind: 'cosigned', size: head.size, url: from.url });
  const lines = encodeUtf8(encodeNoteSignature(line));
  // The node that served it first: it has the tree for certain, and passes the line on.
  for (const { client, url } of [from, ...parts.nodes.filter((node) => node !== from)]) {
    try {
      await client.cosign(head.size, lines);
      parts.tell({ kind: 'handed in', size: head.size, url });
    } catch (error) {
      parts.tell({ kind: 'not handed in', url, fact: factOf(error) });
    }
  }
}

function factOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
