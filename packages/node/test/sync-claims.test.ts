/** Whose word of a height nobody has proven counts: that of more validators than may lie. */
import { expect } from 'chai';
import { createExclusive } from '../src/exclusive.ts';
import { SILENT_LOGGER } from '../src/log.ts';
import type { Syncer } from '../src/sync.ts';
import { createSyncer } from '../src/sync.ts';
import { answeringPeers } from './support/answering-peers.ts';
import { freshDisks, makeGenesis, openChain } from './support/chain.ts';
import { createManualClock } from './support/manual-clock.ts';

interface Links {
  readonly validators: readonly string[];
  readonly observers: readonly string[];
  /** Whether the node itself is one. */
  readonly isValidator: boolean;
}

/** A node at genesis whose peers give no blocks. */
async function syncerAmong(
  { validators, observers, isValidator }: Links,
  genesis = makeGenesis(),
): Promise<Syncer> {
  const { ledger } = await openChain(genesis, freshDisks());
  const network = answeringPeers({ validators, observers, answer: async () => undefined });
  return createSyncer({
    clock: createManualClock(),
    logger: SILENT_LOGGER,
    network,
    ledger,
    exclusive: createExclusive(),
    isValidator: () => isValidator,
    advanced: () => undefined,
    onFatal: (error) => {
      throw error;
    },
  });
}

const CLAIM = 2 ** 50;

describe('sync: claims of a height (validators=4)', () => {
  const beliefs: readonly (Links & {
    readonly words: string;
    readonly claiming: readonly string[];
    readonly believed: boolean;
  })[] = [
    {
      words: 'two observers beside three validators',
      ...{ validators: ['a', 'b', 'c'], observers: ['x', 'y'], isValidator: true },
      ...{ claiming: ['x', 'y'], believed: false },
    },
    {
      words: 'an observer and one of three validators',
      ...{ validators: ['a', 'b', 'c'], observers: ['x'], isValidator: true },
      ...{ claiming: ['x', 'a'], believed: false },
    },
    {
      words: 'two of three validators',
      ...{ validators: ['a', 'b', 'c'], observers: ['x', 'y'], isValidator: true },
      ...{ claiming: ['a', 'b'], believed: true },
    },
    {
      words: 'all observers beside one validator, to an observer',
      ...{ validators: ['a'], observers: ['x', 'y'], isValidator: false },
      ...{ claiming: ['x', 'y'], believed: false },
    },
    {
      words: 'the only validator and nobody else',
      ...{ validators: ['a'], observers: ['x', 'y'], isValidator: false },
      ...{ claiming: ['a'], believed: false },
    },
    {
      words: 'the only validator and an observer',
      ...{ validators: ['a'], observers: ['x', 'y'], isValidator: false },
      ...{ claiming: ['a', 'x'], believed: true },
    },
    {
      words: 'two observers, to an observer that is linked with observers only',
      ...{ validators: [], observers: ['x', 'y'], isValidator: false },
      ...{ claiming: ['x', 'y'], believed: true },
    },
    {
      words: 'two observers, to a validator that is linked with observers only',
      ...{ validators: [], observers: ['x', 'y'], isValidator: true },
      ...{ claiming: ['x', 'y'], believed: false },
    },
  ];
  for (const { words, claiming, believed, ...links } of beliefs) {
    it(`spec N-1: given a height claimed by ${words}, then it ${believed ? 'counts' : 'is only told'}`, async () => {
      const syncer = await syncerAmong(links);

      for (const peerId of claiming) syncer.hint(CLAIM, peerId);

      expect(syncer.isBehind()).to.equal(believed);
      expect(syncer.isInStep()).to.equal(!believed);
      expect(syncer.progress()).to.include({ target: CLAIM, credible: believed });
      await syncer.stop();
    });
  }

  for (const count of [2, 3]) {
    it(`spec N-1: given ${count} validators, of whom none may lie (f = 0), then the word of one is enough, and that of observers is none`, async () => {
      const observers = ['x', 'y'];
      const links = { validators: ['a'], observers, isValidator: true };
      const syncer = await syncerAmong(links, makeGenesis({ validators: count }));

      for (const peerId of observers) syncer.hint(CLAIM, peerId);
      const byObservers = syncer.isBehind();
      syncer.hint(CLAIM, 'a');

      expect([byObservers, syncer.isBehind()]).to.deep.equal([false, true]);
      await syncer.stop();
    });
  }

  it('spec N-1: given a chain of one validator, then no observer holds it back, and a certificate does', async () => {
    const links = { validators: [], observers: ['x', 'y'], isValidator: true };
    const syncer = await syncerAmong(links, makeGenesis({ validators: 1 }));

    for (const peerId of links.observers) syncer.hint(CLAIM, peerId);
    const byObservers = syncer.isBehind();
    syncer.hint(2, undefined);

    expect([byObservers, syncer.isBehind()]).to.deep.equal([false, true]);
    await syncer.stop();
  });
});
