/** The files that operators run: one copy of everything but native code, and it starts. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { VERSION } from '@daybook/node';
import { expect } from 'chai';
import type { Metafile } from 'esbuild';
import { build } from 'esbuild';
import { bundleManifest, bundleOptions, NATIVE } from '../scripts/bundle.ts';

const run = promisify(execFile);
const ROOT = path.join(import.meta.dirname, '..');

describe('the bundle of daybookd', () => {
  let folder: string;
  let metafile: Metafile;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-bundle-'));
    await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
    await writeFile(path.join(folder, 'package.json'), bundleManifest());
    ({ metafile } = await build(bundleOptions(folder)));
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('given its imports, then only Node.js and native libraries are outside', () => {
    const outside = Object.values(metafile.outputs)
      .flatMap(({ imports }) => imports)
      .filter(({ external, path: name }) => external === true && !isBuiltin(name));

    expect(new Set(outside.map(({ path: name }) => name))).to.deep.equal(new Set(NATIVE));
  });

  it('given its inputs, then own code is there once, from the sources', () => {
    const own = Object.keys(metafile.inputs).filter((name) => name.startsWith('packages/'));
    const places = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));

    expect(own.filter((name) => !/^packages\/[a-z]+\/src\//.test(name))).to.deep.equal([]);
    expect(places).to.have.lengthOf(new Set(places).size);
  });

  it('given the programs that it starts, then all are there by the names it asks for', () => {
    const { imports } = JSON.parse(bundleManifest());
    const inputs = Object.keys(metafile.inputs).map((name) => path.join(ROOT, name));
    const asked = inputs
      .filter((name) => name.startsWith(path.join(ROOT, 'packages')))
      .flatMap(
        (name) => readFileSync(name, 'utf8').match(/(?<=import\.meta\.resolve\(')#[^']+/g) ?? [],
      );

    expect(asked).to.have.members(['#ahead-thread', '#reading-process', '#store-process']);
    for (const name of asked) {
      expect(existsSync(path.join(folder, imports[name])), name).to.equal(true);
    }
  });

  it('given each program, when loaded as a bundle, then it finds what it needs', async () => {
    const say = `import { main } from './daybookd.js'; process.exitCode = await main(['--version']);`;
    await writeFile(path.join(folder, 'say.js'), say);
    const thread = `
      import { Worker } from 'node:worker_threads';
      const worker = new Worker(new URL(import.meta.resolve(process.argv[2])));
      worker.on('message', (answer) => { console.log(JSON.stringify(answer)); worker.terminate(); });
      worker.postMessage({ id: 7, served: [], signing: { validators: [] } });
    `;
    await writeFile(path.join(folder, 'thread.js'), thread);

    const said = await run(process.execPath, ['say.js'], { cwd: folder });
    const answered = await run(process.execPath, ['thread.js', '#ahead-thread'], { cwd: folder });

    expect(said.stdout.trim()).to.equal(VERSION);
    expect(JSON.parse(answered.stdout)).to.deep.include({ id: 7 });
  });
});
