/** What a request for a signature meets that waited for a disk. */
import type { Effect, SignRequest } from '@daybook/consensus';
import type { Hash } from '@daybook/core';
import { decodeBlock, fail } from '@daybook/core';
import type { VoteSigner } from '@daybook/state';
import { expect } from 'chai';
import { createBodies } from '../../src/driver/bodies.ts';
import type { UnstampedEvent } from '../../src/driver/driver.ts';
import type { Effects, EffectsParts } from '../../src/driver/effects.ts';
import { createEffects } from '../../src/driver/effects.ts';
import { buildNext, freshDisks, makeGenesis, noteOf, openChain } from '../support/chain.ts';

const genesis = makeGenesis();

interface Signing {
  readonly effects: Effects;
  /** Of the only block, whose candidate is durable. */
  readonly hash: Hash;
  readonly answers: readonly UnstampedEvent[];
  readonly fatal: readonly unknown[];
  readonly asked: readonly string[];
  /** Lets the vote log answer what it was asked first, and waits until all is done. */
  settle(): Promise<void>;
}

/** What signing has no use for. */
const neverAsked = (): never => {
  throw new Error('nothing but signing is asked here');
};

/** All promises that are due. */
const idle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A validator of height 1 whose vote log does not answer until it is let to. */
async function signingOf(isStored: boolean): Promise<Signing> {
  const { ledger, close } = await openChain(genesis, freshDisks());
  const executed = buildNext(ledger, [noteOf(genesis, 1)]);
  const block = decodeBlock(executed.bytes);
  if (!block.ok) throw new Error(block.reason.code);
  const { hash } = executed;
  const bodies = createBodies();
  const stored = isStored ? { stored: Promise.resolve() } : {};
  bodies.hold({ block: block.value, hash, receivedWallMs: 1, executed, ...stored });
  const disk = Promise.withResolvers<void>();
  const [answers, fatal, asked]: [UnstampedEvent[], unknown[], string[]] = [[], [], []];
  const sign: VoteSigner['sign'] = async () => {
    asked.push('vote log');
    await disk.promise;
    return fail({ code: 'STATE_SIGNING_BEHIND_GUARD', guardHeight: 1, guardRound: 9 });
  };
  const parts: EffectsParts = {
    clock: { now: () => 0, wall: () => 0, schedule: () => () => undefined, soon: () => undefined },
    ledger,
    network: { send: neverAsked, links: neverAsked },
    bodies,
    signer: { sign, state: neverAsked },
    selfIndex: () => 0,
    peers: neverAsked,
    build: neverAsked,
    inline: neverAsked,
    fetch: neverAsked,
    recall: () => undefined,
    committed: neverAsked,
    exclusive: neverAsked,
    outside: neverAsked,
    signingDone: () => undefined,
    onFatal: (error) => fatal.push(error),
  };
  const effects = createEffects(parts, (event) => answers.push(event));
  const settle = async (): Promise<void> => {
    await idle();
    disk.resolve();
    await idle();
    await effects.stop();
    await close();
  };
  return { effects, hash, answers, fatal, asked, settle };
}

const ask = (request: SignRequest): Effect => ({ type: 'sign', request });
const LATE = ask({ type: 'round-change', content: { type: 'round-change', height: 1, round: 1 } });

describe('node: effects that sign', () => {
  const citing: readonly [string, (blockHash: Hash) => SignRequest][] = [
    ['proposal', (blockHash) => ({ type: 'pre-prepare', height: 1, round: 1, blockHash })],
    [
      'PREPARE',
      (blockHash) => ({
        type: 'prepare',
        content: { type: 'prepare', height: 1, round: 1, blockHash },
      }),
    ],
  ];
  for (const [what, requestFor] of citing) {
    it(`given a ${what} that waits behind a slow disk, when its block is released meanwhile, then it is refused and not signed`, async () => {
      const { effects, hash, answers, fatal, asked, settle } = await signingOf(true);
      effects.perform(LATE);
      effects.perform(ask(requestFor(hash)));

      effects.perform({ type: 'release', hashes: [hash] });
      await settle();

      expect(fatal).to.deep.equal([]);
      expect(asked).to.deep.equal(['vote log']);
      expect(answers).to.deep.include({
        type: 'refused',
        slot: { type: requestFor(hash).type, height: 1, round: 1 },
        reason: 'guard',
      });
    });

    it(`given a ${what} whose block is no candidate of the block log, then it is not signed`, async () => {
      const { effects, hash, asked, settle } = await signingOf(false);

      effects.perform(ask(requestFor(hash)));
      await settle();

      expect(asked).to.deep.equal([]);
    });
  }
});
