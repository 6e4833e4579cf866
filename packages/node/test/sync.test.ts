/** Catching up: what is served, what is believed, and what a decided but invalid block means. */
import type { Certificate, Hash } from '@daybook/core';
import {
  blockHash,
  decodeBlock,
  decodeCertificate,
  encodeBlock,
  encodeCertificate,
  toHex,
} from '@daybook/core';
import type { Offence } from '@daybook/network';
import { expect } from 'chai';
import type { AheadVerifier } from '../src/ahead/ahead-verifier.ts';
import { createAheadVerifier } from '../src/ahead/ahead-verifier.ts';
import { createExclusive } from '../src/exclusive.ts';
import { createFoundDamage } from '../src/found-damage.ts';
import type { AnchoredChain } from '../src/ledger/anchored.ts';
import type { Ledger } from '../src/ledger/ledger.ts';
import { SILENT_LOGGER } from '../src/log.ts';
import { FIRST_BLOCKS } from '../src/range-size.ts';
import { encodeRangeRequest, serveRange } from '../src/ranges.ts';
import type { SignatureVerifier } from '../src/signatures.ts';
import type { Syncer } from '../src/sync.ts';
import { createSyncer } from '../src/sync.ts';
import { answeringPeers } from './support/answering-peers.ts';
import type { OpenChain } from './support/chain.ts';
import {
  buildNext,
  certify,
  freshDisks,
  grow,
  makeGenesis,
  noteOf,
  openChain,
  PLAIN_VERIFIER,
} from './support/chain.ts';
import type { ManualClock } from './support/manual-clock.ts';
import { createManualClock } from './support/manual-clock.ts';

const genesis = makeGenesis();

type Serve = (
  peerId: string,
  request: Uint8Array,
) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

interface Follower {
  readonly chain: OpenChain;
  readonly syncer: Syncer;
  readonly clock: ManualClock;
  readonly penalties: readonly (readonly [peerId: string, offence: Offence])[];
  readonly asked: readonly string[];
  readonly fatal: readonly unknown[];
  readonly warnings: readonly string[];
  /** Resolves when the syncer rests. */
  caughtUp(height: number, peerId?: string): Promise<void>;
}

interface FollowOptions {
  /** Signatures of ranges ahead are verified by a thread, those in place go through here. */
  readonly ahead?: AheadVerifier;
  readonly signatures?: SignatureVerifier;
  readonly anchored?: AnchoredChain;
}

async function follow(
  peers: readonly string[],
  serve: Serve,
  { ahead, signatures = PLAIN_VERIFIER, anchored }: FollowOptions = {},
): Promise<Follower> {
  const chain = await openChain(genesis, freshDisks(), { signatures, anchored });
  const clock = createManualClock();
  const penalties: [string, Offence][] = [];
  const asked: string[] = [];
  const fatal: unknown[] = [];
  const warnings: string[] = [];
  const network = answeringPeers({
    validators: peers,
    answer: async (peerId, question) => {
      asked.push(peerId);
      return await serve(peerId, question);
    },
    onPenalty: (peerId, offence) => penalties.push([peerId, offence]),
  });
  const syncer = createSyncer({
    clock,
    logger: { ...SILENT_LOGGER, warn: (message) => warnings.push(message) },
    network,
    ledger: chain.ledger,
    exclusive: createExclusive(),
    isValidator: () => true,
    ahead,
    advanced: () => undefined,
    onFatal: (error) => fatal.push(error),
  });
  const caughtUp = async (height: number, peerId?: string): Promise<void> => {
    syncer.hint(height, peerId);
    while (syncer.isActive()) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  return { chain, clock, syncer, penalties, asked, fatal, warnings, caughtUp };
}

const servingOf = (chain: OpenChain) => ({
  blocks: readerOf(chain),
  damage: createFoundDamage(SILENT_LOGGER),
});

/** First height of a range request. */
function firstOf(request: Uint8Array): number {
  return Number(new DataView(request.buffer, request.byteOffset).getBigUint64(0));
}

/** How many blocks a range request is for. */
function countOf(request: Uint8Array): number {
  return new DataView(request.buffer, request.byteOffset).getUint16(8);
}

/** A range answer of one block, as `serveRange` lays it out. */
function answerOf(block: Uint8Array, certificate: Certificate): Uint8Array {
  const encoded = encodeCertificate(certificate);
  const answer = new Uint8Array(2 + 4 + block.length + 4 + encoded.length);
  const view = new DataView(answer.buffer);
  view.setUint16(0, 1);
  view.setUint32(2, block.length);
  answer.set(block, 6);
  view.setUint32(6 + block.length, encoded.length);
  answer.set(encoded, 10 + block.length);
  return answer;
}

/** Remembers hashes. */
function createKnown() {
  const hashes = new Set<string>();
  return {
    isKnown: (hash: Hash) => hashes.has(toHex(hash)),
    remember: (hash: Hash) => {
      hashes.add(toHex(hash));
    },
  };
}

/** The block log of a chain as ranges are served from it. */
const readerOf = ({ blockLog }: OpenChain) => ({
  readBlock: async (height: number) => blockLog.readBlock(height),
});

const heightOf = (ledger: Ledger): number => ledger.head().header.height;

describe('node: sync', () => {
  let source: OpenChain;
  const serve = (request: Uint8Array) => serveRange(request, servingOf(source));

  before(async () => {
    source = await openChain(genesis, freshDisks());
    await grow(source.ledger, 5);
  });

  it('spec N-2: given a longer chain, when ranges are asked for, then they hold at most what was asked', async () => {
    const whole = await serve(encodeRangeRequest(1, 64));
    const two = await serve(encodeRangeRequest(4, 64));

    expect(whole && new DataView(whole.buffer).getUint16(0)).to.equal(5);
    expect(two && new DataView(two.buffer).getUint16(0)).to.equal(2);
    expect(await serve(encodeRangeRequest(6, 1))).to.equal(undefined);
    expect(await serve(encodeRangeRequest(0, 1))).to.equal(undefined);
    expect(await serve(Uint8Array.of(1))).to.equal(undefined);
  });

  it('given a peer that is ahead, when hinted, then its blocks are applied in order', async () => {
    const { chain, caughtUp, penalties } = await follow(['a'], (_, request) => serve(request));

    await caughtUp(5);

    expect(chain.ledger.head().hash).to.deep.equal(source.ledger.head().hash);
    expect(chain.blockLog.readBlock(3)).to.deep.equal(source.blockLog.readBlock(3));
    expect(penalties).to.deep.equal([]);
  });

  it('spec N-17: given peers whose certified chain has another block at the anchored height, then the node stops before that block', async () => {
    const anchored = { block: { height: 4, hash: source.ledger.head().hash } };
    const { chain, caughtUp, fatal, penalties } = await follow(
      ['a'],
      (_, request) => serve(request),
      { anchored },
    );

    await caughtUp(5);

    await caughtUp(5);

    expect(fatal, 'the next claim begins nothing').to.have.length(1);
    expect(fatal[0]).to.have.property('code', 'NODE_CHECKPOINT_CONTRADICTED');
    expect(heightOf(chain.ledger)).to.be.below(4);
    expect(penalties, 'the certificates hold').to.deep.equal([]);
  });

  it('given a long way, when three peers serve it, then ranges come from all of them, each block once (I30)', async () => {
    const long = await openChain(genesis, freshDisks());
    await grow(long.ledger, 160);
    const wanted: number[] = [];
    const { chain, caughtUp, asked } = await follow(['a', 'b', 'c'], (_, request) => {
      const [from, count] = [firstOf(request), countOf(request)];
      // As if blocks were so large that no answer held more than twenty of them.
      const served = Math.min(count, 20, Math.max(0, 160 - from + 1));
      for (let height = from; height < from + served; height++) wanted.push(height);
      return serveRange(encodeRangeRequest(from, served), servingOf(long));
    });

    await caughtUp(160);

    expect(chain.ledger.head().hash).to.deep.equal(long.ledger.head().hash);
    expect(new Set(asked)).to.deep.equal(new Set(['a', 'b', 'c']));
    expect(wanted.length, 'no block came twice').to.equal(new Set(wanted).size);
    await long.close();
  });

  const paces = [
    // First, and at the end, when nobody else has more.
    { words: 'after nine seconds', delayMs: 9000, askedMax: 2 },
    { words: 'after nearly two seconds', delayMs: 1900, askedMax: 8 },
  ];
  for (const { words, delayMs, askedMax } of paces) {
    it(`given a peer that answers ${words} with one block each time, and is always the last to speak of more, then the others set the pace`, async () => {
      const long = await openChain(genesis, freshDisks());
      await grow(long.ledger, 160);
      const [peers, asked] = [['drip', 'a', 'b', 'c'], [] as string[]];
      const follower = await follow(peers, async (peerId, request) => {
        asked.push(peerId);
        const from = firstOf(request);
        // As if blocks were so large that no answer held more than ten of them.
        const few = encodeRangeRequest(from, Math.min(10, countOf(request)));
        if (peerId !== 'drip') return await serveRange(few, servingOf(long));
        const { clock, syncer } = follower;
        await new Promise<void>((resolve) => clock.schedule(delayMs, resolve));
        syncer.hint(1000, 'drip');
        return await serveRange(encodeRangeRequest(from, 1), servingOf(long));
      });
      const { chain, clock, syncer } = follower;

      syncer.hint(160, 'drip');
      for (let turn = 0; syncer.isActive() && turn < 100_000; turn++) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        clock.advance(1);
      }

      expect(heightOf(chain.ledger)).to.equal(160);
      expect(asked.filter((peerId) => peerId === 'drip').length).to.be.at.most(askedMax);
      await long.close();
    });
  }

  it('given an answer with more blocks than were asked for, then none of it is kept', async () => {
    const all = encodeRangeRequest(1, FIRST_BLOCKS + 1);
    const { chain, caughtUp, penalties } = await follow(['a'], () => serve(all));

    await caughtUp(5, 'a');

    expect(penalties).to.deep.equal([['a', 'malformed']]);
    expect(heightOf(chain.ledger)).to.equal(0);
  });

  it('given a peer that lies in a range ahead, then only its range is fetched again', async () => {
    const long = await openChain(genesis, freshDisks());
    await grow(long.ledger, 160);
    const { chain, caughtUp, penalties } = await follow(
      ['a', 'liar', 'c'],
      async (peerId, request) => {
        const bytes = await serveRange(request, servingOf(long));
        if (peerId !== 'liar' || bytes === undefined) return bytes;
        const forged = bytes.slice();
        forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1;
        return forged;
      },
    );

    await caughtUp(160);

    expect(chain.ledger.head().hash).to.deep.equal(long.ledger.head().hash);
    expect(penalties).to.deep.equal([['liar', 'lie']]);
    await long.close();
  });

  it('given ranges that a thread verifies ahead, then the executing thread verifies only what it waits for, the chain is the same, and the liar is told', async () => {
    const long = await openChain(genesis, freshDisks());
    await grow(long.ledger, 160);
    const { isKnown, ...known } = createKnown();
    let inPlace = 0;
    const signatures: SignatureVerifier = {
      ...known,
      isKnown,
      verify: async (transaction, purpose) => {
        if (isKnown(transaction.hash)) return true;
        inPlace += 1;
        return await PLAIN_VERIFIER.verify(transaction, purpose);
      },
    };
    const ahead = createAheadVerifier({ signatures, logger: SILENT_LOGGER });
    // A thread that has not begun yet is not waited for.
    await ahead.verify([], { validators: genesis.validators, era: genesis.chain });
    const { chain, caughtUp, penalties } = await follow(
      ['a', 'liar', 'c'],
      async (peerId, request) => {
        const bytes = await serveRange(request, servingOf(long));
        if (peerId !== 'liar' || bytes === undefined) return bytes;
        const forged = bytes.slice();
        forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1;
        return forged;
      },
      { ahead, signatures },
    );

    await caughtUp(160);

    expect(chain.ledger.head().hash).to.deep.equal(long.ledger.head().hash);
    expect(penalties).to.deep.equal([['liar', 'lie']]);
    // The last block of the range ahead was forged, and comes again.
    expect(inPlace, 'the first range, and one block').to.equal(5);
    await long.close();
  });

  it('spec N-1: given a claim without blocks, when hinted, then each peer is asked once and the node rests', async () => {
    const { chain, caughtUp, asked } = await follow(['a', 'b'], () => undefined);

    await caughtUp(1_000_000);

    expect(asked).to.deep.equal(['a', 'b']);
    expect(heightOf(chain.ledger)).to.equal(0);
  });

  it('given a peer whose claims bring nothing, when it claims on and on, then others are asked now and then only', async () => {
    const { caughtUp, asked, clock } = await follow(['a', 'b', 'liar'], () => undefined);
    const perAttempt = ['liar', 'b', 'a'].length;

    for (let claim = 0; claim < 20; claim++) await caughtUp(1_000_000 + claim, 'liar');
    const atOnce = asked.length;
    await caughtUp(2_000_000, 'a');
    const byAnother = asked.length;
    clock.advance(250);
    await caughtUp(3_000_000, 'liar');

    expect([atOnce, byAnother, asked.length]).to.deep.equal(
      [1, 2, 3].map((attempts) => attempts * perAttempt),
    );
  });

  it('given a peer whose claim brought blocks, when it speaks of the next one, then that is asked for at once', async () => {
    let last = 3;
    const { chain, caughtUp } = await follow(['a'], (_, request) => {
      const first = firstOf(request);
      return first > last ? undefined : serve(encodeRangeRequest(first, last - first + 1));
    });

    await caughtUp(3, 'a');
    const before = heightOf(chain.ledger);
    last = 4;
    await caughtUp(4, 'a');

    expect([before, heightOf(chain.ledger)]).to.deep.equal([3, 4]);
  });

  it('spec N-1: given a claim to be far ahead without a certificate that holds, then nothing behind the first range is asked for', async () => {
    const first = source.blockLog.readBlock(1);
    const sealed = first && decodeCertificate(first.certificate);
    if (sealed?.ok !== true) throw new Error('the first block is certified');
    const { signers, signatures } = sealed.value;
    const few = { signers: signers.slice(1), signatures: signatures.slice(1) };
    const asked: number[] = [];
    const { caughtUp } = await follow(['a', 'b'], (_, request) => {
      asked.push(firstOf(request));
      return answerOf(first?.bytes ?? new Uint8Array(), { ...sealed.value, ...few });
    });

    await caughtUp(1_000_000);

    expect(asked, 'of each peer').to.deep.equal([1, 1]);
  });

  it('spec N-1: given a certificate that holds, then the ranges behind it are asked for before its block is executed', async () => {
    const long = await openChain(genesis, freshDisks());
    await grow(long.ledger, 40);
    const asked: number[] = [];
    let askedBefore: readonly number[] | undefined;
    const signatures: SignatureVerifier = {
      ...PLAIN_VERIFIER,
      verify: async (transaction, purpose) => {
        askedBefore ??= [...asked];
        return await PLAIN_VERIFIER.verify(transaction, purpose);
      },
    };
    const serveLong: Serve = (_, request) => {
      asked.push(firstOf(request));
      return serveRange(request, servingOf(long));
    };
    const { chain, caughtUp } = await follow(['a', 'b'], serveLong, { signatures });

    await caughtUp(40);

    expect(askedBefore).to.deep.equal([1, 1 + FIRST_BLOCKS]);
    expect(chain.ledger.head().hash).to.deep.equal(long.ledger.head().hash);
    await long.close();
  });

  it('given blocks that nobody gives, when the node rests, then it still says how far behind it is, why, and who spoke of them', async () => {
    const { chain, syncer, caughtUp } = await follow(['a', 'b'], () => undefined);

    await caughtUp(5, 'a');

    // Who never spoke of them is asked, too, and need not have them.
    const refusal = { target: 5, reason: 'NETWORK_REQUEST_REFUSED', peerId: 'a' };
    expect(syncer.progress()).to.deep.equal({ ...refusal, credible: false });
    expect(syncer.isBehind(), 'by the word of one of two').to.equal(false);
    expect(syncer.isInStep()).to.equal(true);
    syncer.hint(5, 'b');
    expect(syncer.isBehind()).to.equal(true);
    expect(syncer.isInStep()).to.equal(false);
    await caughtUp(5, 'b');
    expect(syncer.isBehind(), 'by the word of both').to.equal(true);
    await grow(chain.ledger, 5);
    expect(syncer.progress(), 'blocks came another way').to.equal(undefined);
    expect(syncer.isBehind()).to.equal(false);
  });

  it('spec N-1: given one peer of three that speaks of a height that is not, then nothing waits for it, and it is forgotten with its link', async () => {
    const peers = ['a', 'b', 'liar'];
    const { chain, syncer, caughtUp } = await follow(peers, () => undefined);

    await caughtUp(2 ** 50, 'liar');

    expect(syncer.isInStep()).to.equal(true);
    expect(syncer.isBehind()).to.equal(false);
    expect(syncer.progress()).to.include({ target: 2 ** 50, credible: false, peerId: 'liar' });
    peers.pop();
    expect(syncer.progress(), 'it has gone').to.equal(undefined);
    expect(syncer.bestKnown()).to.equal(undefined);
    await grow(chain.ledger, 1);
    expect(syncer.isInStep()).to.equal(true);
  });

  it('given a height that a certificate proves, then one is enough', async () => {
    const { syncer, caughtUp } = await follow(['a', 'b', 'c'], () => undefined);

    await caughtUp(2);

    expect(syncer.isInStep(), 'by more than the next block').to.equal(false);
    expect(syncer.progress()).to.include({ target: 2, credible: true });
  });

  it('given a range ahead that comes while the next one does not, then the reason of the next one stays', async () => {
    const long = await openChain(genesis, freshDisks());
    await grow(long.ledger, 160);
    const { clock, syncer, caughtUp } = await follow(['a', 'b', 'c'], async (_, request) => {
      const view = new DataView(request.buffer, request.byteOffset);
      const from = Number(view.getBigUint64(0));
      clock.advance(1000);
      return from > 64 && from <= 128 ? undefined : await serveRange(request, servingOf(long));
    });

    await caughtUp(160);

    const progress = syncer.progress();
    expect(progress).to.include({ target: 160, reason: 'NETWORK_REQUEST_REFUSED' });
    const { blocksPerSecond = 0, leftMs = 0 } = progress ?? {};
    expect(blocksPerSecond).to.be.within(1, 64);
    expect(leftMs / 1000).to.be.closeTo(96 / blocksPerSecond, 1);
    clock.advance(60_001);
    expect(syncer.progress(), 'nothing came in the last minute').not.to.have.property('leftMs');
    await long.close();
  });

  it('spec N-4: given a peer that sends noise, when hinted, then it is penalised and another is asked', async () => {
    const { chain, caughtUp, penalties } = await follow(['a', 'b'], (peerId, request) =>
      peerId === 'a' ? Uint8Array.of(0, 9, 1) : serve(request),
    );

    await caughtUp(5, 'a');

    expect(penalties).to.deep.equal([['a', 'malformed']]);
    expect(heightOf(chain.ledger)).to.equal(5);
  });

  it('spec N-4: given a peer that sent noise once, when hinted again, then it is asked last', async () => {
    const { caughtUp, asked, clock } = await follow(['a', 'b', 'c'], (peerId) =>
      peerId === 'a' ? Uint8Array.of(7) : undefined,
    );

    await caughtUp(5, 'a');
    clock.advance(250);
    await caughtUp(6, 'a');

    expect(asked).to.deep.equal(['a', 'b', 'c', 'b', 'c', 'a']);
  });

  it('spec N-3: given a block with too few seals, when synchronised, then nothing is applied and the peer has lied', async () => {
    const stored = source.blockLog.readBlock(1)?.bytes ?? new Uint8Array();
    const { chain, caughtUp, penalties, fatal } = await follow(['a'], () => {
      const fresh = certify(chainOf(), decodedOf(stored));
      return answerOf(stored, {
        ...fresh,
        signers: fresh.signers.slice(1),
        signatures: fresh.signatures.slice(1),
      });
    });
    const chainOf = (): Ledger => chain.ledger;

    await caughtUp(5);

    expect(heightOf(chain.ledger)).to.equal(0);
    expect(penalties).to.deep.equal([['a', 'lie']]);
    expect(fatal).to.deep.equal([]);
  });

  it('spec N-3: given a good certificate with the body of another block, when synchronised, then the peer has lied', async () => {
    const [first, second] = [1, 2].map((height) => source.blockLog.readBlock(height)?.bytes);
    const { header } = decodedBlock(first);
    const mixed = encodeBlock({ header, body: decodedBlock(second).body });
    const { chain, caughtUp, penalties, fatal } = await follow(['a'], () =>
      answerOf(mixed, certify(chainOf(), decodedOf(first))),
    );
    const chainOf = (): Ledger => chain.ledger;

    await caughtUp(5);

    expect(heightOf(chain.ledger)).to.equal(0);
    expect(penalties).to.deep.equal([['a', 'lie']]);
    expect(fatal).to.deep.equal([]);
  });

  it('spec R15: given a value that went bad in memory, when the root of a decided block differs, then it is judged once more from the disk and the node goes on', async () => {
    let top = 2;
    const { chain, caughtUp, penalties, fatal, warnings } = await follow(
      ['a'],
      async (_, request) => {
        const view = new DataView(request.buffer, request.byteOffset);
        const from = Number(view.getBigUint64(0));
        return from > top ? undefined : await serve(encodeRangeRequest(from, top - from + 1));
      },
    );
    await caughtUp(2);
    // The counter of notes, which every block reads and writes; built elsewhere, so that nothing here
    // remembers what it read.
    const planned = buildNext(source.ledger, [noteOf(genesis, 99)]);
    const counter = planned.writes.findLast(
      ({ recordKey }) => chain.ledger.head().reader.get(recordKey) !== undefined,
    );
    planned.staged.discard();
    const held = counter && chain.ledger.head().reader.get(counter.recordKey);
    if (held === undefined) throw new Error('a counter is held');
    held[held.length - 1] = (held[held.length - 1] ?? 0) ^ 1;
    top = 5;

    await caughtUp(5);

    expect(warnings).to.deep.equal(['block found valid from the disk']);
    expect(chain.ledger.head().hash).to.deep.equal(source.ledger.head().hash);
    expect(penalties).to.deep.equal([]);
    expect(fatal).to.deep.equal([]);
  });

  it('spec R15: given a block that a quorum decided and that fails here twice, when synchronised, then the node stops and blames nobody', async () => {
    const { header, body } = decodedBlock(source.blockLog.readBlock(1)?.bytes);
    const wrong = encodeBlock({ header: { ...header, stateRoot: header.txRoot }, body });
    const { chain, caughtUp, penalties, fatal, asked } = await follow(['a', 'b'], () =>
      answerOf(wrong, certify(chainOf(), decodedOf(wrong))),
    );
    const chainOf = (): Ledger => chain.ledger;

    await caughtUp(1);

    expect(fatal).to.have.length(1);
    expect(fatal[0]).to.deep.include({
      code: 'CONSENSUS_BLOCK_INVALID',
      height: 1,
      vouched: 'decided',
      reason: { code: 'NODE_BLOCK_ROOT', root: 'state' },
    });
    expect(penalties).to.deep.equal([]);
    expect(asked).to.deep.equal(['a']);
  });
});

function decodedBlock(bytes: Uint8Array | undefined): ReturnType<typeof blockFrom> {
  return blockFrom(bytes ?? new Uint8Array());
}

function blockFrom(bytes: Uint8Array) {
  const block = decodeBlock(bytes);
  if (!block.ok) throw new Error(block.reason.code);
  return block.value;
}

function decodedOf(bytes: Uint8Array | undefined) {
  const { header } = decodedBlock(bytes);
  return { header, hash: blockHash(header) };
}
