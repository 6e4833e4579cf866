/**
 * What an operator named beside the genesis document: a block, or a checkpoint that witnesses have
 * cosigned. The history of a snapshot must go through it, by the very set that it names, so that
 * nobody with keys of former validators can lead past it; and it must not be too old (spec L-4).
 */
import type { Genesis, Hash, Header, Height } from '@daybook/core';
import { equalBytes, TRUST_PERIOD_MS, toHex, validatorsHash } from '@daybook/core';
import type { Disk } from '@daybook/state';
import { openEarlierHashes } from '@daybook/state';
import type { Clock } from '../clock.ts';
import { NodeError } from '../errors.ts';
import { contradicted } from '../ledger/anchored.ts';
import { fetchHeader } from './fetch-blocks.ts';
import { rootOfFirst } from './fetch-hashes.ts';
import type { Anchors, Snapshot } from './snapshot.ts';
import { judgeWitnessed } from './snapshot.ts';
import type { Sources } from './sources.ts';

export interface Trusted {
  readonly genesis: Genesis;
  readonly anchors: Anchors;
  /** Directory with the hashes before the snapshot. */
  readonly blocks: string;
}

export interface AnchorParts {
  readonly disk: Disk;
  readonly clock: Pick<Clock, 'wall'>;
  readonly sources: Sources;
  /** Gives the event loop back. */
  readonly breathe: () => Promise<void>;
}

const DAY_MS = 86_400_000;

/**
 * @returns false when no peer gave a header that is needed
 * @throws NodeError NODE_CHECKPOINT_CONTRADICTED, NODE_CHECKPOINT_OLD
 */
export async function checkAnchors(
  snapshot: Snapshot,
  trusted: Trusted,
  parts: AnchorParts,
): Promise<boolean> {
  const { checkpoint, witnessed } = trusted.anchors;
  if (checkpoint !== undefined) {
    const { height, hash } = checkpoint;
    const found = hashAt(height, snapshot, trusted, parts);
    if (found !== undefined && !equalBytes(found, hash)) {
      throw contradicted(`Height ${height} has the block ${toHex(found)}.`);
    }
    if (!(await checkBlock(height, snapshot, trusted, parts))) return false;
  }
  if (witnessed === undefined) return true;
  const nowMs = parts.clock.wall();
  const judged = judgeWitnessed(witnessed, { genesis: trusted.genesis, nowMs });
  if (!judged.ok) throw contradicted(`The note: ${judged.reason.code}.`);
  const { size, root } = judged.value;
  const newest = size === snapshot.header.height + 1 ? snapshot.hash : undefined;
  const own = await rootOfFirst(size, trusted.blocks, parts, newest);
  if (own === undefined) return false;
  if (!equalBytes(own, root)) throw contradicted(`The tree of ${size} blocks has another root.`);
  return await checkBlock(size - 1, snapshot, trusted, parts);
}

function hashAt(
  height: Height,
  snapshot: Snapshot,
  { blocks }: Trusted,
  { disk }: AnchorParts,
): Hash | undefined {
  if (height === snapshot.header.height) return snapshot.hash;
  const earlier = openEarlierHashes(blocks, disk);
  const hash = earlier?.at(height);
  earlier?.close();
  return hash;
}

/** Age and set of a block in the history of a snapshot. */
async function checkBlock(
  height: Height,
  snapshot: Snapshot,
  trusted: Trusted,
  parts: AnchorParts,
): Promise<boolean> {
  const header = await headerAt(height, snapshot, trusted, parts);
  if (header === undefined) return false;
  const { validators } = snapshot.sets.at(Math.max(1, height));
  if (!equalBytes(header.validatorsHash, validatorsHash(validators))) {
    throw contradicted(`Height ${height} was signed by another set.`);
  }
  const ageMs = parts.clock.wall() - header.timestampMs;
  if (ageMs <= TRUST_PERIOD_MS) return true;
  const detail = `Its block is ${Math.floor(ageMs / DAY_MS)} days old.`;
  throw new NodeError('NODE_CHECKPOINT_OLD', { detail });
}

async function headerAt(
  height: Height,
  snapshot: Snapshot,
  trusted: Trusted,
  parts: AnchorParts,
): Promise<Header | undefined> {
  if (height === snapshot.header.height) return snapshot.header;
  const hash = hashAt(height, snapshot, trusted, parts);
  const lookup = { sources: parts.sources, hashAt: () => hash };
  return hash && (await fetchHeader(height, lookup));
}
