/**
 * Frames on a byte stream: u32 length (big-endian), then that many bytes. The length is checked
 * against the limit before anything is kept, so a lying prefix costs four bytes. Pure.
 */
import { assert } from '@daybook/core';

/** Bytes of the length before each frame. */
export const PREFIX_BYTES = 4;

/** Why a stream cannot go on; after it the reader is useless. */
export interface FrameFailure {
  readonly kind: 'oversized' | 'empty';
  readonly size: number;
  readonly sizeMax: number;
}

/** Cuts a stream of chunks of any size into frames. */
export interface FrameReader {
  /**
   * Takes the next chunk and hands on the frames it completed, in order, each in memory of its
   * own. Keeps at most `sizeMax` bytes between calls.
   * @returns why the stream cannot go on; undefined while it can
   */
  push(chunk: Uint8Array, take: (frame: Uint8Array) => void): FrameFailure | undefined;
  /**
   * Changes the limit of the frames that follow (small before the handshake, large after it); may
   * be called while a frame is being handed on.
   */
  limit(sizeMax: number): void;
}

/** The four bytes that stand before a frame of this size. */
export function encodePrefix(size: number): Uint8Array {
  assert(Number.isInteger(size) && size > 0 && size < 2 ** 32, 'a frame size is a positive u32');
  const prefix = new Uint8Array(PREFIX_BYTES);
  new DataView(prefix.buffer).setUint32(0, size);
  return prefix;
}

/** @param sizeMax  largest frame in bytes, prefix excluded */
export function createFrameReader(sizeMax: number): FrameReader {
  return new Reader(sizeMax);
}

class Reader implements FrameReader {
  #sizeMax: number;
  /** Prefix bytes seen so far, as a number, and how many. */
  #prefix = 0;
  #prefixCount = 0;
  /** The frame being read, in memory that grows with what has come of it. */
  #frame = new Uint8Array(0);
  #filled = 0;
  #size = 0;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  limit(sizeMax: number): void {
    this.#sizeMax = sizeMax;
  }

  push(chunk: Uint8Array, take: (frame: Uint8Array) => void): FrameFailure | undefined {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#size === 0) {
        offset += this.#readPrefix(chunk, offset);
        const failure = this.#judgePrefix();
        if (failure !== undefined) {
          return failure;
        }
        continue;
      }
      const part = chunk.subarray(offset, offset + this.#size - this.#filled);
      offset += part.length;
      this.#fill(part);
      if (this.#filled === this.#size) {
        take(this.#finish());
      }
    }
    return undefined;
  }

  #readPrefix(chunk: Uint8Array, start: number): number {
    let offset = start;
    while (this.#prefixCount < PREFIX_BYTES && offset < chunk.length) {
      this.#prefix = this.#prefix * 256 + (chunk[offset] ?? 0);
      this.#prefixCount += 1;
      offset += 1;
    }
    return offset - start;
  }

  #judgePrefix(): FrameFailure | undefined {
    if (this.#prefixCount < PREFIX_BYTES) {
      return undefined;
    }
    const size = this.#prefix;
    this.#prefix = 0;
    this.#prefixCount = 0;
    if (size === 0 || size > this.#sizeMax) {
      return { kind: size === 0 ? 'empty' : 'oversized', size, sizeMax: this.#sizeMax };
    }
    this.#size = size;
    return undefined;
  }

  /**
   * Copies the part: a chunk belongs to the transport, which may reuse it. Parts are not kept one
   * by one, because a peer chooses their size, and a million of one byte would weigh a hundred
   * times what was sent. The memory doubles, so a lying length still costs no more than what came.
   */
  #fill(part: Uint8Array): void {
    const needed = this.#filled + part.length;
    if (needed > this.#frame.length) {
      const grown = new Uint8Array(Math.min(this.#size, Math.max(needed, 2 * this.#frame.length)));
      grown.set(this.#frame);
      this.#frame = grown;
    }
    this.#frame.set(part, this.#filled);
    this.#filled = needed;
  }

  /** The frame, whose memory is never larger than its size. */
  #finish(): Uint8Array {
    const frame = this.#frame;
    this.#frame = new Uint8Array(0);
    this.#filled = 0;
    this.#size = 0;
    return frame;
  }
}
