/**
 * A world of test nodes: one virtual clock, one queue of deeds, a network that follows its weather,
 * and a record of what was signed and decided, against which agreement is checked at once.
 */
import type { ChainParameters, Evidence, Header, ValidatorSet, VoteMessage } from '@daybook/core';
import { blockHash, equalBytes, freshRotation, toHex, ZERO_HASH } from '@daybook/core';
import type { BlockRef, ConsensusFatal, Effect, Event } from '../../src/index.ts';
import { createDisk, headOf } from './disk.ts';
import { CHAIN, fakeValidators } from './fake-keys.ts';
import type { Packet, TestNode } from './node.ts';
import { createNode } from './node.ts';
import type { Prng } from './prng.ts';
import { createPrng } from './prng.ts';

/** What the network does to a packet: when its copies arrive, none if it is lost. */
export type Weather = (from: TestNode, to: TestNode, packet: Packet) => readonly number[];

export interface WorldOptions {
  readonly validators: number;
  readonly seed?: number;
  readonly observers?: number;
  /** Validators that run twice with one key, as a cheat would. */
  readonly twins?: readonly number[];
  readonly parameters?: Partial<ChainParameters>;
  readonly weather?: Weather;
  readonly diskMs?: () => number;
  readonly workMs?: () => number;
  readonly trace?: World['trace'];
}

export interface World {
  nowMs: number;
  /** Wall-clock time at virtual time 0. */
  readonly epochMs: number;
  readonly prng: Prng;
  readonly validators: ValidatorSet;
  readonly indices: readonly number[];
  readonly nodes: readonly TestNode[];
  readonly parameters: Partial<ChainParameters>;
  readonly bodies: Map<string, readonly string[]>;
  readonly evidence: Evidence[];
  readonly fatals: { readonly node: number; readonly failure: ConsensusFatal }[];
  /** Rounds in which heights were decided, by height. */
  readonly decidedRounds: Map<number, Set<number>>;
  weather: Weather;
  trace: ((node: TestNode, event: Event, effects: readonly Effect[]) => void) | undefined;
  diskMs(): number;
  workMs(): number;
  at(timeMs: number, deed: () => void): void;
  /** Runs deeds until the clock shows `timeMs`, or until `done`. */
  runUntil(timeMs: number, done?: () => boolean): void;
  /** To a node by its name, or to every holder of a validator's key. */
  send(from: TestNode, to: number, packet: Packet): void;
  linksOf(node: TestNode): readonly number[];
  /** Takes a direct link down; both ends notice. */
  cut(a: TestNode, b: TestNode): void;
  /** Brings every link back. */
  mend(): void;
  noteSigned(node: TestNode, message: VoteMessage): void;
  noteFinal(node: TestNode, block: BlockRef, round: number): void;
  isFinal(node: TestNode, transaction: string): boolean;
  heightOf(node: TestNode): number;
  work(node: TestNode, transaction: string): void;
}

interface Deed {
  readonly timeMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** A binary heap by time, then by order of arrival. */
function createQueue(): {
  push(deed: Deed): void;
  pop(): Deed | undefined;
  peek(): Deed | undefined;
} {
  const heap: Deed[] = [];
  const before = (a: Deed, b: Deed): boolean =>
    a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.order < b.order);
  const swap = (i: number, j: number): void => {
    const a = heap[i];
    const b = heap[j];
    if (a === undefined || b === undefined) return;
    heap[i] = b;
    heap[j] = a;
  };
  const less = (i: number, j: number): boolean => {
    const a = heap[i];
    const b = heap[j];
    return a !== undefined && b !== undefined && before(a, b);
  };
  return {
    peek: () => heap[0],
    push(deed) {
      heap.push(deed);
      let place = heap.length - 1;
      while (place > 0 && less(place, (place - 1) >> 1)) {
        swap(place, (place - 1) >> 1);
        place = (place - 1) >> 1;
      }
    },
    pop() {
      const top = heap[0];
      const last = heap.pop();
      if (last === undefined || heap.length === 0) return last;
      heap[0] = last;
      let place = 0;
      while (true) {
        const left = 2 * place + 1;
        const right = left + 1;
        let least = place;
        if (less(left, least)) least = left;
        if (less(right, least)) least = right;
        if (least === place) return top;
        swap(place, least);
        place = least;
      }
    },
  };
}

function genesisBlock(): BlockRef {
  const header: Header = {
    version: 1,
    chain: CHAIN,
    height: 0,
    parentHash: ZERO_HASH,
    timestampMs: 1_000_000,
    proposer: ZERO_HASH as unknown as Header['proposer'],
    txRoot: ZERO_HASH,
    stateRoot: ZERO_HASH,
    resultRoot: ZERO_HASH,
    historyRoot: ZERO_HASH,
    validatorsHash: ZERO_HASH,
    nextValidatorsHash: ZERO_HASH,
  };
  return { hash: blockHash(header), header };
}

/** Nodes 0..n-1 are the validators, then observers, then twins. */
export function createWorld(options: WorldOptions): World {
  const { observers = 0, twins = [] } = options;
  const prng = createPrng(options.seed ?? 1);
  const validators = fakeValidators(options.validators);
  const queue = createQueue();
  const nodes: TestNode[] = [];
  const signed = new Map<string, string>();
  const finals = new Map<number, BlockRef>();
  const cuts = new Set<string>();
  const lateMs = 10;
  let order = 0;
  const cutKey = (a: number, b: number): string => `${Math.min(a, b)}-${Math.max(a, b)}`;
  const isCut = (a: number, b: number): boolean => cuts.has(cutKey(a, b));
  /** A twin gets what its validator gets, but the holders of one key never hear each other. */
  const isMeant = (from: TestNode, node: TestNode, to: number): boolean => {
    if (from.validator !== undefined && node.validator === from.validator) return false;
    return node !== from && (node.name === to || (node.twin && node.validator === to));
  };
  const tellLinks = (node: TestNode): void => {
    if (node.up) node.feed({ type: 'links', validators: world.linksOf(node) });
  };

  const world: World = {
    nowMs: 0,
    epochMs: 1_000_000,
    prng,
    validators,
    indices: validators.map((_, index) => index),
    nodes,
    parameters: options.parameters ?? {},
    bodies: new Map(),
    evidence: [],
    fatals: [],
    decidedRounds: new Map(),
    weather: options.weather ?? (() => [lateMs]),
    trace: options.trace,
    diskMs: options.diskMs ?? (() => 2),
    workMs: options.workMs ?? (() => 1),
    at(timeMs, run) {
      order += 1;
      queue.push({ timeMs, order, run });
    },
    runUntil(timeMs, done = () => false) {
      for (
        let deed = queue.peek();
        deed !== undefined && deed.timeMs <= timeMs;
        deed = queue.peek()
      ) {
        if (done()) return;
        queue.pop();
        world.nowMs = Math.max(world.nowMs, deed.timeMs);
        deed.run();
      }
      if (!done()) world.nowMs = timeMs;
    },
    send(from, to, packet) {
      for (const node of nodes) {
        if (!isMeant(from, node, to) || isCut(from.name, node.name)) continue;
        for (const delayMs of world.weather(from, node, packet)) {
          world.at(world.nowMs + delayMs, () => node.receive(from.name, packet));
        }
      }
    },
    linksOf: (node) =>
      world.indices.filter((index) => index !== node.validator && !isCut(node.name, index)),
    cut(a, b) {
      cuts.add(cutKey(a.name, b.name));
      for (const node of [a, b]) tellLinks(node);
    },
    mend() {
      cuts.clear();
      for (const node of nodes) tellLinks(node);
    },
    noteSigned(node, { type, signed: { content, sender, signature } }) {
      if (twins.includes(node.validator ?? -1)) return;
      const slot = `${sender}/${content.height}/${content.round}/${type}`;
      const bytes = toHex(signature);
      const before = signed.get(slot);
      if (before !== undefined && before !== bytes) throw new Error(`I3: two messages for ${slot}`);
      signed.set(slot, bytes);
    },
    noteFinal(node, block, round) {
      const { height } = block.header;
      const rounds = world.decidedRounds.get(height) ?? new Set();
      world.decidedRounds.set(height, rounds.add(round));
      if (twins.includes(node.validator ?? -1)) return;
      const known = finals.get(height);
      if (known === undefined) finals.set(height, block);
      else if (!equalBytes(known.hash, block.hash)) throw new Error(`I1: fork at height ${height}`);
    },
    isFinal(node, transaction) {
      return node.disk.chain.some(({ block }) => {
        return world.bodies.get(toHex(block.hash))?.includes(transaction) ?? false;
      });
    },
    heightOf: (node) => headOf(node.disk).block.header.height,
    work(node, transaction) {
      node.pool.add(transaction);
      if (node.up) node.feed({ type: 'work', pending: true });
    },
  };

  const genesis = { block: genesisBlock(), rotation: freshRotation(validators) };
  const add = (validator: number | undefined, twin: boolean): void => {
    nodes.push(
      createNode(world, { name: nodes.length, validator, disk: createDisk(genesis), twin }),
    );
  };
  for (const index of world.indices) add(index, twins.includes(index));
  for (let index = 0; index < observers; index++) add(undefined, false);
  for (const validator of twins) add(validator, true);
  return world;
}
