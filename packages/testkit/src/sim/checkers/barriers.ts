/**
 * I6: no vote leaves before it is durable in both mirrors of the vote log and the block it cites in
 * the block log (protocol §12), and none after the node has failed.
 */
import type { VoteMessage } from '@daybook/core';
import { decodeMessage, toHex } from '@daybook/core';
import type { Machine } from '../node/machine.ts';
import type { Checker } from './checker.ts';

const KINDS: ReadonlySet<string> = new Set(['pre-prepare', 'prepare', 'commit', 'round-change']);
/** Of the present key, and of one that takes its place or signs after a recovery. */
const MIRRORS = [/^\/data\/votes[^/]*\/wal-A$/, /^\/data\/votes[^/]*\/wal-B$/];
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
        world.violate('I6', `${machine.name} sends a ${kind} after it has failed`);
      }
      if (last.get(machine) === bytes) return;
      last.set(machine, bytes);
      const vote = ownVoteIn(machine, bytes);
      if (vote === undefined) return;
      const { signature } = vote.signed;
      const known = hints.get(machine) ?? new Map<string, number>();
      hints.set(machine, known);
      const blocks = found.get(machine) ?? new Set<string>();
      found.set(machine, blocks);
      if (!isCandidateDurable(machine, vote, { blocks, hints: known })) {
        world.violate('I6', `${machine.name} sends a ${kind} whose block its log does not hold`);
      }
      // A write that went astray is no longer on the medium, and no node can see that.
      const astray = machine.disk.harm.files();
      const lacking = MIRRORS.find((mirror) => {
        if (astray.some((path) => mirror.test(path))) return false;
        const isHeldBy = (path: string): boolean => {
          return mirror.test(path) && holds(machine, path, { wanted: signature, hints: known });
        };
        // Nearly always it stands where the last one stood.
        return ![...known.keys()].some(isHeldBy) && !machine.disk.pathsBelow(VOTES).some(isHeldBy);
      });
      if (lacking === undefined) return;
      const path = lacking.source.slice(-6, -1);
      world.violate('I6', `${machine.name} sends a ${kind} that ${path} does not hold`);
    });
  },
};

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

function holds(
  { disk }: Machine,
  path: string,
  { wanted, hints }: { readonly wanted: Uint8Array; readonly hints: Map<string, number> },
): boolean {
  const bytes = disk.durable(path) ?? new Uint8Array();
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const from = Math.max(0, (hints.get(path) ?? 0) - NEAR_BYTES);
  const near = text.indexOf(wanted, from);
  const found = near >= 0 || from === 0 ? near : text.indexOf(wanted);
  if (found >= 0) hints.set(path, found);
  return found >= 0;
}
