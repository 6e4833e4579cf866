/**
 * An excerpt of every kind of public data onto four validators, each a process of its own: lines and
 * sums on the ledger are those that DuckDB counts in the files, and importing again adds nothing.
 * `npm run import-data -- --data FOLDER` does the same with whole files.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { ImportOutcome, ImportTarget } from '../../scripts/imports/on-cluster.ts';
import { importMoney, importProcurement, openTarget } from '../../scripts/imports/on-cluster.ts';
import { releaseFolder } from '../../scripts/imports/releases.ts';
import { importSources } from '../../scripts/imports/sources.ts';
import { heightOf, stateRootsAt } from './support/api.ts';
import { runProgram } from './support/programs.ts';

describe('public data on a cluster of processes', () => {
  let folder: string;
  let target: ImportTarget;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-sources-'));
    target = await openTarget(folder);
  });
  after(async () => {
    await target.cluster.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** Nothing differs, something was imported, and what was refused says where and why. */
  function expectWhole({ told, refused, differences }: ImportOutcome): void {
    expect(differences, told.join('\n')).to.deep.equal([]);
    expect(told[0]).to.match(/: [1-9][0-9]* (lines on the ledger|added)/);
    for (const line of refused) {
      expect(line).to.include.keys('file', 'line', 'field', 'expected', 'found');
    }
  }

  for (const source of importSources()) {
    it(`given ${source.name}, when imported twice, then lines and sums are those of the files`, async () => {
      expectWhole(await importMoney(source, target));
    });
  }

  it('given OCDS releases, when imported twice, then all of the files are there once', async () => {
    expectWhole(await importProcurement(releaseFolder(), target));
  });

  it('given a folder without files, when told to import it, then it names each source and what it lacks', async () => {
    const words = ['--data', path.join(folder, 'nothing')];

    const all = await runProgram('scripts/import-data.ts', words);
    const one = await runProgram('scripts/import-data.ts', [...words, '--only', 'EPSRC']);

    expect([all.exitCode, one.exitCode]).to.deep.equal([2, 2]);
    expect(all.stderr).to.include('Releases has no file').and.to.include('EPSRC');
    expect(one.stderr).to.match(/^EPSRC spending has no file \S+epsrc-2015\/\*\.csv\n/);
    expect(one.stderr).to.not.include('Releases');
  });

  it('given all of it, then the four processes have one state', async () => {
    const urls = target.cluster.nodes.map(({ apiUrl }) => apiUrl);
    const heights = await Promise.all(urls.map(heightOf));
    const roots = await stateRootsAt(urls, Math.min(...heights));
    expect(roots).to.have.length(4);
    expect(new Set(roots).size).to.equal(1);
  });
});
