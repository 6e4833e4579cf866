/** Comparing the states of two nodes. */
import { expect } from 'chai';
import { run } from '../fixtures/run.ts';
import { chainIdOf, createStateNodes, KEPT, OTHER } from '../fixtures/state-nodes.ts';

describe('cli: diff-state', () => {
  const nodes = createStateNodes();
  afterEach(async () => await nodes.stop());

  it('given two equal nodes at genesis, then it says so', async () => {
    const urls = [await nodes.start(), await nodes.start()];

    const told = await run(['diff-state', ...urls, '--height', '0']);

    expect(told.code, told.errors).to.equal(0);
    expect(told.out).to.contain('Equal at block 0');
  });

  it('given two nodes of one chain that differ at genesis, then the record is named all the same', async () => {
    const urls = [await nodes.start(), await nodes.start({ kept: OTHER })];

    const told = await run(['diff-state', ...urls, '--height', '0', '--json']);

    expect(told.code, told.errors).to.equal(1);
    expect(told.json().differences).to.have.length(1);
    expect(told.out).to.contain('000c');
  });

  it('given nodes of two chains, then it says which is of which and compares nothing', async () => {
    const urls = [await nodes.start(), await nodes.start({ chain: 'chain-b' })];

    const told = await run(['diff-state', ...urls, '--height', '0']);

    expect(told.code).to.equal(4);
    expect(told.errors).to.contain('CLI_CHAINS_DIFFER');
    for (const [index, name] of ['chain-a', 'chain-b'].entries()) {
      const line = `${urls[index]} is of chain ${chainIdOf(name)}`;
      expect(told.errors).to.contain(line);
    }
  });

  it('given a node that hides what differs behind its root, then that node is named', async () => {
    const urls = [await nodes.start(), await nodes.start({ kept: OTHER, shown: KEPT })];

    const told = await run(['diff-state', ...urls, '--height', '0']);

    expect(told.code).to.equal(4);
    expect(told.errors).to.contain('CLIENT_STATE_UNPROVEN').and.to.contain(urls[1]);
    expect(told.errors).not.to.contain(urls[0]);
  });
});
