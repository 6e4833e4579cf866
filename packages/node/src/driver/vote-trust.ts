/**
 * Whether the own vote log may be signed with (protocol §12). At every start the peers are asked for
 * the newest message of the own key they hold, and the last certificates are searched for own seals:
 * what the log lacks means that it was rolled back or that the key is used elsewhere. A validator
 * whose log cannot be trusted is in quarantine; this finds its end and starts a new log above it.
 */
import type { Instant, State } from '@daybook/consensus';
import { endsQuarantine, quarantineStartMs } from '@daybook/consensus';
import type { Height, TimestampMs, ValidatorSet } from '@daybook/core';
import {
  decodeCertificate,
  equalBytes,
  indexOfKey,
  isPlanted,
  quorumOf,
  roundDurationMs,
} from '@daybook/core';
import type { Network } from '@daybook/network';
import type { BlockLog, QuarantineReason, VoteSigner, VoteState } from '@daybook/state';
import { explainState } from '@daybook/state';
import type { Clock } from '../clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Logger } from '../log.ts';
import type { UnstampedEvent } from './driver.ts';
import type { OwnKeyWatch } from './own-key.ts';
import type { ValidatorPeers } from './validators.ts';
import type { VoteAnswer } from './vote-inquiry.ts';
import { readVoteAnswer } from './vote-inquiry.ts';

export interface VoteTrustParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly network: Pick<Network, 'links' | 'request' | 'penalise'>;
  readonly ledger: Ledger;
  readonly blockLog: BlockLog;
  readonly signer: VoteSigner;
  readonly peers: () => ValidatorPeers;
  readonly validatorsAt: (height: Height) => ValidatorSet | undefined;
  readonly state: () => State;
  readonly tell: (event: UnstampedEvent) => void;
  /** Told from which height on the log holds every vote of the key. */
  readonly watch: Pick<OwnKeyWatch, 'begin' | 'end'>;
  readonly onFatal: (error: unknown) => void;
}

/** Where trust in the log stands. */
export type TrustReport =
  | { readonly phase: 'asking'; readonly answers: number; readonly needed: number }
  | {
      readonly phase: 'quarantine';
      readonly reason: QuarantineReason;
      /** Chain time at which it began; absent until the clocks of a quorum are known. */
      readonly startMs?: TimestampMs;
      /** The height up to which everything signed before may lie, once it is decided. */
      readonly resumeAbove?: Height;
    }
  | { readonly phase: 'trusted' };

export interface VoteTrust {
  /** Before the first height is entered: nothing is signed until the peers have answered. */
  start(): void;
  /** Links came or went. */
  onLinks(): void;
  /** A block became final. */
  onCommitted(): void;
  /** The signer went into quarantine by itself. */
  onSigner(): void;
  report(): TrustReport;
  stop(): void;
}

/** Certificates searched for own seals at a start. */
const SEALS_SEARCHED = 100;
/** Peers that are just starting, too, do not answer yet. */
const ASK_AGAIN_MS = 250;
const QUARANTINE_LOOK_MS = 1000;
/** A peer that has failed so often is not waited for. */
const FAILURES_MAX = 2;

interface Inquiry {
  readonly answers: Map<string, VoteAnswer>;
  readonly failures: Map<string, number>;
  readonly asking: Set<string>;
  sinceMs: number;
}

type Phase =
  | { readonly name: 'asking' }
  | { readonly name: 'trusted' }
  | {
      readonly name: 'quarantine';
      readonly reason: QuarantineReason;
      startMs: TimestampMs | undefined;
      candidate: Height | undefined;
    };

class WatchedTrust implements VoteTrust {
  readonly #parts: VoteTrustParts;
  /** The log as it was opened: what sync adds to it later says nothing of what it lacks. */
  readonly #opened: VoteState;
  /** Nothing is signed in this run up to this height; 0 after quarantine. */
  #silentUpTo: Height = 0;
  /** Certificates up to here have been searched for own seals. */
  #searchedUpTo: Height = 0;
  #phase: Phase = { name: 'asking' };
  #inquiry: Inquiry;
  #cancel: () => void = () => undefined;
  #isStopped = false;

  constructor(parts: VoteTrustParts) {
    this.#parts = parts;
    this.#opened = parts.signer.state();
    this.#inquiry = this.#newInquiry();
  }

  #newInquiry(): Inquiry {
    const sinceMs = this.#parts.clock.now();
    return { answers: new Map(), failures: new Map(), asking: new Set(), sinceMs };
  }

  start(): void {
    const { signer, tell } = this.#parts;
    tell({ type: 'quarantine' });
    const reason = signer.quarantine();
    if (reason !== undefined) this.#enterQuarantine(reason);
    else this.#checkSeals();
    this.#tick();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  report(): TrustReport {
    const phase = this.#phase;
    switch (phase.name) {
      case 'trusted':
        return { phase: 'trusted' };
      case 'asking':
        return {
          phase: 'asking',
          answers: this.#answersOfValidators().length,
          needed: this.#needed(),
        };
      case 'quarantine': {
        const { reason, startMs, candidate } = phase;
        return {
          phase: 'quarantine',
          reason,
          ...(startMs !== undefined && { startMs }),
          ...(candidate !== undefined && { resumeAbove: candidate }),
        };
      }
    }
  }

  onLinks(): void {
    this.#ask();
  }

  onSigner(): void {
    const reason = this.#parts.signer.quarantine();
    if (reason === undefined || this.#phase.name === 'quarantine' || this.#isStopped) return;
    this.#parts.tell({ type: 'quarantine' });
    this.#enterQuarantine(reason);
    this.#tick();
  }

  onCommitted(): void {
    this.onSigner();
    if (this.#hasSignedNothing() && !this.#isStopped) this.#checkSeals();
    const phase = this.#phase;
    if (phase.name !== 'quarantine' || this.#isStopped) return;
    const { header, next } = this.#parts.ledger.head();
    if (phase.startMs === undefined || phase.candidate !== undefined) return;
    if (!endsQuarantine(phase.startMs, header.timestampMs, next.parameters)) return;
    phase.candidate = header.height;
    this.#parts.logger.info('quarantine nearly over', { height: header.height });
  }

  /** What sync brings may carry own seals, too, of before an older copy was put back. */
  #hasSignedNothing(): boolean {
    if (this.#phase.name === 'asking') return true;
    const { height } = this.#parts.ledger.head().header;
    return this.#phase.name === 'trusted' && height <= this.#silentUpTo;
  }

  // --- what the block log knows --------------------------------------------------------------

  /** A COMMIT of the own key stands in a certificate, and the log ends before it. */
  #checkSeals(): void {
    const { signer, ledger, blockLog, validatorsAt } = this.#parts;
    const { guard } = this.#opened;
    const head = ledger.head().header.height;
    const last = Math.max(this.#searchedUpTo + 1, guard.height, head - SEALS_SEARCHED);
    this.#searchedUpTo = head;
    for (let height = head; height >= last; height -= 1) {
      const set = validatorsAt(height);
      const self = set && indexOfKey(set, signer.publicKey);
      const stored = self === undefined ? undefined : blockLog.readFinalisation(height);
      const certificate = stored && decodeCertificate(stored.certificate);
      if (self === undefined || certificate?.ok !== true) continue;
      const { signers, round } = certificate.value;
      if (!signers.includes(self) || this.#holdsCommit(height, round)) continue;
      this.#withhold(height, `a block of this node carries its COMMIT of round ${round}`);
      return;
    }
  }

  #holdsCommit(height: Height, round: number): boolean {
    const { own, earlier, guard } = this.#opened;
    if (height > guard.height) return false;
    return [...own, ...earlier].some(
      (vote) => vote.height === height && vote.round === round && vote.step === 'commit',
    );
  }

  // --- what the peers know -------------------------------------------------------------------

  #ask(): void {
    const { network, signer } = this.#parts;
    if (!this.#isInquiring()) return;
    const inquiry = this.#inquiry;
    for (const { peerId } of network.links()) {
      const { answers, asking, failures } = inquiry;
      if (answers.has(peerId) || asking.has(peerId)) continue;
      asking.add(peerId);
      network
        .request(peerId, 'votes', signer.publicKey)
        .then((answer) => {
          const read = answer.ok ? readVoteAnswer(answer.value, signer) : answer;
          asking.delete(peerId);
          if (read.ok) inquiry.answers.set(peerId, read.value);
          else failures.set(peerId, (failures.get(peerId) ?? 0) + 1);
          if (inquiry === this.#inquiry) this.#evaluate();
        })
        .catch(this.#parts.onFatal);
    }
    this.#evaluate();
  }

  /** Peers are asked at the start, and again before quarantine ends. */
  #isInquiring(): boolean {
    const phase = this.#phase;
    if (this.#isStopped || phase.name === 'trusted') return false;
    if (phase.name === 'asking') return true;
    const head = this.#parts.ledger.head().header.height;
    return phase.candidate !== undefined && head > phase.candidate;
  }

  #answersOfValidators(): readonly VoteAnswer[] {
    const { peers } = this.#parts;
    return [...this.#inquiry.answers]
      .filter(([peerId]) => peers().indexOf(peerId) !== undefined)
      .map(([, answer]) => answer);
  }

  /** A quorum, this node included: with fewer nothing can be decided anyway. */
  #needed(): number {
    return quorumOf(this.#parts.ledger.head().next.validators.length).quorum - 1;
  }

  /** Where links are few, those that are there must do, when T(0) has passed. */
  #isAnswered(): boolean {
    const count = this.#answersOfValidators().length;
    if (count >= this.#needed()) return true;
    const { clock, network, ledger, peers } = this.#parts;
    const { answers, failures, sinceMs } = this.#inquiry;
    const patienceMs = roundDurationMs(ledger.head().next.parameters, 0);
    if (count === 0 || clock.now() - sinceMs < patienceMs) return false;
    return network
      .links()
      .filter(({ peerId }) => peers().indexOf(peerId) !== undefined)
      .every(({ peerId }) => answers.has(peerId) || (failures.get(peerId) ?? 0) >= FAILURES_MAX);
  }

  #evaluate(): void {
    if (!this.#isInquiring()) return;
    if (this.#phase.name === 'asking') this.#findLostVote();
    if (this.#phase.name === 'quarantine') this.#findTwin(this.#phase);
    if (!this.#isInquiring() || !this.#isAnswered()) return;
    if (this.#phase.name !== 'asking') {
      this.#resume();
      return;
    }
    this.#silentUpTo = this.#claimedHead();
    this.#trust(this.#silentUpTo);
  }

  /** At least one correct validator has this block. */
  #claimedHead(): Height {
    const { ledger } = this.#parts;
    const { header, next } = ledger.head();
    const { oneCorrect } = quorumOf(next.validators.length);
    const claims = this.#answersOfValidators()
      .map(({ head }) => head)
      .sort((a, b) => b - a);
    return Math.max(header.height, claims[oneCorrect - 1] ?? 0);
  }

  #findLostVote(): void {
    const { guard, own, earlier } = this.#opened;
    for (const { newest } of this.#inquiry.answers.values()) {
      if (newest === undefined || newest.content.height < guard.height) continue;
      const isKnown = [...own, ...earlier].some((vote) =>
        equalBytes(vote.signBytes, newest.signBytes),
      );
      if (isKnown) continue;
      this.#withhold(newest.content.height, 'a peer holds a vote of this key');
      return;
    }
  }

  /** Somebody signs with the key while this node is in quarantine: its end begins anew. */
  #findTwin(phase: Extract<Phase, { name: 'quarantine' }>): void {
    for (const { newest } of this.#inquiry.answers.values()) {
      if (newest === undefined || newest.content.height <= (phase.candidate ?? 0)) continue;
      const { height } = newest.content;
      this.#parts.logger.error('the key signs elsewhere', { height });
      const guardHeight = this.#parts.signer.state().guard.height;
      const fact = 'another process signs with this key';
      this.#enterQuarantine({ code: 'STATE_VOTES_BEHIND', height, guardHeight, fact });
      return;
    }
  }

  // --- consequences --------------------------------------------------------------------------

  #withhold(height: Height, fact: string): void {
    const { signer, onFatal } = this.#parts;
    const guardHeight = signer.state().guard.height;
    const reason = { code: 'STATE_VOTES_BEHIND', height, guardHeight, fact } as const;
    signer.withhold(reason).catch(onFatal);
    this.#parts.tell({ type: 'quarantine' });
    this.#enterQuarantine(reason);
    this.#tick();
  }

  #enterQuarantine(reason: QuarantineReason): void {
    this.#silentUpTo = 0;
    this.#parts.watch.end();
    this.#phase = { name: 'quarantine', reason, startMs: undefined, candidate: undefined };
    this.#inquiry = this.#newInquiry();
    const { code } = reason;
    this.#parts.logger.error('signing withheld', { code, reason: explainState(reason) });
    if (isPlanted('quarantine-skipped')) this.#resume();
  }

  #trust(height: Height): void {
    this.#phase = { name: 'trusted' };
    this.#cancel();
    // At the height where it stands the log is whole: only below is it pruned.
    this.#parts.watch.begin(Math.max(height, this.#opened.guard.height - 1));
    this.#parts.logger.info('vote log trusted', { answers: this.#inquiry.answers.size, height });
    this.#parts.tell({ type: 'quarantine', resumeAbove: height });
  }

  #resume(): void {
    const { signer, onFatal } = this.#parts;
    const above = this.#claimedHead();
    // Asked once; a signer that was away meanwhile is asked again by the next tick.
    this.#inquiry = this.#newInquiry();
    signer
      .resume(above)
      .then(() => {
        if (signer.quarantine() !== undefined || this.#isStopped) return;
        this.#parts.logger.warn('quarantine over', { height: above });
        // Seals up to there are of before the loss.
        this.#searchedUpTo = above;
        this.#trust(above);
      })
      .catch(onFatal);
  }

  /** Until the log is trusted: clocks become known, peers that failed are asked again. */
  #tick(): void {
    this.#cancel();
    if (this.#isStopped || this.#phase.name === 'trusted') return;
    if (this.#phase.name === 'quarantine') this.#findStart(this.#phase);
    this.#ask();
    const delayMs = this.#phase.name === 'asking' ? ASK_AGAIN_MS : QUARANTINE_LOOK_MS;
    this.#cancel = this.#parts.clock.schedule(delayMs, () => this.#tick());
  }

  #findStart(phase: Extract<Phase, { name: 'quarantine' }>): void {
    if (phase.startMs !== undefined) return;
    const { clock, ledger, state } = this.#parts;
    const now: Instant = { monoMs: Math.floor(clock.now()), wallMs: clock.wall() };
    phase.startMs = quarantineStartMs(state(), now, ledger.head().header.timestampMs);
  }
}

export function createVoteTrust(parts: VoteTrustParts): VoteTrust {
  return new WatchedTrust(parts);
}
