/**
 * Runs the entries of a block and the hooks after them. A transaction that fails is part of the
 * block with its code and changes nothing; a system transaction that fails makes the block invalid.
 */
import type {
  CborValue,
  LedgerEvent,
  SystemTransaction,
  Transaction,
  TransactionId,
  TransactionResult,
} from '@daybook/core';
import { asTransactionId, encodeCanonical, hashTagged, TAGS } from '@daybook/core';
import type { Values } from '../language/definition.ts';
import type { BlockFacts } from '../language/system.ts';
import { identifyAll } from './authorise.ts';
import { calleesOf, checkerOf, performCall } from './calls.ts';
import { shielded } from './frame.ts';
import { ledgerAccess } from './ledger-access.ts';
import type { LinkedRecord } from './link.ts';
import { keyText } from './rows.ts';
import type { ActiveContract, Session } from './session.ts';
import { contractActor } from './session.ts';
import type { Refused } from './signals.ts';
import { Abort, abort, BlockFull } from './signals.ts';
import { totalOf } from './tables.ts';

/** One entry after execution. `failure` explains a code that is not 0; it is not hashed. */
export interface Executed {
  readonly result: TransactionResult;
  readonly failure?: Refused;
}

/** Runs a person's transaction. @returns undefined if the block has no work left for it */
export function runTransaction(
  session: Session,
  index: number,
  transaction: Transaction,
): Executed | undefined {
  try {
    return runMetered(session, index, transaction);
  } catch (error) {
    if (error instanceof BlockFull) return undefined;
    throw error;
  }
}

function runMetered(session: Session, index: number, transaction: Transaction): Executed {
  const { body, id, bytes } = transaction;
  begin(session, { index, id, callCount: body.calls.length, mode: 'metered' });
  return settle(session, id, () => {
    session.meter.charge('input', bytes.length);
    session.meter.charge('signatures', body.signers.length);
    const actors = identifyAll(session, body.signers);
    if ('receipt' in actors) throw new Abort(actors);
    session.current.writer = actors[0]?.identity ?? session.current.writer;
    for (const [position, call] of body.calls.entries()) {
      const pointer = `/calls/${position}/args`;
      session.meter.beginCall();
      performCall(session, call, { actors, caller: undefined, depth: 1, pointer, mode: 'direct' });
    }
    session.meter.endCall();
  });
}

/** Runs a system transaction. @returns the fact that makes it invalid, as a text */
export function runSystemTransaction(
  session: Session,
  index: number,
  { kind, payload, id }: SystemTransaction,
): Executed | string {
  const owner = [...session.versions.values()].find(
    ({ definition }) => definition.system?.transactions?.[kind] !== undefined,
  );
  const active = owner === undefined ? undefined : session.contract(owner.name);
  const handler = owner?.definition.system?.transactions?.[kind];
  if (active === undefined || handler === undefined) return `nothing handles ${kind}`;

  begin(session, { index, id, callCount: 1, mode: 'unmetered' });
  session.current.writer = `contract:${active.linked.name}`;
  const executed = settle(session, id, () => {
    const refusal = shielded(active.linked.name, () =>
      handler(systemContext(session, active), payload),
    );
    if (refusal !== undefined) abort('CONTRACTS_DEFECT', { fact: refusal.refused });
  });
  return executed.failure === undefined ? executed : String(executed.failure.facts.fact);
}

/** Runs what the chain itself does after the transactions of a block; it must not fail. */
export function runHooks(session: Session, index: number, hooks: () => void): TransactionResult {
  const id = hookIdOf(session.block.height);
  begin(session, { index, id, callCount: 0, mode: 'unmetered' });
  hooks();
  checkRows(session);
  session.rows.seal();
  return { id, code: 0, events: session.current.events, writes: session.rows.commit() };
}

/** Runs the `onBlock` of every system contract, ascending by number. */
export function runBlockHooks(session: Session, block: BlockFacts): void {
  for (const { name, definition } of session.versions.values()) {
    const active = session.contract(name);
    if (active === undefined || definition.system?.onBlock === undefined) continue;
    session.current.writer = `contract:${name}`;
    definition.system.onBlock(systemContext(session, active), block);
  }
}

/** Id of the result leaf for what a block did by itself: no transaction has it. */
export function hookIdOf(height: number): TransactionId {
  return asTransactionId(hashTagged(TAGS.SYSTEM, encodeCanonical(['block', height])));
}

/** What the code of a system contract sees in its hooks. */
export function systemContext(session: Session, active: ActiveContract): object {
  const { linked } = active;
  const writing = active.writing();
  const frame = {
    actors: [contractActor(linked.name)],
    caller: undefined,
    depth: 1,
    pointer: '',
    mode: 'direct',
  } as const;
  return {
    ...writing,
    parameters: writing.parameters,
    contracts: calleesOf(session, active, frame),
    ledger: ledgerAccess(session, linked, performCall),
    parentHash: session.block.parentHash,
    check: checkerOf(linked),
    attempt: (steps: () => void) => attempt(session, steps),
  };
}

function attempt(session: Session, steps: () => void) {
  const restore = session.savepoint();
  try {
    steps();
    return undefined;
  } catch (error) {
    if (!(error instanceof Abort)) throw error;
    restore();
    return { refused: error.refused.code, facts: error.refused.facts };
  }
}

interface Beginning {
  readonly index: number;
  readonly id: Uint8Array;
  readonly callCount: number;
  readonly mode: 'metered' | 'unmetered';
}

function begin(session: Session, { index, id, callCount, mode }: Beginning): void {
  const { current, meter } = session;
  current.txIndex = index;
  current.transactionId = id;
  current.callCount = callCount;
  current.ordinal = 0;
  current.events = [];
  current.writer = 'contract:ledger';
  meter.begin(mode);
}

function settle(session: Session, id: TransactionId, run: () => void): Executed {
  const { rows, meter, current } = session;
  try {
    run();
    checkRows(session);
    meter.count('bytes', rows.seal());
    const events: readonly LedgerEvent[] = current.events;
    return { result: { id, code: 0, events, writes: rows.commit() } };
  } catch (error) {
    rows.rollback();
    if (!(error instanceof Abort)) throw error;
    const { refused } = error;
    return { result: { id, code: refused.receipt, events: [], writes: [] }, failure: refused };
  } finally {
    meter.end();
  }
}

/** What must hold of the rows that a transaction touched. */
function checkRows(session: Session): void {
  for (const { slot } of session.rows.touched()) {
    if (slot.row !== undefined) checkRecordLinks(session, slot.record, slot.row);
  }
  checkInvariants(session);
}

function checkInvariants(session: Session): void {
  for (const { slot, before } of session.rows.touched()) {
    const { record, row } = slot;
    for (const { contract, name, invariant } of record.invariants) {
      const face = session.contract(contract)?.judging();
      if (face === undefined) continue;
      const subject =
        invariant.sum === undefined
          ? { before, after: row }
          : { ...totalOf(slot), key: row ?? before ?? {} };
      if (!shielded(contract, () => invariant.holds(subject, face))) {
        const key: CborValue = keyText(record, row ?? before ?? {});
        const facts = { contract, invariant: name, record: record.fullName, key };
        abort('CONTRACTS_INVARIANT_BROKEN', facts);
      }
    }
  }
}

/** What a written row names by its links must exist; a link of which a field is absent names none. */
function checkRecordLinks(session: Session, { manifest }: LinkedRecord, row: Values): void {
  for (const [link, { record, by }] of Object.entries(manifest.links ?? {})) {
    const key = Object.fromEntries(Object.entries(by).map(([name, own]) => [name, row[own]]));
    if (Object.values(key).includes(undefined)) continue;
    const [contract = '', target = ''] = record.split('.');
    if (session.contract(contract)?.base().records[target]?.has(key) === true) continue;
    const facts = { pointer: `/${link}`, record, key: Object.values(key).join('/') };
    abort('CONTRACTS_REFERENCE_MISSING', facts);
  }
}
