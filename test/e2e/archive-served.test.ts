/**
 * Old blocks behind a web server: the disk of a node shrinks, and it serves to clients and to nodes
 * that join what it no longer has, or says why it cannot.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Cluster, ClusterNode } from '@daybook/testkit';
import { createCluster } from '@daybook/testkit';
import { expect } from 'chai';
import type { Answer } from './support/api.ts';
import { getJson, heightOf } from './support/api.ts';
import { tellFigure } from './support/figures.ts';
import type { FileServer } from './support/file-server.ts';
import { serveFiles } from './support/file-server.ts';
import { growChain } from './support/grown-chain.ts';
import { ALONE, member } from './support/members.ts';
import { runDaemon } from './support/programs.ts';
import { eventually } from './support/waiting.ts';

const BLOCKS = 1250;
const KEPT = 1000;
const HOUR_MS = 3_600_000;
const WITHIN_MS = 120_000;

describe('a node whose old blocks lie in an archive', function () {
  this.timeout(240_000);
  let cluster: Cluster;
  let node: ClusterNode;
  let archive: string;
  let server: FileServer;

  before(async () => {
    cluster = await createCluster({
      members: [...ALONE, member('newspaper', 'observer')],
      timeMs: Date.now() - 24 * HOUR_MS,
      parameters: { emptyIntervalMs: HOUR_MS },
      settings: { archive: { segmentBytesMax: 65_536 } },
    });
    node = cluster.node('finance');
    archive = path.join(cluster.directory, 'archive');
    await growChain(cluster, node, BLOCKS);
    const written = await runDaemon('archive', 'write', archive, '--config', node.configFile);
    expect(written.exitCode, written.output).to.equal(0);
    server = await serveFiles(archive);
    const config = await readFile(node.configFile, 'utf8');
    const more = `archive:\n  source: ${server.url}\n  keepBlocks: ${KEPT}\n`;
    await writeFile(node.configFile, config.replace('archive:\n', more));
  });
  after(async () => {
    await cluster?.remove();
    await server?.stop();
  });

  async function segments(): Promise<readonly string[]> {
    const names = await readdir(path.join(node.dataDirectory, 'blocks'));
    return names.filter((name) => name.endsWith('.log'));
  }

  async function archiveFinding() {
    const { output } = await runDaemon('doctor', '--json', '--config', node.configFile);
    const { findings } = JSON.parse(output) as {
      readonly findings: readonly Readonly<Record<'check' | 'verdict' | 'words', string>>[];
    };
    return findings.find(({ check }) => check === 'archive') ?? expect.fail(output);
  }

  it('given archived segments, when the node starts, then those beyond what it keeps leave its disk', async () => {
    const before = (await segments()).length;
    await node.process.start();

    const after = await eventually(
      async () => {
        const { body } = await getJson(node.apiUrl, '/v1/status');
        const oldest = Number(body.oldestBlockHeight);
        const count = (await segments()).length;
        // A segment is no longer read from shortly before its file is gone.
        return oldest > BLOCKS - KEPT - 150 && count < before && { oldest, count };
      },
      { what: 'fewer segments', withinMs: WITHIN_MS },
    );

    tellFigure(
      `${before} segments of 64 KiB became ${after.count}, from height ${after.oldest} on`,
    );
    expect(after.oldest).to.be.at.most(BLOCKS - KEPT + 1);
  });

  it('given heights that left, when asked for, then each block is served and names the one before', async () => {
    const heights = [0, 1, 100, 101];
    const answers = await Promise.all(
      heights.map(async (height) => await getJson(node.apiUrl, `/v1/blocks/${height}`)),
    );

    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
    const [zero, one, early, late] = answers.map(({ body }) => body);
    expect(one?.parentHash).to.equal(zero?.blockHash);
    expect(late?.parentHash).to.equal(early?.blockHash);
    const byHash = await getJson(node.apiUrl, `/v1/blocks/${String(early?.blockHash)}`);
    expect(byHash.body).to.deep.equal(early);
    expect(server.asked.length, 'neighbours share a request').to.be.below(8);
  });

  it('F17: given a node that joins from genesis, then it gets every block from the one that trimmed', async () => {
    const observer = cluster.node('newspaper');
    await observer.process.start();

    await eventually(async () => (await heightOf(observer.apiUrl)) >= BLOCKS, {
      what: `height ${BLOCKS} on the observer`,
      withinMs: WITHIN_MS,
    });

    const [own, other] = await Promise.all(
      [node, observer].map(async ({ apiUrl }) => await getJson(apiUrl, '/v1/blocks/100')),
    );
    expect(other?.body.blockHash).to.equal(own?.body.blockHash);
  });

  it('given a damaged segment in the archive, then its block is refused by file, height and byte until it is replaced', async () => {
    const name = 'blocks-000000000000.log';
    const clean = await readFile(path.join(archive, name));
    const bent = Buffer.from(clean);
    bent[2000] = (bent[2000] ?? 0) ^ 1;
    await writeFile(path.join(archive, name), bent);
    // What was read before is still in memory.
    await node.process.stop();
    await node.process.start();

    const answers: Answer[] = [];
    for (let height = 0; height < 6; height++) {
      answers.push(await getJson(node.apiUrl, `/v1/blocks/${height}`));
    }
    await writeFile(path.join(archive, name), clean);

    const refused = answers.filter(({ status }) => status === 503);
    expect(refused).to.have.length(1);
    expect(refused[0]?.body).to.include({ code: 'NODE_ARCHIVE_DAMAGED' });
    expect(refused[0]?.body.detail).to.match(/blocks-0{12}\.log, height \d, byte \d+: /);
    const height = answers.findIndex(({ status }) => status === 503);
    expect((await getJson(node.apiUrl, `/v1/blocks/${height}`)).status).to.equal(200);
  });

  it('given the trimmed node, when it is archived into the same folder, then the whole verifies', async () => {
    const written = await runDaemon('archive', 'write', archive, '--config', node.configFile);
    const verified = await runDaemon('archive', 'verify', archive);

    expect(written.exitCode, written.output).to.equal(0);
    expect(verified.exitCode, verified.output).to.equal(0);
    expect(verified.output).to.match(new RegExp(`blocks 0 to ${BLOCKS}`));
  });

  it('given a web server that is gone, then old blocks are refused so, and newer ones are served', async () => {
    const before = await archiveFinding();
    await node.process.stop();
    await server.stop();
    await node.process.start();

    const old = await getJson(node.apiUrl, '/v1/blocks/1');
    const recent = await getJson(node.apiUrl, `/v1/blocks/${BLOCKS}`);

    expect([old.status, old.body.code]).to.deep.equal([503, 'NODE_ARCHIVE_AWAY']);
    expect(recent.status).to.equal(200);
    const after = await archiveFinding();
    expect([before.verdict, after.verdict]).to.deep.equal(['ok', 'warn']);
    expect(after.words).to.contain(server.url);
  });
});
