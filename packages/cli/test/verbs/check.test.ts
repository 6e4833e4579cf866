import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { run } from '../fixtures/run.ts';

describe('check of files', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-check-'));
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('given a file that is no JSON before a good one, then it is one refusal with its place, and the other is read', async () => {
    const release = { ocid: 'ocds-1-a', id: '1', date: '2026-01-02T00:00:00Z', tag: ['planning'] };
    const good = { releases: [{ ...release, initiationType: 'tender', language: 'en' }] };
    const files = ['bad.json', 'good.json'].map((name) => path.join(folder, name));
    await writeFile(files[0] ?? '', '{\n  "releases": [,]\n}');
    await writeFile(files[1] ?? '', JSON.stringify(good));

    const ran = await run(['check', 'ocds', ...files, '--json']);
    const shown = await run(['check', 'ocds', ...files]);

    expect(ran.exit, ran.errors).to.equal('refused');
    const { releases, refused } = ran.json<{
      readonly releases: number;
      readonly refused: readonly object[];
    }>();
    expect(releases).to.equal(1);
    expect(refused).to.have.length(1);
    const place = { file: 'bad.json', line: 2, column: 16, expected: 'JSON' };
    expect(refused[0]).to.include({ ...place, reason: 'FORMATS_JSON_INVALID' });
    expect(shown.out).to.contain('2:16').and.to.not.contain('import could not go on');
  });
});
