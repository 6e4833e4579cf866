/**
 * Joining by a snapshot (protocol §18): a node at genesis takes the state of a final header from
 * others instead of executing the chain. It trusts the genesis document and what the operator named,
 * checks every piece against a header that the right validators signed, and keeps what it has: after
 * a crash it goes on where it was. At the end everything lies aside, complete, and the node starts
 * anew on it.
 */
import { readReplayWindowMs } from '@daybook/applications';
import type { Genesis, RecoveryFile } from '@daybook/core';
import { equalBytes } from '@daybook/core';
import type { Network } from '@daybook/network';
import type { Disk, JoiningPaths, KeyValue } from '@daybook/state';
import { completeJoining, discardJoining, openJoining, StateError } from '@daybook/state';
import type { JoinPhase, JoinReport } from '../api/ports.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { MetricsSink } from '../metrics.ts';
import { openImport, openState } from '../open-state.ts';
import { writeBeginning } from './beginning.ts';
import { checkAnchors } from './check-anchors.ts';
import { fetchBlocks } from './fetch-blocks.ts';
import { fetchHashes } from './fetch-hashes.ts';
import { fetchRecords } from './fetch-records.ts';
import { createOffers } from './offers.ts';
import type { Anchors, Snapshot } from './snapshot.ts';
import { anchoredHeight, judgeOffer } from './snapshot.ts';
import type { Sources, Verdict } from './sources.ts';
import { createSources, doubtful, forged } from './sources.ts';
import type { Offer } from './wire.ts';
import { decodeOffer, encodeOffer } from './wire.ts';

export interface JoinOptions {
  readonly genesis: Genesis;
  readonly recoveries: readonly RecoveryFile[];
  readonly anchors: Anchors;
  readonly dataDirectory: string;
  /** Bound of the cache of tree nodes. */
  readonly cacheBytes?: number;
}

export interface JoinParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
  readonly network: Pick<Network, 'links' | 'request' | 'penalise'>;
  readonly disk: Disk;
  readonly openKeyValue: (path: string) => Promise<KeyValue>;
  /** Everything is there: the node is to be started anew on its data directory. */
  readonly onJoined: () => void;
  /** Nobody has a snapshot: the node follows the chain from genesis. */
  readonly onNothing: () => void;
  readonly onFatal: (error: unknown) => void;
}

export interface Join {
  start(): void;
  report(): JoinReport;
  /** Ends what is under way; what was fetched stays. */
  stop(): Promise<void>;
}

/** Peers link one after the other: how long offers are waited for once the first link stands. */
const OFFERS_MS = 2000;
const RETRY_MS = 1000;
/** So many attempts without any offer, of any link, mean that nobody has one. */
const ATTEMPTS_MAX = 3;
/** So many attempts that bring nothing new mean that nobody gives the snapshot that was begun. */
const IN_VAIN_MAX = 3;
/** In the order of a join. */
const PHASES: readonly JoinPhase[] = ['choosing', 'hashes', 'records', 'blocks', 'adopting'];

class SnapshotJoin implements Join {
  readonly #options: JoinOptions;
  readonly #parts: JoinParts;
  readonly #abort = new AbortController();
  readonly #sources: Sources;
  #running: Promise<void> = Promise.resolve();
  #report: Omit<JoinReport, 'idleMs' | 'reason'> = { phase: 'choosing', done: 0, total: 0 };
  #movedAt: number;
  readonly #offers = createOffers();
  /** How far what was begun has come at most. */
  #furthest: Pick<JoinReport, 'phase' | 'done'> = { phase: 'choosing', done: 0 };
  /** Attempts since it came further. */
  #inVain = 0;

  constructor(options: JoinOptions, parts: JoinParts) {
    this.#options = options;
    this.#parts = parts;
    const { network, logger } = parts;
    this.#sources = createSources({ network, logger, signal: this.#abort.signal });
    this.#movedAt = parts.clock.now();
  }

  start(): void {
    this.#running = this.#run().catch((error: unknown) => this.#parts.onFatal(error));
  }

  report(): JoinReport {
    const idleMs = this.#parts.clock.now() - this.#movedAt;
    const reason = this.#sources.reason();
    return { ...this.#report, idleMs, ...(reason !== undefined && { reason }) };
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  #isStopped(): boolean {
    return this.#abort.signal.aborted;
  }

  #moved(phase: JoinPhase, done: number, total: number): void {
    const height = this.#report.height;
    if (phase !== this.#report.phase) {
      this.#parts.logger.info('joining', { phase, ...(height !== undefined && { height }) });
    }
    this.#report = { phase, done, total, ...(height !== undefined && { height }) };
    this.#movedAt = this.#parts.clock.now();
    const ahead = PHASES.indexOf(phase) - PHASES.indexOf(this.#furthest.phase);
    if (ahead > 0 || (ahead === 0 && done > this.#furthest.done)) {
      this.#furthest = { phase, done };
      this.#inVain = 0;
    }
    this.#parts.metrics.set('daybook_node_join_fraction', total === 0 ? 0 : done / total, {
      phase,
    });
  }

  /** Ends early when the node is stopped. */
  #pause(delayMs: number): Promise<void> {
    const { signal } = this.#abort;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const cancel = this.#parts.clock.schedule(delayMs, end);
      signal.addEventListener('abort', end);
    });
  }

  // --- the way of a join ---------------------------------------------------------------------

  async #run(): Promise<void> {
    const { onJoined, onNothing, logger } = this.#parts;
    const begun = this.#begun();
    let isOver = begun !== undefined && (await this.#takeOver(begun));
    for (let attempts = 0; !isOver && !this.#isStopped(); ) {
      const snapshot = await this.#choose();
      if (snapshot !== undefined) isOver = await this.#takeOver(snapshot);
      // Links that answer and have nothing; without any link it goes on waiting.
      else if (this.#sources.links().length > 0) attempts += 1;
      if (attempts >= ATTEMPTS_MAX && !this.#isAnchored()) {
        logger.info('nobody has a snapshot');
        onNothing();
        return;
      }
      if (!isOver) await this.#pause(RETRY_MS);
    }
    if (isOver && !this.#isStopped()) onJoined();
  }

  /** What an operator named must not be passed over by following the chain from genesis. */
  #isAnchored(): boolean {
    return anchoredHeight(this.#options.anchors) !== undefined;
  }

  /** What an earlier life of this process began with; who still has it shows when it is asked for. */
  #begun(): Snapshot | undefined {
    const kept = readKeptOffer(`${this.#options.dataDirectory}/joining`, this.#parts.disk);
    const judged = kept && this.#judge(kept);
    if (judged?.ok !== true) return undefined;
    this.#report = { ...this.#report, height: judged.value.header.height };
    return judged.value;
  }

  /** The newest snapshot that is offered, or the one that was begun while anybody gives of it. */
  async #choose(): Promise<Snapshot | undefined> {
    await this.#pause(this.#sources.links().length === 0 ? RETRY_MS : 0);
    const isStuck = this.#inVain >= IN_VAIN_MAX;
    if (isStuck) {
      this.#offers.inVain();
      this.#inVain = 0;
    }
    const begun = isStuck ? undefined : await this.#offerOfBegun();
    if (begun !== undefined) return begun;
    const best = await this.#bestOffer();
    // Peers that linked meanwhile may have what was begun: it is not thrown away for a newer one.
    const late = best === undefined || isStuck ? undefined : await this.#offerOfBegun();
    if (late !== undefined) return late;
    const least = anchoredHeight(this.#options.anchors) ?? 0;
    return best !== undefined && best.header.height >= least ? best : undefined;
  }

  /** Asks every peer once, those too that link a little later. */
  async #bestOffer(): Promise<Snapshot | undefined> {
    const { clock } = this.#parts;
    const startedAt = clock.now();
    const asked = new Set<string>();
    const offered = new Map<string, Snapshot>();
    while (!this.#isStopped()) {
      const peerId = this.#sources.links().find((one) => !asked.has(one));
      if (peerId === undefined) {
        if (clock.now() - startedAt >= OFFERS_MS || asked.size === 0) break;
        await this.#pause(RETRY_MS / 4);
        continue;
      }
      asked.add(peerId);
      const newest = { kind: 'offer', height: 0 } as const;
      const found = await this.#sources.askOne(peerId, newest, (bytes) => this.#judge(bytes));
      if (found !== undefined) offered.set(peerId, found);
    }
    return this.#offers.choose(offered);
  }

  async #offerOfBegun(): Promise<Snapshot | undefined> {
    const { height } = this.#report;
    if (height === undefined) return undefined;
    return await this.#sources.ask({ kind: 'offer', height }, (bytes) => this.#judge(bytes));
  }

  #judge(bytes: Uint8Array): Verdict<Snapshot> {
    const offer = decodeOffer(bytes);
    if (!offer.ok) return forged(offer.reason.code);
    const { genesis, recoveries } = this.#options;
    const { precisionMs } = genesis.document.parameters;
    const latestMs = this.#parts.clock.wall() + precisionMs;
    const judged = judgeOffer(offer.value, { genesis, recoveries, latestMs });
    if (judged.ok) return judged;
    // A quorum has signed it: a clock of this node that is behind makes all that is offered look so.
    if (judged.reason === 'header from the future') {
      return doubtful('the newest block is dated after the clock of this node: check that clock');
    }
    return forged(judged.reason);
  }

  /** @returns false when it is to be tried again */
  async #takeOver(snapshot: Snapshot): Promise<boolean> {
    const { height } = snapshot.header;
    const { dataDirectory } = this.#options;
    if (this.#report.height !== height) this.#discard();
    this.#inVain += 1;
    const paths = openJoining(dataDirectory);
    this.#report = { ...this.#report, height };
    await keepOffer(snapshot.offer, paths.root, this.#parts.disk);
    try {
      return await this.#fetch(snapshot, paths);
    } catch (error) {
      // What lies there is of another snapshot, or damaged: it is only a copy.
      if (!(error instanceof StateError) || !FORGETTABLE.has(error.code)) throw error;
      this.#parts.logger.warn('begun again', { code: error.code, reason: error.message });
      this.#discard();
      return false;
    }
  }

  #discard(): void {
    discardJoining(this.#options.dataDirectory);
    this.#furthest = { phase: 'choosing', done: 0 };
    this.#inVain = 0;
  }

  async #fetch(snapshot: Snapshot, paths: JoiningPaths): Promise<boolean> {
    const { disk, clock, logger } = this.#parts;
    const { height } = snapshot.header;
    const sources = this.#sources;
    const breathe = (): Promise<void> => new Promise((resolve) => clock.soon(resolve));

    this.#moved('hashes', 0, height);
    const onHashes = (done: number): void => this.#moved('hashes', done, height);
    const hashing = { disk, sources, logger, breathe, onProgress: onHashes };
    if (!(await fetchHashes(snapshot, paths.blocks, hashing))) return false;
    const { genesis, anchors } = this.#options;
    const trusted = { genesis, anchors, blocks: paths.blocks };
    if (!(await checkAnchors(snapshot, trusted, { disk, clock, sources, breathe }))) return false;

    if (!(await this.#fetchState(snapshot, paths))) return false;

    const windowMs = await this.#windowOf(snapshot, paths);
    this.#moved('blocks', 0, 1);
    const onBlocks = (done: number, total: number): void => this.#moved('blocks', done, total);
    const plan = { directory: paths.blocks, windowMs };
    if (!(await fetchBlocks(snapshot, plan, { disk, sources, onProgress: onBlocks }))) return false;

    this.#moved('adopting', 1, 1);
    await writeBeginning(snapshot.offer.changes, paths.blocks, disk);
    if (this.#isStopped()) return false;
    await completeJoining(paths);
    return true;
  }

  async #fetchState(snapshot: Snapshot, paths: JoiningPaths): Promise<boolean> {
    const { disk, openKeyValue } = this.#parts;
    const { header, offer } = snapshot;
    const { cacheBytes } = this.#options;
    const target = await openImport(
      { directory: paths.state, height: header.height, ...(cacheBytes && { cacheBytes }) },
      { disk, openKeyValue },
    );
    try {
      const onProgress = (done: number): void => {
        this.#moved('records', done, Math.max(done, offer.records));
      };
      onProgress(target.progress().records);
      const isWhole = await fetchRecords(snapshot, target, { sources: this.#sources, onProgress });
      if (isWhole && !equalBytes(target.root(), header.stateRoot)) {
        // Every range was proven, so the disk did not keep what it was given.
        const { height } = header;
        throw new StateError({ code: 'STATE_IMPORT_OTHER', path: paths.state, height });
      }
      return isWhole;
    } finally {
      await target.close();
    }
  }

  /** How far back transactions may still be valid, as the state of the snapshot says. */
  async #windowOf({ header }: Snapshot, paths: JoiningPaths): Promise<number> {
    const { disk, openKeyValue } = this.#parts;
    const store = await openState(paths.state, {}, { disk, openKeyValue });
    try {
      return readReplayWindowMs(store.view(), header.height + 1);
    } finally {
      await store.close();
    }
  }
}

/** Failures after which the copy is simply begun again. */
const FORGETTABLE: ReadonlySet<string> = new Set([
  'STATE_IMPORT_OTHER',
  'STATE_DAMAGED',
  'STATE_NOT_CONTIGUOUS',
  'STATE_DATABASE_FAILED',
  'STATE_BLOCK_DAMAGED',
  'STATE_BLOCK_GAP',
]);

const OFFER_FILE = 'offer';

/** Keeps what was begun with, for who goes on after a crash: it is checked again then. */
async function keepOffer(offer: Offer, root: string, disk: Disk): Promise<void> {
  // Replaced whole: without it, all that was fetched would be thrown away.
  const fresh = `${root}/${OFFER_FILE}.new`;
  const file = disk.createFile(fresh);
  file.write(0, encodeOffer(offer));
  await file.sync();
  file.close();
  disk.rename(fresh, `${root}/${OFFER_FILE}`);
  await disk.syncDirectory(root);
}

function readKeptOffer(root: string, disk: Disk): Uint8Array | undefined {
  if (!disk.list(root).includes(OFFER_FILE)) return undefined;
  const file = disk.openFile(`${root}/${OFFER_FILE}`);
  const bytes = new Uint8Array(file.size());
  file.read(0, bytes);
  file.close();
  return bytes;
}

export function createJoin(options: JoinOptions, parts: JoinParts): Join {
  return new SnapshotJoin(options, parts);
}
