/**
 * The port through which execution reads the state, and what it gives back. `packages/state` fits
 * it by shape; a Map does, too.
 */
import type { RecordKey } from '@daybook/core';

/** The state after some height. Must not change while a block is executed over it. */
export interface StateView {
  /** Bytes of a stored value, which nobody changes afterwards; undefined when there is none. */
  get(key: RecordKey): Uint8Array | undefined;
}

/** One record after a block: its new stored value, or none if it was removed. */
export interface StateWrite {
  readonly recordKey: RecordKey;
  readonly treeKey: Uint8Array;
  readonly value: Uint8Array | undefined;
}
