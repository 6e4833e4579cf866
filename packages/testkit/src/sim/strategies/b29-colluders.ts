/**
 * B29: all traitors work together. In a round that one of them proposes, just enough correct
 * validators see the proposal to prepare it with the traitors' votes, and one alone sees those
 * votes: one lock a round, in another place each time. Their ROUND-CHANGEs know of no lock.
 */
import type { Message } from '@daybook/core';
import { quorumOf } from '@daybook/core';
import type { Machine } from '../node/machine.ts';
import type { Strategy } from './strategy.ts';
import type { Traitor } from './traitor.ts';

export const COLLUDERS: Strategy = {
  name: 'B29',
  title: 'colluding proposers lock one correct validator a round and deny it later',
  begin: (traitor) => {
    traitor.bend({ outgoing: ({ to, message }) => bent(traitor, to, message) });
  },
};

function bent(traitor: Traitor, to: number, message: Message): readonly Message[] {
  if (!('signed' in message)) return [message];
  const { height, round } = message.signed.content;
  if (message.type === 'round-change') {
    if (message.signed.content.prepared === undefined) return [message];
    plot(traitor);
    return [
      { type: 'round-change', signed: traitor.sign({ type: 'round-change', height, round }) },
    ];
  }
  if (!isProposedByOurs(traitor, round)) return [message];
  plot(traitor);
  const { audience, confidant } = plotOf(traitor, height, round);
  if (message.type === 'pre-prepare') return audience.has(to) ? [message] : [];
  return to === confidant || traitor.world.machines[to]?.isHonest === false ? [message] : [];
}

/** Tells the coverage counters, and whether there was anybody to collude with. */
function plot(traitor: Traitor): void {
  const isFirst = traitor.acted();
  const { coverage, machines } = traitor.world;
  const present = machines.filter((one) => isTraitor(one) && one.state() === 'up');
  if (isFirst && present.length >= 2) coverage.add('two or more colluders at work');
}

function isProposedByOurs(traitor: Traitor, round: number): boolean {
  const proposer = traitor.proposerAt(round);
  return proposer !== undefined && traitor.machineOf(proposer)?.isHonest === false;
}

interface Plot {
  /** Machines that get the proposal. */
  readonly audience: ReadonlySet<number>;
  /** The one that gets the traitors' votes. */
  readonly confidant: number | undefined;
}

/** Drawn by all of them alike. */
function plotOf({ world, machine }: Traitor, height: number, round: number): Plot {
  const members = new Set(world.machines.filter(isTraitor).map((one) => one.member));
  const { quorum } = quorumOf(machine.replica()?.ledger.head().next.validators.length ?? 1);
  const prng = world.prng.fork(`plot ${height}/${round}`);
  const honest = world.machines.filter(({ isHonest, isValidator }) => isHonest && isValidator);
  const chosen = prng.shuffle(honest).slice(0, Math.max(1, quorum - members.size));
  const traitors = world.machines.filter(isTraitor).map(({ index }) => index);
  return {
    audience: new Set([...chosen.map(({ index }) => index), ...traitors]),
    confidant: chosen[0]?.index,
  };
}

function isTraitor({ isHonest, isValidator }: Machine): boolean {
  return !isHonest && isValidator;
}
