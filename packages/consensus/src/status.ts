/**
 * STATUS, in both directions: what this node shows (protocol §5), helping those who are behind
 * (R13), supplying what others lack (R14), and the hint that others are ahead (§18).
 */
import type { Hash, Height, Status } from '@daybook/core';
import { equalBytes } from '@daybook/core';
import { bitmapOf } from './bitmap.ts';
import type { Draft, Work } from './draft.ts';
import { emit, noteHeard } from './draft.ts';
import type { PeerName, StatusReceived } from './event.ts';
import { HELP_GAP_MS, HELP_SAME_HEIGHT_GAP_MS, HELPED_PEERS_MAX } from './limits.ts';
import { supplyLacking } from './relay.ts';
import type { HelpGiven } from './state.ts';
import type { Held } from './votes.ts';

function heldIndices(row: readonly (Held<unknown> | undefined)[] | undefined): readonly number[] {
  return (row ?? []).flatMap((held, index) => (held === undefined ? [] : [index]));
}

/** What this node shows of itself at its height and round. */
export function statusOf({ height, state, now }: Work): Status {
  const { context, round } = height;
  const count = context.validators.length;
  const bitmap = (indices: readonly number[]): Uint8Array => bitmapOf(indices, count);
  const proposer = height.proposals[round]?.message.signed.sender;
  const headHash: Hash = context.parent.hash;
  return {
    type: 'status',
    height: context.height,
    round,
    headHash,
    wallMs: now.wallMs,
    links: bitmap(state.links),
    held: {
      prePrepare: bitmap(proposer === undefined ? [] : [proposer]),
      prepare: bitmap(heldIndices(height.prepares[round])),
      commit: bitmap(heldIndices(height.commits[round])),
      roundChange: bitmap(heldIndices(height.roundChanges[round])),
    },
  };
}

export function sendStatus(work: Work): void {
  emit(work, { type: 'send-status', status: statusOf(work) });
}

/** R11: whoever has come is shown at once how far the chain is, and need not wait for a period. */
export function showStatus(work: Work, to: PeerName): void {
  emit(work, { type: 'send-status', status: statusOf(work), to });
}

function mayHelp(given: readonly HelpGiven[], height: Height, monoMs: number): boolean {
  const last = given.at(-1);
  if (last !== undefined && monoMs - last.atMonoMs < HELP_GAP_MS) return false;
  return given.every((help) => {
    return help.height !== height || monoMs - help.atMonoMs >= HELP_SAME_HEIGHT_GAP_MS;
  });
}

/** Makes room for one more peer by forgetting the one helped longest ago. */
function withRoom(
  helped: Readonly<Record<PeerName, readonly HelpGiven[]>>,
): Readonly<Record<PeerName, readonly HelpGiven[]>> {
  const names = Object.keys(helped);
  if (names.length < HELPED_PEERS_MAX) return helped;
  const lastHelp = (name: PeerName): number => helped[name]?.at(-1)?.atMonoMs ?? 0;
  const oldest = names.reduce((a, b) => (lastHelp(b) < lastHelp(a) ? b : a));
  const { [oldest]: _forgotten, ...rest } = helped;
  return rest;
}

/** R13: DECIDED for whoever still works on a finalised height, within its rates. */
function help(draft: Draft, peer: PeerName, height: Height): void {
  const { monoMs } = draft.now;
  const given = draft.state.helped[peer] ?? [];
  if (!mayHelp(given, height, monoMs)) return;
  const recent = given.filter(({ atMonoMs }) => monoMs - atMonoMs < HELP_SAME_HEIGHT_GAP_MS);
  const room =
    draft.state.helped[peer] === undefined ? withRoom(draft.state.helped) : draft.state.helped;
  draft.state.helped = { ...room, [peer]: [...recent, { height, atMonoMs: monoMs }] };
  emit(draft, { type: 'help', peer, height });
}

/** A STATUS proves nothing; it only makes the node generous or curious. */
export function uponStatus(work: Work, { peer, validator, status }: StatusReceived): void {
  const { state, now, height } = work;
  if (validator !== undefined && validator < height.context.validators.length) {
    noteHeard(work, validator);
    const before = state.peers[validator];
    const view = { supplies: 0, ...before, status, atMonoMs: now.monoMs };
    const running = state.phase === 'running';
    state.peers = state.peers.with(
      validator,
      running ? supplyLacking(work, validator, view) : view,
    );
  }
  const working = height.context.height;
  if (status.height < working) help(work, peer, status.height);
  // The same height on another block: whoever is shown both certificates stops with a proof (R15).
  const isForked = !equalBytes(status.headHash, height.context.parent.hash);
  if (status.height === working && isForked) help(work, peer, working - 1);
  const ahead = state.phase === 'finalising' ? working + 1 : working;
  if (status.height > ahead) emit(work, { type: 'sync', height: status.height - 1, peer });
}
