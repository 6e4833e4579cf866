/** A change of the set that could leave too few live validators, proposed on the command line (spec X-13). */
import { toHex } from '@daybook/core';
import type { Cluster, InProcessNode } from '@daybook/testkit';
import { createCluster, startInProcessNodes } from '@daybook/testkit';
import { expect } from 'chai';
import { run } from '../fixtures/run.ts';

const SIX = ['finance', 'health', 'education', 'audit', 'water', 'roads'];
/** Blocks that both still rest for, when the proposal goes out. */
const RESTING_BLOCKS = 5;

describe('a proposal that could lose the quorum (validators=6)', function () {
  this.timeout(150_000);
  let cluster: Cluster;
  let nodes: readonly InProcessNode[] = [];

  before(async () => {
    const members = SIX.map((slug) => ({
      slug,
      title: { en: slug, zh: '部门' },
      officers: [{ name: 'admin', roles: ['directory.administrator', 'governance.delegate'] }],
      node: 'validator' as const,
    }));
    const parameters = { blockIntervalMs: 20, emptyIntervalMs: 1000, roundBaseMs: 500 };
    cluster = await createCluster({ members, parameters });
    nodes = await startInProcessNodes(cluster);
  });
  after(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await cluster?.remove();
  });

  /** Resolves when the condition holds after a block; the time of the test bounds it. */
  const untilHead = async (node: InProcessNode, holds: () => boolean): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = node.ledger.onCommit(() => {
      if (holds()) resolve();
    });
    await promise.finally(stop);
  };

  it('given two of six down, when a live one is to be removed, then rule 6 refuses, with its facts, what to do, and code 1', async () => {
    const [first = expect.fail('there is a node')] = nodes;
    const down = nodes.slice(4);
    await Promise.all(down.map((node) => node.stop()));
    const resting = (): number =>
      first.ledger
        .head()
        .next.rotation.filter(
          ({ restUntil }) => restUntil > first.ledger.head().header.height + RESTING_BLOCKS,
        ).length;
    await untilHead(first, () => resting() === 2);
    const live = nodes[1]?.report().validator ?? expect.fail('it is a validator');
    const signer = `finance/admin=${cluster.directory}/officers/finance-admin.json`;

    const refused = await run([
      'governance',
      'propose-validator-removal',
      ...['--validator', live, '--reason', 'It moves.'],
      ...['--signer', signer, '--url', first.apiUrl],
    ]);

    expect(refused.code, refused.errors).to.equal(1);
    const told = `${refused.out}${refused.errors}`;
    expect(told).to.contain('GOVERNANCE_QUORUM_AT_RISK');
    expect(told).to.contain('Rule 6: of 5 validators 3 keep their turns, and 4 are needed');
    expect(told).to.match(/silent: (water, roads|roads, water)/);
    expect(told).to.contain('Bring the silent ones back first, or remove one of them instead');
    const { validators } = first.ledger.head().next;
    expect(validators.map(({ id }) => toHex(id))).to.include(live);
  });
});
