/** I7 within a life and I23: rounds and heads only grow, and nothing that is kept grows without limit. */
import type { Machine } from '../node/machine.ts';
import type { Checker } from './checker.ts';

const MEMPOOL_BYTES_MAX = 4 * 1024 * 1024;

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

function faultOf(
  machine: Machine,
  before: Seen | undefined,
  now: Seen,
): { readonly invariant: string; readonly words: string } | undefined {
  const bytes = machine.replica()?.mempool.bytes() ?? 0;
  if (bytes > MEMPOOL_BYTES_MAX) {
    return { invariant: 'I23', words: `holds ${bytes} bytes of transactions` };
  }
  if (before?.life !== now.life || !fellBack(before, now)) return undefined;
  return { invariant: 'I7', words: `fell back to ${now.height}/${now.round}` };
}

function fellBack(before: Seen, now: Seen): boolean {
  return now.height < before.height || (now.height === before.height && now.round < before.round);
}
