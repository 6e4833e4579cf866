/** Segments that were moved to an archive: what is still known of them, and what a crash leaves. */
import { asTransactionId } from '@daybook/core';
import { expect } from 'chai';
import { StateError } from '../../src/index.ts';
import { blockAt, codeOf, DIRECTORY, files, hashOf, open, written } from './sample-log.ts';

describe('state: segments that were moved', () => {
  it('given the oldest segments released, when read, then places are known, blocks are not, and files are gone', async () => {
    const disk = await written(30);
    const log = await open(disk);
    const [first, second] = log.sealed();
    if (first === undefined || second === undefined) return expect.fail('there are segments');
    const whole = first.size ?? 0;

    expect(await log.release(first.first)).to.equal(true);
    await log.close();
    const again = await open(disk);

    const height = first.last;
    const block = blockAt(height);
    const id = block.transactions[0]?.id ?? expect.fail('a block has a transaction');
    expect(again.firstHeight()).to.equal(second.first);
    expect(again.readBlock(height)).to.equal(undefined);
    expect(again.blockHashAt(height)).to.deep.equal(block.blockHash);
    expect(again.blockTimeAt(height)).to.equal(block.timestampMs);
    expect(again.heightOf(block.blockHash)).to.equal(height);
    expect([again.findTransaction(id), again.findMoved(id)]).to.deep.equal([
      undefined,
      { height, index: 0 },
    ]);
    expect(again.findMoved(asTransactionId(hashOf('no transaction')))).to.equal(undefined);
    expect(again.movedPlace(second.first)).to.equal(undefined);
    expect(again.movedPlace(height))
      .to.include({ height })
      .and.have.property('finalOffset')
      .below(whole);
    expect(again.sealed()[0]).to.deep.equal({ ...first, size: undefined });
    expect(files(disk, '.log')).to.not.include(first.name);
    expect(again.readBlock(second.first)).to.deep.equal(blockAt(second.first));
  });

  it('given a release in which the power is cut, when opened, then the segment is there or was moved', async () => {
    for (const keep of [true, false]) {
      const disk = await written(30);
      const log = await open(disk);
      const [first] = log.sealed();
      if (first === undefined) return expect.fail('there are segments');
      const bytes = disk.openFile(`${DIRECTORY}/${first.name}`);
      const copy = new Uint8Array(bytes.size());
      bytes.read(0, copy);

      await log.release(first.first);
      await log.close();
      if (keep) disk.createFile(`${DIRECTORY}/${first.name}`).write(0, copy);
      const again = await open(disk);

      const expected = keep ? blockAt(0) : undefined;
      expect(again.readBlock(0), `kept ${keep}`).to.deep.equal(expected);
      expect(again.head()?.height).to.equal(29);
    }
  });

  it('given a moved segment, when its index is damaged or its transactions live again, then that is named', async () => {
    const disk = await written(30);
    const log = await open(disk);
    const [first] = log.sealed();
    if (first === undefined) return expect.fail('there are segments');
    await log.release(first.first);

    expect(() => log.recentTransactions(0, 1_000_000)).to.throw(
      StateError,
      /STATE_BLOCK_GAP|heights/,
    );
    await log.close();
    const index = disk.openFile(`${DIRECTORY}/${files(disk, '.moved')[0]}`);
    index.write(30, Uint8Array.of(0xff, 0xff, 0xff));
    expect(await codeOf(open(disk))).to.equal('STATE_BLOCK_DAMAGED');
  });

  it('given a segment with a transaction that still lives, when released, then it stays', async () => {
    const disk = await written(8);
    const log = await open(disk);
    const last = log.sealed().at(-1) ?? expect.fail('there are segments');

    expect(await log.release(last.first)).to.equal(false);
    expect(log.readBlock(last.last)).to.deep.equal(blockAt(last.last));
  });
});
