/**
 * I6: no vote leaves before it is durable in both mirrors of the vote log and the block it cites in
 * the block log (protocol §12), and none while the node ends.
 */
import type { VoteMessage } from '@daybook/core';
import { decodeMessage, toHex } from '@daybook/core';
import type { Machine } from '../node/machine.ts';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

const KINDS: ReadonlySet<string> = new Set(['pre-prepare', 'prepare', 'commit', 'round-change']);
/** Of the present key, and of one that takes its place or signs after a recovery. */
const MIRRORS = ['A', 'B'].map((letter) => ({
  name: `wal-${letter}`,
  inUse: new RegExp(`^/data/votes[^/]*/wal-${letter}$`),
  /** Put aside for quarantine: the votes of this life stay where they were made durable (C-26). */
  aside: new RegExp(`^/data/votes[^/]*/wal-${letter}\\.aside-\\d+$`),
}));
/** What the paths of all vote logs begin with. */
const VOTES = '/data/votes';
/** What the paths of all segments of the block log begin with. */
const BLOCKS = '/data/blocks/';
/** Own votes are sent again for some rounds: the one looked for stands near the last one found. */
const NEAR_BYTES = 64 * 1024;

export const BARRIERS: Checker = {
  invariants: ['I6'],
  watch: (world) => {
    /** Bytes handed to the wire last, per machine: one message goes to many. */
    const last = new Map<Machine, Uint8Array>();
    const hints = new Map<Machine, Map<string, number>>();
    /** Blocks that were found durable, per machine: each is looked for once. */
    const found = new Map<Machine, Set<string>>();
    world.events.on('sent', ({ machine, kind, bytes }) => {
      if (!KINDS.has(kind) || !machine.isHonest) return;
      if (machine.state() === 'ending') {
        world.violate('I6', `${machine.name} sends a ${kind} while it ends`);
      }
      const vote = last.get(machine) === bytes ? undefined : ownVoteIn(machine, bytes);
      last.set(machine, bytes);
      if (vote === undefined) return;
      const known = hints.get(machine) ?? new Map<string, number>();
      hints.set(machine, known);
      const blocks = found.get(machine) ?? new Set<string>();
      found.set(machine, blocks);
      if (!isCandidateDurable(machine, vote, { blocks, hints: known })) {
        world.violate('I6', `${machine.name} sends a ${kind} whose block its log does not hold`);
      }
      checkHeld(world, machine, { kind, search: { wanted: vote.signed.signature, hints: known } });
    });
  },
};

/** Bytes that are looked for, and where others were found before, by path. */
interface Search {
  readonly wanted: Uint8Array;
  readonly hints: Map<string, number>;
}

function checkHeld(
  world: World,
  machine: Machine,
  { kind, search }: { readonly kind: string; readonly search: Search },
): void {
  for (const mirror of MIRRORS) {
    const place = placeOf(machine, mirror, search);
    if (place === 'aside') world.coverage.add('vote of a log put aside sent again');
    if (place !== 'nowhere') continue;
    world.violate('I6', `${machine.name} sends a ${kind} that ${mirror.name} does not hold`);
  }
}

/** Which copy of a mirror holds a vote. */
function placeOf(
  machine: Machine,
  { inUse, aside }: (typeof MIRRORS)[number],
  search: Search,
): 'in use' | 'aside' | 'nowhere' {
  const { disk } = machine;
  // A write that went astray is no longer on the medium, and no node can see that.
  if (disk.harm.files().some((path) => inUse.test(path))) return 'in use';
  const isHeldIn = (files: RegExp): boolean => {
    const isHeldBy = (path: string): boolean => files.test(path) && holds(machine, path, search);
    // Nearly always it stands where the last one stood.
    return [...search.hints.keys()].some(isHeldBy) || disk.pathsBelow(VOTES).some(isHeldBy);
  };
  if (isHeldIn(inUse)) return 'in use';
  return isHeldIn(aside) ? 'aside' : 'nowhere';
}

/** A vote by the machine's own key; undefined for what it only relays. */
function ownVoteIn(machine: Machine, bytes: Uint8Array): VoteMessage | undefined {
  const decoded = decodeMessage(bytes);
  if (!decoded.ok || !('signed' in decoded.value)) return undefined;
  const { sender, content } = decoded.value.signed;
  const id = machine.replica()?.history.at(content.height)?.[sender]?.id;
  return id !== undefined && machine.hasValidatorId(id) ? decoded.value : undefined;
}

/**
 * The block that a vote cites, also as a lock, is in the block log before the vote is in its own. A
 * log that a fault has harmed may hold it no more, and no node can see that.
 */
function isCandidateDurable(
  machine: Machine,
  { signed: { content } }: VoteMessage,
  { blocks, hints }: { readonly blocks: Set<string>; readonly hints: Map<string, number> },
): boolean {
  const wanted = content.type === 'round-change' ? content.prepared?.blockHash : content.blockHash;
  if (wanted === undefined || blocks.has(toHex(wanted))) return true;
  blocks.add(toHex(wanted));
  const { disk } = machine;
  if (disk.harm.files().some((path) => path.startsWith(BLOCKS))) return true;
  return disk.pathsBelow(BLOCKS).some((path) => holds(machine, path, { wanted, hints }));
}

function holds({ disk }: Machine, path: string, { wanted, hints }: Search): boolean {
  const bytes = disk.durable(path) ?? new Uint8Array();
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const from = Math.max(0, (hints.get(path) ?? 0) - NEAR_BYTES);
  const near = text.indexOf(wanted, from);
  const found = near >= 0 || from === 0 ? near : text.indexOf(wanted);
  if (found >= 0) hints.set(path, found);
  return found >= 0;
}
