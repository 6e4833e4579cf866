/** Proposals and votes: made, counted, settled, and carried out when their height comes. */
import { instantText } from '@daybook/contracts';
import { assert } from '@daybook/core';
import type { Hall, Keeper, Proposal } from './context.ts';
import type { Change, Choice, Kind } from './fields.ts';
import { boundaryAfter, lockedUntil, memberCount, settleProposal } from './ground.ts';
import { BALLOTS_MAX, PROPOSALS_PER_HEIGHT_MAX } from './records.ts';
import { adoptSetChange } from './validator-set.ts';

export const HOUR_MS = 3_600_000;

export interface Because {
  readonly reason: string;
  readonly notBeforeHeight?: number | undefined;
}

export function propose(context: Hall, wanted: Kind, what: Change, why: Because): void {
  const { reason: because, notBeforeHeight: earliest } = why;
  const row: Proposal = {
    number: context.sums.proposalCount.get({}).count + 1,
    kind: wanted,
    change: what,
    reason: because,
    proposer: context.actor.identity,
    status: 'open',
    ...{ yes: 0, no: 0, abstain: 0 },
    closes: context.timestampMs + context.parameters.votingHours * HOUR_MS,
    notBeforeHeight: earliest,
  };
  context.records.proposal.insert(row);
  context.emit('proposed', { proposal: row.number, kind: wanted });
  castVotes(context, row.number, 'yes');
  decide(context, row);
}

export function needOpen(context: Hall, proposal: number): Proposal {
  const row = context.records.proposal.need({ number: proposal }, 'PROPOSAL_UNKNOWN');
  const isOpen = row.status === 'open' && row.closes >= context.timestampMs;
  const facts = { status: row.status, closes: instantText(row.closes) };
  context.check(isOpen, 'VOTING_CLOSED', facts);
  return row;
}

/** One vote for each organisation among the delegates who signed. @returns how many are new */
export function castVotes(context: Hall, proposal: number, choice: Choice): number {
  const before = context.records.ballots.get({ proposal })?.cast ?? [];
  const fresh: { organisation: string; choice: Choice }[] = [];
  for (const { organisation: member, identity } of context.entitled({ role: 'delegate' })) {
    if (member === undefined) continue;
    const key = { proposal, organisation: member };
    if (context.records.vote.has(key)) continue;
    context.records.vote.insert({ ...key, choice, officer: identity });
    context.emit('voted', { ...key, choice });
    fresh.push({ organisation: member, choice });
  }
  const cast = [...before, ...fresh];
  context.check(cast.length <= BALLOTS_MAX, 'BALLOTS_FULL', { max: BALLOTS_MAX });
  if (fresh.length > 0) context.records.ballots.put({ proposal, cast });
  return fresh.length;
}

/** The votes of those that are in good standing at this moment; a suspended member decides nothing. */
function count(context: Hall, row: Proposal): Proposal {
  const { cast } = context.records.ballots.get({ proposal: row.number }) ?? { cast: [] };
  const { organisation: members } = context.contracts.directory.records;
  const valid = cast.filter(({ organisation: slug }) => members.get({ slug })?.status === 'active');
  const of = (wanted: Choice): number => valid.filter(({ choice }) => choice === wanted).length;
  return { ...row, yes: of('yes'), no: of('no'), abstain: of('abstain') };
}

/** Counts, and settles the proposal as soon as the outcome can not change any more. */
export function decide(context: Hall, row: Proposal): void {
  const counted = count(context, row);
  const members = memberCount(context);
  if (isCarried(context, counted)) {
    adopt(context, counted);
  } else if ((members - counted.no - counted.abstain) * 100 < neededOf(context)) {
    settleProposal(context, { ...counted, status: 'rejected' });
  } else {
    context.records.proposal.put(counted);
  }
}

/** Counts a last time when the time is over: who voted may have been suspended or reinstated since. */
export function closeProposal(context: Hall, row: Proposal): void {
  const counted = count(context, row);
  if (isCarried(context, counted)) {
    adopt(context, counted);
    return;
  }
  const share = (counted.yes + counted.no + counted.abstain) * 100;
  const isQuorate = share >= context.parameters.quorumPercent * memberCount(context);
  // A tie is not enough yes votes: rejected like any other lack of them.
  settleProposal(context, { ...counted, status: isQuorate ? 'rejected' : 'lapsed' });
}

function isCarried(context: Hall, { yes }: Proposal): boolean {
  return yes * 100 >= neededOf(context);
}

/** Hundredths of votes. */
function neededOf(context: Hall): number {
  return context.parameters.approvalPercent * memberCount(context);
}

/** Decides when an adopted change takes effect, and arranges it. */
export function adopt(context: Hall, row: Proposal): void {
  switch (row.kind) {
    case 'addValidator':
    case 'removeValidator':
    case 'rotateValidator':
      adoptSetChange(context, row, row.kind);
      return;
    case 'changeParameter': {
      const { contract = '', parameter: name = '', value: text = '' } = row.change;
      const fromHeight = boundaryAfter(context, row);
      context.ledger.setParameter({ contract, name, value: text, fromHeight });
      settleProposal(context, { ...row, status: 'done', effectiveHeight: fromHeight });
      return;
    }
    case 'activateContract': {
      const { contract = '', version: wanted = 0 } = row.change;
      const fromHeight = lockedUntil(context, row);
      context.ledger.activate(contract, wanted, fromHeight);
      settleProposal(context, { ...row, status: 'done', effectiveHeight: fromHeight });
      return;
    }
    case 'retireContract': {
      const fromHeight = lockedUntil(context, row);
      context.ledger.retire(row.change.contract ?? '', fromHeight);
      settleProposal(context, { ...row, status: 'done', effectiveHeight: fromHeight });
      return;
    }
    default:
      schedule(context, row, lockedUntil(context, row));
  }
}

export function schedule(context: Hall, row: Proposal, effectiveHeight: number): void {
  const key = { height: effectiveHeight };
  const planned = context.records.schedule.get(key)?.proposals ?? [];
  const facts = { max: PROPOSALS_PER_HEIGHT_MAX };
  context.check(planned.length < PROPOSALS_PER_HEIGHT_MAX, 'CHANGES_FULL', facts);
  context.records.schedule.put({ ...key, proposals: [...planned, row.number] });
  settleProposal(context, { ...row, status: 'adopted', effectiveHeight });
}

export function checkStanding(context: Hall, name: string, wanted: 'active' | 'suspended'): void {
  const row = context.contracts.directory.records.organisation.get({ slug: name });
  const status = row?.status ?? 'unknown';
  context.check(status === wanted, 'STATUS_WRONG', { status });
}

export function checkReservedRole(
  context: Hall,
  input: { readonly organisation: string; readonly name: string; readonly role: string },
): void {
  const { organisation: owner, name, role: wanted } = input;
  const isReserved = context.ledger.roleOf(wanted)?.grantedBy === 'governance';
  context.check(isReserved, 'ROLE_REFUSED', { role: wanted });
  const officers = context.contracts.directory.records.officer;
  const facts = { organisation: owner, name };
  context.check(officers.has({ organisation: owner, name }), 'OFFICER_UNKNOWN', facts);
}

// --- what adopted proposals do ---------------------------------------------------------------------

/** Runs what takes effect at `next`, at the end of the block before it. */
export function runSchedule(context: Keeper, next: number): void {
  const planned = context.records.schedule.get({ height: next });
  if (planned === undefined) return;
  for (const number of planned.proposals) {
    const row = context.records.proposal.need({ number });
    const failed = context.attempt(() => carryOut(context, row));
    const status = failed === undefined ? 'done' : 'failed';
    settleProposal(context, { ...row, status, outcome: failed?.refused });
  }
  context.records.schedule.remove({ height: next });
}

export function carryOut(context: Keeper, { kind: what, change: wanted }: Proposal): void {
  const { directory: target } = context.contracts;
  const { organisation: name = '', title, governanceKey, name: officer = '' } = wanted;
  switch (what) {
    case 'admitOrganisation': {
      assert(title !== undefined && governanceKey !== undefined, 'an admission names its title');
      assert(wanted.publicKey !== undefined, 'an admission names a key');
      const keys = { governanceKey, publicKey: wanted.publicKey };
      target.call('admit', { slug: name, title, administrator: officer, ...keys });
      return;
    }
    case 'suspendOrganisation':
      // Decided while others were active; they may have been suspended since.
      context.check(memberCount(context) > 1, 'LAST_MEMBER');
      target.call('suspendOrganisation', { organisation: name });
      return;
    case 'reinstateOrganisation':
      target.call('reinstateOrganisation', { organisation: name });
      return;
    case 'assignRole':
    case 'withdrawRole': {
      const grant = {
        organisation: name,
        name: officer,
        role: wanted.role ?? '',
        scope: wanted.scope,
      };
      target.call(what === 'assignRole' ? 'assignRole' : 'withdrawAssignedRole', grant);
      return;
    }
    case 'takeAct': {
      const { contract = '', action = '', input = '' } = wanted;
      context.ledger.runAdopted({ contract, action, input });
      return;
    }
    default:
      assert(false, 'only scheduled kinds are carried out');
  }
}
