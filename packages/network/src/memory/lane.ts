/**
 * One direction of one channel between two nodes of a memory hub: the sender's bounded outbox, the
 * way with its delays, and the receiver's inlet. It behaves as a stream does: in order, a bounded
 * number of bytes on the way, and a receiver that stops reading makes the sender's queue grow.
 */
import { assert } from '@daybook/core';
import type { Inlet } from '../inlet.ts';
import { createInlet } from '../inlet.ts';
import type { Clock, MetricsSink } from '../network.ts';
import type { Budget, Outbox } from '../outbox.ts';
import { createOutbox } from '../outbox.ts';
import type { ChannelName, ChannelRow } from '../protocols.ts';

/** Bytes on the way at a time, as the window of a real stream. */
const WINDOW_BYTES = 1024 * 1024;

export interface LanePorts {
  readonly clock: Clock;
  /** The sender's budget and figures. */
  readonly budget: Budget;
  readonly sender: MetricsSink;
  readonly receiver: MetricsSink;
  /** Milliseconds until each copy arrives; empty = the frame is lost. */
  fate(size: number): readonly number[];
  receive(frame: Uint8Array): void | Promise<void>;
  flooded(): void;
}

export class Lane {
  readonly #channel: ChannelName;
  readonly #ports: LanePorts;
  readonly #outbox: Outbox;
  readonly #inlet: Inlet;
  #onTheWay = 0;
  #lastArrival = 0;
  #paused = false;
  #closed = false;
  #scheduled = false;

  constructor(channel: ChannelName, row: ChannelRow, ports: LanePorts) {
    this.#channel = channel;
    this.#ports = ports;
    this.#outbox = createOutbox(row, ports.budget);
    this.#inlet = createInlet(row, {
      clock: ports.clock,
      deliver: (frame) => this.#deliver(frame),
      drop: () => {
        this.#countDropped(ports.receiver, 'rate', 1);
        ports.flooded();
      },
      pause: () => {
        this.#paused = true;
      },
      resume: () => {
        this.#paused = false;
        this.#pump();
      },
    });
  }

  get queued(): number {
    return this.#outbox.count;
  }

  send(frame: Uint8Array): boolean {
    const dropped = this.#outbox.push(frame);
    if (dropped !== 0) {
      this.#countDropped(this.#ports.sender, 'overflow', dropped ?? 1);
    }
    this.#pump();
    return dropped !== undefined;
  }

  /** Sends everything that waits on its way, unless the receiver does not read. @returns ms */
  flush(): number {
    let frame = this.#paused ? undefined : this.#outbox.shift();
    while (frame !== undefined) {
      this.#carry(frame);
      frame = this.#outbox.shift();
    }
    return Math.max(0, this.#lastArrival - this.#ports.clock.now());
  }

  close(): void {
    this.#closed = true;
    this.#inlet.close();
    const lost = this.#outbox.clear();
    if (lost > 0) {
      this.#countDropped(this.#ports.sender, 'closed', lost);
    }
  }

  #pump(): void {
    if (this.#scheduled) {
      return;
    }
    this.#scheduled = true;
    // Frames leave in the next tick, as from a socket, never inside the sender's call.
    this.#ports.clock.schedule(0, () => {
      this.#scheduled = false;
      while (!this.#closed && !this.#paused && this.#onTheWay < WINDOW_BYTES) {
        const frame = this.#outbox.shift();
        if (frame === undefined) {
          return;
        }
        this.#carry(frame);
      }
    });
  }

  #carry(frame: Uint8Array): void {
    const { clock, sender } = this.#ports;
    const labels = { channel: this.#channel, direction: 'sent' };
    sender.add('daybook_network_frames_total', 1, labels);
    sender.add('daybook_network_bytes_total', frame.length, labels);
    const [first, ...copies] = this.#ports.fate(frame.length);
    if (first === undefined) {
      return;
    }
    const now = clock.now();
    this.#lastArrival = Math.max(this.#lastArrival, now + first);
    this.#onTheWay += frame.length;
    clock.schedule(this.#lastArrival - now, () => {
      this.#onTheWay -= frame.length;
      assert(this.#onTheWay >= 0, 'what arrives was on the way');
      this.#arrive(frame);
      this.#pump();
    });
    for (const delayMs of copies) {
      clock.schedule(delayMs, () => this.#arrive(frame));
    }
  }

  #arrive(frame: Uint8Array): void {
    if (!this.#closed) {
      // A receiver owns its bytes, and senders share one frame among all peers.
      this.#inlet.offer([frame.slice()]);
    }
  }

  #deliver(frame: Uint8Array): void | Promise<void> {
    const labels = { channel: this.#channel, direction: 'received' };
    this.#ports.receiver.add('daybook_network_frames_total', 1, labels);
    this.#ports.receiver.add('daybook_network_bytes_total', frame.length, labels);
    return this.#ports.receive(frame);
  }

  #countDropped(metrics: MetricsSink, why: string, count: number): void {
    metrics.add('daybook_network_dropped_total', count, { channel: this.#channel, why });
  }
}
