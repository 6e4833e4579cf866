/**
 * A random run: faults of every kind for a while, then healing, then the demand that the chain
 * grows. One seed decides everything. Each kind of fault is off in about half of the seeds (swarm
 * testing).
 */
import type { Evidence } from '@daybook/core';
import type { ConsensusFatal } from '../../src/index.ts';
import type { Packet, TestNode } from './node.ts';
import type { Prng } from './prng.ts';
import { createPrng } from './prng.ts';
import type { Weather, World } from './world.ts';
import { createWorld } from './world.ts';

export interface StormReport {
  readonly seed: number;
  readonly validators: number;
  readonly twinned: number | undefined;
  readonly heights: number;
  readonly highestDecidedRound: number;
  readonly highestRound: number;
  readonly recoveryMs: number;
  readonly evidence: readonly Evidence[];
  readonly fatals: readonly { readonly node: number; readonly failure: ConsensusFatal }[];
}

/** 2 x (T_MAX of the run + the sum of the first rounds) + 30 s, as I26 asks. */
const RECOVERY_MAX_MS = 2 * (8000 + 9000) + 30_000;
const PARAMETERS = { blockIntervalMs: 200, roundMaxMs: 8000, emptyIntervalMs: 2000 } as const;

interface Faults {
  readonly durationMs: number;
  readonly lossPercent: number;
  readonly lossByType: Partial<Record<Packet['type'], number>>;
  readonly copiesPercent: number;
  readonly delayMaxMs: number;
  readonly spikePercent: number;
  readonly partitions: boolean;
  readonly crashes: boolean;
  readonly powerLoss: boolean;
  readonly clocks: boolean;
}

const LOSSY: readonly Packet['type'][] = [
  'pre-prepare',
  'prepare',
  'commit',
  'round-change',
  'decided',
  'status',
];

function drawFaults(prng: Prng): Faults {
  const often = <T>(value: T, none: T): T => (prng.percent(50) ? value : none);
  const lossByType: Partial<Record<Packet['type'], number>> = {};
  if (prng.percent(35)) for (const type of LOSSY) lossByType[type] = prng.below(91);
  return {
    durationMs: prng.percent(20) ? 60_000 : 10_000,
    lossPercent: often(prng.below(61), 0),
    lossByType,
    copiesPercent: often(prng.below(21), 0),
    delayMaxMs: prng.between(1, 200),
    spikePercent: often(3, 0),
    partitions: prng.percent(50),
    crashes: prng.percent(50),
    powerLoss: prng.percent(30),
    clocks: prng.percent(30),
  };
}

/** Groups of nodes that hear each other; a new layout now and then. */
function createPartition(world: World): {
  redraw(): void;
  heal(): void;
  joins(a: number, b: number): boolean;
} {
  let groups: number[] = [];
  return {
    redraw() {
      groups = world.nodes.map(() => world.prng.below(world.prng.between(1, 3)));
    },
    heal() {
      groups = [];
    },
    joins: (a, b) => groups[a] === groups[b],
  };
}

function stormWeather(
  world: World,
  faults: Faults,
  joins: (a: number, b: number) => boolean,
): Weather {
  const { prng } = world;
  const delay = (): number => {
    if (prng.percent(faults.spikePercent)) return prng.between(500, 5000);
    return prng.between(1, faults.delayMaxMs);
  };
  return (from, to, packet) => {
    if (!joins(from.name, to.name)) return [];
    if (prng.percent(faults.lossPercent)) return [];
    if (prng.percent(faults.lossByType[packet.type] ?? 0)) return [];
    return prng.percent(faults.copiesPercent) ? [delay(), delay()] : [delay()];
  };
}

function crash(world: World, node: TestNode, downMs: number): void {
  if (!node.up) return;
  node.stop();
  world.at(world.nowMs + downMs, () => {
    if (!node.up) node.start();
  });
}

/** Every 100 ms of the storm: perhaps a crash, a power cut, a new layout, a clock that jumps. */
function strike(world: World, faults: Faults, partition: { redraw(): void }): void {
  const { prng } = world;
  if (faults.partitions && prng.percent(8)) partition.redraw();
  if (faults.crashes && prng.percent(10)) {
    crash(world, prng.pick(world.nodes), prng.between(10, 3000));
  }
  if (faults.powerLoss && prng.percent(2)) {
    for (const node of world.nodes)
      if (prng.percent(70)) crash(world, node, prng.between(10, 2000));
  }
  if (faults.clocks && prng.percent(3)) prng.pick(world.nodes).clockMs = prng.between(-400, 400);
  if (prng.percent(30)) world.work(prng.pick(world.nodes), `t${world.nowMs}`);
}

/**
 * @throws Error on a fork, a double signature, a broken invariant, or a chain that does not recover
 */
export function runStorm(seed: number): StormReport {
  const draw = createPrng(seed ^ 0x5707);
  const validators = draw.between(4, 7);
  const twinned = draw.percent(20) ? draw.below(validators) : undefined;
  const faults = drawFaults(draw);
  const world: World = createWorld({
    validators,
    seed,
    parameters: PARAMETERS,
    ...(twinned !== undefined && { twins: [twinned] }),
    diskMs: () => world.prng.between(0, 8),
    workMs: () => world.prng.between(0, 20),
  });
  const partition = createPartition(world);
  let highestRound = 0;
  world.trace = (node) => {
    highestRound = Math.max(highestRound, node.state.current?.round ?? 0);
  };
  world.weather = stormWeather(world, faults, partition.joins);
  for (const node of world.nodes) node.start();
  for (let timeMs = 100; timeMs <= faults.durationMs; timeMs += 100) {
    world.runUntil(timeMs);
    strike(world, faults, partition);
  }

  // Heal: everybody up and connected, clocks good; a cheat and its twin stay as they are.
  partition.heal();
  world.weather = () => [world.prng.between(1, 50)];
  for (const node of world.nodes) {
    node.clockMs = 0;
    const failed = world.fatals.some((fatal) => fatal.node === node.name);
    if (!node.up && !failed) node.start();
  }
  const honest = world.nodes.filter((node) => node.validator !== twinned);
  const goal = Math.max(...honest.map(world.heightOf)) + 3;
  const healedMs = world.nowMs;
  const recovered = (): boolean => honest.every((node) => world.heightOf(node) >= goal);
  world.runUntil(healedMs + RECOVERY_MAX_MS, recovered);
  if (!recovered()) {
    const heights = world.nodes.map((node) => {
      return `n${node.name}: height ${world.heightOf(node)} round ${node.state.current?.round}`;
    });
    throw new Error(`I26: seed ${seed} does not recover: ${heights.join(', ')}`);
  }
  const decided = [...world.decidedRounds.values()].flatMap((rounds) => [...rounds]);
  return {
    seed,
    validators,
    twinned,
    heights: goal,
    highestDecidedRound: Math.max(...decided),
    highestRound,
    recoveryMs: world.nowMs - healedMs,
    evidence: world.evidence,
    fatals: world.fatals,
  };
}
