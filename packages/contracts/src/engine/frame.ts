/** A call on its way: how it came about, what it asks for, and the shield around contract code. */
import type { Actor } from '../language/context.ts';
import type { Values } from '../language/definition.ts';
import type { LinkedAction } from './link.ts';
import type { ActiveContract } from './session.ts';
import { Abort, abort, BlockFull, HostFault } from './signals.ts';

/** How a call came about. */
export interface Frame {
  readonly actors: readonly Actor[];
  /** Name of the calling contract; undefined for a person's call. */
  readonly caller: string | undefined;
  /** 1 for a person's call. */
  readonly depth: number;
  /** JSON pointer of the input, for faults. */
  readonly pointer: string;
  /**
   * 'stored' and 'released' calls were agreed to before; a released one is past the guards, too.
   * 'adopted' is what the members decided by vote.
   */
  readonly mode: 'direct' | 'stored' | 'released' | 'adopted';
  /** Key of a call that was stored. */
  readonly stored?: Uint8Array;
}

/** A call about to be handled. */
export interface Prepared {
  readonly owner: ActiveContract;
  readonly action: LinkedAction;
  readonly input: Values;
  readonly frame: Frame;
}

/** What ends execution from within contract code is no fault of the contract. */
const PASSING = [Abort, BlockFull, HostFault];

/**
 * Runs contract code. What it throws by a fault of its own ends the transaction, not the node: a
 * stranger must not be able to stop the chain by finding such a fault.
 */
export function shielded<T>(contract: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (PASSING.some((signal) => error instanceof signal)) throw error;
    const fact = error instanceof Error ? error.message : 'not an error';
    return abort('CONTRACTS_DEFECT', { contract, fact });
  }
}
