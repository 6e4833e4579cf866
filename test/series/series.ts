/**
 * A series of seeds from 0 on in a process of its own: `node series.ts JOURNAL COUNT JOBS`. The
 * variables `SIZES` and `TWICE` make it another one, `COMMIT` and `CHANGED` say what code it is of.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { runSeeds } from '../../scripts/sim/seeds.ts';

const [journal, count, jobs] = process.argv.slice(2);
const { SIZES, TWICE, COMMIT, CHANGED } = process.env;
const options = {
  from: 0,
  count: Number(count),
  jobs: Number(jobs),
  sizes: SIZES === 'large' ? 'large' : 'usual',
  twice: TWICE === 'yes',
  showCoverage: false,
  journal: journal === 'none' ? undefined : journal,
} as const;
const startWorker = (): ReturnType<typeof fork> => fork(join(import.meta.dirname, 'worker.ts'));
/** Not that of the tree, which is changed whenever somebody works on it. */
const source = {
  commit: COMMIT === 'none' ? undefined : (COMMIT ?? 'abc1234'),
  changed: CHANGED === undefined ? [] : CHANGED.split(' '),
};
const isSound = await runSeeds(options, { startWorker, readSource: () => source });
process.exitCode = isSound ? 0 : 1;
