/** Every command line of `daybookd` in documents and unit files is one that it takes. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseCommand, VERBS } from '../src/daemon.ts';

const ROOT = join(import.meta.dirname, '../../..');
const PAGES = ['*.md', 'docs/**/*.md', 'packages/*/README.md', 'config/**/*.{md,service}'];

/** Code of a document: a block between fences, or between two backticks. */
const CODE = /```[a-z]*\n([\s\S]*?)```|`([^`\n]+)`/g;
/** What follows the name of the program there, up to the end of the command. */
const COMMAND = /(?:^|\s|bin\/)daybookd(?:\.js)? ([^\n`|;&]*)/g;
/** Another program that speaks of the service, as `journalctl -u daybookd`. */
const OF_SERVICE = /(?:journalctl|systemctl)[^\n;|]*$/;
/** Stands for any value, as FILE and HEIGHT do. */
const PLACES: Readonly<Record<string, string>> = { HEIGHT: '7' };

interface Line {
  readonly place: string;
  readonly words: readonly string[];
}

function codeOf(page: string): readonly string[] {
  const text = readFileSync(join(ROOT, page), 'utf8').replaceAll(/\\\n\s*/g, ' ');
  if (page.endsWith('.service')) return text.split('\n').filter((line) => !line.startsWith('#'));
  return [...text.matchAll(CODE)].map(([, block, inline]) => block ?? inline ?? '');
}

function linesOf(page: string): readonly Line[] {
  return codeOf(page).flatMap((code) =>
    [...code.matchAll(COMMAND)]
      .filter(({ index }) => !OF_SERVICE.test(code.slice(0, index)))
      .map(([, rest = '']) => {
        const [command = ''] = rest.split(/\s#|→/);
        const words = command.split(/\s+/).filter((word) => word !== '');
        return {
          place: `${page}: daybookd ${rest}`,
          words: words.map((word) => PLACES[word] ?? word),
        };
      }),
  );
}

/** What the program would say against it, if anything. */
function faultOf({ words }: Line): string | undefined {
  try {
    const { verb, show } = parseCommand(words);
    return show !== undefined || Object.hasOwn(VERBS, verb) ? undefined : `no verb ${verb}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('daybookd: command lines in documents', () => {
  const lines = globSync(PAGES, { cwd: ROOT })
    .filter((page) => !page.includes('node_modules'))
    .sort()
    .flatMap(linesOf);

  it('given each of them, then the program has its verb and its options', () => {
    const faults = lines.flatMap((line) => {
      const fault = faultOf(line);
      return fault === undefined ? [] : [`${line.place}: ${fault}`];
    });

    expect(lines.length).to.be.at.least(25);
    expect(faults).to.deep.equal([]);
  });

  it('given a line with a wrong verb, a wrong option or a missing value, then it is found out', () => {
    const wrong = ['recove --file x', 'recover --fiel x', 'recover --file'];

    const faults = wrong.map((text) => faultOf({ place: text, words: text.split(' ') }));

    expect(faults).not.to.include(undefined);
  });
});
