/**
 * The way of system transactions into blocks (protocol §15, §16): faults that the machine found and
 * READYs of this node are judged, pooled and gossiped until a block includes them; those of others
 * are judged before they are kept or passed on.
 */
import { readAwaitedBoundary } from '@daybook/applications';
import type {
  CborValue,
  Evidence,
  EvidenceProof,
  Height,
  SystemTransaction,
  ValidatorSet,
} from '@daybook/core';
import {
  assert,
  createWriter,
  decodeBinary,
  decodeBodyEntry,
  encodeEvidence,
  isPlanted,
  proveEvidence,
  readEvidence,
  systemTransaction,
  toHex,
} from '@daybook/core';
import type { GossipVerdict, Network } from '@daybook/network';
import type { Keepsakes } from '@daybook/state';
import type { Clock } from './clock.ts';
import type { EvidenceKeeper } from './evidence-keeper.ts';
import { createEvidenceKeeper } from './evidence-keeper.ts';
import type { Committed, Ledger } from './ledger/ledger.ts';
import type { Logger } from './log.ts';
import type { MetricsSink } from './metrics.ts';
import type { SystemPool } from './system-pool.ts';
import { createSystemPool } from './system-pool.ts';

export interface SystemDeskParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
  readonly network: Pick<Network, 'publish' | 'onGossip'>;
  readonly ledger: Pick<Ledger, 'head' | 'genesis' | 'onCommit'>;
  readonly validatorsAt: (height: Height) => ValidatorSet | undefined;
  /** Where evidence outlives the process. */
  readonly keepsakes: Keepsakes;
  /** Evidence that holds: found here, passed on by a peer, or in a block. */
  readonly onEvidence: (proof: EvidenceProof) => void;
  /** Something new may go into a block. */
  readonly onWork: () => void;
}

export interface SystemDesk {
  readonly pool: SystemPool;
  /** Whether a block is wanted for what waits here, or for a boundary to come (protocol R2). */
  isBlockWanted(): boolean;
  /** A contradiction that the own machine saw. */
  found(evidence: Evidence): void;
  /** Takes a system transaction of this node and gossips it until a block includes it. */
  submit(kind: SystemTransaction['kind'], payload: CborValue): void;
  /** Faults that are kept on disk. */
  kept(): number;
  stop(): void;
}

/** An own one that waits is gossiped again after this. */
const REPEAT_MS = 5000;
/** What waits here is passed on at most once in this time, however often peers repeat it. */
const PASS_ON_GAP_MS = REPEAT_MS / 2;
/** What waits is judged again each time so many blocks have passed. */
const REVIEW_BLOCKS = 16;
/** Bytes of one system transaction that a peer may pass on. */
const GOSSIPED_BYTES_MAX = 4096;

function decodeGossip(bytes: Uint8Array): SystemTransaction | undefined {
  // A count of attempts comes first: gossip drops bytes that it has seen, and would drop a repeat.
  const decoded = decodeBinary(bytes, 'system gossip', (reader) => {
    reader.u32();
    return reader.sized(GOSSIPED_BYTES_MAX);
  });
  const entry = decoded.ok ? decodeBodyEntry(decoded.value) : decoded;
  return entry.ok && entry.value.type === 'system' ? entry.value.system : undefined;
}

function encodeGossip({ bytes }: SystemTransaction, attempt: number): Uint8Array {
  const writer = createWriter();
  writer.u32(attempt);
  writer.sized(bytes);
  return writer.finish();
}

class Desk implements SystemDesk {
  readonly pool: SystemPool;
  readonly #parts: SystemDeskParts;
  readonly #keeper: EvidenceKeeper;
  /** Own ones by hex id, with how often they were gossiped. */
  readonly #own = new Map<string, { readonly system: SystemTransaction; attempts: number }>();
  /** When a peer's was passed on, by hex id; only the newest are remembered. */
  readonly #passedOnMs = new Map<string, number>();
  readonly #unsubscribe: readonly (() => void)[];
  #cancelRepeat: (() => void) | undefined;

  constructor(parts: SystemDeskParts) {
    this.#parts = parts;
    this.pool = createSystemPool(parts.ledger);
    this.#keeper = createEvidenceKeeper({ ...parts, pool: this.pool });
    this.#tellAgain(this.#keeper.recall());
    this.#unsubscribe = [
      parts.network.onGossip('system', (peerId, bytes) => this.#receive(peerId, bytes)),
      parts.ledger.onCommit((committed) => this.#settle(committed)),
    ];
  }

  isBlockWanted(): boolean {
    const { reader, header, next } = this.#parts.ledger.head();
    if (next.recovery !== undefined || this.pool.select().length > 0) return true;
    return readAwaitedBoundary(reader, header.height + 1) !== undefined;
  }

  found(evidence: Evidence): void {
    const { logger, metrics, validatorsAt } = this.#parts;
    const { kind, first } = evidence;
    const { height } = first.content;
    const validator = validatorsAt(height)?.[first.sender];
    assert(validator !== undefined, 'evidence was authenticated against its set');
    metrics.add('daybook_node_evidence_total', 1, { stage: 'found' });
    const id = toHex(validator.id);
    logger.warn('a validator contradicts itself', { kind, validator: id, height });
    this.submit('evidence', encodeEvidence(proveEvidence(evidence, validator.publicKey)));
  }

  submit(kind: SystemTransaction['kind'], payload: CborValue): void {
    if (kind === 'evidence' && isPlanted('evidence-dropped')) return;
    const system = systemTransaction(kind, payload);
    const offered = this.pool.offer(system);
    if (!offered.ok) {
      this.#parts.logger.info('system transaction not kept', { kind, code: offered.reason.code });
      return;
    }
    if (offered.value === 'known') return;
    this.#keeper.keep(system);
    this.#tellEvidence(system);
    this.#own.set(toHex(system.id), { system, attempts: 0 });
    this.#publishOwn();
    this.#parts.onWork();
  }

  #publishOwn(): void {
    this.#cancelRepeat?.();
    this.#cancelRepeat = undefined;
    for (const [id, one] of this.#own) {
      if (!this.pool.has(one.system)) {
        this.#own.delete(id);
        continue;
      }
      const bytes = encodeGossip(one.system, one.attempts);
      one.attempts += 1;
      this.#parts.network.publish('system', bytes).catch((error: unknown) => {
        this.#parts.logger.debug('system transaction not gossiped', { reason: String(error) });
      });
    }
    if (this.#own.size > 0) this.#repeatLater();
  }

  /** Known of before the start, or told by others: those who hold it no more are told, too. */
  #tellAgain(systems: readonly SystemTransaction[]): void {
    for (const system of systems) {
      const id = toHex(system.id);
      if (!this.#own.has(id)) this.#own.set(id, { system, attempts: 0 });
    }
    if (systems.length > 0) this.#repeatLater();
  }

  #repeatLater(): void {
    this.#cancelRepeat?.();
    this.#cancelRepeat = this.#parts.clock.schedule(REPEAT_MS, () => this.#publishOwn());
  }

  #receive(peerId: string, bytes: Uint8Array): GossipVerdict {
    const system = decodeGossip(bytes);
    if (system === undefined) return 'reject';
    const offered = this.pool.offer(system);
    if (!offered.ok) {
      const { code, isFault } = offered.reason;
      this.#parts.logger.debug('system transaction refused', { peer: peerId, code });
      return isFault ? 'reject' : 'ignore';
    }
    if (offered.value === 'new') {
      this.#keeper.keep(system);
      this.#tellEvidence(system);
      this.#parts.onWork();
    }
    return this.#mayPassOn(system) ? 'accept' : 'ignore';
  }

  /**
   * A repeat that is known is passed on, too: it is there for those who missed the first. Not every
   * one, since a peer can make any number that differ in nothing but their count.
   */
  #mayPassOn(system: SystemTransaction): boolean {
    const id = toHex(system.id);
    const nowMs = this.#parts.clock.now();
    const lastMs = this.#passedOnMs.get(id) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - lastMs < PASS_ON_GAP_MS || !this.pool.has(system)) return false;
    this.#passedOnMs.set(id, nowMs);
    return true;
  }

  #forgetPassedOn(): void {
    const nowMs = this.#parts.clock.now();
    for (const [id, atMs] of this.#passedOnMs) {
      if (nowMs - atMs >= PASS_ON_GAP_MS) this.#passedOnMs.delete(id);
    }
  }

  #tellEvidence({ kind, payload }: SystemTransaction): void {
    const proof = kind === 'evidence' ? readEvidence(payload) : undefined;
    if (proof?.ok === true) this.#parts.onEvidence(proof.value);
  }

  #settle({ block }: Committed): void {
    const included = block.entries.flatMap((entry) =>
      entry.type === 'system' ? [entry.system] : [],
    );
    const { metrics, logger } = this.#parts;
    const faults = included.filter(({ kind }) => kind === 'evidence');
    if (faults.length > 0) {
      metrics.add('daybook_node_evidence_total', faults.length, { stage: 'recorded' });
      logger.warn('evidence recorded', { height: block.header.height, count: faults.length });
    }
    for (const system of faults) this.#tellEvidence(system);
    this.pool.drop(included);
    this.#forgetPassedOn();
    if (block.header.height % REVIEW_BLOCKS === 0) this.pool.review();
    // Each validator has proposed meanwhile, and who was told of it has it no more, or cannot propose.
    const patience = this.#parts.ledger.head().next.validators.length;
    this.#tellAgain(this.#keeper.settle(block.header.height, patience));
  }

  kept(): number {
    return this.#keeper.count();
  }

  stop(): void {
    this.#cancelRepeat?.();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }
}

export function createSystemDesk(parts: SystemDeskParts): SystemDesk {
  return new Desk(parts);
}
