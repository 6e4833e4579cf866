/** Finds the imports of a file: static, re-exported, dynamic, and workers named by URL. */
import type { Source } from './sources.ts';

export interface Import {
  readonly specifier: string;
  /** Counted from 1. */
  readonly line: number;
  /** `import(…)`: loaded when needed. */
  readonly lazy: boolean;
  /** `import type`: nothing is loaded. */
  readonly typeOnly: boolean;
}

const IMPORT =
  /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\sfrom\s+)?'([^'\n]+)'|(?<!\/\/.*)(?<!\* .*)\bimport\(\s*'([^'\n]+)'|new URL\(\s*'(\.[^'\n]+)',\s*import\.meta\.url|import\.meta\.resolve\(\s*'([^'\n]+)'|createRequire\(import\.meta\.url\)\(\s*'([^'\n]+)'/gm;

const cache = new WeakMap<Source, readonly Import[]>();

export function importsOf(source: Source): readonly Import[] {
  const known = cache.get(source);
  if (known !== undefined) return known;
  const found = [...source.text.matchAll(IMPORT)].map((match): Import => {
    const [, type, fixed, dynamic, worker, resolved, required] = match;
    const line = source.text.slice(0, match.index).split('\n').length;
    return {
      specifier: fixed ?? dynamic ?? worker ?? resolved ?? required ?? '',
      line,
      lazy: fixed === undefined,
      typeOnly: type !== undefined,
    };
  });
  cache.set(source, found);
  return found;
}
