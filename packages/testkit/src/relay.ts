/**
 * Links between the nodes of a cluster that a test can make worse: every TCP connection runs through
 * a relay in this process, which knows both ends and can delay, throttle, stall, swallow, cut and
 * truncate each direction by itself. Loss on a TCP link shows as stalls, so stalls model it.
 */
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { assert } from '@daybook/core';
import { dialling } from './dialling-process.ts';

/** How one direction of a link behaves; what is absent is as on a good link. */
export interface LinkConditions {
  /** Every byte arrives this much later. */
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
  /**
   * `stalled` holds bytes until the link is open again; `swallowed` takes and drops them, so that the
   * connection is worth nothing afterwards and is reset when the next bytes come.
   */
  readonly flow?: 'open' | 'stalled' | 'swallowed';
}

/** Bytes from one node to another; an absent end means every node. */
export interface LinkEnds {
  readonly from?: string;
  readonly to?: string;
}

/** A node whose links are relayed: the process is asked which connections are its own. */
export interface RelayedNode {
  readonly slug: string;
  readonly process: { pid(): number | undefined };
}

export interface Relays {
  /** For `ClusterOptions.announce`. @returns the address of the relay before that node */
  announce(slug: string, address: string): string;
  /** Tells the nodes, in place of those told before; until then nobody can connect. */
  follow(nodes: readonly RelayedNode[]): void;
  /** Sets the conditions of bytes that go that way, now and on later connections. */
  set(ends: LinkEnds, conditions: LinkConditions): void;
  /** Resets the connections between two nodes; they may connect again at once. @returns how many */
  cut(one: string, other: string): number;
  /** Lets so many bytes more pass that way, then resets the connection: a frame ends in its middle. */
  truncate(ends: Required<LinkEnds>, bytes: number): void;
  /** All links as they were at the beginning. */
  heal(): void;
  /** Bytes that arrived that way so far. */
  passed(ends: Required<LinkEnds>): number;
  /** Bytes swallowed on the present connections that way. */
  swallowed(ends: Required<LinkEnds>): number;
  close(): Promise<void>;
}

/** Held back per direction before the sender is told to wait. */
const HELD_BYTES_MAX = 1024 * 1024;
const OPEN: LinkConditions = {};

interface Held {
  readonly bytes: Buffer;
  readonly dueMs: number;
}

/** One direction of one connection. */
class Direction {
  readonly from: string;
  readonly to: string;
  passed = 0;
  swallowed = 0;
  /** Bytes that may still pass before the connection is reset. */
  left: number | undefined;
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #reset: () => void;
  readonly #held: Held[] = [];
  #heldBytes = 0;
  #freeAtMs = 0;
  #conditions: LinkConditions;
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;

  constructor(
    ends: Required<LinkEnds>,
    sockets: { readonly source: Socket; readonly target: Socket; readonly reset: () => void },
    conditions: LinkConditions,
  ) {
    this.from = ends.from;
    this.to = ends.to;
    this.#source = sockets.source;
    this.#target = sockets.target;
    this.#reset = sockets.reset;
    this.#conditions = conditions;
    this.#source.on('data', (bytes) => this.#take(bytes));
    this.#source.on('end', () => {
      this.#hasEnded = true;
      this.#deliver();
    });
    this.#target.on('drain', () => this.#deliver());
  }

  set(conditions: LinkConditions): void {
    this.#conditions = conditions;
    this.#deliver();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#held.length = 0;
  }

  #take(bytes: Buffer): void {
    const { flow = 'open', delayMs = 0, bytesPerSecond } = this.#conditions;
    if (flow === 'swallowed') {
      this.swallowed += bytes.length;
      return;
    }
    if (this.swallowed > 0) {
      this.#reset();
      return;
    }
    const nowMs = performance.now();
    const sendingMs = bytesPerSecond === undefined ? 0 : (1000 * bytes.length) / bytesPerSecond;
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + sendingMs;
    this.#held.push({ bytes, dueMs: this.#freeAtMs + delayMs });
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > HELD_BYTES_MAX) this.#source.pause();
    this.#deliver();
  }

  /** Passes on what is due and asks to be called again when the next is. */
  #deliver(): void {
    clearTimeout(this.#timer);
    if (this.#conditions.flow === 'stalled') return;
    for (let [first] = this.#held; first !== undefined; [first] = this.#held) {
      const waitMs = first.dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#deliver(), Math.ceil(waitMs));
        return;
      }
      if (this.#target.writableNeedDrain) return;
      this.#held.shift();
      this.#heldBytes -= first.bytes.length;
      if (!this.#pass(first.bytes)) return;
    }
    if (this.#source.isPaused() && this.#heldBytes <= HELD_BYTES_MAX) this.#source.resume();
    if (this.#hasEnded) this.#target.end();
  }

  /** @returns false when that was the end of the connection */
  #pass(bytes: Buffer): boolean {
    const size = this.left === undefined ? bytes.length : Math.min(this.left, bytes.length);
    this.passed += size;
    this.#target.write(bytes.subarray(0, size));
    if (this.left === undefined) return true;
    this.left -= size;
    if (this.left > 0) return true;
    this.#target.end(() => this.#reset());
    return false;
  }
}

interface Connection {
  readonly directions: readonly [Direction, Direction];
  readonly reset: () => void;
}

interface Post {
  readonly server: Server;
  readonly slug: string;
  readonly port: number;
  /** Where the node itself listens. */
  target: { readonly host: string; readonly port: number } | undefined;
}

interface Rule {
  readonly ends: LinkEnds;
  readonly conditions: LinkConditions;
}

function covers({ from, to }: LinkEnds, direction: Required<LinkEnds>): boolean {
  return (from ?? direction.from) === direction.from && (to ?? direction.to) === direction.to;
}

class LinkRelays implements Relays {
  readonly #posts = new Map<string, Post>();
  readonly #connections = new Set<Connection>();
  readonly #sockets = new Set<Socket>();
  #rules: Rule[] = [];
  #nodes: readonly RelayedNode[] = [];
  readonly #passedBefore = new Map<string, number>();

  async listen(slug: string): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(slug, socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    assert(typeof address === 'object' && address !== null, 'a relay listens on TCP');
    this.#posts.set(slug, { server, slug, port: address.port, target: undefined });
  }

  announce(slug: string, address: string): string {
    const post = this.#posts.get(slug);
    const [, host, port] = /^\/ip4\/([\d.]+)\/tcp\/(\d+)$/.exec(address) ?? [];
    if (post === undefined || host === undefined) return address;
    post.target = { host, port: Number(port) };
    return `/ip4/127.0.0.1/tcp/${post.port}`;
  }

  follow(nodes: readonly RelayedNode[]): void {
    this.#nodes = nodes;
  }

  #conditionsOf(direction: Required<LinkEnds>): LinkConditions {
    return this.#rules.findLast(({ ends }) => covers(ends, direction))?.conditions ?? OPEN;
  }

  #accept(slug: string, incoming: Socket): void {
    const target = this.#posts.get(slug)?.target;
    const dialled = { localPort: incoming.remotePort, remotePort: incoming.localPort };
    const from = dialling(dialled, this.#nodes);
    if (target === undefined || from === undefined) {
      incoming.resetAndDestroy();
      return;
    }
    const outgoing = connect({ ...target, allowHalfOpen: true, noDelay: true });
    incoming.setNoDelay(true);
    const reset = (): void => {
      incoming.resetAndDestroy();
      outgoing.resetAndDestroy();
    };
    const there = { from, to: slug };
    const back = { from: slug, to: from };
    const connection: Connection = {
      directions: [
        new Direction(
          there,
          { source: incoming, target: outgoing, reset },
          this.#conditionsOf(there),
        ),
        new Direction(
          back,
          { source: outgoing, target: incoming, reset },
          this.#conditionsOf(back),
        ),
      ],
      reset,
    };
    this.#connections.add(connection);
    for (const socket of [incoming, outgoing]) this.#watch(socket, connection);
  }

  #watch(socket: Socket, connection: Connection): void {
    this.#sockets.add(socket);
    // What broke one end is told to the other by the reset that follows.
    socket.on('error', () => connection.reset());
    socket.once('close', () => {
      this.#sockets.delete(socket);
      connection.reset();
      if (!this.#connections.delete(connection)) return;
      for (const direction of connection.directions) {
        direction.stop();
        const key = `${direction.from}>${direction.to}`;
        this.#passedBefore.set(key, (this.#passedBefore.get(key) ?? 0) + direction.passed);
      }
    });
  }

  #directions(ends: LinkEnds): readonly Direction[] {
    const all = [...this.#connections].flatMap(({ directions }) => directions);
    return all.filter((direction) => covers(ends, direction));
  }

  set(ends: LinkEnds, conditions: LinkConditions): void {
    this.#rules.push({ ends, conditions });
    for (const direction of this.#directions(ends)) direction.set(conditions);
  }

  cut(one: string, other: string): number {
    const between = [...this.#connections].filter(({ directions }) =>
      directions.some(({ from, to }) => from === one && to === other),
    );
    for (const { reset } of between) reset();
    return between.length;
  }

  truncate(ends: Required<LinkEnds>, bytes: number): void {
    for (const direction of this.#directions(ends)) direction.left = bytes;
  }

  heal(): void {
    this.#rules = [];
    for (const direction of this.#directions({})) direction.set(OPEN);
  }

  passed(ends: Required<LinkEnds>): number {
    const before = this.#passedBefore.get(`${ends.from}>${ends.to}`) ?? 0;
    return this.#directions(ends).reduce((sum, { passed }) => sum + passed, before);
  }

  swallowed(ends: Required<LinkEnds>): number {
    return this.#directions(ends).reduce((sum, { swallowed }) => sum + swallowed, 0);
  }

  async close(): Promise<void> {
    const closing = [...this.#posts.values()].map(
      ({ server }) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const { reset } of this.#connections) reset();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closing);
  }
}

/** Opens one relay per node, on free ports; the cluster is created afterwards with `announce`. */
export async function createRelays(slugs: readonly string[]): Promise<Relays> {
  const relays = new LinkRelays();
  for (const slug of slugs) await relays.listen(slug);
  return relays;
}
