/**
 * Failures of the consensus package: what stops a node (R15), and what is worth a line in the log.
 * Facts travel as values; the sentence is made here.
 */
import type { Certificate, Hash, Height, Round, TimestampMs, Unsigned } from '@daybook/core';
import { assertNever, defineErrors, toHex } from '@daybook/core';
import type { SigningStep } from './event.ts';

export const CONSENSUS_ERRORS = defineErrors({
  CONSENSUS_FORK: {
    summary: 'Two valid COMMIT certificates exist for one height with different blocks.',
    remedy: 'Keep the node down and the proof file safe; more than f validators equivocated.',
  },
  CONSENSUS_BLOCK_INVALID: {
    summary: 'A quorum voted for a block that this node finds invalid, twice.',
    remedy:
      'Check this node: release, runtime, disk and memory; then rebuild its state from peers.',
  },
  CONSENSUS_KEY_ELSEWHERE: {
    summary: 'Another process signs with the consensus key of this node.',
    remedy:
      'Find and stop the other instance before starting one of them again; if there is none, treat the key as stolen.',
  },
  CONSENSUS_PROPOSAL_UNJUSTIFIED: {
    summary: 'A proposal of a later round does not prove that its block may be proposed.',
    remedy: 'Nothing to do here; tell the operator of the proposer if it repeats.',
  },
  CONSENSUS_PROPOSAL_AUTHOR: {
    summary: 'A fresh proposal carries a header that names another proposer.',
    remedy: 'Nothing to do here; tell the operator of the proposer if it repeats.',
  },
  CONSENSUS_PROPOSAL_UNTIMELY: {
    summary: 'The timestamp of a fresh proposal is outside the allowed age.',
    remedy: 'Compare the clocks of this node and of the proposer with a reference.',
  },
  CONSENSUS_PROPOSAL_INVALID: {
    summary: 'The block of a proposal is not valid on the parent state.',
    remedy: 'Keep the proposal; the named reason shows whether proposer or node is at fault.',
  },
  CONSENSUS_SIGNING_REFUSED: {
    summary: 'The signing guard did not grant a vote.',
    remedy: 'If the reason is "paused", free disk space; "guard" once after a restart is harmless.',
  },
  CONSENSUS_CLOCK_OFF: {
    summary: 'The wall clock of this node differs from the median of its peers.',
    remedy: 'Repair time synchronisation; beyond the precision this node does not propose.',
  },
  CONSENSUS_RECHECK_PASSED: {
    summary: 'A block first found invalid was found valid when executed from scratch.',
    remedy: 'Check memory and disk of this node: its first execution was wrong.',
  },
});

/** Why the machine stopped. Nothing is signed after it. */
export type ConsensusFatal =
  | {
      readonly code: 'CONSENSUS_FORK';
      readonly height: Height;
      /** Absent if the head came by sync: then the block log holds its certificate. */
      readonly first: Certificate | undefined;
      readonly second: Certificate;
    }
  | {
      readonly code: 'CONSENSUS_BLOCK_INVALID';
      readonly height: Height;
      readonly blockHash: Hash;
      /** Whether Q COMMITs or a justified re-proposal vouch for the block. */
      readonly vouched: 'decided' | 'prepared';
      readonly reason: { readonly code: string };
    }
  | KeyElsewhere;

/** The own key signed what the own vote log does not hold (R15). */
export interface KeyElsewhere {
  readonly code: 'CONSENSUS_KEY_ELSEWHERE';
  /** What it signed. */
  readonly content: Unsigned;
  readonly seenIn: KeySighting;
}

/** Where a signature of the own key was met: alone, or inside what others put together. */
export type KeySighting = 'message' | 'justification' | 'certificate' | 'evidence';

/** What is wrong with a justification. */
export type JustificationFault =
  | 'missing'
  | 'forged'
  | 'count'
  | 'senders'
  | 'prepared-rounds'
  | 'certificate-missing'
  | 'certificate-surplus'
  | 'certificate-mismatch';

interface ProposalSlot {
  readonly height: Height;
  readonly round: Round;
  readonly sender: number;
  readonly blockHash: Hash;
}

/** Facts for log and metrics; the protocol goes on. */
export type ConsensusNotice =
  | (ProposalSlot & {
      readonly code: 'CONSENSUS_PROPOSAL_UNJUSTIFIED';
      readonly fault: JustificationFault;
    })
  | (ProposalSlot & { readonly code: 'CONSENSUS_PROPOSAL_AUTHOR' })
  | (ProposalSlot & {
      readonly code: 'CONSENSUS_PROPOSAL_UNTIMELY';
      readonly timestampMs: TimestampMs;
      readonly receivedWallMs: TimestampMs;
    })
  | (ProposalSlot & {
      readonly code: 'CONSENSUS_PROPOSAL_INVALID';
      readonly reason: { readonly code: string };
    })
  | {
      readonly code: 'CONSENSUS_SIGNING_REFUSED';
      readonly height: Height;
      readonly round: Round;
      readonly step: SigningStep;
      readonly reason: 'guard' | 'paused';
    }
  | {
      readonly code: 'CONSENSUS_CLOCK_OFF';
      /** Own clock minus the median of the peers' clocks, in ms. */
      readonly offsetMs: number;
      readonly proposing: boolean;
    }
  | {
      readonly code: 'CONSENSUS_RECHECK_PASSED';
      readonly height: Height;
      readonly blockHash: Hash;
    };

function slotText({ height, round, sender }: ProposalSlot): string {
  return `The proposal of validator ${sender} at height ${height}, round ${round},`;
}

function explainFatal(failure: ConsensusFatal): string {
  switch (failure.code) {
    case 'CONSENSUS_FORK': {
      const block = toHex(failure.second.blockHash);
      return `Height ${failure.height} is decided as ${block}, and as another block.`;
    }
    case 'CONSENSUS_BLOCK_INVALID': {
      const { blockHash, height, vouched, reason } = failure;
      const block = `Block ${toHex(blockHash)}`;
      return `${block}, ${vouched} at height ${height}, is invalid here: ${reason.code}.`;
    }
    case 'CONSENSUS_KEY_ELSEWHERE': {
      const { content, seenIn } = failure;
      const slot = `a ${content.type} at height ${content.height}, round ${content.round}`;
      return `The own key signed ${slot}, elsewhere: the own vote log lacks it (seen in: ${seenIn}).`;
    }
    default:
      return assertNever(failure);
  }
}

/** One sentence with the facts, for logs and alarms; remedies stand in the table. */
export function explainConsensus(failure: ConsensusFatal | ConsensusNotice): string {
  switch (failure.code) {
    case 'CONSENSUS_PROPOSAL_UNJUSTIFIED':
      return `${slotText(failure)} is not justified: ${failure.fault}.`;
    case 'CONSENSUS_PROPOSAL_AUTHOR':
      return `${slotText(failure)} names another author in its header.`;
    case 'CONSENSUS_PROPOSAL_UNTIMELY': {
      const { timestampMs, receivedWallMs } = failure;
      return `${slotText(failure)} has the time ${timestampMs}, received at ${receivedWallMs}.`;
    }
    case 'CONSENSUS_PROPOSAL_INVALID':
      return `${slotText(failure)} has an invalid block: ${failure.reason.code}.`;
    case 'CONSENSUS_SIGNING_REFUSED': {
      const { step, height, round, reason } = failure;
      return `The guard refused a ${step} at height ${height}, round ${round}: ${reason}.`;
    }
    case 'CONSENSUS_CLOCK_OFF': {
      const effect = failure.proposing ? 'it still proposes' : 'it does not propose';
      return `The own clock is ${failure.offsetMs} ms from the median of the peers; ${effect}.`;
    }
    case 'CONSENSUS_RECHECK_PASSED': {
      const block = `Block ${toHex(failure.blockHash)} at height ${failure.height}`;
      return `${block} was first found invalid, then valid.`;
    }
    default:
      return explainFatal(failure);
  }
}
