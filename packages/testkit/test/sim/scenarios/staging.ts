/** What several named scenarios do: find out who proposes, lose chosen frames, wait for heights. */
import type { Hash } from '@daybook/core';
import { decodeMessage, proposerOf, toHex } from '@daybook/core';
import { parseSignBytes } from '@daybook/state';
import type { Scenario } from '../../../src/sim/scenario.ts';
import type { Frame } from '../../../src/sim/world/wire.ts';

/** Nothing happens on such a chain unless somebody hands something in. */
export const QUIET = { emptyIntervalMs: 60_000 } as const;

/** Machine that proposes in a round of the height that `viewer` works at. */
export function proposerMachine(scenario: Scenario, round: number, viewer: number): number {
  const replica = scenario.machine(viewer).replica();
  if (replica === undefined) throw new Error(`machine ${viewer} is down`);
  const { header, next } = replica.ledger.head();
  const index = proposerOf(
    {
      chain: scenario.world.genesis.chain,
      height: header.height + 1,
      epochBlocks: next.parameters.epochBlocks,
      validators: next.validators,
      rotation: next.rotation,
    },
    round,
  );
  const peerId = replica.peers().validators.peerOf(index);
  const machine = scenario.world.machines.find(({ member }) => member.peerId === peerId);
  if (machine === undefined) throw new Error(`nobody has the key of validator ${index}`);
  return machine.index;
}

/** Loses what the predicate names, until the result is called. */
export function losing(scenario: Scenario, isLost: (frame: Frame) => boolean): () => void {
  const { conditions } = scenario;
  const { fate } = conditions;
  conditions.fate = (frame) => (isLost(frame) ? [] : fate(frame));
  return () => {
    conditions.fate = fate;
  };
}

export function roundOf(scenario: Scenario, machine: number): number {
  return scenario.machine(machine).replica()?.consensus.driver.state().current?.round ?? 0;
}

export function lockOf(
  scenario: Scenario,
  machine: number,
): { readonly round: number; readonly blockHash: Hash } | undefined {
  return scenario.machine(machine).replica()?.consensus.driver.state().current?.lock;
}

/** What the node waits for, as `daybook why` is told. */
export function awaitedBy(scenario: Scenario, machine: number): string | undefined {
  return scenario.machine(machine).replica()?.consensus.driver.explain().awaited;
}

export async function untilAllAt(
  scenario: Scenario,
  machines: readonly number[],
  { height, withinMs }: { readonly height: number; readonly withinMs: number },
): Promise<void> {
  const names = machines.join(', ');
  await scenario.until(
    `machines ${names} at height ${height}`,
    () => machines.every((index) => scenario.machine(index).height() >= height),
    withinMs,
  );
}

/** One block decided by each machine. */
export interface Decision {
  readonly machine: number;
  readonly height: number;
  readonly round: number;
  readonly hash: string;
  readonly signers: readonly number[];
  readonly atMs: number;
  /** Round the node was in by then. */
  readonly ownRound: number;
}

/** Everything that becomes final from now on. */
export function recordDecisions(scenario: Scenario): readonly Decision[] {
  const decisions: Decision[] = [];
  const { events, timeline } = scenario.world;
  events.on('committed', ({ machine, block, certificate }) => {
    decisions.push({
      machine: machine.index,
      height: block.header.height,
      round: certificate.round,
      hash: toHex(block.hash),
      signers: certificate.signers,
      atMs: timeline.now(),
      ownRound: roundOf(scenario, machine.index),
    });
  });
  return decisions;
}

/** One vote that a machine's guard has let out. */
export interface SignedVote {
  readonly machine: number;
  readonly life: number;
  readonly type: string;
  readonly height: number;
  readonly round: number;
  /** Hex of the block, empty for a ROUND-CHANGE. */
  readonly hash: string;
}

/** Calls for each vote that a guard lets out, when it is durable and has not left. */
export function onVote(scenario: Scenario, listener: (vote: SignedVote) => void): void {
  scenario.world.events.on('signed', ({ machine, request }) => {
    const parsed = parseSignBytes(request.signBytes);
    if (!parsed.ok) return;
    const { content } = parsed.value;
    const { type, height, round } = content;
    const hash = 'blockHash' in content ? toHex(content.blockHash) : '';
    listener({ machine: machine.index, life: machine.lives, type, height, round, hash });
  });
}

/** Everything that is signed from now on. */
export function recordVotes(scenario: Scenario): readonly SignedVote[] {
  const votes: SignedVote[] = [];
  onVote(scenario, (vote) => votes.push(vote));
  return votes;
}

/** Hashes of the proposals that leave a machine from now on, with the life they leave in. */
export function recordProposals(
  scenario: Scenario,
  machine: number,
): readonly { readonly life: number; readonly round: number; readonly hash: string }[] {
  const proposals: { life: number; round: number; hash: string }[] = [];
  scenario.world.events.on('sent', (event) => {
    if (event.machine.index !== machine || event.kind !== 'pre-prepare') return;
    const decoded = decodeMessage(event.bytes);
    if (!decoded.ok || decoded.value.type !== 'pre-prepare') return;
    const { content, sender } = decoded.value.signed;
    const own = event.machine.replica()?.selfIndex();
    if (sender !== own) return;
    const { round, blockHash } = content;
    proposals.push({ life: event.machine.lives, round, hash: toHex(blockHash) });
  });
  return proposals;
}
