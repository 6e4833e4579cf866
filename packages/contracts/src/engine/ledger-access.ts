/**
 * What the chain's own contracts may do to the ledger: judge and run stored calls, set parameters,
 * activate contract versions. Other contracts that reach for it are stopped by an assertion.
 */
import type { Call, CborValue, Result } from '@daybook/core';
import { assert, decodeCanonical, fail, LIMITS, ok } from '@daybook/core';
import { SYSTEM_NUMBERS_END } from '../language/check-definition.ts';
import type {
  Actor,
  AdoptedAct,
  Agreement,
  Approver,
  Hold,
  LedgerAccess,
  ReleaseAgreement,
  StoredCall,
} from '../language/context.ts';
import { validateInput } from '../manifest/consume.ts';
import { entriesOf, withEntry } from './activation.ts';
import { without } from './approvers.ts';
import {
  agreementOf,
  demandOf,
  entitledBy,
  holdersOf,
  judgeAgreement,
  presentActors,
  suffice,
} from './authorise.ts';
import type { Frame } from './frame.ts';
import { tellEnded } from './guards.ts';
import type { LinkedContract } from './link.ts';
import type { ParameterRow } from './parameters.ts';
import { faultOfText, withChange } from './parameters.ts';
import type { Session } from './session.ts';
import { contractActor } from './session.ts';
import { abort } from './signals.ts';

type Perform = (session: Session, call: Call, frame: Frame) => Hold | undefined;

/** Least distance between a decision and the height at which a contract version acts. */
const ACTIVATION_BLOCKS_MIN = 2;

/** @throws AssertionError unless the contract is one of the chain's own */
export function ledgerAccess(
  session: Session,
  contract: LinkedContract,
  perform: Perform,
): LedgerAccess {
  assert(contract.number < SYSTEM_NUMBERS_END, `${contract.name} is a system contract`);
  return {
    roleOf: (name) => roleOf(session, name),
    faultOfParameter: (owner, name, value) => faultOfParameter(session, owner, name, value),
    setParameter: ({ contract: owner, name, fromHeight, value }) => {
      setParameter(session, { owner, name }, { fromHeight, value });
    },
    activate: (name, version, fromHeight) => {
      turnAt(session, name, { fromHeight, nextVersion: version });
    },
    faultOfRetirement: (name) => faultOfRetirement(session, name),
    retire: (name, fromHeight) => {
      turnAt(session, name, { fromHeight });
    },
    judgeStored: (call) => judgeStored(session, call),
    runStored: (call) => run(session, call, { perform, mode: 'stored' }),
    judgeRelease: (held, guard, releasers) => judgeRelease(session, held, { guard, releasers }),
    runReleased: (call) => {
      run(session, call, { perform, mode: 'released' });
    },
    tellEnded: (guard, call, how) => {
      tellEnded(session, guard, { call, how });
    },
    faultOfAct: (act) => {
      const judged = judgeAct(session, act);
      return judged.ok ? undefined : judged.reason;
    },
    runAdopted: (act) => {
      runAdopted(session, act, { perform, by: contract.name });
    },
  };
}

function roleOf(session: Session, name: string) {
  const [contract = '', role = ''] = name.split('.');
  const roles = session.versions.get(contract)?.manifest.roles ?? {};
  const found = Object.hasOwn(roles, role) ? roles[role] : undefined;
  return found === undefined ? undefined : { grantedBy: found.grantedBy };
}

function faultOfParameter(
  session: Session,
  contract: string,
  name: string,
  value: string,
): string | undefined {
  const declared = session.versions.get(contract)?.manifest.parameters ?? {};
  const parameter = Object.hasOwn(declared, name) ? declared[name] : undefined;
  if (parameter === undefined) return `no parameter ${contract}.${name}`;
  return faultOfText(parameter.field, value);
}

function setParameter(
  session: Session,
  { owner, name }: { readonly owner: string; readonly name: string },
  change: { readonly fromHeight: number; readonly value: string },
): void {
  const { height } = session.block;
  assert(change.fromHeight > height, 'a parameter changes at a later height');
  const table = session.contract('ledger')?.writing().records.parameter;
  assert(table !== undefined, 'the ledger keeps parameters');
  const key = { contract: owner, name };
  // The row was checked against the ledger's own record when it was read.
  const row = table.get(key) as ParameterRow | undefined;
  table.put({ ...key, ...withChange(row, change, height) });
}

function turnAt(
  session: Session,
  name: string,
  turn: { readonly fromHeight: number; readonly nextVersion?: number },
): void {
  const { height } = session.block;
  assert(turn.fromHeight >= height + ACTIVATION_BLOCKS_MIN, 'a version turns some blocks later');
  const table = session.contract('ledger')?.writing().records.activation;
  const row = table?.get({});
  assert(table !== undefined && row !== undefined, 'the ledger keeps the active versions');
  const entries = entriesOf(row);
  const present = entries.find((entry) => entry.contract === name) ?? { contract: name };
  const { contract, version, retired } = present;
  table.put({ ...row, contracts: withEntry(entries, { contract, version, retired, ...turn }) });
}

function faultOfRetirement(session: Session, name: string): string | undefined {
  const linked = session.versions.get(name);
  if (linked === undefined) return 'no contract of this name acts';
  if (linked.number < SYSTEM_NUMBERS_END) return "it is one of the chain's own";
  const row = session.contract('ledger')?.base().records.activation?.get({});
  const entry = row && entriesOf(row).find(({ contract }) => contract === name);
  return entry?.retired === true ? 'it is retired already' : undefined;
}

function judgeStored(session: Session, call: StoredCall): Agreement {
  const action = session.action(call.contract, call.action);
  const approvals = action?.manifest.approvals;
  if (action === undefined || approvals === undefined) return { counted: [], isEnough: false };
  const actors = presentActors(session, call.approvers);
  const demand = demandOf(action, storedArguments(call.args));
  const { agreed, isEnough } = judgeAgreement(session, actors, demand, approvals);
  return agreementOf(agreed, isEnough);
}

/**
 * A hold is there for what those who agreed overlook or hide, so none of them judges it: neither they
 * themselves, nor anybody of the organisation that began the call; and one organisation at least has
 * to join that has no part in the call. Asking that of all releasing organisations would need four with
 * releasers for every payment of two; this needs three, as a small consortium has them.
 */
function judgeRelease(
  session: Session,
  held: StoredCall,
  { guard, releasers }: { readonly guard: string; readonly releasers: readonly Approver[] },
): ReleaseAgreement {
  const owner = session.guard(guard)?.owner;
  const release = owner?.linked.manifest.guards[guard.split('.')[1] ?? '']?.release;
  if (release === undefined) return { counted: [], isEnough: false, needed: `the guard ${guard}` };
  const signers = presentActors(session, held.approvers);
  const beginning = organisationThatBegan(session, held, signers);
  const others = without(releasers, held.approvers);
  const holders = holdersOf(session, presentActors(session, others), { role: release.role });
  const agreed = holders.filter(({ organisation }) => organisation !== beginning);
  const parties = new Set(signers.map(({ organisation }) => organisation));
  const isApart = agreed.some(({ organisation }) => !parties.has(organisation));
  const of = beginning === undefined ? '' : ` and is not of ${beginning}, which began it`;
  const needed = `an officer with the role ${release.role} who did not sign the call${of}`;
  return { ...agreementOf(agreed, isApart && suffice(agreed, release)), needed };
}

function organisationThatBegan(
  session: Session,
  { contract, action: name, args }: StoredCall,
  signers: readonly Actor[],
): string | undefined {
  const action = session.action(contract, name);
  if (action === undefined) return undefined;
  const [first] = entitledBy(session, signers, demandOf(action, storedArguments(args)));
  return first?.organisation;
}

function run(
  session: Session,
  { call: stored, contract, action, args, approvers }: StoredCall,
  { perform, mode }: { readonly perform: Perform; readonly mode: 'stored' | 'released' },
): Hold | undefined {
  const actors = presentActors(session, approvers);
  if (actors.length === 0) abort('CONTRACTS_APPROVALS_MISSING', { officers: 0, organisations: 0 });
  const call = { contract, action, args: storedArguments(args) };
  return perform(session, call, {
    actors,
    caller: undefined,
    depth: 1,
    pointer: '/call',
    mode,
    stored,
  });
}

/** The call that an act stands for. @returns it, or the first thing wrong with it */
function judgeAct(session: Session, { contract, action, input }: AdoptedAct): Result<Call, string> {
  const found = session.action(contract, action);
  if (found?.manifest.by !== 'governance') {
    return fail(`${contract}.${action} is no act that members adopt`);
  }
  const args = validateInput(found.manifest, parsedJson(input));
  if (args.ok) return ok({ contract, action, args: args.value });
  const [fault] = args.reason;
  return fail(`${fault?.pointer} should be ${fault?.expected}, is ${fault?.found}`);
}

/** The value of a JSON text; undefined, which no input takes, for any other text. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the input check says what was expected.
    return undefined;
  }
}

function runAdopted(
  session: Session,
  act: AdoptedAct,
  { perform, by }: { readonly perform: Perform; readonly by: string },
): Hold | undefined {
  const judged = judgeAct(session, act);
  if (!judged.ok) {
    const found = judged.reason;
    return abort('CONTRACTS_INPUT_INVALID', { pointer: '/act', expected: 'an act', found });
  }
  return perform(session, judged.value, {
    actors: [contractActor(by)],
    caller: undefined,
    depth: 1,
    pointer: '/act',
    mode: 'adopted',
  });
}

/** The arguments of a stored call; they were canonical when they were stored. */
function storedArguments(bytes: Uint8Array): Readonly<Record<string, CborValue>> {
  const decoded = decodeCanonical(bytes, {
    bytesMax: LIMITS.transactionBytesMax,
    depthMax: LIMITS.argumentDepthMax,
  });
  assert(decoded.ok, 'stored arguments are canonical');
  // They were the input of an action, a map of fields.
  return decoded.value as Readonly<Record<string, CborValue>>;
}
