/** Ranges of blocks with their certificates as they travel (protocol §18), and who serves them. */
import type { Height, Result } from '@daybook/core';
import { createWriter, decodeBinary, LIMITS } from '@daybook/core';
import type { BlockReader } from './archive/block-reader.ts';
import { NodeError } from './errors.ts';
import type { FoundDamage } from './found-damage.ts';

/** A block as it travels: with the certificate of whoever serves it. */
export interface ServedBlock {
  readonly block: Uint8Array;
  readonly certificate: Uint8Array;
}

/** Room for the certificate and the lengths of one served block. */
const SERVED_OVERHEAD_BYTES = 4096;

export function encodeRangeRequest(from: Height, count: number): Uint8Array {
  const writer = createWriter();
  writer.u64(from);
  writer.u16(count);
  return writer.finish();
}

/** What ranges are served from. */
export interface ServingParts {
  readonly blocks: Pick<BlockReader, 'readBlock'>;
  readonly damage: Pick<FoundDamage, 'note'>;
}

/** Answers `blocks`: as many as fit, none if the first is not to be had. */
export async function serveRange(
  request: Uint8Array,
  { blocks, damage }: ServingParts,
): Promise<Uint8Array | undefined> {
  const wanted = decodeBinary(request, 'range request', (reader) => ({
    from: reader.u64(),
    count: reader.u16(),
  }));
  if (!wanted.ok || wanted.value.from === 0) return undefined;
  const served: ServedBlock[] = [];
  let bytes = 0;
  const { from } = wanted.value;
  const count = Math.min(wanted.value.count, LIMITS.rangeBlocksMax);
  for (let height = from; height < from + count; height++) {
    const stored = await readIfAny(height, { blocks, damage });
    if (stored === undefined) break;
    bytes += stored.bytes.length + SERVED_OVERHEAD_BYTES;
    if (bytes > LIMITS.rangeBytesMax && served.length > 0) break;
    served.push({ block: stored.bytes, certificate: stored.certificate });
  }
  return served.length === 0 ? undefined : encodeRange(served);
}

/** Damage, and an archive that is away, ends a range; the reader has told the operator. */
async function readIfAny(height: Height, { blocks, damage }: ServingParts) {
  try {
    return await blocks.readBlock(height);
  } catch (error) {
    if (error instanceof NodeError || damage.note(error)) return undefined;
    throw error;
  }
}

function encodeRange(served: readonly ServedBlock[]): Uint8Array {
  const writer = createWriter();
  writer.u16(served.length);
  for (const { block, certificate } of served) {
    writer.sized(block);
    writer.sized(certificate);
  }
  return writer.finish();
}

/** @param countMax  how many blocks were asked for */
export function decodeRange(
  bytes: Uint8Array,
  countMax: number,
): Result<readonly ServedBlock[], { readonly code: string }> {
  return decodeBinary(bytes, 'range', (reader) => {
    const count = reader.u16();
    if (count === 0) reader.refuse('a range without a block');
    if (count > countMax) reader.refuse('more blocks than were asked for');
    return Array.from({ length: count }, () => ({
      block: reader.sized(LIMITS.blockBytesHardMax + SERVED_OVERHEAD_BYTES),
      certificate: reader.sized(SERVED_OVERHEAD_BYTES),
    }));
  });
}
