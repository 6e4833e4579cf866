/** Proposals that are made whole with transactions of the peer that sent them, whatever it answers. */
import type { PrePrepare, Transaction } from '@daybook/core';
import {
  asSignature,
  refOf,
  SIGNATURE_SIZE,
  toHex,
  transactionRoot,
  ZERO_HASH,
} from '@daybook/core';
import type { Offence } from '@daybook/network';
import { expect } from 'chai';
import { assembleProposal, decodeHashes, encodeWires } from '../../src/driver/assembly.ts';
import { createMempool } from '../../src/mempool.ts';
import { answeringPeers } from '../support/answering-peers.ts';
import { buildNext, freshDisks, makeGenesis, notesOf, openChain } from '../support/chain.ts';

const genesis = makeGenesis();
const { ledger, close } = await openChain(genesis, freshDisks());
const { header, hash } = buildNext(ledger, []);
await close();

function notes(count: number): readonly Transaction[] {
  return Array.from({ length: count }, (_, index) => notesOf(genesis, index, 1));
}

/** A proposal of a block with this body, of which nothing comes with it. */
function proposalOf(body: readonly Transaction[]): PrePrepare {
  const refs = body.map((transaction) => refOf({ type: 'transaction', transaction }));
  const content = {
    type: 'pre-prepare',
    height: 1,
    round: 0,
    blockHash: hash,
    justificationHash: ZERO_HASH,
  } as const;
  const signature = asSignature(new Uint8Array(SIGNATURE_SIZE));
  return {
    type: 'pre-prepare',
    signed: { content, sender: 0, signature },
    header: { ...header, txRoot: transactionRoot(refs) },
    transactionHashes: refs.map((ref) => ref.hash),
    inlined: [],
  };
}

interface Place {
  /** How many transactions were asked for, by request. */
  readonly asked: readonly number[];
  readonly penalties: readonly Offence[];
  assemble(message: PrePrepare): Promise<number | undefined>;
}

/** A node with nothing in its mempool but `held`, and a peer that answers by hashes in hex. */
function placeWith(
  answer: (hashes: readonly string[]) => readonly Transaction[],
  held: readonly Transaction[] = [],
): Place {
  const asked: number[] = [];
  const penalties: Offence[] = [];
  const mempool = createMempool({ bytesMax: 1024 * 1024 });
  for (const transaction of held) mempool.add(transaction, 'lane');
  const network = answeringPeers({
    validators: ['p0'],
    answer: async (_peerId, question) => {
      const hashes = decodeHashes(question);
      if (!hashes.ok) throw new Error('a question that cannot be read');
      asked.push(hashes.value.length);
      return encodeWires(answer(hashes.value.map(toHex)).map(({ bytes }) => bytes));
    },
    onPenalty: (_peerId, offence) => penalties.push(offence),
  });
  return {
    asked,
    penalties,
    assemble: async (message) => {
      const block = await assembleProposal('p0', message, { mempool, network });
      return block?.body.length;
    },
  };
}

const nameOf = (transaction: Transaction): string =>
  toHex(refOf({ type: 'transaction', transaction }).hash);

/** An honest peer with these, of which so many fit into one answer. */
function honest(all: readonly Transaction[], most: number) {
  return (names: readonly string[]): readonly Transaction[] =>
    all.filter((one) => names.includes(nameOf(one))).slice(0, most);
}

describe('node: assembly of proposals', () => {
  it('given transactions that come in several answers, then the block is whole', async () => {
    const body = notes(5);
    const place = placeWith(honest(body, 2));

    expect(await place.assemble(proposalOf(body))).to.equal(5);
    expect(place.asked).to.deep.equal([5, 3, 1]);
    expect(place.penalties).to.deep.equal([]);
  });

  it('given an answer with a transaction nobody asked for, then nothing more is asked, and the peer has lied', async () => {
    const body = notes(5);
    const [first, stranger] = [body.slice(0, 1), notes(1)];
    const place = placeWith(() => [...first, ...stranger]);

    expect(await place.assemble(proposalOf(body))).to.equal(undefined);
    expect(place.asked).to.deep.equal([5]);
    expect(place.penalties).to.deep.equal(['lie']);
  });

  it('given an answer with the same transaction twice, then the peer has lied', async () => {
    const [one, ...others] = notes(3);
    if (one === undefined) throw new Error('one of three');
    const place = placeWith(() => [one, one]);

    expect(await place.assemble(proposalOf([one, ...others]))).to.equal(undefined);
    expect(place.penalties).to.deep.equal(['lie']);
  });

  it('given a peer that gives one transaction an answer, then it is not asked more often than an honest one would be', async () => {
    const body = notes(40);
    const place = placeWith(honest(body, 1));

    expect(await place.assemble(proposalOf(body))).to.equal(undefined);
    expect(place.asked).to.have.length(13);
  });

  it('given a traitor that names one transaction twice, when a peer gives it once, then that peer has not lied', async () => {
    const [one] = notes(1);
    if (one === undefined) throw new Error('one');
    const place = placeWith(honest([one], 10));

    expect(await place.assemble(proposalOf([one, one]))).to.equal(2);
    expect(place.asked).to.deep.equal([1]);
    expect(place.penalties).to.deep.equal([]);
  });

  it('given the right body inlined under a wrong hash, then there is no block', async () => {
    const [one, other] = notes(2);
    if (one === undefined || other === undefined) throw new Error('two');
    const proposal = proposalOf([one]);
    const inlined = [{ index: 0, bytes: one.bytes }];
    const [wrong = proposal.header.txRoot] = proposalOf([other]).transactionHashes;
    const place = placeWith(() => []);

    expect(await place.assemble({ ...proposal, inlined })).to.equal(1);
    const misnamed = { ...proposal, inlined, transactionHashes: [wrong] };
    expect(await place.assemble(misnamed)).to.equal(undefined);
  });

  for (const isHeld of [true, false]) {
    const where = isHeld ? 'in the mempool' : 'at the peer';
    it(`given a transaction ${where} that is named until no block could hold it, then there is no block`, async () => {
      const large = notesOf(genesis, 1, 200);
      const most = Math.floor((2 * 1024 * 1024) / large.bytes.length);
      const named = (count: number): PrePrepare => proposalOf(Array(count).fill(large));
      const place = placeWith(honest([large], 10), isHeld ? [large] : []);

      expect(await place.assemble(named(most))).to.equal(most);
      expect(await place.assemble(named(most + 1))).to.equal(undefined);
      expect(place.penalties).to.deep.equal([]);
    });
  }

  it('given more than a block may hold, when a peer gives it, then it is not asked for the rest', async () => {
    const body = Array.from({ length: 130 }, (_, index) => notesOf(genesis, 200 * index, 200));
    const bytes = body[0]?.bytes.length ?? 0;
    const place = placeWith(honest(body, Math.ceil((3 * 1024 * 1024) / bytes / 4)));

    expect(await place.assemble(proposalOf(body))).to.equal(undefined);
    expect(place.asked).to.have.length(3);
    expect(place.penalties).to.deep.equal([]);
  });
});
