/**
 * One test node: the machine, what it keeps over crashes, and its life cycle. What it does about
 * effects stands in `perform.ts`, what it makes of packets in `receive.ts`.
 */
import type { Decided, Hash, Header, Rotation, Status, VoteMessage } from '@daybook/core';
import { blockHash, DEFAULT_PARAMETERS, toHex } from '@daybook/core';
import type { BlockRef, Event, HeightContext, Instant, State } from '../../src/index.ts';
import { brokenInvariants, createState, step } from '../../src/index.ts';
import type { Disk } from './disk.ts';
import { headOf } from './disk.ts';
import { CHAIN } from './fake-keys.ts';
import { perform } from './perform.ts';
import { receive } from './receive.ts';
import type { World } from './world.ts';

/** Everything that travels between test nodes. */
export type Packet =
  | VoteMessage
  | Decided
  | Status
  | { readonly type: 'get-block'; readonly hash: Hash }
  | { readonly type: 'block'; readonly header: Header }
  | { readonly type: 'sync-request'; readonly height: number }
  | { readonly type: 'transactions'; readonly names: readonly string[] };

/** An event without its clocks. */
export type Happening = Event extends infer One
  ? One extends Instant
    ? Omit<One, keyof Instant>
    : never
  : never;

export interface TestNode {
  /** Position among the world's nodes; twins share a validator but not this. */
  readonly name: number;
  readonly validator: number | undefined;
  /** The harness plays a second holder of the key: it does not look for strangers. */
  readonly twin: boolean;
  readonly disk: Disk;
  /** Pending transactions, by name. */
  readonly pool: Set<string>;
  /** Bodies in memory, by hex of the hash; lost in a crash. */
  readonly blocks: Map<string, Header>;
  /** When each armed timer is due. */
  readonly timers: Map<string, number>;
  state: State;
  up: boolean;
  /** Counts restarts, so that what an earlier life started ends with it. */
  life: number;
  /** Offset of the wall clock from true time, in ms. */
  clockMs: number;
  /** When the vote log will have written what it was asked for. */
  signedAtMs: number;
  instant(): Instant;
  /** Runs later, unless the node has crashed or stopped by then. */
  later(delayMs: number, action: () => void): void;
  feed(happening: Happening): void;
  enterHeight(rotation: Rotation): void;
  start(): void;
  stop(): void;
  receive(from: number, packet: Packet): void;
}

export interface NodeOptions {
  readonly name: number;
  readonly validator: number | undefined;
  readonly disk: Disk;
  readonly twin: boolean;
}

function contextOf(world: World, node: TestNode, rotation: Rotation): HeightContext {
  const { hash, header } = headOf(node.disk).block;
  return {
    chain: CHAIN,
    height: header.height + 1,
    validators: world.validators,
    parent: { hash, timestampMs: header.timestampMs },
    rotation,
    parameters: { ...DEFAULT_PARAMETERS, ...world.parameters },
    ...(node.validator !== undefined && { selfIndex: node.validator }),
  };
}

/** What the disk holds of the interrupted height: own votes, the lock, and the blocks they name. */
function recover(world: World, node: TestNode): Happening {
  const { disk } = node;
  const context = contextOf(world, node, headOf(disk).rotation);
  const { height } = context;
  const messages = disk.log.filter(({ signed }) => signed.content.height === height);
  const lock = disk.lock?.height === height ? disk.lock : undefined;
  const named = messages
    .filter(({ type }) => type === 'pre-prepare')
    .flatMap(({ signed: { content } }) => ('blockHash' in content ? [content.blockHash] : []));
  const blocks: BlockRef[] = [];
  for (const hash of lock ? [...named, lock.blockHash] : named) {
    const header = disk.candidates.get(toHex(hash));
    if (header === undefined) throw new Error('a candidate is durable before it is named');
    node.blocks.set(toHex(hash), header);
    blocks.push({ hash: blockHash(header), header });
  }
  const recovered = { messages, blocks, ...(lock && { lock }) };
  return { type: 'height-entered', context, recovered };
}

export function createNode(world: World, options: NodeOptions): TestNode {
  const node: TestNode = {
    ...options,
    pool: new Set(),
    blocks: new Map(),
    timers: new Map(),
    state: createState({ seed: options.name + 1 }),
    up: false,
    life: 0,
    clockMs: 0,
    signedAtMs: 0,
    instant: () => ({ monoMs: world.nowMs, wallMs: world.nowMs + world.epochMs + node.clockMs }),
    later(delayMs, action) {
      const { life } = node;
      world.at(world.nowMs + delayMs, () => {
        if (node.up && node.life === life) action();
      });
    },
    feed(happening) {
      const before = node.state;
      const event: Event = { ...node.instant(), ...happening };
      const { state, effects } = step(before, event);
      const broken = brokenInvariants(before, state);
      if (broken.length > 0) {
        throw new Error(`n${node.name}: ${broken.join('; ')} after ${event.type}`);
      }
      node.state = state;
      world.trace?.(node, event, effects);
      for (const effect of effects) if (node.up) perform(world, node, effect);
    },
    enterHeight(rotation) {
      node.feed({ type: 'height-entered', context: contextOf(world, node, rotation) });
    },
    start() {
      node.up = true;
      node.life += 1;
      node.blocks.clear();
      node.timers.clear();
      node.signedAtMs = world.nowMs;
      const { guard } = node.disk;
      node.state = createState({ seed: node.name + 1 + node.life * 100, ...(guard && { guard }) });
      node.feed({ type: 'links', validators: world.linksOf(node) });
      node.feed({ type: 'work', pending: node.pool.size > 0 });
      node.feed(recover(world, node));
    },
    stop() {
      node.up = false;
    },
    receive(from, packet) {
      if (node.up) receive(world, node, { from, packet });
    },
  };
  return node;
}
