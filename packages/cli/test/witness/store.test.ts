/** The folder of who follows a chain: what it remembers, and that only one process has it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  asHash,
  checkpointOriginOf,
  createSigner,
  encodeNote,
  encodeTreeHead,
  encodeUtf8,
  signNote,
} from '@daybook/core';
import { expect } from 'chai';
import { CliError } from '../../src/errors.ts';
import type { HistoryState } from '../../src/witness/store.ts';
import { createMemoryStore, openHistoryStore } from '../../src/witness/store.ts';

const origin = checkpointOriginOf(asHash(new Uint8Array(32).fill(7)));
const head = { origin, size: 9, root: asHash(new Uint8Array(32).fill(5)) };
const text = encodeTreeHead(head);
const signer = createSigner(new Uint8Array(32).fill(1));
const note = encodeUtf8(encodeNote({ text, signatures: [signNote(text, origin, signer)] }));
const state: HistoryState = {
  head,
  note,
  source: 'http://one',
  shown: { 'http://one': { size: 9, note } },
};

async function codeOf(task: Promise<unknown>): Promise<string> {
  try {
    await task;
    return 'none';
  } catch (error) {
    return error instanceof CliError ? error.code : String(error);
  }
}

describe('cli: folder of who follows a chain', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-follow-'));
  });
  afterEach(async () => await rm(folder, { recursive: true }));

  it('given what was seen, when opened again, then it is remembered', async () => {
    const store = await openHistoryStore(folder);
    expect(await store.read()).to.equal(undefined);
    await store.write(state);
    const kept = await store.keep('checkpoint-fork.bin', note);
    await store.close();

    const again = await openHistoryStore(folder);

    expect(await again.read()).to.deep.equal(state);
    expect(await again.kept('checkpoint-fork.bin')).to.equal(kept);
    expect(await again.kept('other.bin')).to.equal(undefined);
    await again.close();
  });

  it('given a folder that is open, when opened a second time, then it is refused until the first ends', async () => {
    const store = await openHistoryStore(folder);

    expect(await codeOf(openHistoryStore(folder))).to.equal('CLI_FOLDER_LOCKED');
    await store.close();
    const next = await openHistoryStore(folder);
    await next.close();
  });

  it('given a damaged file, then it is named and not begun anew', async () => {
    const store = await openHistoryStore(folder);
    await writeFile(path.join(folder, 'witness.json'), '{}');

    expect(await codeOf(store.read())).to.equal('CLI_FILE_MALFORMED');
    await store.close();
  });

  it('given no folder, then nothing is remembered and evidence is kept all the same', async () => {
    const store = createMemoryStore(folder);
    await store.write(state);

    expect(await store.read()).to.equal(undefined);
    expect(await store.keep('checkpoint-fork.bin', note)).to.equal(
      path.join(folder, 'checkpoint-fork.bin'),
    );
  });
});
