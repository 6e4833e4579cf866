/**
 * A second certified block of one height, sealed by a quorum of stolen keys and shown to one node over
 * the real network: the node stops with a proof that anybody can check, and stays down.
 * Scenario S34 of docs/reliability.md on real parts.
 */
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { heightOf } from './support/api.ts';
import { openFund } from './support/fund.ts';
import type { Impostor } from './support/impostor.ts';
import { decideElsewhere, startImpostor } from './support/impostor.ts';
import { FOUR } from './support/members.ts';
import { runDaemon, runDaybook } from './support/programs.ts';
import { eventually } from './support/waiting.ts';

const LIAR = 'audit';
const VICTIM = 'finance';
const WITNESS = 'health';
const SAFETY = 10;
const WITHIN_MS = 60_000;

describe('fork shown to a node (spec C-32, validators=4)', () => {
  let cluster: Cluster;
  let impostor: Impostor | undefined;
  let height: number;
  let proof: string;

  before(async () => {
    cluster = await startCluster({ members: FOUR, parameters: { emptyIntervalMs: 60_000 } });
    proof = path.join(cluster.node(VICTIM).dataDirectory, 'fork-proof.bin');
    await openFund(cluster.node(VICTIM).apiUrl, cluster);
    await cluster.node(LIAR).process.kill();
    impostor = await startImpostor(cluster, LIAR, VICTIM);
  });
  after(async () => {
    await impostor?.stop();
    await cluster?.remove();
  });

  it('given another sealed block at its head, when a node sees it, then it writes the proof and ends with code 10', async () => {
    const { process, apiUrl, logFile } = cluster.node(VICTIM);
    height = await heightOf(apiUrl);
    const ended = process.ended();

    impostor?.send(decideElsewhere(cluster, height));
    const { exitCode } = await ended;

    expect(exitCode).to.equal(SAFETY);
    const log = await readFile(logFile, 'utf8');
    expect(log).to.contain('fork proof written');
    expect(log).to.contain(`CONSENSUS_FORK: Height ${height} is decided as`);
    expect(existsSync(proof)).to.equal(true);
  });

  it('given the proof, when anybody checks it with the genesis file, then it names height, blocks and liars', async () => {
    const words = ['verify', proof, '--genesis', cluster.genesisFile];

    const { exitCode, stdout } = await runDaybook([...words, '--json']);

    expect(exitCode).to.equal(0);
    const answer = JSON.parse(stdout);
    expect(answer).to.include({ kind: 'fork', outcome: 'valid' });
    expect(answer.facts).to.include({ height });
    expect(answer.facts.blocks).to.have.length(2);
    expect(answer.facts.sealedBoth).to.have.length.at.least(2);
    const { stdout: sentence } = await runDaybook(words);
    expect(sentence).to.contain(`Height ${height} was decided twice.`);
  });

  it('given the proof in the data directory, when the node is started again, then it stays down and says why', async () => {
    const { configFile } = cluster.node(VICTIM);

    const { exitCode, output } = await runDaemon('--config', configFile);

    expect(exitCode).to.equal(SAFETY);
    expect(output).to.contain('NODE_FORK_PROOF_PRESENT');
  });

  it('given nodes that have not seen it, then they are up, and the victim follows them when an operator moves the proof away', async () => {
    const { apiUrl } = cluster.node(WITNESS);
    await eventually(async () => (await heightOf(apiUrl)) >= height, {
      what: `${WITNESS} at ${height}`,
      withinMs: WITHIN_MS,
    });
    await impostor?.stop();
    impostor = undefined;
    await rm(proof);

    await cluster.node(VICTIM).process.start();

    expect(await heightOf(cluster.node(VICTIM).apiUrl)).to.be.at.least(height);
  });
});
