/**
 * Rules about single lines, as a table: where they hold, what they look for, and what to use
 * instead. A rule that the linter can check stands in `biome.json` and not here.
 */
import type { Fault, Source } from './sources.ts';
import { banned } from './sources.ts';

interface LineRule {
  /** Files the rule holds in. */
  readonly where: RegExp;
  /** Files of `where` that it does not hold in, each for its reason. */
  readonly except?: Readonly<Record<string, string>>;
  /** `code` looks past comments and strings, `text` at everything. */
  readonly look: 'code' | 'text';
  readonly pattern: RegExp;
  readonly what: string;
  readonly use: string;
}

const PURE = /^packages\/(core|consensus|contracts|applications)\/src\//;
const ANY_CODE = /\.(ts|js)$/;
const SOURCES = /^packages\/[^/]+\/src\//;
const TESTS = /\.test\.ts$/;
const EVERYTHING = /./;

const LINE_RULES: readonly LineRule[] = [
  {
    where: ANY_CODE,
    except: {
      'packages/node/src/daemon.ts': 'hands randomness to the parts that ask for it',
      'packages/testkit/src/ports.ts': 'where to begin to look for free ports',
    },
    look: 'code',
    pattern: /\bMath\.random\b/,
    what: 'Math.random',
    use: 'a seed or value that comes in as an argument',
  },
  {
    where: PURE,
    look: 'code',
    pattern: /\bMath\.(exp|expm1|log\w*|pow|sqrt|cbrt|sinh?|cosh?|tanh?|a\w*tan2?|hypot)\b/,
    what: 'inexact arithmetic in a pure package',
    use: 'integers',
  },
  {
    where: PURE,
    look: 'code',
    pattern: /\b(localeCompare|toLocale\w*|Intl)\b/,
    what: 'locale-dependent text',
    use: 'comparison of bytes or code units',
  },
  {
    where: PURE,
    look: 'code',
    pattern: /\.(toS|s)ort(ed)?\(\)/,
    what: 'sorting without a comparator in a pure package',
    use: 'a total order',
  },
  {
    where: PURE,
    except: { 'packages/core/src/crypto/key-generation.ts': 'key generation' },
    look: 'code',
    pattern: /\b(async|await)\b/,
    what: 'async in a pure package',
    use: 'an event or an argument',
  },
  {
    where: SOURCES,
    except: { 'packages/cli/': 'its output is the console' },
    look: 'code',
    pattern: /\bconsole\./,
    what: 'console',
    use: 'the logger port, or return a value',
  },
  {
    where: SOURCES,
    except: {
      'packages/node/src/config': 'the one place that reads settings',
      'packages/node/src/daemon.ts': 'the command line of daybookd',
      'packages/cli/': 'reads its own arguments',
    },
    look: 'code',
    pattern: /\bprocess\.(env|argv)\b/,
    what: 'process.env or process.argv',
    use: 'the settings object',
  },
  {
    where: ANY_CODE,
    look: 'code',
    pattern: /\b(describe|it|context)\.only\b/,
    what: '.only',
    use: 'npm test -- --grep',
  },
  {
    where: TESTS,
    look: 'code',
    pattern: /\bsetTimeout\(/,
    what: 'a sleep in a test',
    use: 'a wait for a condition with a bound',
  },
  {
    where: TESTS,
    look: 'text',
    pattern: /from 'node:timers\/promises'/,
    what: 'a sleep in a test',
    use: 'a wait for a condition with a bound',
  },
  {
    where: EVERYTHING,
    except: { 'test/tidy': 'names what it looks for', 'docs/style.md': 'states the rule' },
    look: 'text',
    pattern: /\b(TODO|FIXME|HACK)\b(?!.{0,4}#\d)/,
    what: 'an open note without an issue number',
    use: 'TODO #<issue>, or do it',
  },
  {
    where: ANY_CODE,
    except: { 'test/tidy': 'names what it looks for' },
    look: 'text',
    pattern: /@ts-(ignore|nocheck)|@ts-expect-error\s*$/,
    what: 'a silenced compiler without a reason',
    use: '@ts-expect-error with a reason',
  },
  {
    where: ANY_CODE,
    except: { 'test/tidy': 'names what it looks for' },
    look: 'text',
    pattern: /biome-ignore[^:]*(:\s*\S{0,12}\s*)?$/,
    what: 'a silenced lint rule without a reason',
    use: 'biome-ignore rule: reason',
  },
  {
    where: ANY_CODE,
    look: 'code',
    pattern: /^\s*export \* from/,
    what: 'export *',
    use: 'an explicit list of names',
  },
  {
    where: ANY_CODE,
    except: { 'test/tidy': 'names what it looks for' },
    look: 'text',
    pattern: /^(?:import|export|\}).*\bfrom '\.{1,2}\/[^']*(?<!\.(ts|json|js))'/,
    what: 'a relative import without its ending',
    use: 'the file name with .ts',
  },
  {
    where: EVERYTHING,
    except: { 'test/tidy': 'names what it looks for' },
    look: 'text',
    pattern: /\bregistry\.npm|\/work\/|\/tmp\/PLAN|\/home\/\w+\/|\/root\//,
    what: 'the name of one machine or registry',
    use: 'a path relative to the repository',
  },
];

function isExempt(path: string, rule: LineRule): boolean {
  return Object.keys(rule.except ?? {}).some((start) => path.startsWith(start));
}

/** Applies every line rule that holds in this file. */
export function checkLines(source: Source): readonly Fault[] {
  const faults: Fault[] = [];
  for (const rule of LINE_RULES) {
    if (!rule.where.test(source.path) || isExempt(source.path, rule)) continue;
    const lines = rule.look === 'code' ? source.code : source.lines;
    for (const [index, line] of lines.entries()) {
      if (!rule.pattern.test(line)) continue;
      const message = banned(rule.what, rule.use);
      faults.push({ path: source.path, line: index + 1, message });
    }
  }
  return faults;
}
