/** A chain that must go through what the operator named: no other becomes final, or is opened. */
import type { Frontier, Hash, Height } from '@daybook/core';
import {
  appendFrontier,
  asHash,
  decodeBlock,
  emptyFrontier,
  frontierRoot,
  leafHash,
  toHex,
} from '@daybook/core';
import { StateError } from '@daybook/state';
import { expect } from 'chai';
import { NodeError } from '../../src/errors.ts';
import { EXIT_CODES, exitCodeOf } from '../../src/exit-codes.ts';
import type { AnchoredChain } from '../../src/ledger/anchored.ts';
import { refuseStored } from '../../src/ledger/anchored.ts';
import type { Committed } from '../../src/ledger/ledger.ts';
import type { Disks, OpenChain } from '../support/chain.ts';
import { buildNext, certify, freshDisks, grow, makeGenesis, openChain } from '../support/chain.ts';

const HEIGHT = 6;
const ANCHORED = 3;
const OTHER = asHash(new Uint8Array(32).fill(7));
const genesis = makeGenesis();

async function failureOf(attempt: Promise<unknown>): Promise<NodeError> {
  const failure = await attempt.catch((error: unknown) => error);
  return failure instanceof NodeError ? failure : expect.fail(`it gave ${String(failure)}`);
}

describe('node: a chain with an anchor', () => {
  let disks: Disks;
  let range: readonly Committed[];
  let hashes: readonly Hash[];

  before(async () => {
    disks = freshDisks();
    const source = await openChain(genesis, disks, { segmentBytes: 8000 });
    const committed: Committed[] = [];
    source.ledger.onCommit((one) => committed.push(one));
    await grow(source.ledger, HEIGHT);
    range = committed;
    hashes = Array.from({ length: HEIGHT + 1 }, (_, at) => hashIn(source, at));
    await source.close();
  });

  const hashIn = ({ blockLog }: OpenChain, height: Height): Hash =>
    blockLog.blockHashAt(height) ?? expect.fail(`block ${height} is there`);

  function rootOf(size: number): Hash {
    const whole = hashes
      .slice(0, size)
      .reduce(
        (frontier: Frontier, hash) => appendFrontier(frontier, leafHash(hash)),
        emptyFrontier(),
      );
    return frontierRoot(whole);
  }

  const block = (hash = OTHER, height = ANCHORED): AnchoredChain => ({ block: { height, hash } });
  /** Of all blocks up to the anchored one. */
  const tree = (root = OTHER, size = ANCHORED + 1): AnchoredChain => ({ tree: { size, root } });

  /** The blocks of the source, executed again on a chain with this anchor. */
  async function follower(anchored: AnchoredChain) {
    const chain = await openChain(genesis, freshDisks(), { anchored });
    let tip = chain.ledger.head();
    const again: Committed[] = [];
    for (const { block: executed, certificate } of range) {
      const decoded = decodeBlock(executed.bytes);
      const judged = decoded.ok ? await chain.ledger.judge(decoded.value, tip) : decoded;
      if (!judged.ok) throw new Error(judged.reason.code);
      again.push({ block: judged.value, certificate });
      tip = judged.value.tip;
    }
    return { ...chain, again };
  }

  for (const [what, anchored] of [
    ['block', block()],
    ['tree', tree()],
  ] as const) {
    it(`spec N-17: given a range with another ${what} than the anchored one, then nothing of it becomes final`, async () => {
      const { ledger, blockLog, again, close } = await follower(anchored);

      const failure = await failureOf(ledger.commitRange(again));

      expect(failure.code).to.equal('NODE_CHECKPOINT_CONTRADICTED');
      expect(ledger.head().header.height).to.equal(0);
      expect(blockLog.head()?.height).to.equal(0);
      await close();
    });

    it(`spec N-17: given a decision for another ${what} than the anchored one, then the height before stays the head`, async () => {
      const { ledger, blockLog, close } = await openChain(genesis, freshDisks(), { anchored });
      await grow(ledger, ANCHORED - 1);
      const next = buildNext(ledger);

      const failure = await failureOf(ledger.commit(next, certify(ledger, next)));

      expect(failure.code).to.equal('NODE_CHECKPOINT_CONTRADICTED');
      if (what === 'block') expect(failure.detail).to.contain(toHex(next.hash));
      expect(blockLog.head()?.height).to.equal(ANCHORED - 1);
      expect(blockLog.candidates()).to.deep.equal([]);
      await close();
    });
  }

  it('spec N-17: given what the chain goes through, or what lies ahead of it, then it is followed', async () => {
    const right: AnchoredChain = {
      ...block(hashes[ANCHORED]),
      ...tree(rootOf(ANCHORED + 1)),
    };
    for (const anchored of [right, block(OTHER, HEIGHT + 1), tree(OTHER, HEIGHT + 2)]) {
      const { ledger, again, close } = await follower(anchored);
      await ledger.commitRange(again);
      expect(ledger.head().hash).to.deep.equal(hashes[HEIGHT]);
      await close();
    }
  });

  it('spec N-17: given a stored chain, when opened, then any anchor up to its head that it contradicts is refused', async () => {
    for (let height = 0; height <= HEIGHT; height++) {
      for (const anchored of [block(OTHER, height), tree(OTHER, height + 1)]) {
        const failure = await failureOf(openChain(genesis, disks, { anchored }));
        expect(failure.code).to.equal('NODE_CHECKPOINT_CONTRADICTED');
        if (anchored.block) expect(failure.detail).to.contain(toHex(hashes[height] ?? OTHER));
      }
      const anchored = {
        ...block(hashes[height], height),
        ...tree(rootOf(height + 1), height + 1),
      };
      const { ledger, close } = await openChain(genesis, disks, { anchored });
      expect(ledger.head().header.height).to.equal(HEIGHT);
      await close();
    }
  });

  it('spec N-17: given blocks that were moved away or are damaged, then their hashes are compared', async () => {
    const { ledger, blockLog, close } = await openChain(genesis, disks);
    const fact = 'bent';
    const damaged = { code: 'STATE_BLOCK_DAMAGED', path: '/blocks', offset: 0, fact } as const;
    for (const readBlock of [
      () => undefined,
      () => {
        throw new StateError(damaged);
      },
    ]) {
      const stored = { readBlock, blockHashAt: (height: Height) => blockLog.blockHashAt(height) };
      const open = (root: Hash) => () => refuseStored(stored, tree(root), ledger.head());

      expect(open(rootOf(ANCHORED + 1))).not.to.throw();
      expect(open(OTHER)).to.throw().with.property('code', 'NODE_CHECKPOINT_CONTRADICTED');
    }
    await close();
  });

  it('given a contradiction, then the process ends so that nobody starts it again in vain', async () => {
    const failure = await failureOf(openChain(genesis, disks, { anchored: block() }));

    expect(exitCodeOf(failure)).to.equal(EXIT_CODES.safety);
  });
});
