/**
 * Messages to their rules: of the present height, the next, or, for evidence only, the past one.
 */
import type { VoteMessage } from '@daybook/core';
import { assertNever } from '@daybook/core';
import { uponCommit } from './commit.ts';
import { reportContradictions, votesOf } from './contradiction.ts';
import type { Work } from './draft.ts';
import { noteHeard } from './draft.ts';
import { keepNextProposal, keepNextVote } from './next-height.ts';
import { uponPrepare } from './prepare.ts';
import { uponProposal } from './proposal.ts';
import { uponRoundChange } from './round-change.ts';

/** What the driver says beside a PRE-PREPARE; own ones are sound and received when signed. */
export interface Reception {
  readonly receivedWallMs: number;
  readonly sound: boolean;
}

/** One message of the present height, own or another's, to the function of its kind. */
export function ingest(work: Work, message: VoteMessage, reception: Reception): void {
  switch (message.type) {
    case 'pre-prepare':
      uponProposal(work, { message, ...reception });
      break;
    case 'prepare':
      uponPrepare(work, message);
      break;
    case 'commit':
      uponCommit(work, message);
      break;
    case 'round-change':
      uponRoundChange(work, message);
      break;
    default:
      assertNever(message);
  }
}

/** An authenticated message of another validator, of whatever height. */
export function uponMessage(work: Work, message: VoteMessage, reception: Reception): void {
  const { content, sender } = message.signed;
  const { context } = work.height;
  if (sender >= context.validators.length || sender === context.selfIndex) return;
  const ahead = content.height - context.height;
  if (ahead === -1 && work.state.past !== undefined) {
    reportContradictions(work, work.state.past, message.signed);
    return;
  }
  if (ahead < 0 || ahead > 1) return;
  noteHeard(work, sender);
  if (ahead === 1) {
    if (message.type === 'pre-prepare') keepNextProposal(work, { message, ...reception });
    else keepNextVote(work, message);
    return;
  }
  // After the decision nothing counts any more, but a second vote still proves a fault.
  if (work.state.phase !== 'running')
    reportContradictions(work, votesOf(work.height), message.signed);
  else ingest(work, message, reception);
}
