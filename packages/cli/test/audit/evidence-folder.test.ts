/** A folder that somebody else filled: links are not followed, and large files are not read. */
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { isFresh, openEvidenceFolder } from '../../src/audit/evidence-folder.ts';
import { CliError } from '../../src/errors.ts';

const MIB = 1024 * 1024;

describe('audit: a folder of evidence on disk', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-evidence-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('given links and folders in it, then they are told apart from plain files', async () => {
    await writeFile(path.join(folder, 'b.proof'), 'b');
    await writeFile(path.join(folder, 'a.proof'), 'a');
    await symlink('a.proof', path.join(folder, 'link.proof'));
    await mkdir(path.join(folder, 'inner'));

    const { names, others, read } = await openEvidenceFolder(folder);

    expect(names).to.deep.equal(['a.proof', 'b.proof']);
    expect(others).to.deep.equal(['inner', 'link.proof']);
    expect(await read('a.proof')).to.deep.equal(new TextEncoder().encode('a'));
  });

  it('given a file that became a link after the folder was listed, then it is not followed', async () => {
    const file = path.join(folder, 'a.proof');
    await writeFile(file, 'a');
    const { read } = await openEvidenceFolder(folder);
    await rm(file);
    await symlink('/etc/hostname', file);

    const error = await read('a.proof').catch((thrown: unknown) => thrown);

    expect(error).to.be.instanceOf(CliError);
    expect(error).to.have.nested.property('failure.systemCode', 'ELOOP');
  });

  it('given a file larger than any proof, then it is not read', async () => {
    await writeFile(path.join(folder, 'a.proof'), '');
    await truncate(path.join(folder, 'a.proof'), 64 * MIB + 1);

    const { read } = await openEvidenceFolder(folder);

    expect(await read('a.proof')).to.equal(undefined);
  });

  it('is fresh while nothing lies in it, or it is not there', async () => {
    const fresh = [await isFresh(folder), await isFresh(path.join(folder, 'none'))];
    await writeFile(path.join(folder, 'index.json'), '{}');

    expect([...fresh, await isFresh(folder)]).to.deep.equal([true, true, false]);
  });
});
