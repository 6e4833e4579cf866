/** A release holds nothing that could plant a bug or weaken a signature (docs/simulator.md). */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isPlanted, MUTANTS, simulationSwitches } from '@daybook/core';
import { expect } from 'chai';

const PACKAGE = path.join(import.meta.dirname, '..');
/** What only the switchable form of the switch has: an object that can be written to. */
const TRACE = /mutant: undefined/;

function packedFiles(): readonly string[] {
  const options = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const report = execFileSync('npm', options, { cwd: PACKAGE, encoding: 'utf8' });
  const [packed] = JSON.parse(report) as readonly { files: readonly { path: string }[] }[];
  return (packed?.files ?? []).map((file) => file.path);
}

describe('a release of core', () => {
  it('given the files that npm packs, then the switch of the simulator is not among them', () => {
    const files = packedFiles();

    expect(files).to.include('src/crypto/simulation/none.ts');
    expect(files.filter((file) => file.includes('switchable'))).to.deep.equal([]);
    const code = files.filter((file) => /\.(ts|js)$/.test(file));
    const traces = code.filter((file) =>
      TRACE.test(readFileSync(path.join(PACKAGE, file), 'utf8')),
    );
    expect(traces).to.deep.equal([]);
  });

  it('given no import condition, then no bug can be planted', () => {
    expect(simulationSwitches()).to.equal(undefined);
    expect(MUTANTS.filter(isPlanted)).to.deep.equal([]);
  });
});
