/**
 * Exhaustive crash points (docs/reliability.md, scenario 14): the same short history of four
 * validators again and again, and each time one of them dies at another point of its disk work: before
 * a write, between write and sync, with one mirror synced, with all synced and nothing sent, with a
 * vote sent to one peer only. It restarts, and everybody must go on with every invariant kept.
 */
import type { Foundry } from './foundry.ts';
import type { DeathKind } from './node/machine.ts';
import type { Scenario } from './scenario.ts';
import { openScenario } from './scenario.ts';
import type { FrameKind } from './world/wire.ts';

/** One place to die. */
export interface CrashPoint {
  readonly machine: number;
  /** Which of the moments of this machine, counted from the first block on. */
  readonly ordinal: number;
  /** The moment in words, for example `synced /data/votes/wal-A`. */
  readonly moment: string;
  readonly death: DeathKind;
}

const VALIDATORS = 4;
const HEIGHTS = 3;
const HEIGHT_MS_MAX = 30_000;
const DOWN_MS = 300;
/** One is proposed to be down, and the chain is quiet but for what is handed in. */
const PARAMETERS = { emptyIntervalMs: 60_000, roundBaseMs: 1000, roundStepMs: 500 };
const VOTES: ReadonlySet<FrameKind> = new Set(['pre-prepare', 'prepare', 'commit']);
/** The one who stores a transaction for the others; never the one who dies. */
const clientOf = (machine: number): number => (machine + 1) % VALIDATORS;

type OnMoment = (machine: number, moment: string) => void;

/** Every point at which the process of a machine can die in three heights. */
export async function listCrashPoints(foundry: Foundry): Promise<readonly CrashPoint[]> {
  const points: CrashPoint[] = [];
  for (let machine = 0; machine < VALIDATORS; machine++) {
    const moments: string[] = [];
    const scenario = await openStage(foundry);
    watchMoments(scenario, (which, moment) => {
      if (which === machine) moments.push(moment);
    });
    await live(scenario, machine);
    scenario.end();
    for (const [ordinal, moment] of moments.entries()) {
      points.push({ machine, ordinal, moment, death: 'kill' });
      points.push({ machine, ordinal, moment, death: 'power-loss' });
    }
  }
  return points;
}

/**
 * Lives through one of them.
 * @throws Error with the invariant that broke, or because somebody did not go on
 */
export async function runCrashPoint(point: CrashPoint, foundry: Foundry): Promise<void> {
  const scenario = await openStage(foundry);
  const { timeline } = scenario.world;
  const victim = scenario.machine(point.machine);
  let count = 0;
  let died = '';
  watchMoments(scenario, (which, moment) => {
    if (which !== point.machine || died !== '' || count++ < point.ordinal) return;
    died = moment;
    victim.crash(point.death, `dies at ${moment}`);
    timeline.at(timeline.now() + DOWN_MS, () => victim.start());
  });
  await live(scenario, point.machine);
  if (died !== point.moment) throw new Error(`it died at ${died}, not at ${point.moment}`);
  scenario.end();
}

async function openStage(foundry: Foundry): Promise<Scenario> {
  const execution = 'shared' as const;
  return await openScenario({ validators: VALIDATORS, parameters: PARAMETERS, execution }, foundry);
}

/** Three heights and one more, so that whoever died late shows that it goes on. */
async function live(scenario: Scenario, machine: number): Promise<void> {
  for (let height = 1; height <= HEIGHTS + 1; height++) {
    scenario.submit(clientOf(machine));
    await scenario.until(
      `everybody at height ${height}`,
      () => scenario.world.machines.every((one) => one.height() >= height),
      HEIGHT_MS_MAX,
    );
  }
  await scenario.until(
    'everybody up and trusted',
    () =>
      scenario.world.machines.every((one) => {
        return one.replica()?.consensus.trust?.report().phase === 'trusted';
      }),
    HEIGHT_MS_MAX,
  );
}

/** Tells of disk work, and of the second frame of each broadcast of a vote, before it happens. */
function watchMoments({ world }: Scenario, onMoment: OnMoment): void {
  const isOver = (): boolean => world.machines.every((one) => one.height() >= HEIGHTS);
  for (const machine of world.machines) {
    machine.strike = ({ operation, path }) => {
      if (!isOver()) onMoment(machine.index, `${operation} ${path}`);
      return undefined;
    };
  }
  const last = new Map<number, { readonly bytes: Uint8Array; frames: number }>();
  world.events.on('sent', ({ machine, kind, bytes }) => {
    if (!VOTES.has(kind) || isOver()) return;
    const before = last.get(machine.index);
    const frames = before?.bytes === bytes ? before.frames + 1 : 1;
    last.set(machine.index, { bytes, frames });
    if (frames === 2) onMoment(machine.index, `half of a ${kind}`);
  });
}
