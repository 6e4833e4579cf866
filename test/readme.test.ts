/**
 * Every TypeScript example in a README or under docs/ runs as it stands, in a process of its own
 * and from the root of the repository. An example that only shows a shape says ```ts shape.
 */
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';

const ROOT = join(import.meta.dirname, '..');
/** Only against hanging. */
const HANGING_MS = 180_000;
const run = promisify(execFile);

interface Example {
  readonly path: string;
  readonly line: number;
  readonly code: string;
}

function examplesOf(path: string): readonly Example[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => ({
    path,
    line: text.slice(0, match.index).split('\n').length,
    code: match[1] ?? '',
  }));
}

const PAGES = [
  'README*.md',
  'docs/*.md',
  'docs/{operations,testkit}/**/*.md',
  'packages/*/README.md',
];
const examples = globSync(PAGES, { cwd: ROOT })
  .filter((path) => !path.includes('node_modules'))
  .sort()
  .flatMap(examplesOf);

describe('examples in documents', () => {
  for (const { path, line, code } of examples) {
    it(`${path}:${line} runs`, async function () {
      this.timeout(HANGING_MS);
      const args = ['--conditions=source', '--input-type=module-typescript', '--eval', code];

      const ended = await run(process.execPath, args, { cwd: ROOT, timeout: HANGING_MS });

      expect(ended.stderr).to.not.match(/Error/);
    });
  }
});
