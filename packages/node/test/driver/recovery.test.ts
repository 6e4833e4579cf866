/** Recovery steps 4 to 6 of protocol §12: what the vote log gives back after a restart. */
import type { Certificate, Unsigned, VoteMessage } from '@daybook/core';
import {
  asPublicKey,
  asSignature,
  encodeCertificate,
  encodeMessage,
  indexOfKey,
  publicKeyOf,
  quorumOf,
  refOf,
  sign,
  signBytes,
  validatorIdOf,
  ZERO_HASH,
} from '@daybook/core';
import type { VoteSigner } from '@daybook/state';
import { createMemoryDisk, createVoteLog, openVoteSigner } from '@daybook/state';
import { expect } from 'chai';
import { withSignature } from '../../src/driver/own-votes.ts';
import { recoverVotes } from '../../src/driver/recovery.ts';
import type { ExecutedBlock } from '../../src/ledger/tip.ts';
import type { OpenChain } from '../support/chain.ts';
import {
  buildNext,
  consensusSeed,
  freshDisks,
  grow,
  makeGenesis,
  noteOf,
  openChain,
} from '../support/chain.ts';

const genesis = makeGenesis();
const secretKey = consensusSeed(0);
const publicKey = asPublicKey(publicKeyOf(secretKey));
const UNSIGNED = asSignature(new Uint8Array(64));

async function openSigner(): Promise<VoteSigner> {
  const disk = createMemoryDisk();
  const validatorId = validatorIdOf(publicKey);
  const options = { directory: '/votes', chain: genesis.chain, validatorId };
  await createVoteLog(options, { disk });
  const parts = { disk, freeFraction: () => 1 };
  return (await openVoteSigner({ ...options, secretKey }, parts)).signer;
}

function prepareCertificate({ ledger }: OpenChain, block: ExecutedBlock): Certificate {
  const { validators } = ledger.head().next;
  const slot = { height: block.header.height, round: 0, blockHash: block.hash };
  const bytes = signBytes(genesis.chain, { type: 'prepare', ...slot });
  const seals = [0, 1, 2, 3]
    .map((key) => ({
      index: indexOfKey(validators, asPublicKey(publicKeyOf(consensusSeed(key)))) ?? 99,
      signature: sign(consensusSeed(key), bytes),
    }))
    .sort((a, b) => a.index - b.index)
    .slice(0, quorumOf(4).quorum);
  return {
    kind: 'prepare',
    ...slot,
    validatorCount: 4,
    signers: seals.map(({ index }) => index),
    signatures: seals.map(({ signature }) => signature),
  };
}

/** Own PRE-PREPARE, PREPARE and COMMIT of round 0 for a stored candidate, as the driver logs them. */
async function voteFor(
  chain: OpenChain,
  block: ExecutedBlock,
  signer: VoteSigner,
): Promise<readonly VoteMessage[]> {
  await chain.ledger.store(block, []);
  const { validators } = chain.ledger.head().next;
  const sender = indexOfKey(validators, publicKey) ?? 99;
  const slot = { height: block.header.height, round: 0, blockHash: block.hash };
  const signed = <Content extends Unsigned>(content: Content) => ({
    content,
    sender,
    signature: UNSIGNED,
  });
  const transactionHashes = block.entries.map((entry) => refOf(entry).hash);
  const certificate = prepareCertificate(chain, block);
  const unsigned: readonly VoteMessage[] = [
    {
      type: 'pre-prepare',
      signed: signed({ type: 'pre-prepare', ...slot, justificationHash: ZERO_HASH }),
      header: block.header,
      transactionHashes,
      inlined: [],
    },
    { type: 'prepare', signed: signed({ type: 'prepare', ...slot }) },
    { type: 'commit', signed: signed({ type: 'commit', ...slot }) },
  ];
  const messages: VoteMessage[] = [];
  for (const message of unsigned) {
    const isCommit = message.type === 'commit';
    const answer = await signer.sign({
      signBytes: signBytes(genesis.chain, message.signed.content),
      attachment: encodeMessage(message),
      ...(isCommit && { lock: { ...slot, certificate: encodeCertificate(certificate) } }),
    });
    if (!answer.ok) throw new Error(answer.reason.code);
    messages.push(withSignature(message, answer.value.signature));
  }
  return messages;
}

describe('node: recovery of votes', () => {
  let chain: OpenChain;

  beforeEach(async () => {
    chain = await openChain(genesis, freshDisks());
    await grow(chain.ledger, 2);
  });

  it('given a log in which nothing was signed, when recovered, then there is nothing to take up', async () => {
    const signer = await openSigner();

    const votes = recoverVotes(signer.state(), 2, chain.blockLog);

    expect(votes).to.deep.equal({
      guard: undefined,
      recovered: undefined,
      blocks: [],
      carried: [],
    });
  });

  it('spec §12 5: given own votes of the next height, when recovered, then every message, the lock and its block are back as signed', async () => {
    const signer = await openSigner();
    const block = buildNext(chain.ledger, [noteOf(genesis, 50)]);
    const messages = await voteFor(chain, block, signer);

    const votes = recoverVotes(signer.state(), 2, chain.blockLog);

    expect(votes.guard).to.deep.equal({ height: 3, round: 0, step: 'commit' });
    expect(votes.recovered?.messages).to.deep.equal(messages);
    expect(votes.recovered?.lock?.certificate).to.deep.equal(prepareCertificate(chain, block));
    expect(votes.recovered?.blocks).to.deep.equal([{ hash: block.hash, header: block.header }]);
    expect(votes.blocks).to.have.length(1);
    expect(votes.carried).to.deep.equal([]);
  });

  it('spec §12 4: given own votes of a height that is final by now, when recovered, then only the guard remains', async () => {
    const signer = await openSigner();
    await voteFor(chain, buildNext(chain.ledger), signer);

    const votes = recoverVotes(signer.state(), 3, chain.blockLog);

    expect(votes.guard?.height).to.equal(3);
    expect(votes.recovered).to.equal(undefined);
    expect(votes.carried).to.deep.equal([]);
  });

  it('spec §12 6: given votes above what the block log still holds, when recovered, then the COMMIT is kept to be sent again', async () => {
    const signer = await openSigner();
    const messages = await voteFor(chain, buildNext(chain.ledger), signer);

    const votes = recoverVotes(signer.state(), 1, chain.blockLog);

    expect(votes.recovered).to.equal(undefined);
    expect(votes.carried).to.deep.equal(messages.slice(2));
  });
});
