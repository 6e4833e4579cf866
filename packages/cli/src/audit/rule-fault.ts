/** What keeps a rule from its findings, told beside it: code, what happened, and what helps. */
import type { Outcome } from '@daybook/client';
import { CLIENT_ERRORS, ClientError } from '@daybook/client';
import type { CliFailure } from '../errors.ts';
import { CLI_ERRORS, explainCli } from '../errors.ts';

export interface RuleFault {
  readonly code: string;
  readonly detail: string;
  readonly remedy: string;
}

/** A failure of this program's own table. */
export function faultOf(failure: CliFailure): RuleFault {
  const { remedy } = CLI_ERRORS[failure.code];
  return { code: failure.code, detail: explainCli(failure), remedy };
}

/** What a node refused, or why none answered. @throws what is not the client's to tell */
export function faultOfError(error: unknown): RuleFault {
  if (!(error instanceof ClientError)) throw error;
  const { failure, message } = error;
  if (failure.code !== 'CLIENT_REFUSED') {
    const { remedy } = CLIENT_ERRORS[failure.code];
    return { code: failure.code, detail: message, remedy };
  }
  const { code, detail, remedy } = failure.problem;
  return { code, detail, remedy };
}

/** Why a finding that was handed in is not on the ledger; undefined if it is. */
export function faultOfOutcome(outcome: Outcome | undefined): RuleFault | undefined {
  if (outcome?.state === 'committed') return undefined;
  if (outcome?.state !== 'refused') return faultOf({ code: 'CLI_FINDING_UNDECIDED' });
  const { code, detail, remedy } = outcome.problem;
  return { code, detail, remedy };
}
