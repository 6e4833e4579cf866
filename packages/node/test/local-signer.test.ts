/** Whose vote log a key opens: never that of another one, whatever the operator forgot. */
import { asHash, asPublicKey, publicKeyOf, sha256, validatorIdOf } from '@daybook/core';
import type { MemoryDisk, VoteSigner } from '@daybook/state';
import { createMemoryDisk, createVoteLog, openVoteLog } from '@daybook/state';
import { expect } from 'chai';
import { DISK_LIMITS } from '../src/free-space.ts';
import { openLocalSigner } from '../src/local-signer.ts';
import { SILENT_LOGGER } from '../src/log.ts';
import { namedVotesFolder } from '../src/vote-logs.ts';

const VOTES = 'votes';
const chain = asHash(sha256(new TextEncoder().encode('chain')));
const presentKey = new Uint8Array(32).fill(1);
const nextKey = new Uint8Array(32).fill(2);
const ownerOf = (secretKey: Uint8Array) => {
  const publicKey = asPublicKey(publicKeyOf(secretKey));
  return { chain, publicKey };
};

describe('node: vote logs of two keys in one process', () => {
  let disk: MemoryDisk;

  const openKey = (secretKey: Uint8Array, isNext: boolean): Promise<VoteSigner> =>
    openLocalSigner(
      {
        secretKey,
        chain,
        founding: chain,
        votes: VOTES,
        mirror: undefined,
        isNext,
        isDistrusted: false,
      },
      {
        logger: SILENT_LOGGER,
        disk,
        freeSpace: { fraction: () => 1, limits: DISK_LIMITS },
      },
    );
  const createLog = async (directory: string, secretKey: Uint8Array): Promise<void> => {
    const validatorId = validatorIdOf(ownerOf(secretKey).publicKey);
    await createVoteLog({ directory, chain, validatorId }, { disk });
  };

  beforeEach(() => {
    disk = createMemoryDisk();
  });

  it('spec X-14: given a next key without a log, then its signer is in quarantine, and ending it leaves the log of the present key', async () => {
    await createLog(VOTES, presentKey);
    const next = await openKey(nextKey, true);
    expect(next.quarantine()?.code).to.equal('STATE_VOTES_MISSING');

    await next.resume(7);
    await next.close();

    const validatorId = validatorIdOf(ownerOf(presentKey).publicKey);
    const present = await openVoteLog({ directory: VOTES, chain, validatorId }, { disk });
    expect(present.kind).to.equal('open');
    if (present.kind === 'open') await present.log.close();
    expect(disk.list(namedVotesFolder(VOTES, ownerOf(nextKey)))).to.include('wal-A');
  });

  it('spec X-14: given a next key with its log, then it signs beside the present key', async () => {
    await createLog(VOTES, presentKey);
    await createLog(namedVotesFolder(VOTES, ownerOf(nextKey)), nextKey);

    const present = await openKey(presentKey, false);
    const next = await openKey(nextKey, true);

    expect([present.quarantine(), next.quarantine()]).to.deep.equal([undefined, undefined]);
    await present.close();
    await next.close();
  });
});
