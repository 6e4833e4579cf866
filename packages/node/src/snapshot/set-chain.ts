/**
 * Who signed which height, followed from genesis over served headers (spec L-1 to L-3): all that a
 * node which joins takes from others about the validators is checked here. Pure.
 */
import type {
  Genesis,
  Hash,
  Header,
  Height,
  RecoveryFile,
  Result,
  SetChange,
  ValidatorSet,
} from '@daybook/core';
import {
  asPublicKey,
  assert,
  asValidatorId,
  blockHash,
  buildValidatorSet,
  compareBytes,
  decodeCertificate,
  decodeHeader,
  encodeCanonical,
  encodeRecovery,
  equalBytes,
  eraOf,
  fail,
  HEADER_VERSION,
  LIMITS,
  ok,
  recoverySet,
  validatorsHash,
  verifyCertificate,
} from '@daybook/core';
import type { KnownSet } from '../reads/proofs.ts';

/** A set and what its signatures bind, from the height on that it first signs. */
export interface SigningSet {
  readonly from: Height;
  readonly validators: ValidatorSet;
  readonly era: Hash;
}

/** What a served header, or a change, contradicts. */
export type ChainFault =
  | 'header malformed'
  | 'header of another chain'
  | 'header of another set'
  | 'certificate invalid'
  | 'next set not named'
  | 'recovery not installed here';

export interface SetChain {
  /** Sets after genesis's, with what decided them. */
  readonly later: readonly KnownSet[];
  /** The set that signs a height. */
  at(height: Height): SigningSet;
}

/** A header that the right set has signed. */
export interface FinalHeader {
  readonly header: Header;
  readonly hash: Hash;
}

/** Whether a header with its certificate is final under a set. */
export function checkHeader(
  served: { readonly header: Uint8Array; readonly certificate: Uint8Array },
  chain: Hash,
  set: SigningSet,
): Result<FinalHeader, ChainFault> {
  const header = decodeHeader(served.header);
  const certificate = decodeCertificate(served.certificate);
  if (!header.ok || header.value.version !== HEADER_VERSION) return fail('header malformed');
  if (!equalBytes(header.value.chain, chain)) return fail('header of another chain');
  const { height } = header.value;
  const isOfSet = equalBytes(header.value.validatorsHash, validatorsHash(set.validators));
  if (height < set.from || !isOfSet) return fail('header of another set');
  if (!certificate.ok) return fail('certificate invalid');
  const hash = blockHash(header.value);
  const { validators, era } = set;
  const expected = { kind: 'commit', chain: era, height, blockHash: hash, validators } as const;
  const verified = verifyCertificate(certificate.value, expected);
  return verified.ok ? ok({ header: header.value, hash }) : fail('certificate invalid');
}

/**
 * Follows the changes of the set from genesis. A recovery is believed only if it is installed here:
 * nothing in the chain proves it (spec L-10).
 */
export function followSets(
  genesis: Genesis,
  changes: readonly SetChange[],
  recoveries: readonly RecoveryFile[] = [],
): Result<SetChain, ChainFault> {
  const sets: SigningSet[] = [{ from: 1, validators: genesis.validators, era: genesis.chain }];
  const later: KnownSet[] = [];
  for (const change of changes) {
    const last = sets.at(-1);
    assert(last !== undefined, 'the founding set is there');
    const final = checkHeader(change, genesis.chain, last);
    if (!final.ok) return final;
    const next = nextSet(change, final.value, last, recoveries);
    if (!next.ok) return next;
    sets.push(next.value);
    const { header, certificate, recovery } = change;
    const { from, validators } = next.value;
    later.push({
      from,
      validators,
      decided: { header, certificate },
      ...(recovery && { recovery }),
    });
  }
  return ok({ later, at: (height) => setAt(sets, height) });
}

function setAt(sets: readonly SigningSet[], height: Height): SigningSet {
  const set = sets.findLast(({ from }) => from <= height) ?? sets[0];
  assert(set !== undefined, 'the founding set is there');
  return set;
}

function nextSet(
  change: SetChange,
  { header, hash }: FinalHeader,
  before: SigningSet,
  recoveries: readonly RecoveryFile[],
): Result<SigningSet, ChainFault> {
  const from = header.height + 1;
  const { recovery } = change;
  if (recovery !== undefined) {
    const file = recoveries.find((one) =>
      equalBytes(encodeCanonical(encodeRecovery(one)), recovery),
    );
    const validators = file && recoverySet(file.plan);
    const isHere = file?.plan.height === header.height && equalBytes(file.plan.blockHash, hash);
    if (file === undefined || validators === undefined || !isHere) {
      return fail('recovery not installed here');
    }
    return ok({ from, validators, era: eraOf(file.plan) });
  }
  const validators = readMembers(change.validators);
  const { nextValidatorsHash } = header;
  const isNamed =
    validators !== undefined && equalBytes(validatorsHash(validators), nextValidatorsHash);
  const isChange = !equalBytes(header.validatorsHash, nextValidatorsHash);
  return isNamed && isChange
    ? ok({ from, validators, era: before.era })
    : fail('next set not named');
}

/** Ascending by id, each once; undefined for anything else. */
function readMembers(members: SetChange['validators']): ValidatorSet | undefined {
  if (members.length === 0 || members.length > LIMITS.validatorsMax) return undefined;
  const isAscending = members.every(([id], index) => {
    const before = members[index - 1]?.[0];
    return before === undefined || compareBytes(before, id) < 0;
  });
  if (!isAscending) return undefined;
  const set = members.map(([id, key]) => ({ id: asValidatorId(id), publicKey: asPublicKey(key) }));
  return buildValidatorSet(set);
}
