/**
 * Failures of the client. What the world does (nodes away, answers that make no sense) and what a
 * node refuses is thrown as `ClientError`; what a proof lacks comes back as a value, because saying
 * "invalid" and saying "cannot tell" are answers and not accidents.
 */

import type { InputFault } from '@daybook/core';
import { assertNever, defineErrors } from '@daybook/core';
import { timeText } from './time-text.ts';
import type { Problem } from './wire/problem.ts';

export const CLIENT_ERRORS = defineErrors({
  CLIENT_UNREACHABLE: {
    summary: 'No node answers.',
    remedy: 'Check the addresses and that a node runs; any node of the chain serves as well.',
  },
  CLIENT_ANSWER_MALFORMED: {
    summary: 'The node answered with something that is not of this API.',
    remedy: 'Check that the address is a Daybook node of the same release line.',
  },
  CLIENT_REFUSED: {
    summary: 'The node refused the request.',
    remedy: 'See code, detail and remedy of the answer.',
  },
  CLIENT_CHAIN_DIFFERS: {
    summary: 'The node belongs to another chain than the one trusted.',
    remedy: 'Check the address of the node and the chain id.',
  },
  CLIENT_STATE_UNPROVEN: {
    summary: 'The node shows a part of the state that does not lead to its own state root.',
    remedy:
      'Believe nothing of its state. Tell its operator to keep the data directory and to run daybookd ' +
      'check --deep.',
  },
  CLIENT_MANIFEST_DIFFERS: {
    summary: 'The contracts that the node describes are not those the chain agreed on.',
    remedy: 'Use another node, and tell the operator of this one.',
  },
  CLIENT_CONTRACT_UNKNOWN: {
    summary: 'The chain has no active contract of this name.',
    remedy: 'Choose one of those that the manifest lists.',
  },
  CLIENT_ACTION_UNKNOWN: {
    summary: 'The contract has no action of this name.',
    remedy: 'Choose one of those that the manifest lists.',
  },
  CLIENT_RECORD_SET_UNKNOWN: {
    summary: 'The contract keeps no records of this name.',
    remedy: 'Choose one of those that the manifest lists.',
  },
  CLIENT_INPUT_INVALID: {
    summary: 'The input has faults.',
    remedy: 'Correct each field that is named.',
  },
  CLIENT_ROW_FOREIGN: {
    summary: 'The stored row is not of the version of the contract that this program knows.',
    remedy: 'Update the program, or read the record by the manifest of the node.',
  },
  CLIENT_FEED_GAP: {
    summary: 'The event feed of the node leaves out a block.',
    remedy: 'Use another node, and tell the operator of this one.',
  },
  CLIENT_DRAFT_MALFORMED: {
    summary: 'The file is not a transaction draft, or it is damaged.',
    remedy: 'Ask the officer who made it to send it again.',
  },
  CLIENT_DRAFT_DIFFERS: {
    summary: 'What the draft shows is not what would be signed.',
    remedy: 'Do not sign it. Ask the officer who made it, on another way than the file came.',
  },
  CLIENT_SIGNER_FOREIGN: {
    summary: 'The key is none of those that must sign this transaction.',
    remedy: 'Use the key of an officer whom the draft names, or make a new draft.',
  },
  CLIENT_SIGNATURES_MISSING: {
    summary: 'Not everybody who must sign has signed.',
    remedy: 'Pass the draft on to the officers named, then send it.',
  },
  CLIENT_PROOF_MALFORMED: {
    summary: 'The file is not a proof bundle.',
    remedy: 'Get the file again; it may have been cut or altered on its way.',
  },
  CLIENT_GENESIS_INVALID: {
    summary: 'The genesis document inside the proof is not valid.',
    remedy: 'The file was altered or is not of this system: get it again from the node.',
  },
  CLIENT_CHAIN_FOREIGN: {
    summary: 'The proof belongs to another chain than the one trusted.',
    remedy: 'Compare the chain id with the one your organisation publishes.',
  },
  CLIENT_HEADER_MALFORMED: {
    summary: 'A header inside the proof is malformed.',
    remedy: 'Get the file again; it may have been altered.',
  },
  CLIENT_CERTIFICATE_INVALID: {
    summary: 'A header inside the proof was not finalised by a quorum of its validators.',
    remedy: 'Do not rely on this record. Keep the file and tell the body that oversees the chain.',
  },
  CLIENT_VALIDATORS_WRONG: {
    summary: 'The chain of validator sets inside the proof does not hold.',
    remedy: 'Do not rely on this record. Keep the file and tell the body that oversees the chain.',
  },
  CLIENT_RECORD_UNPROVEN: {
    summary: 'The path of the record does not lead to the state root of the header.',
    remedy: 'Do not rely on this record. Keep the file and tell the body that oversees the chain.',
  },
  CLIENT_LIST_UNPROVEN: {
    summary: 'The records of the list are not all that the state holds, or not those it holds.',
    remedy: 'Do not rely on this list. Keep the file and tell the body that oversees the chain.',
  },
  CLIENT_DOCUMENT_DIFFERS: {
    summary: 'The document is not the one that was stamped.',
    remedy: 'Give the very file that was stamped; one byte more or less makes another document.',
  },
  CLIENT_TABLE_DIFFERS: {
    summary: 'The table is not what its proof says: a record is missing, added or altered.',
    remedy: 'Do not rely on this table. Export it again, or use one from somebody else.',
  },
  CLIENT_TABLE_CELL_DIFFERS: {
    summary: 'A cell of the table is not what its proof says.',
    remedy: 'Do not rely on this table. Export it again, or use one from somebody else.',
  },
  CLIENT_TABLE_FOREIGN: {
    summary: 'The file is not the table that its proof gives.',
    remedy: 'Do not rely on this file. Export it again with this release, from the same block.',
  },
  CLIENT_SCHEMA_UNPROVEN: {
    summary: 'The words for the record are not those the chain agreed on.',
    remedy: 'Do not rely on how the record is shown; get the proof again from another node.',
  },
  CLIENT_TRANSACTION_UNPROVEN: {
    summary: 'The path of the transaction or its result does not lead to the header.',
    remedy: 'Do not rely on this receipt; ask another node.',
  },
  CLIENT_FORK_FOUND: {
    summary: 'Two different blocks of one height were both finalised.',
    remedy: 'More validators than tolerated broke the rules. Keep both files and tell everybody.',
  },
  CLIENT_RECOVERY_UNKNOWN: {
    summary:
      'The proof is sound, but rests on a recovery of the chain that you have not vouched for.',
    remedy: 'Give the recovery file that the departments published, with --recovery.',
  },
  CLIENT_TRUST_MISSING: {
    summary: 'The proof is sound in itself, but nothing says that its chain is the one you mean.',
    remedy: 'Give the chain id or the genesis file that you trust.',
  },
  CLIENT_CHECKPOINT_OLD: {
    summary: 'The checkpoint is too old to build trust on: old keys may have leaked since.',
    remedy: 'Get a newer checkpoint from somebody you trust, or start from the genesis file.',
  },
  CLIENT_CHECKPOINT_LATER: {
    summary: 'The proof is of an earlier block than the checkpoint.',
    remedy: 'Give the chain id or the genesis file besides, or get a newer proof.',
  },
  CLIENT_CHECKPOINT_CONTRADICTED: {
    summary: 'The node shows another block at that height than the one that you trust.',
    remedy:
      'Compare height and hash with whoever named the block. If they are right, the node serves ' +
      'another chain: tell all departments.',
  },
  CLIENT_CHECKPOINT_UNPROVEN: {
    summary: 'The checkpoint is not one that the validators of this chain signed.',
    remedy: 'Ask another node, and tell the operator of this one.',
  },
  CLIENT_WITNESSES_MISSING: {
    summary: 'Too few of the named witnesses have vouched for this checkpoint, or too long ago.',
    remedy: 'Ask again in a minute; if it lasts, ask the witnesses why they are silent.',
  },
  CLIENT_HISTORY_UNPROVEN: {
    summary: 'No node proves that this history goes on from the one that was seen before.',
    remedy: 'Ask nodes of other departments; if none proves it, treat it as a fork and tell them.',
  },
  CLIENT_TIME_AHEAD: {
    summary: 'The block lies in the future of this clock.',
    remedy: 'Set the clock of this machine and check again.',
  },
});

/** What happened to one address of a request that no node answered. */
export interface EndpointFault {
  readonly url: string;
  readonly fact: string;
}

/** Everything that is thrown. */
export type ClientFailure =
  | { readonly code: 'CLIENT_UNREACHABLE'; readonly endpoints: readonly EndpointFault[] }
  | { readonly code: 'CLIENT_ANSWER_MALFORMED'; readonly url: string; readonly fact: string }
  | { readonly code: 'CLIENT_REFUSED'; readonly url: string; readonly problem: Problem }
  | { readonly code: 'CLIENT_CHAIN_DIFFERS'; readonly expected: string; readonly found: string }
  | {
      readonly code: 'CLIENT_STATE_UNPROVEN';
      readonly url: string;
      readonly height: number;
      /** First nibbles of the tree keys below, as hexadecimal digits. */
      readonly place: string;
    }
  | { readonly code: 'CLIENT_MANIFEST_DIFFERS'; readonly url: string }
  | { readonly code: 'CLIENT_RECOVERY_UNKNOWN'; readonly height: number; readonly era: string }
  | {
      readonly code:
        | 'CLIENT_CONTRACT_UNKNOWN'
        | 'CLIENT_ACTION_UNKNOWN'
        | 'CLIENT_RECORD_SET_UNKNOWN';
      readonly name: string;
      readonly known: readonly string[];
    }
  | { readonly code: 'CLIENT_INPUT_INVALID'; readonly faults: readonly InputFault[] }
  | {
      readonly code: 'CLIENT_ROW_FOREIGN';
      readonly record: string;
      readonly faults: readonly InputFault[];
    }
  | { readonly code: 'CLIENT_FEED_GAP'; readonly after: string; readonly found: string }
  | { readonly code: 'CLIENT_DRAFT_MALFORMED'; readonly fact: string }
  | { readonly code: 'CLIENT_DRAFT_DIFFERS'; readonly member: string }
  | { readonly code: 'CLIENT_SIGNER_FOREIGN'; readonly publicKey: string }
  | { readonly code: 'CLIENT_SIGNATURES_MISSING'; readonly missing: readonly string[] };

/** Thrown for whatever keeps the client from doing what it was asked. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientFailure['code'];
  readonly failure: ClientFailure;

  constructor(failure: ClientFailure, options?: ErrorOptions) {
    super(explainClient(failure), options);
    this.code = failure.code;
    this.failure = failure;
  }
}

/** Whether a node refused with this code. */
export function isRefusal(error: unknown, code: string): boolean {
  if (!(error instanceof ClientError) || error.failure.code !== 'CLIENT_REFUSED') return false;
  return error.failure.problem.code === code;
}

const FAULTS_SHOWN_MAX = 8;

function listFaults(faults: readonly InputFault[]): string {
  const shown = faults.slice(0, FAULTS_SHOWN_MAX).map(({ pointer, expected, found }) => {
    return `${pointer === '' ? 'the input' : pointer}: expected ${expected}, found ${found}`;
  });
  const rest = faults.length - shown.length;
  return shown.join('; ') + (rest > 0 ? `; and ${rest} more` : '');
}

/** What happened, with the facts, in one or two sentences; the remedy stands in the table. */
export function explainClient(failure: ClientFailure): string {
  const { summary } = CLIENT_ERRORS[failure.code];
  switch (failure.code) {
    case 'CLIENT_UNREACHABLE':
      return `${summary} ${failure.endpoints.map(({ url, fact }) => `${url}: ${fact}`).join('; ')}`;
    case 'CLIENT_ANSWER_MALFORMED':
      return `${summary} ${failure.url}: ${failure.fact}`;
    case 'CLIENT_REFUSED':
      return failure.problem.detail;
    case 'CLIENT_CHAIN_DIFFERS':
      return `${summary} Expected ${failure.expected}, found ${failure.found}.`;
    case 'CLIENT_RECOVERY_UNKNOWN':
      return explainVerification(failure);
    case 'CLIENT_STATE_UNPROVEN': {
      const { url, height, place } = failure;
      const part = place === '' ? 'the root' : `the part at ${place}`;
      return `${summary} It is ${url}: ${part} after block ${height}.`;
    }
    case 'CLIENT_MANIFEST_DIFFERS':
      return `${summary} It is ${failure.url}.`;
    case 'CLIENT_CONTRACT_UNKNOWN':
    case 'CLIENT_ACTION_UNKNOWN':
    case 'CLIENT_RECORD_SET_UNKNOWN':
      return `${summary} Asked for ${failure.name}; known: ${failure.known.join(', ')}.`;
    case 'CLIENT_INPUT_INVALID':
      return `${summary} ${listFaults(failure.faults)}.`;
    case 'CLIENT_ROW_FOREIGN':
      return `${summary} It is of ${failure.record}: ${listFaults(failure.faults)}.`;
    case 'CLIENT_FEED_GAP':
      return `${summary} After ${failure.after} came ${failure.found}.`;
    case 'CLIENT_DRAFT_MALFORMED':
      return `${summary} ${failure.fact}`;
    case 'CLIENT_DRAFT_DIFFERS':
      return `${summary} It differs in "${failure.member}".`;
    case 'CLIENT_SIGNER_FOREIGN':
      return `${summary} The key is ${failure.publicKey}.`;
    case 'CLIENT_SIGNATURES_MISSING':
      return `${summary} Missing: ${failure.missing.join(', ')}.`;
    default:
      return assertNever(failure);
  }
}

/** A cell that is not what it must be; rows count from 1, values are shown as text. */
export interface CellDifference {
  readonly row: number;
  readonly column: string;
  readonly found: string;
  readonly expected: string;
}

/** Why something does not prove what it claims; the first fault found. */
export type VerifyFailure =
  | { readonly code: 'CLIENT_PROOF_MALFORMED'; readonly fact: string }
  | { readonly code: 'CLIENT_GENESIS_INVALID'; readonly fact: string }
  | { readonly code: 'CLIENT_CHAIN_FOREIGN'; readonly expected: string; readonly found: string }
  | { readonly code: 'CLIENT_HEADER_MALFORMED'; readonly fact: string }
  | { readonly code: 'CLIENT_CERTIFICATE_INVALID'; readonly fact: string }
  | { readonly code: 'CLIENT_VALIDATORS_WRONG'; readonly height: number }
  | { readonly code: 'CLIENT_RECORD_UNPROVEN'; readonly fact: string }
  | { readonly code: 'CLIENT_LIST_UNPROVEN'; readonly fact: string }
  | { readonly code: 'CLIENT_DOCUMENT_DIFFERS' }
  | { readonly code: 'CLIENT_TABLE_DIFFERS'; readonly line: number }
  | ({ readonly code: 'CLIENT_TABLE_CELL_DIFFERS' } & CellDifference)
  | { readonly code: 'CLIENT_TABLE_FOREIGN'; readonly fact: string }
  | { readonly code: 'CLIENT_SCHEMA_UNPROVEN'; readonly fact: string }
  | { readonly code: 'CLIENT_TRANSACTION_UNPROVEN'; readonly fact: string }
  | { readonly code: 'CLIENT_CHECKPOINT_UNPROVEN'; readonly fact: string }
  | {
      readonly code: 'CLIENT_CHECKPOINT_CONTRADICTED';
      readonly height: number;
      /** 64 hexadecimal digits. */
      readonly shown: string;
    }
  | { readonly code: 'CLIENT_FORK_FOUND'; readonly height: number };

/** Why nobody can tell whether a sound proof is of the chain that is meant. */
export type UndecidedReason =
  | { readonly code: 'CLIENT_TRUST_MISSING'; readonly chain: string }
  | { readonly code: 'CLIENT_RECOVERY_UNKNOWN'; readonly height: number; readonly era: string }
  | { readonly code: 'CLIENT_CHECKPOINT_OLD'; readonly days: number; readonly daysMax: number }
  | { readonly code: 'CLIENT_CHECKPOINT_LATER'; readonly height: number; readonly proven: number }
  | { readonly code: 'CLIENT_WITNESSES_MISSING'; readonly fact: string }
  | { readonly code: 'CLIENT_HISTORY_UNPROVEN'; readonly fact: string }
  | { readonly code: 'CLIENT_TIME_AHEAD'; readonly blockMs: number; readonly clockMs: number };

/** A failure of verification, or why it cannot be told, in one sentence. */
export function explainVerification(reason: VerifyFailure | UndecidedReason): string {
  const { summary } = CLIENT_ERRORS[reason.code];
  switch (reason.code) {
    case 'CLIENT_CHAIN_FOREIGN':
      return `${summary} (expected ${reason.expected}, found ${reason.found})`;
    case 'CLIENT_VALIDATORS_WRONG':
    case 'CLIENT_FORK_FOUND':
      return `${summary} (height ${reason.height})`;
    case 'CLIENT_DOCUMENT_DIFFERS':
      return summary;
    case 'CLIENT_TABLE_DIFFERS':
      return `${summary} (line ${reason.line})`;
    case 'CLIENT_TABLE_CELL_DIFFERS':
      return `${summary} (row ${reason.row}, column ${reason.column}: expected ${reason.expected}, found ${reason.found})`;
    case 'CLIENT_PROOF_MALFORMED':
    case 'CLIENT_GENESIS_INVALID':
    case 'CLIENT_HEADER_MALFORMED':
    case 'CLIENT_CERTIFICATE_INVALID':
    case 'CLIENT_RECORD_UNPROVEN':
    case 'CLIENT_LIST_UNPROVEN':
    case 'CLIENT_TABLE_FOREIGN':
    case 'CLIENT_SCHEMA_UNPROVEN':
    case 'CLIENT_TRANSACTION_UNPROVEN':
    case 'CLIENT_CHECKPOINT_UNPROVEN':
    case 'CLIENT_WITNESSES_MISSING':
    case 'CLIENT_HISTORY_UNPROVEN':
      return `${summary} (${reason.fact})`;
    case 'CLIENT_CHECKPOINT_CONTRADICTED':
      return `${summary} (height ${reason.height}: ${reason.shown})`;
    case 'CLIENT_RECOVERY_UNKNOWN':
      return `${summary} (from height ${reason.height}, era ${reason.era})`;
    case 'CLIENT_TRUST_MISSING':
      return `${summary} (its chain id is ${reason.chain})`;
    case 'CLIENT_CHECKPOINT_OLD':
      return `${summary} (${reason.days} days, at most ${reason.daysMax})`;
    case 'CLIENT_CHECKPOINT_LATER':
      return `${summary} (checkpoint ${reason.height}, proof ${reason.proven})`;
    case 'CLIENT_TIME_AHEAD': {
      const { blockMs, clockMs } = reason;
      return `${summary} (block ${timeText(blockMs)}, clock ${timeText(clockMs)})`;
    }
    default:
      return assertNever(reason);
  }
}
