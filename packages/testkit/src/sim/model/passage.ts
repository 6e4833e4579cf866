/**
 * Lets a cluster of replicas live through a stretch of time: the driver's half of production as a
 * function from one cluster to the next. A frame takes no time, signing and executing neither; what
 * happens in one instant happens in the order in which it was caused.
 */
import type { Effect, Event, Instant, SignRequest, TimerId } from '@daybook/consensus';
import { brokenInvariants, step, triage } from '@daybook/consensus';
import type { Decided, Hash, Message, Status, VoteMessage } from '@daybook/core';
import { assert, equalBytes, signBytes, toHex, updateRotation } from '@daybook/core';
import { applyVoteRecord, judgeSigning } from '@daybook/state';
import type { Violation } from '../world/world.ts';
import { complete, lockOf } from './own-votes.ts';
import type { Cluster, Replica } from './replica.ts';
import { blockOf, contextOf, EPOCH_MS, headOf } from './replica.ts';

type Happening = Event extends infer One
  ? One extends Instant
    ? Omit<One, keyof Instant>
    : never
  : never;
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What a stretch of time is like. */
export interface Weather {
  /** The part of the network that a replica is in, by its place; parts do not hear one another. */
  readonly partOf: (place: number) => number;
  /** Is lost. */
  readonly dropped: Message['type'] | undefined;
  /** Whether the second twin comes first where both act in one instant. */
  readonly isSecondFirst: boolean;
}

export interface Passage {
  readonly cluster: Cluster;
  readonly violation: Violation | undefined;
}

const TIMERS: readonly TimerId[] = ['round', 'pacing', 'patience', 'empty', 'hold', 'resend'];
/** One stretch needs some hundreds: more are a defect of the model. */
const DEEDS_MAX = 200_000;

/** Enters the first height with work for everybody. */
export function beginHeight(cluster: Cluster, rules: Parameters<typeof contextOf>[1]): Cluster {
  const calm = { partOf: (place: number) => place, dropped: undefined, isSecondFirst: false };
  const run = new Run(cluster, calm);
  for (const replica of run.replicas) {
    const others = rules.validators.map((_, index) => index);
    const validators = others.filter((index) => index !== replica.validator);
    run.tell(replica, { type: 'links', validators });
    run.tell(replica, { type: 'work', pending: true });
    run.tell(replica, { type: 'height-entered', context: contextOf(replica, rules) });
  }
  run.settle();
  return run.cluster();
}

/** @param isOver  asked after every instant in which something happened */
export function pass(
  cluster: Cluster,
  weather: Weather,
  untilMs: number,
  isOver: (cluster: Pick<Cluster, 'replicas'>) => boolean = () => false,
): Passage {
  const run = new Run(cluster, weather);
  const ends = (): boolean => run.violation !== undefined || isOver(run);
  while (!ends() && run.fireNext(untilMs)) run.settle();
  return { cluster: run.cluster(ends() ? run.nowMs : untilMs), violation: run.violation };
}

class Run {
  readonly replicas: readonly Mutable<Replica>[];
  nowMs: number;
  violation: Violation | undefined;
  readonly #role: number;
  readonly #weather: Weather;
  /** In the order in which they act within an instant. */
  readonly #order: readonly Mutable<Replica>[];
  readonly #deeds: (() => void)[] = [];

  constructor({ nowMs, replicas, role }: Cluster, weather: Weather) {
    this.nowMs = nowMs;
    this.replicas = replicas.map((replica) => ({ ...replica }));
    this.#role = role;
    this.#weather = weather;
    const others = this.replicas.filter(
      (_, place) => place !== role && place < replicas.length - 1,
    );
    const twins = [this.replicas[role], this.replicas.at(-1)].filter((one) => one !== undefined);
    this.#order = [...(weather.isSecondFirst ? twins.reverse() : twins), ...others];
  }

  cluster(nowMs = this.nowMs): Cluster {
    const replicas = this.replicas.map((replica) => ({ ...replica }));
    return { nowMs, replicas, role: this.#role };
  }

  // --- time ------------------------------------------------------------------------------------

  /** Goes to the next instant at which a timer is due. @returns false if there is none until then */
  fireNext(untilMs: number): boolean {
    const running = this.#order.filter(({ state }) => state.phase !== 'stopped');
    const due = running.flatMap(({ state }) => Object.values(state.timers));
    const nextMs = Math.min(...due);
    if (!(nextMs <= untilMs)) return false;
    this.nowMs = Math.max(this.nowMs, nextMs);
    for (const replica of running) {
      for (const timer of TIMERS) {
        const dueMs = replica.state.timers[timer];
        if (dueMs !== undefined && dueMs <= this.nowMs)
          this.tell(replica, { type: 'timer', timer });
      }
    }
    return true;
  }

  /** Until nothing is left to do in this instant. */
  settle(): void {
    const deeds = this.#deeds;
    for (let done = 0; done < deeds.length && this.violation === undefined; done++) {
      assert(done < DEEDS_MAX, 'an instant comes to an end');
      deeds[done]?.();
    }
    deeds.length = 0;
  }

  tell(replica: Mutable<Replica>, happening: Happening): void {
    this.#deeds.push(() => this.#step(replica, happening));
  }

  #step(replica: Mutable<Replica>, happening: Happening): void {
    const instant = { monoMs: this.nowMs, wallMs: EPOCH_MS + this.nowMs };
    const before = replica.state;
    const { state, effects } = step(before, { ...happening, ...instant } as Event);
    replica.state = state;
    const [broken] = brokenInvariants(before, state);
    if (broken !== undefined) this.#violate(broken.slice(0, broken.indexOf(':')), broken);
    for (const effect of effects) this.#perform(replica, effect);
  }

  #violate(invariant: string, words: string): void {
    this.violation ??= { invariant, words, atMs: this.nowMs };
  }

  #isTwin(replica: Replica): boolean {
    return replica.validator === this.replicas[this.#role]?.validator;
  }

  // --- the wire --------------------------------------------------------------------------------

  #isHeard(from: Replica, to: Replica): boolean {
    const { partOf } = this.#weather;
    const [a, b] = [from, to].map((one) => partOf(this.replicas.indexOf(one)));
    return from.validator !== to.validator && a === b;
  }

  /** To every replica of these validators that hears it. */
  #send(from: Mutable<Replica>, to: readonly number[] | 'all', message: Message): void {
    if (message.type === this.#weather.dropped) return;
    for (const replica of this.#order) {
      if (to !== 'all' && !to.includes(replica.validator)) continue;
      if (!this.#isHeard(from, replica)) continue;
      this.#deeds.push(() => this.#receive(replica, from, message));
    }
  }

  #receive(replica: Mutable<Replica>, from: Mutable<Replica>, message: Message): void {
    if (message.type === 'status') this.#receiveStatus(replica, from, message);
    else if (message.type === 'decided') this.#receiveDecided(replica, from, message);
    else if ('signed' in message) this.#receiveVote(replica, from, message);
  }

  #receiveStatus(replica: Mutable<Replica>, { validator }: Replica, status: Status): void {
    this.tell(replica, { type: 'status', peer: String(validator), validator, status });
  }

  /** What arrives is genuine: nobody here forges, so nothing is left to authenticate. */
  #receiveVote(replica: Mutable<Replica>, from: Mutable<Replica>, message: VoteMessage): void {
    const interest = triage(replica.state, message);
    if (interest === 'ahead') this.#catchUp(replica, from);
    // Its own votes come back by relay, and a twin does not look for its double.
    if (interest !== 'wanted' && interest !== 'held') return;
    if (message.type !== 'pre-prepare') {
      this.tell(replica, { type: 'vote', message });
      return;
    }
    this.#hold(replica, message.signed.content.blockHash, message.header);
    const receivedWallMs = EPOCH_MS + this.nowMs;
    this.tell(replica, { type: 'proposal', message, receivedWallMs, sound: true });
  }

  #receiveDecided(replica: Mutable<Replica>, from: Mutable<Replica>, message: Decided): void {
    const { header, certificate } = message;
    const { height } = headOf(replica.chain).header;
    if (header.height > height + 1) {
      this.#catchUp(replica, from);
      return;
    }
    const hash = certificate.blockHash;
    const final = replica.chain[header.height];
    if (final !== undefined && equalBytes(final.hash, hash)) return;
    this.#hold(replica, hash, header);
    this.tell(replica, { type: 'decided', message, blockHash: hash, bodyHeld: true });
  }

  /** Asks whoever is ahead for the next block, and gets it if the answer is heard. */
  #catchUp(replica: Mutable<Replica>, from: Mutable<Replica>): void {
    const entry = from.chain[headOf(replica.chain).header.height + 1];
    if (entry?.certificate === undefined || !this.#isHeard(from, replica)) return;
    const { header, certificate } = entry;
    this.#deeds.push(() => {
      this.#receiveDecided(replica, from, { type: 'decided', header, certificate });
    });
  }

  #hold(replica: Mutable<Replica>, hash: Hash, header: Replica['chain'][number]['header']): void {
    if (replica.blocks.has(toHex(hash))) return;
    replica.blocks = new Map(replica.blocks).set(toHex(hash), header);
  }

  // --- effects ---------------------------------------------------------------------------------

  #perform(replica: Mutable<Replica>, effect: Effect): void {
    switch (effect.type) {
      case 'sign':
        this.#deeds.push(() => this.#sign(replica, effect.request));
        return;
      case 'send':
        this.#send(replica, effect.to === 'validators' ? 'all' : effect.to, effect.message);
        return;
      case 'send-status':
        this.#send(replica, effect.to === undefined ? 'all' : [Number(effect.to)], effect.status);
        return;
      case 'build':
        this.#build(replica, effect);
        return;
      case 'judge':
        this.tell(replica, { type: 'judged', hash: effect.hash, verdict: { valid: true } });
        return;
      case 'fetch':
        this.#fetch(replica, effect);
        return;
      case 'release':
        this.#release(replica, effect.hashes);
        return;
      case 'commit':
        this.#deeds.push(() => this.#commit(replica, effect));
        return;
      case 'help':
        this.#help(replica, effect);
        return;
      case 'sync': {
        const ahead = this.#holders(effect.peer).find((one) => this.#isHeard(one, replica));
        if (ahead !== undefined) this.#catchUp(replica, ahead);
        return;
      }
      case 'report': {
        const { sender } = effect.evidence.first;
        const isDouble = sender === this.replicas[this.#role]?.validator;
        if (!isDouble) this.#violate('I14', `validator ${sender} is accused, and runs once`);
        return;
      }
      case 'fatal':
        if (this.#isTwin(replica)) return;
        this.#violate('I18', `a correct validator stops with ${effect.failure.code}`);
        return;
      default:
      // Timers stand in the state; candidates need no disk, hand-over no second transaction.
    }
  }

  #holders(peer: string | undefined): readonly Mutable<Replica>[] {
    return this.#order.filter(({ validator }) => String(validator) === peer);
  }

  #sign(replica: Mutable<Replica>, request: SignRequest): void {
    const context = replica.state.current?.context;
    const message = complete(replica, request);
    if (context === undefined || message === undefined) return;
    const { content } = message.signed;
    const { type, height, round } = content;
    if (height !== headOf(replica.chain).header.height + 1) return;
    const bytes = signBytes(context.chain, content);
    const lock = request.type === 'commit' ? lockOf(request) : undefined;
    const asked = { signBytes: bytes, attachment: new Uint8Array(), ...(lock && { lock }) };
    const judged = judgeSigning(replica.votes, asked);
    if (!judged.ok) {
      this.tell(replica, { type: 'refused', slot: { type, height, round }, reason: 'guard' });
      return;
    }
    const { signature } = message.signed;
    if (judged.value === 'sign') {
      if (lock !== undefined)
        replica.votes = applyVoteRecord(replica.votes, { type: 'lock', lock });
      const vote = { height, round, step: type, ...asked, signature };
      replica.votes = applyVoteRecord(replica.votes, { type: 'signed', vote });
    }
    this.tell(replica, { type: 'signed', message });
  }

  #build(
    replica: Mutable<Replica>,
    { height, round, timestampMs }: Extract<Effect, { type: 'build' }>,
  ): void {
    const proposer = replica.state.current?.context.validators[replica.validator]?.id;
    assert(proposer !== undefined, 'a validator builds');
    const txRoot = replica.transaction;
    const parent = headOf(replica.chain).hash;
    const block = blockOf(height, parent, { timestampMs, proposer, txRoot });
    this.#hold(replica, block.hash, block.header);
    this.tell(replica, { type: 'built', height, round, block });
  }

  /** From those named first, then from anybody; nobody who is not heard has it. */
  #fetch(replica: Mutable<Replica>, { hash, from }: Extract<Effect, { type: 'fetch' }>): void {
    const named = this.#order.filter(({ validator }) => from.includes(validator));
    const holder = [...named, ...this.#order].find((one) => {
      return this.#isHeard(one, replica) && one.blocks.has(toHex(hash));
    });
    const header = holder?.blocks.get(toHex(hash));
    if (header === undefined) return;
    this.#hold(replica, hash, header);
    this.tell(replica, { type: 'block', block: { hash, header } });
  }

  #release(replica: Mutable<Replica>, hashes: readonly Hash[]): void {
    const blocks = new Map(replica.blocks);
    for (const hash of hashes) blocks.delete(toHex(hash));
    replica.blocks = blocks;
  }

  #commit(replica: Mutable<Replica>, effect: Extract<Effect, { type: 'commit' }>): void {
    const { blockHash: hash, certificate, height } = effect;
    const context = replica.state.current?.context;
    const header = replica.blocks.get(toHex(hash));
    assert(context !== undefined && header !== undefined, 'a committed block is held');
    const { epochBlocks } = context.parameters;
    const rotation = updateRotation({ ...context, epochBlocks }, header.proposer);
    replica.chain = [...replica.chain, { hash, header, certificate, rotation }];
    replica.blocks = new Map([...replica.blocks].filter(([, one]) => one.height > height));
    const next = { type: 'height', height: height + 1 } as const;
    replica.votes = applyVoteRecord(replica.votes, next);
    const self = context.validators[replica.validator]?.id;
    if (self !== undefined && equalBytes(self, header.proposer)) {
      this.#send(replica, 'all', { type: 'decided', header, certificate });
    }
    this.tell(replica, { type: 'work', pending: false });
    this.tell(replica, { type: 'height-entered', context: contextOf(replica, context) });
  }

  #help(replica: Mutable<Replica>, { peer, height }: Extract<Effect, { type: 'help' }>): void {
    const entry = replica.chain[height];
    if (entry?.certificate === undefined) return;
    const { header, certificate } = entry;
    this.#send(replica, [Number(peer)], { type: 'decided', header, certificate });
  }
}
