/**
 * Validators whose key is held by a signer process: killed and started again under load, asked by a
 * second node, and given an older vote log. Nobody may ever see two votes for one slot.
 */
import { copyFile, cp, mkdir, readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import type { Cluster, ClusterNode, SignerPlace } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { getJson, heightOf, statusOf } from './support/api.ts';
import { openFund } from './support/fund.ts';
import type { Load } from './support/load.ts';
import { startLoad } from './support/load.ts';
import { FOUR } from './support/members.ts';
import { connectTo } from './support/signer.ts';
import { eventually } from './support/waiting.ts';

const REMOTE = 'finance';
const LOCAL = 'education';
const WITHIN_MS = 120_000;

function signerOf({ signer }: ClusterNode): SignerPlace {
  if (signer === undefined) throw new Error('the node has its key itself');
  return signer;
}

async function reasonAt(apiUrl: string): Promise<string> {
  const { body } = await getJson(apiUrl, '/v1/status');
  return String(body.hindrance ?? '');
}

/** Contradictions that a node has seen since its start. */
async function evidenceAt(apiUrl: string): Promise<number> {
  const text = await (await fetch(`${apiUrl}/metrics`)).text();
  const series = [...text.matchAll(/^daybook_node_evidence_total(?:\{[^}]*\})? (\d+)$/gm)];
  return series.reduce((sum, [, count]) => sum + Number(count), 0);
}

describe('signer process (validators=4, two of them with signers)', function () {
  this.timeout(600_000);
  let cluster: Cluster;
  let load: Load;
  let remote: ClusterNode;
  let signer: SignerPlace;
  let witness: string;

  before(async () => {
    cluster = await startCluster({
      members: FOUR,
      // Quarantine lasts as long as a proposal may be on its way.
      parameters: { roundBaseMs: 1000, emptyIntervalMs: 2000, messageDelayMs: 3000 },
      signers: [REMOTE, 'health'],
    });
    remote = cluster.node(REMOTE);
    signer = signerOf(remote);
    witness = cluster.node('audit').apiUrl;
    await openFund(witness, cluster);
    load = startLoad(cluster, { apiUrls: [witness], clientsPerNode: 2, prefix: 'pay' });
  });
  after(async () => {
    await load?.stop().catch(() => undefined);
    await cluster?.remove();
  });

  async function grows(by: number, what: string): Promise<void> {
    const from = await heightOf(witness);
    const isThere = async (): Promise<boolean> => (await heightOf(witness)) >= from + by;
    await eventually(isThere, { what, withinMs: WITHIN_MS });
  }

  async function voterSeen(): Promise<boolean> {
    const { body } = await getJson(witness, '/v1/why');
    const { voters } = body.consensus as {
      voters: { organisation: string; prepared: boolean; committed: boolean }[];
    };
    return voters.some((voter) => voter.organisation === REMOTE && voter.committed);
  }

  it('given a signer, then the node votes through it and has no vote log of its own', async () => {
    await eventually(voterSeen, { what: 'a COMMIT of the remote key', withinMs: WITHIN_MS });

    const own = await readdir(path.join(remote.dataDirectory, 'votes'));
    const held = await readdir(path.join(signer.dataDirectory, 'votes'));
    expect(own).to.deep.equal([]);
    expect(held).to.deep.equal(['wal-A', 'wal-B']);
  });

  it('given a connected node, when a second client comes, then the signer refuses it', async () => {
    const { chain } = cluster.genesis;
    const second = connectTo({ path: signer.socket, chain, connectMsMax: 3000 });

    const failure = await second.then(
      () => 'let in',
      (error: Error) => error.message,
    );
    expect(failure).to.contain('another client is connected');
    await grows(3, 'blocks after the refusal');
  });

  it('given a signer killed again and again under load, then the chain goes on and it votes again', async () => {
    for (let kill = 1; kill <= 3; kill += 1) {
      const away = remote.process.logged('signer away');
      await signer.process.kill();
      await away;
      await grows(2, `blocks without the signer, kill ${kill}`);
      const back = remote.process.logged('signer connected');
      await signer.process.start();
      await back;
      await eventually(voterSeen, { what: `its vote after kill ${kill}`, withinMs: WITHIN_MS });
    }
  });

  it('given a quorum that needs the signer, when it is away, then no block, and blocks when it is back', async () => {
    await cluster.node(LOCAL).process.kill();
    const away = remote.process.logged('signer away');
    await signer.process.kill();
    await away;
    const stopped = await heightOf(witness);
    const { body } = await eventually(
      async () => {
        const answer = await getJson(remote.apiUrl, '/healthz');
        return answer.status === 503 ? answer : undefined;
      },
      { what: 'the node says that its signer is away', withinMs: WITHIN_MS },
    );

    await signer.process.start();
    await grows(5, 'blocks with the signer back');

    expect(JSON.stringify(body)).to.contain('signer-away');
    expect(await heightOf(witness)).to.be.above(stopped + 4);
    await cluster.node(LOCAL).process.start();
  });

  it('given a node killed while its signer lives, when started again, then both go on', async () => {
    await remote.process.kill();
    await grows(3, 'blocks without the node');

    await remote.process.start();

    await eventually(voterSeen, { what: 'a vote after the restart', withinMs: WITHIN_MS });
  });

  it('spec C-26: given an old copy of the vote log in place of the new one, then quarantine, and out again by itself', async () => {
    const votes = path.join(signer.dataDirectory, 'votes');
    const backup = path.join(cluster.directory, 'backup');
    await signer.process.stop();
    await mkdir(backup);
    await cp(votes, backup, { recursive: true });
    await signer.process.start();
    await eventually(voterSeen, { what: 'votes after the backup', withinMs: WITHIN_MS });
    await signer.process.stop();
    for (const name of ['wal-A', 'wal-B']) {
      // Beside it first: to a copy made after the removal, the freed inode number may be given again.
      const copy = path.join(votes, `${name}.copy`);
      await copyFile(path.join(backup, name), copy);
      await rename(copy, path.join(votes, name));
    }

    const withheld = remote.process.logged('signing withheld');
    await signer.process.start();
    const { code } = await withheld;
    await grows(3, 'blocks without the validator in quarantine');
    await eventually(async () => (await reasonAt(remote.apiUrl)) === '', {
      what: 'the end of quarantine',
      withinMs: WITHIN_MS,
    });

    expect(code).to.equal('STATE_VOTES_COPIED');
    await eventually(voterSeen, { what: 'votes after quarantine', withinMs: WITHIN_MS });
  });

  it('spec C-27: given an old vote log written over the new one, then the own seals betray it', async () => {
    const { process, apiUrl, dataDirectory } = cluster.node(LOCAL);
    const votes = path.join(dataDirectory, 'votes');
    const backup = path.join(cluster.directory, 'backup-local');
    await eventually(async () => (await statusOf(apiUrl)).activity === 'voting', {
      what: 'the local validator votes',
      withinMs: WITHIN_MS,
    });
    await process.stop();
    await mkdir(backup);
    await cp(votes, backup, { recursive: true });
    await process.start();
    await grows(20, 'blocks with its seals');
    await process.stop();
    // Over the same file: neither machine nor inode tells.
    for (const name of ['wal-A', 'wal-B']) {
      await copyFile(path.join(backup, name), path.join(votes, name));
    }

    const withheld = process.logged('signing withheld');
    await process.start();

    expect(await withheld).to.include({ code: 'STATE_VOTES_BEHIND' });
    await eventually(async () => (await statusOf(apiUrl)).activity === 'voting', {
      what: 'out of quarantine',
      withinMs: WITHIN_MS,
    });
  });

  it('I3: given all that, then no node has seen a contradiction', async () => {
    const { promised } = load;
    await eventually(() => promised.length > 100, {
      what: 'payments all the time',
      withinMs: WITHIN_MS,
    });
    await load.stop();

    const seen = await Promise.all(cluster.nodes.map(({ apiUrl }) => evidenceAt(apiUrl)));

    expect(seen).to.deep.equal([0, 0, 0, 0]);
  });

  it('given nodes and signers at work, when asked to end, then each ends with code 0', async () => {
    const nodes = await Promise.all(cluster.nodes.map(({ process }) => process.stop()));
    const end = await signer.process.stop();

    expect([...nodes, end].map(({ exitCode }) => exitCode)).to.deep.equal([0, 0, 0, 0, 0]);
  });
});
