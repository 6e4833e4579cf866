/**
 * Stands in for a process that simulates: it answers at once, so that a series of hundreds of seeds
 * takes a moment. `HANG_AT` names a seed that it never answers, or `100 again` for the second run.
 */
import process from 'node:process';

const [at, again] = (process.env.HANG_AT ?? '').split(' ');
const trace = process.env.TRACE === 'by process' ? String(process.pid) : 'the same';
const met = new Set<number>();

process.on('message', ({ seed }: { seed: number }) => {
  // With one job, the process of the second runs has met none of the seeds between.
  const isAgain = seed > 0 && !met.has(seed - 1);
  met.add(seed);
  if (String(seed) === at && isAgain === (again !== undefined)) return;
  process.send?.({ seed, result: { traceHash: trace }, coverage: [[`seed ${seed}`, 1]] });
});
