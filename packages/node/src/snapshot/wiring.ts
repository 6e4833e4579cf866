/**
 * How snapshots stand in a node: it serves them to others, and an empty one whose settings say so
 * takes one over before it follows the chain.
 */
import { readFileSync } from 'node:fs';
import type { Genesis, WitnessPolicy } from '@daybook/core';
import { asHash, assert, fromHex, readCheckpointNote, readWitnessPolicy } from '@daybook/core';
import type { Network } from '@daybook/network';
import type { BlockLog, StateStore } from '@daybook/state';
import { discardJoining } from '@daybook/state';
import type { History, JoinReport } from '../api/ports.ts';
import type { BlockReader } from '../archive/block-reader.ts';
import type { Clock } from '../clock.ts';
import type { Settings } from '../config.ts';
import { NodeError } from '../errors.ts';
import type { FoundDamage } from '../found-damage.ts';
import type { AnchoredChain } from '../ledger/anchored.ts';
import { contradicted } from '../ledger/anchored.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Logger } from '../log.ts';
import type { MetricsSink } from '../metrics.ts';
import { installedRecoveries } from '../recovery-files.ts';
import type { Replica } from '../replica.ts';
import { createServingTurns } from '../serving-turns.ts';
import type { Places } from '../storage.ts';
import type { ValidatorHistory } from '../validator-history.ts';
import { createJoin } from './join.ts';
import { keepOfferedHeights } from './offered-heights.ts';
import { createSnapshotService } from './serve.ts';
import type { Anchors } from './snapshot.ts';
import { judgeWitnessed } from './snapshot.ts';

export interface ServingParts {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly blockLog: BlockLog;
  readonly blocks: BlockReader;
  readonly stateStore: StateStore;
  readonly network: Network;
  readonly history: ValidatorHistory;
  readonly tree: History;
  readonly damage: FoundDamage;
  readonly onFatal: (error: unknown) => void;
}

/** Keeps versions of the state and answers who joins by them. */
export function serveSnapshots(
  { sync }: Settings,
  parts: ServingParts,
): { readonly stop: () => Promise<void> } {
  const { blockLog, blocks, stateStore, network, history, tree, damage } = parts;
  const heights = keepOfferedHeights(sync.snapshotSeconds * 1000, parts);
  const serve = createSnapshotService({
    blockLog,
    blocks,
    stateStore,
    history: tree,
    laterSets: () => history.laterSets(),
    heights: () => heights.now(),
    damage,
    onUse: (height) => heights.used(height),
  });
  const turns = createServingTurns(parts.clock);
  const unsubscribe = network.handle(
    'snapshot',
    turns.inTurn((_peer, request) => serve(request)),
  );
  return {
    stop: async () => {
      unsubscribe();
      turns.stop();
      await heights.stop();
    },
  };
}

export interface JoiningParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
  readonly replica: Replica;
  readonly places: Pick<Places, 'disk' | 'openKeyValue'>;
  readonly onJoined: () => void;
  readonly onFatal: (error: unknown) => void;
}

/** The way of a connected node into the chain. */
export interface Joining {
  start(): void;
  /** Undefined as soon as the node follows the chain. */
  report(): JoinReport | undefined;
  stop(): Promise<void>;
}

/** Joins by a snapshot where that is wanted and the node is empty; else it takes part at once. */
export function prepareJoin(
  { settings, genesis }: { readonly settings: Settings; readonly genesis: Genesis },
  { replica, places, ...parts }: JoiningParts,
): Joining {
  const { dataDirectory } = settings.node;
  const isEmpty = replica.ledger.head().header.height === 0;
  if (settings.sync.mode !== 'snapshot' || !isEmpty) {
    // Whatever an earlier attempt left is of no use any more.
    discardJoining(dataDirectory);
    return {
      start: () => replica.takePart(),
      report: () => undefined,
      stop: () => Promise.resolve(),
    };
  }
  let isOver = false;
  const join = createJoin(
    {
      genesis,
      dataDirectory,
      recoveries: installedRecoveries(dataDirectory, genesis),
      anchors: readAnchors(settings),
      cacheBytes: settings.state.cacheBytesMax,
    },
    {
      ...parts,
      ...places,
      network: replica.network,
      onNothing: () => {
        isOver = true;
        replica.takePart();
      },
    },
  );
  return {
    start: () => join.start(),
    report: () => (isOver ? undefined : join.report()),
    stop: () => join.stop(),
  };
}

/**
 * What the chain of this node must go through, whatever way it comes. Age is no reason against it:
 * an old tree cannot say where to begin (L-4), and is still the one that the history goes through.
 * @throws NodeError NODE_CONFIG_INVALID; NODE_CHECKPOINT_CONTRADICTED when a note does not hold
 */
export function readAnchored(settings: Settings, genesis: Genesis, nowMs: number): AnchoredChain {
  const { checkpoint, witnessed } = readAnchors(settings);
  const block = checkpoint && { block: checkpoint };
  if (witnessed === undefined) return { ...block };
  const judged = judgeWitnessed(witnessed, { genesis, nowMs });
  if (judged.ok) return { ...block, tree: judged.value };
  const { code } = judged.reason;
  const read = readCheckpointNote(witnessed.note);
  if (code !== 'CORE_CHECKPOINT_STALE' || !read.ok) throw contradicted(`The note: ${code}.`);
  return { ...block, tree: read.value.head };
}

/** What the operator named. @throws NodeError NODE_CONFIG_INVALID */
export function readAnchors({ sync }: Pick<Settings, 'sync'>): Anchors {
  const { checkpoint, checkpointFile, witnesses } = sync;
  const [height, digits] = checkpoint?.split(':') ?? [];
  const hash = digits === undefined ? undefined : fromHex(digits);
  assert(
    (hash === undefined) === (checkpoint === undefined),
    'the form of the setting was checked',
  );
  return {
    ...(hash && { checkpoint: { height: Number(height), hash: asHash(hash) } }),
    ...(checkpointFile !== undefined && {
      witnessed: { note: readNote(checkpointFile), policy: readPolicy(witnesses) },
    }),
  };
}

function readNote(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    const detail = `sync.checkpointFile ${file} cannot be read.`;
    throw new NodeError('NODE_CONFIG_INVALID', { detail, cause });
  }
}

function readPolicy(witnesses: readonly string[]): WitnessPolicy {
  const policy = readWitnessPolicy(witnesses, witnesses.length);
  if (policy.ok) return policy.value;
  const detail = `sync.witnesses: ${JSON.stringify(policy.reason)}.`;
  throw new NodeError('NODE_CONFIG_INVALID', { detail });
}
