/**
 * Consensus in this node: driver, effects, inbox and sync wired together around one ledger. What
 * happens when a block becomes final, in which order, is written here and nowhere else.
 */
import type { Effect, HeightContext, KeyElsewhere, Recovered } from '@daybook/consensus';
import type { Hash, Height, ValidatorSet } from '@daybook/core';
import { asPublicKey, assert, equalBytes, indexOfKey, isPlanted, refOf } from '@daybook/core';
import type { Network } from '@daybook/network';
import type { BlockLog, VoteSigner } from '@daybook/state';
import type { AheadVerifier } from '../ahead/ahead-verifier.ts';
import type { BlockReader } from '../archive/block-reader.ts';
import type { Clock } from '../clock.ts';
import type { Exclusive } from '../exclusive.ts';
import type { FoundDamage } from '../found-damage.ts';
import { unlessDamaged } from '../found-damage.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ExecutedBlock } from '../ledger/tip.ts';
import type { Logger } from '../log.ts';
import type { Mempool } from '../mempool.ts';
import type { MetricsSink } from '../metrics.ts';
import type { SubmissionDesk } from '../submissions.ts';
import type { Syncer } from '../sync.ts';
import { createSyncer } from '../sync.ts';
import type { SystemDesk } from '../system-desk.ts';
import type { BlockBuilder } from './block-builder.ts';
import { createBlockBuilder } from './block-builder.ts';
import { createBodies } from './bodies.ts';
import type { BodyExchange } from './body-exchange.ts';
import { createBodyExchange } from './body-exchange.ts';
import { decidedAt, encodeDecided } from './decided.ts';
import type { Driver } from './driver.ts';
import { createDriver } from './driver.ts';
import type { OutsideEffect } from './effects.ts';
import { createEffects } from './effects.ts';
import { listenToPeers } from './listen.ts';
import type { OwnKeyWatch } from './own-key.ts';
import { createOwnKeyWatch, isKeyElsewhere, putLogAside } from './own-key.ts';
import { recoverVotes, takeOwnVotes } from './recovery.ts';
import type { ValidatorPeers } from './validators.ts';
import type { VoteTrust } from './vote-trust.ts';
import { createVoteTrust } from './vote-trust.ts';

export interface ConsensusParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly blockLog: BlockLog;
  /** For peers that catch up. */
  readonly blocks: BlockReader;
  /** What serving others finds damaged. */
  readonly damage: FoundDamage;
  readonly mempool: Mempool;
  readonly desk: SubmissionDesk;
  readonly systems: SystemDesk;
  /** Absent on an observer. */
  readonly signer: VoteSigner | undefined;
  readonly exclusive: Exclusive;
  /** For ranges that sync has fetched and not yet applied. */
  readonly ahead?: AheadVerifier | undefined;
  readonly peers: () => ValidatorPeers;
  /** Sets of past heights, as far as they are known. */
  readonly validatorsAt: (height: Height) => ValidatorSet | undefined;
  /** What signatures of a height bind: G, or the era after a recovery. */
  readonly chainAt: (height: Height) => Hash;
  /** Different per node. */
  readonly seed: number;
  /** A defect or a proof of more than f faults: the process must end. */
  readonly onFatal: (error: unknown) => void;
  /** Replaces what follows when the own key signs elsewhere: for liars of the simulator, who go on. */
  readonly onKeyElsewhere?: ((failure: KeyElsewhere) => void) | undefined;
}

export interface Consensus {
  readonly driver: Driver;
  readonly syncer: Syncer;
  /** Whether the own vote log may be signed with; absent on an observer. */
  readonly trust: VoteTrust | undefined;
  /** Looks out for another holder of the own key; absent on an observer. */
  readonly ownKey: OwnKeyWatch | undefined;
  /** Blocks in memory for the height being decided. */
  blocksHeld(): number;
  start(): void;
  /** The mempool got work. */
  onWork(): void;
  /** Links or the peer table changed. */
  onLinks(): void;
  /** A signer in another process came back or went, or went into quarantine. */
  onSigner(): void;
  /** A peer can be sent to; of validators among themselves `onLinks` tells more. */
  onPeer(peerId: string): void;
  /**
   * Ends consensus at once over a failure of any part of the node, then tells `onFatal`: nothing is
   * signed, judged or committed after it (G4, R15), however long the process takes to end.
   */
  fail(error: unknown): void;
  /** At once; waits for what is being written. Idempotent, and final: it never starts again. */
  stop(): Promise<void>;
}

class NodeConsensus implements Consensus {
  readonly driver: Driver;
  readonly syncer: Syncer;
  readonly trust: VoteTrust | undefined;
  readonly ownKey: OwnKeyWatch | undefined;
  readonly #parts: ConsensusParts;
  readonly #bodies = createBodies();
  readonly #builder: BlockBuilder;
  readonly #exchange: BodyExchange;
  readonly #unsubscribe: (() => void)[] = [];
  readonly #onFatal: (error: unknown) => void;
  #stopped: Promise<void> | undefined;

  constructor(given: ConsensusParts) {
    const parts = { ...given, onFatal: (error: unknown) => this.fail(error) };
    this.#parts = parts;
    this.#onFatal = given.onFatal;
    this.#builder = createBlockBuilder(parts);
    this.#exchange = createBodyExchange({ ...parts, bodies: this.#bodies });
    const { signer, ledger, blockLog } = parts;
    const head = ledger.head().header.height;
    const votes = signer && recoverVotes(signer.state(), head, blockLog);
    const options = {
      seed: parts.seed,
      ...(votes?.guard && { guard: votes.guard }),
      ...(votes && votes.carried.length > 0 && { carried: votes.carried }),
    };
    this.driver = createDriver(options, {
      clock: parts.clock,
      logger: parts.logger,
      onFatal: parts.onFatal,
      createEffects: (answer) => createEffects(this.#effectParts(), answer),
    });
    this.syncer = createSyncer({
      clock: parts.clock,
      logger: parts.logger,
      network: parts.network,
      ledger,
      exclusive: parts.exclusive,
      isValidator: () => this.#selfIndex() !== undefined,
      ahead: parts.ahead,
      advanced: (blocks) => this.#advanced(blocks),
      onFatal: parts.onFatal,
    });
    const { onFatal, onKeyElsewhere = onFatal } = parts;
    this.ownKey = signer && createOwnKeyWatch({ ...parts, signer, onKeyElsewhere });
    this.trust = signer && this.ownKey && this.#createTrust(signer, this.ownKey);
  }

  #createTrust(signer: VoteSigner, watch: OwnKeyWatch): VoteTrust {
    return createVoteTrust({
      ...this.#parts,
      signer,
      watch,
      state: () => this.driver.state(),
      tell: (event) => this.driver.tell(event),
    });
  }

  blocksHeld(): number {
    return this.#bodies.count();
  }

  // --- life --------------------------------------------------------------------------------

  start(): void {
    if (this.#stopped !== undefined) return;
    const { driver, syncer, ownKey } = this;
    const [bodies, exchange] = [this.#bodies, this.#exchange];
    const parts = { ...this.#parts, driver, syncer, ownKey, bodies, exchange };
    this.#unsubscribe.push(...listenToPeers(parts));
    this.trust?.start();
    this.onWork();
    const recovered = this.#recoveredVotes();
    const context = this.#context();
    this.driver.tell({ type: 'height-entered', context, ...(recovered && { recovered }) });
    this.onLinks();
  }

  /**
   * Own votes logged for the height being entered: after a restart, at once or when sync has brought
   * the blocks that the block log lost (protocol §12, recovery 5 and 6). None in normal running.
   */
  #recoveredVotes(): Recovered | undefined {
    return takeOwnVotes({ ...this.#parts, bodies: this.#bodies });
  }

  onSigner(): void {
    this.trust?.onSigner();
    this.#recall();
  }

  /** The log may hold votes whose answers never came; in quarantine it says nothing. */
  #recall(): void {
    if (this.#parts.signer?.quarantine() !== undefined) return;
    const recovered = this.#recoveredVotes();
    if (recovered === undefined) return;
    this.driver.tell({ type: 'recalled', height: this.#height(), recovered });
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.trust?.stop();
    await Promise.all([this.syncer.stop(), this.driver.stop()]);
  }

  fail(error: unknown): void {
    if (!isPlanted('failed-and-voting')) this.stop().catch(this.#onFatal);
    const { signer, onKeyElsewhere } = this.#parts;
    if (signer === undefined || onKeyElsewhere !== undefined || !isKeyElsewhere(error)) {
      this.#onFatal(error);
      return;
    }
    putLogAside(signer, error, this.#parts)
      .then(() => this.#onFatal(error))
      .catch(this.#onFatal);
  }

  // --- facts for the machine ---------------------------------------------------------------

  #height(): Height {
    return this.#parts.ledger.head().header.height + 1;
  }

  #selfIndex(): number | undefined {
    const { signer, ledger } = this.#parts;
    if (signer === undefined) return undefined;
    return indexOfKey(ledger.head().next.validators, asPublicKey(signer.publicKey));
  }

  #context(): HeightContext {
    const { ledger } = this.#parts;
    const { header, hash, next } = ledger.head();
    const selfIndex = this.#selfIndex();
    return {
      chain: ledger.genesis.chain,
      height: header.height + 1,
      validators: next.validators,
      parent: { hash, timestampMs: header.timestampMs },
      rotation: next.rotation,
      parameters: next.parameters,
      ...(selfIndex !== undefined && { selfIndex }),
    };
  }

  onWork(): void {
    const { mempool, systems } = this.#parts;
    const pending = mempool.count() > 0 || systems.isBlockWanted();
    this.driver.tell({ type: 'work', pending });
  }

  onLinks(): void {
    const { network, peers } = this.#parts;
    const validators = network
      .links()
      .filter(({ channels }) => channels.includes('consensus'))
      .map(({ peerId }) => peers().indexOf(peerId))
      .filter((index) => index !== undefined)
      .sort((a, b) => a - b);
    this.driver.tell({ type: 'links', validators });
    this.trust?.onLinks();
  }

  onPeer(peerId: string): void {
    const isBetweenValidators =
      this.#selfIndex() !== undefined && this.#parts.peers().indexOf(peerId) !== undefined;
    if (!isBetweenValidators) this.driver.tell({ type: 'peer-linked', peer: peerId });
  }

  // --- effects -----------------------------------------------------------------------------

  #effectParts(): Parameters<typeof createEffects>[0] {
    const { clock, ledger, network, signer, peers, exclusive, metrics, onFatal } = this.#parts;
    return {
      clock,
      ledger,
      network,
      signer,
      peers,
      exclusive,
      onFatal,
      bodies: this.#bodies,
      selfIndex: () => this.#selfIndex(),
      build: (timestampMs) => this.#build(timestampMs),
      inline: (block) => this.#builder.inline(block),
      fetch: (hash, from) => this.#exchange.fetch(hash, from),
      recall: () => this.#recall(),
      committed: (block, effect) => this.#committed(block, effect),
      outside: (effect) => this.#outside(effect),
      signingDone: (seconds, refusal) => {
        metrics.observe('daybook_node_signing_seconds', seconds);
        if (refusal === undefined) return;
        metrics.add('daybook_node_guard_refusals_total', 1, { code: refusal });
      },
    };
  }

  #build(timestampMs: number): ExecutedBlock {
    const self = this.#selfIndex();
    const { validators } = this.#parts.ledger.head().next;
    const proposer = self === undefined ? undefined : validators[self]?.id;
    assert(proposer !== undefined, 'only a validator builds blocks');
    return this.#builder.build(timestampMs, proposer);
  }

  #outside(effect: OutsideEffect): void {
    const { logger, desk, peers, onFatal } = this.#parts;
    switch (effect.type) {
      case 'help':
        this.#help(effect.peer, effect.height);
        return;
      case 'sync':
        this.syncer.hint(effect.height, effect.peer);
        return;
      case 'hand-over': {
        const peerId = peers().peerOf(effect.to);
        if (peerId !== undefined) desk.handOver(peerId);
        return;
      }
      case 'report':
        this.#parts.systems.found(effect.evidence);
        return;
      case 'notice':
        this.#parts.metrics.add('daybook_node_notices_total', 1, { code: effect.notice.code });
        logger.info('consensus notice', { code: effect.notice.code });
        return;
      case 'fatal':
        onFatal(effect.failure);
    }
  }

  /** DECIDED for a final height, with its body when that fits (protocol R13); no own duty. */
  #help(peerId: string, height: Height): void {
    const { network, blockLog, damage } = this.#parts;
    const bytes = unlessDamaged(() => decidedAt(height, blockLog), damage);
    if (bytes === undefined) return;
    const channels = network.links().find((link) => link.peerId === peerId)?.channels ?? [];
    network.send(peerId, channels.includes('consensus') ? 'consensus' : 'sync', bytes);
  }

  // --- after finality ----------------------------------------------------------------------

  #committed(block: ExecutedBlock, effect: Extract<Effect, { type: 'commit' }>): void {
    this.#forget(block);
    this.#publish(block, effect);
    this.#enterHeight();
  }

  #advanced(blocks: readonly ExecutedBlock[]): void {
    if (blocks.length === 0) return;
    for (const block of blocks) this.#forget(block);
    this.#enterHeight();
  }

  /** Takes what a block included out of the pool and wakes who waits for it. */
  #forget({ header, entries }: ExecutedBlock): void {
    const { mempool, desk } = this.#parts;
    const ids = entries.map((entry) => refOf(entry).id);
    mempool.remove(ids);
    desk.settle(ids, header.height);
    desk.expire(mempool.dropExpired(header.timestampMs));
  }

  /** One validator gossips each block: its proposer, or who decided it after a round change. */
  #publish(block: ExecutedBlock, effect: Extract<Effect, { type: 'commit' }>): void {
    const { network, signer, logger } = this.#parts;
    if (signer === undefined) return;
    const self = this.#parts.ledger.head().next.validators[this.#selfIndex() ?? -1]?.id;
    if (self === undefined || !equalBytes(self, block.header.proposer)) return;
    network.publish('blocks', encodeDecided(block, effect.certificate)).catch((error: unknown) => {
      logger.debug('block not gossiped', { reason: String(error) });
    });
  }

  #enterHeight(): void {
    const { signer, onFatal } = this.#parts;
    this.#bodies.enterHeight(this.#height());
    // Before the log lets go of the votes of older heights.
    this.ownKey?.onCommitted();
    this.trust?.onCommitted();
    signer?.enterHeight(this.#height()).catch(onFatal);
    this.onWork();
    const recovered = this.#recoveredVotes();
    const context = this.#context();
    this.driver.tell({ type: 'height-entered', context, ...(recovered && { recovered }) });
    this.onLinks();
  }
}

export function createConsensus(parts: ConsensusParts): Consensus {
  return new NodeConsensus(parts);
}
