/** What peers send to consensus: what becomes an event, what is dropped, and who is blamed. */
import type { State } from '@daybook/consensus';
import { createState, step, triage } from '@daybook/consensus';
import type { Block, Decided, PrePrepare, Prepare, Signed, Unsigned } from '@daybook/core';
import {
  asPublicKey,
  blockHash,
  decodeBlock,
  decodeMessage,
  encodeMessage,
  indexOfKey,
  publicKeyOf,
  refOf,
  sign,
  signBytes,
  ZERO_HASH,
} from '@daybook/core';
import { expect } from 'chai';
import { createBodies } from '../../src/driver/bodies.ts';
import { decidedAt } from '../../src/driver/decided.ts';
import type { UnstampedEvent } from '../../src/driver/driver.ts';
import type { Inbox } from '../../src/driver/inbox.ts';
import { createInbox } from '../../src/driver/inbox.ts';
import { mapValidatorPeers } from '../../src/driver/validators.ts';
import type { ExecutedBlock } from '../../src/ledger/tip.ts';
import { SILENT_LOGGER } from '../../src/log.ts';
import type { OpenChain } from '../support/chain.ts';
import {
  buildNext,
  certify,
  consensusSeed,
  freshDisks,
  grow,
  makeGenesis,
  noteOf,
  openChain,
  peerIdOf,
} from '../support/chain.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { createManualClock } from '../support/manual-clock.ts';

const genesis = makeGenesis();

interface Place {
  readonly chain: OpenChain;
  readonly inbox: Inbox;
  readonly state: State;
  readonly events: readonly UnstampedEvent[];
  readonly penalties: readonly string[];
  readonly ahead: readonly number[];
  readonly assembling: ((block: Block | undefined) => void)[];
  /** Heights of which something was about to be verified. */
  readonly verified: readonly number[];
  readonly clock: ManualClock;
}

function enter({ ledger }: OpenChain): State {
  const { header, hash, next } = ledger.head();
  const context = {
    chain: genesis.chain,
    height: header.height + 1,
    validators: next.validators,
    parent: { hash, timestampMs: header.timestampMs },
    rotation: next.rotation,
    parameters: next.parameters,
  };
  const now = { monoMs: 0, wallMs: header.timestampMs };
  return step(createState({ seed: 1 }), { type: 'height-entered', context, ...now }).state;
}

async function makePlace(height = 2): Promise<Place> {
  const chain = await openChain(genesis, freshDisks());
  await grow(chain.ledger, height);
  const state = enter(chain);
  const events: UnstampedEvent[] = [];
  const penalties: string[] = [];
  const ahead: number[] = [];
  const assembling: ((block: Block | undefined) => void)[] = [];
  const verified: number[] = [];
  const clock = createManualClock();
  const inbox = createInbox({
    chainAt: () => genesis.chain,
    clock,
    logger: SILENT_LOGGER,
    network: { penalise: (peer, offence) => penalties.push(`${peer} ${offence}`) },
    bodies: createBodies(),
    state: () => state,
    validatorsAt: (at) => {
      verified.push(at);
      return at > height + 1 ? undefined : chain.ledger.head().next.validators;
    },
    headHeight: () => height,
    finalHash: (at) => chain.blockLog.blockHashAt(at),
    peers: () => mapValidatorPeers([]),
    isOwnVote: () => false,
    onOwnSigned: () => undefined,
    known: () => undefined,
    assemble: async () => await new Promise((resolve) => assembling.push(resolve)),
    tell: (event) => events.push(event),
    onAhead: (_peer, at) => ahead.push(at),
    onFatal: (error) => {
      throw error;
    },
  });
  return { chain, inbox, state, events, penalties, ahead, assembling, verified, clock };
}

function signedBy<Content extends Unsigned>(
  place: Place,
  key: number,
  content: Content,
): Signed<Content> {
  const { validators } = place.chain.ledger.head().next;
  const secret = consensusSeed(key);
  const sender = indexOfKey(validators, asPublicKey(publicKeyOf(secret))) ?? 99;
  return { content, sender, signature: sign(secret, signBytes(genesis.chain, content)) };
}

/** PREPARE of round 0 for some block. */
function prepareOf(place: Place, key = 0, height = 3): Prepare {
  const content = { type: 'prepare', height, round: 0, blockHash: ZERO_HASH } as const;
  return { type: 'prepare', signed: signedBy(place, key, content) };
}

/** The proposal of a round by the validator whose turn it is. */
function proposalOf(place: Place, block: ExecutedBlock, round = 0): PrePrepare {
  const content = {
    type: 'pre-prepare',
    height: block.header.height,
    round,
    blockHash: block.hash,
    justificationHash: ZERO_HASH,
  } as const;
  const messages = [0, 1, 2, 3].map((key): PrePrepare => {
    const transactionHashes = block.entries.map((entry) => refOf(entry).hash);
    const { header } = block;
    const signed = signedBy(place, key, content);
    return { type: 'pre-prepare', signed, header, transactionHashes, inlined: [] };
  });
  const wanted = messages.find((message) => triage(place.state, message) === 'wanted');
  if (wanted === undefined) throw new Error('somebody is the proposer');
  return wanted;
}

function decidedOf(place: Place, block: ExecutedBlock): Decided {
  return { type: 'decided', header: block.header, certificate: certify(place.chain.ledger, block) };
}

async function idle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

describe('node: inbox of consensus', () => {
  it('given bytes that are no message, when received, then the peer is penalised', async () => {
    const { inbox, penalties, events } = await makePlace();

    inbox.receive('p', Uint8Array.of(77));

    expect(penalties).to.deep.equal(['p malformed']);
    expect(events).to.deep.equal([]);
  });

  it('given a vote with a good signature, when received, then the machine is told', async () => {
    const place = await makePlace();

    place.inbox.receive('p', encodeMessage(prepareOf(place)));

    expect(place.events.map(({ type }) => type)).to.deep.equal(['vote']);
  });

  it('spec N-13: given a vote that its validator did not sign, when received, then it is dropped and the relay not blamed', async () => {
    const place = await makePlace();
    const { signed } = prepareOf(place, 0);
    const forged = { ...signed, signature: prepareOf(place, 1).signed.signature };

    place.inbox.receive('p', encodeMessage({ type: 'prepare', signed: forged }));

    expect(place.events).to.deep.equal([]);
    expect(place.penalties).to.deep.equal([]);
  });

  it('spec C-20: given a vote far above the head, when received, then it is a hint to synchronise', async () => {
    const place = await makePlace();

    place.inbox.receive('p', encodeMessage(prepareOf(place, 0, 9)));

    expect(place.ahead).to.deep.equal([8]);
    expect(place.events).to.deep.equal([]);
  });

  it('given a proposal, when its body is there, then the machine is told once with the body held', async () => {
    const place = await makePlace();
    const block = buildNext(place.chain.ledger, [noteOf(genesis, 9)]);
    const body = decodeBlock(block.bytes);
    place.inbox.receive('p', encodeMessage(proposalOf(place, block)));

    place.assembling[0]?.(body.ok ? body.value : undefined);
    await idle();

    expect(place.events.map(({ type }) => type)).to.deep.equal(['proposal']);
  });

  it('given a proposal sent again while its body is fetched, when received, then it is fetched once per peer', async () => {
    const place = await makePlace();
    const bytes = encodeMessage(proposalOf(place, buildNext(place.chain.ledger)));

    for (const peer of ['p', 'p', 'q', 'p']) place.inbox.receive(peer, bytes);
    const during = place.assembling.length;
    for (const done of place.assembling) done(undefined);
    await idle();
    place.inbox.receive('p', bytes);
    const inVain = place.assembling.length;
    place.clock.advance(250);
    place.inbox.receive('p', bytes);

    // Who did not give it is asked again after a rest.
    expect([during, inVain]).to.deep.equal([2, 2]);
    expect(place.assembling).to.have.length(3);
    expect(place.events).to.deep.equal([]);
  });

  it('given proposals of many rounds from one peer, when received, then few of them are fetched at a time', async () => {
    const place = await makePlace();
    const block = buildNext(place.chain.ledger);
    const all = Array.from({ length: 7 }, (_, round) => proposalOf(place, block, round));
    const receive = (peer: string): void => {
      for (const message of all) place.inbox.receive(peer, encodeMessage(message));
    };

    receive('p');
    const ofOne = place.assembling.length;
    receive('q');
    const ofTwo = place.assembling.length;
    place.assembling[0]?.(undefined);
    await idle();
    place.clock.advance(250);
    receive('p');

    expect([ofOne, ofTwo, place.assembling.length]).to.deep.equal([4, 8, 9]);
  });

  it('given a proposal whose header is of another height, when received, then no body is fetched for it', async () => {
    const place = await makePlace();
    const built = buildNext(place.chain.ledger);
    const header = { ...built.header, height: 1_000_000 };
    const proposal = proposalOf(place, { ...built, hash: blockHash(header) });

    place.inbox.receive('p', encodeMessage({ ...proposal, header }));

    expect(place.assembling).to.deep.equal([]);
  });

  it('given finalised headers of heights that are final here, when sent again and again, then none is verified', async () => {
    const place = await makePlace();
    const sent = [1, 2].map((height) => decidedAt(height, place.chain.blockLog));

    for (const bytes of sent) place.inbox.receive('p', bytes ?? ZERO_HASH);

    expect([place.verified, place.events, place.penalties]).to.deep.equal([[], [], []]);
  });

  it('given a height that is final here, when gossiped, then it is verified and passed on once, and not if it is of long ago', async () => {
    const place = await makePlace(20);
    const gossip = (height: number) => {
      const decoded = decodeMessage(decidedAt(height, place.chain.blockLog) ?? ZERO_HASH);
      if (!decoded.ok || decoded.value.type !== 'decided') throw new Error('no header');
      return place.inbox.receiveDecided('p', decoded.value);
    };

    const verdicts = [3, 19, 20, 20, 19, 1].map(gossip);

    const ignored = ['ignore', 'ignore', 'ignore'];
    expect(verdicts).to.deep.equal(['ignore', 'accept', 'accept', ...ignored]);
    expect(place.verified).to.deep.equal([19, 20]);
  });

  it('given a finalised header of the next height, when gossiped, then it is passed on and the machine is told', async () => {
    const place = await makePlace();
    const block = buildNext(place.chain.ledger);

    const verdict = place.inbox.receiveDecided('p', decidedOf(place, block));

    expect(verdict).to.equal('accept');
    expect(place.events.map(({ type }) => type)).to.deep.equal(['decided']);
  });

  it('spec N-12: given a finalised header that cannot be checked yet, when gossiped, then it is a hint and not passed on', async () => {
    const place = await makePlace();
    const { header, hash } = buildNext(place.chain.ledger);
    const decided = decidedOf(place, { ...buildNext(place.chain.ledger), header, hash });
    const later = { ...decided, header: { ...header, height: 90 } };

    expect(place.inbox.receiveDecided('p', later)).to.equal('ignore');
    expect(place.ahead).to.deep.equal([90]);
    expect(place.penalties).to.deep.equal([]);
  });

  it('spec N-12: given a finalised header with another certificate, when gossiped, then it is rejected as a lie', async () => {
    const place = await makePlace();
    const decided = decidedOf(place, buildNext(place.chain.ledger));
    const changed = { ...decided, header: { ...decided.header, timestampMs: 1 } };

    expect(place.inbox.receiveDecided(peerIdOf(0), changed)).to.equal('reject');
    expect(place.penalties).to.deep.equal([`${peerIdOf(0)} lie`]);
    expect(place.events).to.deep.equal([]);
  });
});
