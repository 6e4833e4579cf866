import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { BuildResult } from 'esbuild';
import { build } from 'esbuild';

const run = promisify(execFile);
const PACKAGE = join(import.meta.dirname, '../..');

/** Runs in the bundle: the self-test, and one answer of each kind to compare with Node's. */
const ENTRY = `
  import {
    decodeCanonical, encodeCanonical, hashTagged, isGoodPublicKey, publicKeyOf, runSelfTest, sign,
    TAGS, toHex, verifyStrict,
  } from '@daybook/core';
  export function answer() {
    const seed = new Uint8Array(32).fill(7);
    const message = encodeCanonical({ b: [1, -1n, 2n ** 63n, 'é政'], a: new Uint8Array(70) });
    const signature = sign(seed, message);
    return {
      selfTest: runSelfTest(),
      isDecoded: decodeCanonical(message, { bytesMax: 200, depthMax: 2 }).ok,
      message: toHex(message),
      hash: toHex(hashTagged(TAGS.TXBODY, message)),
      publicKey: toHex(publicKeyOf(seed)),
      signature: toHex(signature),
      isValid: verifyStrict(publicKeyOf(seed), message, signature),
      isGood: isGoodPublicKey(publicKeyOf(seed)),
    };
  }
`;

function bundle(
  outfile: string,
  platform: 'browser' | 'node',
): Promise<BuildResult<{ metafile: true }>> {
  return build({
    stdin: { contents: `${ENTRY}\nconsole.log(JSON.stringify(answer()));`, resolveDir: PACKAGE },
    outfile,
    platform,
    bundle: true,
    // Native code stays outside of a bundle; a browser's holds everything.
    ...(platform === 'node' && { external: ['sodium-native'] }),
    format: 'esm',
    conditions: ['source'],
    metafile: true,
    logLevel: 'silent',
  });
}

describe('core: in a browser', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'daybook-core-'));
    // The bundle for Node finds its native code as an installed program does.
    await symlink(join(PACKAGE, '../../node_modules'), join(folder, 'node_modules'));
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  it('given a bundle for browsers, when built, then nothing of Node is in it', async () => {
    const { metafile } = await bundle(join(folder, 'browser.mjs'), 'browser');

    const inputs = Object.keys(metafile.inputs);
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
    expect(imports).to.deep.equal([]);
    expect(inputs.filter((path) => /-node\.ts$/.test(path))).to.deep.equal([]);
    expect(inputs.filter((path) => /-portable\.ts$/.test(path))).to.have.length(2);
  });

  it('given the same bundle, when run, then every answer is that of Node (spec D-13)', async () => {
    const files = { browser: join(folder, 'b.mjs'), node: join(folder, 'n.mjs') } as const;
    await Promise.all([bundle(files.browser, 'browser'), bundle(files.node, 'node')]);

    const outputs = await Promise.all(
      [files.browser, files.node].map(async (file) => (await run(process.execPath, [file])).stdout),
    );

    const [inBrowser, inNode] = outputs.map((output) => JSON.parse(output));
    expect(inBrowser).to.deep.equal(inNode);
    expect(inNode.selfTest).to.deep.equal({ ok: true });
    expect([inNode.isDecoded, inNode.isValid, inNode.isGood]).to.deep.equal([true, true, true]);
  });
});
