/**
 * I31: decided timestamps lie close to true time while all clocks of correct validators are right.
 *
 * Not ahead of it: compared with the moment at which the first correct node calls the block final.
 * Not behind it: protocol §14 judges the age of a block when its proposal reaches a validator, and
 * only in the round in which it is made; the votes may take any time after that, and a repeated
 * block keeps its time. So the age is that at which the proposal first reached the machine of each
 * correct validator that voted for it in that round: what the node compares with is never earlier.
 */
import type { Header } from '@daybook/core';
import { messageDelayMs, toHex } from '@daybook/core';
import { parseSignBytes } from '@daybook/state';
import { GENESIS_MS } from '../foundry.ts';
import type { Machine } from '../node/machine.ts';
import { proposalDecoder } from '../proposal-decoder.ts';
import type { EventOf } from '../world/events.ts';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

/** A correct validator that voted for a block in the round in which the block was made. */
interface Voter {
  readonly machine: Machine;
  readonly round: number;
  /** True time, in ms since 1970, at which the proposal first reached it. */
  readonly reachedMs: number;
}

export const TIMES: Checker = {
  invariants: ['I31'],
  watch: (world) => {
    const headers = new Map<number, Header>();
    const votersOf = watchVoters(world);
    world.events.on('committed', ({ machine, block }) => {
      const { header } = block;
      if (!machine.isHonest || headers.has(header.height)) return;
      headers.set(header.height, header);
      if (!areClocksRight(world)) return;
      checkNewest(world, header, headers.get(header.height - 1));
      for (const voter of votersOf(toHex(block.hash))) checkOldest(world, header, voter);
    });
  },
};

function trueTime({ timeline }: World): number {
  return GENESIS_MS + timeline.now();
}

function isRight(world: World, { clock }: Machine): boolean {
  const { precisionMs } = world.genesis.document.parameters;
  return Math.abs(clock.wall() - trueTime(world)) <= precisionMs;
}

function areClocksRight(world: World): boolean {
  if (world.clocksWereWrong()) return false;
  return world.machines.every((machine) => !machine.isHonest || isRight(world, machine));
}

/** @returns who voted for the block with this hash in the round in which it was made */
function watchVoters(world: World): (hash: string) => readonly Voter[] {
  const proposalOf = proposalDecoder();
  const reached = new Map<string, number>();
  const repeated = new Set<string>();
  const own = new Set<string>();
  const voters = new Map<string, Voter[]>();
  world.events.on('arrived', ({ machine, kind, bytes }) => {
    if (kind !== 'pre-prepare' || !machine.isHonest) return;
    const proposal = proposalOf(bytes);
    if (proposal === undefined) return;
    const { round, blockHash } = proposal.signed.content;
    const slot = `${round} ${toHex(blockHash)}`;
    if (proposal.justification?.certificate !== undefined) repeated.add(slot);
    const place = `${machine.index} ${slot}`;
    if (isRight(world, machine) && !reached.has(place)) reached.set(place, trueTime(world));
  });
  world.events.on('signed', ({ machine, request }: EventOf<'signed'>) => {
    const parsed = parseSignBytes(request.signBytes);
    if (!parsed.ok || !machine.isHonest) return;
    const { content } = parsed.value;
    if (content.type !== 'prepare' && content.type !== 'pre-prepare') return;
    const { round, blockHash } = content;
    const hash = toHex(blockHash);
    const slot = `${round} ${hash}`;
    const place = `${machine.index} ${slot}`;
    // Its own proposal does not come by the wire; whoever lies may send it one for the same slot.
    if (content.type === 'pre-prepare') own.add(place);
    const reachedMs = reached.get(place);
    if (reachedMs === undefined || own.has(place) || repeated.has(slot)) return;
    voters.set(hash, [...(voters.get(hash) ?? []), { machine, round, reachedMs }]);
  });
  return (hash) => voters.get(hash) ?? [];
}

function checkNewest(
  world: World,
  { height, timestampMs }: Header,
  parent: Header | undefined,
): void {
  const { precisionMs } = world.genesis.document.parameters;
  const aheadMs = timestampMs - trueTime(world);
  const isForced = timestampMs === (parent?.timestampMs ?? GENESIS_MS) + 1;
  if (aheadMs <= 2 * precisionMs || isForced) return;
  world.violate('I31', `block ${height} is dated ${aheadMs} ms ahead`);
}

function checkOldest(world: World, { height, timestampMs }: Header, voter: Voter): void {
  const { machine, round, reachedMs } = voter;
  const { parameters } = world.genesis.document;
  const ageMs = reachedMs - timestampMs;
  world.coverage.add('age of a final block judged');
  if (ageMs <= messageDelayMs(parameters, round) + 2 * parameters.precisionMs) return;
  const words = `was ${ageMs} ms old when it reached ${machine.name} in round ${round}`;
  world.violate('I31', `block ${height} ${words}, which voted for it`);
}
