/**
 * Writes the frames of an outbox to a libp2p stream as fast as it takes them and no faster. What is
 * queued within one tick leaves in one piece; a large frame leaves in slices, so that on a slow
 * line a vote waits behind one slice of sync and not behind eight megabytes.
 */
import { concatBytes } from '@daybook/core';
import type { Stream } from '@libp2p/interface';
import { encodePrefix } from '../framing.ts';
import type { Clock } from '../network.ts';
import type { Outbox } from '../outbox.ts';

/** Bytes handed to the stream at a time. */
const SLICE_BYTES = 64 * 1024;

/** How long a peer may take nothing at all while something waits for it. */
export const STALL_MS = 15_000;

export interface WriterPorts {
  readonly clock: Clock;
  /** There is something to write, or room again: call `flush` soon, in order of priority. */
  wake(): void;
  /** The peer took nothing for `STALL_MS`. */
  stalled(): void;
  /** The stream refused bytes: it is closing. */
  failed(error: Error): void;
  /** A frame was handed over whole. */
  sent(size: number): void;
}

export class StreamWriter {
  readonly #stream: Stream;
  readonly #outbox: Outbox;
  readonly #ports: WriterPorts;
  /** The rest of a frame that did not fit into the last slice. */
  #rest: Uint8Array | undefined;
  #closed = false;
  #cancelStall: (() => void) | undefined;
  #idleWaiters: (() => void)[] = [];

  constructor(stream: Stream, outbox: Outbox, ports: WriterPorts) {
    this.#stream = stream;
    this.#outbox = outbox;
    this.#ports = ports;
    stream.addEventListener('drain', this.#onDrain);
  }

  /** Writes until the outbox is empty or the stream takes no more. */
  flush(): void {
    try {
      while (!this.#closed && !this.#stream.writableNeedsDrain) {
        const slice = this.#nextSlice();
        if (slice === undefined) {
          this.#tellIdle();
          return;
        }
        this.#stream.send(slice);
      }
    } catch (error) {
      this.#ports.failed(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (!this.#closed && this.#cancelStall === undefined) {
      this.#cancelStall = this.#ports.clock.schedule(STALL_MS, () => this.#ports.stalled());
    }
  }

  /** Resolves when everything was handed to the stream, or the stream is gone. */
  idle(): Promise<void> {
    return this.#isIdle() ? Promise.resolve() : new Promise((done) => this.#idleWaiters.push(done));
  }

  /** Writes nothing more. */
  close(): void {
    this.#closed = true;
    this.#cancelStall?.();
    this.#stream.removeEventListener('drain', this.#onDrain);
    this.#tellIdle();
  }

  readonly #onDrain = (): void => {
    this.#cancelStall?.();
    this.#cancelStall = undefined;
    this.#ports.wake();
  };

  #isIdle(): boolean {
    return this.#closed || (this.#outbox.count === 0 && this.#rest === undefined);
  }

  /** About `SLICE_BYTES` of what waits, or undefined. */
  #nextSlice(): Uint8Array | undefined {
    const parts: Uint8Array[] = [];
    let room = SLICE_BYTES;
    while (room > 0) {
      if (this.#rest === undefined) {
        const frame = this.#outbox.shift();
        if (frame === undefined) {
          break;
        }
        this.#ports.sent(frame.length);
        parts.push(encodePrefix(frame.length));
        this.#rest = frame;
      }
      const part = this.#rest.subarray(0, room);
      this.#rest = part.length < this.#rest.length ? this.#rest.subarray(room) : undefined;
      room -= part.length;
      parts.push(part);
    }
    const [only] = parts;
    return parts.length > 1 ? concatBytes(...parts) : only;
  }

  #tellIdle(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const done of waiters) {
      done();
    }
  }
}
