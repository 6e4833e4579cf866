/**
 * The five-minute tour of the README, run as it is printed: a consortium of four departments, a
 * payment with two signatures, and its proof checked when every node has stopped.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';

const ROOT = join(import.meta.dirname, '../..');
const PROGRAM = join(ROOT, 'packages/cli/bin/daybook.js');
/** Only against hanging. */
const HANGING_MS = 400_000;
const run = promisify(execFile);

/** The shell commands of a README, without their comments. */
function tourOf(readme: string): string {
  const text = readFileSync(join(ROOT, readme), 'utf8');
  const [, block = ''] = /^```sh\n([\s\S]*?)^```$/m.exec(text) ?? [];
  return block.replace(/ +# .*$/gm, '');
}

/** Stands in for `npx daybook` of an installed checkout: the same program, from its sources. */
const NPX = `set -e
npx() { shift; "${process.execPath}" --conditions=source "${PROGRAM}" "$@"; }
`;

describe('the tour in the README', () => {
  const name = `tour-${process.pid}`;
  let folder: string | undefined;

  after(async () => {
    if (folder === undefined) return;
    const running = await run('bash', ['-c', `${NPX}npx daybook cluster list --json`]);
    if (running.stdout.includes(name)) {
      await run('bash', ['-c', `${NPX}npx daybook cluster stop ${name}`]);
    }
    await rm(folder, { recursive: true, force: true });
  });

  it('is the same in both languages', () => {
    expect(tourOf('README.zh-CN.md')).to.equal(tourOf('README.md')).and.to.include('verify');
  });

  it('given its commands, when run as printed, then the payment is genuine without any node', async function () {
    this.timeout(HANGING_MS);
    const [start = '', ...rest] = tourOf('README.md')
      .replaceAll(/\btour$/gm, name)
      .split('\n');
    const command = start.replace('--name tour', `--name ${name}`);
    const started = await run('bash', ['-c', `${NPX}${command} --json`]);
    const { directory, urls } = JSON.parse(started.stdout) as {
      directory: string;
      urls: readonly string[];
    };
    folder = directory;
    const script = rest
      .join('\n')
      .replace('FOLDER', directory)
      .replace('ADDRESS', urls[0] ?? '');

    const ended = await run('bash', ['-c', `${NPX}${script}`], { timeout: HANGING_MS });

    expect(ended.stdout.match(/^Final\.$/gm)).to.have.length(3);
    expect(ended.stdout.match(/^This record is genuine\.$/gm)).to.have.length(2);
    expect(ended.stdout).to.match(/ has stopped\.\n[\s\S]*Sealed by +[34] of 4 validators/);
  });
});
