/** What `daybook checkpoint` says before there is any. */
import { expect } from 'chai';
import { run } from '../fixtures/run.ts';
import { createStateNodes } from '../fixtures/state-nodes.ts';

const AWAY = 'http://127.0.0.1:1';

describe('cli: checkpoint', () => {
  const nodes = createStateNodes();
  afterEach(async () => await nodes.stop());

  it('given nodes that have none yet, then nobody can tell', async () => {
    const urls = ['--url', await nodes.start(), '--url', await nodes.start()];

    const told = await run(['checkpoint', ...urls]);
    const json = await run(['checkpoint', ...urls, '--json']);

    expect(told.exit, told.errors).to.equal('undecided');
    expect(told.out).to.contain('Cannot tell. No node has a checkpoint yet.');
    expect(json.exit).to.equal('undecided');
    expect(json.json()).to.deep.equal({ outcome: 'unknown', compared: 0, nodes: [] });
  });

  it('given a node that has none yet beside one that is away, then nobody can tell, and it says who is away', async () => {
    const told = await run(['checkpoint', '--url', await nodes.start(), '--url', AWAY]);

    expect(told.exit, told.errors).to.equal('undecided');
    expect(told.errors).to.contain(`${AWAY} does not answer`);
  });
});
