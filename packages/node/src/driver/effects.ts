/**
 * Performs what the consensus machine asks for, in its order. Signing goes through one chain of
 * promises: each vote waits for its candidate block and for the vote log before its answer comes
 * back, and nothing signed leaves but through a later `send`.
 */
import type { Effect, SignRequest, TimerId } from '@daybook/consensus';
import type { Block, Hash, PrePrepare, Status, VoteMessage } from '@daybook/core';
import {
  assert,
  assertNever,
  encodeMessage,
  entryBytes,
  isPlanted,
  signBytes,
  toHex,
} from '@daybook/core';
import type { Network } from '@daybook/network';
import type { VoteSigner } from '@daybook/state';
import { isPassing } from '@daybook/state';
import type { Clock } from '../clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ExecutedBlock } from '../ledger/tip.ts';
import type { Bodies } from './bodies.ts';
import type { UnstampedEvent } from './driver.ts';
import {
  citedBlock,
  lockOf,
  slotOf,
  unsignedVote,
  withoutBodies,
  withSignature,
} from './own-votes.ts';
import type { ValidatorPeers } from './validators.ts';

/** A disk that hangs gives no answer: only since when it was asked can be told. */
export interface SigningWait {
  /** What is being written: the block that is voted for, or the vote itself. */
  readonly log: 'block-log' | 'vote-log';
  /** On the monotonic clock, in milliseconds. */
  readonly sinceMs: number;
}

export interface Effects {
  /** Starts an effect; its answer, if it has one, comes as an event. */
  perform(effect: Effect): void;
  /** What the signature that is under way waits for; undefined while none is. */
  signing(): SigningWait | undefined;
  /** Cancels timers and waits for the vote and the block that are being written; no other begins. */
  stop(): Promise<void>;
}

/** What the node brings: everything else about an effect is generic. */
export interface EffectsParts {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly network: Pick<Network, 'send' | 'links'>;
  readonly bodies: Bodies;
  /** Absent on an observer. */
  readonly signer: Pick<VoteSigner, 'sign' | 'state'> | undefined;
  /** Own position in the set of this height. */
  readonly selfIndex: () => number | undefined;
  readonly peers: () => ValidatorPeers;
  /** Chooses transactions and builds a block for this timestamp. */
  readonly build: (timestampMs: number) => ExecutedBlock;
  /** Which transactions of an own proposal its receivers are unlikely to hold. */
  readonly inline: (block: Block) => PrePrepare['inlined'];
  /** Looks for a body at these validators, then elsewhere. */
  readonly fetch: (hash: Hash, from: readonly number[]) => Promise<Block | undefined>;
  /** Tells the machine what the vote log holds of this height. */
  readonly recall: () => void;
  /** What follows a commit: mempool, events, and `height-entered`. */
  readonly committed: (block: ExecutedBlock, effect: Extract<Effect, { type: 'commit' }>) => void;
  /** One at a time with everything else that advances the ledger. */
  readonly exclusive: (task: () => Promise<void>) => Promise<void>;
  /** Effects that concern other parts of the node. */
  readonly outside: (effect: OutsideEffect) => void;
  /** After each request for a signature: how long it took, and why it was refused. */
  readonly signingDone: (seconds: number, refusal: string | undefined) => void;
  readonly onFatal: (error: unknown) => void;
}

/** Performed elsewhere: sync, hand-over, help, reports, logs, the end. */
export type OutsideEffect = Extract<
  Effect,
  { type: 'help' | 'sync' | 'hand-over' | 'report' | 'notice' | 'fatal' }
>;

class NodeEffects implements Effects {
  readonly #parts: EffectsParts;
  readonly #answer: (event: UnstampedEvent) => void;
  readonly #timers = new Map<TimerId, () => void>();
  /** Signing requests are granted strictly in order. */
  #signing: Promise<void> = Promise.resolve();
  #wait: SigningWait | undefined;
  #working: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: EffectsParts, answer: (event: UnstampedEvent) => void) {
    this.#parts = parts;
    this.#answer = (event) => {
      if (!this.#stopped) answer(event);
    };
  }

  perform(effect: Effect): void {
    switch (effect.type) {
      case 'sign':
        this.#signing = this.#guarded(this.#signing, () => this.#sign(effect.request));
        return;
      case 'send':
        this.#send(effect.message, effect.to);
        return;
      case 'send-status':
        this.#sendStatus(effect.status, effect.to);
        return;
      case 'schedule':
        this.#schedule(effect.timer, effect.atMonoMs);
        return;
      case 'cancel':
        this.#cancel(effect.timer);
        return;
      case 'build':
        this.#build(effect);
        return;
      case 'judge':
        this.#advance(() => this.#judge(effect));
        return;
      case 'store':
        this.#store(effect.hash);
        return;
      case 'fetch':
        this.#background(this.#fetch(effect.hash, effect.from));
        return;
      case 'release':
        for (const hash of effect.hashes) this.#parts.bodies.release(hash);
        return;
      case 'commit':
        this.#advance(() => this.#commit(effect));
        return;
      case 'help':
      case 'sync':
      case 'hand-over':
      case 'report':
      case 'notice':
      case 'fatal':
        this.#parts.outside(effect);
        return;
      default:
        assertNever(effect);
    }
  }

  signing(): SigningWait | undefined {
    return this.#wait;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    await this.#signing;
    await this.#working;
  }

  /** Runs after `before`; a failure is fatal, since a vote or a block could not be written. */
  #guarded(before: Promise<void>, task: () => Promise<void>): Promise<void> {
    return before.then(task).catch(async (error: unknown) => {
      this.#parts.onFatal(error);
      if (isPlanted('stop-hangs')) await this.stop();
    });
  }

  #advance(task: () => Promise<void>): void {
    this.#working = this.#guarded(this.#working, () => this.#parts.exclusive(task));
  }

  #background(task: Promise<void>): void {
    task.catch((error: unknown) => this.#parts.onFatal(error));
  }

  // --- signing -----------------------------------------------------------------------------

  async #sign(request: SignRequest): Promise<void> {
    const { signer, ledger, selfIndex, bodies, clock, signingDone } = this.#parts;
    const sender = selfIndex();
    const slot = slotOf(request);
    // Sync may have moved the head while the request waited: its height is decided.
    if (this.#stopped || slot.height !== ledger.head().header.height + 1) return;
    assert(signer !== undefined && sender !== undefined, 'only a validator is asked to sign');
    const cited = citedBlock(request);
    const body = cited && bodies.get(cited);
    if (cited !== undefined && body?.stored === undefined) {
      // Rounds have passed while the disk hung, and with them the block: no vote without its candidate.
      this.#answer({ type: 'refused', slot, reason: 'guard' });
      return;
    }
    const unsigned = unsignedVote(request, sender, body);
    this.#wait = { log: 'block-log', sinceMs: clock.now() };
    if (!isPlanted('candidate-not-durable')) await body?.stored;
    this.#wait = undefined;
    if (this.#stopped) return;
    const lock = lockOf(request);
    const startedMs = clock.now();
    this.#wait = { log: 'vote-log', sinceMs: startedMs };
    const signed = await signer.sign({
      signBytes: signBytes(ledger.head().next.era, unsigned.signed.content),
      attachment: encodeMessage(withoutBodies(unsigned)),
      ...(lock && { lock }),
    });
    this.#wait = undefined;
    const refusal = signed.ok ? undefined : signed.reason.code;
    signingDone((clock.now() - startedMs) / 1000, refusal);
    if (signed.ok) {
      const message = withSignature(unsigned, signed.value.signature);
      this.#answer({ type: 'signed', message });
      return;
    }
    const reason = isPassing(signed.reason) ? 'paused' : 'guard';
    // The log may know more than the machine asked by: the refusal is judged by all of it.
    if (reason === 'guard') this.#parts.recall();
    this.#answer({ type: 'refused', slot, reason });
  }

  // --- sending -----------------------------------------------------------------------------

  #send(message: VoteMessage, to: 'validators' | readonly number[]): void {
    const { network, selfIndex, ledger, peers, bodies, inline } = this.#parts;
    const self = selfIndex();
    const indices = to === 'validators' ? [...ledger.head().next.validators.keys()] : to;
    const body =
      message.type === 'pre-prepare' ? bodies.get(message.signed.content.blockHash) : undefined;
    const complete =
      message.type === 'pre-prepare' && body !== undefined
        ? { ...message, inlined: inline(body.block) }
        : message;
    const bytes = encodeMessage(complete);
    for (const index of indices) {
      const peerId = index === self ? undefined : peers().peerOf(index);
      if (peerId !== undefined) network.send(peerId, 'consensus', bytes);
    }
  }

  #sendStatus(status: Status, to: string | undefined): void {
    const { network } = this.#parts;
    const bytes = encodeMessage(status);
    for (const { peerId, channels } of network.links()) {
      if (to !== undefined && peerId !== to) continue;
      const channel = channels.includes('consensus') ? 'consensus' : 'sync';
      network.send(peerId, channel, bytes);
    }
  }

  // --- timers ------------------------------------------------------------------------------

  #schedule(timer: TimerId, atMonoMs: number): void {
    this.#cancel(timer);
    const { clock } = this.#parts;
    // The machine's instants are whole ms rounded down: one more keeps "late, never early".
    const delayMs = Math.max(0, Math.ceil(atMonoMs - clock.now()));
    const fire = (): void => {
      this.#timers.delete(timer);
      this.#answer({ type: 'timer', timer });
    };
    this.#timers.set(timer, clock.schedule(delayMs, fire));
  }

  #cancel(timer: TimerId): void {
    this.#timers.get(timer)?.();
    this.#timers.delete(timer);
  }

  // --- blocks ------------------------------------------------------------------------------

  #build({ height, round, timestampMs }: Extract<Effect, { type: 'build' }>): void {
    const { ledger, bodies, clock, build } = this.#parts;
    if (ledger.head().header.height + 1 !== height) return;
    const executed = build(timestampMs);
    const { header, hash } = executed;
    const body = executed.entries.map(entryBytes);
    bodies.hold({ block: { header, body }, hash, executed, receivedWallMs: clock.wall() });
    this.#answer({ type: 'built', height, round, block: { hash, header } });
  }

  async #judge({ hash, again }: Extract<Effect, { type: 'judge' }>): Promise<void> {
    const { bodies, ledger } = this.#parts;
    const held = bodies.get(hash);
    // The body goes when its height ends, and with the height the question.
    if (held === undefined || this.#stopped) return;
    if (held.block.header.height !== ledger.head().header.height + 1) return;
    if (again) await ledger.dropCaches();
    const judged = await ledger.judge(held.block);
    if (judged.ok) bodies.update(hash, { executed: judged.value });
    const verdict = judged.ok
      ? ({ valid: true } as const)
      : ({ valid: false, reason: judged.reason } as const);
    this.#answer({ type: 'judged', hash, verdict });
  }

  #store(hash: Hash): void {
    const { bodies, ledger, signer } = this.#parts;
    const held = bodies.get(hash);
    if (held === undefined || held.stored !== undefined) return;
    const { executed } = held;
    assert(executed !== undefined, 'only a valid block is stored');
    const lock = signer?.state().lock;
    const stored = ledger.store(executed, lock === undefined ? [] : [lock.blockHash]);
    stored.catch((error: unknown) => this.#parts.onFatal(error));
    bodies.update(hash, { stored });
  }

  async #fetch(hash: Hash, from: readonly number[]): Promise<void> {
    const { bodies, clock, fetch } = this.#parts;
    const block = await fetch(hash, from);
    if (block === undefined) return;
    bodies.hold({ block, hash, receivedWallMs: clock.wall() });
    this.#answer({ type: 'block', block: { hash, header: block.header } });
  }

  async #commit(effect: Extract<Effect, { type: 'commit' }>): Promise<void> {
    const { bodies, ledger, committed } = this.#parts;
    // Sync may have brought the height meanwhile.
    if (this.#stopped || ledger.head().header.height >= effect.height) return;
    const executed = bodies.get(effect.blockHash)?.executed;
    assert(executed !== undefined, `only a valid block is committed: ${toHex(effect.blockHash)}`);
    await ledger.commit(executed, effect.certificate);
    committed(executed, effect);
  }
}

export function createEffects(
  parts: EffectsParts,
  answer: (event: UnstampedEvent) => void,
): Effects {
  return new NodeEffects(parts, answer);
}
