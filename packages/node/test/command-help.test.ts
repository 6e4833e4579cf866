/** Help of `daybookd`: the table against the verbs and options that the program takes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { renderHelp, renderVerbHelp, VERB_HELP } from '../src/command-help.ts';
import { parseCommand, VERBS } from '../src/daemon.ts';
import { daemonPath } from '../src/daemon-path.ts';

/** Runs the program as a process. */
async function run(words: readonly string[]) {
  const program = [...process.execArgv, daemonPath(), ...words];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code: Number(code), out, errors };
}

describe('daybookd: help', () => {
  it('given the table, then it has every verb of the program and no other', () => {
    const first = new Set(VERB_HELP.map(({ words }) => words.split(' ')[0]));

    expect([...first].sort()).to.deep.equal(Object.keys(VERBS).sort());
  });

  it('given the table, then the program takes every option of it', () => {
    for (const { words, options } of VERB_HELP) {
      for (const option of Object.keys(options)) {
        const [name = '', value] = option.split(' ');
        const line = [...words.split(' '), `--${name}`, ...(value === undefined ? [] : ['7'])];
        expect(() => parseCommand(line), line.join(' ')).not.to.throw();
      }
    }
  });

  it('given a verb with --help, then it is the help of that verb alone', async () => {
    const told = await run(['create-votes', '--help']);

    expect(told.code).to.equal(0);
    expect(told.out).to.match(/^daybookd create-votes \[options\]\n/);
    expect(told.out).to.contain('--above HEIGHT').and.to.contain('Exit codes');
    expect(told.out).not.to.contain('backup').and.not.to.contain('--deep');
  });

  it('given no verb, then it is the help of the program; given run, then of that verb', async () => {
    expect((await run(['--help'])).out).to.equal(renderHelp());
    expect((await run(['run', '--help'])).out).to.match(/^daybookd run \[options\]\n/);
  });

  it('given a verb of two words, then it is one of them or both', () => {
    const both = renderVerbHelp(['archive']);

    expect(both).to.contain('archive write DIR').and.to.contain('archive verify DIR');
    expect(renderVerbHelp(['archive', 'wrong'])).to.equal(both);
    expect(renderVerbHelp(['archive', 'verify', 'folder'])).not.to.contain('archive write');
  });

  it('given a verb that there is not, then --help says so', async () => {
    const told = await run(['bakup', '--help']);

    expect(told.code).to.equal(2);
    expect(told.errors).to.contain('there is no verb bakup');
  });

  it('given any help, then no line is longer than a terminal is wide', () => {
    const texts = [renderHelp(), ...VERB_HELP.map(({ words }) => renderVerbHelp(words.split(' ')))];

    for (const line of texts.flatMap((one = '') => one.split('\n'))) {
      expect(line.length, line).to.be.at.most(100);
    }
  });
});
