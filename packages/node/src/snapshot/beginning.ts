/**
 * What a node that joined by a snapshot keeps of the time before it: the changes of the validator
 * set, whose blocks it has not. Beside the block log, in one file with a checksum; proofs go back to
 * genesis by it.
 *
 *   file = crc32c u32 | canonical array of changes, as in proof bundles
 */
import type { CborValue, SetChange } from '@daybook/core';
import {
  changeToCbor,
  concatBytes,
  crc32c,
  decodeCanonical,
  encodeCanonical,
  LIMITS,
  readChange,
} from '@daybook/core';
import type { Disk } from '@daybook/state';
import { NodeError } from '../errors.ts';

const FILE_NAME = 'beginning.cbor';
/** Changes, change, validators, validator. */
const DEPTH_MAX = 5;
const CHECKSUM_SIZE = 4;

/** Durable when it resolves. @param blocks  directory of the block log */
export async function writeBeginning(
  changes: readonly SetChange[],
  blocks: string,
  disk: Disk,
): Promise<void> {
  const body = encodeCanonical(changes.map(changeToCbor));
  const checksum = new Uint8Array(CHECKSUM_SIZE);
  new DataView(checksum.buffer).setUint32(0, crc32c(body));
  const file = disk.createFile(`${blocks}/${FILE_NAME}`);
  file.write(0, concatBytes(checksum, body));
  await file.sync();
  file.close();
  await disk.syncDirectory(blocks);
}

/**
 * None where the chain was followed from genesis.
 * @throws NodeError NODE_BEGINNING_DAMAGED
 */
export function readBeginning(blocks: string, disk: Disk): readonly SetChange[] {
  if (!disk.list(blocks).includes(FILE_NAME)) return [];
  const path = `${blocks}/${FILE_NAME}`;
  const file = disk.openFile(path);
  const bytes = new Uint8Array(file.size());
  file.read(0, bytes);
  file.close();
  const changes = decodeBeginning(bytes);
  if (changes !== undefined) return changes;
  throw new NodeError('NODE_BEGINNING_DAMAGED', { detail: `File ${path}.` });
}

function decodeBeginning(bytes: Uint8Array): readonly SetChange[] | undefined {
  const body = bytes.subarray(CHECKSUM_SIZE);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < CHECKSUM_SIZE || view.getUint32(0) !== crc32c(body)) return undefined;
  const limits = { bytesMax: LIMITS.rangeBytesMax, depthMax: DEPTH_MAX };
  const decoded = decodeCanonical(body, limits);
  if (!decoded.ok || !Array.isArray(decoded.value)) return undefined;
  const changes = (decoded.value as readonly CborValue[]).map(readChange);
  return changes.every((change) => change !== undefined) ? changes : undefined;
}
