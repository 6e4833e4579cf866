import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { run } from '../fixtures/run.ts';

/** Completes the last word of a line in a real shell. */
function completeInBash(script: string, words: readonly string[]): readonly string[] {
  const line = words.map((word) => `'${word}'`).join(' ');
  const program = `${script}
COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _daybook; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', program], { encoding: 'utf8' }).trim().split('\n');
}

/** The same in zsh, whose own functions for it are there only when somebody types. */
function completeInZsh(script: string, words: readonly string[]): readonly string[] {
  const line = words.map((word) => `'${word}'`).join(' ');
  const program = `compdef() { : }; _files() { : }; compadd() { shift; print -l -- "$@" }
${script}
words=(${line}); CURRENT=${words.length}; _daybook`;
  const offered = execFileSync('zsh', ['-f'], { encoding: 'utf8', input: program });
  return offered
    .trim()
    .split('\n')
    .filter((word) => word.startsWith(words.at(-1) ?? ''));
}

/** fish takes no script from a pipe of this runtime, so it gets a file. */
function completeInFish(script: string, words: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-fish-'));
  const file = join(folder, 'daybook.fish');
  writeFileSync(file, script);
  const program = `source ${file}; complete -C '${words.join(' ')}'`;
  const offered = execFileSync('fish', ['--no-config', '-c', program], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  const lines = offered.trim().split('\n');
  return lines.map((line) => line.split('\t')[0] ?? '');
}

const COMPLETERS = { bash: completeInBash, zsh: completeInZsh, fish: completeInFish } as const;

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}

describe('cli: completion', () => {
  for (const [shell, complete] of Object.entries(COMPLETERS)) {
    it(`given ${shell}, then verbs, actions of contracts and options are completed`, async function () {
      if (!isInstalled(shell)) this.skip();
      const { out, exit } = await run(['completion', shell]);
      const offers = (...words: readonly string[]) => complete(out, ['daybook', ...words]);

      expect(exit).to.equal('done');
      expect(offers('')).to.include.members(['init', 'status', 'treasury']);
      expect(offers('stat')).to.deep.equal(['status']);
      expect(offers('init', '')).to.include.members(['keys', 'genesis']);
      expect(offers('treasury', 'disb')).to.deep.equal(['disburse']);
      expect(offers('treasury', 'disburse', '--amo')).to.deep.equal(['--amount']);
      expect(offers('verify', 'x.proof', '--gen')).to.deep.equal(['--genesis']);
    });
  }

  it('given an unknown shell, then it is wrong use', async () => {
    const { code, errors } = await run(['completion', 'tcsh']);

    expect(code).to.equal(2);
    expect(errors).to.contain('bash, zsh, fish');
  });
});
