/** I7 within a life and I23: rounds and heads only grow, and nothing that is kept grows without limit. */
import type { Replica } from '@daybook/node';
import { EVIDENCE_POOL } from '@daybook/node';
import type { Machine } from '../node/machine.ts';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

const MEMPOOL_BYTES_MAX = 4 * 1024 * 1024;
/** Rounds of the next height whose proposals are kept. */
const NEXT_ROUNDS = 2;

interface Seen {
  readonly life: number;
  readonly height: number;
  readonly round: number;
}

export const BOUNDS: Checker = {
  invariants: ['I7', 'I23'],
  watch: (world) => {
    const seen = new Map<Machine, Seen>();
    world.events.on('sampled', () => {
      for (const machine of world.machines) {
        const now = seenOf(machine);
        if (now === undefined) continue;
        countPressure(world, machine);
        if (now.round >= 5) world.coverage.add('round 5 or later');
        const fault = machine.isHonest ? faultOf(machine, seen.get(machine), now) : undefined;
        seen.set(machine, now);
        if (fault !== undefined) world.violate(fault.invariant, `${machine.name} ${fault.words}`);
      }
    });
  },
};

function seenOf(machine: Machine): Seen | undefined {
  const current = machine.replica()?.consensus.driver.state().current;
  return current && { life: machine.lives, height: current.context.height, round: current.round };
}

/** Whether a liar has pressed on a bound until it held: the rest of what it spread was refused. */
function countPressure({ coverage }: World, machine: Machine): void {
  const share = machine.isHonest ? machine.replica()?.systems.pool.largestShare() : undefined;
  if (share === EVIDENCE_POOL.faultsOfOneMax) coverage.add('evidence of one at its bound');
}

function faultOf(
  machine: Machine,
  before: Seen | undefined,
  now: Seen,
): { readonly invariant: string; readonly words: string } | undefined {
  const excess = excessOf(machine);
  if (excess !== undefined) return { invariant: 'I23', words: `holds ${excess}` };
  if (before?.life !== now.life || !fellBack(before, now)) return undefined;
  return { invariant: 'I7', words: `fell back to ${now.height}/${now.round}` };
}

/** What it holds more of than it may, in words. */
function excessOf(machine: Machine): string | undefined {
  const replica = machine.replica();
  if (replica === undefined) return undefined;
  const { mempool, systems, consensus, ledger } = replica;
  const held: readonly (readonly [count: number, most: number, words: string])[] = [
    [mempool.bytes(), MEMPOOL_BYTES_MAX, 'bytes of transactions'],
    [consensus.blocksHeld(), blocksMax(ledger.head().next), 'blocks'],
    [systems.pool.count('evidence'), EVIDENCE_POOL.faultsMax, 'faults'],
    [systems.pool.largestShare(), EVIDENCE_POOL.faultsOfOneMax, 'faults of one validator'],
    [systems.kept(), EVIDENCE_POOL.faultsMax, 'faults on disk'],
  ];
  const over = held.find(([count, most]) => count > most);
  return over && `${over[0]} ${over[2]}, not ${over[1]}`;
}

type Next = Readonly<ReturnType<Replica['ledger']['head']>['next']>;

/**
 * Of the height being decided the machine asks for one block per round of the window and one more,
 * and says itself when that is broken. The driver has besides what waits for the next height.
 */
function blocksMax({ parameters }: Next): number {
  return parameters.roundWindow + 1 + NEXT_ROUNDS;
}

function fellBack(before: Seen, now: Seen): boolean {
  return now.height < before.height || (now.height === before.height && now.round < before.round);
}
