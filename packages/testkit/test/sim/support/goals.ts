/** What must happen within some time, told as the invariant that it is when it does not. */
import type { Machine } from '../../../src/sim/node/machine.ts';
import type { Scenario } from '../../../src/sim/scenario.ts';

export interface Goal {
  /** `I26` unless it is another. */
  readonly invariant?: string;
  readonly what: string;
  readonly withinMs: number;
}

/** Lets time pass until the goal is reached. @throws Error that begins with the invariant */
export async function reach(scenario: Scenario, holds: () => boolean, goal: Goal): Promise<void> {
  const { world } = scenario;
  const { timeline } = world;
  const isOver = (): boolean => holds() || world.violation() !== undefined;
  await timeline.run(timeline.now() + goal.withinMs, isOver);
  if (!holds()) {
    const facts = world.machines.map(describe).join(', ');
    world.violate(
      goal.invariant ?? 'I26',
      `${goal.what}: not within ${goal.withinMs} ms: ${facts}`,
    );
  }
  await scenario.run(0);
}

/** Every one of the machines gains so many heights from where the highest of them stands. */
export async function gain(
  scenario: Scenario,
  machines: readonly Machine[],
  { heights = 3, withinMs }: { readonly heights?: number; readonly withinMs: number },
): Promise<void> {
  const goal = Math.max(...machines.map((one) => one.height())) + heights;
  const holds = (): boolean => machines.every((one) => one.height() >= goal);
  await reach(scenario, holds, { what: `all reach height ${goal}`, withinMs });
}

/** Names of machines and where they stand. */
function describe(one: Machine): string {
  const { current } = one.replica()?.consensus.driver.state() ?? {};
  return `${one.name} ${one.state()} ${one.height()} round ${current?.round ?? '-'}`;
}

/** Whether the scenario has begun to break an invariant; for loops that look ahead. */
export function isBroken({ world }: Scenario): boolean {
  return world.violation() !== undefined;
}
