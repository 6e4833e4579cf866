/** What no compiler and no linter checks (docs/style.md), in one pass over the sources. */
import { expect } from 'chai';
import {
  checkDeadFiles,
  checkDocblock,
  checkIndex,
  checkLength,
  checkLinks,
  checkName,
  checkPackageReadmes,
} from './tidy/file-rules.ts';
import {
  checkImports,
  checkManifest,
  checkOuterImports,
  checkReferences,
  checkTable,
  checkUse,
  PACKAGE_NAMES,
} from './tidy/layer-rules.ts';
import type { Fault } from './tidy/sources.ts';
import { faultLine, readCode, readTexts } from './tidy/sources.ts';
import {
  checkCodeUse,
  checkErrorTables,
  checkReadmeHeadings,
  checkSpecRules,
} from './tidy/table-rules.ts';
import { checkLines } from './tidy/text-rules.ts';

const code = readCode();
const texts = readTexts();

/** One test per rule; each lists all faults, so that one run shows everything to repair. */
const RULES: Readonly<Record<string, () => readonly Fault[]>> = {
  'imports go strictly down, and only through doors': () => [
    ...checkTable(),
    ...code.flatMap(checkImports),
    ...code.flatMap(checkOuterImports),
  ],
  'package.json and tsconfig.json say what the layers say': () => [
    ...PACKAGE_NAMES.flatMap(checkManifest),
    ...PACKAGE_NAMES.flatMap(checkReferences),
    ...PACKAGE_NAMES.flatMap((name) => checkUse(name, code)),
  ],
  'no line holds what is banned': () => [...code, ...texts].flatMap(checkLines),
  'no file is too long': () => code.flatMap(checkLength),
  'links in documents lead somewhere': () => texts.flatMap(checkLinks),
  'file names say what the file holds': () => code.flatMap(checkName),
  'every source file opens with what it is for': () => code.flatMap(checkDocblock),
  'index.ts holds explicit exports and nothing else': () => code.flatMap(checkIndex),
  'every source file is reached from its package': () => checkDeadFiles(code),
  'every package has a short README with an example': () => checkPackageReadmes(PACKAGE_NAMES),
  'docs/reference/errors.md and the tables agree': () => checkErrorTables(code),
  'every failure code is in a table and in use': () => checkCodeUse(code),
  'every rule of docs/protocol is named by a test': () => checkSpecRules(texts, code),
  'both READMEs have the same headings': () => checkReadmeHeadings(),
};

describe('tidy', () => {
  for (const [title, check] of Object.entries(RULES)) {
    it(title, () => {
      const faults = check().map(faultLine);

      expect(faults, `\n${faults.join('\n')}\n`).to.have.length(0);
    });
  }
});
