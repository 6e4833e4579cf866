/**
 * What the node reads of governance: who signs, who proposes, by which parameters, and whether a
 * READY or evidence that somebody sent may enter a block.
 */
import type { StateView } from '@daybook/contracts';
import { ledger, openRecords, textAt } from '@daybook/contracts';
import type {
  CborValue,
  ChainParameters,
  Hash,
  PublicKey,
  RecoveryFailure,
  RecoveryFile,
  Result,
  Rotation,
  ValidatorSet,
} from '@daybook/core';
import {
  asHash,
  assert,
  carryRotation,
  LIMITS,
  PARAMETER_NAMES,
  PARAMETERS,
  quorumOf,
} from '@daybook/core';
import { directory } from './directory.ts';
import { chainOfHeight } from './governance/eras.ts';
import type { EvidenceRefusal, JudgedEvidence } from './governance/evidence.ts';
import { judgeEvidence } from './governance/evidence.ts';
import { isExpected, setAt } from './governance/ground.ts';
import type { JudgedReady, ReadyRefusal } from './governance/ready.ts';
import { judgeReady } from './governance/ready.ts';
import type { JudgedRecovery, RecoveryGround } from './governance/recovery.ts';
import { judgeRecovery } from './governance/recovery.ts';
import { rotationOf } from './governance/turns.ts';
import { applyChange, READY_EPOCHS } from './governance/validator-set.ts';
import { governance } from './governance.ts';

export { readySignBytes } from './governance/ready.ts';

const stored = openRecords(governance);
const directoryRecords = openRecords(directory);
const ledgerRecords = openRecords(ledger);

/**
 * The set that must sign `height`.
 * @param view  state after a block of height - 1 or, as far as it knows already, earlier
 */
export function readValidatorSet(view: StateView, height: number): ValidatorSet {
  const row = stored.validators(view, {});
  assert(row !== undefined, 'genesis names the validators');
  return setAt(row, height);
}

/** The scores by which proposers take turns, in the order of `validators`. */
export function readRotation(view: StateView, validators: ValidatorSet): Rotation {
  return carryRotation(rotationOf(stored.rotation(view, {})), validators);
}

/** The chain parameters in effect at `height`. */
export function readParameters(view: StateView, height: number): ChainParameters {
  const values = PARAMETER_NAMES.map((name) => {
    const row = ledgerRecords.parameter(view, { contract: 'governance', name });
    const text = textAt(row, height);
    return [name, text === undefined ? PARAMETERS[name].default : Number(text)] as const;
  });
  // Every name of the table was mapped.
  return Object.freeze(Object.fromEntries(values)) as ChainParameters;
}

/**
 * How far back, in block time, a transaction may have been included that is still valid at `height`.
 * Where the parameter was ever changed, an earlier value may have been longer: then its limit.
 */
export function readReplayWindowMs(view: StateView, height: number): number {
  const row = ledgerRecords.parameter(view, { contract: 'governance', name: 'validityMaxMs' });
  const wasChanged = row !== undefined && row.changes.length > 0;
  return wasChanged ? PARAMETERS.validityMaxMs.max : readParameters(view, height).validityMaxMs;
}

/** The block that would include what somebody sent. */
export interface NextBlock {
  readonly chain: Hash;
  readonly height: number;
}

/** Whether evidence may enter the next block. */
export function examineEvidence(
  view: StateView,
  payload: CborValue,
  { chain, height }: NextBlock,
): Result<JudgedEvidence, EvidenceRefusal> {
  return judgeEvidence(payload, {
    height,
    chainAt: (at) => readChainOf(view, { chain, height: at }),
    keyHolder: (publicKey) => stored.consensusKey(view, { publicKey }),
    isRecorded: (key) => stored.evidence(view, key) !== undefined,
  });
}

/** What signatures of a height bind: G, or the era of the last recovery before it. */
export function readChainOf(view: StateView, { chain, height }: NextBlock): Hash {
  return chainOfHeight({ chain, eras: stored.eras(view, {})?.eras ?? [] }, height);
}

/** Recoveries that the chain went through, with what proves each, ascending. */
export function readRecoveries(view: StateView): readonly KnownRecovery[] {
  const eras = stored.eras(view, {})?.eras ?? [];
  return eras.flatMap(({ fromHeight, era }) => {
    const file = stored.recovery(view, { fromHeight })?.file;
    return file === undefined ? [] : [{ fromHeight, era: asHash(era), file }];
  });
}

export interface KnownRecovery {
  /** First height of the era. */
  readonly fromHeight: number;
  readonly era: Hash;
  /** Canonical payload. */
  readonly file: Uint8Array;
}

/**
 * Whether a recovery may follow the block that this state is of.
 * @param parent  that block
 */
export function examineRecovery(
  view: StateView,
  file: RecoveryFile,
  { chain, parent }: Pick<RecoveryGround, 'chain' | 'parent'>,
): Result<JudgedRecovery, RecoveryFailure> {
  const isDevelopment = stored.chain(view, {})?.developmentMode === true;
  return judgeRecovery(file, {
    chain,
    parent,
    present: readValidatorSet(view, parent.height + 1),
    validatorsMin: isDevelopment ? 1 : LIMITS.validatorsMin,
    organisationOf: (id) => stored.validator(view, { id })?.organisation,
    governanceKeyOf: (slug) => {
      const row = directoryRecords.organisation(view, { slug });
      return row?.status === 'active' ? row.governanceKey : undefined;
    },
    keyHolder: (publicKey) => stored.consensusKey(view, { publicKey }),
  });
}

/** Whether a READY may enter the next block. */
export function examineReady(
  view: StateView,
  payload: CborValue,
  { chain, height }: NextBlock,
): Result<JudgedReady, ReadyRefusal> {
  return judgeReady(payload, {
    chain,
    height,
    epochBlocks: epochOf(view),
    isExpected: (publicKey) =>
      isExpected(stored.validators(view, {}), stored.pending(view, {}), { publicKey, height }),
    lastOf: (publicKey) => stored.ready(view, { publicKey })?.height,
    seenIn: (slot) => stored.seenBlock(view, { slot }),
  });
}

function epochOf(view: StateView): number {
  const row = stored.chain(view, {});
  assert(row !== undefined, 'genesis fixes the epoch');
  return row.epochBlocks;
}

/**
 * Whether this key should say that it is READY: a change waits, the key is of a validator, present
 * or to come, and what it said last will not be fresh at the next boundary.
 */
export function isReadyWanted(view: StateView, publicKey: PublicKey, height: number): boolean {
  const pending = stored.pending(view, {});
  if ((pending?.changes.length ?? 0) === 0) return false;
  if (!isExpected(stored.validators(view, {}), pending, { publicKey, height })) return false;
  const last = stored.ready(view, { publicKey })?.height;
  return last === undefined || last + epochOf(view) < height;
}

/**
 * The boundary for whose sake blocks are wanted now (protocol R2): a change waits for it whose
 * newcomers and quorum are READY. One that nobody is READY for is no reason to make blocks.
 */
export function readAwaitedBoundary(view: StateView, height: number): number | undefined {
  const sets = stored.validators(view, {});
  const waiting = stored.pending(view, {})?.changes ?? [];
  if (sets === undefined || waiting.length === 0) return undefined;
  const present = setAt(sets, height);
  const window = READY_EPOCHS * epochOf(view);
  const boundaries = waiting.flatMap((change) => {
    const { boundary, publicKey, rule } = change;
    // Too few or too many validators: another change must come first, and no block brings it.
    if (rule?.startsWith('(1)') === true) return [];
    const applied = applyChange(present, change);
    if (applied === undefined) return [boundary];
    const isReady = (key: Uint8Array): boolean =>
      (stored.ready(view, { publicKey: key })?.height ?? -1) >= Math.max(boundary - window, 0);
    const { quorum } = quorumOf(applied.length);
    const isQuorate = applied.filter((one) => isReady(one.publicKey)).length >= quorum;
    return isQuorate && (publicKey === undefined || isReady(publicKey)) ? [boundary] : [];
  });
  return boundaries.length === 0 ? undefined : Math.min(...boundaries);
}
