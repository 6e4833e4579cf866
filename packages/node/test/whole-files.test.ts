/** Files that must be whole or not there, on a disk that takes only a part of them. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { EXIT_CODES, exitCodeOf } from '../src/exit-codes.ts';
import { writeForkProof } from '../src/fork-proof.ts';

const sourceOf = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
/** A limit in KiB: the write that crosses it writes up to it and succeeds, as on a disk that fills up. */
const LIMIT_KIB = 8;
const VALIDATORS = 100;

const RECOVERY = `
import { asHash, asPublicKey, publicKeyOf, validatorIdOf } from '@daybook/core';
import { installRecovery } from ${sourceOf('../src/recovery-files.ts')};
const hash = asHash(new Uint8Array(32).fill(1));
const validators = Array.from({ length: ${VALIDATORS} }, (_, index) => {
  const publicKey = asPublicKey(publicKeyOf(new Uint8Array(32).fill(index)));
  return { id: validatorIdOf(publicKey), publicKey, organisation: 'org-' + index };
});
const plan = { chain: hash, height: 41, blockHash: hash, validators, reason: 'fire' };
const work = () => installRecovery(process.argv[1], { plan, consents: [] });
`;
const PROOF = `
import { writeForkProof } from ${sourceOf('../src/fork-proof.ts')};
const work = () => writeForkProof(process.argv[1], new Uint8Array(20000));
`;
const TELL = `
try {
  console.log('written', work());
} catch (error) {
  console.log(error.code);
}
`;

describe('node: files that are whole or not there', () => {
  let folder: string;

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(tmpdir(), 'daybook-whole-'));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  /** Runs a program whose files cannot grow beyond the limit. @returns what it told */
  function runLimited(program: string, kibibytes: number | 'unlimited' = LIMIT_KIB): string {
    const args = ['--conditions=source', '--input-type=module-typescript', '-e', program + TELL];
    const limited = `ulimit -f ${kibibytes} && exec "$0" "$@"`;
    const { stdout, stderr } = spawnSync(
      'bash',
      ['-c', limited, process.execPath, ...args, folder],
      // Packages are found from here.
      { encoding: 'utf8', cwd: path.dirname(new URL(import.meta.url).pathname) },
    );
    expect(stderr).to.equal('');
    return stdout.trim();
  }

  it('spec C-33: given room for a part of a recovery, then it is not installed, and nothing is left; with room it is', () => {
    const recovery = path.join(folder, 'recovery');

    const told = runLimited(RECOVERY);
    const left = fs.readdirSync(recovery);
    const again = runLimited(RECOVERY, 'unlimited');

    expect(told).to.equal('STATE_DISK_FAILED');
    expect(left).to.deep.equal([]);
    expect(again).to.match(/^written .*\.json$/);
    const [name = ''] = fs.readdirSync(recovery);
    expect(fs.statSync(path.join(recovery, name)).size).to.be.above(LIMIT_KIB * 1024);
  });

  it('spec C-32: given room for a part of a fork proof, then none is left, and the next one is written whole', () => {
    const told = runLimited(PROOF);
    const left = fs.readdirSync(folder);
    const file = writeForkProof(folder, Uint8Array.of(1, 2));

    expect(told).to.equal('STATE_DISK_FAILED');
    expect(left).to.deep.equal([]);
    expect([...fs.readFileSync(file)]).to.deep.equal([1, 2]);
  });

  it('given a full disk, then it is called so, and what stood there is as it was', () => {
    fs.symlinkSync('/dev/full', path.join(folder, 'fork-proof.bin.new'));
    let refusal: unknown;

    try {
      writeForkProof(folder, Uint8Array.of(3));
    } catch (error) {
      refusal = error;
    }

    expect(refusal).to.have.property('code', 'STATE_DISK_FULL');
    expect(exitCodeOf(refusal)).to.equal(EXIT_CODES.storage);
    expect(fs.readdirSync(folder)).to.deep.equal([]);
  });
});
