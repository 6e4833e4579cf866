/** The main job for somebody who explores: it stays up after its report, and Ctrl-C ends it cleanly. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { eventually } from './support/waiting.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const REPORT_MS_MAX = 480_000;
const COMMAND = ['--conditions=source', 'scripts/start.ts', '--files', '1'];

async function isUp(url: string): Promise<boolean> {
  return await fetch(`${url}/healthz`).then(
    (answer) => answer.ok,
    () => false,
  );
}

describe('the main job without --once', function () {
  this.timeout(REPORT_MS_MAX + 30_000);
  let folder: string;
  let child: ChildProcess | undefined;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-stays-'));
  });
  after(async () => {
    if (child?.exitCode === null) child.kill('SIGTERM');
    await rm(folder, { recursive: true });
  });

  it('given its report, when it has been shown, then the nodes stay up until Ctrl-C and it ends with 0', async () => {
    const output = { stdout: '', stderr: '' };
    const job = spawn(process.execPath, COMMAND, {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = job;
    const ended = once(job, 'close');
    for (const name of ['stdout', 'stderr'] as const) {
      job[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
      });
    }
    const stays = (): boolean =>
      output.stdout.includes('Ctrl-C stops all of it') || job.exitCode !== null;
    await eventually(stays, { what: 'the report', withinMs: REPORT_MS_MAX });
    const urls = [...output.stdout.matchAll(/(http:\S+) {2}(?:validator|observer)\n/g)].map(
      ([, url = '']) => url,
    );
    const up = await Promise.all(urls.map(isUp));

    job.kill('SIGINT');
    const [code] = await ended;

    expect(up, output.stdout + output.stderr).to.deep.equal([true, true, true, true, true]);
    expect(code, output.stderr).to.equal(0);
    expect(output.stdout).to.match(/stopped\n$/);
    expect(await Promise.all(urls.map(isUp))).to.deep.equal(up.map(() => false));
  });
});
