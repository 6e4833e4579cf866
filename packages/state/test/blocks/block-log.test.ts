import { AssertionError } from '@daybook/core';
import { expect } from 'chai';
import { createMemoryDisk } from '../../src/disk/memory-disk.ts';
import {
  appendOne,
  blockAt,
  codeOf,
  DIRECTORY,
  files,
  hashOf,
  open,
  written,
} from './sample-log.ts';

describe('state: block log', () => {
  it('given finalised blocks over several segments, when opened again, then every block is read back by height, hash and transaction', async () => {
    const disk = await written(30);

    const log = await open(disk);

    expect(files(disk, '.log').length).to.be.greaterThan(3);
    expect(log.head()?.height).to.equal(29);
    for (let height = 0; height < 30; height++) {
      const block = blockAt(height);
      expect(log.readBlock(height), `height ${height}`).to.deep.equal(block);
      expect(log.heightOf(block.blockHash)).to.equal(height);
      const [transaction] = block.transactions;
      if (transaction === undefined) throw new Error('a block has a transaction');
      expect(log.findTransaction(transaction.id)).to.deep.equal({ height, index: 0 });
    }
    expect(log.readBlock(30)).to.equal(undefined);
    expect(log.heightOf(hashOf('nothing'))).to.equal(undefined);
  });

  it('spec S-8: given a range, when appended, then it is there after a loss of everything unsynced', async () => {
    const disk = createMemoryDisk();
    const log = await open(disk);
    await log.appendRange([blockAt(0), blockAt(1), blockAt(2)]);

    disk.crash();
    const again = await open(disk);

    expect(again.head()?.height).to.equal(2);
    expect(again.readBlock(1)).to.deep.equal(blockAt(1));
  });

  it('given a range that does not go on where the log ends, then it is a defect and nothing is written', async () => {
    for (const from of [1, 3]) {
      const disk = await written(2);
      const log = await open(disk);
      const wrong = log.appendRange([blockAt(from), blockAt(from + 1)]);

      const error = await wrong.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );

      expect(error, `from ${from}`).to.be.instanceOf(AssertionError);
      await log.close();
      expect((await open(disk)).head()?.height).to.equal(1);
    }
  });

  it('spec S-8: given a candidate, when its promise resolves, then it is there after a loss of everything unsynced', async () => {
    const disk = await written(2);
    const log = await open(disk);
    await log.appendCandidate(blockAt(2));

    disk.crash();
    const again = await open(disk);

    expect(again.readCandidate(blockAt(2).blockHash)).to.deep.equal(blockAt(2).bytes);
    expect(again.head()?.height).to.equal(1);
  });

  it('spec S-9: given a range that the power cuts off, when any part of it reached the disk, then it is there whole or not at all', async () => {
    const range = [2, 3, 4].map((height) => blockAt(height));
    const full = (await written(2)).openFile(`${DIRECTORY}/blocks-000000000000.log`).size();
    for (const zeroed of [0, 40, 400, 900, 1500]) {
      const disk = await written(2);
      const log = await open(disk, 100_000);
      await log.appendRange(range);
      await log.close();
      // What a file system may leave of an unsynced write: its size, and holes where data was.
      const name = files(disk, '.log').at(-1) ?? '';
      disk.openFile(`${DIRECTORY}/${name}`).write(full + zeroed, new Uint8Array(20));

      const again = await open(disk, 100_000);

      expect(again.head()?.height, `hole at ${zeroed}`).to.equal(1);
      await appendOne(again, blockAt(2));
      expect((await open(disk, 100_000)).head()?.height).to.equal(2);
    }
  });

  it('given a range over several segments, when opened again, then every block is where the index says', async () => {
    const disk = createMemoryDisk();
    const log = await open(disk);
    for (let from = 0; from < 30; from += 3) {
      await log.appendRange([from, from + 1, from + 2].map((height) => blockAt(height)));
    }
    await log.close();

    const again = await open(disk);

    expect(files(disk, '.log').length).to.be.greaterThan(3);
    for (let height = 0; height < 30; height++) {
      expect(again.readBlock(height), `height ${height}`).to.deep.equal(blockAt(height));
    }
  });

  it('given calls that overlap, when all have ended, then the log is as if they had come one by one', async () => {
    const disk = await written(7);
    const log = await open(disk);
    const rival = { ...blockAt(7), blockHash: hashOf('rival') };

    await Promise.all([
      log.appendCandidate(blockAt(7)),
      log.appendCandidate(rival),
      log.appendCandidate(rival),
      log.finalise(blockAt(7)),
      log.appendCandidate(blockAt(8)),
      log.appendRange([blockAt(8), blockAt(9)]),
      log.appendCandidate(blockAt(10)),
    ]);
    const candidates = log.candidates();
    await log.close();
    const again = await open(disk);

    expect(candidates).to.deep.equal([blockAt(10).blockHash]);
    expect(again.candidates()).to.deep.equal(candidates);
    for (let height = 0; height < 10; height++) {
      expect(again.readBlock(height), `height ${height}`).to.deep.equal(blockAt(height));
    }
  });

  it('given two candidates that the power cuts off, when opened, then neither is damage', async () => {
    for (const kept of [0, 100]) {
      const disk = await written(2);
      const log = await open(disk, 100_000);
      const writing = [blockAt(2), { ...blockAt(2), blockHash: hashOf('rival') }].map((one) =>
        log.appendCandidate(one).catch(() => undefined),
      );
      let seen = 0;
      disk.crash(({ size }) => {
        seen += 1;
        return seen === 1 ? kept : size;
      });
      await Promise.all(writing);

      expect((await open(disk, 100_000)).head()?.height).to.equal(1);
    }
  });

  it('given candidates without finality, when opened again, then they are there and no height has moved', async () => {
    const disk = await written(2);
    const log = await open(disk);
    const rival = { ...blockAt(2), blockHash: hashOf('rival') };
    await log.appendCandidate(blockAt(2));
    await log.appendCandidate(rival);
    await log.close();

    const again = await open(disk);

    expect(again.head()?.height).to.equal(1);
    expect(again.candidates()).to.deep.equal([blockAt(2).blockHash, rival.blockHash]);
    expect(again.readCandidate(rival.blockHash)).to.deep.equal(rival.bytes);
    await again.finalise(rival);
    expect(again.readBlock(2)?.blockHash).to.deep.equal(rival.blockHash);
    expect(again.candidates()).to.deep.equal([]);
  });

  it('given a body of a height already decided, when stored, then it is dropped and the log stays readable', async () => {
    const disk = await written(3);
    const log = await open(disk);

    await log.appendCandidate({ ...blockAt(2), blockHash: hashOf('late') });
    await appendOne(log, blockAt(3));
    await log.close();

    expect((await open(disk)).head()?.height).to.equal(3);
  });

  it('given a tail cut at every length, when opened, then whole blocks remain and nothing else is claimed', async () => {
    const name = files(await written(4), '.log').at(-1) ?? '';
    const size = (await written(4)).openFile(`${DIRECTORY}/${name}`).size();
    for (let cut = 0; cut < size; cut += 7) {
      const disk = await written(4);
      disk.openFile(`${DIRECTORY}/${name}`).truncate(cut);

      const log = await open(disk);

      const head = log.head()?.height ?? -1;
      expect(head, `cut at ${cut}`).to.be.lessThan(4);
      for (let height = 0; height <= head; height++) {
        expect(log.readBlock(height), `cut at ${cut}`).to.deep.equal(blockAt(height));
      }
      await appendOne(log, blockAt(head + 1));
      expect((await open(disk)).head()?.height, `cut at ${cut}`).to.equal(head + 1);
    }
  });

  it('spec S-7: given a flipped byte in the middle of a segment, when opened or read, then the damage is named', async () => {
    const disk = await written(4);
    const [first] = files(disk, '.log');
    const path = `${DIRECTORY}/${first}`;
    const size = disk.openFile(path).size();
    for (let at = 16; at < size - 400; at += 13) {
      const damagedDisk = await written(4);
      const file = damagedDisk.openFile(path);
      const byte = new Uint8Array(1);
      file.read(at, byte);
      file.write(at, Uint8Array.of((byte[0] ?? 0) ^ 1));

      const outcome = await codeOf(
        open(damagedDisk).then((log) => {
          for (let height = 0; height < 4; height++) {
            expect(log.readBlock(height)).to.deep.equal(blockAt(height));
          }
        }),
      );

      expect(outcome, `flipped at ${at}`).to.equal('STATE_BLOCK_DAMAGED');
    }
  });

  it('given a lost or damaged index file, when opened, then it is rebuilt from its segment', async () => {
    const disk = await written(30);
    const [first, second] = files(disk, '.idx');
    disk.remove(`${DIRECTORY}/${first}`);
    disk.openFile(`${DIRECTORY}/${second}`).write(20, Uint8Array.of(0xff, 0xff, 0xff));

    const log = await open(disk);

    expect(log.readBlock(0)).to.deep.equal(blockAt(0));
    expect(files(disk, '.idx')).to.include(first);
  });

  it('given an index damaged behind its beginning, when its blocks are read, then the segment tells where they are', async () => {
    const disk = await written(30);
    for (const name of files(disk, '.idx')) {
      const file = disk.openFile(`${DIRECTORY}/${name}`);
      file.write(50, Uint8Array.of(0xff, 0xff, 0xff));
    }

    const log = await open(disk);

    for (let height = 0; height < 30; height++) {
      expect(log.readBlock(height), `height ${height}`).to.deep.equal(blockAt(height));
      expect(log.heightOf(blockAt(height).blockHash)).to.equal(height);
    }
  });

  it('given a missing segment, when opened, then the gap is named', async () => {
    const disk = await written(30);
    disk.remove(`${DIRECTORY}/${files(disk, '.log')[1]}`);

    expect(await codeOf(open(disk))).to.equal('STATE_BLOCK_GAP');
  });

  it('spec S-8: given a process killed before its sync, when the log is opened again, then the head it shows is durable', async () => {
    let isFailing = false;
    const disk = createMemoryDisk({
      fault: (operation) => (isFailing && operation === 'sync' ? 'error' : undefined),
    });
    const log = await open(disk);
    await appendOne(log, blockAt(0));
    await log.appendCandidate(blockAt(1));
    isFailing = true;
    expect(await codeOf(log.finalise(blockAt(1)))).to.equal('STATE_SYNC_FAILED');
    isFailing = false;
    const shown = (await open(disk)).head()?.height;

    disk.crash();

    expect([shown, (await open(disk)).head()?.height]).to.deep.equal([1, 1]);
  });

  it('spec F3: given a sync that fails, when a block is finalised, then it is not final and the log refuses everything after', async () => {
    let isFailing = false;
    const disk = createMemoryDisk({
      fault: (operation) => (isFailing && operation === 'sync' ? 'error' : undefined),
    });
    const log = await open(disk);
    await appendOne(log, blockAt(0));
    await log.appendCandidate(blockAt(1));

    isFailing = true;
    const failed = await codeOf(log.finalise(blockAt(1)));
    isFailing = false;
    const refused = await codeOf(log.appendRange([blockAt(1)]));

    expect(failed).to.equal('STATE_SYNC_FAILED');
    expect(refused).to.equal('STATE_LOG_BROKEN');
    expect(log.head()?.height).to.equal(0);
  });

  it('given a full disk, when a candidate is written, then nothing is lost and the log goes on when there is room', async () => {
    let isFull = false;
    const disk = createMemoryDisk({
      fault: (operation) => (isFull && operation === 'write' ? 'full' : undefined),
    });
    const log = await open(disk);
    await appendOne(log, blockAt(0));

    isFull = true;
    const refused = await codeOf(log.appendCandidate(blockAt(1)));
    isFull = false;
    await appendOne(log, blockAt(1));

    expect(refused).to.equal('STATE_DISK_FULL');
    expect((await open(disk)).readBlock(1)).to.deep.equal(blockAt(1));
  });

  it('given blocks of several times, when the replay set is asked for, then it holds what is still valid', async () => {
    const log = await open(await written(30));

    const recent = log.recentTransactions(29_000, 600_000);

    const expected = [29, 28, 27, 26, 25].map((height) => hashOf(`transaction ${height}`));
    expect(recent.map(({ id }) => id)).to.deep.equal(expected);
    expect(recent.map(({ height }) => height)).to.deep.equal([29, 28, 27, 26, 25]);
  });
});
