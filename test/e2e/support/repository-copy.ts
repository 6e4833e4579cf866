/**
 * A copy of the packages in a folder of its own, with the installed modules linked in: somewhere to
 * change a file without changing this repository.
 */
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface RepositoryCopy {
  readonly root: string;
  remove(): Promise<void>;
}

const ROOT = path.join(import.meta.dirname, '../../..');
const SCOPE = '@daybook';
const FILES = ['package.json', 'tsconfig.base.json', 'tsconfig.json', 'scripts'];
/** Built files would hide what changes in the sources; tests and benches are not needed. */
const LEFT_OUT = new Set(['dist', 'node_modules', 'test', 'bench']);

async function link(target: string, place: string): Promise<void> {
  await symlink(target, place);
}

async function linkModules(root: string, packages: readonly string[]): Promise<void> {
  const modules = path.join(root, 'node_modules');
  await mkdir(path.join(modules, SCOPE), { recursive: true });
  const installed = await readdir(path.join(ROOT, 'node_modules'));
  for (const name of installed.filter((one) => one !== SCOPE)) {
    await link(path.join(ROOT, 'node_modules', name), path.join(modules, name));
  }
  for (const name of packages) {
    await link(path.join(root, 'packages', name), path.join(modules, SCOPE, name));
  }
}

/** Copies sources; modules of a single package are linked, too. */
async function copyPackage(name: string, root: string): Promise<void> {
  const from = path.join(ROOT, 'packages', name);
  const to = path.join(root, 'packages', name);
  await cp(from, to, {
    recursive: true,
    filter: (source) => !LEFT_OUT.has(path.relative(from, source).split(path.sep)[0] ?? ''),
  });
  const own = path.join(from, 'node_modules');
  const hasOwn = (await readdir(from)).includes('node_modules');
  if (hasOwn) await link(own, path.join(to, 'node_modules'));
}

export async function copyRepository(): Promise<RepositoryCopy> {
  const root = await mkdtemp(path.join(tmpdir(), 'daybook-copy-'));
  const packages = await readdir(path.join(ROOT, 'packages'));
  for (const file of FILES) {
    await cp(path.join(ROOT, file), path.join(root, file), { recursive: true });
  }
  for (const name of packages) await copyPackage(name, root);
  await linkModules(root, packages);
  return { root, remove: async () => await rm(root, { recursive: true, force: true }) };
}
