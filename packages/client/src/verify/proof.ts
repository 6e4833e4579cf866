/**
 * Checks proof bundles from the records down to the founding document, with no node and no network.
 * Three outcomes (spec L-9): `valid` only for a complete and correct chain of checks from something
 * trusted; `invalid` when a check fails; `unknown` when all checks hold and yet nobody can tell,
 * because nothing trusted was given, it is too old, or the clocks disagree.
 */
import type { DecodedRecord, SchemaContract } from '@daybook/contracts';
import { decodeRecord } from '@daybook/contracts';
import type {
  DecodeFailure,
  FinalHeader,
  Genesis,
  Hash,
  Header,
  KnownEra,
  ProofFrame,
  RecordClaim,
  Result,
  TrustedSet,
} from '@daybook/core';
import {
  changeToCbor,
  decodeHeader,
  decodeProofBundle,
  decodeVersionBundle,
  encodeCanonical,
  equalBytes,
  explainCore,
  fail,
  ok,
  quorumOf,
  toHex,
  trustGenesis,
} from '@daybook/core';
import type { UndecidedReason, VerifyFailure } from '../errors.ts';
import type { NamedRecord } from './claims.ts';
import { nameRecord, verifyClaim, verifySchema } from './claims.ts';
import { ageHindrance, eraHindrance } from './hindrances.ts';
import { followSets, foreign, readTrustedGenesis, verifyHeader } from './light-client.ts';
import type { ProofMemory } from './proof-memory.ts';
import { createProofMemory } from './proof-memory.ts';
import type { Checkpoint, Trust } from './trust.ts';
import { verifyVersion } from './version.ts';

/** What every sound bundle says, whatever it proves. */
export interface ProvenFrame {
  readonly chain: Hash;
  readonly chainName: string;
  /** The block whose state holds the record. */
  readonly block: Pick<FinalHeader, 'header' | 'signers'> & { readonly blockHash: Hash };
  /** Validators of that height, how many sealed it, and how many had to. */
  readonly seals: {
    readonly validators: number;
    readonly signers: number;
    readonly quorum: number;
  };
  /** Changes of the validator set between the founding and the block. */
  readonly setChanges: number;
  /** Recoveries among them (spec C-33). */
  readonly recoveries: readonly KnownEra[];
}

/** What the bundle of one record says. */
export interface ProvenFacts extends ProvenFrame {
  readonly record: NamedRecord;
  /** The stored bytes; undefined when the bundle proves that there is no such record. */
  readonly value: Uint8Array | undefined;
  /** The value in fields; undefined also for a version that the present words do not fit. */
  readonly stored: DecodedRecord | undefined;
  /** The older block that wrote it; absent when it is what the state of the block holds. */
  readonly writtenIn?: Header;
}

export type VerdictOf<F> =
  | { readonly outcome: 'valid'; readonly facts: F }
  | { readonly outcome: 'invalid'; readonly reason: VerifyFailure }
  | { readonly outcome: 'unknown'; readonly reason: UndecidedReason; readonly facts: F };

export type Verdict = VerdictOf<ProvenFacts>;

/** Checks the bundle of a record, or of an older version of one, against what is trusted. */
export function verifyProofBundle(bytes: Uint8Array, trust: Trust): Verdict {
  const older = decodeVersionBundle(bytes);
  if (older.ok) {
    return verifyFile(older, trust, (bundle, contract) => {
      const writtenIn = verifyVersion(bundle);
      if (!writtenIn.ok) return writtenIn;
      const claim = readValue(bundle.version, contract);
      return claim.ok ? ok({ ...claim.value, writtenIn: writtenIn.value }) : claim;
    });
  }
  return verifyFile(decodeProofBundle(bytes), trust, ({ record }, contract, stateRoot) => {
    const claimed = verifyClaim(record, stateRoot);
    return claimed.ok ? readValue(record, contract) : claimed;
  });
}

/** A record in the words of its contract. */
function readValue(
  { recordKey, value }: Pick<RecordClaim, 'recordKey' | 'value'>,
  contract: SchemaContract,
): Result<Pick<ProvenFacts, 'record' | 'value' | 'stored'>, VerifyFailure> {
  const named = nameRecord(recordKey, contract);
  if (!named.ok) return named;
  const stored = value === undefined ? undefined : decodeRecord(named.value.spec, value);
  return ok({ record: named.value, value, stored });
}

/** Checks the claim of a bundle under a state root, in the words of its contract. */
export type ClaimCheck<B, C> = (
  bundle: B,
  contract: SchemaContract,
  stateRoot: Hash,
) => Result<C, VerifyFailure>;

/** Checks a decoded bundle: frame, words, claim, and whether anything trusted vouches for it. */
export function verifyFile<B extends ProofFrame, C extends object>(
  bundle: Result<B, DecodeFailure>,
  trust: Trust,
  check: ClaimCheck<B, C>,
): VerdictOf<ProvenFrame & C> {
  if (!bundle.ok) {
    const { reason } = bundle;
    const fact = 'fact' in reason ? reason.fact : explainCore(reason).replace(/\.$/, '');
    return { outcome: 'invalid', reason: { code: 'CLIENT_PROOF_MALFORMED', fact } };
  }
  const { memory = createProofMemory() } = trust;
  const { genesis: document } = bundle.value;
  const genesis = memory.genesis([document], () => readTrustedGenesis(document));
  if (!genesis.ok) return { outcome: 'invalid', reason: genesis.reason };
  const frame = verifyFrame(bundle.value, genesis.value, { ...trust, memory });
  if (!frame.ok) return { outcome: 'invalid', reason: frame.reason };
  const { stateRoot } = frame.value.block.header;
  const { schema, schemaRecord } = bundle.value;
  const contract = memory.words([stateRoot, schema, encodeClaim(schemaRecord)], () =>
    verifySchema(bundle.value, stateRoot),
  );
  const claim = contract.ok ? check(bundle.value, contract.value, stateRoot) : contract;
  if (!claim.ok) return { outcome: 'invalid', reason: claim.reason };
  const facts = { ...frame.value, ...claim.value };
  const undecided = hindranceOf(frame.value, genesis.value, trust);
  if (undecided !== undefined) return { outcome: 'unknown', reason: undecided, facts };
  return { outcome: 'valid', facts };
}

function verifyFrame(
  bundle: ProofFrame,
  genesis: Genesis,
  { chain, checkpoint, memory }: Trust & { readonly memory: ProofMemory },
): Result<ProvenFrame, VerifyFailure> {
  for (const trusted of [chain, checkpoint?.header.chain]) {
    if (trusted !== undefined && !equalBytes(trusted, genesis.chain)) {
      return foreign(trusted, genesis.chain);
    }
  }
  const changes = encodeCanonical(bundle.changes.map(changeToCbor));
  const block = memory.block([genesis.bytes, changes, bundle.header, bundle.certificate], () =>
    followBundle(bundle, trustGenesis(genesis)),
  );
  if (!block.ok) return block;
  const fault = checkpoint && contradiction(bundle, block.value, checkpoint);
  if (fault !== undefined) return fail(fault);
  const { header, hash, signers, set } = block.value;
  const { length } = set.validators;
  return ok({
    chain: genesis.chain,
    chainName: genesis.document.name,
    block: { header, signers, blockHash: hash },
    seals: { validators: length, signers, quorum: quorumOf(length).quorum },
    setChanges: bundle.changes.length,
    recoveries: set.recoveries,
  });
}

/** All that a claim says, as bytes that no other claim has. */
function encodeClaim({ recordKey, value, proof }: RecordClaim): Uint8Array {
  const { set, partition, key } = recordKey;
  return encodeCanonical([set, partition ?? null, key, value ?? null, proof]);
}

/** From a trusted set through all changes to the header of the bundle. */
function followBundle(
  bundle: Pick<ProofFrame, 'changes' | 'header' | 'certificate'>,
  start: TrustedSet,
): Result<FinalHeader & { readonly set: TrustedSet }, VerifyFailure> {
  const set = followSets(start, bundle.changes);
  if (!set.ok) return set;
  const final = verifyHeader(bundle, set.value);
  return final.ok ? ok({ ...final.value, set: set.value }) : final;
}

/** A header that followed soundly from genesis must not contradict a block that was vouched for. */
function contradiction(
  bundle: ProofFrame,
  { header, hash }: FinalHeader,
  checkpoint: Checkpoint,
): VerifyFailure | undefined {
  const { height } = checkpoint.header;
  if (header.height < height) return undefined;
  if (header.height === height) {
    const isSame = equalBytes(hash, checkpoint.blockHash);
    return isSame ? undefined : { code: 'CLIENT_FORK_FOUND', height };
  }
  // Changes up to the checkpoint are behind it; those after it start from its next set.
  const changes = bundle.changes.filter((change) => {
    const boundary = decodeHeader(change.header);
    return boundary.ok && boundary.value.height >= checkpoint.next.from;
  });
  const followed = followBundle({ ...bundle, changes }, checkpoint.next);
  return followed.ok ? undefined : followed.reason;
}

/** Why nobody can tell, although every check holds. */
function hindranceOf(
  { block, chain, recoveries }: ProvenFrame,
  genesis: Genesis,
  trust: Trust,
): UndecidedReason | undefined {
  const { timestampMs, height } = block.header;
  const { nowMs, checkpoint } = trust;
  if (timestampMs > nowMs + genesis.document.parameters.precisionMs) {
    return { code: 'CLIENT_TIME_AHEAD', blockMs: timestampMs, clockMs: nowMs };
  }
  const unknown = eraHindrance(recoveries, trust.eras);
  if (unknown !== undefined) return unknown;
  if (trust.chain !== undefined) return undefined;
  if (checkpoint === undefined) return { code: 'CLIENT_TRUST_MISSING', chain: toHex(chain) };
  const aged = ageHindrance(checkpoint.header.timestampMs, nowMs);
  if (aged !== undefined) return aged;
  if (height < checkpoint.header.height) {
    const { height: checked } = checkpoint.header;
    return { code: 'CLIENT_CHECKPOINT_LATER', height: checked, proven: height };
  }
  return undefined;
}
