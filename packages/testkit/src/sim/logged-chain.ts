/**
 * The chain as the logs of sound nodes show it, each height once and in order: what a checker
 * reads that judges the chain itself, and not who shows it.
 */
import type { BodyEntry, Header } from '@daybook/core';
import { decodeBlock, decodeBodyEntry } from '@daybook/core';
import type { Machine } from './node/machine.ts';
import type { World } from './world/world.ts';

/** A block as the log of a node keeps it. */
export interface LoggedBlock {
  readonly header: Header;
  readonly entries: readonly BodyEntry[];
}

/**
 * Tells of every height once, when the first sound node that has it tells of a commit. What all
 * nodes lost power over before they told of it is read from that log too.
 *
 * @param from  first height told of
 * @param take  gets the block and the node whose log it was read from
 */
export function watchLoggedChain(
  world: World,
  from: number,
  take: (block: LoggedBlock, machine: Machine) => void,
): void {
  let next = from;
  world.events.on('committed', ({ machine, block }) => {
    if (!machine.isHonest || machine.wasDamaged) return;
    for (; next <= block.header.height; next++) {
      const logged = loggedBlock(machine, next);
      if (logged === undefined) return;
      take(logged, machine);
    }
  });
}

function loggedBlock(machine: Machine, height: number): LoggedBlock | undefined {
  const stored = machine.storage()?.blockLog.readBlock(height);
  const block = stored && decodeBlock(stored.bytes);
  if (block?.ok !== true) return undefined;
  const entries = block.value.body.map(decodeBodyEntry);
  const decoded = entries.flatMap((entry) => (entry.ok ? [entry.value] : []));
  return decoded.length === entries.length
    ? { header: block.value.header, entries: decoded }
    : undefined;
}
