/** What a node leaves behind when a height was decided twice, and that it then stays down. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Certificate } from '@daybook/core';
import {
  asHash,
  blockHash,
  decodeCertificate,
  decodeForkProof,
  decodeHeader,
  sha256,
  systemTransaction,
  toHex,
  verifyCertificate,
} from '@daybook/core';
import { expect } from 'chai';
import { EXIT_CODES, exitCodeOf } from '../src/exit-codes.ts';
import { buildForkProof, isFork, refuseAfterFork, writeForkProof } from '../src/fork-proof.ts';
import type { OpenChain } from './support/chain.ts';
import { buildNext, certify, freshDisks, grow, makeGenesis, openChain } from './support/chain.ts';

const genesis = makeGenesis();

/** Another certificate for the height that the chain has just decided. */
async function forkedChain(): Promise<{ readonly chain: OpenChain; readonly second: Certificate }> {
  const chain = await openChain(genesis, freshDisks());
  await grow(chain.ledger, 2);
  const other = buildNext(chain.ledger);
  await chain.ledger.store(other, []);
  const second = certify(chain.ledger, other);
  await grow(chain.ledger, 1);
  return { chain, second };
}

function proofOf(chain: OpenChain, second: Certificate, first?: Certificate): Uint8Array {
  const failure = { code: 'CONSENSUS_FORK', height: 3, first, second } as const;
  const bytes = buildForkProof(failure, {
    genesis,
    blockLog: chain.blockLog,
    laterSets: () => [],
    faults: () => [systemTransaction('evidence', [1, 2])],
  });
  if (bytes === undefined) throw new Error('the node holds both certificates');
  return bytes;
}

describe('node: fork proof (spec C-32)', () => {
  let folder: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(tmpdir(), 'daybook-fork-'));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  it('given a second certificate for the head, then the proof has both, with the headers that are here', async () => {
    const { chain, second } = await forkedChain();

    const proof = decodeForkProof(proofOf(chain, second));

    if (!proof.ok) throw new Error(proof.reason.code);
    const { validators } = genesis;
    const hashes = [proof.value.first, proof.value.second].map(({ certificate, header }) => {
      const decoded = decodeCertificate(certificate);
      const read = header && decodeHeader(header);
      if (!decoded.ok) throw new Error('both sides have a certificate');
      const { blockHash: hash, height } = decoded.value;
      const expected = { kind: 'commit', chain: genesis.chain, height, blockHash: hash } as const;
      expect(verifyCertificate(decoded.value, { ...expected, validators }).ok).to.equal(true);
      if (read?.ok === true) expect(toHex(blockHash(read.value))).to.equal(toHex(hash));
      return toHex(hash);
    });
    expect(new Set(hashes).size).to.equal(2);
    expect(proof.value.first.header).not.to.equal(undefined);
    expect(proof.value.evidence).to.have.length(1);
  });

  it('given a block that this node never had, then its side has no header', async () => {
    const { chain, second } = await forkedChain();
    const unknown = { ...second, blockHash: asHash(sha256(Uint8Array.of(1))) };

    const proof = decodeForkProof(proofOf(chain, unknown, second));

    expect(proof.ok && proof.value.second.header).to.equal(undefined);
  });

  it('given a proof on disk, then the node refuses to start with the code for safety, and keeps the first', async () => {
    const { chain, second } = await forkedChain();
    const bytes = proofOf(chain, second);
    expect(() => refuseAfterFork(folder)).not.to.throw();

    const file = writeForkProof(folder, bytes);
    writeForkProof(folder, new Uint8Array([1]));

    expect(new Uint8Array(fs.readFileSync(file))).to.deep.equal(bytes);
    let refusal: unknown;
    try {
      refuseAfterFork(folder);
    } catch (error) {
      refusal = error;
    }
    expect(exitCodeOf(refusal)).to.equal(EXIT_CODES.safety);
    expect(String(refusal)).to.contain('fork-proof.bin');
  });

  it('given other failures, then they are no forks', () => {
    expect(isFork({ code: 'CONSENSUS_FORK' })).to.equal(true);
    expect(isFork({ code: 'CONSENSUS_BLOCK_INVALID' })).to.equal(false);
    expect(isFork(new Error('disk'))).to.equal(false);
  });
});
