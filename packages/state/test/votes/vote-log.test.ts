/** The vote log, its mirrors and the signing guard (protocol §9, §12). */
import type { Hash, Unsigned } from '@daybook/core';
import {
  asHash,
  generateSecretKey,
  publicKeyOf,
  signBytes,
  validatorIdOf,
  verifyStrict,
} from '@daybook/core';
import { expect } from 'chai';
import type { MemoryDisk } from '../../src/disk/memory-disk.ts';
import { createMemoryDisk } from '../../src/disk/memory-disk.ts';
import { createVoteLog, createVoteSigner, openVoteLog } from '../../src/index.ts';
import type { VoteLogOpening } from '../../src/votes/vote-log.ts';

const chain = asHash(new Uint8Array(32).fill(7));
const secretKey = generateSecretKey();
const validatorId = validatorIdOf(publicKeyOf(secretKey));
const options = { directory: '/votes', chain, validatorId };
const blockA = asHash(new Uint8Array(32).fill(1));
const blockB = asHash(new Uint8Array(32).fill(2));
const certificate = new Uint8Array(200).fill(9);

function request(content: Unsigned) {
  return { signBytes: signBytes(chain, content), attachment: new Uint8Array([1, 2, 3]) };
}

function lockOf(height: number, round: number, blockHash: Hash) {
  return { height, round, blockHash, certificate };
}

async function openSigner(disk: MemoryDisk) {
  const opening = await openVoteLog(options, { disk });
  if (opening.kind !== 'open') throw new Error(`quarantine: ${opening.reason.code}`);
  const signer = createVoteSigner(
    { chain, secretKey },
    { log: opening.log, freeFraction: () => 1 },
  );
  return { signer, repairs: opening.repairs };
}

async function freshDisk(): Promise<MemoryDisk> {
  const disk = createMemoryDisk();
  await createVoteLog(options, { disk });
  return disk;
}

const prepare = (height: number, round: number, blockHash: Hash): Unsigned => ({
  type: 'prepare',
  height,
  round,
  blockHash,
});
const commit = (height: number, round: number, blockHash: Hash): Unsigned => ({
  type: 'commit',
  height,
  round,
  blockHash,
});

function readFile(disk: MemoryDisk, path: string): Uint8Array {
  const file = disk.openFile(path);
  const bytes = new Uint8Array(file.size());
  file.read(0, bytes);
  return bytes;
}

function flip(disk: MemoryDisk, path: string, at: number): void {
  const bytes = readFile(disk, path);
  disk.openFile(path).write(at, Uint8Array.of((bytes[at] ?? 0) ^ 0xff));
}

describe('state: signing guard', () => {
  it('spec G1: given a signed PREPARE, when another block is to be PREPAREd in the round, then it is refused', async () => {
    const { signer } = await openSigner(await freshDisk());
    await signer.enterHeight(5);
    const first = await signer.sign(request(prepare(5, 0, blockA)));
    expect(first.ok).to.equal(true);

    const second = await signer.sign(request(prepare(5, 0, blockB)));

    expect(second).to.deep.include({ ok: false });
    expect(!second.ok && second.reason.code).to.equal('STATE_SIGNING_BEHIND_GUARD');
  });

  it('spec G1: given a signed vote, when the same bytes are asked for again, then the logged signature is given out', async () => {
    const { signer } = await openSigner(await freshDisk());
    const first = await signer.sign(request(prepare(5, 0, blockA)));

    const again = await signer.sign(request(prepare(5, 0, blockA)));

    expect(again).to.deep.equal(first);
    if (!again.ok) throw new Error('refused');
    const message = signBytes(chain, prepare(5, 0, blockA));
    expect(verifyStrict(publicKeyOf(secretKey), message, again.value.signature)).to.equal(true);
  });

  it('spec G1: given a round change to round 2, when anything of round 1 is to be signed, then it is refused', async () => {
    const { signer } = await openSigner(await freshDisk());
    await signer.sign(request({ type: 'round-change', height: 5, round: 2 }));

    const late = await signer.sign(request(prepare(5, 1, blockA)));

    expect(!late.ok && late.reason.code).to.equal('STATE_SIGNING_BEHIND_GUARD');
  });

  it('spec G2: given no lock, when a COMMIT is to be signed, then it is refused', async () => {
    const { signer } = await openSigner(await freshDisk());
    await signer.sign(request(prepare(5, 0, blockA)));

    const without = await signer.sign(request(commit(5, 0, blockA)));
    const other = await signer.sign({
      ...request(commit(5, 0, blockA)),
      lock: lockOf(5, 0, blockB),
    });
    const good = await signer.sign({
      ...request(commit(5, 0, blockA)),
      lock: lockOf(5, 0, blockA),
    });

    expect(!without.ok && without.reason.code).to.equal('STATE_SIGNING_WITHOUT_LOCK');
    expect(!other.ok && other.reason.code).to.equal('STATE_SIGNING_WITHOUT_LOCK');
    expect(good.ok).to.equal(true);
  });

  it('spec G3: given a lock, when a ROUND-CHANGE hides or changes it, then it is refused', async () => {
    const { signer } = await openSigner(await freshDisk());
    await signer.sign(request(prepare(5, 0, blockA)));
    await signer.sign({ ...request(commit(5, 0, blockA)), lock: lockOf(5, 0, blockA) });

    const hidden = await signer.sign(request({ type: 'round-change', height: 5, round: 1 }));
    const changed = await signer.sign(
      request({
        type: 'round-change',
        height: 5,
        round: 1,
        prepared: { round: 0, blockHash: blockB },
      }),
    );
    const honest = await signer.sign(
      request({
        type: 'round-change',
        height: 5,
        round: 1,
        prepared: { round: 0, blockHash: blockA },
      }),
    );

    expect(!hidden.ok && hidden.reason.code).to.equal('STATE_SIGNING_LOCK_HIDDEN');
    expect(!changed.ok && changed.reason.code).to.equal('STATE_SIGNING_LOCK_HIDDEN');
    expect(honest.ok).to.equal(true);
  });

  it('spec G4: given a nearly full disk, when a vote is to be signed, then it waits until 5 % are free', async () => {
    const disk = await freshDisk();
    const opening = await openVoteLog(options, { disk });
    if (opening.kind !== 'open') throw new Error('quarantine');
    let free = 0.01;
    const signer = createVoteSigner(
      { chain, secretKey },
      { log: opening.log, freeFraction: () => free },
    );

    const low = await signer.sign(request(prepare(5, 0, blockA)));
    free = 0.03;
    const still = await signer.sign(request(prepare(5, 0, blockA)));
    free = 0.06;
    const again = await signer.sign(request(prepare(5, 0, blockA)));

    expect(!low.ok && low.reason.code).to.equal('STATE_SIGNING_DISK_LOW');
    expect(!still.ok && still.reason.code).to.equal('STATE_SIGNING_DISK_LOW');
    expect(again.ok).to.equal(true);
  });

  it('given sign bytes of another chain or of no vote, when asked to sign, then it refuses', async () => {
    const { signer } = await openSigner(await freshDisk());
    const foreign = signBytes(blockA, prepare(5, 0, blockA));

    const other = await signer.sign({ signBytes: foreign, attachment: new Uint8Array() });
    const none = await signer.sign({ signBytes: new Uint8Array(92), attachment: new Uint8Array() });

    expect(!other.ok && other.reason.code).to.equal('STATE_SIGNING_FOREIGN_CHAIN');
    expect(!none.ok && none.reason.code).to.equal('STATE_SIGNING_MALFORMED');
  });
});

/** A log with two votes and a lock at height 5. */
async function writtenDisk(): Promise<MemoryDisk> {
  const disk = await freshDisk();
  const { signer } = await openSigner(disk);
  await signer.enterHeight(5);
  await signer.sign(request(prepare(5, 0, blockA)));
  await signer.sign({ ...request(commit(5, 0, blockA)), lock: lockOf(5, 0, blockA) });
  await signer.close();
  return disk;
}

function codeOf(opening: VoteLogOpening): string {
  return opening.kind === 'open' ? 'open' : opening.reason.code;
}

describe('state: vote log', () => {
  it('spec §12: given votes and a lock, when the log is opened again, then guard, lock and own votes are back', async () => {
    const { signer, repairs } = await openSigner(await writtenDisk());

    const { guard, lock, own } = signer.state();

    expect(repairs).to.deep.equal([]);
    expect(guard).to.deep.equal({ height: 5, round: 0, step: 'commit' });
    expect(lock).to.deep.equal(lockOf(5, 0, blockA));
    expect(own.map(({ step }) => step)).to.deep.equal(['prepare', 'commit']);
    expect(own[0]?.attachment).to.deep.equal(new Uint8Array([1, 2, 3]));
  });

  it('spec §12: given no log, when opened, then the validator is quarantined', async () => {
    const opening = await openVoteLog(options, { disk: createMemoryDisk() });

    expect(codeOf(opening)).to.equal('STATE_VOTES_MISSING');
  });

  it('spec §12: given one mirror cut at any length, when opened, then the other one mends it', async () => {
    const whole = readFile(await writtenDisk(), '/votes/wal-A').length;
    for (let size = 0; size < whole; size += 1) {
      const disk = await writtenDisk();
      disk.openFile('/votes/wal-A').truncate(size);

      const { signer, repairs } = await openSigner(disk);

      expect(signer.state().own, `cut at ${size}`).to.have.length(2);
      expect(repairs[0]?.path, `cut at ${size}`).to.equal('/votes/wal-A');
      await signer.close();
    }
  });

  it('spec §12: given both mirrors cut inside the last record, when opened, then only that record is dropped', async () => {
    const disk = await writtenDisk();
    for (const path of ['/votes/wal-A', '/votes/wal-B']) {
      const file = disk.openFile(path);
      file.truncate(file.size() - 1);
    }

    const { signer, repairs } = await openSigner(disk);

    expect(signer.state().own.map(({ step }) => step)).to.deep.equal(['prepare']);
    expect(repairs.map(({ kind }) => kind)).to.deep.equal(['torn', 'torn']);
  });

  it('spec §12: given a flipped byte anywhere in one mirror, when opened, then nothing is lost', async () => {
    const size = readFile(await writtenDisk(), '/votes/wal-B').length;
    for (let at = 0; at < size; at += 3) {
      const disk = await writtenDisk();
      flip(disk, '/votes/wal-B', at);

      const { signer } = await openSigner(disk);

      expect(signer.state().own, `flipped at ${at}`).to.have.length(2);
      await signer.close();
    }
  });

  it('spec §12: given one record damaged in both mirrors with later ones behind it, when opened, then the validator is quarantined', async () => {
    const disk = await writtenDisk();
    // 400 bytes before the end lies the PREPARE: the COMMIT with its lock follows.
    const at = readFile(disk, '/votes/wal-A').length - 500;
    flip(disk, '/votes/wal-A', at);
    flip(disk, '/votes/wal-B', at);

    const opening = await openVoteLog(options, { disk });

    expect(codeOf(opening)).to.equal('STATE_VOTES_DAMAGED');
  });

  it('spec §12: given the first record damaged in both mirrors, when opened, then the validator is quarantined', async () => {
    const disk = await writtenDisk();
    const bytes = readFile(disk, '/votes/wal-A');
    const headSize = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) + 4;
    for (const path of ['/votes/wal-A', '/votes/wal-B']) flip(disk, path, headSize + 10);

    expect(codeOf(await openVoteLog(options, { disk }))).to.equal('STATE_VOTES_DAMAGED');
  });

  it('spec §12: given a log that was copied elsewhere, when opened, then the validator is quarantined', async () => {
    const disk = await writtenDisk();
    for (const name of ['wal-A', 'wal-B']) {
      const bytes = readFile(disk, `/votes/${name}`);
      disk.remove(`/votes/${name}`);
      disk.createFile(`/votes/${name}`).write(0, bytes);
    }

    expect(codeOf(await openVoteLog(options, { disk }))).to.equal('STATE_VOTES_COPIED');
  });

  it('given a log of another chain, when opened, then the validator is quarantined', async () => {
    const disk = await writtenDisk();

    const opening = await openVoteLog({ ...options, chain: blockB }, { disk });

    expect(codeOf(opening)).to.equal('STATE_VOTES_FOREIGN');
  });

  it('given a log already there, when one is to be created, then nothing is overwritten', async () => {
    const disk = await writtenDisk();
    const before = readFile(disk, '/votes/wal-A');
    let code = '';

    await createVoteLog(options, { disk }).catch((error: { code: string }) => {
      code = error.code;
    });

    expect(code).to.equal('STATE_DISK_FAILED');
    expect(readFile(disk, '/votes/wal-A')).to.deep.equal(before);
  });

  it('spec §12: given a log created above a height, when something at that height is to be signed, then it is refused', async () => {
    const disk = createMemoryDisk();
    await createVoteLog({ ...options, above: 9 }, { disk });
    const { signer } = await openSigner(disk);

    const at = await signer.sign(request(prepare(9, 0, blockA)));
    const above = await signer.sign(request(prepare(10, 0, blockA)));

    expect(at.ok).to.equal(false);
    expect(above.ok).to.equal(true);
  });
});
