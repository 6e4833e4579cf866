/**
 * Checks the file that a node leaves when it stops because a height was decided twice (spec L-5):
 * two certificates, each of a quorum of the set that signs the height, for different blocks.
 */
import type {
  Certificate,
  EvidenceKind,
  ForkProof,
  Hash,
  KnownEra,
  Result,
  TrustedSet,
  ValidatorSet,
} from '@daybook/core';
import {
  decodeCanonical,
  decodeCertificate,
  decodeForkProof,
  equalBytes,
  fail,
  indexOfKey,
  ok,
  readEvidence,
  toHex,
  trustGenesis,
  verifyCertificate,
  verifyEvidence,
} from '@daybook/core';
import type { UndecidedReason, VerifyFailure } from '../errors.ts';
import { followSets, foreign, readTrustedGenesis } from './light-client.ts';
import type { Trust } from './trust.ts';

/** A validator that is proven faulty by this file. */
export interface Accused {
  readonly validator: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly kinds: readonly EvidenceKind[];
}

export interface ForkFacts {
  readonly chain: Hash;
  readonly height: number;
  /** The two blocks, with the round in which each was decided. */
  readonly blocks: readonly { readonly blockHash: Hash; readonly round: number }[];
  /** Validators that sealed both blocks: at least f + 1 of any fork. */
  readonly sealedBoth: readonly Uint8Array[];
  /** Those of whom the file proves what rule they broke. */
  readonly accused: readonly Accused[];
  readonly recoveries: readonly KnownEra[];
}

export type ForkVerdict =
  | { readonly outcome: 'valid'; readonly facts: ForkFacts }
  | { readonly outcome: 'invalid'; readonly reason: VerifyFailure }
  | { readonly outcome: 'unknown'; readonly reason: UndecidedReason; readonly facts: ForkFacts };

/** Checks a fork proof against what is trusted. `valid` means that the fork happened. */
export function verifyForkProof(bytes: Uint8Array, trust: Trust): ForkVerdict {
  const facts = factsOf(bytes, trust);
  if (!facts.ok) return { outcome: 'invalid', reason: facts.reason };
  if (trust.chain === undefined) {
    const reason = { code: 'CLIENT_TRUST_MISSING', chain: toHex(facts.value.chain) } as const;
    return { outcome: 'unknown', reason, facts: facts.value };
  }
  return { outcome: 'valid', facts: facts.value };
}

function factsOf(bytes: Uint8Array, trust: Trust): Result<ForkFacts, VerifyFailure> {
  const proof = decodeForkProof(bytes);
  if (!proof.ok) return fail({ code: 'CLIENT_PROOF_MALFORMED', fact: proof.reason.code });
  const genesis = readTrustedGenesis(proof.value.genesis);
  if (!genesis.ok) return genesis;
  const { chain } = genesis.value;
  if (trust.chain !== undefined && !equalBytes(trust.chain, chain)) {
    return foreign(trust.chain, chain);
  }
  const followed = followSets(trustGenesis(genesis.value), proof.value.changes);
  if (!followed.ok) return followed;
  const set = followed.value;
  const first = sealed(proof.value.first, set);
  if (!first.ok) return first;
  const second = sealed(proof.value.second, set);
  if (!second.ok) return second;
  const isFork =
    first.value.height === second.value.height &&
    !equalBytes(first.value.blockHash, second.value.blockHash);
  if (!isFork) return fail({ code: 'CLIENT_PROOF_MALFORMED', fact: 'its blocks do not differ' });
  return ok(describe(proof.value, set, [first.value, second.value]));
}

/** A certificate that a quorum of the set sealed. */
function sealed(
  { certificate }: ForkProof['first'],
  set: TrustedSet,
): Result<Certificate, VerifyFailure> {
  const decoded = decodeCertificate(certificate);
  if (!decoded.ok) return fail({ code: 'CLIENT_CERTIFICATE_INVALID', fact: decoded.reason.code });
  const { height, blockHash } = decoded.value;
  if (height < set.from) return fail({ code: 'CLIENT_VALIDATORS_WRONG', height });
  const { validators, era: chain } = set;
  const expected = { kind: 'commit', chain, height, blockHash, validators } as const;
  const verified = verifyCertificate(decoded.value, expected);
  if (verified.ok) return decoded;
  return fail({ code: 'CLIENT_CERTIFICATE_INVALID', fact: verified.reason.code });
}

function describe(
  proof: ForkProof,
  set: TrustedSet,
  [first, second]: readonly [Certificate, Certificate],
): ForkFacts {
  const { validators } = set;
  const both = first.signers.filter((index) => second.signers.includes(index));
  // Two seals of one round prove the fault by themselves; of two rounds, the faults are elsewhere.
  const bySeals = first.round === second.round ? both : [];
  const sealedTwice = bySeals.map((index) => ({ index, kind: 'E3' as const }));
  const found = proof.evidence.flatMap((bytes) => faultIn(bytes, set, first.height) ?? []);
  return {
    chain: set.chain,
    height: first.height,
    blocks: [first, second].map(({ blockHash, round }) => ({ blockHash, round })),
    sealedBoth: both.flatMap((index) => validators[index]?.id ?? []),
    accused: accusedOf([...sealedTwice, ...found], validators),
    recoveries: set.recoveries,
  };
}

interface Fault {
  readonly index: number;
  readonly kind: EvidenceKind;
}

function faultIn(bytes: Uint8Array, set: TrustedSet, height: number): Fault | undefined {
  const payload = decodeCanonical(bytes, { bytesMax: bytes.length, depthMax: 4 });
  const read = payload.ok ? readEvidence(payload.value) : undefined;
  if (read?.ok !== true || read.value.height !== height) return undefined;
  const index = indexOfKey(set.validators, read.value.publicKey);
  const kind = verifyEvidence(read.value, set.era);
  return index !== undefined && kind.ok ? { index, kind: kind.value } : undefined;
}

function accusedOf(faults: readonly Fault[], validators: ValidatorSet): readonly Accused[] {
  return validators.flatMap(({ id, publicKey }, position) => {
    const kinds = faults.filter(({ index }) => index === position).map(({ kind }) => kind);
    return kinds.length === 0
      ? []
      : [{ validator: id, publicKey, kinds: [...new Set(kinds)].sort() }];
  });
}
