/**
 * What every signer must do, whether the guard lives in this process or behind a socket (protocol
 * §9): one suite for all forms.
 */
import {
  checkpointOriginOf,
  concatBytes,
  encodeTreeHead,
  encodeUtf8,
  signBytes,
  TAGS,
  verifyStrict,
} from '@daybook/core';
import { expect } from 'chai';
import type { MemoryDisk } from '../../../src/disk/memory-disk.ts';
import { createMemoryDisk } from '../../../src/disk/memory-disk.ts';
import type { SigningRequest, VoteSigner } from '../../../src/index.ts';
import { createVoteLog } from '../../../src/index.ts';
import {
  blockA,
  blockB,
  chain,
  commit,
  commitRequest,
  freshDisk,
  lockOf,
  options,
  prepare,
  publicKey,
  request,
  voteAt,
} from './votes.ts';

export interface SignerStand {
  readonly signer: VoteSigner;
  close(): Promise<void>;
}

export type OpenSigner = (disk: MemoryDisk, free: () => number) => Promise<SignerStand>;

async function codeOf(signing: ReturnType<VoteSigner['sign']>): Promise<string> {
  const signed = await signing;
  return signed.ok ? 'signed' : signed.reason.code;
}

/** @param title  the form of the signer; @param open  opens one over the log of a disk */
export function describeSigner(title: string, open: OpenSigner): void {
  describe(`state: signing guard, ${title}`, () => {
    const stands: SignerStand[] = [];
    async function openOn(disk: MemoryDisk, free = () => 1): Promise<VoteSigner> {
      const stand = await open(disk, free);
      stands.push(stand);
      return stand.signer;
    }
    const fresh = async (): Promise<VoteSigner> => openOn(await freshDisk());
    const sign = (signer: VoteSigner, one: SigningRequest) => codeOf(signer.sign(one));

    afterEach(async () => {
      for (const stand of stands.splice(0)) await stand.close();
    });

    it('spec G1: given a signed PREPARE, when another block is to be PREPAREd in the round, then it is refused', async () => {
      const signer = await fresh();
      await signer.enterHeight(5);

      const codes = [
        await sign(signer, request(prepare(5, 0, blockA))),
        await sign(signer, request(prepare(5, 0, blockB))),
      ];

      expect(codes).to.deep.equal(['signed', 'STATE_SIGNING_BEHIND_GUARD']);
    });

    it('spec G1: given a signed vote, when the same bytes are asked for again, then the logged signature is given out', async () => {
      const signer = await fresh();
      const first = await signer.sign(request(prepare(5, 0, blockA)));

      const attachment = new Uint8Array([9, 9]);
      const again = await signer.sign({ ...request(prepare(5, 0, blockA)), attachment });

      expect(again, 'with the logged attachment').to.deep.equal(first);
      if (!again.ok) throw new Error('refused');
      const message = signBytes(chain, prepare(5, 0, blockA));
      expect(verifyStrict(publicKey, message, again.value.signature)).to.equal(true);
    });

    it('spec G1: given a later vote, when the bytes of the one before are asked for again, then they are refused', async () => {
      const signer = await fresh();
      await voteAt(signer, 5);

      const again = await sign(signer, request(prepare(5, 0, blockA)));

      expect(again).to.equal('STATE_SIGNING_BEHIND_GUARD');
    });

    it('spec G1: given the steps of a round, when they are signed in order, then each once and none backwards', async () => {
      const signer = await fresh();
      const slot = { height: 5, round: 1 };
      const steps: readonly SigningRequest[] = [
        request({ type: 'round-change', ...slot }),
        request({ type: 'pre-prepare', ...slot, blockHash: blockA, justificationHash: blockB }),
        request(prepare(5, 1, blockA)),
        commitRequest(5, 1, blockA),
      ];

      const forward: string[] = [];
      for (const step of steps) forward.push(await sign(signer, step));
      const backward: string[] = [];
      for (const step of steps.slice(0, 3).reverse()) backward.push(await sign(signer, step));

      expect(forward).to.deep.equal(Array(4).fill('signed'));
      expect(backward).to.deep.equal(Array(3).fill('STATE_SIGNING_BEHIND_GUARD'));
    });

    it('spec G1: given a round change to round 2, when anything of round 1 is to be signed, then it is refused', async () => {
      const signer = await fresh();
      await signer.sign(request({ type: 'round-change', height: 5, round: 2 }));

      expect(await sign(signer, request(prepare(5, 1, blockA)))).to.equal(
        'STATE_SIGNING_BEHIND_GUARD',
      );
    });

    it('spec G2: given no lock, when a COMMIT is to be signed, then it is refused', async () => {
      const signer = await fresh();
      await signer.sign(request(prepare(5, 0, blockA)));

      const without = await sign(signer, request(commit(5, 0, blockA)));
      const lock = lockOf(5, 0, blockB);
      const other = await sign(signer, { ...request(commit(5, 0, blockA)), lock });
      const good = await sign(signer, commitRequest(5, 0, blockA));

      expect(without).to.equal('STATE_SIGNING_WITHOUT_LOCK');
      expect(other).to.equal('STATE_SIGNING_WITHOUT_LOCK');
      expect(good).to.equal('signed');
    });

    it('spec G2: given a lock whose certificate says something else, then nothing is logged', async () => {
      const signer = await fresh();
      const { certificate } = lockOf(5, 1, blockA);

      const lock = { ...lockOf(5, 0, blockA), certificate };
      const code = await sign(signer, { ...request(commit(5, 0, blockA)), lock });

      expect(code).to.equal('STATE_SIGNING_MALFORMED');
      expect(signer.state().lock).to.equal(undefined);
    });

    it('spec G3: given a lock, when another vote brings a lock along, then the lock stays', async () => {
      const signer = await fresh();
      await voteAt(signer, 5);

      const prepared = { round: 0, blockHash: blockA };
      const change = request({ type: 'round-change', height: 5, round: 1, prepared });
      const code = await sign(signer, { ...change, lock: lockOf(5, 0, blockB) });

      expect(code).to.equal('STATE_SIGNING_MALFORMED');
      expect(signer.state().lock?.blockHash).to.deep.equal(blockA);
    });

    it('spec G3: given a lock, when a ROUND-CHANGE hides or changes it, then it is refused', async () => {
      const signer = await fresh();
      await voteAt(signer, 5);
      const change = (blockHash?: typeof blockA) =>
        request({
          type: 'round-change',
          height: 5,
          round: 1,
          ...(blockHash && { prepared: { round: 0, blockHash } }),
        });

      expect(await sign(signer, change())).to.equal('STATE_SIGNING_LOCK_HIDDEN');
      expect(await sign(signer, change(blockB))).to.equal('STATE_SIGNING_LOCK_HIDDEN');
      expect(await sign(signer, change(blockA))).to.equal('signed');
    });

    it('spec G3: given a lock of the height before, when a ROUND-CHANGE is signed, then it reports none', async () => {
      const signer = await fresh();
      await voteAt(signer, 5);
      await signer.enterHeight(6);
      const prepared = { round: 0, blockHash: blockA };

      const old = request({ type: 'round-change', height: 6, round: 1, prepared });
      const none = request({ type: 'round-change', height: 6, round: 1 });

      expect(await sign(signer, old)).to.equal('STATE_SIGNING_LOCK_HIDDEN');
      expect(await sign(signer, none)).to.equal('signed');
    });

    it('spec G4: given a nearly full disk, when a vote is to be signed, then it waits until 5 % are free', async () => {
      let free = 0.01;
      const signer = await openOn(await freshDisk(), () => free);
      const codes: string[] = [];
      for (free of [0.019, 0.03, 0.049, 0.05, 0.03]) {
        codes.push(await sign(signer, request(prepare(5, codes.length, blockA))));
      }

      const low = 'STATE_SIGNING_DISK_LOW';
      expect(codes).to.deep.equal([low, low, low, 'signed', 'signed']);
    });

    it('spec G4: given a signer opened again, then guard, lock and own votes are those given out', async () => {
      const disk = await freshDisk();
      const first = await openOn(disk);
      await voteAt(first, 4);
      await voteAt(first, 5);
      const before = first.state();
      for (const stand of stands.splice(0)) await stand.close();

      const again = await openOn(disk);

      expect(again.state()).to.deep.equal(before);
      expect(before.own).to.have.length(2);
      expect(before.earlier.map(({ height, step }) => [height, step])).to.deep.equal([
        [4, 'prepare'],
        [4, 'commit'],
      ]);
      expect(await sign(again, request(prepare(5, 0, blockB)))).to.equal(
        'STATE_SIGNING_BEHIND_GUARD',
      );
    });

    it('given sign bytes of another chain or of no vote, when asked to sign, then it refuses', async () => {
      const signer = await fresh();
      const attachment = new Uint8Array();
      const foreign = { signBytes: signBytes(blockA, prepare(5, 0, blockA)), attachment };

      expect(await sign(signer, foreign)).to.equal('STATE_SIGNING_FOREIGN_CHAIN');
      expect(await sign(signer, { signBytes: new Uint8Array(92), attachment })).to.equal(
        'STATE_SIGNING_MALFORMED',
      );
    });

    it('spec X-14: given a READY of this chain, then it is signed, and nothing else is by this way', async () => {
      const signer = await fresh();
      const ready = concatBytes(TAGS.READY, chain, new Uint8Array(8), blockA);

      const signature = await signer.signStatement(ready);
      const foreign = await signer.signStatement(
        concatBytes(TAGS.READY, blockB, ready.subarray(48)),
      );
      const vote = await signer.signStatement(signBytes(chain, prepare(5, 0, blockA)));
      await signer.withhold({ code: 'STATE_VOTES_DISTRUSTED' });

      expect(signature && verifyStrict(publicKey, ready, signature)).to.equal(true);
      expect([foreign, vote, await signer.signStatement(ready)]).to.deep.equal(
        Array(3).fill(undefined),
      );
    });

    it('spec L-11: given the text of a checkpoint, then it is signed by the way of statements', async () => {
      const signer = await fresh();
      const head = { origin: checkpointOriginOf(chain), size: 7, root: blockA };
      const text = encodeUtf8(encodeTreeHead(head));

      const signature = await signer.signStatement(text);
      const spoilt = await signer.signStatement(text.subarray(1));
      const before = signer.state();

      expect(signature && verifyStrict(publicKey, text, signature)).to.equal(true);
      expect(spoilt).to.equal(undefined);
      expect([before.own, before.earlier]).to.deep.equal([[], []]);
    });

    it('spec C-26: given no log, when opened, then nothing is signed until resumed, and then only above', async () => {
      const signer = await openOn(createMemoryDisk());
      const reason = signer.quarantine()?.code;
      const withheld = await sign(signer, request(prepare(9, 0, blockA)));

      await signer.resume(9);

      expect([reason, withheld]).to.deep.equal([
        'STATE_VOTES_MISSING',
        'STATE_SIGNING_QUARANTINED',
      ]);
      expect(signer.quarantine()).to.equal(undefined);
      expect(await sign(signer, request(prepare(9, 0, blockA)))).to.equal(
        'STATE_SIGNING_BEHIND_GUARD',
      );
      expect(await sign(signer, request(prepare(10, 0, blockA)))).to.equal('signed');
    });

    it('spec C-26: given a signer put into quarantine, when opened again, then it still is', async () => {
      const disk = await freshDisk();
      const signer = await openOn(disk);
      await voteAt(signer, 5);

      await signer.withhold({ code: 'STATE_VOTES_DISTRUSTED' });
      const code = await sign(signer, request(prepare(6, 0, blockA)));
      const reason = signer.quarantine()?.code;
      for (const stand of stands.splice(0)) await stand.close();
      const again = await openOn(disk);

      expect(code).to.equal('STATE_SIGNING_QUARANTINED');
      expect(reason).to.equal('STATE_VOTES_DISTRUSTED');
      expect(again.quarantine()?.code).to.equal('STATE_VOTES_MISSING');
      expect(disk.list('/votes'), 'the old log is kept').to.include('wal-A.aside-1');
    });

    it('spec C-23: given a log that is there, when quarantine is not on, then resume changes nothing', async () => {
      const disk = await freshDisk();
      const signer = await openOn(disk);
      await voteAt(signer, 5);
      const before = signer.state();

      await signer.resume(100);

      expect(signer.state()).to.deep.equal(before);
    });

    it('given a log created above a height, when something at that height is to be signed, then it is refused', async () => {
      const disk = createMemoryDisk();
      await createVoteLog({ ...options, above: 9 }, { disk });
      const signer = await openOn(disk);

      expect(await sign(signer, request(prepare(9, 0, blockA)))).to.equal(
        'STATE_SIGNING_BEHIND_GUARD',
      );
      expect(await sign(signer, request(prepare(10, 0, blockA)))).to.equal('signed');
    });
  });
}
