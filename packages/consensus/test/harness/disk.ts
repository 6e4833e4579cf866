/**
 * What a test node keeps over crashes: its chain, candidate blocks and vote log, with the signing
 * guard of protocol §9 in front of the log. Everything else a node knows is lost with it.
 */
import type { Certificate, Header, Rotation, VoteMessage } from '@daybook/core';
import { equalBytes, toHex } from '@daybook/core';
import type { BlockRef, Lock, Position, SignRequest } from '../../src/index.ts';
import { comparePositions, positionOf } from '../../src/slot.ts';

export interface ChainEntry {
  readonly block: BlockRef;
  readonly certificate?: Certificate;
  /** After executing this block. */
  readonly rotation: Rotation;
}

export interface Disk {
  readonly chain: ChainEntry[];
  readonly candidates: Map<string, Header>;
  log: VoteMessage[];
  lock: (Lock & { readonly height: number }) | undefined;
  guard: Position | undefined;
}

export function createDisk(genesis: ChainEntry): Disk {
  return { chain: [genesis], candidates: new Map(), log: [], lock: undefined, guard: undefined };
}

export function headOf(disk: Disk): ChainEntry {
  const head = disk.chain.at(-1);
  if (head === undefined) throw new Error('a chain has a genesis');
  return head;
}

function contentKey(message: VoteMessage): string {
  return toHex(message.signed.signature);
}

/** The logged message in the slot of `message`, if any. */
export function loggedAt(disk: Disk, message: VoteMessage): VoteMessage | undefined {
  const { type, height, round } = message.signed.content;
  return disk.log.find(({ signed: { content } }) => {
    return content.type === type && content.height === height && content.round === round;
  });
}

/** Rules G1 to G3. @returns the message that is durable now, or undefined if it is refused */
export function guardedAppend(
  disk: Disk,
  message: VoteMessage,
  request: SignRequest,
): VoteMessage | undefined {
  const position = positionOf(message.signed.content);
  const order = disk.guard === undefined ? 1 : comparePositions(position, disk.guard);
  if (order <= 0) {
    const logged = loggedAt(disk, message);
    return logged && contentKey(logged) === contentKey(message) ? logged : undefined;
  }
  if (request.type === 'commit') disk.lock = { ...request.lock, height: position.height };
  const { content } = message.signed;
  if (content.type === 'round-change') {
    const lock = disk.lock?.height === content.height ? disk.lock : undefined;
    if (lock?.round !== content.prepared?.round) return undefined;
    if (lock && content.prepared && !equalBytes(lock.blockHash, content.prepared.blockHash)) {
      return undefined;
    }
  }
  disk.guard = position;
  disk.log = [
    ...disk.log.filter((old) => old.signed.content.height >= content.height - 1),
    message,
  ];
  return message;
}
