/**
 * The peers that a node joins from: each question goes to the next of them, and to another one when
 * an answer does not come. Who contradicts what a quorum has signed is not asked again.
 */
import type { Result } from '@daybook/core';
import { fail } from '@daybook/core';
import type { Network } from '@daybook/network';
import type { Logger } from '../log.ts';
import type { SnapshotQuestion } from './wire.ts';
import { encodeQuestion } from './wire.ts';

/** Why an answer is not taken. */
export interface Refused {
  readonly fact: string;
  /**
   * It contradicts the snapshot, or is no answer to the question; otherwise it cannot be told whether
   * the peer or this node is wrong.
   */
  readonly isForged: boolean;
}

/** What an answer is worth. */
export type Verdict<T> = Result<T, Refused>;

const FORGED = 'NODE_SNAPSHOT_FORGED';

export function forged(fact: string): Verdict<never> {
  return fail({ fact, isForged: true });
}

export function doubtful(fact: string): Verdict<never> {
  return fail({ fact, isForged: false });
}

export interface Sources {
  /** Peers that can be asked now. */
  links(): readonly string[];
  /** Asks one peer. @returns undefined when it gave no answer that holds */
  askOne<T>(
    peerId: string,
    question: SnapshotQuestion,
    judge: (bytes: Uint8Array) => Verdict<T>,
  ): Promise<T | undefined>;
  /** Asks one peer after the other. @returns undefined when none gave an answer that holds */
  ask<T>(
    question: SnapshotQuestion,
    judge: (bytes: Uint8Array) => Verdict<T>,
  ): Promise<T | undefined>;
  /** Why the last question was not answered, for people. */
  reason(): string | undefined;
}

export interface SourcesParts {
  readonly network: Pick<Network, 'links' | 'request' | 'penalise'>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export function createSources({ network, logger, signal }: SourcesParts): Sources {
  const distrusted = new Set<string>();
  let turn = 0;
  let reason: string | undefined;

  const links = (): readonly string[] =>
    network
      .links()
      .filter(({ peerId, channels }) => channels.includes('sync') && !distrusted.has(peerId))
      .map(({ peerId }) => peerId);

  const askOne: Sources['askOne'] = async (peerId, question, judge) => {
    const request = encodeQuestion(question);
    const answer = await network.request(peerId, 'snapshot', request, { signal });
    if (!answer.ok) {
      reason = `${answer.reason.code} (${question.kind})`;
      return undefined;
    }
    const verdict = judge(answer.value);
    if (verdict.ok) {
      reason = undefined;
      return verdict.value;
    }
    const { fact, isForged } = verdict.reason;
    if (!isForged) {
      reason = fact;
      logger.warn('snapshot not taken', { peer: peerId, asked: question.kind, reason });
      return undefined;
    }
    reason = `${FORGED}: ${fact}`;
    logger.warn('snapshot forged', { code: FORGED, peer: peerId, asked: question.kind, fact });
    distrusted.add(peerId);
    network.penalise(peerId, 'forgery');
    return undefined;
  };

  return {
    links,
    askOne,
    ask: async (question, judge) => {
      const peers = links();
      turn += 1;
      for (let index = 0; index < peers.length && !signal.aborted; index++) {
        const peerId = peers[(turn + index) % peers.length];
        if (peerId === undefined) continue;
        const value = await askOne(peerId, question, judge);
        if (value !== undefined) return value;
      }
      if (peers.length === 0) reason = 'no peer is connected that can be asked';
      return undefined;
    },
    reason: () => reason,
  };
}
