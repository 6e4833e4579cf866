/** What a thread finds valid is what the check in place finds valid, of the same bytes, and no more. */
import type { CertificateExpectation, Hash } from '@daybook/core';
import {
  asHash,
  blockHash,
  decodeBlock,
  decodeCertificate,
  encodeBlock,
  encodeCertificate,
  sha256,
  toHex,
  verifyCertificate,
} from '@daybook/core';
import { expect } from 'chai';
import type { AheadVerifier } from '../../src/ahead/ahead-verifier.ts';
import { createAheadVerifier } from '../../src/ahead/ahead-verifier.ts';
import { SILENT_LOGGER } from '../../src/log.ts';
import type { ServedBlock } from '../../src/ranges.ts';
import type { OpenChain } from '../support/chain.ts';
import {
  buildNext,
  certify,
  freshDisks,
  makeGenesis,
  noteOf,
  openChain,
} from '../support/chain.ts';

const genesis = makeGenesis();
const signing = { validators: genesis.validators, era: genesis.chain };

describe('node: verifying ahead', () => {
  const notes = [0, 1, 2].map((number) => noteOf(genesis, number));
  let chain: OpenChain;
  let served: ServedBlock;
  let expected: CertificateExpectation;
  let ahead: AheadVerifier;
  let remembered: Set<string>;

  before(async () => {
    chain = await openChain(genesis, freshDisks());
    const block = buildNext(chain.ledger, notes);
    const certificate = encodeCertificate(certify(chain.ledger, block));
    served = { block: block.bytes, certificate };
    const { validators, era } = signing;
    expected = { kind: 'commit', chain: era, height: 1, blockHash: block.hash, validators };
  });
  beforeEach(() => {
    remembered = new Set();
    const signatures = { remember: (hash: Hash) => remembered.add(toHex(hash)) };
    ahead = createAheadVerifier({ signatures, logger: SILENT_LOGGER });
  });
  afterEach(async () => {
    await ahead.rest();
  });
  after(async () => {
    await chain.close();
  });

  it('given a genuine range, then its transactions are remembered, and its certificate for nothing but what it is for', async () => {
    await ahead.verify([served], signing);

    expect(remembered).to.deep.equal(new Set(notes.map(({ hash }) => toHex(hash))));
    const { certificate } = served;
    expect(ahead.isCertified(certificate, expected)).to.equal(true);
    const others: readonly Partial<CertificateExpectation>[] = [
      { height: 2 },
      { chain: asHash(sha256(Uint8Array.of(1))) },
      { blockHash: asHash(sha256(Uint8Array.of(2))) },
      { validators: genesis.validators.slice(0, 3) },
    ];
    for (const other of others) {
      const found = ahead.isCertified(certificate, { ...expected, ...other });
      expect(found, JSON.stringify(Object.keys(other))).to.equal(false);
    }
  });

  it('given a thread, then it runs from its first answer until it rests', async () => {
    const before = ahead.isRunning();
    const verified = ahead.verify([], signing);
    const loading = ahead.isRunning();
    await verified;
    const after = ahead.isRunning();
    await ahead.rest();

    expect([before, loading, after, ahead.isRunning()]).to.deep.equal([false, false, true, false]);
  });

  it('given a range with any one bit of its certificates wrong, then the thread certifies none that the check in place refuses', async () => {
    const { certificate, block } = served;
    const broken = Array.from({ length: certificate.length }, (_, at) => {
      const bytes = certificate.slice();
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      return bytes;
    });

    const range = broken.map((bytes) => ({ block, certificate: bytes }));
    await ahead.verify(range, signing);

    for (const [at, bytes] of broken.entries()) {
      const decoded = decodeCertificate(bytes);
      const inPlace = decoded.ok && verifyCertificate(decoded.value, expected).ok;
      expect(ahead.isCertified(bytes, expected), `byte ${at}`).to.equal(inPlace);
    }
    expect(ahead.isCertified(certificate, expected), 'never seen').to.equal(false);
  });

  it('given a transaction that nobody signed in a decided block, then the others of it are remembered', async () => {
    const forged = noteOf(genesis, 7, { forged: true });
    const decoded = decodeBlock(served.block);
    if (!decoded.ok) throw new Error(decoded.reason.code);
    const { header, body } = decoded.value;
    const block = encodeBlock({ header, body: [forged.bytes, ...body, Uint8Array.of(0xff)] });

    await ahead.verify([{ ...served, block }], signing);

    expect(remembered).to.deep.equal(new Set(notes.map(({ hash }) => toHex(hash))));
    expect(blockHash(header)).to.deep.equal(expected.blockHash);
  });

  it('given another set or noise, then nothing is remembered', async () => {
    const noise = { block: Uint8Array.of(1, 2), certificate: Uint8Array.of(3) };

    await ahead.verify([noise], signing);
    await ahead.verify([served], { ...signing, era: asHash(sha256(Uint8Array.of(1))) });

    expect(remembered.size).to.equal(0);
    expect(ahead.isCertified(served.certificate, expected)).to.equal(false);
  });

  it('given a thread that ends while it is waited for, then nobody waits on, and the next range starts another', async () => {
    const waiting = ahead.verify(
      Array.from({ length: 64 }, () => served),
      signing,
    );
    await ahead.rest();
    await waiting;
    remembered.clear();

    await ahead.verify([served], signing);

    expect(remembered.size).to.equal(notes.length);
  });

  it('given a thread that fails, then it is told once, nobody waits, and everything goes on in place', async () => {
    const warnings: string[] = [];
    const signatures = { remember: (hash: Hash) => remembered.add(toHex(hash)) };
    const logger = { warn: (message: string) => warnings.push(message) };
    const failing = createAheadVerifier({ signatures, logger });

    // Nothing that a peer sends makes it fail: what is no range at all does.
    await failing.verify(undefined as unknown as readonly ServedBlock[], signing);
    await failing.verify([served], signing);

    expect(warnings).to.deep.equal(['verifying thread failed']);
    expect(remembered.size).to.equal(0);
    expect(failing.isCertified(served.certificate, expected)).to.equal(false);
    await failing.rest();
  });
});
