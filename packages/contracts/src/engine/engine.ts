/**
 * The engine: executes blocks over a view of the state and says what they wrote. Pure and
 * synchronous; equal state and equal block give equal results on every node. It keeps nothing
 * between blocks but the compiled contracts.
 */
import type {
  BodyEntry,
  Call,
  Genesis,
  GenesisContract,
  Hash,
  Result,
  TransactionResult,
  ValidatorId,
} from '@daybook/core';
import { assert, equalBytes, fail, ok, toHex } from '@daybook/core';
import type { BlockFailure, ContractsFailure } from '../errors.ts';
import { ContractsError } from '../errors.ts';
import type { Actor } from '../language/context.ts';
import type { Contract } from '../language/definition.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { buildManifest } from '../manifest/manifest.ts';
import type { ActivationEntry, KnownContracts, KnownVersion } from './activation.ts';
import {
  activeManifestHash,
  activeVersions,
  advanceActivations,
  entriesOf,
  knownVersion,
} from './activation.ts';
import type { SignerClaim } from './authorise.ts';
import { identify } from './authorise.ts';
import type { CallFault } from './check-calls.ts';
import { checkCalls } from './check-calls.ts';
import { ledger } from './ledger.ts';
import type { LinkedRecord } from './link.ts';
import { checkLinks } from './link.ts';
import type { Usage } from './meter.ts';
import { BLOCK_WORK_MAX_NS, createMeter, PACKED_WORK_MAX_NS } from './meter.ts';
import type { BlockRows } from './rows.ts';
import { createBlockRows } from './rows.ts';
import type { ActiveVersions, BlockContext, Session } from './session.ts';
import { createSession } from './session.ts';
import type { Refused } from './signals.ts';
import { Abort, HostFault } from './signals.ts';
import type { StateView, StateWrite } from './state-view.ts';
import type { Executed } from './transactions.ts';
import {
  runBlockHooks,
  runHooks,
  runSystemTransaction,
  runTransaction,
  systemContext,
} from './transactions.ts';

/** A block to execute: the header fields that exist before its results, and its body. */
export interface BlockInput extends BlockContext {
  /** `header.proposer`. */
  readonly proposer: ValidatorId;
  readonly entries: readonly BodyEntry[];
}

/** What a block did. */
export interface Execution {
  /** One per entry, in body order. */
  readonly transactions: readonly Executed[];
  /** What the chain did by itself after them; the last leaf of the result tree. */
  readonly hook: TransactionResult;
  /** One per record, ascending by tree key. */
  readonly writes: readonly StateWrite[];
  /** Host operations that transactions used. */
  readonly usage: Usage;
  /** The work of them in nanoseconds, at most that of a block. */
  readonly workNs: number;
}

/** What genesis puts into the state. */
export interface GenesisState {
  readonly writes: readonly StateWrite[];
  readonly manifestHash: Hash;
}

export interface Engine {
  /** Judges calls without state: names and inputs, every fault with its JSON pointer. */
  check(calls: readonly Call[]): readonly CallFault[];
  /** Whether this release has a version of a contract. No fact of the chain: never ask it there. */
  knows(contract: string, version: number): boolean;
  /**
   * The state of height 0: of the contract versions that the document names, and no others.
   * @throws ContractsError if the document names what the contracts do not take
   */
  applyGenesis(genesis: Genesis): GenesisState;
  /**
   * Executes a block over the state of its parent.
   * @returns what it did, or why it is not a valid block
   * @throws ContractsError for a damaged state or a contract version that this release lacks;
   *   whatever the view throws passes through
   */
  execute(view: StateView, block: BlockInput): Result<Execution, BlockFailure>;
  /**
   * As `execute` for one who proposes: takes as many entries, from the first on, as a proposed block
   * has work for, and says by the number of results how many. The first transaction always fits.
   */
  pack(view: StateView, block: BlockInput): Result<Execution, BlockFailure>;
  /**
   * Who a signer is at this moment, or why nobody: for admission and quotas. What it reads is
   * remembered while the same view is given for the same height.
   */
  identify(view: StateView, block: BlockContext, signer: SignerClaim): Actor | Refused;
  /** The manifest of the contracts that act on this state. */
  manifestOf(view: StateView): Manifest;
  /** The manifest of the newest version of every contract of this release. */
  manifest(): Manifest;
  /** Whether the contracts of this release are those the chain agreed on; undefined if so. */
  verify(view: StateView): ContractsFailure | undefined;
}

/**
 * Compiles contracts into an engine. Several versions of one contract may be given.
 * @throws AssertionError if contracts contradict each other
 */
export function createEngine(contracts: readonly Contract[]): Engine {
  const known = linkAll([ledger, ...contracts]);
  const newest = newestOf(known);
  checkLinks([...newest.values()]);
  const activation = newest.get('ledger')?.records.activation;
  assert(activation !== undefined, 'the ledger keeps the active versions');
  const parts: Parts = { known, newest, activation };
  const admission = rememberingSession(parts);
  return {
    check: (calls) => checkCalls(newest, calls),
    knows: (contract, version) => known.get(contract)?.has(version) === true,
    applyGenesis: (genesis) => applyGenesis(parts, genesis),
    execute: (view, block) => unwrapped(() => execute(parts, view, block)),
    pack: (view, block) => unwrapped(() => pack(parts, view, block)),
    identify: (view, block, signer) => unwrapped(() => identify(admission(view, block), signer)),
    manifestOf: (view) => unwrapped(() => manifestOf(versionsIn(parts, createBlockRows(view)))),
    manifest: () => manifestOf(newest),
    verify: (view) => unwrapped(() => verify(parts, view)),
  };
}

interface Parts {
  readonly known: KnownContracts;
  readonly newest: ActiveVersions;
  readonly activation: LinkedRecord;
}

function linkAll(contracts: readonly Contract[]): KnownContracts {
  const known = new Map<string, Map<number, KnownVersion>>();
  for (const { name, version, definition } of contracts) {
    const versions = known.get(name) ?? new Map<number, KnownVersion>();
    assert(!versions.has(version), `version ${version} of ${name} is given once`);
    versions.set(version, knownVersion(definition));
    known.set(name, versions);
  }
  return known;
}

/** What a new chain begins with: the newest version of each contract, the ledger included. */
export function foundingContractsOf(contracts: readonly Contract[]): readonly GenesisContract[] {
  const newest = new Map<string, number>();
  for (const { name, version } of [ledger, ...contracts]) {
    newest.set(name, Math.max(newest.get(name) ?? 0, version));
  }
  return [...newest]
    .map(([name, version]) => ({ name, version }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function newestOf(known: KnownContracts): ActiveVersions {
  const newest = [...known.values()].map((versions) =>
    [...versions.values()]
      .map(({ acting }) => acting)
      .reduce((a, b) => (a.version > b.version ? a : b)),
  );
  newest.sort((a, b) => a.number - b.number);
  return new Map(newest.map((linked) => [linked.name, linked]));
}

function execute(
  parts: Parts,
  view: StateView,
  block: BlockInput,
): Result<Execution, BlockFailure> {
  const executed = run(parts, { view, block, unsignedMaxNs: BLOCK_WORK_MAX_NS });
  const { length: index } = executed.ok ? executed.value.transactions : block.entries;
  if (index === block.entries.length) return executed;
  return fail({ code: 'CONTRACTS_BLOCK_WORK', index, limitMs: BLOCK_WORK_MAX_NS / NS_PER_MS });
}

function pack(parts: Parts, view: StateView, block: BlockInput): Result<Execution, BlockFailure> {
  return run(parts, { view, block, unsignedMaxNs: PACKED_WORK_MAX_NS });
}

interface Run {
  readonly view: StateView;
  readonly block: BlockInput;
  readonly unsignedMaxNs: number;
}

/** Runs the entries that there is work for. */
function run(parts: Parts, { view, block, unsignedMaxNs }: Run): Result<Execution, BlockFailure> {
  const rows = createBlockRows(view);
  const session = openSession(parts, rows, { ...block, unsignedMaxNs });
  const transactions: Executed[] = [];
  for (const [index, entry] of block.entries.entries()) {
    if (entry.type === 'transaction') {
      const executed = runTransaction(session, index, entry.transaction);
      if (executed === undefined) break;
      transactions.push(executed);
      continue;
    }
    const executed = runSystemTransaction(session, index, entry.system);
    if (typeof executed === 'string') {
      const { kind } = entry.system;
      return fail({ code: 'CONTRACTS_SYSTEM_REFUSED', index, kind, fact: executed });
    }
    transactions.push(executed);
  }
  const { height, timestampMs, proposer, parentHash } = block;
  const hook = runHooks(session, transactions.length, () => {
    advanceActivations(session, parts.known);
    runBlockHooks(session, { height, timestampMs, proposer, parentHash });
  });
  const { meter } = session;
  const used = { usage: meter.usage(), workNs: meter.workNs() };
  return ok({ transactions, hook, writes: rows.finish(), ...used });
}

function openSession(
  parts: Parts,
  rows: BlockRows,
  { unsignedMaxNs, ...block }: BlockContext & { readonly unsignedMaxNs?: number },
): Session {
  const meter = createMeter(unsignedMaxNs);
  return createSession({ block, rows, meter, versions: versionsIn(parts, rows) });
}

const NS_PER_MS = 1e6;

/** Questions after which remembered rows are dropped: strangers' keys leave rows behind, too. */
const QUESTIONS_MAX = 5000;

interface Remembered {
  readonly session: Session;
  questions: number;
}

/**
 * A session for each view asked about: admission asks for the same few officers all the time. Weak,
 * so that an engine shared by many nodes keeps the state of none of them.
 */
function rememberingSession(parts: Parts): (view: StateView, block: BlockContext) => Session {
  const sessions = new WeakMap<StateView, Remembered>();
  return (view, block) => {
    const found = sessions.get(view);
    const known = found?.session.block;
    const isSame = known?.height === block.height && known.timestampMs === block.timestampMs;
    if (found !== undefined && isSame && found.questions < QUESTIONS_MAX) {
      found.questions += 1;
      return found.session;
    }
    const session = openSession(parts, createBlockRows(view), block);
    sessions.set(view, { session, questions: 1 });
    return session;
  };
}

function versionsIn({ known, activation }: Parts, rows: BlockRows): ActiveVersions {
  const { row } = rows.slotOf(activation, {});
  assert(row !== undefined, 'genesis was applied to this state');
  return activeVersions(known, entriesOf(row));
}

function applyGenesis(parts: Parts, genesis: Genesis): GenesisState {
  const rows = createBlockRows({ get: () => undefined });
  const contracts: ActivationEntry[] = genesis.document.contracts.map(({ name, version }) => ({
    contract: name,
    version,
  }));
  // Without the ledger there is nowhere to keep which contracts act.
  if (!contracts.some(({ contract }) => contract === ledger.name)) {
    throw new ContractsError({
      code: 'CONTRACTS_VERSION_MISSING',
      contract: ledger.name,
      version: ledger.version,
    });
  }
  const versions = activeVersions(parts.known, contracts);
  const manifestHash = activeManifestHash(versions);
  const block = { chain: genesis.chain, height: 0, timestampMs: genesis.document.timeMs };
  const session = createSession({ block, rows, meter: createMeter(), versions });
  const hooks = (): void => {
    session.contract('ledger')?.writing().records.activation?.insert({ contracts, manifestHash });
    for (const { name, definition } of versions.values()) {
      const active = session.contract(name);
      if (active === undefined) continue;
      session.current.writer = `contract:${name}`;
      definition.system?.onGenesis?.(systemContext(session, active), genesis);
    }
  };
  try {
    runHooks(session, 0, hooks);
  } catch (error) {
    if (!(error instanceof Abort)) throw error;
    const { code: refused, facts } = error.refused;
    throw new ContractsError(
      { code: 'CONTRACTS_GENESIS_REFUSED', refused, facts },
      { cause: error },
    );
  }
  return { writes: rows.finish(), manifestHash };
}

function manifestOf(versions: ActiveVersions): Manifest {
  return buildManifest([...versions.values()].map(({ definition }) => definition));
}

function verify(parts: Parts, view: StateView): ContractsFailure | undefined {
  const { row } = createBlockRows(view).slotOf(parts.activation, {});
  assert(row !== undefined, 'genesis was applied to this state');
  const found = activeManifestHash(activeVersions(parts.known, entriesOf(row)));
  const expected = row.manifestHash;
  assert(expected instanceof Uint8Array, 'the ledger keeps the manifest hash');
  if (equalBytes(expected, found)) return undefined;
  return {
    code: 'CONTRACTS_MANIFEST_DIFFERS',
    expected: toHex(expected),
    found: toHex(found),
  };
}

/** What the view or the stored bytes did wrong leaves the engine as it was thrown. */
function unwrapped<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof HostFault ? error.cause : error;
  }
}
