/**
 * Verification in a real browser: one bundle of the client, built without any `node:` module, must
 * accept a good proof file and refuse a bent one. Skipped where no Chromium is found.
 */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { manifestRecordKey } from '@daybook/contracts';
import {
  assert,
  blockHash,
  decodeProofBundle,
  encodeHeader,
  encodeVersionBundle,
  inclusionProof,
  leafHash,
  toHex,
} from '@daybook/core';
import { expect } from 'chai';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';
import { createTestChain, START_MS } from './fixtures/chain.ts';
import { headOf, lastOf, noteOf, WITNESSES, witnessKeys } from './fixtures/histories.ts';

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

/** Trust that starts at witnesses, then a checkpoint of other validators, whole and bent. */
const CHECKPOINT_QUESTION = `({ chain, keys, start, note, newest, changes, nowMs, step }) => {
  const bytesOf = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
  const policy = daybook.readWitnessPolicy(keys, 2);
  const id = daybook.readTrustedChain(chain);
  const served = {
    header: bytesOf(start.header),
    next: start.next.map((member) => member.map(bytesOf)),
    path: start.path.map(bytesOf),
  };
  const trust = { chain: id, policy: policy.value, nowMs };
  const begun = daybook.startAtWitnesses(bytesOf(note), trust, served);
  const ground = {
    start: begun.value,
    nowMs,
    changes: changes.map(({ header, certificate, validators }) => ({
      header: bytesOf(header),
      certificate: bytesOf(certificate),
      validators: validators.map((member) => member.map(bytesOf)),
    })),
  };
  const bytes = bytesOf(newest);
  const outcomes = new Set();
  for (let index = 0; index < bytes.length; index += step) {
    const bent = Uint8Array.from(bytes);
    bent[index] ^= 1;
    outcomes.add(daybook.judgeCheckpoint(bent, ground).outcome);
  }
  const late = daybook.startAtWitnesses(bytesOf(note), { ...trust, nowMs: nowMs * 2 }, served);
  return {
    begun: begun.ok,
    late: late.reason.code,
    good: daybook.judgeCheckpoint(bytes, ground).outcome,
    old: daybook.judgeCheckpoint(bytes, { ...ground, nowMs: nowMs * 2 }).outcome,
    bent: [...outcomes],
  };
}`;

const CLIENT = `${import.meta.dirname}/../src/index.ts`;

/** @param extra  further exports, as source */
async function bundle(extra = ''): Promise<{ readonly code: string; readonly bytes: number }> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export * from ${JSON.stringify(CLIENT)};${extra}`,
      resolveDir: import.meta.dirname,
    },
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
  let ask: ((question: string, about: unknown) => Promise<unknown>) | undefined;
  let stop: (() => void) | undefined;

  before(async () => {
    const executablePath = CHROMIUM_PATHS.find((path) => existsSync(path));
    if (executablePath === undefined) return;
    const { code } = await bundle(`export { readWitnessPolicy } from '@daybook/core';`);
    const server = createServer((_request, response) => response.end('<!doctype html>'));
    stop = () => server.close();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.addScriptTag({ content: code });
    ask = (question, about) => page.evaluate(`(${question})(${JSON.stringify(plainOf(about))})`);
  });
  after(async () => {
    await browser?.close();
    stop?.();
  });

  it('given the bundle for browsers, then it is small and asks for no node: module', async () => {
    const { code, bytes } = await bundle();

    expect(code).to.not.match(/["']node:/);
    expect(bytes).to.be.lessThan(400_000);
  });

  it('given a proof file in Chromium, then it is verified there as here (spec L-1)', async function () {
    if (ask === undefined) this.skip();
    const chain = createTestChain();
    chain.append([]);
    const file = chain.bundle(manifestRecordKey(), 1);
    const about = { bundle: file, chain: chain.genesis.chain, nowMs: START_MS + 60_000, step: 37 };

    const found = await ask(QUESTION, about);

    expect(found).to.deep.equal({ good: 'valid', untrusted: 'unknown', bent: ['invalid'] });
  });

  it('spec S-12: given the proof of an older version in Chromium, then it is verified there as here', async function () {
    if (ask === undefined) this.skip();
    const chain = createTestChain();
    for (let height = 1; height <= 3; height++) chain.append([]);
    const recordKey = manifestRecordKey();
    const recent = decodeProofBundle(chain.bundle(recordKey, 3));
    assert(recent.ok, 'the bundle of the fixture decodes');
    const hashes = [0, 1, 2].map((height) => leafHash(blockHash(chain.block(height).header)));
    const version = {
      ...chain.claim(recordKey, 0),
      header: encodeHeader(chain.block(0).header),
      history: inclusionProof(hashes, 0),
    };
    const file = encodeVersionBundle({ ...recent.value, version });
    const about = { bundle: file, chain: chain.genesis.chain, nowMs: START_MS + 60_000, step: 37 };

    const found = await ask(QUESTION, about);

    expect(found).to.deep.equal({ good: 'valid', untrusted: 'unknown', bent: ['invalid'] });
  });

  it('spec L-16: given a cosigned checkpoint in Chromium, then trust starts there, and a later one is judged as here', async function () {
    if (ask === undefined) this.skip();
    const nowMs = START_MS + 60_000;
    const later = ['cc', 'dd', 'ee', 'ff'];
    const chain = createTestChain();
    for (let height = 1; height <= 8; height++) chain.append([], height === 5 ? later : undefined);
    const [one, two] = WITNESSES;
    const cosigned = { [one]: nowMs / 1000, [two]: nowMs / 1000 };

    const found = await ask(CHECKPOINT_QUESTION, {
      chain: chain.genesis.chain,
      keys: witnessKeys,
      start: lastOf(chain, 4),
      note: noteOf(headOf(chain, 4), { cosigned }),
      // Just a quorum: a fourth line could be bent without harm.
      newest: noteOf(headOf(chain, 9), { signers: later.slice(1) }),
      changes: chain.changes,
      nowMs,
      step: 11,
    });

    expect(found).to.deep.equal({
      begun: true,
      late: 'CLIENT_WITNESSES_MISSING',
      good: 'valid',
      old: 'unknown',
      bent: ['invalid'],
    });
  });
});

/** Bytes as hex, for a page that takes JSON. */
function plainOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(plainOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plainOf(member)]));
}
