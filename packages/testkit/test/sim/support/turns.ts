/** Whose turn it is: scenarios wait for the height at which the right machines propose. */
import { assert, proposerOf } from '@daybook/core';
import type { Machine } from '../../../src/sim/node/machine.ts';
import type { Scenario } from '../../../src/sim/scenario.ts';

const SEARCH_HEIGHTS = 60;
const BLOCK_MS = 20_000;

/** Machine that proposes in a round of the next height, as the head of this one says. */
export function proposerAt(scenario: Scenario, from: Machine, round: number): Machine {
  const replica = from.replica();
  assert(replica !== undefined, 'whose turn it is says a node that runs');
  const { header, next } = replica.ledger.head();
  const { validators, rotation, parameters } = next;
  const { chain } = scenario.world.genesis;
  const height = header.height + 1;
  const { epochBlocks } = parameters;
  const index = proposerOf({ chain, height, epochBlocks, validators, rotation }, round);
  const validator = validators[index];
  const found =
    validator && scenario.world.machines.find((one) => one.hasValidatorId(validator.id));
  assert(found !== undefined, 'a validator has a machine');
  return found;
}

function height(one: Machine): number {
  return one.height();
}

/** Whether all running machines stand at one height and nothing is under way. */
export function isLevel(scenario: Scenario): boolean {
  const running = scenario.running();
  const heights = new Set(running.map(height));
  return (
    heights.size === 1 &&
    running.every((one) => {
      const { current, phase } = one.replica()?.consensus.driver.state() ?? {};
      return phase === 'running' && current?.context.height === one.height() + 1 && !current.want;
    })
  );
}

/**
 * Makes blocks until everybody rests at a height whose turns are as wanted.
 * @returns the height that is to be decided next
 */
export async function toHeightWhere(
  scenario: Scenario,
  isWanted: (turn: (round: number) => Machine) => boolean,
): Promise<number> {
  for (let tries = 0; tries < SEARCH_HEIGHTS; tries++) {
    await scenario.until('everybody at rest', () => isLevel(scenario), BLOCK_MS);
    const [first] = scenario.running();
    assert(first !== undefined, 'somebody runs');
    if (isWanted((round) => proposerAt(scenario, first, round))) return first.height() + 1;
    const next = first.height() + 1;
    scenario.submit(first.index);
    await scenario.until('one more block', () => first.height() >= next, BLOCK_MS);
  }
  throw new Error('no height has the turns that the scenario wants');
}

/** The round in which a machine is at present. */
export function roundOf(machine: Machine): number {
  return machine.replica()?.consensus.driver.state().current?.round ?? 0;
}
