/** Builds the world of a plan: machines, wire, bus and trace, with nothing running yet. */
import { assert } from '@daybook/core';
import { createCoverage } from '../coverage.ts';
import type { Conditions } from '../faults/conditions.ts';
import { createConditions } from '../faults/conditions.ts';
import type { Member, SimulatedChain } from '../foundry.ts';
import { GENESIS_MS } from '../foundry.ts';
import { describeError } from '../node/failure.ts';
import { Machine } from '../node/machine.ts';
import { createEventBus, short } from './events.ts';
import type { Prng } from './prng.ts';
import { createTimeline } from './timeline.ts';
import { createTrace } from './trace.ts';
import type { FrameKind, Parcel, Port } from './wire.ts';
import { createWire, FRAME_KINDS } from './wire.ts';
import type { Violation, World } from './world.ts';

export interface WorldOptions {
  readonly prng: Prng;
  readonly chain: SimulatedChain;
  /** Members whose key runs on one more machine each. */
  readonly twins: readonly number[];
  /** Takes the full log. */
  readonly print?: ((line: string) => void) | undefined;
}

export interface NewWorld {
  readonly world: World;
  readonly conditions: Conditions;
}

export function createWorld(options: WorldOptions): NewWorld {
  const { prng, chain, twins, print } = options;
  const timeline = createTimeline();
  const trace = createTrace({ now: () => timeline.now(), print });
  const events = createEventBus();
  const coverage = createCoverage();
  const conditions = createConditions(prng.fork('network'), coverage);
  const watch = (from: Port, to: Port, kind: FrameKind, parcel: Parcel): void => {
    const bytes = parcel.bytes ?? new Uint8Array();
    const tail = ((bytes.at(-1) ?? 0) << 8) | (bytes.at(-2) ?? 0);
    const numbers = [FRAME_KINDS.indexOf(kind) + 1, from.machine, to.machine, bytes.length, tail];
    trace.note(numbers, () => `n${from.machine} -> n${to.machine} ${kind} ${bytes.length} B`);
  };
  const wire = createWire(timeline, conditions, watch);
  const clocks = prng.fork('clocks');
  const places = [...chain.members, ...twins.map((index) => memberAt(chain, index))];
  const machines = places.map((member, index) => {
    const machinePrng = prng.fork(`machine ${index}`);
    const log = print && ((line: string) => trace.remark(line));
    return new Machine(
      {
        index,
        member,
        engine: chain.engine,
        genesis: chain.genesis,
        startMs: GENESIS_MS,
        driftPpm: clocks.chance(500) ? clocks.between(-200, 200) : 0,
      },
      { timeline, wire, events, prng: machinePrng, log },
    );
  });
  let found: Violation | undefined;
  let clocksWrong = false;
  const world: World = {
    prng,
    timeline,
    wire,
    trace,
    events,
    chain,
    machines,
    coverage,
    genesis: chain.genesis,
    clocksWereWrong: () => clocksWrong,
    setClocksWrong: () => {
      clocksWrong = true;
    },
    violate: (invariant, words) => {
      if (found !== undefined) return;
      found = { invariant, words, atMs: timeline.now() };
      trace.note([invariant.length], () => `VIOLATION ${invariant}: ${words}`);
    },
    violation: () => found,
  };
  traceLife(world);
  return { world, conditions };
}

function memberAt({ members }: SimulatedChain, index: number): Member {
  const member = members[index];
  assert(member !== undefined, 'a twin is of a member');
  return member;
}

/** Lives, deaths and decisions, in the trace. */
function traceLife({ events, trace }: World): void {
  events.on('booted', ({ machine, height }) => {
    trace.note([20, machine.index, height], () => `${machine.name} up at height ${height}`);
  });
  events.on('crashed', ({ machine, why }) => {
    trace.note([21, machine.index], () => `${machine.name} down: ${why}`);
  });
  events.on('failed', ({ machine, code, error }) => {
    trace.note([25, machine.index, code.length], () => {
      return `${machine.name} must end: ${code}: ${describeError(error)}`;
    });
  });
  events.on('fatal', ({ machine, code }) => {
    trace.note([22, machine.index, code.length], () => `${machine.name} has ended: ${code}`);
  });
  events.on('evidence', ({ machine, kind, validator, height }) => {
    trace.note([24, machine.index, height], () => {
      return `${machine.name} accuses ${validator.slice(0, 8)} at ${height}: ${kind}`;
    });
  });
  events.on('committed', ({ machine, block, certificate }) => {
    const { height } = block.header;
    const { round } = certificate;
    const first = (block.hash[0] ?? 0) | ((block.hash[1] ?? 0) << 8);
    trace.note([23, machine.index, height, round, first], () => {
      return `${machine.name} final ${height} ${short(block.hash)} round ${round}`;
    });
  });
}
