/** Ctrl-C in the middle of the main job: it ends, says so, and leaves no process and no folder. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { eventually } from './support/waiting.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const START_MS_MAX = 120_000;
const COMMAND = ['--conditions=source', 'scripts/start.ts', '--once', '--json', '--files', '1'];

describe('the main job and Ctrl-C', function () {
  this.timeout(START_MS_MAX + 30_000);
  let folder: string;
  let child: ChildProcess | undefined;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-interrupted-'));
  });
  after(async () => {
    if (child?.exitCode === null) child.kill('SIGTERM');
    await rm(folder, { recursive: true });
  });

  it('given the import, when Ctrl-C is typed in it, then nothing is left and JSON says why', async () => {
    const output = { stdout: '', stderr: '' };
    const job = spawn(process.execPath, COMMAND, {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = job;
    const closed = once(job, 'close');
    for (const name of ['stdout', 'stderr'] as const) {
      job[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
      });
    }
    const isImporting = () => output.stderr.includes('Importing: ') || job.exitCode !== null;
    await eventually(isImporting, { what: 'the import', withinMs: START_MS_MAX });
    const pids = [...output.stderr.matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid));
    expect(pids, output.stderr).to.have.length(5);

    job.kill('SIGINT');
    const [code] = await closed;

    expect(code).to.equal(130);
    expect(JSON.parse(output.stdout)).to.have.nested.property('error.message');
    for (const pid of pids) expect(() => process.kill(pid, 0), `${pid}`).to.throw('ESRCH');
    const left = (await readdir(folder)).filter((name) => name.startsWith('daybook-start-'));
    expect(left).to.deep.equal([]);
  });
});
