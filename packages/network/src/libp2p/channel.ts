/**
 * One long-lived stream: handshake first, then frames both ways. The end that opened it says hello
 * and waits; the other end judges and answers. Whatever goes wrong on it ends in one `closed` call
 * with a named reason; nothing here ever throws into an event of the stream.
 */

import { concatBytes } from '@daybook/core';
import type { Stream } from '@libp2p/interface';
import type { NetworkFailure } from '../errors.ts';
import type { FrameFailure, FrameReader } from '../framing.ts';
import { createFrameReader, encodePrefix } from '../framing.ts';
import type { Hello, Verdict } from '../handshake.ts';
import {
  decodeHello,
  decodeWelcome,
  encodeHello,
  encodeWelcome,
  failureOfVerdict,
  HANDSHAKE_BYTES_MAX,
} from '../handshake.ts';
import type { Allowance, Inlet } from '../inlet.ts';
import { createInlet } from '../inlet.ts';
import type { Clock, MetricsSink, PeerId } from '../network.ts';
import type { Outbox } from '../outbox.ts';
import type { ChannelName, ChannelRow } from '../protocols.ts';
import { StreamWriter } from './writer.ts';

/** From the open stream to the end of the handshake. */
const HANDSHAKE_MS = 5000;

/** How long a refused peer may take to read why. */
const REFUSING_MS = 1000;

export interface ChannelPorts {
  readonly clock: Clock;
  readonly metrics: MetricsSink;
  readonly outbox: Outbox;
  /** Of the peer's channel, whatever stream it is. */
  readonly allowance: Allowance;
  /** The own hello, of this moment. */
  hello(): Hello;
  /** Judges the hello of a peer that opened this stream. */
  judge(hello: Hello): Verdict;
  opened(channel: StreamChannel): void;
  receive(frame: Uint8Array): void | Promise<void>;
  /** A frame was over the rate. */
  flooded(): void;
  /** There is something to write, or room again: call `flush` soon, in order of priority. */
  wake(): void;
  /** Called exactly once, whatever happened. */
  closed(channel: StreamChannel, reason: NetworkFailure): void;
}

export interface ChannelOptions {
  readonly peerId: PeerId;
  readonly name: ChannelName;
  readonly row: ChannelRow;
  readonly side: 'opener' | 'answerer';
}

type State = 'greeting' | 'open' | 'refusing' | 'closed';

export class StreamChannel {
  readonly name: ChannelName;
  readonly #peerId: PeerId;
  readonly #row: ChannelRow;
  readonly #side: 'opener' | 'answerer';
  readonly #stream: Stream;
  readonly #ports: ChannelPorts;
  readonly #reader: FrameReader;
  readonly #inlet: Inlet;
  readonly #writer: StreamWriter;
  #cancelDeadline: () => void;
  #state: State = 'greeting';
  #reason: NetworkFailure | undefined;
  /** Frames of the chunk that is being read. */
  #arrived: Uint8Array[] = [];

  /** Must be called in the same tick in which the stream became ours, or it may miss bytes. */
  constructor(stream: Stream, options: ChannelOptions, ports: ChannelPorts) {
    this.name = options.name;
    this.#peerId = options.peerId;
    this.#row = options.row;
    this.#side = options.side;
    this.#stream = stream;
    this.#ports = ports;
    this.#reader = createFrameReader(HANDSHAKE_BYTES_MAX);
    const inletPorts = {
      clock: ports.clock,
      deliver: (frame: Uint8Array) => this.#deliver(frame),
      drop: () => this.#dropFlood(),
      pause: () => this.#pause(),
      resume: () => this.#resume(),
    };
    this.#inlet = createInlet(options.row, inletPorts, ports.allowance);
    const { clock } = ports;
    const sentLabels = { channel: this.name, direction: 'sent' };
    this.#writer = new StreamWriter(stream, ports.outbox, {
      clock,
      wake: () => ports.wake(),
      stalled: () => this.abort({ ...this.#where(), code: 'NETWORK_PEER_SLOW' }),
      failed: () => this.abort({ code: 'NETWORK_LINK_LOST', peerId: this.#peerId }),
      sent: (size) => {
        ports.metrics.add('daybook_network_frames_total', 1, sentLabels);
        ports.metrics.add('daybook_network_bytes_total', size, sentLabels);
      },
    });
    stream.addEventListener('close', this.#onClose);
    stream.addEventListener('remoteCloseWrite', this.#onRemoteClose);
    stream.addEventListener('message', this.#onMessage);
    this.#cancelDeadline = clock.schedule(HANDSHAKE_MS, () => this.#fail('no handshake in time'));
  }

  /** Begins the handshake, if that is our part. Call it when the channel stands in its table. */
  start(): void {
    if (this.#side === 'opener') {
      try {
        this.#sendNow(encodeHello(this.#ports.hello()));
      } catch (error) {
        this.#fail(String(error));
      }
    }
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Frames that wait to be written. */
  get queued(): number {
    return this.#ports.outbox.count;
  }

  /** Queues a frame. @returns false if it was dropped because the node's whole budget is used */
  send(frame: Uint8Array): boolean {
    const dropped = this.#ports.outbox.push(frame);
    if (dropped !== 0) {
      this.#countDropped('overflow', dropped ?? 1);
    }
    this.#ports.wake();
    return dropped !== undefined;
  }

  /** Writes what is queued, as far as the stream takes it. */
  flush(): void {
    if (this.#state === 'open') {
      this.#writer.flush();
    }
  }

  /**
   * Hands everything to the stream, closes it and waits until the peer has closed it too, which
   * is the only sign that it has read everything; then it is gone.
   */
  async finish(): Promise<void> {
    if (this.#state !== 'open') {
      this.abort({ code: 'NETWORK_STOPPED' });
      return;
    }
    this.#reason ??= { code: 'NETWORK_STOPPED' };
    await this.#writer.idle();
    const gone = new Promise<void>((resolve) => {
      this.#stream.addEventListener('close', () => resolve(), { once: true });
    });
    await this.#stream.close();
    if (this.#stream.status === 'open') {
      await gone;
    }
  }

  /** Ends the stream at once; what was queued is lost. */
  abort(reason: NetworkFailure): void {
    this.#reason ??= reason;
    this.#stream.abort(new Error(reason.code));
    this.#end();
  }

  readonly #onMessage = (event: { data: Uint8Array | Iterable<Uint8Array> }): void => {
    try {
      const { data } = event;
      for (const chunk of data instanceof Uint8Array ? [data] : data) {
        const failure = this.#reader.push(chunk, (frame) => this.#take(frame));
        if (failure !== undefined) {
          this.#refuseFrame(failure);
          return;
        }
      }
      const arrived = this.#arrived;
      this.#arrived = [];
      this.#inlet.offer(arrived);
    } catch (error) {
      // A throw in this listener would end the process; a bug of ours costs one stream instead.
      this.#fail(`internal: ${String(error)}`);
    }
  };

  readonly #onRemoteClose = (): void => {
    // A half-closed stream is of no use to us, and lives on until we close our half.
    this.#stream.close().catch(() => this.#end());
  };

  readonly #onClose = (): void => this.#end();

  #take(frame: Uint8Array): void {
    if (this.#state === 'open') {
      this.#arrived.push(frame);
    } else if (this.#state === 'greeting') {
      this.#greet(frame);
    }
  }

  #greet(frame: Uint8Array): void {
    if (this.#side === 'opener') {
      const welcome = decodeWelcome(frame);
      if (welcome === undefined) {
        this.#fail('the answer is no welcome');
        return;
      }
      this.#conclude(welcome.verdict, welcome.hello);
      return;
    }
    const hello = decodeHello(frame);
    if (hello === undefined) {
      this.#fail('the first frame is no hello');
      return;
    }
    const verdict = this.#ports.judge(hello);
    this.#sendNow(encodeWelcome(verdict, this.#ports.hello()));
    this.#conclude(verdict, hello);
  }

  #conclude(verdict: Verdict, hello: Hello): void {
    const failure = failureOfVerdict(verdict, this.#peerId, hello);
    if (failure !== undefined) {
      this.#refuse(failure);
      return;
    }
    this.#cancelDeadline();
    this.#state = 'open';
    this.#reader.limit(this.#row.frameBytesMax);
    this.#ports.opened(this);
  }

  /** The opener just ends; the answerer first lets its verdict reach the peer. */
  #refuse(failure: NetworkFailure): void {
    this.#reason = failure;
    if (this.#side === 'opener') {
      this.abort(failure);
      return;
    }
    this.#state = 'refusing';
    this.#cancelDeadline();
    this.#cancelDeadline = this.#ports.clock.schedule(REFUSING_MS, () => this.abort(failure));
    this.#stream.close().catch(() => this.#end());
  }

  #refuseFrame(failure: FrameFailure): void {
    const { kind, size, sizeMax } = failure;
    const peerId = this.#peerId;
    this.#countDropped(kind, 1);
    this.abort(
      kind === 'empty'
        ? { code: 'NETWORK_FRAME_MALFORMED', peerId, detail: 'an empty frame' }
        : { code: 'NETWORK_FRAME_OVERSIZED', peerId, size, sizeMax },
    );
  }

  #fail(detail: string): void {
    this.abort({ code: 'NETWORK_HANDSHAKE_FAILED', peerId: this.#peerId, detail });
  }

  /** Handshake frames do not queue: nothing else may be sent before them. */
  #sendNow(frame: Uint8Array): void {
    this.#stream.send(concatBytes(encodePrefix(frame.length), frame));
  }

  #deliver(frame: Uint8Array): void | Promise<void> {
    const labels = { channel: this.name, direction: 'received' };
    this.#ports.metrics.add('daybook_network_frames_total', 1, labels);
    this.#ports.metrics.add('daybook_network_bytes_total', frame.length, labels);
    return this.#ports.receive(frame);
  }

  #dropFlood(): void {
    this.#countDropped('rate', 1);
    this.#ports.flooded();
  }

  #pause(): void {
    if (this.#stream.readStatus === 'readable') {
      this.#stream.pause();
    }
  }

  #resume(): void {
    if (this.#state === 'open' && this.#stream.readStatus === 'paused') {
      this.#stream.resume();
    }
  }

  #countDropped(why: string, count: number): void {
    this.#ports.metrics.add('daybook_network_dropped_total', count, { channel: this.name, why });
  }

  #where(): { readonly peerId: PeerId; readonly channel: ChannelName } {
    return { peerId: this.#peerId, channel: this.name };
  }

  #end(): void {
    if (this.#state === 'closed') {
      return;
    }
    this.#state = 'closed';
    this.#cancelDeadline();
    this.#inlet.close();
    this.#writer.close();
    const lost = this.#ports.outbox.clear();
    if (lost > 0) {
      this.#countDropped('closed', lost);
    }
    const lostLink: NetworkFailure = { code: 'NETWORK_LINK_LOST', peerId: this.#peerId };
    this.#ports.closed(this, this.#reason ?? lostLink);
  }
}
