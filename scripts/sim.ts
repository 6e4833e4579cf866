/**
 * Runs the deterministic simulator of the test kit (docs/simulator.md).
 *
 *   npm run sim -- --seeds 1000 [--from 0] [--jobs 2]   many seeds; failures are told in full
 *   npm run sim -- --seed 42                            one seed, with its full log
 *   npm run sim -- --seeds 50 --twice                   each seed twice: equal traces (I32)
 *   npm run sim -- --seeds 200 --coverage               what the runs have visited
 *
 * The last line says how many seeds ran, how many broke an invariant, and how many ran per second.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { replay } from './sim/replay.ts';
import { runSeeds } from './sim/seeds.ts';
import { serveParent } from './sim/worker.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '0' },
    jobs: { type: 'string' },
    seed: { type: 'string' },
    twice: { type: 'boolean', default: false },
    coverage: { type: 'boolean', default: false },
    worker: { type: 'boolean', default: false },
  },
});

function numberOf(text: string, name: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`--${name} takes a number, not ${text}`);
}

async function main(): Promise<boolean> {
  if (values.worker) {
    await serveParent();
    return true;
  }
  if (values.seed !== undefined) return await replay(numberOf(values.seed, 'seed'));
  return await runSeeds({
    from: numberOf(values.from, 'from'),
    count: numberOf(values.seeds ?? '100', 'seeds'),
    jobs: values.jobs === undefined ? availableParallelism() : numberOf(values.jobs, 'jobs'),
    twice: values.twice,
    showCoverage: values.coverage,
  });
}

process.exitCode = (await main()) ? 0 : 1;
