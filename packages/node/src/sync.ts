/**
 * Catching up (protocol §18): ranges of blocks with their certificates from whoever shows to have
 * them, the next ones already on their way from other peers; each certificate checked against the
 * set its parent state names, each block executed, then appended with one sync per range. Signatures
 * of ranges ahead are verified beside the execution of those before. A claim to be ahead is a hint;
 * only certificates count.
 */
import type { ConsensusFatal } from '@daybook/consensus';
import type { Block, Certificate, CertificateExpectation, Height, Result } from '@daybook/core';
import {
  blockHash,
  decodeBlock,
  decodeCertificate,
  fail,
  LIMITS,
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
import type { ServedBlock } from './ranges.ts';
import { decodeRange, encodeRangeRequest } from './ranges.ts';
import type { SyncProgress, SyncSight } from './sync-progress.ts';
import { createSyncProgress } from './sync-progress.ts';

export interface SyncParts {
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly exclusive: Exclusive;
  /** Verifies ranges that are on their way; without it everything is verified when it is applied. */
  readonly ahead?: AheadVerifier | undefined;
  /** After a range: mempool, events and the machine follow the new head. */
  readonly advanced: (blocks: readonly ExecutedBlock[]) => void;
  readonly onFatal: (error: unknown) => void;
}

export interface Syncer {
  /** A peer spoke of a height beyond the next one. */
  hint(height: Height, peerId: string | undefined): void;
  /** Highest height spoken of; undefined before any peer spoke. */
  bestKnown(): Height | undefined;
  isActive(): boolean;
  /**
   * Whether blocks are missing here: they are being fetched, or so many of the connected peers spoke
   * of more that one of them is honest. What fewer say may be a lie, and is only told.
   */
  isBehind(): boolean;
  /** How far behind, how fast and why not faster; undefined when nobody spoke of more. */
  progress(): SyncSight | undefined;
  stop(): Promise<void>;
}

const DISTRUSTED_MAX = 1024;

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

/**
 * Ranges on their way beside the one that is applied: they hide what a peer takes to answer, and
 * bound the memory to so many more answers.
 */
const RANGES_AHEAD = 3;

/** A range that was asked for. */
interface Fetched {
  readonly peerId: string;
  readonly from: Height;
  /** Or why the peer did not give it. */
  readonly served: Result<readonly ServedBlock[], { readonly code: string }>;
}

class RangeSyncer implements Syncer {
  readonly #parts: SyncParts;
  readonly #progress: SyncProgress;
  #running: Promise<void> | undefined;
  #stopped = false;
  readonly #abort = new AbortController();
  #preferred: string | undefined;
  /** Spreads the ranges ahead over the peers. */
  #turn = 0;
  /** Peers whose answers failed a check: asked only when nobody else helps (protocol N-4). */
  readonly #distrusted = new Set<string>();

  constructor(parts: SyncParts) {
    this.#parts = parts;
    this.#progress = createSyncProgress(parts.clock);
  }

  bestKnown(): Height | undefined {
    return this.#progress.best();
  }

  isActive(): boolean {
    return this.#running !== undefined;
  }

  isBehind(): boolean {
    if (this.isActive()) return true;
    const peerIds = this.#peers(new Set());
    const { faultyMax } = quorumOf(Math.max(1, this.#parts.ledger.head().next.validators.length));
    const ahead = this.#progress.aheadOf(this.#head(), peerIds);
    return ahead > Math.min(faultyMax, Math.max(0, peerIds.length - 1));
  }

  progress(): SyncSight | undefined {
    return this.#progress.report(this.#head());
  }

  hint(height: Height, peerId: string | undefined): void {
    this.#progress.claimed(height, peerId);
    this.#preferred = peerId ?? this.#preferred;
    if (this.#running !== undefined || this.#stopped) return;
    if (height <= this.#head()) return;
    this.#running = this.#run()
      .catch((error: unknown) => this.#parts.onFatal(error))
      .finally(() => {
        this.#running = undefined;
        return this.#parts.ahead?.rest();
      });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#abort.abort();
    await this.#running;
  }

  #head(): Height {
    return this.#parts.ledger.head().header.height;
  }

  /** Asks one peer after another until nobody gives a block beyond the head. */
  async #run(): Promise<void> {
    const refused = new Set<string>();
    const coming = new Map<Height, Promise<Fetched>>();
    let isGoing = false;
    this.#progress.reached(this.#head());
    while (!this.#stopped) {
      const from = this.#head() + 1;
      const peerId = this.#nextPeer(refused);
      if (peerId === undefined) return;
      const next = coming.get(from) ?? this.#fetch(peerId, from, coming);
      coming.set(from, next);
      // A claim to be far ahead is worth one range until it was a true one (spec N-1).
      if (isGoing) this.#fetchAhead(from, coming, refused);
      const fetched = await next;
      isGoing = await this.#take(fetched);
      if (!isGoing) refused.add(fetched.peerId);
      // Consensus may have gone on, too.
      const left = [...coming.keys()].filter((height) => height === from || height <= this.#head());
      for (const height of left) coming.delete(height);
    }
  }

  #peers(refused: ReadonlySet<string>): readonly string[] {
    return this.#parts.network
      .links()
      .filter(({ peerId, channels }) => channels.includes('sync') && !refused.has(peerId))
      .map(({ peerId }) => peerId);
  }

  #nextPeer(refused: ReadonlySet<string>): string | undefined {
    const peers = this.#peers(refused);
    const trusted = peers.filter((peerId) => !this.#distrusted.has(peerId));
    const preferred = this.#preferred;
    if (preferred !== undefined && trusted.includes(preferred)) return preferred;
    return trusted[0] ?? peers[0];
  }

  /** Asks for the ranges behind the next one, each another peer, as far as anybody spoke of them. */
  #fetchAhead(
    from: Height,
    coming: Map<Height, Promise<Fetched>>,
    refused: ReadonlySet<string>,
  ): void {
    const trusted = this.#peers(refused).filter((peerId) => !this.#distrusted.has(peerId));
    for (let ahead = 1; ahead <= RANGES_AHEAD; ahead++) {
      const last = Math.max(...coming.keys());
      const next = Math.max(last, from) + LIMITS.rangeBlocksMax;
      this.#turn += 1;
      const peerId = trusted[this.#turn % trusted.length];
      const isFull = coming.size > RANGES_AHEAD || next > (this.bestKnown() ?? 0);
      if (isFull || peerId === undefined) return;
      const fetching = this.#fetch(peerId, next, coming);
      const { ahead } = this.#parts;
      coming.set(next, ahead === undefined ? fetching : this.#verified(fetching, ahead));
    }
  }

  /** A range with its signatures verified, while the ones before it are executed. */
  async #verified(fetching: Promise<Fetched>, ahead: AheadVerifier): Promise<Fetched> {
    const fetched = await fetching;
    const { next } = this.#parts.ledger.head();
    if (fetched.served.ok) await ahead.verify(fetched.served.value, next);
    return fetched;
  }

  #distrust(peerId: string, offence: 'malformed' | 'lie'): void {
    // The network cuts off who goes on; a long list would only be one of peers long gone.
    if (this.#distrusted.size >= DISTRUSTED_MAX) this.#distrusted.clear();
    this.#distrusted.add(peerId);
    this.#parts.network.penalise(peerId, offence);
  }

  /** Asks for a range, up to the next one that is on its way already. Never rejects. */
  async #fetch(
    peerId: string,
    from: Height,
    coming: ReadonlyMap<Height, unknown>,
  ): Promise<Fetched> {
    const { network, logger } = this.#parts;
    const next = Math.min(...[...coming.keys()].filter((height) => height > from));
    const request = encodeRangeRequest(from, Math.min(LIMITS.rangeBlocksMax, next - from));
    const options = { signal: this.#abort.signal };
    const answer = await network.request(peerId, 'blocks', request, options);
    if (!answer.ok) {
      logger.debug('range not served', { peer: peerId, from, code: answer.reason.code });
      return { peerId, from, served: answer };
    }
    const served = decodeRange(answer.value);
    if (!served.ok) this.#distrust(peerId, 'malformed');
    return { peerId, from, served };
  }

  /** @returns whether the range was genuine and of use */
  async #take({ peerId, from, served }: Fetched): Promise<boolean> {
    if (!served.ok) {
      this.#progress.hindered({ code: served.reason.code, peerId });
      return false;
    }
    return await this.#parts.exclusive(() => this.#apply(peerId, from, served.value));
  }

  async #apply(peerId: string, from: Height, served: readonly ServedBlock[]): Promise<boolean> {
    const { ledger, logger } = this.#parts;
    const applied: Committed[] = [];
    let tip = ledger.head();
    // Consensus may have gone on meanwhile: what it committed is skipped.
    const skip = Math.max(0, tip.header.height + 1 - from);
    let fault: Fault | undefined;
    for (const item of served.slice(skip)) {
      const judged = await this.#judge(item, tip);
      if (!judged.ok) {
        fault = judged.reason;
        break;
      }
      applied.push(judged.value);
      tip = judged.value.block.tip;
    }
    await this.#commit(applied);
    this.#progress.reached(tip.header.height);
    if (fault === undefined) return applied.length > 0 || skip > 0;
    if (fault.certified !== undefined) return await this.#judgeAgain(fault.certified);
    this.#progress.hindered({ code: fault.code, peerId });
    const height = tip.header.height + 1;
    logger.warn('peer served a wrong block', { peer: peerId, height, fault: fault.code });
    this.#distrust(peerId, 'lie');
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

  async #judge(served: ServedBlock, parent: Tip): Promise<Result<Committed, Fault>> {
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
