/** `daybook why` and /healthz of real nodes, while a quorum is there, gone, and back. */
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { getJson, heightOf } from './support/api.ts';
import { openFund } from './support/fund.ts';
import { FOUR } from './support/members.ts';
import { runDaybook } from './support/programs.ts';
import { eventually } from './support/waiting.ts';

const WITHIN_MS = 60_000;

interface Told {
  readonly exitCode: number;
  readonly output: string;
}

async function why(apiUrl: string, ...args: readonly string[]): Promise<Told> {
  const { exitCode, stdout, stderr } = await runDaybook(['why', '--url', apiUrl, ...args]);
  return { exitCode, output: `${stdout}${stderr}` };
}

describe('why blocks do not advance (validators=4)', function () {
  this.timeout(240_000);
  let cluster: Cluster;
  let url: string;

  before(async () => {
    cluster = await startCluster({ members: FOUR, parameters: { roundBaseMs: 1000 } });
    url = cluster.node('finance').apiUrl;
    await openFund(url, cluster);
  });
  after(async () => {
    await cluster?.remove();
  });

  const healthOf = async (): Promise<number> => (await getJson(url, '/healthz')).status;

  it('given an idle chain, then all is well, in both languages', async () => {
    const english = await eventually(
      async () => {
        // A validator that is late with its last vote is told of, too.
        const told = await why(url);
        return told.output.includes('All is well') && told;
      },
      { what: 'all is well', withinMs: WITHIN_MS },
    );
    const chinese = await why(url, '--language', 'zh');

    expect([english.exitCode, chinese.exitCode]).to.deep.equal([0, 0]);
    expect(english.output).to.contain('finance (this node)');
    expect(chinese.output).to.contain('一切正常');
    expect(chinese.output).to.contain('finance (本节点)');
    expect(await healthOf()).to.equal(200);
  });

  it('given two validators gone, then it names them, fails, and says what to do', async () => {
    for (const slug of ['education', 'audit']) await cluster.node(slug).process.kill();
    await eventually(async () => (await healthOf()) === 503, {
      what: 'health fails',
      withinMs: WITHIN_MS,
    });

    const english = await why(url);
    const chinese = await why(url, '--language', 'zh');
    const { body } = await getJson(url, '/v1/why');

    expect(english.exitCode).to.not.equal(0);
    expect(english.output).to.match(/Only 2 of 4 validators are within reach, 3 are needed/);
    expect(english.output).to.match(/education \(last heard \d+ s ago\)/);
    expect(english.output).to.contain('call the operators');
    expect(chinese.output).to.contain('4 个验证者中仅能连通 2 个,需要 3 个');
    expect(JSON.stringify(body.reasons)).to.contain('quorum-unreachable');
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).to.match(/^daybook_node_quorum_missing_count 1$/m);
    expect(text).to.match(/^daybook_node_healthy 0$/m);
    expect(text).to.match(/^daybook_node_vote_sync_seconds_count [1-9]/m);
    expect(text).to.match(/^daybook_node_signing_seconds_count [1-9]/m);
  });

  it('given one of them back, then it is well again and warns of the other', async () => {
    const height = await heightOf(url);

    await cluster.node('audit').process.start();

    await eventually(async () => (await healthOf()) === 200, {
      what: 'health again',
      withinMs: WITHIN_MS,
    });
    const { output } = await why(url);
    expect(output).to.contain('The chain goes on without: education');
    expect(await heightOf(url)).to.be.at.least(height);
  });
});
