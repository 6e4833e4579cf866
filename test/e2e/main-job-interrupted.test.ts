/** Ctrl-C in the middle of the main job: it ends, says so, and leaves no process and no folder. */
import { readdir } from 'node:fs/promises';
import { expect } from 'chai';
import type { MainJob } from './support/main-job.ts';
import { startMainJob } from './support/main-job.ts';
import { eventually } from './support/waiting.ts';

/** Only against hanging. */
const HANGING_MS = 400_000;

describe('the main job and Ctrl-C', function () {
  this.timeout(HANGING_MS + 30_000);
  let job: MainJob | undefined;

  after(async () => await job?.stop());

  it('given the import, when Ctrl-C is typed in it, then nothing is left and JSON says why', async () => {
    job = await startMainJob('--once', '--json', '--files', '1');
    const { process: child, folder, output, ended } = job;
    const isImporting = () => output.stderr.includes('Importing: ') || child.exitCode !== null;
    await eventually(isImporting, { what: 'the import', withinMs: HANGING_MS });
    const pids = [...output.stderr.matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid));
    expect(pids, output.stderr).to.have.length(5);

    child.kill('SIGINT');
    const code = await ended;

    expect(code).to.equal(130);
    expect(JSON.parse(output.stdout)).to.have.nested.property('error.message');
    for (const pid of pids) expect(() => process.kill(pid, 0), `${pid}`).to.throw('ESRCH');
    const left = (await readdir(folder)).filter((name) => name.startsWith('daybook-start-'));
    expect(left).to.deep.equal([]);
  });
});
