/** The tidy rules themselves: each must find what it bans, and nothing in prose or strings. */
import { expect } from 'chai';
import {
  checkDeadFiles,
  checkDocblock,
  checkIndex,
  checkLength,
  checkName,
} from './tidy/file-rules.ts';
import { checkImports, checkOuterImports } from './tidy/layer-rules.ts';
import type { Fault, Source } from './tidy/sources.ts';
import { sourceOf } from './tidy/sources.ts';
import { checkCodeUse, checkSpecRules, specRules } from './tidy/table-rules.ts';
import { checkLines } from './tidy/text-rules.ts';

type Check = (source: Source) => readonly Fault[];

/** What `outerOnTests` in layers.json opens to one script, by a pattern. */
const KILLERS = '../../packages/testkit/test/sim/mutants';

const importOf = (specifier: string): string => `import { x } from '${specifier}';`;

/** Rule, path, content, and what the message must hold. */
const BAD: readonly (readonly [Check, string, string, string])[] = [
  [checkLines, 'packages/core/src/a.ts', 'const x = Math.random();', 'Math.random'],
  [checkLines, 'packages/core/src/a.ts', 'const x = Math.sqrt(2);', 'inexact'],
  [checkLines, 'packages/core/src/a.ts', 'a.localeCompare(b);', 'locale'],
  [checkLines, 'packages/core/src/a.ts', 'keys.sort();', 'comparator'],
  [checkLines, 'packages/consensus/src/a.ts', 'export async function f() {}', 'async'],
  [checkLines, 'packages/state/src/a.ts', "console.log('x');", 'console'],
  [checkLines, 'packages/state/src/a.ts', 'process.env.HOME;', 'process.env'],
  [checkLines, 'packages/state/test/a.test.ts', "it.only('x');", '.only'],
  [checkLines, 'packages/state/test/a.test.ts', 'setTimeout(done, 5);', 'sleep'],
  [checkLines, 'packages/state/src/a.ts', '// TODO later', 'issue number'],
  [checkLines, 'packages/state/src/a.ts', '// @ts-ignore', 'compiler'],
  [checkLines, 'packages/state/src/a.ts', '// biome-ignore lint/x:', 'lint rule'],
  [checkLines, 'packages/state/src/a.ts', "export * from './b.ts';", 'export *'],
  [checkLines, 'packages/state/src/a.ts', "import { b } from './b';", 'ending'],
  [checkLines, 'docs/a.md', 'see /home/someone/x', 'machine'],
  [checkName, 'packages/state/src/string-utils.ts', '', 'utils'],
  [checkName, 'packages/state/src/codec-2.ts', '', "'2'"],
  [checkLength, 'packages/state/src/a.ts', '\n'.repeat(401), '401'],
  [checkDocblock, 'packages/state/src/a.ts', 'export const a = 1;', 'comment'],
  [checkIndex, 'packages/state/src/index.ts', "export { a } from './a.ts';\nconst b = 1;", 'logic'],
  [checkImports, 'packages/core/src/a.ts', "import { x } from '@daybook/state';", 'state'],
  [checkImports, 'packages/node/src/a.ts', "import { x } from '@daybook/core/src/a.ts';", 'deep'],
  [checkImports, 'packages/cli/src/a.ts', "import { x } from '@daybook/testkit';", 'testkit'],
  [checkImports, 'packages/core/src/codec/a.ts', "import { x } from '../chain/b.ts';", 'chain'],
  [checkImports, 'packages/state/src/a.ts', "import { x } from '../../core/src/b.ts';", 'relative'],
  [checkImports, 'packages/state/src/a.ts', "import x from 'lodash';", 'lodash'],
  [checkImports, 'packages/consensus/src/a.ts', "import { x } from 'node:fs';", 'node:fs'],
  [checkOuterImports, 'scripts/sim/seeds.ts', importOf(`${KILLERS}/killers.ts`), 'killers.ts'],
  [checkOuterImports, 'scripts/sim/mutants.ts', importOf(`${KILLERS}/deep/a.ts`), 'deep'],
  [checkOuterImports, 'scripts/sim/mutants.ts', importOf(`${KILLERS}/../seeds.ts`), 'seeds'],
  [checkOuterImports, 'test/fuzz/targets.ts', importOf('../../packages/core/src/a.ts'), 'core'],
  [checkOuterImports, 'test/fuzz/targets.ts', importOf('../../packages/fuzz-targets.ts'), 'fuzz'],
];

const GOOD: readonly (readonly [Check, string, string])[] = [
  [checkLines, 'packages/core/src/a.ts', '// Math.random is banned\nconst x = `Math.random`;'],
  [checkLines, 'packages/state/src/a.ts', "const s = 'console.log';"],
  [checkLines, 'packages/state/src/a.ts', '// TODO #12: until the peer answers'],
  [checkName, 'packages/core/src/codec/crc32c.ts', ''],
  [checkName, 'packages/core/src/crypto/sha256-node.ts', ''],
  [checkIndex, 'packages/state/src/index.ts', "/** Door. */\nexport type { A } from './a.ts';\n"],
  [checkImports, 'packages/cli/src/a.ts', "const kit = await import('@daybook/testkit');"],
  [checkImports, 'packages/core/src/crypto/native/a.ts', "import { hash } from 'node:crypto';"],
  [checkImports, 'packages/core/test/a.test.ts', "import { expect } from 'chai';"],
  [checkOuterImports, 'scripts/sim/mutants.ts', importOf(`${KILLERS}/killers.ts`)],
  [checkOuterImports, 'test/fuzz/targets.ts', importOf('../../packages/a/test/fuzz-targets.ts')],
];

describe('tidy rules', () => {
  for (const [check, path, text, part] of BAD) {
    it(`given ${JSON.stringify(text.slice(0, 50))} in ${path}, then ${check.name} objects`, () => {
      const messages = check(sourceOf(path, text)).map(({ message }) => message);

      expect(messages.join('\n')).to.include(part);
    });
  }

  for (const [check, path, text] of GOOD) {
    it(`given ${JSON.stringify(text.slice(0, 50))} in ${path}, then ${check.name} is silent`, () => {
      expect(check(sourceOf(path, text))).to.deep.equal([]);
    });
  }

  it('given a file that only a dead file imports, then both are reported', () => {
    const sources = [
      sourceOf('packages/state/src/index.ts', "export { a } from './a.ts';"),
      sourceOf('packages/state/src/a.ts', "import type { B } from './b.ts';"),
      sourceOf('packages/state/src/b.ts', ''),
      sourceOf('packages/state/src/c.ts', "import { d } from './d.ts';"),
      sourceOf('packages/state/src/d.ts', ''),
    ];

    const dead = checkDeadFiles(sources).map(({ path }) => path);

    expect(dead).to.deep.equal(['packages/state/src/c.ts', 'packages/state/src/d.ts']);
  });

  it('given a code outside its table and a row that nothing raises, then both are reported', () => {
    const sources = [
      sourceOf('packages/state/src/errors.ts', '  STATE_UNUSED: {\n  STATE_USED: {\n'),
      sourceOf('packages/state/src/a.ts', "{ code: 'STATE_USED' }\n{ code: 'STATE_LOST' }"),
    ];

    const messages = checkCodeUse(sources).map(({ message }) => message);

    expect(messages.join('\n')).to.match(/STATE_LOST.*\n.*STATE_UNUSED/);
    expect(messages).to.have.length(2);
  });

  it('given rules with and without a test, then those without are reported, planned ones not', () => {
    const page =
      '## §9 x\n- **G1** a\n- **G2** b\n## §11 y\n- **C-17** c\n- **C-18** *(planned)* d';
    const texts = [sourceOf('docs/protocol/03-consensus.md', page)];
    const tests = [sourceOf('packages/a/test/a.test.ts', "it('x (spec G1)'); // spec §11")];

    const missing = checkSpecRules(texts, tests).map(({ message }) => message);

    expect(specRules(texts).map(({ id }) => id)).to.deep.equal(['G1', 'G2', 'C-17']);
    expect(missing).to.have.length(1);
    expect(missing[0]).to.include('G2');
  });
});
