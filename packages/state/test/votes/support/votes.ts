/** Votes, locks and logs that the tests of guard, log and signers have in common. */
import type { Hash, Unsigned } from '@daybook/core';
import {
  asHash,
  asPublicKey,
  encodeCertificate,
  publicKeyOf,
  sha256,
  signBytes,
  validatorIdOf,
} from '@daybook/core';
import type { MemoryDisk } from '../../../src/disk/memory-disk.ts';
import { createMemoryDisk } from '../../../src/disk/memory-disk.ts';
import type { SigningRequest, VoteSigner } from '../../../src/index.ts';
import { createVoteLog, openVoteSigner } from '../../../src/index.ts';

export const chain = asHash(new Uint8Array(32).fill(7));
export const secretKey = sha256(Uint8Array.of(1));
export const publicKey = asPublicKey(publicKeyOf(secretKey));
const validatorId = validatorIdOf(publicKey);
export const options = { directory: '/votes', chain, validatorId, allocateBytes: 1024 };
export const blockA = asHash(new Uint8Array(32).fill(1));
export const blockB = asHash(new Uint8Array(32).fill(2));
export const MIRRORS = ['/votes/wal-A', '/votes/wal-B'] as const;

export function request(content: Unsigned): SigningRequest {
  return { signBytes: signBytes(chain, content), attachment: new Uint8Array([1, 2, 3]) };
}

export function lockOf(height: number, round: number, blockHash: Hash) {
  const certificate = encodeCertificate({
    kind: 'prepare',
    height,
    round,
    blockHash,
    validatorCount: 4,
    signers: [],
    signatures: [],
  });
  return { height, round, blockHash, certificate };
}

export function prepare(height: number, round: number, blockHash: Hash): Unsigned {
  return { type: 'prepare', height, round, blockHash };
}

export function commit(height: number, round: number, blockHash: Hash): Unsigned {
  return { type: 'commit', height, round, blockHash };
}

/** A COMMIT with its lock. */
export function commitRequest(height: number, round: number, blockHash: Hash): SigningRequest {
  return {
    ...request(commit(height, round, blockHash)),
    lock: lockOf(height, round, blockHash),
  };
}

export async function freshDisk(): Promise<MemoryDisk> {
  const disk = createMemoryDisk();
  await createVoteLog(options, { disk });
  return disk;
}

/** The signer over the log of a disk; quarantine is an error unless it is expected. */
export async function openSigner(disk: MemoryDisk, free = () => 1) {
  const { signer, repairs } = await openVoteSigner(
    { ...options, secretKey },
    { disk, freeFraction: free },
  );
  const reason = signer.quarantine();
  if (reason !== undefined) throw new Error(`quarantine: ${reason.code}`);
  return { signer, repairs };
}

/** Signs a PREPARE and a COMMIT with its lock. */
export async function voteAt(signer: VoteSigner, height: number, blockHash = blockA) {
  await signer.enterHeight(height);
  for (const one of [request(prepare(height, 0, blockHash)), commitRequest(height, 0, blockHash)]) {
    const signed = await signer.sign(one);
    if (!signed.ok) throw new Error(signed.reason.code);
  }
}

/** A log with two votes and a lock at height 5. */
export async function writtenDisk(): Promise<MemoryDisk> {
  const disk = await freshDisk();
  const { signer } = await openSigner(disk);
  await voteAt(signer, 5);
  await signer.close();
  return disk;
}
