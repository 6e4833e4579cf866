/** Another holder of the own key: where it shows itself, and what must not be taken for it. */
import type { KeyElsewhere } from '@daybook/consensus';
import type { Certificate, EvidenceProof, RoundChange, Unsigned } from '@daybook/core';
import {
  asHash,
  asPublicKey,
  asSignature,
  assert,
  indexOfKey,
  publicKeyOf,
  SIGNATURE_SIZE,
  signBytes,
  validatorIdOf,
} from '@daybook/core';
import type { VoteSigner } from '@daybook/state';
import { createMemoryDisk, createVoteLog, openVoteSigner } from '@daybook/state';
import { expect } from 'chai';
import type { OwnKeyWatch } from '../../src/driver/own-key.ts';
import { createOwnKeyWatch, ownSignaturesIn } from '../../src/driver/own-key.ts';
import type { OpenChain } from '../support/chain.ts';
import {
  buildNext,
  certify,
  consensusSeed,
  freshDisks,
  grow,
  makeGenesis,
  openChain,
} from '../support/chain.ts';

const genesis = makeGenesis();
const SIGNATURE = asSignature(new Uint8Array(SIGNATURE_SIZE));
const hashOf = (byte: number) => asHash(new Uint8Array(32).fill(byte));
const keyOf = (key: number) => asPublicKey(publicKeyOf(consensusSeed(key)));

async function createLoggedSigner(key: number): Promise<VoteSigner> {
  const disk = createMemoryDisk();
  const options = {
    directory: '/votes',
    chain: genesis.chain,
    validatorId: validatorIdOf(keyOf(key)),
  };
  await createVoteLog(options, { disk });
  const parts = { disk, freeFraction: () => 1 };
  return (await openVoteSigner({ ...options, secretKey: consensusSeed(key) }, parts)).signer;
}

interface Place {
  readonly chain: OpenChain;
  readonly signer: VoteSigner;
  readonly watch: OwnKeyWatch;
  readonly failures: readonly KeyElsewhere[];
}

/** A key whose seal stands in the certificates that `certify` makes: those of the first Q. */
function sealingKey({ ledger }: OpenChain): number {
  const { signers } = certify(ledger, buildNext(ledger));
  const { validators } = ledger.head().next;
  const key = [0, 1, 2, 3].find((one) =>
    signers.includes(indexOfKey(validators, keyOf(one)) ?? -1),
  );
  assert(key !== undefined, 'a quorum seals');
  return key;
}

async function openPlace(): Promise<Place> {
  const chain = await openChain(genesis, freshDisks());
  const signer = await createLoggedSigner(sealingKey(chain));
  const failures: KeyElsewhere[] = [];
  const watch = createOwnKeyWatch({
    signer,
    ledger: chain.ledger,
    blockLog: chain.blockLog,
    validatorsAt: () => chain.ledger.head().next.validators,
    chainAt: () => genesis.chain,
    onKeyElsewhere: (failure) => failures.push(failure),
  });
  return { chain, signer, watch, failures };
}

async function prepareAt({ signer }: Place, height: number, byte: number): Promise<Unsigned> {
  const content = { type: 'prepare', height, round: 0, blockHash: hashOf(byte) } as const;
  const bytes = signBytes(genesis.chain, content);
  const signed = await signer.sign({ signBytes: bytes, attachment: new Uint8Array() });
  assert(signed.ok, 'the guard grants it');
  return content;
}

function proofOf(key: number, height: number): EvidenceProof {
  const [first, second] = [1, 2].map((byte) => ({
    content: { type: 'prepare', height, round: 0, blockHash: hashOf(byte) } as const,
    signature: SIGNATURE,
  }));
  assert(first !== undefined && second !== undefined, 'there are two');
  return { publicKey: keyOf(key), height, first, second };
}

describe('node: the own key elsewhere (spec R15, C-36)', () => {
  it('given a final block with an own seal that the log lacks, then the node stops', async () => {
    const place = await openPlace();
    place.watch.begin(0);
    await grow(place.chain.ledger, 1);

    place.watch.onCommitted();

    expect(place.failures).to.have.length(1);
    const { header, hash } = place.chain.ledger.head();
    expect(place.failures[0]).to.deep.include({
      code: 'CONSENSUS_KEY_ELSEWHERE',
      seenIn: 'certificate',
    });
    const slot = { type: 'commit', height: header.height, round: 0, blockHash: hash };
    expect(place.failures[0]?.content).to.deep.equal(slot);
  });

  it('given blocks of before the log was trusted, then their seals are old', async () => {
    const place = await openPlace();
    await grow(place.chain.ledger, 3);

    place.watch.begin(3);
    place.watch.onCommitted();

    expect(place.failures).to.deep.equal([]);
  });

  it('given heights up to which the log says nothing, then neither seals nor evidence of them count', async () => {
    const place = await openPlace();
    place.watch.begin(5);
    await grow(place.chain.ledger, 5);
    const key = sealingKey(place.chain);

    place.watch.onCommitted();
    place.watch.onEvidence(proofOf(key, 5));
    const before = [...place.failures];
    place.watch.onEvidence(proofOf(key, 6));

    expect(before).to.deep.equal([]);
    expect(place.failures).to.have.length(1);
  });

  it('given own votes that come back in messages of others, then nothing is feared', async () => {
    const place = await openPlace();
    place.watch.begin(0);
    const content = await prepareAt(place, 1, 7);

    place.watch.onSigned([{ content, seenIn: 'certificate' }]);
    const before = [...place.failures];
    const other: Unsigned = { type: 'prepare', height: 1, round: 0, blockHash: hashOf(8) };
    place.watch.onSigned([{ content: other, seenIn: 'justification' }]);

    expect(before).to.deep.equal([]);
    expect(place.failures[0]).to.deep.include({ content: other, seenIn: 'justification' });
  });

  it('given evidence, then the message that the log lacks is named; of other keys it is no concern', async () => {
    const place = await openPlace();
    const key = sealingKey(place.chain);
    place.watch.begin(0);
    await prepareAt(place, 4, 1);
    place.watch.onEvidence(proofOf((key + 1) % 4, 4));
    const before = [...place.failures];

    place.watch.onEvidence(proofOf(key, 4));

    expect(before).to.deep.equal([]);
    expect(place.failures[0]).to.deep.include({ seenIn: 'evidence' });
    expect(place.failures[0]?.content).to.deep.include({ blockHash: hashOf(2) });
  });

  it('given a log that is not trusted, then nothing is feared', async () => {
    const place = await openPlace();
    place.watch.begin(0);
    place.watch.end();
    await grow(place.chain.ledger, 1);

    place.watch.onCommitted();
    place.watch.onEvidence(proofOf(sealingKey(place.chain), 9));

    expect(place.failures).to.deep.equal([]);
  });
});

describe('node: own signatures inside messages of others', () => {
  const certificate: Certificate = {
    kind: 'prepare',
    height: 7,
    round: 1,
    blockHash: hashOf(1),
    validatorCount: 4,
    signers: [0, 2, 3],
    signatures: [SIGNATURE, SIGNATURE, SIGNATURE],
  };
  const sealed = { type: 'prepare', height: 7, round: 1, blockHash: hashOf(1) } as const;
  const prepared = { round: 1, blockHash: hashOf(1) };
  const content = { type: 'round-change', height: 7, round: 2, prepared } as const;

  it('given a lock shown by a round change, then its PREPARE is found', () => {
    const signed = { content, sender: 0, signature: SIGNATURE };
    const message: RoundChange = { type: 'round-change', signed, certificate };

    expect(ownSignaturesIn(message, 2)).to.deep.equal([{ content: sealed, seenIn: 'certificate' }]);
    expect(ownSignaturesIn(message, 1)).to.deep.equal([]);
  });

  it('given a justified proposal, then its round change and its PREPARE are found', async () => {
    const { ledger } = await openChain(genesis, freshDisks());
    const { header, hash } = buildNext(ledger);
    const entries = [
      { sender: 0, signature: SIGNATURE },
      { sender: 1, signature: SIGNATURE },
      { sender: 2, prepared, signature: SIGNATURE },
    ];
    const slot = { height: 7, round: 2, blockHash: hash, justificationHash: hashOf(3) };
    const signed = {
      content: { type: 'pre-prepare', ...slot },
      sender: 0,
      signature: SIGNATURE,
    } as const;
    const found = ownSignaturesIn(
      {
        type: 'pre-prepare',
        signed,
        header,
        transactionHashes: [],
        inlined: [],
        justification: { entries, certificate },
      },
      2,
    );

    expect(found).to.deep.equal([
      { content, seenIn: 'justification' },
      { content: sealed, seenIn: 'certificate' },
    ]);
  });
});
