/**
 * Failures of this package. Storage faults are loud: each names the file, the place and what to do,
 * and none is repaired by guessing. Codes are never reused after removal.
 */

import type { Height } from '@daybook/core';
import { assertNever, defineErrors } from '@daybook/core';
import type { SigningRefusal } from './votes/signer.ts';
import type { QuarantineReason } from './votes/vote-log.ts';

export const STATE_ERRORS = defineErrors({
  STATE_DIRECTORY_LOCKED: {
    summary: 'Another process works on this data directory.',
    remedy: 'Stop the other process; never run two nodes with one directory or one key.',
  },
  STATE_FORMAT_UNKNOWN: {
    summary: 'The data directory was written by a version of Daybook that this one cannot read.',
    remedy:
      'Run the version that wrote it, or follow the upgrade notes of this release. Where format.json ' +
      'is damaged, check the disk; a node without that file writes it anew.',
  },
  STATE_DISK_FULL: {
    summary: 'The disk has no room for the next record; nothing was written.',
    remedy:
      'Free space on the disk of the data directory. The node has ended; the service manager starts ' +
      'it again every few seconds, and without one it has to be started.',
    status: 503,
  },
  STATE_DISK_FAILED: {
    summary: 'The operating system refused to read or write a file.',
    remedy: 'Check the disk, its cabling and the file permissions, then start the node again.',
  },
  STATE_SYNC_FAILED: {
    summary: 'The disk did not confirm that data is durable.',
    remedy: 'Treat the disk as failing: check it, then start the node again.',
  },
  STATE_LOG_BROKEN: {
    summary: 'A log is refused because an earlier write to it failed.',
    remedy: 'Start the node again after the cause of the first failure is removed.',
  },
  STATE_BLOCK_DAMAGED: {
    summary: 'A record of the block log fails its checksum or contradicts its neighbours.',
    remedy:
      'Stop the node and run `daybookd repair`: it keeps what is sound, and the node fetches the ' +
      'rest from the others. The disk may be failing.',
  },
  STATE_BLOCK_GAP: {
    summary: 'Heights are missing between two segments of the block log.',
    remedy:
      'Put the missing segment files back from an archive, or run `daybookd repair` and let the ' +
      'node fetch them from the others.',
  },
  STATE_DAMAGED: {
    summary: 'A stored part of the state fails its checksum.',
    remedy: 'Stop the node and run `daybookd repair`; the disk may be failing.',
  },
  STATE_NOT_CONTIGUOUS: {
    summary: 'The state database has lost batches in the middle of what it once stored.',
    remedy: 'Stop the node and run `daybookd repair`; the disk may be failing.',
  },
  STATE_IMPORT_OTHER: {
    summary: 'What a node that joins has fetched so far belongs to another snapshot.',
    remedy: 'None needed: the node forgets it and begins with the snapshot that is offered now.',
  },
  STATE_DATABASE_FAILED: {
    summary: 'The state database could not be opened, read or written.',
    remedy: 'If the disk is healthy, stop the node and run `daybookd repair`.',
  },
  STATE_VERSION_PRUNED: {
    summary: 'The state of this height is no longer kept, or not yet known.',
    remedy: 'Ask for a height within the retained window, or ask an archive node.',
    status: 410,
  },
  STATE_STAGE_DISCARDED: {
    summary: 'A staged state was used after it had been discarded.',
    remedy: 'Execute the block again and use the new staged state.',
  },
  STATE_VOTES_MISSING: {
    summary: 'The vote log is missing, so this validator cannot know what it has signed.',
    remedy: 'Run as an observer until quarantine ends; never copy a vote log from elsewhere.',
  },
  STATE_VOTES_UNREADABLE: {
    summary: 'Neither mirror of the vote log can be read.',
    remedy: 'Run as an observer until quarantine ends; check both disks.',
  },
  STATE_VOTES_COPIED: {
    summary: 'The vote log was copied or restored: it may lack the newest signatures.',
    remedy: 'Run as an observer until quarantine ends.',
  },
  STATE_VOTES_FOREIGN: {
    summary: 'The vote log belongs to another chain or another validator.',
    remedy: 'Correct the configured directory, or create a vote log for this key.',
  },
  STATE_VOTES_DAMAGED: {
    summary: 'A record in the middle of the vote log is damaged in both mirrors.',
    remedy: 'Run as an observer until quarantine ends; check both disks.',
  },
  STATE_VOTES_BEHIND: {
    summary: 'This key has signed something that the vote log does not hold.',
    remedy: 'Look for a second process with this key, or a restored directory; see the runbook.',
  },
  STATE_VOTES_DISTRUSTED: {
    summary: 'The operator has put this validator into quarantine.',
    remedy: 'Start again without --quarantine; signing resumes by itself when it is over.',
  },
  STATE_SIGNING_QUARANTINED: {
    summary: 'Signing is withheld while the validator is in quarantine.',
    remedy: 'Wait: quarantine ends by itself; GET /v1/why names its reason.',
    status: 503,
  },
  STATE_SIGNER_AWAY: {
    summary: 'The process that holds the validator key does not answer.',
    remedy: 'Check the service daybook-signer and its log; the node connects again by itself.',
    status: 503,
  },
  STATE_SIGNER_REFUSED: {
    summary: 'The process that holds the validator key refused the connection.',
    remedy: 'One node only may use a signer, of the same chain and release; see the facts.',
  },
  STATE_SIGNER_EXPOSED: {
    summary: 'The socket of the signer could be reached by others than this user.',
    remedy: 'Put it into a directory of this user alone; the socket has mode 0600.',
  },
  STATE_SIGNING_MALFORMED: {
    summary: 'The signer was asked to sign something that is not a consensus message.',
    remedy: 'Report this as a bug, with the log of the node.',
  },
  STATE_SIGNING_FOREIGN_CHAIN: {
    summary: 'The signer was asked to sign for another chain.',
    remedy: 'Compare the genesis of the node with that of the signer.',
  },
  STATE_SIGNING_BEHIND_GUARD: {
    summary: 'The slot was passed already, or something else was signed in it.',
    remedy: 'None needed: the guard did its work. Look for a second instance if it repeats.',
  },
  STATE_SIGNING_WITHOUT_LOCK: {
    summary: 'A COMMIT was asked for without the certificate that locks its block.',
    remedy: 'Report this as a bug, with the log of the node.',
  },
  STATE_SIGNING_LOCK_HIDDEN: {
    summary: 'A ROUND-CHANGE does not report the block this validator is locked on.',
    remedy: 'Report this as a bug, with the log of the node.',
  },
  STATE_SIGNING_DISK_LOW: {
    summary: 'Signing stopped because the disk is nearly full.',
    remedy: 'Free space; signing resumes by itself at the setting disk.resumePercent.',
    status: 503,
  },
});

/** What went wrong with a store, with its facts; offsets count bytes from the start of the file. */
export type StateFailure =
  | { readonly code: 'STATE_DIRECTORY_LOCKED'; readonly path: string; readonly pid?: number }
  | {
      readonly code: 'STATE_FORMAT_UNKNOWN';
      readonly path: string;
      readonly found: string;
      readonly supported: string;
    }
  | { readonly code: 'STATE_DISK_FULL'; readonly path: string }
  | {
      readonly code: 'STATE_DISK_FAILED';
      readonly path: string;
      readonly operation: string;
      readonly reason: string;
    }
  | { readonly code: 'STATE_SYNC_FAILED'; readonly path: string; readonly reason: string }
  | { readonly code: 'STATE_LOG_BROKEN'; readonly path: string }
  | {
      readonly code: 'STATE_BLOCK_DAMAGED';
      readonly path: string;
      readonly offset: number;
      readonly fact: string;
      readonly height?: Height;
    }
  | {
      readonly code: 'STATE_BLOCK_GAP';
      readonly path: string;
      readonly from: Height;
      readonly to: Height;
    }
  | {
      readonly code: 'STATE_DAMAGED';
      readonly path: string;
      readonly offset: number;
      readonly fact: string;
      readonly record?: string;
    }
  | { readonly code: 'STATE_NOT_CONTIGUOUS'; readonly path: string; readonly missing: Height }
  | { readonly code: 'STATE_IMPORT_OTHER'; readonly path: string; readonly height: Height }
  | { readonly code: 'STATE_DATABASE_FAILED'; readonly path: string; readonly reason: string }
  | {
      readonly code: 'STATE_VERSION_PRUNED';
      readonly height: Height;
      readonly oldest?: Height;
      readonly newest?: Height;
    }
  | { readonly code: 'STATE_STAGE_DISCARDED'; readonly height: Height }
  | { readonly code: 'STATE_SIGNER_REFUSED'; readonly path: string; readonly fact: string }
  | { readonly code: 'STATE_SIGNER_EXPOSED'; readonly path: string; readonly fact: string };

/** Thrown when the world fails under a store; `failure` carries the facts. */
export class StateError extends Error {
  override readonly name = 'StateError';
  readonly failure: StateFailure;

  constructor(failure: StateFailure, options?: ErrorOptions) {
    super(explainState(failure), options);
    this.failure = failure;
  }

  /** One of `STATE_ERRORS`. */
  get code(): StateFailure['code'] {
    return this.failure.code;
  }
}

/** Any failure of this package in one or two sentences for people. */
export function explainState(failure: StateFailure | QuarantineReason | SigningRefusal): string {
  const entry = STATE_ERRORS[failure.code];
  const facts = factsOf(failure);
  return facts === '' ? entry.summary : `${entry.summary} ${facts}`;
}

function factsOf(failure: StateFailure | QuarantineReason | SigningRefusal): string {
  switch (failure.code) {
    case 'STATE_DIRECTORY_LOCKED':
      return `${failure.path}${failure.pid === undefined ? '' : `, process ${failure.pid}`}.`;
    case 'STATE_FORMAT_UNKNOWN':
      return `${failure.path}: found ${failure.found}, supported is ${failure.supported}.`;
    case 'STATE_DISK_FAILED':
      return `${failure.operation} ${failure.path}: ${failure.reason}.`;
    case 'STATE_SYNC_FAILED':
    case 'STATE_DATABASE_FAILED':
      return `${failure.path}: ${failure.reason}.`;
    case 'STATE_DISK_FULL':
    case 'STATE_LOG_BROKEN':
    case 'STATE_VOTES_MISSING':
      return `${failure.path}.`;
    case 'STATE_BLOCK_DAMAGED':
      return `${placeOf(failure)}${heightIn(failure.height)}: ${failure.fact}.`;
    case 'STATE_DAMAGED':
      return `${placeOf(failure)}${failure.record ? `, ${failure.record}` : ''}: ${failure.fact}.`;
    case 'STATE_BLOCK_GAP':
      return `${failure.path}: heights ${failure.from} to ${failure.to}.`;
    case 'STATE_IMPORT_OTHER':
      return `${failure.path}: not of height ${failure.height}.`;
    case 'STATE_NOT_CONTIGUOUS':
      return `${failure.path}: height ${failure.missing} is missing.`;
    case 'STATE_VERSION_PRUNED':
      return `Height ${failure.height}${windowOf(failure.oldest, failure.newest)}.`;
    case 'STATE_STAGE_DISCARDED':
      return `Height ${failure.height}.`;
    case 'STATE_SIGNER_REFUSED':
    case 'STATE_SIGNER_EXPOSED':
      return `${failure.path}: ${failure.fact}.`;
    default:
      return factsOfVotes(failure);
  }
}

function factsOfVotes(failure: QuarantineReason | SigningRefusal): string {
  switch (failure.code) {
    case 'STATE_VOTES_MISSING':
      return `${failure.path}.`;
    case 'STATE_VOTES_UNREADABLE':
    case 'STATE_VOTES_COPIED':
    case 'STATE_VOTES_FOREIGN':
      return `${failure.path}: ${failure.fact}.`;
    case 'STATE_VOTES_DAMAGED':
      return `Record ${failure.sequence}: ${failure.fact}.`;
    case 'STATE_VOTES_BEHIND':
      return `${failure.fact}, height ${failure.height}; the guard stands at ${failure.guardHeight}.`;
    case 'STATE_SIGNING_QUARANTINED':
      return `Its reason is ${failure.reason}.`;
    case 'STATE_SIGNER_AWAY':
    case 'STATE_SIGNING_MALFORMED':
      return `${failure.fact}.`;
    case 'STATE_VOTES_DISTRUSTED':
      return '';
    case 'STATE_SIGNING_BEHIND_GUARD':
      return `The guard stands at height ${failure.guardHeight}, round ${failure.guardRound}.`;
    case 'STATE_SIGNING_DISK_LOW':
      return `${Math.floor(failure.freeFraction * 100)} % are free.`;
    case 'STATE_SIGNING_FOREIGN_CHAIN':
    case 'STATE_SIGNING_WITHOUT_LOCK':
    case 'STATE_SIGNING_LOCK_HIDDEN':
      return '';
    default:
      return assertNever(failure);
  }
}

function placeOf({ path, offset }: { readonly path: string; readonly offset: number }): string {
  return `${path} at byte ${offset}`;
}

function heightIn(height: Height | undefined): string {
  return height === undefined ? '' : `, height ${height}`;
}

function windowOf(oldest: Height | undefined, newest: Height | undefined): string {
  return oldest === undefined || newest === undefined ? '' : `; kept are ${oldest} to ${newest}`;
}
