/** The main job for somebody who explores: it stays up after its report, and Ctrl-C ends it cleanly. */
import { expect } from 'chai';
import type { MainJob } from './support/main-job.ts';
import { startMainJob } from './support/main-job.ts';
import { eventually } from './support/waiting.ts';

/** Only against hanging. */
const HANGING_MS = 900_000;

async function isUp(url: string): Promise<boolean> {
  return await fetch(`${url}/healthz`).then(
    (answer) => answer.ok,
    () => false,
  );
}

describe('the main job without --once', function () {
  this.timeout(HANGING_MS + 30_000);
  let job: MainJob | undefined;

  after(async () => await job?.stop());

  it('given its report, when it has been shown, then the nodes stay up until Ctrl-C and it ends with 0', async () => {
    job = await startMainJob('--files', '1');
    const { process: child, output, ended } = job;
    const stays = (): boolean =>
      output.stdout.includes('Ctrl-C stops all of it') || child.exitCode !== null;
    await eventually(stays, { what: 'the report', withinMs: HANGING_MS });
    const urls = [...output.stdout.matchAll(/(http:\S+) {2}(?:validator|observer)\n/g)].map(
      ([, url = '']) => url,
    );
    const up = await Promise.all(urls.map(isUp));

    child.kill('SIGINT');
    const code = await ended;

    expect(up, output.stdout + output.stderr).to.deep.equal([true, true, true, true, true]);
    expect(code, output.stderr).to.equal(0);
    expect(output.stdout).to.match(/stopped\n$/);
    expect(await Promise.all(urls.map(isUp))).to.deep.equal(up.map(() => false));
  });
});
