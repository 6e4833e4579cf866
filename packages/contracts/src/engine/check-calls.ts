/**
 * Judges calls by the definitions alone, before anybody signs or orders them: does the contract
 * have the action, does the input obey its fields. All faults at once, each with its JSON pointer.
 */
import type { Call, InputFault } from '@daybook/core';
import type { ReceiptCode } from '../errors.ts';
import type { ActiveVersions } from './session.ts';

/** One fault with the code under which execution would refuse it. */
export interface CallFault extends InputFault {
  readonly code: ReceiptCode;
}

/** Pointers begin at the list of calls: `/calls/0/args/amount`. */
export function checkCalls(versions: ActiveVersions, calls: readonly Call[]): readonly CallFault[] {
  return calls.flatMap((call, index) => checkCall(versions, call, `/calls/${index}`));
}

function checkCall(
  versions: ActiveVersions,
  { contract, action, args }: Call,
  pointer: string,
): readonly CallFault[] {
  const linked = versions.get(contract);
  if (linked === undefined) {
    const expected = `one of ${[...versions.keys()].join(', ')}`;
    const place = { pointer: `${pointer}/contract`, expected, found: contract };
    return [{ code: 'CONTRACTS_CONTRACT_UNKNOWN', ...place }];
  }
  const found = linked.actions.get(action);
  if (found === undefined) {
    const expected = `one of ${[...linked.actions.keys()].join(', ')}`;
    const place = { pointer: `${pointer}/action`, expected, found: action };
    return [{ code: 'CONTRACTS_ACTION_UNKNOWN', ...place }];
  }
  const faults: InputFault[] = [];
  found.check(args, `${pointer}/args`, faults);
  return faults.map((fault) => ({ code: codeOfFault(fault), ...fault }));
}

/** The code of a fault by its kind. */
export function codeOfFault({ kind }: InputFault): ReceiptCode {
  switch (kind) {
    case 'missing':
      return 'CONTRACTS_FIELD_MISSING';
    case 'unknown':
      return 'CONTRACTS_FIELD_UNKNOWN';
    case 'range':
      return 'CONTRACTS_FIELD_RANGE';
    default:
      return 'CONTRACTS_INPUT_INVALID';
  }
}
