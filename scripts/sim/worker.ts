/** A process that simulates one seed after the other for its parent. */
import type { MutantName } from '@daybook/core';
import { simulationSwitches } from '@daybook/core';
import type { Sizes } from '@daybook/testkit';
import { createFoundry, drawPlan, simulate } from '@daybook/testkit';

/** What the parent asks for. */
export interface Task {
  readonly seed: number;
  readonly sizes: Sizes;
  /** The bug that is planted meanwhile. */
  readonly mutant?: MutantName;
}

/** What it gets back: a result as plain values. */
export interface Report {
  readonly seed: number;
  readonly result: Omit<Awaited<ReturnType<typeof simulate>>, 'coverage'>;
  readonly coverage: readonly (readonly [string, number])[];
}

/**
 * Until the parent lets go or is gone: then a seed that is under way is for nobody. A simulated
 * world leaves no turn to the process before its end, so that may take as long as one seed does.
 */
export async function serveParent(): Promise<void> {
  const foundry = createFoundry();
  const done = new Promise<void>((resolve) => process.once('disconnect', resolve));
  // An interrupt from the keyboard reaches parent and children alike; the parent ends its children.
  process.on('SIGINT', () => undefined);
  process.on('message', ({ seed, sizes, mutant }: Task) => {
    const switches = simulationSwitches();
    if (switches !== undefined) switches.mutant = mutant;
    simulate(drawPlan(seed, sizes), foundry)
      .then(({ coverage, ...result }) => {
        const report: Report = { seed, result, coverage: [...coverage] };
        if (process.connected) process.send?.(report);
      })
      .catch((error: unknown) => {
        // A defect of the simulator: the parent sees the process die with these words.
        process.stderr.write(`seed ${seed}: ${error instanceof Error ? error.stack : error}\n`);
        process.exit(1);
      });
  });
  await done;
}
