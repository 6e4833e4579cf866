/** What the settings name beside genesis, as the chain of the node is compared with it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { PublicKey } from '@daybook/core';
import {
  asHash,
  checkpointOriginOf,
  cosignNote,
  createSigner,
  encodeNote,
  encodeNoteKey,
  encodeTreeHead,
  toHex,
} from '@daybook/core';
import { expect } from 'chai';
import { parseSettings } from '../../src/config.ts';
import { readAnchored } from '../../src/snapshot/wiring.ts';
import { GENESIS_MS, makeGenesis } from '../support/chain.ts';

const genesis = makeGenesis();
const ROOT = asHash(new Uint8Array(32).fill(5));
const SIZE = 31;
const DAY_MS = 86_400_000;
const WITNESS = createSigner(new Uint8Array(32).fill(77));
const NAME = 'audit.example/w1';

describe('node: what the settings name beside genesis', () => {
  let directory: string;

  before(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'daybook-anchor-test-'));
    writeNote('note.txt', makeGenesis().chain);
    writeNote('foreign.txt', makeGenesis({ name: 'another' }).chain);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  function writeNote(name: string, chain: typeof genesis.chain): void {
    const text = encodeTreeHead({ origin: checkpointOriginOf(chain), size: SIZE, root: ROOT });
    const line = cosignNote({ text, timeS: GENESIS_MS / 1000 }, NAME, WITNESS);
    writeFileSync(path.join(directory, name), encodeNote({ text, signatures: [line] }));
  }

  function anchored(lines: string, nowMs = GENESIS_MS) {
    const text = `sync:\n${lines}`;
    const file = path.join(directory, 'daybookd.yaml');
    return readAnchored(parseSettings(text, { file, env: {} }), genesis, nowMs);
  }

  const noteBy = (publicKey: PublicKey, file = 'note.txt'): string => {
    const key = encodeNoteKey({ name: NAME, type: 'cosignature', publicKey });
    return `  checkpointFile: ${file}\n  witnesses: ["${key}"]\n`;
  };

  it('given nothing, then nothing is compared; given a block, then that block in either mode', () => {
    const checkpoint = `  checkpoint: "20:${toHex(ROOT)}"\n`;

    expect(anchored('  mode: blocks\n')).to.deep.equal({});
    for (const mode of ['blocks', 'snapshot']) {
      const found = anchored(`  mode: ${mode}\n${checkpoint}`);
      expect(found).to.deep.equal({ block: { height: 20, hash: ROOT } });
    }
  });

  it('given a cosigned tree, then its root is compared, also when it is too old to begin from', () => {
    for (const nowMs of [GENESIS_MS, GENESIS_MS + 31 * DAY_MS]) {
      const { tree } = anchored(noteBy(WITNESS.publicKey), nowMs);
      expect(tree).to.deep.include({ size: SIZE, root: ROOT });
    }
  });

  it('given a note without the line of the witness, of another chain, or none, then it is refused by name', () => {
    const stranger = createSigner(new Uint8Array(32).fill(78)).publicKey;

    for (const lines of [noteBy(stranger), noteBy(WITNESS.publicKey, 'foreign.txt')]) {
      expect(() => anchored(lines))
        .to.throw()
        .with.property('code', 'NODE_CHECKPOINT_CONTRADICTED');
    }
    expect(() => anchored(noteBy(WITNESS.publicKey, 'nowhere.txt')))
      .to.throw()
      .with.property('code', 'NODE_CONFIG_INVALID');
  });
});
