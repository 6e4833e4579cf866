/** The hashes of blocks before a log: writing them in several lives of a process. */
import { sha256 } from '@daybook/core';
import { expect } from 'chai';
import { continueEarlierHashes } from '../../src/blocks/earlier-hashes.ts';
import { createEarlierHashes, createMemoryDisk, openEarlierHashes } from '../../src/index.ts';

const DIRECTORY = 'blocks';
const FILE = `${DIRECTORY}/earlier-hashes.bin`;
const ENTRY_SIZE = 36;
const hashes = Array.from({ length: 10 }, (_, height) => sha256(Uint8Array.of(height)));

describe('state: hashes of earlier blocks', () => {
  async function written(count: number) {
    const disk = createMemoryDisk();
    disk.makeDirectory(DIRECTORY);
    const writer = createEarlierHashes(DIRECTORY, disk);
    writer.append(hashes.slice(0, count));
    await writer.finish();
    return disk;
  }

  it('given a writer that goes on, then what followed is cut and the rest stands behind', async () => {
    const disk = await written(6);
    const writer = continueEarlierHashes(DIRECTORY, disk, 4);

    writer.append(hashes.slice(4, 5));
    await writer.finish();

    const earlier = openEarlierHashes(DIRECTORY, disk);
    expect([...(earlier?.sound() ?? [])]).to.deep.equal(hashes.slice(0, 5));
    expect(earlier?.count).to.equal(5);
    expect(earlier?.at(4)).to.deep.equal(hashes[4]);
  });

  it('given more to go on behind than there is, then it is a defect', async () => {
    const disk = await written(3);

    expect(() => continueEarlierHashes(DIRECTORY, disk, 4)).to.throw('are there');
  });

  it('given what was synced, when the power is cut, then it is there', async () => {
    const disk = await written(2);
    const writer = continueEarlierHashes(DIRECTORY, disk, 2);
    writer.append(hashes.slice(2, 5));
    await writer.sync();
    writer.append(hashes.slice(5));

    disk.crash();

    expect(openEarlierHashes(DIRECTORY, disk)?.count).to.equal(5);
  });

  it('given damage in the middle, then the sound ones end there, and a read of it is refused by name', async () => {
    const disk = await written(10);
    disk.content(FILE)[4 * ENTRY_SIZE] = 0;

    const earlier = openEarlierHashes(DIRECTORY, disk);

    expect([...(earlier?.sound() ?? [])]).to.deep.equal(hashes.slice(0, 4));
    expect(() => earlier?.at(4)).to.throw('checksum');
    expect(earlier?.at(5)).to.deep.equal(hashes[5]);
  });
});
