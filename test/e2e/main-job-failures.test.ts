/** What is left of the main job when it comes to no report: an exit code, and one line of JSON. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { runProgram } from './support/programs.ts';

interface Failed {
  readonly error: { readonly message: string; readonly logs?: string };
}

/** Standard output is one line, and that line is JSON. */
function lineOf(stdout: string): Failed {
  expect(stdout.trimEnd().split('\n')).to.have.length(1);
  return JSON.parse(stdout) as Failed;
}

describe('the main job without a report', () => {
  it('given nodes that refuse to start, when it ends, then the last line has the error and where the logs are', async () => {
    const environment = { DAYBOOK_LOG_LEVEL: 'loud' };

    const run = await runProgram('scripts/start.ts', ['--once', '--json'], { environment });

    const { message, logs = '' } = lineOf(run.stdout).error;
    expect(run.exitCode).to.equal(1);
    expect(message).to.contain('DAYBOOK_LOG_LEVEL');
    expect(run.stderr)
      .to.contain(logs)
      .and.not.to.match(/^\s+at /m);
    expect(existsSync(path.join(logs, 'cluster.json'))).to.equal(true);
    await rm(path.dirname(logs), { recursive: true });
  });

  it('given an option that there is not, when started, then it is wrong use, in JSON as well', async () => {
    const wrong = [
      ['--json', '--fils', '3'],
      ['--json', '--files', 'three'],
    ];
    for (const words of wrong) {
      const run = await runProgram('scripts/start.ts', words);

      expect(run.exitCode, words.join(' ')).to.equal(2);
      expect(lineOf(run.stdout).error.message).to.match(/--fil/);
    }
  });

  it('given no --json, when it fails, then nothing stands on standard output', async () => {
    const { exitCode, stdout, stderr } = await runProgram('scripts/start.ts', ['--files', '0']);

    expect([exitCode, stdout]).to.deep.equal([2, '']);
    expect(stderr).to.contain('--files takes a number of files');
  });
});
