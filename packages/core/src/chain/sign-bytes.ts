/**
 * What validators sign (protocol §4): four fixed layouts, each behind its own tag and bound to the
 * chain, the height and the round. Content without signature here; signed and wire forms are in
 * `messages.ts`.
 */
import { createWriter } from '../codec/binary.ts';
import { TAGS } from '../crypto/tags.ts';
import type { Hash, Height, Round } from './ids.ts';
import { ZERO_HASH } from './ids.ts';

interface Slot {
  readonly height: Height;
  readonly round: Round;
}

export interface UnsignedPrePrepare extends Slot {
  readonly type: 'pre-prepare';
  readonly blockHash: Hash;
  /** Hash of the justification; zero in round 0. */
  readonly justificationHash: Hash;
}

export interface UnsignedPrepare extends Slot {
  readonly type: 'prepare';
  readonly blockHash: Hash;
}

/** This signature is the seal that certificates carry. */
export interface UnsignedCommit extends Slot {
  readonly type: 'commit';
  readonly blockHash: Hash;
}

/** A block that a quorum prepared in an earlier round of this height. */
export interface PreparedRef {
  readonly round: Round;
  readonly blockHash: Hash;
}

export interface UnsignedRoundChange extends Slot {
  readonly type: 'round-change';
  /** The lock of the sender, absent when it has none. */
  readonly prepared?: PreparedRef;
}

export type Unsigned = UnsignedPrePrepare | UnsignedPrepare | UnsignedCommit | UnsignedRoundChange;

const TAG_OF = {
  'pre-prepare': TAGS.PREPREPARE,
  prepare: TAGS.PREPARE,
  commit: TAGS.COMMIT,
  'round-change': TAGS.ROUNDCHG,
} as const;

/** The bytes under an Ed25519 signature: 124, 92, 92 or 97 by type. */
export function signBytes(chain: Hash, content: Unsigned): Uint8Array {
  const writer = createWriter();
  writer.raw(TAG_OF[content.type]);
  writer.raw(chain);
  writer.u64(content.height);
  writer.u32(content.round);
  if (content.type === 'round-change') {
    writer.u8(content.prepared === undefined ? 0 : 1);
    writer.u32(content.prepared?.round ?? 0);
    writer.raw(content.prepared?.blockHash ?? ZERO_HASH);
    return writer.finish();
  }
  writer.raw(content.blockHash);
  if (content.type === 'pre-prepare') writer.raw(content.justificationHash);
  return writer.finish();
}
