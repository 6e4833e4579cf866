/** A torn end of the block log whose bytes others have chosen: what clients hand in is in it. */
import { asHash, concatBytes } from '@daybook/core';
import { expect } from 'chai';
import { encodeCandidate, MARK_BYTES, markRecord } from '../../src/blocks/block-record.ts';
import { markOf, SEGMENT_HEAD } from '../../src/blocks/segment-scan.ts';
import type { MemoryDisk } from '../../src/disk/memory-disk.ts';
import { createMemoryDisk } from '../../src/disk/memory-disk.ts';
import { appendOne, blockAt, codeOf, DIRECTORY, files, hashOf, open } from './sample-log.ts';

const SEGMENT_BYTES = 64 * 1024 * 1024;

function newestPath(disk: MemoryDisk): string {
  return `${DIRECTORY}/${files(disk, '.log').at(-1) ?? ''}`;
}

/** A log of one block and of a body whose write lost its last bytes when power failed. */
async function tornIn(bodyOf: (mark: Uint8Array) => Uint8Array): Promise<MemoryDisk> {
  const disk = createMemoryDisk();
  const log = await open(disk, SEGMENT_BYTES);
  await appendOne(log, blockAt(0));
  const path = newestPath(disk);
  const bytes = bodyOf(markOf(disk.content(path)));
  await log.appendCandidate({ height: 1, blockHash: asHash(hashOf('torn')), bytes });
  await log.close();
  disk.replace(path, disk.content(path).slice(0, -100));
  return disk;
}

/** What a client can put into a transaction: a whole record, but for the mark. */
function bodyWith(mark: Uint8Array): Uint8Array {
  const record = encodeCandidate({ ...blockAt(2), blockHash: asHash(hashOf('within')) });
  markRecord(record, mark);
  return concatBytes(new Uint8Array(200).fill(9), record, new Uint8Array(600).fill(8));
}

describe('state: a torn end of the block log, chosen by others', () => {
  it('given a body that holds a whole record under another mark, when it is torn, then the tail is cut off', async () => {
    const disk = await tornIn(() => bodyWith(new Uint8Array(MARK_BYTES)));

    const log = await open(disk, SEGMENT_BYTES);

    expect(log.head()?.height).to.equal(0);
    expect(log.candidates()).to.deep.equal([]);
  });

  it('given a whole record of this segment behind one that is not whole, then it is damage', async () => {
    const disk = await tornIn(bodyWith);

    expect(await codeOf(open(disk, SEGMENT_BYTES))).to.equal('STATE_BLOCK_DAMAGED');
  });

  it('given a torn body full of beginnings of records, when opened, then that takes no longer than its bytes do', async () => {
    const pattern = [0, 3, 0, 1, 2];
    const body = Uint8Array.from({ length: 2 * 1024 * 1024 }, (_, at) => pattern[at % 5] ?? 0);
    const disk = await tornIn(() => body);
    const before = process.cpuUsage();

    const log = await open(disk, SEGMENT_BYTES);

    const { user, system } = process.cpuUsage(before);
    expect(log.head()?.height).to.equal(0);
    // Looked at record by record it was 16 s for a quarter of these bytes.
    expect((user + system) / 1000, 'ms of processor time').to.be.below(1000);
  });

  for (const size of [0, 7, SEGMENT_HEAD - 1, SEGMENT_HEAD]) {
    it(`given a new segment of which the disk has ${size} bytes and no content, when opened, then it is empty`, async () => {
      const disk = createMemoryDisk();
      const log = await open(disk);
      for (let height = 0; height < 30; height++) await appendOne(log, blockAt(height));
      await log.close();
      const file = disk.createFile(`${DIRECTORY}/blocks-000000000030.log`);
      file.write(0, new Uint8Array(size));
      await file.sync();
      file.close();
      await disk.syncDirectory(DIRECTORY);

      const again = await open(disk);
      await appendOne(again, blockAt(30));
      await again.close();

      expect((await open(disk)).head()?.height).to.equal(30);
    });
  }

  it('given zeros in the place of a segment that held blocks, then it is damage', async () => {
    const disk = createMemoryDisk();
    const log = await open(disk, SEGMENT_BYTES);
    await appendOne(log, blockAt(0));
    await log.close();
    disk.content(newestPath(disk)).fill(0);

    expect(await codeOf(open(disk, SEGMENT_BYTES))).to.equal('STATE_BLOCK_DAMAGED');
  });
});
