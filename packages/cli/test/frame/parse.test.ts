import { expect } from 'chai';
import { CliError } from '../../src/errors.ts';
import { createInput } from '../../src/frame/input.ts';
import { nearestOf, optionsOf, parseWords } from '../../src/frame/parse.ts';
import type { Verb } from '../../src/frame/verb.ts';

const VERB: Verb = {
  words: ['copy'],
  title: 'Copy.',
  operands: [
    { name: 'from', help: 'Source.' },
    { name: 'to', help: 'Places.', many: true, optional: true },
  ],
  options: {
    count: { value: 'COUNT', help: 'How often.', default: '3' },
    tag: { value: 'TAG', help: 'Tags.', many: true, environment: 'TAGS' },
    mode: { value: 'MODE', help: 'How.', choices: ['fast', 'slow'] },
    force: { help: 'Do it.' },
  },
  run: async () => 'done',
};

function read(words: readonly string[], environment: Record<string, string> = {}) {
  return createInput(parseWords(VERB, words), optionsOf(VERB), environment);
}

function codeOf(words: readonly string[]): string {
  try {
    parseWords(VERB, words);
  } catch (error) {
    if (error instanceof CliError) return error.code;
    throw error;
  }
  return 'none';
}

describe('cli: command line', () => {
  it('given operands and options in any order, then each is in its place', () => {
    const input = read(['a', '--tag', 'x', 'b', '--force', '--tag=y', 'c']);

    expect(input.operand('from')).to.equal('a');
    expect(input.operands('to')).to.deep.equal(['b', 'c']);
    expect(input.texts('tag')).to.deep.equal(['x', 'y']);
    expect(input.flag('force')).to.equal(true);
    expect(input.flag('json')).to.equal(false);
  });

  it('given nothing, then environment and default stand in, in this order', () => {
    const input = read(['a'], { TAGS: 'p q,r' });

    expect(input.texts('tag')).to.deep.equal(['p', 'q', 'r']);
    expect(input.integer('count', { min: 1, max: 9 })).to.equal(3);
    expect(input.optionalText('mode')).to.equal(undefined);
  });

  it('given a value that begins with a dash, then = carries it', () => {
    expect(read(['a', '--tag=-x']).texts('tag')).to.deep.equal(['-x']);
  });

  for (const [what, words, code] of [
    ['an unknown option', ['a', '--forse'], 'CLI_OPTION_UNKNOWN'],
    ['a missing operand', [], 'CLI_OPERAND_MISSING'],
    ['an option without its value', ['a', '--mode'], 'CLI_OPTION_INVALID'],
    ['a value that is no choice', ['a', '--mode', 'odd'], 'CLI_OPTION_INVALID'],
    ['a value for a switch', ['a', '--force=1'], 'CLI_OPTION_INVALID'],
    ['an option given twice', ['a', '--mode', 'fast', '--mode', 'slow'], 'CLI_OPTION_INVALID'],
  ] as const) {
    it(`given ${what}, then it is ${code}`, () => {
      expect(codeOf(words)).to.equal(code);
    });
  }

  it('given a number out of bounds or no number, then it is refused', () => {
    for (const text of ['0', '10', '1.5', '-1', 'x', '']) {
      expect(() => read(['a', `--count=${text}`]).integer('count', { min: 1, max: 9 })).to.throw(
        CliError,
      );
    }
  });

  it('given a slip of the pen, then the nearest name is offered, and no far one', () => {
    expect(nearestOf('stauts', ['status', 'submit', 'why'])).to.equal('status');
    expect(nearestOf('zzz', ['status', 'submit', 'why'])).to.equal(undefined);
  });
});
