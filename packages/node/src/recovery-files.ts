/**
 * Recovery files that the operator installed (protocol §19), in the folder `recovery` of the data
 * directory. A node takes a recovery from there and from nowhere else: no peer can bring one.
 */
import * as fs from 'node:fs';
import path from 'node:path';
import type { Genesis, Hash, RecoveryFile } from '@daybook/core';
import { equalBytes, eraOf, readRecoveryFile, renderRecoveryFile, toHex } from '@daybook/core';
import { replaceFile, syncFolder } from '@daybook/state';
import { NodeError } from './errors.ts';

const FOLDER = 'recovery';

/** Reads a recovery file. @throws NodeError NODE_RECOVERY_UNREADABLE with every fault */
export function readRecoveryAt(file: string): RecoveryFile {
  let json: unknown;
  try {
    json = JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NodeError('NODE_RECOVERY_UNREADABLE', { detail: `${file}: ${reason}.`, cause });
  }
  const read = readRecoveryFile(json);
  if (read.ok) return read.value;
  const faults = read.reason.faults.map((f) => `${f.pointer}: expected ${f.expected}`);
  throw new NodeError('NODE_RECOVERY_UNREADABLE', { detail: `${file}: ${faults.join('; ')}.` });
}

/**
 * The files of this chain that are installed, ascending by height.
 * @throws NodeError NODE_RECOVERY_UNREADABLE
 */
export function installedRecoveries(
  dataDirectory: string,
  genesis: Pick<Genesis, 'chain'>,
): readonly RecoveryFile[] {
  const folder = path.join(dataDirectory, FOLDER);
  if (!fs.existsSync(folder)) return [];
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.json'));
  const files = names.sort().map((name) => readRecoveryAt(path.join(folder, name)));
  return files
    .filter(({ plan }) => equalBytes(plan.chain, genesis.chain))
    .sort((a, b) => a.plan.height - b.plan.height);
}

/**
 * Keeps a copy, durably and whole or not at all.
 * @returns its path
 * @throws StateError STATE_DISK_FULL, STATE_DISK_FAILED, STATE_SYNC_FAILED
 */
export function installRecovery(dataDirectory: string, file: RecoveryFile): string {
  const folder = path.join(dataDirectory, FOLDER);
  fs.mkdirSync(folder, { recursive: true });
  syncFolder(dataDirectory);
  const era = toHex(eraOf(file.plan)).slice(0, 16);
  const target = path.join(folder, `${String(file.plan.height).padStart(15, '0')}-${era}.json`);
  replaceFile(target, renderRecoveryFile(file), 0o600);
  return target;
}

/** What votes of this node bind: the era of the newest installed recovery, or G. */
export function signingChainOf(
  genesis: Pick<Genesis, 'chain'>,
  recoveries: readonly RecoveryFile[],
): Hash {
  const newest = recoveries.at(-1);
  return newest === undefined ? genesis.chain : eraOf(newest.plan);
}
