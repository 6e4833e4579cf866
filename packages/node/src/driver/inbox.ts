/**
 * What peers send to consensus, made into events (protocol §7, §11): decoded, asked of the machine
 * whether it is wanted, authenticated, and for a proposal assembled. The cheap checks come first;
 * bytes the machine already holds cost no verification.
 */
import type { State } from '@daybook/consensus';
import { triage } from '@daybook/consensus';
import type {
  Block,
  Decided,
  Hash,
  Message,
  PrePrepare,
  ValidatorSet,
  VoteMessage,
} from '@daybook/core';
import { blockHash, decodeMessage, equalBytes, signBytes } from '@daybook/core';
import type { GossipVerdict, Network, Offence } from '@daybook/network';
import type { Authority } from '../authenticator.ts';
import {
  authenticateDecided,
  authenticateProposal,
  authenticateRoundChange,
  isJustificationSound,
  isSigned,
} from '../authenticator.ts';
import type { Clock } from '../clock.ts';
import type { KnownTransactions } from '../ledger/validity.ts';
import { isBodyOf } from '../ledger/validity.ts';
import type { Logger } from '../log.ts';
import type { Bodies } from './bodies.ts';
import type { UnstampedEvent } from './driver.ts';
import type { OwnSignature } from './own-key.ts';
import { ownSignaturesIn } from './own-key.ts';
import type { ValidatorPeers } from './validators.ts';

export interface InboxParts {
  /** What signatures of a height bind: G, or the era after a recovery. */
  readonly chainAt: (height: number) => Hash;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly network: Pick<Network, 'penalise'>;
  readonly bodies: Bodies;
  readonly state: () => State;
  /** The set that signs a height: the next one, or an earlier one for help and evidence. */
  readonly validatorsAt: (height: number) => ValidatorSet | undefined;
  readonly headHeight: () => number;
  /** The final hash at a height this node has. */
  readonly finalHash: (height: number) => Hash | undefined;
  readonly peers: () => ValidatorPeers;
  /** Whether the own vote log holds a vote with these signed bytes. */
  readonly isOwnVote: (signBytes: Uint8Array) => boolean;
  /** Signatures of the own key that messages of others carry. */
  readonly onOwnSigned: (found: readonly OwnSignature[]) => void;
  readonly known: KnownTransactions;
  /** Completes a proposal from mempool and peers; undefined when it cannot be had. */
  readonly assemble: (peerId: string, message: PrePrepare) => Promise<Block | undefined>;
  readonly tell: (event: UnstampedEvent) => void;
  /** Somebody is ahead by more than one block. */
  readonly onAhead: (peerId: string, height: number) => void;
  readonly onFatal: (error: unknown) => void;
}

export interface Inbox {
  /** Takes the bytes of one message. */
  receive(peerId: string, bytes: Uint8Array): void;
  /**
   * As `receive`, for a finalised header that came by gossip. Only what was checked is passed on
   * (protocol N-13): of a height that cannot be checked yet it is a hint, and goes no further.
   */
  receiveDecided(peerId: string, message: Decided): GossipVerdict;
}

/** An honest peer sends the proposal of its round, of the next height, and those that it repeats. */
const ASSEMBLING_PER_PEER_MAX = 4;
/** A proposal whose body its sender did not give is looked at again after so many ms: that costs signatures. */
const UNGIVEN_REST_MS = 250;

/** Gossip of a final height may come so many blocks late and is still passed on. */
const GOSSIP_LATE_MAX = 16;

class ConsensusInbox implements Inbox {
  readonly #parts: InboxParts;
  /** The highest finalised header that was passed on. */
  #gossipedUpTo = 0;
  /**
   * Proposals being completed, by peer: a slot of each once, and few of one liar at a time. With when
   * they may come again, in ms of the clock.
   */
  readonly #assembling = new Map<string, Map<string, number>>();

  constructor(parts: InboxParts) {
    this.#parts = parts;
  }

  receive(peerId: string, bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) {
      this.#blame(peerId, 'malformed', decoded.reason.code);
      return;
    }
    this.#dispatch(peerId, decoded.value);
  }

  #dispatch(peerId: string, message: Message): void {
    switch (message.type) {
      case 'status': {
        const validator = this.#parts.peers().indexOf(peerId);
        const known = validator === undefined ? {} : { validator };
        this.#parts.tell({ type: 'status', peer: peerId, status: message, ...known });
        return;
      }
      case 'decided':
        // Old certificates can be had by the thousand: none of what is final here is verified again.
        if (!this.#isFinal(message)) this.#takeDecided(peerId, message);
        return;
      case 'get-block':
      case 'block':
        this.#blame(peerId, 'malformed', 'NODE_MESSAGE_OUT_OF_PLACE');
        return;
      default:
        this.#receiveVote(peerId, message);
    }
  }

  #blame(peerId: string, offence: Offence, code: string): void {
    this.#parts.logger.debug('message refused', { peer: peerId, code });
    this.#parts.network.penalise(peerId, offence);
  }

  #authorityAt(height: number): Authority | undefined {
    const { validatorsAt, headHeight, chainAt } = this.#parts;
    // The set after the next height is not known yet: the next one stands in for it (protocol §11).
    const known = Math.min(height, headHeight() + 1);
    const validators = validatorsAt(known);
    return validators && { chain: chainAt(known), validators };
  }

  #receiveVote(peerId: string, message: VoteMessage): void {
    const { state, tell } = this.#parts;
    const interest = triage(state(), message);
    if (interest === 'unwanted') return;
    if (interest === 'ahead') {
      this.#parts.onAhead(peerId, message.signed.content.height - 1);
      return;
    }
    const authority = this.#authorityAt(message.signed.content.height);
    if (authority === undefined) return;
    if (interest === 'held') {
      this.#tellHeld(message);
      return;
    }
    if (interest === 'own') {
      this.#receiveOwn(message, authority);
      return;
    }
    if (message.type === 'pre-prepare') {
      this.#receiveProposal(peerId, message, authority);
      return;
    }
    if (message.type === 'round-change') {
      const authentic = authenticateRoundChange(message, authority);
      // The signer, not the relay, answers for content; only frames are the relay's (protocol §20).
      if (!authentic.ok) return;
      this.#lookForOwn(message, message.signed.content.height);
      tell({ type: 'vote', message });
      return;
    }
    if (isSigned(message.signed, authority)) tell({ type: 'vote', message });
  }

  /** Identical bytes are held and verified already: the machine may want to relay them. */
  #tellHeld(message: VoteMessage): void {
    const { tell, clock } = this.#parts;
    if (message.type !== 'pre-prepare') {
      tell({ type: 'vote', message });
      return;
    }
    const bare = { ...message, inlined: [] };
    tell({ type: 'proposal', message: bare, receivedWallMs: clock.wall(), sound: true });
  }

  /** Signed with the own key: either a vote of the own log come back, or another process (R15). */
  #receiveOwn(message: VoteMessage, authority: Authority): void {
    const { isOwnVote, tell } = this.#parts;
    const bytes = signBytes(authority.chain, message.signed.content);
    if (isOwnVote(bytes) || !isSigned(message.signed, authority)) return;
    tell({ type: 'stranger', message });
  }

  /** The own key inside what others have put together; the set of later heights is not known yet. */
  #lookForOwn(message: VoteMessage | Decided, height: number): void {
    const { state, onOwnSigned } = this.#parts;
    const context = state().current?.context;
    if (context?.selfIndex === undefined || context.height !== height) return;
    onOwnSigned(ownSignaturesIn(message, context.selfIndex));
  }

  #mayAssemble(peerId: string, slot: string): boolean {
    const slots = this.#assembling.get(peerId);
    if (slots === undefined) return true;
    const now = this.#parts.clock.now();
    for (const [name, until] of slots) {
      if (until <= now) slots.delete(name);
    }
    if (slots.size === 0) this.#assembling.delete(peerId);
    return !slots.has(slot) && slots.size < ASSEMBLING_PER_PEER_MAX;
  }

  #receiveProposal(peerId: string, message: PrePrepare, authority: Authority): void {
    const { tell, assemble, bodies, clock, onFatal } = this.#parts;
    const receivedWallMs = clock.wall();
    const authentic = authenticateProposal(message, authority);
    if (!authentic.ok) return;
    const { content } = message.signed;
    const slot = `${content.height}/${content.round}`;
    // What comes meanwhile is sent again (R11).
    if (!this.#mayAssemble(peerId, slot)) return;
    const sound = isJustificationSound(message.justification, content, authority);
    if (sound) this.#lookForOwn(message, content.height);
    const deliver = (): void => {
      tell({ type: 'proposal', message: { ...message, inlined: [] }, receivedWallMs, sound });
    };
    if (bodies.get(content.blockHash) !== undefined) {
      deliver();
      return;
    }
    const slots = this.#assembling.get(peerId) ?? new Map<string, number>();
    this.#assembling.set(peerId, slots.set(slot, Number.POSITIVE_INFINITY));
    assemble(peerId, message)
      .then((block) => {
        const now = clock.now();
        slots.set(slot, block === undefined ? now + UNGIVEN_REST_MS : now);
        if (block === undefined) return;
        bodies.hold({ block, hash: content.blockHash, receivedWallMs });
        deliver();
      })
      .catch(onFatal);
  }

  #isFinal({ header }: Decided): boolean {
    const final = this.#parts.finalHash(header.height);
    return final !== undefined && equalBytes(final, blockHash(header));
  }

  receiveDecided(peerId: string, message: Decided): GossipVerdict {
    const { height } = message.header;
    // What is final here is verified once more to be passed on, and for no other reason.
    const late = this.#parts.headHeight() - GOSSIP_LATE_MAX;
    const isStale = height <= Math.max(this.#gossipedUpTo, late);
    if (isStale && this.#isFinal(message)) return 'ignore';
    const verdict = this.#takeDecided(peerId, message);
    if (verdict === 'accept') this.#gossipedUpTo = Math.max(this.#gossipedUpTo, height);
    return verdict;
  }

  #takeDecided(peerId: string, message: Decided): GossipVerdict {
    const { headHeight, validatorsAt, chainAt, tell, bodies } = this.#parts;
    const { height } = message.header;
    if (height > headHeight() + 1) {
      this.#parts.onAhead(peerId, height);
      return 'ignore';
    }
    const validators = validatorsAt(height);
    if (validators === undefined) return 'ignore';
    const authentic = authenticateDecided(message, { chain: chainAt(height), validators });
    if (!authentic.ok) {
      this.#blame(peerId, 'lie', authentic.reason.code);
      return 'reject';
    }
    this.#lookForOwn(message, height);
    if (this.#isFinal(message)) return 'accept';
    const hash = authentic.value;
    const { header } = message;
    const held = bodies.get(hash) !== undefined || this.#holdBody(message, hash);
    const from = this.#parts.peers().indexOf(peerId);
    tell({
      type: 'decided',
      message: { type: 'decided', header, certificate: message.certificate },
      blockHash: hash,
      bodyHeld: held,
      ...(from !== undefined && { from }),
    });
    return 'accept';
  }

  #holdBody({ header, body }: Decided, hash: Hash): boolean {
    const { known, bodies, clock } = this.#parts;
    if (body === undefined || !isBodyOf({ header, body }, known)) return false;
    bodies.hold({ block: { header, body }, hash, receivedWallMs: clock.wall() });
    return true;
  }
}

export function createInbox(parts: InboxParts): Inbox {
  return new ConsensusInbox(parts);
}
