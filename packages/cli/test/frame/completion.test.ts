import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { run } from '../fixtures/run.ts';

/** Completes the last word of a line in a real shell. */
function completeInBash(script: string, words: readonly string[]): readonly string[] {
  const line = words.map((word) => `'${word}'`).join(' ');
  const program = `${script}
COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _daybook; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', program], { encoding: 'utf8' }).trim().split('\n');
}

describe('cli: completion', () => {
  it('given bash, then verbs, actions of contracts and options are completed', async function () {
    if (!existsSync('/bin/bash')) this.skip();
    const { out, exit } = await run(['completion', 'bash']);

    expect(exit).to.equal('done');
    expect(completeInBash(out, ['daybook', 'stat'])).to.deep.equal(['status']);
    expect(completeInBash(out, ['daybook', 'init', ''])).to.include.members(['keys', 'genesis']);
    expect(completeInBash(out, ['daybook', 'treasury', 'disb'])).to.deep.equal(['disburse']);
    expect(completeInBash(out, ['daybook', 'treasury', 'disburse', '--amo'])).to.deep.equal([
      '--amount',
    ]);
    expect(completeInBash(out, ['daybook', 'verify', 'x.proof', '--gen'])).to.deep.equal([
      '--genesis',
    ]);
  });

  for (const shell of ['zsh', 'fish']) {
    it(`given ${shell}, then the script names every verb`, async () => {
      const { out } = await run(['completion', shell]);

      for (const word of ['init', 'keys', 'verify', 'disburse']) expect(out).to.contain(word);
    });
  }

  it('given an unknown shell, then it is wrong use', async () => {
    const { code, errors } = await run(['completion', 'tcsh']);

    expect(code).to.equal(2);
    expect(errors).to.contain('bash, zsh, fish');
  });
});
