/** Every command line of the documents is one that the program takes: verb, options, records. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { knownContracts } from '../src/actions/contracts.ts';
import { optionsOf } from '../src/frame/parse.ts';
import type { Meaning } from '../src/verbs.ts';
import { findVerb } from '../src/verbs.ts';

const ROOT = join(import.meta.dirname, '../../..');
const PAGES = ['*.md', 'docs/**/*.md', 'packages/*/README.md', 'config/**/*.md'];

/** What follows the name of the program, up to the end of the line, of the code or of the command. */
const COMMAND = /(?<![\w./@-])daybook ([a-z][^\n`|;&]*)/g;
const WORD = /^[a-z][a-zA-Z-]*$/;
/** Verbs whose first two operands are a contract and one of its records or queries. */
const READERS = ['get', 'list', 'history', 'proof'];

interface Command {
  readonly place: string;
  readonly tokens: readonly string[];
}

function commandsOf(page: string): readonly Command[] {
  const text = readFileSync(join(ROOT, page), 'utf8').replaceAll(/\\\n\s*/g, ' ');
  return [...text.matchAll(COMMAND)].map(([, rest = '']) => ({
    place: `${page}: daybook ${rest}`,
    tokens: rest.split(/[\s"'.,:)]+/).filter((token) => token !== ''),
  }));
}

/** The words that may name a verb: those before the first that is none. */
function leadingWords(tokens: readonly string[]): readonly string[] {
  const end = tokens.findIndex((token) => !WORD.test(token));
  return end < 0 ? tokens : tokens.slice(0, end);
}

async function meaningOf({ tokens, place }: Command): Promise<Meaning | string> {
  const words = leadingWords(tokens);
  const asked = words[0] === 'help' ? words.slice(1) : words;
  try {
    return await findVerb(asked, {});
  } catch {
    return place;
  }
}

const commands = globSync(PAGES, { cwd: ROOT })
  .filter((page) => !page.includes('node_modules'))
  .sort()
  .flatMap(commandsOf);

describe('cli: command lines in documents', () => {
  it('given each of them, then there is such a verb', async () => {
    const meanings = await Promise.all(commands.map(meaningOf));

    expect(commands.length).to.be.above(150);
    expect(meanings.filter((meaning) => typeof meaning === 'string')).to.deep.equal([]);
  });

  it('given the options of each, then the verb has them', async () => {
    const unknown: string[] = [];
    for (const command of commands) {
      const meaning = await meaningOf(command);
      if (typeof meaning === 'string' || meaning.kind !== 'verb') continue;
      const known = optionsOf(meaning.verb);
      const given = command.tokens.filter((token) => /^--[a-z]/.test(token));
      for (const option of given) {
        const [name = ''] = option.slice(2).split('=');
        if (!Object.hasOwn(known, name)) unknown.push(`${option} in ${command.place}`);
      }
    }

    expect(unknown).to.deep.equal([]);
  });

  it('given what they read, then a contract has such a record or query', async () => {
    const contracts = new Map((await knownContracts()).map((each) => [each.name, each]));
    const missing = commands.filter(({ tokens }) => {
      const [verb = '', contract = '', record = ''] = leadingWords(tokens);
      if (!READERS.includes(verb) || record === '') return false;
      const { records = {}, queries = {} } = contracts.get(contract) ?? {};
      return !Object.hasOwn(records, record) && !Object.hasOwn(queries, record);
    });

    expect(missing.map(({ place }) => place)).to.deep.equal([]);
  });
});
