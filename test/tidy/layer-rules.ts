/**
 * Which package may import what: the table `test/layers.json` against every import, every
 * package.json and every tsconfig.json.
 */
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import layers from '../layers.json' with { type: 'json' };
import type { Import } from './imports.ts';
import { importsOf } from './imports.ts';
import type { Fault, Source } from './sources.ts';
import { banned, ROOT } from './sources.ts';

interface Layer {
  readonly layer: number;
  readonly imports: readonly string[];
  readonly external: readonly string[];
  /** What its tests may import besides, to compare with another implementation. */
  readonly testExternal?: readonly string[];
  /** No `node:` module, clock, randomness or process. */
  readonly pure?: boolean;
  /** Packages that may only be imported by `import(…)`. */
  readonly lazy?: readonly string[];
  /** Folders of src, lowest first: an import goes to the same or a lower one. */
  readonly rooms?: readonly string[];
  /** Files of a pure package that are exempt, with the reason. */
  readonly impure?: Readonly<Record<string, string>>;
}

const PACKAGES: Readonly<Record<string, Layer>> = layers.packages;
export const PACKAGE_NAMES: readonly string[] = Object.keys(PACKAGES);

function layerOf(name: string): Layer {
  const layer = PACKAGES[name];
  if (layer === undefined) throw new Error(`test/layers.json has no package ${name}`);
  return layer;
}

/** The package of a bare specifier: `@scope/name` or `name`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

interface Place {
  readonly source: Source;
  readonly name: string;
  readonly layer: Layer;
  /** Path inside the package: `src/codec/bytes.ts`. */
  readonly inner: string;
}

type Verdict = string | undefined;

function judgeOwn(place: Place, { specifier, lazy }: Import): Verdict {
  const target = specifier.slice('@daybook/'.length);
  if (target.includes('/')) return banned('a deep import', `@daybook/${target.split('/')[0]}`);
  const { layer, name, inner } = place;
  const inTest = !inner.startsWith('src/') && !inner.startsWith('bin/');
  if (target === name && !inner.startsWith('src/')) return undefined;
  if (layer.imports.includes(target)) return undefined;
  if (layer.lazy?.includes(target) && (lazy || inTest)) return undefined;
  return banned(
    `import of ${target} from ${name}`,
    `one of: ${layer.imports.join(', ') || 'none'}`,
  );
}

function judgeRelative({ source, name, layer, inner }: Place, { specifier }: Import): Verdict {
  const target = posix.join(posix.dirname(source.path), specifier);
  if (!target.startsWith(`packages/${name}/`)) {
    return banned('a relative import out of the package', 'the package by its name');
  }
  if (layer.rooms === undefined || !inner.startsWith('src/')) return undefined;
  const roomOf = (path: string): string => path.split('/')[1] ?? '';
  const from = layer.rooms.indexOf(roomOf(inner));
  const to = layer.rooms.indexOf(roomOf(target.slice(`packages/${name}/`.length)));
  if (from < 0 || to <= from) return undefined;
  return banned(`import of ${layer.rooms[to]}/ from ${layer.rooms[from]}/`, 'a lower room');
}

function judgeExternal({ name, layer, inner }: Place, { specifier }: Import): Verdict {
  const target = packageOf(specifier);
  if (layer.external.includes(target)) return undefined;
  const inTest = !inner.startsWith('src/') && !inner.startsWith('bin/');
  const forTests = [...layers.testExternal, ...(layer.testExternal ?? [])];
  if (inTest && forTests.includes(target)) return undefined;
  return banned(`${target} in ${name}`, 'test/layers.json (and an ADR) to allow it');
}

function judgeImport(place: Place, found: Import): Verdict {
  const { specifier } = found;
  if (specifier.startsWith('@daybook/')) return judgeOwn(place, found);
  if (specifier.startsWith('.')) return judgeRelative(place, found);
  if (specifier.startsWith('#')) return undefined;
  if (!specifier.startsWith('node:')) return judgeExternal(place, found);
  const { layer, inner } = place;
  if (layer.pure !== true || !inner.startsWith('src/')) return undefined;
  const exempt = Object.keys(layer.impure ?? {}).some((start) => inner.startsWith(start));
  return exempt ? undefined : banned(`${specifier} in a pure package`, 'an argument or an event');
}

/** Judges every import of a package's files. */
export function checkImports(source: Source): readonly Fault[] {
  const [, name, inner] = /^packages\/([^/]+)\/(.*)$/.exec(source.path) ?? [];
  if (name === undefined || inner === undefined) return [];
  const place: Place = { source, name, layer: layerOf(name), inner };
  return importsOf(source).flatMap((found) => {
    const message = judgeImport(place, found);
    return message === undefined ? [] : [{ path: source.path, line: found.line, message }];
  });
}

/**
 * Files that play what tests of packages define, by the pattern of these tests: a scenario, a ledger
 * over a map or a target of fuzzing stands once.
 */
function isOnTests(path: string, specifier: string): boolean {
  const patterns: Readonly<Record<string, string>> = layers.outerOnTests;
  const pattern = patterns[path];
  const target = posix.join(posix.dirname(path), specifier);
  return pattern !== undefined && posix.matchesGlob(target, pattern);
}

/** Scripts and cross-package tests may import every package, but only through its door. */
export function checkOuterImports(source: Source): readonly Fault[] {
  if (source.path.startsWith('packages/')) return [];
  const allowed = [...layers.testExternal, ...layers.scriptExternal];
  return importsOf(source).flatMap(({ specifier, line }) => {
    const deep = /^@daybook\/[^/]+\/|^(\.\.\/)+packages\//.test(specifier);
    const bare =
      !/^(\.|node:|@daybook\/)/.test(specifier) && !allowed.includes(packageOf(specifier));
    if ((!deep && !bare) || isOnTests(source.path, specifier)) return [];
    const message = banned(`import of ${specifier}`, 'a package by its name, or test/layers.json');
    return [{ path: source.path, line, message }];
  });
}

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Record<string, unknown>;
}

const EXACT_VERSION = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

/** package.json names exactly what the table allows, in exact versions. */
export function checkManifest(name: string): readonly Fault[] {
  const path = `packages/${name}/package.json`;
  const dependencies = (readJson(path).dependencies ?? {}) as Record<string, string>;
  const { imports, lazy, external } = layerOf(name);
  const allowed = [...imports, ...(lazy ?? [])]
    .map((other) => `@daybook/${other}`)
    .concat(external);
  const faults = Object.entries(dependencies).flatMap(([dependency, version]) => {
    if (!allowed.includes(dependency)) return [banned(dependency, 'test/layers.json to allow it')];
    return EXACT_VERSION.test(version) ? [] : [banned(`${dependency}@${version}`, 'one version')];
  });
  return faults.map((message) => ({ path, line: 1, message }));
}

/** Every allowed import is really needed: declared, and imported somewhere in src or bin. */
export function checkUse(name: string, sources: readonly Source[]): readonly Fault[] {
  const path = `packages/${name}/package.json`;
  const declared = Object.keys((readJson(path).dependencies ?? {}) as object);
  const used = new Set(
    sources
      .filter((source) => new RegExp(`^packages/${name}/(src|bin)/`).test(source.path))
      .flatMap((source) => importsOf(source).map(({ specifier }) => packageOf(specifier))),
  );
  return declared
    .filter((dependency) => !used.has(dependency))
    .map((dependency) => ({
      path,
      line: 1,
      message: banned(`unused ${dependency}`, 'it, or drop it'),
    }));
}

/** The references of tsconfig.json are the imports of the table. */
export function checkReferences(name: string): readonly Fault[] {
  const path = `packages/${name}/tsconfig.json`;
  const { references } = readJson(path) as { references: readonly { path: string }[] };
  const found = references.map((reference) => posix.basename(reference.path)).sort();
  const { imports, lazy } = layerOf(name);
  const wanted = [...imports, ...(lazy ?? [])].sort();
  if (found.join() === wanted.join()) return [];
  return [{ path, line: 1, message: banned(`references ${found.join()}`, wanted.join()) }];
}

/** The table itself: imports go strictly down. */
export function checkTable(): readonly Fault[] {
  return Object.entries(PACKAGES).flatMap(([name, { layer, imports, lazy }]) =>
    [...imports, ...(lazy ?? [])]
      .filter((other) => layerOf(other).layer >= layer)
      .map((other) => ({
        path: 'test/layers.json',
        line: 1,
        message: banned(`${name} importing ${other}`, 'a package of a lower layer'),
      })),
  );
}
