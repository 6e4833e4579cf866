/** The vote log and its two mirrors (protocol §12). */
import { signBytes } from '@daybook/core';
import { expect } from 'chai';
import type { Disk } from '../../src/disk/disk.ts';
import type { MemoryDisk } from '../../src/disk/memory-disk.ts';
import { createMemoryDisk } from '../../src/disk/memory-disk.ts';
import { createWrappedDisk } from '../../src/disk/wrapped-disk.ts';
import { createVoteLog, openVoteLog } from '../../src/index.ts';
import type { VoteLog, VoteLogOpening } from '../../src/votes/vote-log.ts';
import { encodeVoteRecords, readVoteFile, SPARE_BYTES } from '../../src/votes/vote-record.ts';
import {
  blockA,
  blockB,
  chain,
  freshDisk,
  lockOf,
  MIRRORS,
  openSigner,
  options,
  prepare,
  request,
  voteAt,
  writtenDisk,
} from './support/votes.ts';

function readFile(disk: MemoryDisk, path: string): Uint8Array {
  const file = disk.openFile(path);
  const bytes = new Uint8Array(file.size());
  file.read(0, bytes);
  return bytes;
}

/** Where the written part of a mirror ends: behind its last byte that is not zero. */
function endOf(disk: MemoryDisk, path: string): number {
  return readFile(disk, path).findLastIndex((byte) => byte !== 0) + 1;
}

function headSizeOf(disk: MemoryDisk, path: string): number {
  return readVoteFile(readFile(disk, path))?.headSize ?? 0;
}

function flip(disk: MemoryDisk, path: string, at: number): void {
  const bytes = readFile(disk, path);
  disk.openFile(path).write(at, Uint8Array.of((bytes[at] ?? 0) ^ 0xff));
}

/** The end of the last write never reached the disk: what was allocated is still there. */
function tear(disk: MemoryDisk, path: string): void {
  disk.openFile(path).write(endOf(disk, path) - 4, new Uint8Array(4));
}

function codeOf(opening: VoteLogOpening): string {
  return opening.kind === 'open' ? 'open' : opening.reason.code;
}

async function reopen(disk: MemoryDisk, more: object = {}): Promise<VoteLog> {
  const opening = await openVoteLog({ ...options, ...more }, { disk });
  if (opening.kind !== 'open') throw new Error(opening.reason.code);
  return opening.log;
}

describe('state: vote log', () => {
  it('spec C-25: given votes and a lock, when the log is opened again, then guard, lock and own votes are back', async () => {
    const { signer, repairs } = await openSigner(await writtenDisk());

    const { guard, lock, own } = signer.state();

    expect(repairs).to.deep.equal([]);
    expect(guard).to.deep.equal({ height: 5, round: 0, step: 'commit' });
    expect(lock).to.deep.equal(lockOf(5, 0, blockA));
    expect(own.map(({ step }) => step)).to.deep.equal(['prepare', 'commit']);
    expect(own[0]?.attachment).to.deep.equal(new Uint8Array([1, 2, 3]));
  });

  it('spec C-21: given votes, then both mirrors hold the same records behind their headers', async () => {
    const disk = await writtenDisk();

    const [a, b] = MIRRORS.map((path) =>
      readFile(disk, path).slice(headSizeOf(disk, path), endOf(disk, path)),
    );

    expect(a).to.deep.equal(b);
    expect(a).to.have.length.above(300);
  });

  it('spec C-23: given no log, when opened, then the validator is quarantined', async () => {
    const opening = await openVoteLog(options, { disk: createMemoryDisk() });

    expect(codeOf(opening)).to.equal('STATE_VOTES_MISSING');
  });

  it('spec C-22: given one mirror cut at any length, when opened, then the other one mends it', async () => {
    const whole = endOf(await writtenDisk(), MIRRORS[0]);
    for (let size = 0; size < whole; size += 1) {
      const disk = await writtenDisk();
      disk.openFile(MIRRORS[0]).truncate(size);

      const { signer, repairs } = await openSigner(disk);

      expect(signer.state().own, `cut at ${size}`).to.have.length(2);
      expect(repairs, `cut at ${size}`).to.have.length(1);
      expect(repairs[0], `cut at ${size}`).to.include({ path: MIRRORS[0], kind: 'mirror' });
      await signer.close();
    }
  });

  it('spec C-22: given both mirrors torn inside the last write, when opened, then only that write is dropped', async () => {
    const disk = await writtenDisk();
    for (const path of MIRRORS) tear(disk, path);

    const { signer, repairs } = await openSigner(disk);

    expect(signer.state().own.map(({ step }) => step)).to.deep.equal(['prepare']);
    expect(repairs.map(({ kind }) => kind)).to.deep.equal(['torn', 'torn']);
  });

  it('spec C-22: given any room left behind the last vote, when opened, then the log is whole', async () => {
    const grown = await writtenDisk();
    const written = endOf(grown, MIRRORS[0]) - headSizeOf(grown, MIRRORS[0]);
    const opened = new Map<number, string>();
    for (let room = 0; room < 2 * SPARE_BYTES; room += 1) {
      const disk = createMemoryDisk();
      const own = { ...options, allocateBytes: written + room };
      await createVoteLog(own, { disk });
      const { signer } = await openSigner(disk);
      await voteAt(signer, 5);
      await signer.close();
      const left = readFile(disk, MIRRORS[0]).length - endOf(disk, MIRRORS[0]);

      opened.set(left, codeOf(await openVoteLog(own, { disk })));
    }

    expect([...opened.values()].filter((code) => code !== 'open')).to.deep.equal([]);
    expect(Math.min(...opened.keys())).to.equal(SPARE_BYTES);
  });

  it('spec C-22: given both mirrors cut short, which no crash does, then no vote is forgotten', async () => {
    const whole = endOf(await writtenDisk(), MIRRORS[0]);
    for (let size = 0; size < whole + 8; size += 7) {
      const disk = await writtenDisk();
      disk.openFile(MIRRORS[0]).truncate(size);
      disk.openFile(MIRRORS[1]).truncate((size * 5) % (whole + 8));

      const opening = await openVoteLog(options, { disk });

      expect(opening.kind, `cut at ${size}`).to.equal('quarantine');
    }
  });

  it('spec C-22: given a mirror without a header and the other torn, then nobody can tell the end', async () => {
    const disk = await writtenDisk();
    flip(disk, MIRRORS[0], 3);
    tear(disk, MIRRORS[1]);

    const opening = await openVoteLog(options, { disk });

    expect(codeOf(opening)).to.equal('STATE_VOTES_DAMAGED');
  });

  it('spec C-22: given a lock lost from the last write in both mirrors, then its COMMIT is dropped with it', async () => {
    const disk = await writtenDisk();
    // The COMMIT is the last record; a byte of the lock before it goes.
    for (const path of MIRRORS) flip(disk, path, endOf(disk, path) - 250);

    const { signer } = await openSigner(disk);

    const { own, lock } = signer.state();
    expect(own.map(({ step }) => step)).to.deep.equal(['prepare']);
    expect(lock).to.equal(undefined);
  });

  it('spec C-22: given a flipped byte anywhere in one mirror, when opened, then nothing is lost', async () => {
    const size = endOf(await writtenDisk(), MIRRORS[1]);
    for (let at = 0; at < size; at += 3) {
      const disk = await writtenDisk();
      flip(disk, MIRRORS[1], at);

      const { signer } = await openSigner(disk);

      expect(signer.state().own, `flipped at ${at}`).to.have.length(2);
      await signer.close();
    }
  });

  it('spec C-22: given the same byte flipped in both mirrors, then a vote before the last write is never forgotten', async () => {
    const template = await writtenDisk();
    const { signer } = await openSigner(template);
    await voteAt(signer, 6);
    await signer.close();
    const size = endOf(template, MIRRORS[0]);
    const outcomes = new Set<string>();
    for (let at = 0; at < size; at += 1) {
      const disk = await writtenDisk();
      for (const path of MIRRORS) {
        disk.openFile(path).write(0, readFile(template, path));
        flip(disk, path, at);
      }

      const opening = await openVoteLog(options, { disk });

      outcomes.add(codeOf(opening));
      if (opening.kind !== 'open') continue;
      const { guard } = opening.log.state();
      // Only the last write, the COMMIT of height 6, may be taken for torn.
      expect([guard.height, guard.step], `flipped at ${at}`).to.deep.equal([6, 'prepare']);
      await opening.log.close();
    }
    expect([...outcomes].sort()).to.deep.equal([
      'STATE_VOTES_DAMAGED',
      'STATE_VOTES_UNREADABLE',
      'open',
    ]);
  });

  it('spec C-22: given a torn last write with a whole record inside, then the record inside counts for nothing', async () => {
    const disk = await freshDisk();
    const log = await reopen(disk);
    const inside = (salt: Uint8Array) =>
      encodeVoteRecords([{ type: 'height', height: 900 }], { sequence: 1, salt })[0]?.bytes ??
      new Uint8Array();
    const attachment = new Uint8Array([...inside(new Uint8Array(16)), ...inside(blockA)]);
    await log.enterHeight(5);
    const content = prepare(5, 0, blockA);
    await log.appendVote({
      height: 5,
      round: 0,
      step: 'prepare',
      signBytes: signBytes(chain, content),
      signature: new Uint8Array(64),
      attachment,
    });
    await log.close();
    for (const path of MIRRORS) tear(disk, path);

    const again = await openVoteLog(options, { disk });

    expect(codeOf(again)).to.equal('open');
    if (again.kind !== 'open') return;
    expect(again.log.state().guard).to.deep.equal({ height: 5, round: 0 });
  });

  it('spec C-22: given a mirror whose own record lies inside another one, when both are torn, then it is not read', async () => {
    const disk = await writtenDisk();
    const salt = readVoteFile(readFile(disk, MIRRORS[0]))?.header.salt ?? new Uint8Array();
    const forged = encodeVoteRecords([{ type: 'height', height: 900 }], { sequence: 5, salt });
    const lost = endOf(disk, MIRRORS[0]) - 40;
    for (const path of MIRRORS) {
      disk.openFile(path).write(lost, forged[0]?.bytes ?? new Uint8Array());
    }

    const opening = await openVoteLog(options, { disk });

    // Even with the salt known, bytes out of place can only make the validator more careful.
    expect(codeOf(opening)).to.equal('STATE_VOTES_DAMAGED');
  });

  it('spec C-22: given power lost in the middle of a write, at any length, then every vote given out is there', async () => {
    for (const keep of [0, 1, 20, 100, 200, 300, 400, 500]) {
      const disk = await writtenDisk();
      const { signer } = await openSigner(disk);
      await signer.enterHeight(6);
      const under = signer.sign(request(prepare(6, 0, blockB))).catch(() => undefined);
      disk.crash(({ path, size }) => (path === MIRRORS[0] ? Math.min(keep, size) : 0));
      await under;

      const { signer: again } = await openSigner(disk);

      const { guard, own, earlier } = again.state();
      const steps = [...earlier, ...own].map(({ step }) => step).slice(0, 2);
      expect(steps, `kept ${keep}`).to.deep.equal(['prepare', 'commit']);
      expect(guard.height, `kept ${keep}`).to.be.oneOf([5, 6]);
    }
  });

  it('spec G4: given a failed sync, when the next vote is to be logged, then the log refuses everything', async () => {
    let fails = false;
    const disk = createMemoryDisk({
      fault: (operation) => (fails && operation === 'sync' ? 'error' : undefined),
    });
    await createVoteLog(options, { disk });
    const { signer } = await openSigner(disk);
    fails = true;
    const codes: string[] = [];
    for (const height of [5, 6]) {
      await signer.sign(request(prepare(height, 0, blockA))).catch((error: { code: string }) => {
        codes.push(error.code);
      });
      fails = false;
    }

    expect(codes).to.deep.equal(['STATE_SYNC_FAILED', 'STATE_LOG_BROKEN']);
  });

  it('spec C-22: given a vote whose sync failed, when the log is opened again, then what it shows is durable', async () => {
    let fails = false;
    const disk = createMemoryDisk({
      fault: (operation) => (fails && operation === 'sync' ? 'error' : undefined),
    });
    await createVoteLog(options, { disk });
    const { signer } = await openSigner(disk);
    fails = true;
    await signer.sign(request(prepare(5, 0, blockA))).catch(() => undefined);
    fails = false;
    const seen = (await reopen(disk)).state().own.length;

    disk.crash();

    const kept = (await reopen(disk)).state().own.length;
    expect({ seen, kept }).to.deep.equal({ seen: 1, kept: 1 });
  });

  it('spec G4: given a disk without room, when a vote is to be logged, then the log ends and a restart knows every vote', async () => {
    let isFull = false;
    const disk = createMemoryDisk({
      fault: (operation) => (isFull && operation === 'write' ? 'full' : undefined),
    });
    await createVoteLog(options, { disk });
    const { signer } = await openSigner(disk);
    await voteAt(signer, 5);
    isFull = true;
    const codes: string[] = [];
    for (const height of [6, 7]) {
      await signer.sign(request(prepare(height, 0, blockA))).catch((error: { code: string }) => {
        codes.push(error.code);
      });
    }
    isFull = false;

    const { signer: again } = await openSigner(disk);

    expect(codes).to.deep.equal(['STATE_DISK_FULL', 'STATE_LOG_BROKEN']);
    expect(again.state().guard).to.deep.equal({ height: 5, round: 0, step: 'commit' });
  });

  it('given room allocated ahead, when votes are logged, then files grow rarely', async () => {
    const disk = await freshDisk();
    const log = await reopen(disk, { allocateBytes: 64 * 1024 });
    const lengths = new Set<number>();
    for (let height = 1; height <= 200; height += 1) {
      await log.enterHeight(height);
      const signed = { signBytes: new Uint8Array(92), signature: new Uint8Array(64) };
      const slot = { height, round: 0, step: 'prepare' } as const;
      await log.appendVote({ ...slot, ...signed, attachment: new Uint8Array(100) });
      lengths.add(readFile(disk, MIRRORS[0]).length);
    }

    expect(endOf(disk, MIRRORS[0])).to.be.above(50_000);
    expect(lengths.size).to.be.at.most(2);
  });

  it('spec C-24: given files grown to their limit, when a height is entered, then the last two heights stay', async () => {
    const disk = await freshDisk();
    const log = await reopen(disk, { rotateBytes: 4096 });
    const sizes: number[] = [];
    for (let height = 1; height <= 40; height += 1) {
      await log.enterHeight(height);
      sizes.push(endOf(disk, MIRRORS[0]));
      for (const round of [0, 1]) {
        const content = prepare(height, round, blockA);
        const bytes = { signBytes: signBytes(chain, content), signature: new Uint8Array(64) };
        const slot = { height, round, step: 'prepare' } as const;
        await log.appendVote({ ...slot, ...bytes, attachment: new Uint8Array() });
      }
    }
    const before = log.state();
    await log.close();

    const again = (await reopen(disk)).state();

    expect(Math.max(...sizes)).to.be.below(6000);
    expect(sizes.filter((size, at) => size < (sizes[at - 1] ?? 0))).to.have.length.above(1);
    expect(again).to.deep.equal(before);
    const heights = (votes: readonly { readonly height: number }[]) =>
      votes.map(({ height }) => height);
    expect(heights(again.earlier)).to.deep.equal([38, 38, 39, 39]);
    expect(heights(again.own)).to.deep.equal([40, 40]);
  });

  it('spec C-24: given power lost between the renewal of A and that of B, then both go on together', async () => {
    const disk = await freshDisk();
    const { signer } = await openSigner(disk);
    for (const height of [5, 6, 7]) await voteAt(signer, height);
    await signer.close();
    const old = readFile(disk, MIRRORS[1]);
    const log = await reopen(disk, { rotateBytes: 100 });
    await log.enterHeight(8);
    await log.close();
    // B as it was before: its header names the inode of the file it is written to here.
    const identity = disk.identify(MIRRORS[1]);
    const end = readVoteFile(old)?.headSize ?? 0;
    const head = readFile(disk, MIRRORS[1]).slice(0, headSizeOf(disk, MIRRORS[1]));
    const file = disk.openFile(MIRRORS[1]);
    file.truncate(0);
    file.write(0, head);
    file.write(head.length, old.slice(end));
    expect(disk.identify(MIRRORS[1])).to.deep.equal(identity);

    const { signer: again, repairs } = await openSigner(disk);

    expect(again.state().guard).to.deep.equal({ height: 8, round: 0 });
    expect(repairs.map(({ kind }) => kind)).to.deep.equal(['mirror', 'mirror']);
    expect((await openSigner(disk)).repairs).to.deep.equal([]);
  });

  for (const [index, refused] of MIRRORS.entries()) {
    it(`spec G4: given no room for the renewal of mirror ${'AB'[index]}, when the log is closed, then every file it opened was closed once`, async () => {
      const closed: { readonly path: string; times: number }[] = [];
      const full = createMemoryDisk({
        fault: (operation, path) =>
          operation === 'write' && isFull && path === `${refused}.new` ? 'full' : undefined,
      });
      let isFull = false;
      await createVoteLog(options, { disk: full });
      const disk = createWrappedDisk(full, (file) => {
        const count = { path: file.path, times: 0 };
        closed.push(count);
        return {
          close: () => {
            count.times += 1;
            file.close();
          },
        };
      });
      const opening = await openVoteLog({ ...options, rotateBytes: 1 }, { disk });
      if (opening.kind !== 'open') throw new Error(opening.reason.code);
      isFull = true;
      const refusal = await opening.log.enterHeight(8).catch((error: { code: string }) => error);

      await opening.log.close();

      expect(refusal).to.have.property('code', 'STATE_DISK_FULL');
      expect(closed.filter(({ times }) => times !== 1)).to.deep.equal([]);
    });
  }

  it('spec C-22: given the first record damaged in both mirrors, when opened, then the validator is quarantined', async () => {
    const disk = await writtenDisk();
    for (const path of MIRRORS) flip(disk, path, headSizeOf(disk, path) + 10);

    expect(codeOf(await openVoteLog(options, { disk }))).to.equal('STATE_VOTES_DAMAGED');
  });

  it('spec C-26: given a log that was copied elsewhere, when opened, then the validator is quarantined', async () => {
    const disk = await writtenDisk();
    for (const path of MIRRORS) disk.replace(path, readFile(disk, path).slice());

    expect(codeOf(await openVoteLog(options, { disk }))).to.equal('STATE_VOTES_COPIED');
  });

  it('spec C-26: given a copy that got the inode of the log it replaces, when opened, then its birth betrays it', async () => {
    const disk = await freshDisk();
    const born = (moment: string): Disk => ({
      ...disk,
      identify: (path) => ({ ...disk.identify(path), born: moment }),
    });
    const opened: string[] = [];
    for (const path of MIRRORS) disk.remove(path);
    await createVoteLog(options, { disk: born('1750000000000000001') });
    for (const moment of ['1750000000000000002', '', '1750000000000000001']) {
      const opening = await openVoteLog(options, { disk: born(moment) });
      opened.push(codeOf(opening));
      if (opening.kind === 'open') await opening.log.close();
    }

    expect(opened).to.deep.equal(['STATE_VOTES_COPIED', 'open', 'open']);
  });

  it('spec C-26: given mirrors of two logs, when opened, then the validator is quarantined', async () => {
    const disk = await writtenDisk();
    disk.remove(MIRRORS[0]);
    disk.remove(MIRRORS[1]);
    const kept = createMemoryDisk();
    await createVoteLog(options, { disk: kept });
    await createVoteLog(options, { disk });
    disk.openFile(MIRRORS[1]).write(0, readFile(kept, MIRRORS[1]));

    // The other log is of the same key; its machine and inode are those of this file.
    expect(codeOf(await openVoteLog(options, { disk }))).to.be.oneOf([
      'STATE_VOTES_FOREIGN',
      'STATE_VOTES_COPIED',
    ]);
  });

  it('spec C-26: given a log of another chain, when opened, then the validator is quarantined', async () => {
    const disk = await writtenDisk();

    const opening = await openVoteLog({ ...options, chain: blockB }, { disk });

    expect(codeOf(opening)).to.equal('STATE_VOTES_FOREIGN');
  });

  it('spec C-26: given power lost at any moment of putting a log aside, then it is whole and open, or in quarantine', async () => {
    const outcomes: string[] = [];
    for (let kept = 0; kept < 12; kept += 1) {
      let left = kept;
      let isOver = false;
      const disk = createMemoryDisk({
        fault: (operation) => {
          if (!isOver || operation === 'write') return undefined;
          left -= 1;
          return left < 0 ? 'error' : undefined;
        },
      });
      await createVoteLog(options, { disk });
      const { signer } = await openSigner(disk);
      await voteAt(signer, 5);
      isOver = true;
      await signer.withhold({ code: 'STATE_VOTES_DISTRUSTED' }).catch(() => undefined);
      disk.crash();
      isOver = false;

      const opening = await openVoteLog(options, { disk });

      outcomes.push(codeOf(opening));
      if (opening.kind === 'open') expect(opening.log.state().own).to.have.length(2);
    }
    // Once it is in quarantine after so many steps, it is after every further one.
    const first = outcomes.indexOf('STATE_VOTES_MISSING');
    expect(first).to.be.within(1, 4);
    expect(new Set(outcomes.slice(first))).to.deep.equal(new Set(['STATE_VOTES_MISSING']));
  });

  it('given a log already there, when one is to be created, then nothing is overwritten', async () => {
    const disk = await writtenDisk();
    const before = readFile(disk, MIRRORS[0]);
    let code = '';

    await createVoteLog(options, { disk }).catch((error: { code: string }) => {
      code = error.code;
    });

    expect(code).to.equal('STATE_DISK_FAILED');
    expect(readFile(disk, MIRRORS[0])).to.deep.equal(before);
  });
});
