/** A series of seeds from 0 on in a process of its own: `node series.ts JOURNAL COUNT JOBS`. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { runSeeds } from '../../scripts/sim/seeds.ts';

const [journal, count, jobs] = process.argv.slice(2);
const options = {
  from: 0,
  count: Number(count),
  jobs: Number(jobs),
  sizes: 'usual',
  twice: false,
  showCoverage: false,
  journal,
} as const;
const startWorker = (): ReturnType<typeof fork> => fork(join(import.meta.dirname, 'worker.ts'));
process.exitCode = (await runSeeds(options, { startWorker })) ? 0 : 1;
