/**
 * Catching up (protocol §18): ranges of blocks with their certificates from whoever shows to have
 * them (`range-fetcher.ts`); each certificate checked against the set its parent state names, each
 * block executed, then appended with one sync per range. A claim to be ahead is a hint; only
 * certificates count.
 */
import type { ConsensusFatal } from '@daybook/consensus';
import type { Block, Certificate, CertificateExpectation, Height, Result } from '@daybook/core';
import {
  blockHash,
  decodeBlock,
  decodeCertificate,
  fail,
  ok,
  quorumOf,
  verifyCertificate,
} from '@daybook/core';
import type { Network } from '@daybook/network';
import type { AheadVerifier } from './ahead/ahead-verifier.ts';
import type { Clock } from './clock.ts';
import type { Exclusive } from './exclusive.ts';
import type { Committed, Ledger } from './ledger/ledger.ts';
import type { ExecutedBlock, Tip } from './ledger/tip.ts';
import { isBodyOf } from './ledger/validity.ts';
import type { Logger } from './log.ts';
import type { Course, Fetched, RangeFetcher } from './range-fetcher.ts';
import { createRangeFetcher } from './range-fetcher.ts';
import type { ServedBlock } from './ranges.ts';
import type { SyncProgress, SyncSight } from './sync-progress.ts';
import { createSyncProgress } from './sync-progress.ts';

export interface SyncParts {
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
  readonly network: Pick<Network, 'links' | 'request' | 'penalise'>;
  readonly ledger: Ledger;
  readonly exclusive: Exclusive;
  /** Whether the own key is in the set of the next height. */
  readonly isValidator: () => boolean;
  /** Verifies ranges that are on their way; without it everything is verified when it is applied. */
  readonly ahead?: AheadVerifier | undefined;
  /** After a range: mempool, events and the machine follow the new head. */
  readonly advanced: (blocks: readonly ExecutedBlock[]) => void;
  readonly onFatal: (error: unknown) => void;
}

export interface Syncer {
  /** A peer spoke of a height beyond the next one. */
  hint(height: Height, peerId: string | undefined): void;
  /** Highest height that connected peers speak of; undefined if none does. */
  bestKnown(): Height | undefined;
  isActive(): boolean;
  /**
   * Whether blocks are missing here: they come, or so many of the connected validators spoke of more
   * that one of them is honest; on an observer linked with no validator, so many of its peers. What
   * fewer or others say may be a lie, and is only told.
   */
  isBehind(): boolean;
  /** Whether no more than the next block is missing, as far as `isBehind` believes anybody. */
  isInStep(): boolean;
  /** How far behind, how fast and why not faster; undefined when nobody spoke of more. */
  progress(): SyncSight | undefined;
  stop(): Promise<void>;
}

/** A block that a quorum decided. */
interface Certified {
  readonly block: Block;
  readonly certificate: Certificate;
}

/** What is wrong with a served block. */
interface Fault {
  readonly code: string;
  /** Present when the block is what a quorum decided, so that the peer is not to blame. */
  readonly certified?: Certified;
}

/** A range that came. */
interface ServedRange {
  readonly peerId: string;
  readonly from: Height;
  readonly blocks: readonly ServedBlock[];
}

/** A peer whose claim brought no block begins nothing for so many ms: each attempt asks all others. */
const VAIN_REST_MS = 250;

class RangeSyncer implements Syncer {
  readonly #parts: SyncParts;
  readonly #progress: SyncProgress;
  #running: Promise<void> | undefined;
  /** Blocks have come since this attempt began: it is no mere answer to a claim. */
  #isFruitful = false;
  #stopped = false;
  /** Until when claims of these peers begin nothing, in ms of the clock. */
  readonly #restUntilMs = new Map<string, number>();
  readonly #abort = new AbortController();
  readonly #fetcher: RangeFetcher;

  constructor(parts: SyncParts) {
    this.#parts = parts;
    this.#progress = createSyncProgress(parts.clock);
    const bestKnown = (): Height => this.bestKnown() ?? 0;
    this.#fetcher = createRangeFetcher({ ...parts, bestKnown, signal: this.#abort.signal });
  }

  bestKnown(): Height | undefined {
    return this.#progress.best(this.#fetcher.peers());
  }

  isActive(): boolean {
    return this.#running !== undefined;
  }

  isBehind(): boolean {
    return this.#isBehindBy(0);
  }

  isInStep(): boolean {
    return !this.#isBehindBy(1);
  }

  /** By more than so many blocks. */
  #isBehindBy(margin: number): boolean {
    if (this.isActive() && this.#isFruitful) return true;
    const { faultyMax } = quorumOf(Math.max(1, this.#parts.ledger.head().next.validators.length));
    const isShownBy = (peerIds: readonly string[]): boolean => {
      const liarsMax = Math.min(faultyMax, Math.max(0, peerIds.length - 1));
      return this.#progress.isPast(this.#head() + margin, peerIds, liarsMax + 1);
    };
    const peerIds = this.#fetcher.peers();
    // With fewer validators linked than one more than may lie, the others must bear them out, too.
    return isShownBy(peerIds) && isShownBy(this.#witnesses(peerIds));
  }

  /** Whose word f bounds: validators. Only an observer without one takes what it is linked with. */
  #witnesses(peerIds: readonly string[]): readonly string[] {
    const { network, isValidator } = this.#parts;
    const links = network.links().filter(({ role }) => role === 'validator');
    const validators = new Set<string>(links.map(({ peerId }) => peerId));
    if (validators.size === 0 && !isValidator()) return peerIds;
    return peerIds.filter((peerId) => validators.has(peerId));
  }

  progress(): SyncSight | undefined {
    const report = this.#progress.report(this.#head(), this.#fetcher.peers());
    return report && { ...report, credible: this.isBehind() };
  }

  hint(height: Height, peerId: string | undefined): void {
    this.#progress.claimed(height, peerId);
    if (peerId !== undefined) this.#fetcher.prefer(peerId);
    if (this.#running !== undefined || this.#stopped) return;
    if (height <= this.#head() || this.#isAtRest(peerId)) return;
    this.#running = this.#run(peerId)
      .catch((error: unknown) => {
        // The process takes its time to end, and the next claim of a height would begin anew.
        this.#stopped = true;
        this.#parts.onFatal(error);
      })
      .finally(() => {
        this.#running = undefined;
        return this.#parts.ahead?.rest();
      });
  }

  #isAtRest(peerId: string | undefined): boolean {
    const nowMs = this.#parts.clock.now();
    for (const [name, untilMs] of this.#restUntilMs) {
      if (untilMs <= nowMs) this.#restUntilMs.delete(name);
    }
    return peerId !== undefined && this.#restUntilMs.has(peerId);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#abort.abort();
    await this.#running;
  }

  #head(): Height {
    return this.#parts.ledger.head().header.height;
  }

  /**
   * Takes one range after another until nobody gives a block beyond the head.
   * @param claimant  whose claim began it
   */
  async #run(claimant: string | undefined): Promise<void> {
    const course = this.#fetcher.begin();
    this.#isFruitful = false;
    this.#progress.reached(this.#head());
    while (!this.#stopped) {
      const fetched = await course.next();
      if (fetched === undefined) break;
      course.settled(fetched, await this.#take(fetched, course));
    }
    if (this.#isFruitful || claimant === undefined) return;
    this.#restUntilMs.set(claimant, this.#parts.clock.now() + VAIN_REST_MS);
  }

  /** @returns whether the range was genuine and of use */
  async #take({ peerId, from, served }: Fetched, course: Course): Promise<boolean> {
    if (!served.ok) {
      this.#progress.hindered({ code: served.reason.code, peerId });
      return false;
    }
    const range = { peerId, from, blocks: served.value };
    return await this.#parts.exclusive(() => this.#apply(range, course));
  }

  async #apply({ peerId, from, blocks }: ServedRange, course: Course): Promise<boolean> {
    const { ledger, logger } = this.#parts;
    const applied: Committed[] = [];
    let tip = ledger.head();
    // Consensus may have gone on meanwhile: what it committed is skipped.
    const skip = Math.max(0, tip.header.height + 1 - from);
    let fault: Fault | undefined;
    for (const item of blocks.slice(skip)) {
      const judged = await this.#judge(item, tip, course);
      if (!judged.ok) {
        fault = judged.reason;
        break;
      }
      applied.push(judged.value);
      tip = judged.value.block.tip;
    }
    await this.#commit(applied);
    this.#isFruitful ||= applied.length > 0;
    this.#progress.reached(tip.header.height);
    if (fault === undefined) return applied.length > 0 || skip > 0;
    if (fault.certified !== undefined) return await this.#judgeAgain(fault.certified);
    this.#progress.hindered({ code: fault.code, peerId });
    const height = tip.header.height + 1;
    logger.warn('peer served a wrong block', { peer: peerId, height, fault: fault.code });
    this.#fetcher.distrust(peerId, 'lie');
    return false;
  }

  async #commit(blocks: readonly Committed[]): Promise<void> {
    if (blocks.length > 0) await this.#parts.ledger.commitRange(blocks);
    this.#parts.advanced(blocks.map(({ block }) => block));
  }

  /**
   * A quorum decided this block and this node finds it invalid: no peer lied. It is judged once more
   * from the disk; if it fails again, this node is damaged or more than f are faulty (protocol R15).
   */
  async #judgeAgain({ block, certificate }: Certified): Promise<boolean> {
    const { ledger, logger, onFatal } = this.#parts;
    const { height } = block.header;
    await ledger.dropCaches();
    const executed = await ledger.judge(block);
    if (executed.ok) {
      logger.warn('block found valid from the disk', { code: 'CONSENSUS_RECHECK_PASSED', height });
      await this.#commit([{ block: executed.value, certificate }]);
      return true;
    }
    this.#stopped = true;
    const { reason } = executed;
    const facts = {
      height,
      blockHash: blockHash(block.header),
      vouched: 'decided',
      reason,
    } as const;
    const failure: ConsensusFatal = { code: 'CONSENSUS_BLOCK_INVALID', ...facts };
    onFatal(failure);
    return false;
  }

  async #judge(
    served: ServedBlock,
    parent: Tip,
    course: Course,
  ): Promise<Result<Committed, Fault>> {
    const block = decodeBlock(served.block);
    const certificate = decodeCertificate(served.certificate);
    if (!block.ok) return fail({ code: block.reason.code });
    if (!certificate.ok) return fail({ code: certificate.reason.code });
    const expected = expectationOf(block.value, parent);
    // By the same rule, of the same bytes: only whether it holds was found out elsewhere.
    if (this.#parts.ahead?.isCertified(served.certificate, expected) !== true) {
      const verified = verifyCertificate(certificate.value, expected);
      if (!verified.ok) return fail({ code: verified.reason.code });
    }
    course.shown();
    const executed = await this.#parts.ledger.judge(block.value, parent);
    if (executed.ok) return ok({ block: executed.value, certificate: certificate.value });
    const { code } = executed.reason;
    // The certificate vouches for the header; a body that is another one is the peer's.
    if (!isBodyOf(block.value, () => undefined)) return fail({ code });
    return fail({ code, certified: { block: block.value, certificate: certificate.value } });
  }
}

/** What the certificate of a block that follows a tip must hold. */
function expectationOf({ header }: Block, { header: parent, next }: Tip): CertificateExpectation {
  const { era: chain, validators } = next;
  const height = parent.height + 1;
  return { kind: 'commit', chain, height, blockHash: blockHash(header), validators };
}

export function createSyncer(parts: SyncParts): Syncer {
  return new RangeSyncer(parts);
}
