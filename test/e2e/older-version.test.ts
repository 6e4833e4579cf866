/**
 * Records as old blocks wrote them, proven by a node that no longer keeps the state of those blocks:
 * by the command line with nothing but the genesis file, and in a browser.
 */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { toHex } from '@daybook/core';
import type { Cluster, ClusterNode } from '@daybook/testkit';
import { createCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { getJson, heightOf } from './support/api.ts';
import { FUND, openFund } from './support/fund.ts';
import { growChain } from './support/grown-chain.ts';
import { ALONE } from './support/members.ts';
import { runDaybook } from './support/programs.ts';
import { eventually } from './support/waiting.ts';

/** More than the heights whose state is kept. */
const MORE_BLOCKS = 1010;
const CHROMIUM_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Runs in the page, where `daybook` is the client: the file, and the file with one bit changed. */
const QUESTION = `({ files, chain, nowMs }) => files.map((hex) => {
  const bytes = Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
  const trust = { chain: daybook.readTrustedChain(chain), nowMs };
  const bent = bytes.slice();
  bent[bytes.length >> 1] ^= 1;
  const verdict = daybook.verifyProofBundle(bytes, trust);
  return [verdict.outcome, verdict.facts?.writtenIn?.height, daybook.verifyProofBundle(bent, trust).outcome];
})`;

describe('proof of an older version', function () {
  this.timeout(240_000);
  let cluster: Cluster;
  let node: ClusterNode;
  let written: number;
  const files: string[] = [];

  before(async () => {
    cluster = await createCluster({ members: ALONE });
    node = cluster.node('finance');
    await node.process.start();
    await openFund(node.apiUrl, cluster);
    written = await heightOf(node.apiUrl);
    await node.process.stop();
    await growChain(cluster, node, written + MORE_BLOCKS);
    await node.process.start();
    // Blocks that were made faster than their times allow end in the future, where nothing is proven.
    const { body } = await getJson(node.apiUrl, `/v1/blocks/${written + MORE_BLOCKS}`);
    const isPast = () => Date.now() > Number(body.timestampMs);
    await eventually(isPast, { what: 'the head in the past', withinMs: 10 * MORE_BLOCKS + 5000 });
  });
  after(async () => {
    await cluster?.remove();
  });

  for (const [what, words, from] of [
    ['a transaction', ['treasury', 'appropriation', FUND], 'transaction'],
    ['genesis', ['directory', 'organisation', 'finance'], 'genesis'],
  ] as const) {
    it(`spec S-12: given what ${what} wrote, when its state is gone, then the proof is fetched, and verified by the genesis file alone`, async () => {
      const file = path.join(cluster.directory, `${words[1]}.proof`);
      const trust = ['--genesis', cluster.genesisFile];
      const height = String(written);
      const place = words.join('/').replace(FUND, encodeURIComponent(FUND));

      const row = await getJson(node.apiUrl, `/v1/contracts/${place}?height=${height}`);
      const asked = ['proof', ...words, '--height', height, '--out', file];
      const fetched = await runDaybook([...asked, '--url', node.apiUrl, ...trust]);
      expect(fetched.exitCode, fetched.stderr + fetched.stdout).to.equal(0);
      const checked = await runDaybook(['verify', file, ...trust, '--json']);
      const bytes = await readFile(file);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      await writeFile(`${file}.bent`, bytes);
      const bent = await runDaybook(['verify', `${file}.bent`, ...trust]);

      expect([row.status, row.body.code]).to.deep.equal([410, 'NODE_STATE_PRUNED']);
      expect(fetched.stdout).to.match(/as block \d+ wrote it/);
      expect(checked.exitCode, checked.stderr + checked.stdout).to.equal(0);
      const verdict = JSON.parse(checked.stdout) as Readonly<Record<string, unknown>>;
      expect(verdict).to.include({ outcome: 'valid', record: words[1], present: true });
      if (from === 'genesis') expect(verdict.writtenIn).to.equal(0);
      else expect(verdict.writtenIn).to.be.within(1, written);
      expect(bent.exitCode).to.not.equal(0);
      files.push(file);
    });
  }

  it('spec S-12: given those files in Chromium, then they are verified there as here', async function () {
    const executablePath = CHROMIUM_PATHS.find((one) => existsSync(one));
    if (executablePath === undefined) this.skip();
    const { outputFiles } = await build({
      stdin: { contents: `export * from '@daybook/client';`, resolveDir: import.meta.dirname },
      bundle: true,
      format: 'iife',
      globalName: 'daybook',
      platform: 'browser',
      conditions: ['source'],
      write: false,
      logLevel: 'silent',
    });
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    try {
      const page = await browser.newPage();
      await page.goto(`${node.apiUrl}/docs`);
      await page.evaluate(outputFiles[0]?.text ?? '');
      const hexes = await Promise.all(files.map(async (file) => toHex(await readFile(file))));
      const about = { files: hexes, chain: toHex(cluster.genesis.chain), nowMs: Date.now() };

      const found = (await page.evaluate(`(${QUESTION})(${JSON.stringify(about)})`)) as unknown[][];

      expect(found.map(([outcome, , bent]) => [outcome, bent])).to.deep.equal([
        ['valid', 'invalid'],
        ['valid', 'invalid'],
      ]);
      expect(found[1]?.[1]).to.equal(0);
    } finally {
      await browser.close();
    }
  });
});
