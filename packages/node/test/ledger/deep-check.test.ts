/** The check of the whole state: everything is read and proven, and any damage is found. */

import { applications } from '@daybook/applications';
import { createEngine } from '@daybook/contracts';
import { expect } from 'chai';
import { checkState } from '../../src/deep-check.ts';
import { notebook } from '../api/support/notebook.ts';
import type { Disks, OpenChain } from '../support/chain.ts';
import { freshDisks, grow, makeGenesis, openChain } from '../support/chain.ts';

const genesis = makeGenesis();
const engine = createEngine([...applications, notebook]);

async function check({ ledger, stateStore }: OpenChain): Promise<number> {
  return await checkState(stateStore, engine.manifestOf(ledger.head().reader));
}

function filesOf({ state }: Disks): readonly string[] {
  const below = (directory: string): readonly string[] =>
    state.list(directory).flatMap((name) => {
      const path = `${directory}/${name}`;
      const inner = below(path);
      return inner.length > 0 ? inner : [path];
    });
  return below('/state');
}

describe('node: deep check', () => {
  it('spec C-25: given a sound state, then every record of the tree is proven', async () => {
    const chain = await openChain(genesis, freshDisks());
    await grow(chain.ledger, 30);

    const records = await check(chain);

    expect(records).to.equal(chain.stateStore.figures().records);
    expect(records).to.be.above(30);
  });

  it('spec C-25: given a damaged byte in a file of the state, then it is found wherever it is used', async () => {
    const disks = freshDisks();
    const chain = await openChain(genesis, disks);
    await grow(chain.ledger, 30);
    await chain.close();
    let found = 0;
    for (const path of filesOf(disks)) {
      const size = disks.state.content(path).length;
      for (let at = Math.floor(size / 10); at < size; at += Math.ceil(size / 10)) {
        const content = disks.state.content(path);
        content[at] = (content[at] ?? 0) ^ 0x40;
        const outcome = await openChain(genesis, disks)
          .then(check)
          .then(
            () => 'harmless',
            (error: { code?: string }) => error.code ?? String(error),
          );
        content[at] = (content[at] ?? 0) ^ 0x40;
        if (outcome !== 'harmless') found += 1;
        expect(outcome, `${path} at ${at}`).to.match(/^(harmless|STATE_\w+|NODE_STATE_DIVERGED)$/);
      }
    }
    // Nodes of old versions are harmless: what was called so has been proven record by record.
    expect(found).to.be.above(0);
  });
});
