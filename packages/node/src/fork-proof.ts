/**
 * The fork proof a node leaves when it stops because a height was decided twice (protocol C-32).
 * While the file is there the node does not start: what to do next is for people.
 */
import * as fs from 'node:fs';
import path from 'node:path';
import type { ConsensusFatal } from '@daybook/consensus';
import type { Genesis, Height, SystemTransaction } from '@daybook/core';
import {
  decodeBlock,
  encodeCanonical,
  encodeCertificate,
  encodeForkProof,
  encodeHeader,
} from '@daybook/core';
import type { BlockLog } from '@daybook/state';
import { replaceFile } from '@daybook/state';
import { NodeError } from './errors.ts';
import type { KnownSet } from './reads/proofs.ts';
import { changesUpTo } from './reads/proofs.ts';

export const FORK_PROOF_FILE = 'fork-proof.bin';

export type ForkFailure = Extract<ConsensusFatal, { code: 'CONSENSUS_FORK' }>;

/** What proves a fork beside the two certificates. */
export interface ForkProofParts {
  readonly genesis: Genesis;
  readonly blockLog: BlockLog;
  readonly laterSets: () => readonly KnownSet[];
  /** Faults that wait in the pool. */
  readonly faults: () => readonly SystemTransaction[];
}

export function isFork(error: unknown): error is ForkFailure {
  return typeof error === 'object' && error !== null && 'code' in error
    ? error.code === 'CONSENSUS_FORK'
    : false;
}

/** @throws NodeError NODE_FORK_PROOF_PRESENT if this node stopped for a fork and nobody acted */
export function refuseAfterFork(dataDirectory: string): void {
  const file = path.join(dataDirectory, FORK_PROOF_FILE);
  if (!fs.existsSync(file)) return;
  throw new NodeError('NODE_FORK_PROOF_PRESENT', { detail: `The file is ${file}.` });
}

function finalSide(blockLog: BlockLog, height: Height) {
  const stored = blockLog.readBlock(height);
  const block = stored && decodeBlock(stored.bytes);
  if (stored === undefined || block?.ok !== true) return undefined;
  return { certificate: stored.certificate, header: encodeHeader(block.value.header) };
}

/** The proof, or undefined if this node holds only one of the two certificates. */
export function buildForkProof(
  failure: ForkFailure,
  parts: ForkProofParts,
): Uint8Array | undefined {
  const { genesis, blockLog, laterSets, faults } = parts;
  const { height, second } = failure;
  const logged = finalSide(blockLog, height);
  const first =
    failure.first === undefined
      ? logged
      : { ...logged, certificate: encodeCertificate(failure.first) };
  if (first === undefined) return undefined;
  const candidate = blockLog.readCandidate(second.blockHash);
  const other = candidate && decodeBlock(candidate);
  const header = other?.ok === true ? encodeHeader(other.value.header) : undefined;
  return encodeForkProof({
    genesis: genesis.bytes,
    changes: changesUpTo(laterSets(), height, blockLog),
    first,
    second: { certificate: encodeCertificate(second), ...(header && { header }) },
    evidence: faults().map(({ payload }) => encodeCanonical(payload)),
  });
}

/**
 * Writes the proof, durably and whole or not at all; one that is there already is the older and stays.
 * @returns its path
 * @throws StateError STATE_DISK_FULL, STATE_DISK_FAILED, STATE_SYNC_FAILED
 */
export function writeForkProof(dataDirectory: string, bytes: Uint8Array): string {
  const file = path.join(dataDirectory, FORK_PROOF_FILE);
  if (!fs.existsSync(file)) replaceFile(file, bytes, 0o644);
  return file;
}
