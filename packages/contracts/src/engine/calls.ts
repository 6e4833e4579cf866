/**
 * One call: found, checked, authorised, agreed to, judged by guards, handled, and put on record if
 * it took discretion. Calls of people and calls between contracts go the same way.
 */
import type { Call, CborValue, InputFault } from '@daybook/core';
import { assert, encodeCanonical } from '@daybook/core';
import type { Actor, Facts, Hold } from '../language/context.ts';
import type { Values } from '../language/definition.ts';
import type { Demand } from './authorise.ts';
import {
  agreementText,
  approversOf,
  demandOf,
  demandText,
  entitledBy,
  holdersOf,
  judgeAgreement,
} from './authorise.ts';
import { codeOfFault } from './check-calls.ts';
import { awaitExpiry, expiryAfter } from './expiry.ts';
import type { Frame, Prepared } from './frame.ts';
import { shielded } from './frame.ts';
import { askGuards, keyOfCall, tellGuards } from './guards.ts';
import { ledgerAccess } from './ledger-access.ts';
import type { LinkedAction, LinkedContract, Reference } from './link.ts';
import { CALL_DEPTH_MAX } from './meter.ts';
import type { ActiveContract, Session } from './session.ts';
import { ownRefusal } from './session.ts';
import { Abort, abort } from './signals.ts';

/** Where the body of a transaction names who acts. */
const SIGNERS_POINTER = '/signers';

/** Performs a call. @returns the hold, if a guard keeps a stored call from taking effect */
export function performCall(session: Session, call: Call, frame: Frame): Hold | undefined {
  const { owner, action } = findAction(session, call, frame);
  session.meter.count('calls', 1);
  const input = checkInput(action, call.args, frame.pointer);
  const prepared: Prepared = { owner, action, input, frame };
  checkReferences(session, prepared);
  const entitled = authorise(session, prepared);
  if (entitled === 'waits') return undefined;

  const actor = entitled[0];
  if (actor === undefined) return undefined;
  const hold = askGuards(session, prepared, actor);
  if (hold !== undefined) {
    rehearse(session, prepared, actor);
    return keepHold(session, prepared, hold);
  }
  handle(session, prepared, actor);
  tellGuards(session, prepared, actor);
  recordDiscretion(session, prepared, entitled);
  return undefined;
}

function findAction(
  session: Session,
  { contract, action }: Call,
  { caller, mode }: Frame,
): { owner: ActiveContract; action: LinkedAction } {
  const owner = session.contract(contract);
  if (owner === undefined) return abort('CONTRACTS_CONTRACT_UNKNOWN', { contract });
  const linked = owner.linked.actions.get(action);
  if (linked === undefined) return abort('CONTRACTS_ACTION_UNKNOWN', { contract, action });
  const { by, callers } = linked.manifest;
  const isAdopted = mode === 'adopted';
  const isOpenToPeople = by !== 'contract' && (by === 'governance') === isAdopted;
  const isOpen = caller === undefined ? isOpenToPeople : callers.includes(caller);
  if (!isOpen) return abort('CONTRACTS_CALLER_REFUSED', { contract, action });
  return { owner, action: linked };
}

function checkInput({ check }: LinkedAction, args: Values, pointer: string): Values {
  const faults: InputFault[] = [];
  const input = check(args, pointer, faults);
  const [fault] = faults;
  if (fault !== undefined) {
    abort(codeOfFault(fault), { ...faultFacts(fault), faults: faults.map(faultFacts) });
  }
  return input;
}

function faultFacts({ pointer, expected, found }: InputFault) {
  return { pointer, expected, found };
}

function checkReferences(session: Session, { action, input, frame }: Prepared): void {
  for (const reference of action.references) {
    for (const { pointer, key } of keysAt(reference, input, frame.pointer)) {
      if (!recordExists(session, reference.record, key)) {
        abort('CONTRACTS_REFERENCE_MISSING', { pointer, record: reference.record, key });
      }
    }
  }
}

interface NamedKey {
  readonly pointer: string;
  readonly key: string;
}

function keysAt({ path }: Reference, input: Values, pointer: string): readonly NamedKey[] {
  let places: readonly { readonly pointer: string; readonly value: unknown }[] = [
    { pointer, value: input },
  ];
  for (const name of path) {
    places = places
      .map((place) => ({
        pointer: `${place.pointer}/${name}`,
        value: (place.value as Values)[name],
      }))
      .flatMap((place) =>
        Array.isArray(place.value)
          ? place.value.map((value, index) => ({ pointer: `${place.pointer}/${index}`, value }))
          : [place],
      )
      .filter(({ value }) => value !== undefined);
  }
  return places.map((place) => ({ pointer: place.pointer, key: String(place.value) }));
}

function recordExists(session: Session, fullName: string, key: string): boolean {
  const [contract = '', record = ''] = fullName.split('.');
  const owner = session.contract(contract);
  const keyName = owner?.linked.records[record]?.keyNames[0];
  if (owner === undefined || keyName === undefined) return false;
  return owner.base().records[record]?.has({ [keyName]: key }) === true;
}

/** Those entitled to the call, or 'waits' when it was stored until more have agreed. */
function authorise(session: Session, prepared: Prepared): readonly Actor[] | 'waits' {
  const { action, input, frame } = prepared;
  const demand = demandOf(action, input);
  const { approvals } = action.manifest;
  if (approvals === undefined || frame.mode === 'released') {
    const entitled = entitledBy(session, frame.actors, demand);
    return entitled.length > 0 ? entitled : refuseUnentitled(demand);
  }
  const { agreed, isEnough } = judgeAgreement(session, frame.actors, demand, approvals);
  if (isEnough) return agreed;
  if (agreed.length === 0) return refuseUnentitled(demand);
  if (approvals.days === 0 || frame.caller !== undefined) {
    const organisations = new Set(agreed.map(({ organisation }) => organisation)).size;
    const facts = { officers: agreed.length, organisations };
    const expected = agreementText(approvals, demandText(demand));
    return abort('CONTRACTS_APPROVALS_MISSING', { ...facts, pointer: SIGNERS_POINTER, expected });
  }
  storeCall(session, prepared, { approvers: agreed, days: approvals.days });
  return 'waits';
}

function refuseUnentitled(demand: Demand): never {
  const needed = demandText(demand);
  return abort('CONTRACTS_NOT_ENTITLED', { needed, pointer: SIGNERS_POINTER, expected: needed });
}

/** Keeps a call for later; it must stand alone, since calls take effect together. */
function storeCall(
  session: Session,
  { action, input }: Prepared,
  stored: {
    readonly approvers: readonly Actor[];
    readonly days: number;
    readonly hold?: Hold;
  },
): void {
  const { current, block } = session;
  if (current.callCount !== 1) abort('CONTRACTS_PENDING_ALONE', {});
  const { contract, name } = action.manifest;
  const call = keyOfCall(session);
  const { hold } = stored;
  const owner = session.contract('ledger');
  assert(owner !== undefined, 'every chain has the ledger');
  const face = owner.writing();
  face.records.pending?.insert({
    call,
    contract,
    action: name,
    args: encodeCanonical(input as Readonly<Record<string, CborValue>>),
    approvers: approversOf(stored.approvers),
    expires: expiryAfter(block.timestampMs, stored.days),
    status: hold === undefined ? 'waiting' : 'held',
    ...(hold !== undefined && { guard: hold.guard, rule: hold.rule, cites: hold.records }),
    releasers: [],
    refusers: [],
  });
  const { due, clock } = face.records;
  const { dueOn } = face.sums;
  assert(due !== undefined && clock !== undefined, 'the ledger keeps the book of days');
  assert(dueOn !== undefined, 'the ledger counts the calls of a day');
  const books = { timestampMs: block.timestampMs, records: { due, clock }, sums: { dueOn } };
  awaitExpiry(books, call, stored.days);
  if (hold === undefined) face.emit('waiting', { call, contract, action: name });
  else face.emit('held', { call, contract, action: name, guard: hold.guard });
}

/** A call that could not take effect anyway is refused at once, and nobody need judge a hold. */
function rehearse(session: Session, prepared: Prepared, actor: Actor): void {
  const forget = session.savepoint();
  handle(session, prepared, actor);
  forget();
}

function keepHold(session: Session, prepared: Prepared, hold: Hold): Hold | undefined {
  const { frame } = prepared;
  if (frame.mode === 'stored') return hold;
  const isAlone = frame.caller === undefined && session.current.callCount === 1;
  if (!isAlone) return abort('CONTRACTS_PENDING_ALONE', { guard: hold.guard, rule: hold.rule });
  storeCall(session, prepared, { approvers: frame.actors, days: hold.days, hold });
  return undefined;
}

function handle(session: Session, prepared: Prepared, actor: Actor): void {
  const { owner, action, input, frame } = prepared;
  const context = contextFor(session, prepared, actor);
  const { current } = session;
  // What a call writes is its actor's, also when another's approval or release completes it.
  const { writer } = current;
  if (frame.caller === undefined) current.writer = actor.identity;
  const refusal = shielded(owner.linked.name, () => action.definition.handler(context, input));
  current.writer = writer;
  if (refusal !== undefined) {
    throw new Abort(ownRefusal(owner.linked, refusal.refused, refusal.facts));
  }
}

function contextFor(session: Session, { owner, frame }: Prepared, actor: Actor): object {
  const { linked } = owner;
  const writing = owner.writing();
  const { current } = session;
  return {
    height: writing.height,
    timestampMs: writing.timestampMs,
    today: writing.today,
    chain: writing.chain,
    parameters: writing.parameters,
    sums: writing.sums,
    records: writing.records,
    emit: writing.emit,
    transactionId: current.transactionId,
    transactionIndex: current.txIndex,
    signers: frame.actors,
    actor,
    caller: frame.caller,
    contracts: calleesOf(session, owner, frame),
    get ledger() {
      return ledgerAccess(session, linked, performCall);
    },
    refuse: (code: string, facts: object = {}) => ({ refused: code, facts }),
    check: checkerOf(linked),
    entitled: (wanted: { role: string; organisation?: string; scope?: string }) =>
      holdersOf(session, frame.actors, { ...wanted, role: `${linked.name}.${wanted.role}` }),
  };
}

/** Ends the transaction with a contract's own code unless a condition holds. */
export function checkerOf(linked: LinkedContract) {
  return (condition: boolean, code: string, facts: Facts = {}): void => {
    if (!condition) throw new Abort(ownRefusal(linked, code, facts));
  };
}

/** The contracts that one uses, as it sees them: records to read, actions to call. */
export function calleesOf(
  session: Session,
  { linked }: ActiveContract,
  frame: Frame,
): Readonly<Record<string, object>> {
  const callees: Record<string, object> = {};
  for (const [alias, { name }] of Object.entries(linked.definition.uses ?? {})) {
    const base = session.contract(name)?.base();
    callees[alias] = {
      records: base?.records,
      sums: base?.sums,
      call: (action: string, args: Readonly<Record<string, CborValue>>) => {
        callContract(session, { contract: name, action, args }, { frame, from: linked.name });
      },
    };
  }
  return callees;
}

function callContract(
  session: Session,
  call: Call,
  { frame, from }: { readonly frame: Frame; readonly from: string },
): void {
  if (frame.depth >= CALL_DEPTH_MAX) abort('CONTRACTS_DEPTH_EXCEEDED', { limit: CALL_DEPTH_MAX });
  performCall(session, call, {
    actors: frame.actors,
    caller: from,
    depth: frame.depth + 1,
    pointer: '',
    mode: 'direct',
  });
}

/** Every discretionary act is on the feed, whoever looks and whatever the contract does. */
function recordDiscretion(
  session: Session,
  { action, input, frame }: Prepared,
  entitled: readonly Actor[],
): void {
  if (!action.manifest.discretion) return;
  const { contract, name } = action.manifest;
  const { current, block } = session;
  const actors = frame.caller === undefined ? entitled : frame.actors;
  session
    .contract('ledger')
    ?.writing()
    .records.act?.insert({
      height: block.height,
      transaction: current.txIndex,
      ordinal: current.ordinal,
      contract,
      action: name,
      actors: actors.map(({ identity }) => identity),
      reason: input.reason,
    });
  current.ordinal += 1;
}
