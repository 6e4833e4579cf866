/**
 * I29: a chain with all its validators at work to which nobody hands anything in makes one empty block
 * per interval, in round 0, and its nodes wake up five times a second at most, beside what the
 * messages of that block take: four from every other node. Watched from the event
 * `resting` to the end of the run: whoever emits it promises that there is nothing else to do.
 */
import type { EventOf } from '../world/events.ts';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

/** What votes and clocks may add to an interval or take from it, in ms. */
const TOLERANCE_MS = 1000;
const WAKE_UPS_MAX = 5;
/** Proposal or status, PREPARE, COMMIT and the news of the final block. */
const FRAMES_OF_A_BLOCK = 4;

/** What is known of the rest. */
interface Rest {
  readonly sinceMs: number;
  readonly tasksBefore: number;
  readonly intervalMs: number;
  height: number;
  /** When the newest block was first final somewhere. */
  atMs: number;
  /** Whether `atMs` is of a block that was made in the rest. */
  isFirst: boolean;
}

export const IDLENESS: Checker = {
  invariants: ['I29'],
  watch: (world) => {
    let rest: Rest | undefined;
    const { events } = world;
    events.on('resting', () => {
      rest = begin(world);
    });
    events.on('committed', (event) => {
      const isNew = rest !== undefined && event.block.header.height > rest.height;
      if (rest !== undefined && isNew && event.machine.isHonest) judge(world, rest, event);
    });
    events.on('sampled', () => {
      if (rest === undefined) return;
      const waitedMs = world.timeline.now() - rest.atMs;
      if (waitedMs <= rest.intervalMs + TOLERANCE_MS) return;
      world.violate('I29', `idle for ${waitedMs} ms without a block above ${rest.height}`);
    });
    events.on('ended', () => {
      if (rest !== undefined) countWakeUps(world, rest);
    });
  },
};

function begin({ timeline, machines, genesis }: World): Rest {
  return {
    sinceMs: timeline.now(),
    tasksBefore: timeline.tasks(),
    intervalMs: genesis.document.parameters.emptyIntervalMs,
    height: Math.max(...machines.map((one) => one.height())),
    atMs: timeline.now(),
    isFirst: true,
  };
}

function judge(world: World, rest: Rest, { block, certificate }: EventOf<'committed'>): void {
  const { height } = block.header;
  const nowMs = world.timeline.now();
  const sinceMs = nowMs - rest.atMs;
  const { intervalMs, isFirst } = rest;
  rest.height = height;
  rest.atMs = nowMs;
  rest.isFirst = false;
  world.coverage.add('idle block');
  const found = `block ${height} of an idle chain`;
  if (block.entries.length > 0)
    world.violate('I29', `${found} holds ${block.entries.length} entries`);
  if (certificate.round > 0) world.violate('I29', `${found} took ${certificate.round + 1} rounds`);
  // The rest begins somewhere within an interval.
  if (isFirst || sinceMs >= intervalMs - TOLERANCE_MS) return;
  world.violate('I29', `${found} comes ${sinceMs} ms after the one before, not ${intervalMs}`);
}

function countWakeUps({ timeline, machines, violate }: World, rest: Rest): void {
  const seconds = (timeline.now() - rest.sinceMs) / 1000;
  const nodes = machines.filter((one) => one.state() === 'up').length;
  // A stretch shorter than an interval says nothing of the mean over many.
  if (seconds * 1000 < rest.intervalMs || nodes === 0) return;
  const perSecond = (timeline.tasks() - rest.tasksBefore) / seconds / nodes;
  const ofBlocks = (FRAMES_OF_A_BLOCK * (nodes - 1) * 1000) / rest.intervalMs;
  if (perSecond <= WAKE_UPS_MAX + ofBlocks) return;
  violate('I29', `${perSecond.toFixed(1)} wake-ups a second and node of an idle chain`);
}
