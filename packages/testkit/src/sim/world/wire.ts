/**
 * The network between simulated machines: every frame gets a fate (lost, late, twice) from whoever
 * decides the faults of the run, and links come and go with the machines, their admission tables
 * and the cuts. `station.ts` is one machine's `Network` port on it.
 *
 * Frames of one channel may overtake one another, which TCP would not let them: harder than the
 * world, and cheap.
 */
import type { ChannelName, NetworkFailure, Role, TopicName } from '@daybook/network';
import type { Timeline } from './timeline.ts';

/** Consensus messages in the order of their type bytes, and what else travels. */
export const FRAME_KINDS = [
  'pre-prepare',
  'prepare',
  'commit',
  'round-change',
  'decided',
  'status',
  'transactions',
  'request',
  'response',
  'gossip',
] as const;
export type FrameKind = (typeof FRAME_KINDS)[number];

/** What the consensus channel carries. */
export const CONSENSUS_KINDS: readonly FrameKind[] = FRAME_KINDS.slice(0, 6);

/** By the type byte of the encoding. */
export function kindOf(channel: ChannelName, bytes: Uint8Array): FrameKind {
  if (channel === 'transactions') return 'transactions';
  return CONSENSUS_KINDS[(bytes[0] ?? 0) - 1] ?? 'status';
}

/** One frame, for those who decide its fate. */
export interface Frame {
  /** Machine numbers. */
  readonly from: number;
  readonly to: number;
  readonly kind: FrameKind;
  readonly size: number;
}

/** What the faults of a run decide about the network. */
export interface WireFaults {
  /** Milliseconds until each copy arrives; empty loses it. */
  fate(frame: Frame): readonly number[];
}

/** What travels to a port. */
export type Parcel =
  | { readonly type: 'message'; readonly channel: ChannelName; readonly bytes: Uint8Array }
  | { readonly type: 'gossip'; readonly topic: TopicName; readonly bytes: Uint8Array }
  | {
      readonly type: 'request';
      readonly name: string;
      readonly id: number;
      readonly bytes: Uint8Array;
    }
  | { readonly type: 'response'; readonly id: number; readonly bytes: Uint8Array | undefined };

/** A machine's place at the wire, for one life of its process. */
export interface Port {
  readonly machine: number;
  readonly peerId: string;
  roleOf(peerId: string): Role | undefined;
  opens(peerId: string): readonly ChannelName[];
  receive(from: Port, parcel: Parcel): void;
  linked(other: Port): void;
  unlinked(other: Port, reason: NetworkFailure): void;
}

export interface Wire {
  join(port: Port): void;
  /** The process ended: its peers see the connection reset. */
  leave(port: Port): void;
  /** Looks again at who may be linked with whom. */
  settle(): void;
  /**
   * Cuts the directed ways that `isCut` names. When `isSeen`, links without a way in both
   * directions break as TCP connections do after a while; otherwise they only swallow frames.
   */
  partition(isCut: ((from: number, to: number) => boolean) | undefined, isSeen: boolean): void;
  send(from: Port, toPeerId: string, kind: FrameKind, parcel: Parcel): boolean;
  /** Answers the very process that asked, whoever else has its peer id. */
  reply(from: Port, to: Port, parcel: Parcel): void;
  /** Ports that this one is linked with. */
  linksOf(port: Port): readonly Port[];
  /** Frames handed to the wire since the start. */
  frames(): number;
}

/** Who watches, for traces; called for each frame before its fate. */
export type WireWatch = (from: Port, to: Port, kind: FrameKind, parcel: Parcel) => void;

class SimulatedWire implements Wire {
  readonly #timeline: Timeline;
  readonly #faults: WireFaults;
  readonly #watch: WireWatch;
  readonly #ports: Port[] = [];
  readonly #links = new Map<Port, Port[]>();
  #isCut: (from: number, to: number) => boolean = () => false;
  #isSeen = false;
  #frames = 0;
  #isSettling = false;

  constructor(timeline: Timeline, faults: WireFaults, watch: WireWatch) {
    this.#timeline = timeline;
    this.#faults = faults;
    this.#watch = watch;
  }

  frames(): number {
    return this.#frames;
  }

  join(port: Port): void {
    this.#ports.push(port);
    this.#links.set(port, []);
    this.settle();
  }

  leave(port: Port): void {
    const index = this.#ports.indexOf(port);
    if (index < 0) return;
    this.#ports.splice(index, 1);
    const others = this.#links.get(port) ?? [];
    this.#links.delete(port);
    for (const other of others) {
      remove(this.#links.get(other), port);
      other.unlinked(port, { code: 'NETWORK_LINK_LOST', peerId: port.peerId });
    }
  }

  settle(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    this.#timeline.at(this.#timeline.now(), () => {
      this.#isSettling = false;
      for (const [index, a] of [...this.#ports].entries()) {
        for (const b of this.#ports.slice(0, index)) this.#settlePair(a, b);
      }
    });
  }

  #settlePair(a: Port, b: Port): void {
    const links = this.#links.get(a);
    const back = this.#links.get(b);
    if (links === undefined || back === undefined) return;
    const isLinked = links.includes(b);
    const may = this.#mayLink(a, b);
    if (may === isLinked) return;
    if (may) {
      links.push(b);
      back.push(a);
      a.linked(b);
      b.linked(a);
      return;
    }
    remove(links, b);
    remove(back, a);
    a.unlinked(b, { code: 'NETWORK_LINK_LOST', peerId: b.peerId });
    b.unlinked(a, { code: 'NETWORK_LINK_LOST', peerId: a.peerId });
  }

  #mayLink(a: Port, b: Port): boolean {
    if (a.peerId === b.peerId) return false;
    if (a.roleOf(b.peerId) === undefined || b.roleOf(a.peerId) === undefined) return false;
    if (!this.#isSeen) return true;
    return !this.#isCut(a.machine, b.machine) && !this.#isCut(b.machine, a.machine);
  }

  partition(isCut: ((from: number, to: number) => boolean) | undefined, isSeen: boolean): void {
    this.#isCut = isCut ?? (() => false);
    this.#isSeen = isSeen;
    this.settle();
  }

  send(from: Port, toPeerId: string, kind: FrameKind, parcel: Parcel): boolean {
    const targets = (this.#links.get(from) ?? []).filter(({ peerId }) => peerId === toPeerId);
    // Several machines may answer to one peer id: twins. A request goes to one of them.
    for (const to of kind === 'request' ? targets.slice(0, 1) : targets) {
      this.#carry(from, to, kind, parcel);
    }
    return targets.length > 0;
  }

  reply(from: Port, to: Port, parcel: Parcel): void {
    if (this.#links.get(from)?.includes(to) === true) this.#carry(from, to, 'response', parcel);
  }

  #carry(from: Port, to: Port, kind: FrameKind, parcel: Parcel): void {
    this.#frames += 1;
    this.#watch(from, to, kind, parcel);
    if (this.#isCut(from.machine, to.machine)) return;
    const size = parcel.bytes?.length ?? 0;
    const frame = { from: from.machine, to: to.machine, kind, size };
    for (const delayMs of this.#faults.fate(frame)) {
      this.#timeline.at(this.#timeline.now() + delayMs, () => {
        const isThere = this.#links.get(to)?.includes(from) === true;
        if (isThere && !this.#isCut(from.machine, to.machine)) to.receive(from, parcel);
      });
    }
  }

  linksOf(port: Port): readonly Port[] {
    return this.#links.get(port) ?? [];
  }
}

function remove<T>(items: T[] | undefined, item: T): void {
  const index = items?.indexOf(item) ?? -1;
  if (index >= 0) items?.splice(index, 1);
}

export function createWire(timeline: Timeline, faults: WireFaults, watch: WireWatch): Wire {
  return new SimulatedWire(timeline, faults, watch);
}
