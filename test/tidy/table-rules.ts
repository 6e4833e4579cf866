/**
 * Tables against documents: every failure code against `docs/reference/errors.md`, every protocol
 * rule against the tests, the headings of the two READMEs against each other.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault, Source } from './sources.ts';
import { banned, ROOT } from './sources.ts';

function readLines(path: string): readonly string[] {
  const file = join(ROOT, path);
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
}

interface Code {
  readonly code: string;
  readonly path: string;
  readonly line: number;
}

/** Rows of the tables in `errors.ts`: a code in capitals, a colon and its entry. */
function declaredCodes(sources: readonly Source[]): readonly Code[] {
  return sources
    .filter(({ path }) => /^packages\/[^/]+\/src\/(.*\/)?errors\.ts$/.test(path))
    .flatMap(({ path, lines }) =>
      lines.flatMap((text, index) => {
        const [, code] = /^ {2}([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+): \{?/.exec(text) ?? [];
        return code === undefined ? [] : [{ code, path, line: index + 1 }];
      }),
    );
}

const ERRORS_PAGE = 'docs/reference/errors.md';

/** Codes are unique over all packages, and code and page name the same ones. */
export function checkErrorTables(sources: readonly Source[]): readonly Fault[] {
  const declared = declaredCodes(sources);
  const seen = new Map<string, Code>();
  const faults: Fault[] = [];
  for (const row of declared) {
    const first = seen.get(row.code);
    if (first !== undefined)
      faults.push({ ...row, message: `${row.code} is also in ${first.path}` });
    seen.set(row.code, row);
  }
  const page = readLines(ERRORS_PAGE);
  const documented = page.flatMap((text) => /^#+ `?([A-Z][A-Z0-9_]+)`?$/.exec(text)?.[1] ?? []);
  for (const row of declared) {
    if (documented.includes(row.code)) continue;
    faults.push({ ...row, message: `${row.code} is not in ${ERRORS_PAGE}: npm run generate` });
  }
  for (const code of documented) {
    if (seen.has(code)) continue;
    faults.push({
      path: ERRORS_PAGE,
      line: 1,
      message: `${code} is in no table: npm run generate`,
    });
  }
  return faults;
}

const CODE_LITERAL = /'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g;
const CODE_FIELD = /\bcode: '([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/;

/** Places where a code stands as the `code` of a value, by code, the first of each. */
function raisedCodes(sources: readonly Source[]): ReadonlyMap<string, Code> {
  const raised = new Map<string, Code>();
  for (const { path, lines } of sources) {
    for (const [index, text] of lines.entries()) {
      const code = CODE_FIELD.exec(text)?.[1];
      if (code === undefined || raised.has(code) || !isPackageCode(path, code)) continue;
      raised.set(code, { code, path, line: index + 1 });
    }
  }
  return raised;
}

/** Every code that is raised is in its package's table, and every row of a table is raised. */
export function checkCodeUse(sources: readonly Source[]): readonly Fault[] {
  const shipped = sources.filter(
    ({ path }) => /^packages\/[^/]+\/(src|bin)\//.test(path) && !path.endsWith('/errors.ts'),
  );
  const declared = declaredCodes(sources);
  const known = new Set(declared.map(({ code }) => code));
  const used = new Set(
    shipped.flatMap(({ text }) => [...text.matchAll(CODE_LITERAL)].map(([, code]) => code)),
  );
  const unknown = [...raisedCodes(shipped).values()]
    .filter(({ code }) => !known.has(code))
    .map((row) => ({ ...row, message: banned(`${row.code} in no table`, 'errors.ts') }));
  const unused = declared
    .filter(({ code }) => !used.has(code) && !isRaisedInTable(sources, code))
    .map((row) => ({ ...row, message: banned(`${row.code}, never raised,`, 'it, or drop it') }));
  return [...unknown, ...unused];
}

function isPackageCode(path: string, code: string): boolean {
  const name = path.split('/')[1] ?? '';
  return code.startsWith(`${name.toUpperCase()}_`);
}

/** A code may be raised in errors.ts itself, beside its table. */
function isRaisedInTable(sources: readonly Source[], code: string): boolean {
  return sources.some(
    ({ path, text }) => path.endsWith('/errors.ts') && text.includes(`'${code}'`),
  );
}

interface SpecRule {
  readonly id: string;
  readonly section: string;
  readonly path: string;
  readonly line: number;
}

/** List items that open with an id in bold; *(planned)* ones bind nobody yet. */
export function specRules(texts: readonly Source[]): readonly SpecRule[] {
  return texts
    .filter(({ path }) => /^docs\/protocol\/\d/.test(path))
    .flatMap(({ path, lines }) => {
      let section = '';
      return lines.flatMap((text, index) => {
        section = /^## (§\d+)/.exec(text)?.[1] ?? section;
        const [, id, planned] = /^- \*\*([A-Z]+-?\d+)\*\*( \*\(planned\)\*)?/.exec(text) ?? [];
        if (id === undefined || planned !== undefined) return [];
        return [{ id, section, path, line: index + 1 }];
      });
    });
}

/** Every rule is named by a test: `spec R5`, or the section it stands in, `spec §9`. */
export function checkSpecRules(
  texts: readonly Source[],
  sources: readonly Source[],
): readonly Fault[] {
  const named = new Set<string>();
  for (const { path, text } of sources) {
    if (!/\/test\/|^test\//.test(path) || path.startsWith('test/tidy')) continue;
    for (const [mention] of text.matchAll(/\bspec (§?[A-Z]*-?\d+(?:[^'`\n]{0,40})?)/g)) {
      for (const [id] of mention.matchAll(/§\d+|\b[A-Z]+-?\d+\b/g)) named.add(id);
    }
  }
  return specRules(texts)
    .filter(({ id, section }) => !named.has(id) && !named.has(section))
    .map(({ id, section, path, line }) => ({
      path,
      line,
      message: `rule ${id} (${section}) has no test: name it in one, 'spec ${id}'`,
    }));
}

/** The two READMEs have the same headings, level by level. */
export function checkReadmeHeadings(): readonly Fault[] {
  const levels = (path: string): readonly string[] =>
    readLines(path).flatMap((text) => /^(#+) /.exec(text)?.[1] ?? []);
  const english = levels('README.md').join(' ');
  const chinese = levels('README.zh-CN.md').join(' ');
  if (english !== '' && english === chinese) return [];
  const message = `headings ${chinese || 'missing'} differ from README.md: ${english || 'missing'}`;
  return [{ path: 'README.zh-CN.md', line: 1, message }];
}
