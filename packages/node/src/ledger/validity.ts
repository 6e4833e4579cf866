/**
 * `staticOk` of protocol §7: what makes a block valid before it is executed. Timeliness and the
 * right of the proposer are the consensus machine's; signatures come last because they cost most.
 */
import type {
  Block,
  BodyEntry,
  Hash,
  Result,
  SystemKind,
  TimestampMs,
  Transaction,
} from '@daybook/core';
import {
  blockSize,
  decodeBodyEntry,
  equalBytes,
  eraOf,
  fail,
  frontierRoot,
  HEADER_VERSION,
  isPlanted,
  LIMITS,
  ok,
  readRecovery,
  refOf,
  toHex,
  transactionHashOf,
  transactionRoot,
  validatorsHash,
} from '@daybook/core';
import type { ReplayWindow } from './replay-window.ts';
import type { Tip } from './tip.ts';

/** Why a block is not valid on its parent. */
export type BlockFailure =
  | { readonly code: 'NODE_BLOCK_FIELD'; readonly field: string }
  | { readonly code: 'NODE_BLOCK_TOO_LARGE'; readonly size: number; readonly sizeMax: number }
  | { readonly code: 'NODE_BLOCK_TRANSACTION'; readonly index: number; readonly reason: string }
  | { readonly code: 'NODE_BLOCK_ROOT'; readonly root: 'state' | 'result' | 'nextValidators' };

/** What a block is judged against. */
export interface Ground {
  readonly chain: Hash;
  readonly parent: Tip;
  readonly replay: ReplayWindow;
  readonly known: KnownTransactions;
}

/** Transactions decoded before, by the hash of their bytes: saves decoding a body again. */
export type KnownTransactions = (hash: Hash) => Transaction | undefined;

function headerFault({ header }: Block, { chain, parent }: Ground): string | undefined {
  if (header.version !== HEADER_VERSION) return 'version';
  if (!equalBytes(header.chain, chain)) return 'chain';
  if (header.height !== parent.header.height + 1) return 'height';
  if (!equalBytes(header.parentHash, parent.hash)) return 'parentHash';
  if (header.timestampMs <= parent.header.timestampMs) return 'timestampMs';
  if (!equalBytes(header.validatorsHash, validatorsHash(parent.next.validators))) {
    return 'validatorsHash';
  }
  if (!equalBytes(header.historyRoot, frontierRoot(parent.frontier))) return 'historyRoot';
  if (!parent.next.validators.some(({ id }) => equalBytes(id, header.proposer))) return 'proposer';
  return undefined;
}

/**
 * Why a transaction may not stand in a block of this time, or undefined.
 * Used for admission, too, with the head's time.
 */
export function inclusionFault(
  entry: BodyEntry,
  at: { readonly timestampMs: TimestampMs } & Ground,
): string | undefined {
  if (entry.type === 'system') return undefined;
  const { body, id } = entry.transaction;
  if (!equalBytes(body.chain, at.chain)) return 'NODE_TRANSACTION_CHAIN';
  if (body.validUntilMs <= at.timestampMs) return 'NODE_TRANSACTION_EXPIRED';
  const { validityMaxMs } = at.parent.next.parameters;
  const isBeyond = body.validUntilMs > at.timestampMs + validityMaxMs;
  if (isBeyond && !isPlanted('validity-unbounded')) return 'NODE_TRANSACTION_VALIDITY';
  const included = at.replay.find(id) !== undefined || at.parent.uncommitted.has(toHex(id));
  return included ? 'NODE_TRANSACTION_REPLAYED' : undefined;
}

function decodeEntry(
  bytes: Uint8Array,
  known: KnownTransactions,
): ReturnType<typeof decodeBodyEntry> {
  const transaction = known(transactionHashOf(bytes));
  return transaction === undefined
    ? decodeBodyEntry(bytes)
    : ok({ type: 'transaction', transaction });
}

/** System transactions of each kind in one block: each costs a signature check or two. */
const SYSTEM_COUNT_MAX: Readonly<Record<SystemKind, number>> = {
  evidence: LIMITS.evidencePerBlockMax,
  ready: LIMITS.readyPerBlockMax,
  recovery: 1,
};

function decodeBodyOf(
  block: Block,
  known: KnownTransactions,
): Result<readonly BodyEntry[], BlockFailure> {
  const entries: BodyEntry[] = [];
  let systemCount = 0;
  const ofKind: Record<SystemKind, number> = { evidence: 0, ready: 0, recovery: 0 };
  for (const [index, bytes] of block.body.entries()) {
    const entry = decodeEntry(bytes, known);
    if (!entry.ok) {
      return fail({ code: 'NODE_BLOCK_TRANSACTION', index, reason: entry.reason.code });
    }
    if (entry.value.type === 'system') {
      if (systemCount !== index) return fail({ code: 'NODE_BLOCK_FIELD', field: 'body' });
      systemCount += 1;
      const { kind } = entry.value.system;
      ofKind[kind] += 1;
      if (ofKind[kind] > SYSTEM_COUNT_MAX[kind])
        return fail({ code: 'NODE_BLOCK_FIELD', field: 'body' });
    }
    entries.push(entry.value);
  }
  return ok(entries);
}

function entriesFault(
  entries: readonly BodyEntry[],
  timestampMs: TimestampMs,
  ground: Ground,
): BlockFailure | undefined {
  const seen = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    const id = toHex(refOf(entry).id);
    const fault = seen.has(id)
      ? 'NODE_TRANSACTION_REPLAYED'
      : inclusionFault(entry, { timestampMs, ...ground });
    if (fault !== undefined) return { code: 'NODE_BLOCK_TRANSACTION', index, reason: fault };
    seen.add(id);
  }
  return undefined;
}

/** The first block after a recovery begins with it, and no other block has one (protocol §19). */
function recordsRecovery(entries: readonly BodyEntry[], { next }: Tip): boolean {
  const found = entries.flatMap((entry) =>
    entry.type === 'system' && entry.system.kind === 'recovery' ? [entry.system] : [],
  );
  const [first] = entries;
  if (next.recovery === undefined || found.length === 0) {
    return next.recovery === undefined && found.length === 0;
  }
  const isFirst = first?.type === 'system' && first.system === found[0];
  const read = isFirst ? readRecovery(first.system.payload) : undefined;
  // Whose consents stand beside it may differ; what was agreed on may not.
  return read?.ok === true && equalBytes(eraOf(read.value.plan), next.era);
}

/** `staticOk` without signatures. @returns the decoded body, or the first fault */
export function judgeStatically(
  block: Block,
  ground: Ground,
): Result<readonly BodyEntry[], BlockFailure> {
  const field = headerFault(block, ground);
  if (field !== undefined) return fail({ code: 'NODE_BLOCK_FIELD', field });
  const size = blockSize(block);
  const sizeMax = ground.parent.next.parameters.blockBytesMax;
  if (size > sizeMax) return fail({ code: 'NODE_BLOCK_TOO_LARGE', size, sizeMax });
  if (block.body.length > LIMITS.blockTransactionsMax) {
    return fail({ code: 'NODE_BLOCK_FIELD', field: 'body' });
  }
  const entries = decodeBodyOf(block, ground.known);
  if (!entries.ok) return entries;
  const root = transactionRoot(entries.value.map(refOf));
  if (!equalBytes(root, block.header.txRoot)) {
    return fail({ code: 'NODE_BLOCK_FIELD', field: 'txRoot' });
  }
  if (!recordsRecovery(entries.value, ground.parent)) {
    return fail({ code: 'NODE_BLOCK_FIELD', field: 'recovery' });
  }
  const fault = entriesFault(entries.value, block.header.timestampMs, ground);
  return fault === undefined ? entries : fail(fault);
}

/** Whether a body is the one its header commits to; the check that a fetched body must pass. */
export function isBodyOf(block: Block, known: KnownTransactions): boolean {
  const entries = decodeBodyOf(block, known);
  if (!entries.ok) return false;
  return equalBytes(transactionRoot(entries.value.map(refOf)), block.header.txRoot);
}
