/** The `Network` port of one life of a simulated process, on the wire of the simulation. */
import type { Result } from '@daybook/core';
import { fail, ok, sha256, simulationSwitches, toHex } from '@daybook/core';
import type {
  Admission,
  ChannelName,
  GossipListener,
  GossipVerdict,
  Link,
  MessageListener,
  Network,
  NetworkFailure,
  Offence,
  PeerEvent,
  RequestHandler,
  RequestName,
  RequestOptions,
  Role,
  TopicName,
  Unsubscribe,
} from '@daybook/network';
import { CHANNELS, REQUESTS } from '@daybook/network';
import type { Clock } from '@daybook/node';
import type { Life } from './life.ts';
import type { FrameKind, Parcel, Port, Wire } from './wire.ts';
import { kindOf } from './wire.ts';

export interface StationOptions {
  readonly machine: number;
  readonly peerId: string;
  readonly admission: Admission;
}

/** What a misbehaving machine does to its own traffic; an honest one does nothing. */
export interface Tap {
  /** What really leaves instead of this message. */
  outgoing(peerId: string, channel: ChannelName, bytes: Uint8Array): readonly Uint8Array[];
  /** Whether this parcel reaches the node's code. */
  admits(from: string, parcel: Parcel): boolean;
  /**
   * Whether gossip, questions and answers leave for this peer at present; of messages `outgoing`
   * decides.
   */
  speaks(peerId: string): boolean;
  /** What is really answered to a request, given the honest answer. */
  answer(from: string, name: string, honest: Uint8Array | undefined): Uint8Array | undefined;
}

/** A message that the node has taken. */
export interface Arrival {
  readonly kind: FrameKind;
  readonly bytes: Uint8Array;
  /** Signatures that were verified on its arrival. */
  readonly checks: number;
}

export interface StationParts {
  readonly wire: Wire;
  readonly life: Life;
  readonly clock: Clock;
  /** Called for what a node accuses a peer of. */
  readonly onOffence: (peerId: string, offence: Offence) => void;
  /** Called for what a listener of the node throws. */
  readonly onFault: (error: unknown) => void;
  /** Called after the node has taken a message. */
  readonly onArrival: (arrival: Arrival) => void;
  /** Called when a peer has answered a question. */
  readonly onAnswer: (name: RequestName) => void;
  readonly tap?: Tap | undefined;
}

type Answer = Result<Uint8Array, NetworkFailure>;

interface Question {
  readonly peerId: string;
  readonly done: (answer: Answer) => void;
}

/** By the whole process; a message is taken in without a pause. */
function signatureChecks(): number {
  return simulationSwitches()?.signatureChecks ?? 0;
}

// One message travels to all as one array, which nobody changes: it is hashed once.
const gossipHashes = new WeakMap<Uint8Array, string>();

function gossipHashOf(bytes: Uint8Array): string {
  const hash = gossipHashes.get(bytes) ?? toHex(sha256(bytes));
  gossipHashes.set(bytes, hash);
  return hash;
}

const NAMES = Object.keys(CHANNELS) as readonly ChannelName[];
/** Channels that are not for validators alone. */
const COMMON_NAMES = NAMES.filter((name) => CHANNELS[name].between === 'all');

export interface Station extends Network, Port {
  /** Sends bytes past the node's code and past the tap. */
  inject(peerId: string, channel: ChannelName, bytes: Uint8Array): void;
}

export function createStation(options: StationOptions, parts: StationParts): Station {
  return new SimulatedStation(options, parts);
}

class SimulatedStation implements Station {
  readonly machine: number;
  readonly peerId: string;
  readonly #parts: StationParts;
  readonly #listeners = new Map<ChannelName, Set<MessageListener>>();
  readonly #handlers = new Map<string, RequestHandler>();
  readonly #judges = new Map<TopicName, GossipListener>();
  readonly #observers = new Set<(event: PeerEvent) => void>();
  readonly #questions = new Map<number, Question>();
  readonly #seen = new Set<string>();
  #roles = new Map<string, Role>();
  #ownRole: Admission['role'] = 'observer';
  #questionCount = 0;

  constructor({ machine, peerId, admission }: StationOptions, parts: StationParts) {
    this.machine = machine;
    this.peerId = peerId;
    this.#parts = parts;
    this.#take(admission);
  }

  #take(admission: Admission): void {
    this.#ownRole = admission.role;
    this.#roles = new Map(admission.peers.map(({ peerId, role }) => [peerId, role] as const));
  }

  // --- the wire's side -------------------------------------------------------------------------

  roleOf(peerId: string): Role | undefined {
    return this.#roles.get(peerId);
  }

  opens(peerId: string): readonly ChannelName[] {
    const both = this.#ownRole === 'validator' && this.#roles.get(peerId) === 'validator';
    return both ? NAMES : COMMON_NAMES;
  }

  linked({ peerId }: Port): void {
    this.#parts.life.enter(() => {
      this.#emit({ kind: 'connected', peerId, role: this.#roles.get(peerId) ?? 'observer' });
      for (const channel of this.opens(peerId)) this.#emit({ kind: 'opened', peerId, channel });
    });
  }

  unlinked({ peerId }: Port, reason: NetworkFailure): void {
    this.#parts.life.enter(() => {
      for (const [id, question] of this.#questions) {
        if (question.peerId === peerId) this.#answer(id, fail(reason));
      }
      this.#emit({ kind: 'disconnected', peerId, reason });
    });
  }

  #emit(event: PeerEvent): void {
    for (const observer of this.#observers) observer(event);
  }

  receive(from: Port, parcel: Parcel): void {
    this.#parts.life.enter(() => {
      if (this.#parts.tap?.admits(from.peerId, parcel) === false) return;
      this.#deliver(from, parcel);
    });
  }

  #deliver(port: Port, parcel: Parcel): void {
    const from = port.peerId;
    switch (parcel.type) {
      case 'message': {
        // The array is the one that all receivers get: decoders copy what they keep.
        const before = signatureChecks();
        for (const listener of this.#listeners.get(parcel.channel) ?? []) {
          this.#tell(listener, from, parcel.bytes);
        }
        const checks = signatureChecks() - before;
        const { channel, bytes } = parcel;
        this.#parts.onArrival({ kind: kindOf(channel, bytes), bytes, checks });
        return;
      }
      case 'gossip':
        this.#hear(from, parcel.topic, parcel.bytes);
        return;
      case 'request':
        this.#serve(port, parcel).catch(this.#parts.onFault);
        return;
      case 'response': {
        const { id, bytes } = parcel;
        const refused = { code: 'NETWORK_REQUEST_REFUSED', peerId: from, why: 'absent' } as const;
        this.#answer(id, bytes === undefined ? fail(refused) : ok(bytes));
      }
    }
  }

  /** As every adapter does: what a listener throws is logged and nothing else. */
  #tell(listener: MessageListener, from: string, bytes: Uint8Array): void {
    try {
      Promise.resolve(listener(from, bytes)).catch(this.#parts.onFault);
    } catch (error) {
      this.#parts.onFault(error);
    }
  }

  #hear(from: string, topic: TopicName, bytes: Uint8Array): void {
    if (!this.#remember(topic, bytes)) return;
    const judge = this.#judges.get(topic);
    if (judge === undefined) return;
    // A judge that throws is a fault of the listener, as for messages.
    new Promise<GossipVerdict>((resolve) => resolve(judge(from, bytes)))
      .then((verdict) => {
        if (verdict === 'accept') this.#spread(topic, bytes, from);
      })
      .catch(this.#parts.onFault);
  }

  async #serve(port: Port, { name, id, bytes }: Parcel & { type: 'request' }): Promise<void> {
    const from = port.peerId;
    const handler = this.#handlers.get(name);
    const honest = await handler?.(from, bytes, new AbortController().signal);
    const { tap, wire } = this.#parts;
    if (tap?.speaks(from) === false) return;
    const answer = tap === undefined ? honest : tap.answer(from, name, honest);
    wire.reply(this, port, { type: 'response', id, bytes: answer });
  }

  // --- the node's side -------------------------------------------------------------------------

  async start(): Promise<void> {
    this.#parts.wire.join(this);
  }

  async stop(): Promise<void> {
    this.#parts.wire.leave(this);
    for (const id of [...this.#questions.keys()])
      this.#answer(id, fail({ code: 'NETWORK_STOPPED' }));
  }

  listenAddresses(): readonly string[] {
    return [];
  }

  updatePeers(admission: Admission): void {
    this.#take(admission);
    this.#parts.wire.settle();
  }

  links(): readonly Link[] {
    return this.#parts.wire
      .linksOf(this)
      .map((other) => ({
        peerId: other.peerId,
        role: this.#roles.get(other.peerId) ?? 'observer',
        direction: this.peerId < other.peerId ? ('outbound' as const) : ('inbound' as const),
        address: '',
        latencyMs: undefined,
        channels: this.#openWith(other),
        queued: 0,
      }))
      .sort((a, b) => (a.peerId < b.peerId ? -1 : 1));
  }

  #openWith(other: Port): readonly ChannelName[] {
    const theirs = other.opens(this.peerId);
    return this.opens(other.peerId).filter((name) => theirs.includes(name));
  }

  send(peerId: string, channel: ChannelName, bytes: Uint8Array): boolean {
    const { tap, life } = this.#parts;
    if (!life.isAlive()) return false;
    if (tap === undefined) return this.#put(peerId, channel, bytes);
    for (const one of tap.outgoing(peerId, channel, bytes)) this.#put(peerId, channel, one);
    return true;
  }

  inject(peerId: string, channel: ChannelName, bytes: Uint8Array): void {
    this.#put(peerId, channel, bytes);
  }

  #put(peerId: string, channel: ChannelName, bytes: Uint8Array): boolean {
    const other = this.#parts.wire.linksOf(this).find((port) => port.peerId === peerId);
    if (other === undefined) return false;
    const isOpen =
      this.opens(peerId).includes(channel) && other.opens(this.peerId).includes(channel);
    if (!isOpen) return false;
    const parcel = { type: 'message', channel, bytes } as const;
    return this.#parts.wire.send(this, peerId, kindOf(channel, bytes), parcel);
  }

  broadcast(channel: ChannelName, bytes: Uint8Array): number {
    const peers = [...this.#roles].filter(([, role]) => role === 'validator').map(([id]) => id);
    return peers.sort().filter((peerId) => this.send(peerId, channel, bytes)).length;
  }

  onMessage(channel: ChannelName, listener: MessageListener): Unsubscribe {
    const set = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, set);
    set.add(listener);
    return () => {
      set.delete(listener);
    };
  }

  request(
    peerId: string,
    name: RequestName,
    bytes: Uint8Array,
    options: RequestOptions = {},
  ): Promise<Answer> {
    const { wire, life, clock, tap } = this.#parts;
    return new Promise((resolve) => {
      if (!life.isAlive()) return;
      const id = this.#questionCount++;
      const timeoutMs = options.timeoutMs ?? REQUESTS[name].timeoutMs;
      const cancel = clock.schedule(timeoutMs, () => {
        this.#answer(id, fail({ code: 'NETWORK_REQUEST_TIMEOUT', peerId, timeoutMs }));
      });
      const abort = (): void => {
        this.#answer(id, fail({ code: 'NETWORK_REQUEST_CANCELLED', peerId }));
      };
      options.signal?.addEventListener('abort', abort, { once: true });
      const done = (answer: Answer): void => {
        cancel();
        options.signal?.removeEventListener('abort', abort);
        if (answer.ok && answer.value.length > 0) this.#parts.onAnswer(name);
        resolve(answer);
      };
      this.#questions.set(id, { peerId, done });
      // Its own code asks and waits in vain, as behind a line that swallows all.
      if (tap?.speaks(peerId) === false) return;
      if (!wire.send(this, peerId, 'request', { type: 'request', name, id, bytes })) {
        this.#answer(id, fail({ code: 'NETWORK_PEER_OFFLINE', peerId }));
      }
    });
  }

  #answer(id: number, answer: Answer): void {
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    question?.done(answer);
  }

  handle(name: RequestName, handler: RequestHandler): Unsubscribe {
    this.#handlers.set(name, handler);
    return () => {
      this.#handlers.delete(name);
    };
  }

  async publish(topic: TopicName, bytes: Uint8Array): Promise<number> {
    this.#remember(topic, bytes);
    return this.#spread(topic, bytes, undefined);
  }

  #spread(topic: TopicName, bytes: Uint8Array, source: string | undefined): number {
    const { wire, life, tap } = this.#parts;
    if (!life.isAlive()) return 0;
    const targets = wire
      .linksOf(this)
      .filter(({ peerId }) => peerId !== source && tap?.speaks(peerId) !== false);
    for (const { peerId } of targets) {
      wire.send(this, peerId, 'gossip', { type: 'gossip', topic, bytes });
    }
    return targets.length;
  }

  /** @returns false if the message was seen before */
  #remember(topic: TopicName, bytes: Uint8Array): boolean {
    const id = `${topic} ${gossipHashOf(bytes)}`;
    if (this.#seen.has(id)) return false;
    this.#seen.add(id);
    return true;
  }

  onGossip(topic: TopicName, listener: GossipListener): Unsubscribe {
    this.#judges.set(topic, listener);
    return () => {
      this.#judges.delete(topic);
    };
  }

  onPeer(listener: (event: PeerEvent) => void): Unsubscribe {
    this.#observers.add(listener);
    return () => {
      this.#observers.delete(listener);
    };
  }

  penalise(peerId: string, offence: Offence): void {
    this.#parts.onOffence(peerId, offence);
  }
}
