/**
 * One machine of the adversary, as its strategy sees it: the honest node to be bent, the key, the
 * wire, and everything that everybody else does.
 */
import type {
  Block,
  BodyEntry,
  Hash,
  Justification,
  Message,
  PrePrepare,
  Unsigned,
  ValidatorSet,
  VoteMessage,
} from '@daybook/core';
import {
  asPublicKey,
  assert,
  decodeMessage,
  encodeMessage,
  entryBytes,
  indexOfKey,
  justificationHash,
  proposerOf,
  publicKeyOf,
  sign,
  signBytes,
  transactionHashOf,
} from '@daybook/core';
import type { Machine } from '../node/machine.ts';
import type { Prng } from '../world/prng.ts';
import type { Tap } from '../world/station.ts';
import type { World } from '../world/world.ts';
import type { Bend } from './strategy.ts';

/** A block of somebody's choosing. */
export interface ForgedBlock {
  readonly block: Block;
  readonly hash: Hash;
}

export interface TraitorOptions {
  readonly prng: Prng;
  /** 0, or which of the twins this is. */
  readonly twin: number;
  /** Name of the strategy, for the coverage counters; absent for a traitor led by hand. */
  readonly strategy?: string;
}

export class Traitor {
  readonly world: World;
  readonly machine: Machine;
  /** This traitor's own generator. */
  readonly prng: Prng;
  /** 0, or which of the twins this is. */
  readonly twin: number;
  readonly #strategy: string | undefined;
  #actedAt = -1;

  constructor(world: World, machine: Machine, { prng, twin, strategy }: TraitorOptions) {
    this.world = world;
    this.machine = machine;
    this.prng = prng;
    this.twin = twin;
    this.#strategy = strategy;
    machine.isHonest = false;
  }

  /**
   * Tells the coverage counters that the strategy did its deed, once per height.
   * @returns whether this is its first deed at this height
   */
  acted(): boolean {
    const height = this.machine.height();
    if (height === this.#actedAt || this.#strategy === undefined) return false;
    this.#actedAt = height;
    this.world.coverage.add(`heights under ${this.#strategy}`);
    return true;
  }

  /** Installs what the strategy bends. */
  bend(bend: Bend): void {
    this.machine.tap = this.#tapOf(bend);
    this.machine.beforeStart = bend.beforeStart;
  }

  // --- what it knows ---------------------------------------------------------------------------

  /** Position of its key in the set of a height it is at. */
  index(): number | undefined {
    const set = this.validators();
    return set && indexOfKey(set, asPublicKey(publicKeyOf(this.machine.member.keys.consensus)));
  }

  /** V of the height its own node works at. */
  validators(): ValidatorSet | undefined {
    return this.machine.replica()?.ledger.head().next.validators;
  }

  /** Machines of correct nodes. */
  honest(): readonly Machine[] {
    return this.world.machines.filter(({ isHonest }) => isHonest);
  }

  /** The validator at a position of the present set. */
  machineOf(index: number): Machine | undefined {
    const peerId = this.machine.replica()?.peers().validators.peerOf(index);
    return this.world.machines.find(({ member }) => member.peerId === peerId);
  }

  /** Position of who is to propose in a round of the height its own node works at. */
  proposerAt(round: number): number | undefined {
    return this.proposers()(round);
  }

  /** As `proposerAt`, of the height at which its own node is now, whenever it is asked. */
  proposers(): (round: number) => number | undefined {
    const head = this.machine.replica()?.ledger.head();
    if (head === undefined) return () => undefined;
    const { validators, rotation, parameters } = head.next;
    const { chain } = this.world.genesis;
    const { epochBlocks } = parameters;
    const height = head.header.height + 1;
    const place = { chain, height, epochBlocks, validators, rotation };
    return (round) => proposerOf(place, round);
  }

  /** The round its own node is in. */
  round(): number {
    return this.machine.replica()?.consensus.driver.state().current?.round ?? 0;
  }

  // --- what it can do --------------------------------------------------------------------------

  /** Signs past the guard. */
  sign<Content extends Unsigned>(
    content: Content,
  ): { content: Content; sender: number; signature: ReturnType<typeof sign> } {
    const sender = this.index();
    assert(sender !== undefined, 'a traitor signs while it is a validator');
    const bytes = signBytes(this.world.genesis.chain, content);
    return { content, sender, signature: sign(this.machine.member.keys.consensus, bytes) };
  }

  /** Sends to one machine, past its own node and past the bend. */
  send(to: number, message: Message): void {
    const peerId = this.world.machines[to]?.member.peerId;
    if (peerId === undefined) return;
    this.machine.station()?.inject(peerId, 'consensus', encodeMessage(message));
  }

  /** Sends to every correct validator. */
  sendToAll(message: Message): void {
    for (const { index, isValidator } of this.honest()) if (isValidator) this.send(index, message);
  }

  /** Runs a task after a while, if the process still lives then. */
  after(delayMs: number, task: () => void): void {
    const life = this.machine.life();
    const { timeline } = this.world;
    timeline.at(timeline.now() + delayMs, () => {
      if (this.machine.life() === life && life?.isAlive() === true) task();
    });
  }

  /** A proposal signed past the guard, with everything inlined. */
  propose(
    { block, hash }: ForgedBlock,
    round: number,
    justification: Justification | undefined,
  ): PrePrepare {
    const signed = this.sign({
      type: 'pre-prepare',
      height: block.header.height,
      round,
      blockHash: hash,
      justificationHash: justificationHash(justification),
    });
    const { header } = block;
    const parts = { header, ...inlineAll(block.body), ...(justification && { justification }) };
    return { type: 'pre-prepare', signed, ...parts };
  }

  /** A valid block on its own head that differs from any other: empty, with this timestamp. */
  forgeBlock(timestampMs: number): ForgedBlock | undefined {
    const head = this.machine.replica()?.ledger.head();
    if (head === undefined || timestampMs <= head.header.timestampMs) return undefined;
    return this.buildBlock({ timestampMs, entries: [] });
  }

  /**
   * A block on its own head whose header follows from its body, whatever stands in that.
   * @returns undefined as well when the entries are too much work for one block
   */
  buildBlock(plan: {
    readonly timestampMs: number;
    readonly entries: readonly BodyEntry[];
  }): ForgedBlock | undefined {
    const ledger = this.machine.replica()?.ledger;
    const index = this.index();
    const proposer = index === undefined ? undefined : this.validators()?.[index]?.id;
    if (ledger === undefined || proposer === undefined) return undefined;
    const { header, hash, entries, staged } = ledger.build({ ...plan, proposer });
    staged.discard();
    if (entries.length < plan.entries.length) return undefined;
    return { block: { header, body: entries.map(entryBytes) }, hash };
  }

  // --- the tap ---------------------------------------------------------------------------------

  #machineAt(peerId: string): number {
    return this.world.machines.find(({ member }) => member.peerId === peerId)?.index ?? -1;
  }

  /** Its own votes come back through relays; the honest code below would take them for a twin's. */
  #isOwnVote(message: Message): boolean {
    return 'signed' in message && message.signed.sender === this.index();
  }

  #tapOf(bend: Bend): Tap {
    const speaks = (to: number): boolean => {
      return bend.speaksWith?.(to) !== false && bend.says?.(to) !== false;
    };
    return {
      speaks: (peerId) => speaks(this.#machineAt(peerId)),
      outgoing: (peerId, channel, bytes) => {
        const to = this.#machineAt(peerId);
        if (!speaks(to)) return [];
        if (channel !== 'consensus' || bend.outgoing === undefined) return [bytes];
        const decoded = decodeMessage(bytes);
        if (!decoded.ok) return [bytes];
        return bend.outgoing({ to, message: decoded.value }).map(encodeMessage);
      },
      admits: (peerId, parcel) => {
        const from = this.#machineAt(peerId);
        if (bend.speaksWith?.(from) === false) return false;
        if (parcel.type === 'request') return bend.hears?.(from, parcel.name) ?? true;
        if (parcel.type !== 'message' || parcel.channel === 'transactions') return true;
        const decoded = decodeMessage(parcel.bytes);
        if (!decoded.ok) return true;
        if (this.#isOwnVote(decoded.value)) return false;
        return bend.incoming?.(from, decoded.value) ?? true;
      },
      answer: (peerId, name, honest) => {
        const from = this.#machineAt(peerId);
        return bend.answer === undefined ? honest : bend.answer(from, name, honest);
      },
    };
  }
}

export function isVote(message: Message): message is VoteMessage {
  return 'signed' in message;
}

/** Which transactions a proposal names, complete, so that nobody has to ask for them. */
export function inlineAll(body: Block['body']): {
  readonly transactionHashes: readonly Hash[];
  readonly inlined: readonly { readonly index: number; readonly bytes: Uint8Array }[];
} {
  return {
    transactionHashes: body.map((bytes) => transactionHashOf(bytes)),
    inlined: body.map((bytes, index) => ({ index, bytes })),
  };
}
