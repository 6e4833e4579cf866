/**
 * What operators watch: figures that follow the chain and the votes, and a line in the log whenever
 * the diagnosis changes. Everything is read from the parts that know; nothing is decided here.
 */
import type { State } from '@daybook/consensus';
import type { StateStore } from '@daybook/state';
import type { Clock } from './clock.ts';
import type { Health, HealthFacts } from './health.ts';
import { diagnose, silentVoters } from './health.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { SystemDesk } from './system-desk.ts';

export interface InsightParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly ledger: Ledger;
  readonly stateStore: Pick<StateStore, 'figures' | 'historyFrom'>;
  readonly systems: SystemDesk;
  /** The consensus machine. */
  readonly state: () => State;
  readonly facts: () => HealthFacts;
}

/** How often the diagnosis is made for the log. */
const LOOK_MS = 5000;

/** Counters of blocks and transactions. */
function countBlocks({ ledger, metrics, clock }: InsightParts): void {
  let lastMs = clock.now();
  ledger.onCommit(({ block }) => {
    const now = clock.now();
    metrics.add('daybook_node_blocks_total', 1);
    metrics.observe('daybook_node_block_seconds', (now - lastMs) / 1000);
    lastMs = now;
    const failed = block.outcomes.filter(({ result }) => result.code !== 0).length;
    const good = block.entries.length - failed;
    if (good > 0) metrics.add('daybook_node_transactions_total', good, { outcome: 'done' });
    if (failed > 0) metrics.add('daybook_node_transactions_total', failed, { outcome: 'refused' });
  });
}

function countRows(table: Readonly<Record<number, readonly unknown[]>>): number {
  const rows = Object.values(table);
  return rows.reduce((sum, row) => sum + row.filter((held) => held !== undefined).length, 0);
}

/** Messages held at the height before, the present and the next one. */
function heldMessages({ current, past, next }: State): number {
  const ofHeights = [current, past].flatMap((height) => (height === undefined ? [] : [height]));
  const votes = ofHeights.map(({ proposals, prepares, commits, roundChanges }) => {
    const held = [prepares, commits, roundChanges].map(countRows);
    return Object.keys(proposals).length + held.reduce((sum, count) => sum + count, 0);
  });
  const coming = countRows([next.prepares, next.commits, next.roundChanges]);
  const all = [...votes, coming, Object.keys(next.proposals).length];
  return all.reduce((sum, count) => sum + count, 0);
}

function setVotes({ metrics, state, ledger }: InsightParts, facts: HealthFacts): void {
  const { report, waiting, head } = facts;
  const { current } = state();
  const asked = current?.maxRoundChange ?? [0];
  const missing = (waiting?.quorum ?? 0) - report.reachable.count;
  const { emptyIntervalMs } = facts.parameters;
  metrics.set('daybook_node_head_height', head);
  const { timestampMs } = ledger.head().header;
  metrics.set('daybook_node_head_time_seconds', timestampMs / 1000);
  metrics.set('daybook_node_empty_interval_seconds', emptyIntervalMs / 1000);
  metrics.set('daybook_node_round', waiting?.round ?? 0);
  metrics.set('daybook_node_want_seconds', (report.blockWantedMs ?? 0) / 1000);
  metrics.set('daybook_node_round_spread_count', Math.max(...asked) - Math.min(...asked));
  metrics.set('daybook_node_quorum_missing_count', Math.max(0, missing));
  metrics.set('daybook_node_voters_silent_count', silentVoters(facts).length);
  metrics.set('daybook_node_held_messages_count', heldMessages(state()));
  metrics.set('daybook_node_held_blocks_count', Object.keys(current?.blocks ?? {}).length);
  for (const { organisation, self, silentMs } of waiting?.voters ?? []) {
    if (self) continue;
    const seconds = (silentMs ?? report.upMs) / 1000;
    metrics.set('daybook_node_voter_silence_seconds', seconds, { organisation });
  }
}

function setNode({ metrics, systems }: InsightParts, { report }: HealthFacts): void {
  for (const kind of ['evidence', 'ready'] as const) {
    metrics.set('daybook_node_system_waiting', systems.pool.count(kind), { kind });
  }
  metrics.set('daybook_node_mempool_transactions', report.mempool.transactions);
  metrics.set('daybook_node_mempool_bytes', report.mempool.bytes);
  metrics.set('daybook_node_links_count', report.peers.validators, { role: 'validator' });
  metrics.set('daybook_node_links_count', report.peers.observers, { role: 'observer' });
  metrics.set('daybook_node_signing_wait_seconds', (report.signingWait?.forMs ?? 0) / 1000);
  metrics.set('daybook_node_disk_free_ratio', report.diskFree);
  metrics.set('daybook_node_clock_offset_seconds', (report.clockOffsetMs ?? 0) / 1000);
}

function setState({ metrics, stateStore }: InsightParts): void {
  const figures = stateStore.figures();
  metrics.set('daybook_node_state_records_count', figures.records);
  metrics.set('daybook_node_state_bytes', figures.treeBytes, { part: 'tree' });
  metrics.set('daybook_node_state_bytes', figures.valueBytes, { part: 'values' });
  metrics.set('daybook_node_state_written_bytes', figures.treeBytesWritten, { part: 'tree' });
  metrics.set('daybook_node_state_written_bytes', figures.valueBytesWritten, { part: 'values' });
  metrics.set('daybook_node_state_cache_bytes', figures.cacheBytes);
  metrics.set('daybook_node_state_history_from_height', stateStore.historyFrom());
}

/** Counts files that were removed, and says so: they are why the disk does not fill. */
function watchRemovals({ ledger, stateStore, metrics, logger }: InsightParts): void {
  let known = stateStore.figures().segmentsRemoved;
  ledger.onCommit(() => {
    const { segmentsRemoved, treeBytes, valueBytes } = stateStore.figures();
    if (segmentsRemoved === known) return;
    metrics.add('daybook_node_state_segments_removed_total', segmentsRemoved - known);
    logger.debug('state pruned', { files: segmentsRemoved - known, treeBytes, valueBytes });
    known = segmentsRemoved;
  });
}

/** Says once what is wrong, and once that it is over. */
function logChange(before: Health | undefined, now: Health, logger: Logger): void {
  const known = new Set(before?.reasons.map(({ kind }) => kind));
  for (const { kind, severity, words, advice } of now.reasons) {
    if (known.has(kind)) continue;
    const data = { kind, reason: words.en, remedy: advice.en };
    if (severity === 'fault') logger.error('node unhealthy', data);
    else logger.warn('node warns', data);
  }
  if (before?.healthy === false && now.healthy) logger.info('node healthy again');
}

/** @returns what ends the watch */
export function giveInsight(parts: InsightParts): () => void {
  const { clock, logger, metrics, facts } = parts;
  countBlocks(parts);
  watchRemovals(parts);
  metrics.onRender(() => {
    const now = facts();
    setVotes(parts, now);
    setNode(parts, now);
    setState(parts);
  });
  let last: Health | undefined;
  let cancel: () => void = () => undefined;
  const look = (): void => {
    const now = diagnose(facts());
    logChange(last, now, logger);
    last = now;
    cancel = clock.schedule(LOOK_MS, look);
  };
  cancel = clock.schedule(LOOK_MS, look);
  return () => cancel();
}
