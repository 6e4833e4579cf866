/**
 * Runs the deterministic simulator of the test kit (docs/simulator.md).
 *
 *   npm run sim -- --seeds 1000 [--from 0] [--jobs 2]   many seeds; failures are told in full
 *   npm run sim -- --seeds 100 --large                  clusters of 13 to 30 validators
 *   npm run sim -- --seed 42                            one seed, with its full log
 *   npm run sim -- --seed 42 --shrink                   the smallest plan that fails in the same way
 *   npm run sim -- --plan plan.json                     a plan as a failure printed it, with its log
 *   npm run sim -- --seeds 50 --twice                   each seed twice: equal traces (I32)
 *   npm run sim -- --mutants [--seeds 500]              planted bugs: each must be noticed
 *   npm run sim -- --twins [--rounds 4]                 every scenario of four validators, one twice
 *   npm run sim -- --twins --journal twins.json         goes on where it was stopped, on one commit
 *   npm run sim -- --twins --validators 7 --seeds 1000  a sample for seven, by whole replicas
 *   npm run sim -- --crash-points [--jobs 2]            a death at every point of disk work
 *   npm run sim -- --seeds 200 --coverage               what the runs have visited
 *   npm run sim -- --seeds 100000 --journal run.json    goes on where it was stopped, on one commit
 *
 * One seed in a hundred runs again in another process (I32); the line before the last counts them.
 * The last line says how many seeds ran, how many broke an invariant, and how many ran per second.
 */
import { availableParallelism } from 'node:os';
import { drawPlan } from '@daybook/testkit';
import { numberOf, parseOptions } from './options.ts';
import { runCrashPoints, servePoints } from './sim/crash-points.ts';
import { runMutants } from './sim/mutants.ts';
import { readPlan, replay, shrinkPlan } from './sim/replay.ts';
import { runSeeds } from './sim/seeds.ts';
import { runTwins } from './sim/twins.ts';
import { serveParent } from './sim/worker.ts';

const { values } = parseOptions(import.meta.filename, {
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '0' },
    jobs: { type: 'string' },
    seed: { type: 'string' },
    plan: { type: 'string' },
    shrink: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
    twice: { type: 'boolean', default: false },
    coverage: { type: 'boolean', default: false },
    journal: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    twins: { type: 'boolean', default: false },
    validators: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '4' },
    'crash-points': { type: 'boolean', default: false },
    worker: { type: 'boolean', default: false },
  },
});

async function twins(seed: number): Promise<boolean> {
  return await runTwins({
    validators: numberOf(values.validators, 'validators'),
    rounds: numberOf(values.rounds, 'rounds'),
    count: values.seeds === undefined ? undefined : numberOf(values.seeds, 'seeds'),
    seed,
    journal: values.journal,
  });
}

async function main(): Promise<boolean> {
  if (values.worker) {
    await (values['crash-points'] ? servePoints() : serveParent());
    return true;
  }
  const sizes = values.large ? 'large' : 'usual';
  if (values.plan !== undefined) return await replay(readPlan(values.plan));
  if (values.seed !== undefined) {
    const plan = drawPlan(numberOf(values.seed, 'seed'), sizes);
    return values.shrink ? await shrinkPlan(plan) : await replay(plan);
  }
  const from = numberOf(values.from, 'from');
  const jobs = values.jobs === undefined ? availableParallelism() : numberOf(values.jobs, 'jobs');
  if (values['crash-points']) return await runCrashPoints(jobs);
  if (values.twins) return await twins(from);
  if (values.mutants) {
    return await runMutants({ seeds: numberOf(values.seeds ?? '0', 'seeds'), from, jobs });
  }
  return await runSeeds({
    from,
    count: numberOf(values.seeds ?? '100', 'seeds'),
    jobs,
    sizes,
    twice: values.twice,
    showCoverage: values.coverage,
    journal: values.journal,
  });
}

process.exitCode = (await main()) ? 0 : 1;
