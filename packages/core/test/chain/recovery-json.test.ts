/** Recovery files as people pass them on: what is read can be encoded, signed and put into a block. */
import { expect } from 'chai';
import type { RecoveryFile } from '../../src/index.ts';
import {
  asHash,
  asSignature,
  createSigner,
  encodeRecovery,
  readRecovery,
  readRecoveryFile,
  renderRecoveryFile,
  validatorIdOf,
} from '../../src/index.ts';

const { publicKey } = createSigner(new Uint8Array(32).fill(1));
const member = { id: validatorIdOf(publicKey), publicKey, organisation: 'finance' };
const FILE: RecoveryFile = {
  plan: {
    chain: asHash(new Uint8Array(32).fill(2)),
    height: 70,
    blockHash: asHash(new Uint8Array(32).fill(3)),
    validators: [member],
    reason: 'two houses burnt down',
  },
  consents: [{ organisation: 'finance', signature: asSignature(new Uint8Array(64)) }],
};

/** The JSON of the file with one text in place of another. */
const bent = (from: string, to: string): unknown =>
  JSON.parse(renderRecoveryFile(FILE).replaceAll(from, to));

function faultsOf(json: unknown): readonly string[] {
  const read = readRecoveryFile(json);
  return read.ok ? [] : read.reason.faults.map(({ pointer }) => pointer);
}

describe('core: recovery file', () => {
  it('given a file, then it is read as it was written, and a block can carry it', () => {
    const read = readRecoveryFile(JSON.parse(renderRecoveryFile(FILE)));

    expect(read).to.deep.equal({ ok: true, value: FILE });
    expect(readRecovery(encodeRecovery(FILE))).to.deep.equal({ ok: true, value: FILE });
  });

  it('given a name that is none, then no block could carry it, and the file is refused', () => {
    expect(faultsOf(bent('"finance"', '"Ministry of Finance"'))).to.deep.equal([
      '/plan/validators/0/organisation',
      '/signatures/0/organisation',
    ]);
  });

  it('given a key of small order, then the file is refused', () => {
    const weak = `01${'00'.repeat(31)}`;

    expect(faultsOf(bent(Buffer.from(publicKey).toString('hex'), weak))).to.include(
      '/plan/validators/0/publicKey',
    );
  });

  it('given a reason that cannot be encoded, then the file is refused and nothing is thrown', () => {
    for (const reason of ['half \\ud800', 'cafe\\u0301']) {
      expect(faultsOf(bent('two houses burnt down', reason)), reason).to.deep.equal([
        '/plan/reason',
      ]);
    }
  });
});
