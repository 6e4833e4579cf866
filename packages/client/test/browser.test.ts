/**
 * Verification in a real browser: one bundle of the client, built without any `node:` module, must
 * accept a good proof file and refuse a bent one. Skipped where no Chromium is found.
 */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { manifestRecordKey } from '@daybook/contracts';
import { toHex } from '@daybook/core';
import { expect } from 'chai';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';
import { createTestChain, START_MS } from './fixtures/chain.ts';

const START_MS_MAX = 30_000;
const CHROMIUM_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Runs in the page, where `daybook` is the bundle. Flips a bit in every `step`-th byte. */
const QUESTION = `({ bundle, chain, nowMs, step }) => {
  const bytes = Uint8Array.from(bundle.match(/../g), (pair) => parseInt(pair, 16));
  const trust = { chain: daybook.readTrustedChain(chain), nowMs };
  const outcomes = new Set();
  for (let index = 0; index < bytes.length; index += step) {
    const bent = Uint8Array.from(bytes);
    bent[index] ^= 1;
    outcomes.add(daybook.verifyProofBundle(bent, trust).outcome);
  }
  return {
    good: daybook.verifyProofBundle(bytes, trust).outcome,
    untrusted: daybook.verifyProofBundle(bytes, { nowMs }).outcome,
    bent: [...outcomes],
  };
}`;

async function bundle(): Promise<{ readonly code: string; readonly bytes: number }> {
  const { outputFiles } = await build({
    entryPoints: [`${import.meta.dirname}/../src/index.ts`],
    bundle: true,
    format: 'iife',
    globalName: 'daybook',
    platform: 'browser',
    conditions: ['source'],
    minify: true,
    write: false,
    logLevel: 'silent',
  });
  const code = outputFiles[0]?.text ?? '';
  return { code, bytes: code.length };
}

describe('client in a browser', () => {
  let browser: Browser | undefined;

  after(() => browser?.close());

  it('given the bundle for browsers, then it is small and asks for no node: module', async () => {
    const { code, bytes } = await bundle();

    expect(code).to.not.match(/["']node:/);
    expect(bytes).to.be.lessThan(400_000);
  });

  it('given a proof file in Chromium, then it is verified there as here (spec L-1)', async function () {
    const executablePath = CHROMIUM_PATHS.find((path) => existsSync(path));
    if (executablePath === undefined) this.skip();
    this.timeout(START_MS_MAX);
    const chain = createTestChain();
    chain.append([]);
    const file = toHex(chain.bundle(manifestRecordKey(), 1));
    const { code } = await bundle();
    const server = createServer((_request, response) => response.end('<!doctype html>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.addScriptTag({ content: code });

    const question = {
      bundle: file,
      chain: toHex(chain.genesis.chain),
      nowMs: START_MS + 60_000,
      step: 37,
    };
    const found = await page.evaluate(`(${QUESTION})(${JSON.stringify(question)})`);
    server.close();

    expect(found).to.deep.equal({ good: 'valid', untrusted: 'unknown', bent: ['invalid'] });
  });
});
