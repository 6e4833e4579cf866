/**
 * Opening a ledger (protocol §12, recovery 2 and 6): the first start writes genesis, every later
 * one executes forward from the newest stored state to the head of the block log, at most about a
 * hundred blocks. State roots prove that the outcome is the one the block log names.
 */
import type { StateWrite } from '@daybook/contracts';
import { ContractsError } from '@daybook/contracts';
import type { Frontier, Genesis, Header, Height } from '@daybook/core';
import {
  appendFrontier,
  assert,
  asValidatorId,
  blockHash,
  decodeBlock,
  emptyFrontier,
  encodeBlock,
  equalBytes,
  frontierRoot,
  HEADER_VERSION,
  LIMITS,
  leafHash,
  PARAMETERS,
  resultRoot,
  toHex,
  transactionRoot,
  validatorsHash,
  ZERO_HASH,
} from '@daybook/core';
import type { StagedState } from '@daybook/state';
import type { NodeCode } from '../errors.ts';
import { NodeError } from '../errors.ts';
import { refuseStored } from './anchored.ts';
import type { Signing } from './certified.ts';
import { isCertified } from './certified.ts';
import type { Executor } from './executor.ts';
import { frontierBefore, keepFrontiers } from './kept-frontier.ts';
import type { Ledger, LedgerParts } from './ledger.ts';
import { createLedger } from './ledger.ts';
import type { Tip } from './tip.ts';

/** What opening had to do, for the log of the node. */
export interface LedgerOpening {
  readonly ledger: Ledger;
  /** Blocks executed again because the state was behind the block log. */
  readonly reexecuted: number;
  /** Newest blocks that the state was of and the block log has lost: they come again from others. */
  readonly lost: number;
}

/** How many headers before the head are checked to be linked. */
const LINKS_CHECKED = 100;

function mismatch(expected: string, found: string): NodeError {
  return new NodeError('NODE_GENESIS_MISMATCH', {
    detail: `Expected ${expected}, found ${found}.`,
  });
}

function brokenAt(code: NodeCode, height: Height): NodeError {
  return new NodeError(code, { detail: `Height ${height}.` });
}

function missingAt({ blockLog }: LedgerParts, height: Height): NodeError {
  const [first, last] = [blockLog.firstHeight(), blockLog.head()?.height];
  const held = last === undefined ? 'is empty' : `has ${first} to ${last}`;
  return new NodeError('NODE_BLOCK_MISSING', {
    detail: `Height ${height}; the block log ${held}.`,
  });
}

/** Height-0 header that follows from the genesis document alone. */
function genesisHeader(genesis: Genesis, staged: StagedState): Header {
  const setHash = validatorsHash(genesis.validators);
  return {
    version: HEADER_VERSION,
    chain: genesis.chain,
    height: 0,
    parentHash: ZERO_HASH,
    timestampMs: genesis.document.timeMs,
    proposer: asValidatorId(ZERO_HASH),
    txRoot: transactionRoot([]),
    stateRoot: staged.root,
    resultRoot: resultRoot([]),
    historyRoot: frontierRoot(emptyFrontier()),
    validatorsHash: setHash,
    nextValidatorsHash: setHash,
  };
}

function writesOf(genesis: Genesis, executor: Executor): readonly StateWrite[] {
  try {
    return executor.genesis(genesis);
  } catch (cause) {
    if (!(cause instanceof ContractsError)) throw cause;
    throw new NodeError('NODE_GENESIS_INVALID', { detail: cause.message, cause });
  }
}

/** Makes block 0 durable in an empty log, and its state in an empty store. */
async function layGenesis(genesis: Genesis, parts: LedgerParts): Promise<void> {
  const { blockLog, stateStore, executor } = parts;
  const applied = stateStore.appliedHeight();
  if (applied !== undefined && blockLog.head() !== undefined) return;
  // A state without any block: the log is gone, and a genesis laid anew would hide that.
  if (applied !== undefined) throw missingAt(parts, applied);
  const staged = stateStore.stage({ height: 0, writes: writesOf(genesis, executor) });
  const header = genesisHeader(genesis, staged);
  const hash = blockHash(header);
  if (blockLog.head() === undefined) {
    await blockLog.appendRange([
      {
        height: 0,
        blockHash: hash,
        timestampMs: header.timestampMs,
        certificate: new Uint8Array(),
        results: [],
        transactions: [],
        bytes: encodeBlock({ header, body: [] }),
      },
    ]);
  }
  const logged = blockLog.blockHashAt(0);
  if (logged === undefined || !equalBytes(logged, hash)) {
    const found = logged === undefined ? 'none' : toHex(logged);
    throw mismatch(toHex(hash), found);
  }
  if (stateStore.appliedHeight() === undefined) await stateStore.commit(staged);
}

function readHeader(parts: LedgerParts, height: Height): Header {
  const stored = parts.blockLog.readBlock(height);
  const block = stored && decodeBlock(stored.bytes);
  if (block?.ok !== true) throw missingAt(parts, height);
  return block.value.header;
}

/** RFC 9162 tree over the hashes of all blocks before a header's. */
function frontierUpTo(parts: LedgerParts, header: Header): Frontier {
  const before = frontierBefore(header, {
    kept: parts.keepsakes,
    hashAt: (height) => {
      const found = parts.blockLog.blockHashAt(height);
      if (found === undefined) throw missingAt(parts, height);
      return found;
    },
  });
  if (before === undefined) throw brokenAt('NODE_CHAIN_BROKEN', header.height);
  return before;
}

/** Where a ledger is opened: the block, and the frontier over all before it. */
function tipAt(
  parts: LedgerParts,
  height: Height,
): { readonly tip: Tip; readonly before: Frontier } {
  const header = readHeader(parts, height);
  const reader = parts.stateStore.view(height);
  if (!isNamed(height, parts)) throw brokenAt('NODE_STATE_DIVERGED', height);
  const hash = blockHash(header);
  const before = frontierUpTo(parts, header);
  const tip = {
    header,
    hash,
    reader,
    frontier: appendFrontier(before, leafHash(hash)),
    next: parts.executor.afterBlock(reader, { height, hash }),
    uncommitted: new Set<string>(),
  };
  return { tip, before };
}

/** Every one of the newest headers has the hash that was logged for it, and names the one before. */
function checkLinks(genesis: Genesis, parts: LedgerParts): void {
  const head = parts.blockLog.head();
  assert(head !== undefined, 'genesis is laid before the head is checked');
  const { chain } = readHeader(parts, head.height);
  if (!equalBytes(chain, genesis.chain)) throw mismatch(toHex(genesis.chain), toHex(chain));
  // A node that joined by a snapshot has no older ones.
  const first = Math.max(1, head.height - LINKS_CHECKED, parts.blockLog.firstHeight() ?? 0);
  for (let height = first; height <= head.height; height++) {
    const header = readHeader(parts, height);
    const logged = parts.blockLog.blockHashAt(height);
    const parent = parts.blockLog.blockHashAt(height - 1);
    const isItself = logged !== undefined && equalBytes(blockHash(header), logged);
    const isLinked = parent !== undefined && equalBytes(header.parentHash, parent);
    if (!isItself || !isLinked) throw brokenAt('NODE_CHAIN_BROKEN', height);
  }
}

/** The certificate of a logged block holds for the set that signs its height. */
function checkCertificate(parts: LedgerParts, height: Height, next: Signing): void {
  const stored = parts.blockLog.readFinalisation(height);
  if (stored !== undefined && isCertified(stored, next)) return;
  throw brokenAt('NODE_CERTIFICATE_BROKEN', height);
}

/** The block that the stored state is of was decided: the others are checked when executed again. */
function checkApplied(parts: LedgerParts, { header }: Tip): void {
  const { height } = header;
  if (height === 0 || parts.stateStore.rootAt(height - 1) === undefined) return;
  const before = parts.stateStore.view(height - 1);
  const hash = parts.blockLog.blockHashAt(height - 1);
  if (hash === undefined) throw missingAt(parts, height - 1);
  const parent = { height: height - 1, hash };
  checkCertificate(parts, height, parts.executor.afterBlock(before, parent));
}

async function reexecute(ledger: Ledger, parts: LedgerParts, to: Height): Promise<number> {
  let count = 0;
  for (let height = ledger.head().header.height + 1; height <= to; height++) {
    const stored = parts.blockLog.readBlock(height);
    const block = stored && decodeBlock(stored.bytes);
    if (block?.ok !== true) throw missingAt(parts, height);
    checkCertificate(parts, height, ledger.head().next);
    const executed = await ledger.judge(block.value);
    if (!executed.ok) throw brokenAt('NODE_STATE_DIVERGED', height);
    await ledger.reapply(executed.value);
    count += 1;
  }
  return count;
}

function restoreReplay(ledger: Ledger, parts: LedgerParts): void {
  const at = ledger.head().header;
  const windowMs = PARAMETERS.validityMaxMs.max;
  for (const { id, ...inclusion } of parts.blockLog.recentTransactions(at.timestampMs, windowMs)) {
    ledger.replay.add(id, inclusion);
  }
}

/**
 * A state whose root its block does not name is made once more from the one before (protocol R15);
 * if that gives the same again, or the one before differs as well, the start is refused.
 */
async function trustedFrom(applied: Height, parts: LedgerParts): Promise<Height> {
  const { stateStore } = parts;
  const before = applied - 1;
  if (isNamed(applied, parts) || stateStore.rootAt(before) === undefined) return applied;
  if (!isNamed(before, parts)) return applied;
  await stateStore.rollBack(before);
  return before;
}

/** Whether the stored state of a height has the root that its block names. */
function isNamed(height: Height, parts: LedgerParts): boolean {
  const root = parts.stateStore.rootAt(height);
  return root !== undefined && equalBytes(root, readHeader(parts, height).stateRoot);
}

/**
 * @throws NodeError when the log is of another chain, broken, contradicts what the operator named,
 *   or its state cannot be reproduced; the remedy is in the error table. Never serves a state that its block does not name.
 */
export async function openLedger(genesis: Genesis, parts: LedgerParts): Promise<LedgerOpening> {
  await layGenesis(genesis, parts);
  checkLinks(genesis, parts);
  const { blockLog, stateStore } = parts;
  const head = blockLog.head();
  assert(head !== undefined, 'genesis is laid');
  const applied = stateStore.appliedHeight();
  assert(applied !== undefined, 'the state of genesis is laid');
  const lost = Math.max(0, applied - head.height);
  // Below the snapshot that a node joined by there is no state to go back to.
  if (head.height < (stateStore.oldestHeight() ?? 0)) throw missingAt(parts, head.height + 1);
  if (lost > 0) await stateStore.rollBack(head.height);
  const from = await trustedFrom(Math.min(applied, head.height), parts);
  const { tip, before } = tipAt(parts, from);
  checkApplied(parts, tip);
  const ledger = createLedger(genesis, parts, tip);
  const reexecuted = await reexecute(ledger, parts, head.height);
  if (parts.anchored !== undefined) refuseStored(blockLog, parts.anchored, ledger.head());
  restoreReplay(ledger, parts);
  const frontier = () => ledger.head().frontier;
  await keepFrontiers(
    { opened: before, frontier, onBlock: (listener) => ledger.onCommit(listener) },
    parts.keepsakes,
  );
  assert(LIMITS.retainedHeights > LINKS_CHECKED, 'checked heights are retained');
  return { ledger, reexecuted, lost };
}
