/**
 * Puts `daybookd`, its verifying thread and the process of its SQL tables into a handful of files:
 * a start that loads some 1,400 modules one by one spends most of its time looking for them (ADR 23).
 * Part of `npm run build`; made from the sources, so that it is never older than they are.
 *
 * The folder is a package of its own: its `imports` name the programs that the bundle starts.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BuildOptions } from 'esbuild';
import { build } from 'esbuild';

const ROOT = path.join(import.meta.dirname, '..');
const FOLDER = path.join(ROOT, 'packages/node/dist/bundle');

/** Native code stays outside of a bundle. */
export const NATIVE = ['@duckdb/node-api', 'classic-level', 'sodium-native'] as const;

/** Programs of the bundle by the name of their file. */
const PROGRAMS = {
  daybookd: 'packages/node/src/daemon.ts',
  'ahead-thread': 'packages/node/src/ahead/ahead-thread.ts',
  'reading-process': 'packages/state/src/store/reading-process.ts',
  'store-process': 'packages/readmodel/src/process/store-process.ts',
};

/** What CommonJS libraries ask for at run time: modules of Node.js alone. */
const REQUIRE =
  "import { createRequire as requireOf } from 'node:module';\nconst require = requireOf(import.meta.url);";

/** How the bundle is made; the test of it writes it elsewhere. */
export function bundleOptions(outdir: string) {
  return {
    absWorkingDir: ROOT,
    entryPoints: PROGRAMS,
    outdir,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node22.18',
    conditions: ['source'],
    external: [...NATIVE],
    banner: { js: REQUIRE },
    sourcemap: true,
    // The sources lie beside it.
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
  } as const satisfies BuildOptions;
}

/** The package.json beside the programs. */
export function bundleManifest(): string {
  const imports = Object.keys(PROGRAMS).map((name) => [`#${name}`, `./${name}.js`]);
  return `${JSON.stringify({ type: 'module', imports: Object.fromEntries(imports) }, undefined, 2)}\n`;
}

if (import.meta.main) {
  const { metafile } = await build(bundleOptions(FOLDER));
  writeFileSync(path.join(FOLDER, 'package.json'), bundleManifest());
  // Pieces of an earlier bundle have other names; they go last, since a node may run from them.
  const made = new Set(Object.keys(metafile.outputs).map((file) => path.basename(file)));
  for (const file of readdirSync(FOLDER)) {
    if (!made.has(file) && file !== 'package.json') rmSync(path.join(FOLDER, file));
  }
}
