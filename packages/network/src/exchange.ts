/**
 * What both adapters share: envelopes out of frames, messages to listeners, requests to handlers,
 * answers to askers, gossip to judges. An adapter only moves frames and says which links exist.
 */
import { assert } from '@daybook/core';
import type { Answers } from './answers.ts';
import { createAnswers } from './answers.ts';
import type { Envelope } from './envelope.ts';
import { decodeEnvelope, ENVELOPE_BYTES_MAX, encodeEnvelope } from './envelope.ts';
import type { NetworkFailure } from './errors.ts';
import type {
  GossipListener,
  GossipVerdict,
  MessageListener,
  Network,
  NetworkParts,
  Offence,
  PeerEvent,
  PeerId,
  RequestOptions,
  Unsubscribe,
} from './network.ts';
import type { OwnFaults } from './own-faults.ts';
import { createOwnFaults } from './own-faults.ts';
import type { ChannelName, RequestName, TopicName } from './protocols.ts';
import { CHANNELS, REQUESTS } from './protocols.ts';
import type { Answer, Questions } from './questions.ts';
import { createQuestions } from './questions.ts';

export interface ExchangePorts extends Pick<NetworkParts, 'clock' | 'logger' | 'metrics'> {
  /** Queues a frame. @returns false if the channel is not open */
  write(peerId: PeerId, channel: ChannelName, frame: Uint8Array): boolean;
  /** Validators to which the channel is open. */
  reaches(channel: ChannelName): readonly PeerId[];
  offend(peerId: PeerId, offence: Offence): void;
}

/** The part of the port that is the same for every adapter. */
type Face = Pick<
  Network,
  'send' | 'broadcast' | 'onMessage' | 'request' | 'handle' | 'onGossip' | 'onPeer'
>;

export class Exchange {
  readonly #ports: ExchangePorts;
  readonly #questions: Questions;
  readonly #answers: Answers;
  readonly #faults: OwnFaults;
  readonly #listeners = new Map<ChannelName, Set<MessageListener>>();
  readonly #judges = new Map<TopicName, GossipListener>();
  readonly #observers = new Set<(event: PeerEvent) => void>();

  constructor(ports: ExchangePorts) {
    this.#ports = ports;
    this.#faults = createOwnFaults(ports);
    const send = (peerId: PeerId, name: RequestName, envelope: Envelope): boolean =>
      ports.write(peerId, REQUESTS[name].channel, encodeEnvelope(envelope));
    this.#questions = createQuestions({
      clock: ports.clock,
      metrics: ports.metrics,
      ask: (peerId, name, id, payload) =>
        send(peerId, name, { kind: 'request', id, row: REQUESTS[name].number, payload }),
      cancel: (peerId, name, id) => send(peerId, name, { kind: 'cancel', id }),
    });
    this.#answers = createAnswers({
      faults: this.#faults,
      send,
      offend: (peerId, offence) => ports.offend(peerId, offence),
    });
  }

  face(): Face {
    return {
      send: (peerId, channel, bytes) =>
        this.#ports.write(peerId, channel, this.#frameOf(channel, bytes)),
      broadcast: (channel, bytes) => this.#broadcast(channel, bytes),
      onMessage: (channel, listener) => this.#onMessage(channel, listener),
      request: (peerId, name, bytes, options = {}) => this.#request(peerId, name, bytes, options),
      handle: (name, handler) => this.#answers.handle(name, handler),
      onGossip: (topic, judge) => this.#onGossip(topic, judge),
      onPeer: (listener) => this.#onPeer(listener),
    };
  }

  /** The frame of a plain message. @throws AssertionError if it is larger than the channel allows */
  #frameOf(channel: ChannelName, payload: Uint8Array): Uint8Array {
    const sizeMax = CHANNELS[channel].frameBytesMax - ENVELOPE_BYTES_MAX;
    assert(payload.length <= sizeMax, 'a message keeps to the limit of its channel');
    return encodeEnvelope({ kind: 'message', payload });
  }

  #request(
    peerId: PeerId,
    name: RequestName,
    bytes: Uint8Array,
    options: RequestOptions,
  ): Promise<Answer> {
    assert(bytes.length <= REQUESTS[name].requestBytesMax, 'a request keeps to its limit');
    return this.#questions.ask(peerId, name, bytes, options);
  }

  /** One frame for all, encoded once: nobody below changes it. */
  #broadcast(channel: ChannelName, bytes: Uint8Array): number {
    const frame = this.#frameOf(channel, bytes);
    const peers = this.#ports.reaches(channel);
    return peers.filter((peerId) => this.#ports.write(peerId, channel, frame)).length;
  }

  #onMessage(channel: ChannelName, listener: MessageListener): Unsubscribe {
    const set = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, set);
    set.add(listener);
    return () => {
      set.delete(listener);
    };
  }

  #onGossip(topic: TopicName, judge: GossipListener): Unsubscribe {
    assert(!this.#judges.has(topic), 'a topic has one judge');
    this.#judges.set(topic, judge);
    return () => {
      if (this.#judges.get(topic) === judge) {
        this.#judges.delete(topic);
      }
    };
  }

  #onPeer(listener: (event: PeerEvent) => void): Unsubscribe {
    this.#observers.add(listener);
    return () => {
      this.#observers.delete(listener);
    };
  }

  /** Tells the subscribers; one that throws is reported and does not stop the others. */
  emit(event: PeerEvent): void {
    for (const observer of [...this.#observers]) {
      try {
        observer(event);
      } catch (error) {
        this.#faults.report('peer', error);
      }
    }
  }

  /**
   * Takes one frame that kept to size and rate. Never throws, never rejects.
   * @returns a promise while a listener is still at work on it
   */
  receive(peerId: PeerId, channel: ChannelName, frame: Uint8Array): void | Promise<void> {
    const envelope = decodeEnvelope(frame);
    if (envelope === undefined || !this.#belongs(envelope, channel)) {
      this.#ports.offend(peerId, 'malformed');
      return;
    }
    switch (envelope.kind) {
      case 'message':
        return this.#hear(peerId, channel, envelope.payload);
      case 'request': {
        const name = requestOf(envelope.row);
        if (name !== undefined) {
          this.#answers.serve(peerId, envelope.id, name, envelope.payload);
        } else {
          // A newer version may know requests that we do not: that is no offence.
          const refusal = encodeEnvelope({ kind: 'refusal', id: envelope.id, why: 'absent' });
          this.#ports.write(peerId, channel, refusal);
        }
        return;
      }
      case 'answer':
      case 'refusal':
        if (!this.#questions.reply(peerId, envelope.id, envelope)) {
          this.#ports.offend(peerId, 'malformed');
        }
        return;
      case 'cancel':
        this.#answers.cancel(peerId, envelope.id);
    }
  }

  /**
   * Judges a gossiped message. Never throws: a judge that does is a fault of this node, which is
   * reported, and the message is ignored at no cost to the peer.
   */
  async judge(peerId: PeerId, topic: TopicName, bytes: Uint8Array): Promise<GossipVerdict> {
    const judge = this.#judges.get(topic);
    let verdict: GossipVerdict = 'ignore';
    try {
      verdict = judge === undefined ? 'ignore' : await Promise.resolve(judge(peerId, bytes));
    } catch (error) {
      this.#faults.report('gossip', error, { topic });
    }
    this.#ports.metrics.add('daybook_network_gossip_total', 1, { topic, verdict });
    if (verdict === 'reject') {
      this.#ports.offend(peerId, 'gossip');
    }
    return verdict;
  }

  /** Ends what is under way with one peer, or with all of them. */
  end(reason: NetworkFailure, peerId?: PeerId): void {
    this.#answers.end(peerId);
    this.#questions.end(reason, peerId);
  }

  #belongs(envelope: Envelope, channel: ChannelName): boolean {
    if (envelope.kind !== 'request') {
      return true;
    }
    const name = requestOf(envelope.row);
    if (name === undefined) {
      return true;
    }
    const row = REQUESTS[name];
    return row.channel === channel && envelope.payload.length <= row.requestBytesMax;
  }

  #hear(peerId: PeerId, channel: ChannelName, payload: Uint8Array): void | Promise<void> {
    const work: Promise<void>[] = [];
    for (const listener of this.#listeners.get(channel) ?? []) {
      try {
        const done = listener(peerId, payload);
        if (done instanceof Promise) {
          work.push(
            done.catch((error: unknown) => this.#faults.report('message', error, { channel })),
          );
        }
      } catch (error) {
        this.#faults.report('message', error, { channel });
      }
    }
    return work.length === 0 ? undefined : Promise.all(work).then(() => undefined);
  }
}

const REQUEST_NAMES = new Map<number, RequestName>();
for (const name of Object.keys(REQUESTS) as readonly RequestName[]) {
  REQUEST_NAMES.set(REQUESTS[name].number, name);
}

function requestOf(row: number): RequestName | undefined {
  return REQUEST_NAMES.get(row);
}
