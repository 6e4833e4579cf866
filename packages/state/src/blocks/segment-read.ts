/**
 * Reading one final block out of a segment, by the places its index names: of a file that is open
 * here, or of bytes that were fetched from wherever the segment was moved to. Nothing is returned
 * that the checksums and the index do not agree on.
 */
import type { Hash, Height } from '@daybook/core';
import { equalBytes, toHex } from '@daybook/core';
import type { DiskFile } from '../disk/disk.ts';
import type { FinalBlock, Finalisation } from './block-log.ts';
import type { FramedRecord } from './block-record.ts';
import {
  CANDIDATE_HEAD,
  kindOf,
  RECORD_CANDIDATE,
  RECORD_FINAL,
  RECORD_HEAD,
  readCandidateHead,
  readFinalisation,
  recordAt,
  recordBytes,
} from './block-record.ts';
import { damaged } from './segment-scan.ts';

/** A segment's bytes, as far as reading needs them. */
export interface SegmentBytes {
  readonly path: string;
  readonly file: Pick<DiskFile, 'size' | 'read'>;
}

/** Where the two records of a final block stand in a segment, as its index says. */
export interface BlockPlace {
  /** Path or name of the segment. */
  readonly path: string;
  readonly height: Height;
  readonly blockHash: Hash;
  /** Byte at which the record of the body begins. */
  readonly bodyOffset: number;
  /** Byte at which the record begins that made it final. */
  readonly finalOffset: number;
}

/** @throws StateError STATE_BLOCK_DAMAGED */
export function readRecord({ path, file }: SegmentBytes, offset: number): FramedRecord {
  const head = new Uint8Array(RECORD_HEAD);
  file.read(offset, head);
  const bytes = new Uint8Array(Math.max(0, Math.min(recordBytes(head) ?? 0, file.size() - offset)));
  file.read(offset, bytes);
  return wholeRecord(path, offset, bytes);
}

function wholeRecord(path: string, offset: number, bytes: Uint8Array): FramedRecord {
  const record = recordAt(bytes, 0);
  if (record === undefined) throw damaged(path, offset, 'a record fails its checksum');
  return record;
}

/** Bytes of the block whose body stands at an offset. @throws StateError STATE_BLOCK_DAMAGED */
export function readBody(
  { path, file }: SegmentBytes,
  bodyOffset: number,
  blockHash: Hash,
): Uint8Array {
  return bodyIn(readRecord({ path, file }, bodyOffset), { path, bodyOffset, blockHash });
}

function bodyIn(
  record: FramedRecord,
  { path, bodyOffset, blockHash }: Pick<BlockPlace, 'path' | 'bodyOffset' | 'blockHash'>,
): Uint8Array {
  const { payload } = record;
  const head = kindOf(record) === RECORD_CANDIDATE ? readCandidateHead(payload) : undefined;
  if (head === undefined || !equalBytes(head.blockHash, blockHash)) {
    throw damaged(path, bodyOffset, `not the body of ${toHex(blockHash)}`);
  }
  return payload.slice(CANDIDATE_HEAD);
}

/** What made a block final. @throws StateError STATE_BLOCK_DAMAGED */
export function finalisationIn(
  record: FramedRecord,
  { path, finalOffset, blockHash }: Pick<BlockPlace, 'path' | 'finalOffset' | 'blockHash'>,
): Finalisation {
  const final = kindOf(record) === RECORD_FINAL ? readFinalisation(record.payload) : undefined;
  if (final === undefined || !equalBytes(final.blockHash, blockHash)) {
    throw damaged(path, finalOffset, 'not the record the index names');
  }
  return final;
}

/**
 * A block out of the bytes of its two records, fetched from somewhere.
 * @throws StateError STATE_BLOCK_DAMAGED
 */
export function assembleBlock(
  place: BlockPlace,
  { body, final }: { readonly body: Uint8Array; readonly final: Uint8Array },
): FinalBlock {
  const { path, bodyOffset, finalOffset } = place;
  return {
    ...finalisationIn(wholeRecord(path, finalOffset, final), place),
    bytes: bodyIn(wholeRecord(path, bodyOffset, body), place),
  };
}
