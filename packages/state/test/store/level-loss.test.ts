/**
 * Entries that LevelDB itself loses without a word, in its files and not in a double of it: what the
 * database forgets of removed records is named.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { ClassicLevel } from 'classic-level';
import type { StateStore } from '../../src/index.ts';
import { createNodeDisk, openLevel, openStateStore } from '../../src/index.ts';
import { removalsKey } from '../../src/store/key-space.ts';
import { keyOf, write } from './model.ts';
import { commitAll } from './world.ts';

/** Removals of so many records fill several blocks of a table; the first one begins with them. */
const RECORDS = 600;
/** What LevelDB adds to each key. */
const TRAILER_BYTES = 8;

function openStore(directory: string): Promise<StateStore> {
  return openStateStore({ directory }, { disk: createNodeDisk(), openKeyValue: openLevel });
}

/** A store whose removals stand in one table that shows its entries. @returns file of that table */
async function fill(directory: string, index: string): Promise<string> {
  const store = await openStore(directory);
  const ids = Array.from({ length: RECORDS }, (_, id) => id);
  await commitAll(store, [ids.map((id) => write(id, 'a')), ids.map((id) => write(id, undefined))]);
  await store.close();
  const level = new ClassicLevel<Uint8Array, Uint8Array>(index, { keyEncoding: 'view' });
  await level.open({ compression: false });
  await level.compactRange(new Uint8Array(), Uint8Array.of(0xff), { keyEncoding: 'view' });
  await level.close();
  const [table = ''] = fs.readdirSync(index).filter((name) => name.endsWith('.ldb'));
  return path.join(index, table);
}

interface EntryPlace {
  /** Of the length of its value. */
  readonly lengthAt: number;
  /** Of the last byte of its key. */
  readonly keyEnd: number;
}

/** Walks over the first block of a table, whose lengths all take one byte there. */
function placeOf(table: Uint8Array, wanted: Uint8Array): EntryPlace {
  let key = Buffer.alloc(0);
  for (let at = 0; ; ) {
    const [shared = 0, unshared = 0, length = 0] = table.subarray(at);
    expect(unshared, 'an entry of the first block').to.be.above(0);
    const end = at + 3 + unshared;
    key = Buffer.concat([key.subarray(0, shared), table.subarray(at + 3, end)]);
    if (key.subarray(0, -TRAILER_BYTES).equals(wanted)) {
      return { lengthAt: at + 2, keyEnd: end - TRAILER_BYTES - 1 };
    }
    at = end + length;
  }
}

describe('state: what LevelDB loses', () => {
  let directory: string;
  let index: string;
  let table: string;

  beforeEach(async () => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'daybook-loss-'));
    index = path.join(directory, 'index');
    table = await fill(directory, index);
  });

  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  function change(id: number, edit: (bytes: Uint8Array, place: EntryPlace) => void): void {
    const bytes = fs.readFileSync(table);
    edit(bytes, placeOf(bytes, removalsKey(keyOf(id))));
    fs.writeFileSync(table, bytes);
  }

  async function check(): Promise<unknown> {
    const store = await openStore(directory);
    expect(store.appliedHeight()).to.equal(1);
    const failure = await store.checkRemovals().catch((error: unknown) => error);
    await store.close();
    return failure;
  }

  it('given a table as it was written, then nothing is missed', async () => {
    expect(await check()).to.equal(undefined);
  });

  it('spec S-7: given a flipped bit in the key of a removal, then the record that lost it is named (F7, I22)', async () => {
    change(3, (bytes, { keyEnd }) => {
      bytes[keyEnd] = (bytes[keyEnd] ?? 0) ^ 1;
    });

    const failure = await check();

    expect(failure).to.have.property('code', 'STATE_DAMAGED');
    expect(String(failure)).to.contain('lost its removal at height 1');
  });

  it('spec S-7: given a database that LevelDB repaired by leaving out what it could not read, then what is gone is named', async () => {
    change(9, (bytes, { lengthAt }) => {
      // Varint of a length that goes beyond the block.
      bytes.fill(0xff, lengthAt, lengthAt + 4);
    });
    const before = await check();
    await ClassicLevel.repair(index);

    const failure = await check();

    expect(before).to.have.property('code', 'STATE_DATABASE_FAILED');
    expect(failure).to.have.property('code', 'STATE_DAMAGED');
    expect(String(failure)).to.contain('lost its removal at height 1');
  });
});
