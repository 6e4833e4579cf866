/**
 * Stands in for a process that simulates: it answers at once, so that a series of hundreds of seeds
 * takes a moment. `HANG_AT` names a seed that it never answers, or `100 again` for the second run;
 * `BREAK_AT` names one that breaks an invariant, as `37 I4`.
 */
import process from 'node:process';
import { drawPlan } from '@daybook/testkit';

const [at, again] = (process.env.HANG_AT ?? '').split(' ');
const [brokenAt, invariant] = (process.env.BREAK_AT ?? '').split(' ');
const trace = process.env.TRACE === 'by process' ? String(process.pid) : 'the same';
const met = new Set<number>();

process.on('message', ({ seed }: { seed: number }) => {
  // With one job, the process of the second runs has met none of the seeds between.
  const isAgain = seed > 0 && !met.has(seed - 1);
  met.add(seed);
  if (String(seed) === at && isAgain === (again !== undefined)) return;
  const broken = {
    plan: drawPlan(seed),
    violation: { invariant, words: 'broken for the test', atMs: 0 },
    recent: [],
  };
  const result = { traceHash: trace, ...(String(seed) === brokenAt && broken) };
  process.send?.({ seed, result, coverage: [[`seed ${seed}`, 1]] });
});
