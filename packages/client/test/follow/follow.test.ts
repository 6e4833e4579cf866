/** Following one history through several nodes: what goes on, what cannot be told, and forks (spec L-5, L-15). */
import { expect } from 'chai';
import type { FollowGround, Judgement, KnownHistory } from '../../src/index.ts';
import { followNode, startAtGenesis, verifyCheckpointFork, withSeen } from '../../src/index.ts';
import type { TestChain } from '../fixtures/chain.ts';
import { createTestChain, START_MS } from '../fixtures/chain.ts';
import { headOf, nodeOf, noteOf } from '../fixtures/histories.ts';

const URL = 'http://one';

/** Histories of one founding document that part when their sets do, after block 4. */
function chainOf(next?: readonly string[]): TestChain {
  const chain = createTestChain();
  for (let height = 1; height <= 10; height++) {
    if (height === 4 && next !== undefined) chain.append([], next);
    else chain.append([]);
  }
  return chain;
}

const chain = chainOf();
/** The same founders sign another block 4. */
const other = chainOf(['aa', 'bb', 'cc']);

const ground: FollowGround = {
  genesis: chain.genesis,
  start: startAtGenesis(chain.genesis),
  nowMs: () => START_MS + 60_000,
};

function knownAt(size: number): KnownHistory {
  const [head, note] = [headOf(chain, size), noteOf(headOf(chain, size))];
  return { head, note, shown: { [URL]: { size, note } } };
}

async function follow(size: number, known?: KnownHistory): Promise<Judgement> {
  return await followNode(nodeOf(URL, chain, size), known, [], ground);
}

describe('client: following a history', () => {
  it('given nothing known, then the first tree is taken; then larger ones extend it', async () => {
    const first = await follow(4);
    if (first.kind !== 'extends') return expect.fail(first.kind);
    const known = withSeen(undefined, first, URL);
    const second = await follow(9, known);
    if (second.kind !== 'extends') return expect.fail(second.kind);

    expect(known.head.size).to.equal(4);
    expect(withSeen(known, second, URL).head).to.deep.equal(headOf(chain, 9));
    expect((await follow(9, knownAt(9))).kind).to.equal('known');
  });

  it('given a node that is behind, then another proves that it shows the same history', async () => {
    const behind = nodeOf('http://two', chain, 5);
    const ahead = nodeOf(URL, chain, 9);

    const judged = await followNode(behind, knownAt(9), [ahead], ground);
    const alone = await followNode(behind, knownAt(9), [], ground);

    if (judged.kind !== 'known') return expect.fail(judged.kind);
    expect(withSeen(knownAt(9), judged, 'http://two').head.size).to.equal(9);
    expect(alone.kind === 'undecided' && alone.reason.code).to.equal('CLIENT_HISTORY_UNPROVEN');
  });

  it('given a node that showed more before, then its tree has shrunk', async () => {
    const ahead = nodeOf('http://two', chain, 9);

    const judged = await followNode(nodeOf(URL, chain, 5), knownAt(9), [ahead], ground);

    expect(judged.kind).to.equal('shrunk');
  });

  it('spec L-15: given another root of one size, or a larger tree with another beginning, then the fork is proven', async () => {
    for (const size of [5, 8]) {
      const note = noteOf(headOf(other, size), { signers: ['aa', 'bb', 'cc'] });
      const node = nodeOf(URL, other, size, note);

      const judged = await followNode(node, knownAt(5), [], ground);

      if (judged.kind !== 'fork') return expect.fail(`${size}: ${judged.kind}`);
      const trust = { chain: chain.genesis.chain, nowMs: ground.nowMs() };
      expect(verifyCheckpointFork(judged.proof, trust).outcome, `${size}`).to.equal('valid');
    }
  });

  it('given a checkpoint that a quorum did not sign, or a start that nobody named, then it is never taken', async () => {
    const unsigned = nodeOf(URL, chain, 6, noteOf(headOf(chain, 6), { signers: ['aa'] }));
    const judged = await followNode(unsigned, knownAt(4), [], ground);
    const start = startAtGenesis(chain.genesis, true);
    const unknown = await followNode(nodeOf(URL, chain, 6), undefined, [], { ...ground, start });

    expect(judged.kind === 'invalid' && judged.reason.code).to.equal('CLIENT_CHECKPOINT_UNPROVEN');
    expect(unknown.kind === 'undecided' && unknown.reason.code).to.equal('CLIENT_TRUST_MISSING');
  });
});
