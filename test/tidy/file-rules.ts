/**
 * Rules about whole files: length, name, opening comment, what `index.ts` may hold, and whether
 * anything imports the file at all.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { importsOf } from './imports.ts';
import type { Fault, Source } from './sources.ts';
import { banned, ROOT } from './sources.ts';

const LINES_MAX = 400;
/** Tests are flat lists of cases, read one at a time. */
const TEST_LINES_MAX = 600;
/** Longer files, each with its reason. Contracts are one file each by design. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'packages/applications/src/': 'a contract is one file, whatever its length',
  'packages/node/src/errors.ts': 'one table of failures, nothing else',
};

const FORBIDDEN_WORDS = new Set(
  'util utils helper helpers common misc shared base manager service old tmp temp'.split(' '),
);

const README_LINES_MAX = 60;

function at(path: string, line: number, message: string): Fault {
  return { path, line, message };
}

export function checkLength(source: Source): readonly Fault[] {
  if (Object.keys(LONG_FILES).some((start) => source.path.startsWith(start))) return [];
  const count = source.lines.length - 1;
  const max = source.path.endsWith('.test.ts') ? TEST_LINES_MAX : LINES_MAX;
  if (count <= max) return [];
  return [at(source.path, max, banned(`a file of ${count} lines`, `at most ${max}`))];
}

export function checkName(source: Source): readonly Fault[] {
  const name = posix.basename(source.path).replace(/\..*$/, '');
  const words = name.split('-');
  const bad = words.find((word) => FORBIDDEN_WORDS.has(word) || /^\d+$/.test(word));
  if (bad === undefined) return [];
  return [at(source.path, 1, banned(`'${bad}' in a file name`, 'the word for what it holds'))];
}

export function checkDocblock(source: Source): readonly Fault[] {
  if (!/^(packages\/[^/]+\/(src|bench)|scripts)\/.*\.ts$/.test(source.path)) return [];
  if (source.path.endsWith('/src/index.ts') || source.text.startsWith('/**')) return [];
  return [at(source.path, 1, banned('a file without an opening comment', '/** what it holds */'))];
}

/** `index.ts` is a door: comments and explicit export lists, no logic. */
export function checkIndex(source: Source): readonly Fault[] {
  if (!/^packages\/[^/]+\/src\/index\.ts$/.test(source.path)) return [];
  const rest = source.code
    .join('\n')
    .replace(/export (type )?\{[^}]*\}\s*from '[^']*';?/g, (match) => match.replace(/[^\n]/g, ''));
  const line = rest.split('\n').findIndex((text) => text.trim() !== '');
  if (line < 0) return [];
  return [at(source.path, line + 1, banned('logic in index.ts', 'export { names } from a file'))];
}

/** Files a package starts from besides index.ts: bin, package imports, workers by URL. */
function entriesOf(packageFolder: string, sources: readonly Source[]): readonly string[] {
  const manifest = readFileSync(join(ROOT, packageFolder, 'package.json'), 'utf8');
  const named = [...manifest.matchAll(/"\.\/(src\/[^"*]+\.ts)"/g)].map(([, path]) => path ?? '');
  const bins = sources.filter(({ path }) => path.startsWith(`${packageFolder}/bin/`));
  return [
    ...named.map((path) => `${packageFolder}/${path}`),
    ...bins.map(({ path }) => path),
    `${packageFolder}/src/index.ts`,
  ];
}

/** Reports files under `src` that nothing reaches from the package's entries. */
export function checkDeadFiles(sources: readonly Source[]): readonly Fault[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const folders = new Set(
    sources.flatMap(({ path }) => /^packages\/[^/]+(?=\/src\/)/.exec(path) ?? []),
  );
  const reached = new Set<string>();
  const waiting = [...folders].flatMap((folder) => entriesOf(folder, sources));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const source = byPath.get(path);
    if (source === undefined || reached.has(path)) continue;
    reached.add(path);
    for (const { specifier } of importsOf(source)) {
      if (!specifier.startsWith('.')) continue;
      waiting.push(posix.join(posix.dirname(path), specifier));
    }
  }
  return sources
    .filter(({ path }) => /^packages\/[^/]+\/src\/.*(?<!\.d)\.ts$/.test(path) && !reached.has(path))
    .map(({ path }) => at(path, 1, banned('a file that nothing imports', 'it, or delete it')));
}

/** Every package has a short README with an example. */
export function checkPackageReadmes(names: readonly string[]): readonly Fault[] {
  return names.flatMap((name) => {
    const path = `packages/${name}/README.md`;
    if (!existsSync(join(ROOT, path))) return [at(path, 1, 'a package without README is banned')];
    const text = readFileSync(join(ROOT, path), 'utf8');
    const count = text.trimEnd().split('\n').length;
    const faults: Fault[] = [];
    if (count > README_LINES_MAX) {
      faults.push(at(path, count, banned(`a README of ${count} lines`, `${README_LINES_MAX}`)));
    }
    if (!text.includes('```')) faults.push(at(path, 1, banned('a README without example', 'one')));
    return faults;
  });
}

/** Relative links of a document lead to a file; `path/` and `file` in backticks are not links. */
export function checkLinks(source: Source): readonly Fault[] {
  if (!source.path.endsWith('.md')) return [];
  return source.lines.flatMap((text, index) =>
    [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].flatMap(([, target = '']) => {
      if (/^[a-z]+:/.test(target)) return [];
      const file = join(ROOT, posix.dirname(source.path), target);
      if (existsSync(file)) return [];
      return [
        at(source.path, index + 1, banned(`a link to ${target}, which is not there,`, 'one')),
      ];
    }),
  );
}
