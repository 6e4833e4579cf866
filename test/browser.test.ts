/**
 * The vocabulary in a real browser: one bundle of `core`, built without any `node:` module, must
 * pass the shipped vectors and compute the same bytes as Node. Skipped where no Chromium is found.
 */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as core from '@daybook/core';
import { expect } from 'chai';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';

const ROOT = join(import.meta.dirname, '..');
const CHROMIUM_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The same questions to both sides; answers are JSON. */
function answers(lib: typeof core): unknown {
  const seed = new Uint8Array(32).fill(7);
  const message = lib.encodeCanonical({ b: [1, 2n ** 63n, 'é政'], a: new Uint8Array(70) });
  const signature = lib.sign(seed, message);
  const publicKey = lib.publicKeyOf(seed);
  return {
    selfTest: lib.runSelfTest().ok,
    message: lib.toHex(message),
    hash: lib.toHex(lib.sha256(message)),
    signature: lib.toHex(signature),
    isValid: lib.verifyStrict(publicKey, message, signature),
    isForged: lib.verifyStrict(publicKey, message.subarray(1), signature),
    treeKey: lib.toHex(lib.treeKeyOf({ set: 65_537, key: message })),
  };
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export * from '@daybook/core';`,
      resolveDir: ROOT,
    },
    bundle: true,
    format: 'iife',
    globalName: 'core',
    platform: 'browser',
    conditions: ['source'],
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

describe('core in a browser', () => {
  let browser: Browser | undefined;

  after(() => browser?.close());

  it('given the bundle in Chromium, then it passes the vectors and agrees with Node (spec D-13)', async function () {
    const executablePath = CHROMIUM_PATHS.find((path) => existsSync(path));
    if (executablePath === undefined) this.skip();
    const script = await bundle();
    const server = createServer((_request, response) => response.end('<!doctype html>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);

    await page.addScriptTag({ content: script });
    const found = await page.evaluate(`(${answers.toString()})(core)`);
    server.close();

    const expected = answers(core);
    expect(found).to.deep.equal(expected);
    expect(expected).to.include({ selfTest: true, isValid: true, isForged: false });
  });
});
