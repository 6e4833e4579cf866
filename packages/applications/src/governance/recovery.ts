/**
 * Recovery (protocol §19): after the permanent loss of too many validators the departments go on
 * with another set, by a plan that their governance keys signed offline. The plan stands in the first
 * block after it, is judged there like anything else, and is shown for ever.
 */
import type {
  CborValue,
  Hash,
  RecoveryFailure,
  RecoveryFile,
  RecoveryValidator,
  Result,
  ValidatorSet,
} from '@daybook/core';
import {
  asHash,
  assert,
  consentingTo,
  encodeCanonical,
  encodeRecovery,
  equalBytes,
  eraOf,
  fail,
  freshRotation,
  indexOfValidator,
  LIMITS,
  ok,
  quorumOf,
  readRecovery,
  recoverySet,
  validatorIdOf,
} from '@daybook/core';
import type { Keeper } from './context.ts';
import type { KeyHolder } from './evidence.ts';
import { setAt, settleProposal, storedSetOf, validatorsMin } from './ground.ts';
import { putRotation } from './turns.ts';

/** What only the state knows about a recovery. */
export interface RecoveryGround {
  readonly chain: Hash;
  /** Height and hash of the block that it goes on from. */
  readonly parent: { readonly height: number; readonly hash: Uint8Array };
  /** The set that would sign the next height. */
  readonly present: ValidatorSet;
  readonly validatorsMin: number;
  organisationOf(id: Uint8Array): string | undefined;
  /** Of an active organisation. */
  governanceKeyOf(organisation: string): Uint8Array | undefined;
  keyHolder(publicKey: Uint8Array): KeyHolder | undefined;
}

export interface JudgedRecovery {
  readonly set: ValidatorSet;
  readonly era: Hash;
  readonly consenting: readonly string[];
}

/** Everything that makes a recovery acceptable. */
export function judgeRecovery(
  file: RecoveryFile,
  ground: RecoveryGround,
): Result<JudgedRecovery, RecoveryFailure> {
  const { plan } = file;
  const { chain, parent } = ground;
  if (!equalBytes(plan.chain, chain)) return fail({ code: 'CORE_RECOVERY_CHAIN' });
  const isParent = plan.height === parent.height && equalBytes(plan.blockHash, parent.hash);
  if (!isParent) return fail({ code: 'CORE_RECOVERY_BLOCK', height: parent.height });
  const set = recoverySet(plan);
  const fault = set === undefined ? 'it is not ascending by id' : setFault(plan.validators, ground);
  if (set === undefined || fault !== undefined) {
    return fail({ code: 'CORE_RECOVERY_SET', fact: fault ?? '' });
  }
  const departments = departmentsOf(ground);
  const consenting = consentingTo(file, (organisation) =>
    departments.includes(organisation) ? ground.governanceKeyOf(organisation) : undefined,
  );
  const needed = quorumOf(Math.min(departments.length, LIMITS.validatorsMax)).quorum;
  if (consenting.length < needed) {
    return fail({ code: 'CORE_RECOVERY_UNSIGNED', consenting, needed });
  }
  return ok({ set, era: eraOf(plan), consenting });
}

/** The organisations behind the set that was lost. */
function departmentsOf({ present, organisationOf }: RecoveryGround): readonly string[] {
  const slugs = present.map(({ id }) => organisationOf(id));
  return [...new Set(slugs.filter((slug) => slug !== undefined))];
}

function setFault(
  members: readonly RecoveryValidator[],
  ground: RecoveryGround,
): string | undefined {
  if (members.length < ground.validatorsMin) {
    return `it has ${members.length} validators; the chain needs ${ground.validatorsMin}`;
  }
  for (const { id, publicKey, organisation } of members) {
    if (ground.governanceKeyOf(organisation) === undefined) {
      return `${organisation} is no active organisation`;
    }
    const holder = ground.keyHolder(publicKey);
    const isKept = holder?.untilHeight === undefined && equalBytes(holder?.id ?? publicKey, id);
    if (holder !== undefined && !isKept) return `a key of ${organisation} was used before`;
    const isMember = indexOfValidator(ground.present, id) !== undefined;
    if (!isMember && !equalBytes(id, validatorIdOf(publicKey))) {
      return `the id of ${organisation} is neither of the set nor that of its key`;
    }
  }
  return undefined;
}

/** Takes a recovery out of the block after its height into the records. */
export function recordRecovery(
  context: Keeper,
  payload: CborValue,
): { readonly refused: string } | undefined {
  const { records, contracts, height, parentHash } = context;
  const file = readRecovery(payload);
  if (!file.ok) return { refused: file.reason.code };
  const sets = records.validators.get({});
  assert(sets !== undefined && parentHash !== undefined, 'a chain that runs has a set');
  const judged = judgeRecovery(file.value, {
    chain: asHash(context.chain),
    parent: { height: height - 1, hash: parentHash },
    present: setAt(sets, height),
    validatorsMin: validatorsMin(context),
    organisationOf: (id) => records.validator.get({ id })?.organisation,
    governanceKeyOf: (slug) => {
      const row = contracts.directory.records.organisation.get({ slug });
      return row?.status === 'active' ? row.governanceKey : undefined;
    },
    keyHolder: (publicKey) => records.consensusKey.get({ publicKey }),
  });
  if (!judged.ok) return { refused: judged.reason.code };
  enactRecovery(context, file.value, judged.value);
  return undefined;
}

function enactRecovery(
  context: Keeper,
  file: RecoveryFile,
  { set, era, consenting }: JudgedRecovery,
): void {
  const { records, height } = context;
  const { plan } = file;
  const sets = records.validators.get({});
  const old = sets === undefined ? [] : setAt(sets, height);
  for (const { id, publicKey } of old) leave(context, { id, publicKey }, set);
  for (const member of plan.validators) join(context, member);
  // The set that was lost stays the present one of the heights before.
  const next = storedSetOf(set);
  records.validators.put({ present: storedSetOf(old), next, nextFrom: height });
  putRotation(context, freshRotation(set));
  giveUpChanges(context);
  const kept = records.eras.get({})?.eras ?? [];
  records.eras.put({ eras: [...kept, { fromHeight: height, era }] });
  const { reason, blockHash } = plan;
  const bytes = encodeCanonical(encodeRecovery(file));
  const departments = [...consenting];
  records.recovery.insert({ fromHeight: height, era, blockHash, reason, departments, file: bytes });
  context.emit('recovered', { fromHeight: height, count: set.length, reason });
}

/** Ends a key of the old set at this height unless the new one keeps it. */
function leave(
  { records, height }: Keeper,
  { id, publicKey }: { readonly id: Uint8Array; readonly publicKey: Uint8Array },
  set: ValidatorSet,
): void {
  const stays = set.find((one) => equalBytes(one.id, id));
  if (stays !== undefined && equalBytes(stays.publicKey, publicKey)) return;
  const key = records.consensusKey.need({ publicKey });
  records.consensusKey.put({ ...key, untilHeight: height });
  if (stays !== undefined) return;
  const row = records.validator.need({ id });
  records.validator.put({ ...row, status: 'removed' });
}

function join({ records, height }: Keeper, member: RecoveryValidator): void {
  const { id, publicKey, organisation } = member;
  const row = records.validator.get({ id });
  const sinceHeight = row?.sinceHeight ?? height;
  records.validator.put({ id, organisation, publicKey, sinceHeight, status: 'active' });
  if (records.consensusKey.has({ publicKey })) return;
  records.consensusKey.insert({ publicKey, id, fromHeight: height });
}

/** Changes that wait were decided for the set that is gone. */
function giveUpChanges(context: Keeper): void {
  const { records } = context;
  for (const { proposal } of records.pending.get({})?.changes ?? []) {
    const row = records.proposal.need({ number: proposal });
    const outcome = 'the set was replaced by a recovery';
    settleProposal(context, { ...row, status: 'failed', outcome });
  }
  if (records.pending.get({}) !== undefined) records.pending.put({ changes: [] });
}
