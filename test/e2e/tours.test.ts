/**
 * The tours of the documents, run as they are printed: a consortium of four departments, a payment with
 * two signatures, and its proof checked when every node has stopped; a payment that a rule holds, its
 * release, and a citizen's complaint.
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

/** The shell commands of a document, without their comments. */
function tourOf(document: string): string {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const [, block = ''] = /^```sh\n([\s\S]*?)^```$/m.exec(text) ?? [];
  return block.replace(/ +# .*$/gm, '');
}

/** Stands in for `npx daybook` of an installed checkout: the same program, from its sources. */
const NPX = `set -e
npx() { shift; "${process.execPath}" --conditions=source "${PROGRAM}" "$@"; }
`;
const shell = async (script: string): Promise<string> =>
  (await run('bash', ['-c', `${NPX}${script}`], { timeout: HANGING_MS })).stdout;

interface Tour {
  /** The commands behind the first, with the cluster's folder and address in their places. */
  readonly commands: string;
  readonly end: () => Promise<void>;
}

/** Carries out the first command of a tour, under a name of its own. */
async function begin(document: string, named: string): Promise<Tour> {
  const name = `${named}-${process.pid}`;
  const [start = '', ...rest] = tourOf(document)
    .replaceAll(new RegExp(`\\b${named}$`, 'gm'), name)
    .split('\n');
  const started = await shell(`${start.replace(`--name ${named}`, `--name ${name}`)} --json`);
  const { directory, urls } = JSON.parse(started) as {
    directory: string;
    urls: readonly string[];
  };
  return {
    commands: rest
      .join('\n')
      .replace('FOLDER', directory)
      .replace('ADDRESS', urls[0] ?? ''),
    end: async () => {
      const running = await shell('npx daybook cluster list --json');
      if (running.includes(name)) await shell(`npx daybook cluster stop ${name}`);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

describe('tours of the documents', function () {
  this.timeout(HANGING_MS);
  let tour: Tour | undefined;

  afterEach(async () => {
    await tour?.end();
    tour = undefined;
  });

  it('README: is the same in both languages', () => {
    expect(tourOf('README.zh-CN.md')).to.equal(tourOf('README.md')).and.to.include('verify');
  });

  it('README: given its commands, when run as printed, then the payment is genuine without any node', async () => {
    tour = await begin('README.md', 'tour');

    const said = await shell(tour.commands);

    expect(said.match(/^Final\.$/gm)).to.have.length(3);
    expect(said.match(/^This record is genuine\.$/gm)).to.have.length(2);
    expect(said).to.match(/ has stopped\.\n[\s\S]*Sealed by +[34] of 4 validators/);
  });

  it('supervision: given its commands, when run as printed, then the payment is held until two release it, and a complaint is answered', async () => {
    tour = await begin('docs/supervision.md', 'watched');
    const at = tour.commands.indexOf('npx daybook ledger release');
    const [before, after] = [tour.commands.slice(0, at), tour.commands.slice(at)];
    const place = before.slice(0, before.indexOf('npx daybook governance'));

    const held = await shell(before);
    const [, call = ''] = /ledger release --call ([0-9a-f]{64})/.exec(held) ?? [];
    const released = await shell(place + after.replaceAll('CALL', call));

    expect(held.match(/^Final\.$/gm)).to.have.length(3);
    expect(held).to.include('Held, not carried out').and.to.include('\nexit code 9\n');
    expect(released.match(/^Held, not carried out/gm)).to.have.length(1);
    expect(released.match(/^exit code 9$/gm)).to.have.length(1);
    expect(released.match(/^Final\.$/gm)).to.have.length(4);
    expect(released).to.match(/^Status +paid, to be looked at$/m);
    expect(released).to.match(/^1 +answered +/m);
    expect(released).to.match(/^\d+ +0 +0 +oversight +answer +health\/respondent/m);
  });
});
