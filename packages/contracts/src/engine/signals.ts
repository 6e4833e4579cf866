/**
 * How execution leaves a handler before its end. A handler's reads and writes look like plain
 * function calls; when one of them finds that the transaction cannot go on, it throws one of these,
 * and only the engine catches them. Nothing here leaves the package.
 */
import type { ReceiptCode } from '../errors.ts';
import { CONTRACTS_ERRORS } from '../errors.ts';
import type { Facts } from '../language/context.ts';

/** Why a transaction ends without effect: the number is hashed into the result, facts are not. */
export interface Refused {
  readonly receipt: number;
  readonly code: string;
  readonly facts: Facts;
}

/** Ends the transaction with a failure code. */
export class Abort extends Error {
  readonly refused: Refused;

  constructor(refused: Refused) {
    super(refused.code);
    this.refused = refused;
  }
}

/** The block has no work left for the transaction: it is no part of this block. */
export class BlockFull extends Error {}

/** The state view failed while a handler was reading: no contract's fault, it passes through. */
export class HostFault extends Error {}

/** The engine refuses. */
export function abort(code: ReceiptCode, facts: Facts): never {
  throw new Abort(refusedBy(code, facts));
}

export function refusedBy(code: ReceiptCode, facts: Facts): Refused {
  return { receipt: CONTRACTS_ERRORS[code].receipt, code, facts };
}
