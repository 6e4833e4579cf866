/**
 * One block being executed: its rows, its meter, the contract versions that act, and for each
 * contract the faces its code sees. A session lives for one call of `execute` and is then dropped.
 */
import type { CborValue, Hash, InputFault, LedgerEvent } from '@daybook/core';
import { assert } from '@daybook/core';
import { civilDateOf } from '../fields/calendar.ts';
import type { Actor, Facts } from '../language/context.ts';
import type { ErasedAuthority, ErasedGuard, Values } from '../language/definition.ts';
import { publicCodeOf } from '../manifest/consume.ts';
import type { LinkedAction, LinkedContract, LinkedRecord } from './link.ts';
import type { Meter } from './meter.ts';
import type { ParameterRow } from './parameters.ts';
import { storedParameter, textAt } from './parameters.ts';
import type { BlockRows, WriteContext } from './rows.ts';
import { Abort } from './signals.ts';
import type { ErasedReader, ErasedSum, ErasedTable, TableHost } from './tables.ts';
import { createReader, createSumReader, createTable } from './tables.ts';

/** What a block brings to execution, besides its transactions. */
export interface BlockContext {
  readonly chain: Hash;
  readonly height: number;
  readonly timestampMs: number;
  /** Hash of the parent block, against which READY transactions are judged. */
  readonly parentHash?: Hash;
}

/** What one contract's code reads, whatever calls it. */
export interface BaseFace {
  readonly height: number;
  readonly timestampMs: number;
  readonly today: string;
  readonly chain: Uint8Array;
  readonly parameters: Values;
  readonly sums: Readonly<Record<string, ErasedSum>>;
  readonly records: Readonly<Record<string, ErasedReader>>;
}

/** The same with writing. */
export interface WritingFace extends BaseFace {
  readonly records: Readonly<Record<string, ErasedTable>>;
  emit(event: string, data: Values): void;
}

/** A contract as it acts in this block. */
export interface ActiveContract {
  readonly linked: LinkedContract;
  base(): BaseFace;
  writing(): WritingFace;
  /** What it reads of the contracts that it uses, by the names under which it uses them. */
  lookups(): Readonly<Record<string, Lookup>>;
  /** What its invariants see. */
  judging(): JudgingFace;
}

/** A contract with those that it uses, to be read. */
export interface JudgingFace extends BaseFace {
  readonly contracts: Readonly<Record<string, Lookup>>;
}

/** Another contract, to be read. */
export type Lookup = Partial<Pick<BaseFace, 'records' | 'sums'>>;

/** Who judges keys, and what it reads. */
export interface AuthorityFace {
  readonly part: ErasedAuthority;
  readonly face: BaseFace;
}

/** A guard with the contract it belongs to. */
export interface ActiveGuard {
  readonly fullName: string;
  readonly owner: ActiveContract;
  readonly guard: ErasedGuard;
}

/** Present transaction; fields are set by the engine alone. */
export interface Current {
  txIndex: number;
  transactionId: Uint8Array;
  writer: string;
  /** How many calls stand in the transaction. */
  callCount: number;
  /** Discretionary acts and stored calls so far, for their keys. */
  ordinal: number;
  events: LedgerEvent[];
}

/** The names of all active contracts, the highest version each at this height. */
export type ActiveVersions = ReadonlyMap<string, LinkedContract>;

export interface Session {
  readonly block: BlockContext;
  readonly rows: BlockRows;
  readonly meter: Meter;
  readonly current: Current;
  readonly versions: ActiveVersions;
  readonly authority: AuthorityFace | undefined;
  contract(name: string): ActiveContract | undefined;
  action(contract: string, action: string): LinkedAction | undefined;
  guardsOf(fullAction: string): readonly ActiveGuard[];
  guard(fullName: string): ActiveGuard | undefined;
  /** @returns a function that forgets what was written and said after this moment */
  savepoint(): () => void;
}

interface SessionParts {
  readonly block: BlockContext;
  readonly rows: BlockRows;
  readonly meter: Meter;
  readonly versions: ActiveVersions;
}

const NO_ID = new Uint8Array(32);

export function createSession(parts: SessionParts): Session {
  return new BlockSession(parts);
}

class BlockSession implements Session, TableHost {
  readonly block: BlockContext;
  readonly rows: BlockRows;
  readonly meter: Meter;
  readonly versions: ActiveVersions;
  readonly current: Current = {
    txIndex: 0,
    transactionId: NO_ID,
    writer: 'contract:ledger',
    callCount: 0,
    ordinal: 0,
    events: [],
  };
  readonly #contracts = new Map<string, ActiveContract>();
  readonly #parameters = new Map<string, unknown>();
  readonly #today: string;
  #authority: AuthorityFace | undefined;

  constructor({ block, rows, meter, versions }: SessionParts) {
    this.block = block;
    this.rows = rows;
    this.meter = meter;
    this.versions = versions;
    this.#today = civilDateOf(block.timestampMs);
  }

  get authority(): AuthorityFace | undefined {
    this.#authority ??= this.#findAuthority();
    return this.#authority;
  }

  #findAuthority(): AuthorityFace | undefined {
    for (const { name, definition } of this.versions.values()) {
      const part = definition.system?.authority;
      const owner = part === undefined ? undefined : this.contract(name);
      if (part !== undefined && owner !== undefined) return { part, face: owner.base() };
    }
    return undefined;
  }

  contract(name: string): ActiveContract | undefined {
    const known = this.#contracts.get(name);
    if (known !== undefined) return known;
    const linked = this.versions.get(name);
    if (linked === undefined) return undefined;
    const active = this.#build(linked);
    this.#contracts.set(name, active);
    return active;
  }

  action(contract: string, action: string): LinkedAction | undefined {
    return this.versions.get(contract)?.actions.get(action);
  }

  guardsOf(fullAction: string): readonly ActiveGuard[] {
    const guards: ActiveGuard[] = [];
    for (const { name, definition } of this.versions.values()) {
      for (const [key, guard] of Object.entries(definition.guards ?? {})) {
        const owner = guard.actions.includes(fullAction) ? this.contract(name) : undefined;
        if (owner !== undefined) guards.push({ fullName: `${name}.${key}`, owner, guard });
      }
    }
    return guards;
  }

  guard(fullName: string): ActiveGuard | undefined {
    const [name = '', key = ''] = fullName.split('.');
    const owner = this.contract(name);
    const guard = owner?.linked.definition.guards?.[key];
    return owner === undefined || guard === undefined ? undefined : { fullName, owner, guard };
  }

  savepoint(): () => void {
    const restore = this.rows.savepoint();
    const { events, ordinal } = this.current;
    const eventCount = events.length;
    return () => {
      restore();
      events.length = eventCount;
      this.current.ordinal = ordinal;
    };
  }

  writing(): WriteContext {
    const { txIndex, writer } = this.current;
    return { height: this.block.height, txIndex, writer };
  }

  #build(linked: LinkedContract): ActiveContract {
    // Most blocks touch few contracts, and of those most are only read: faces are made when asked.
    let base: BaseFace | undefined;
    let writing: WritingFace | undefined;
    let lookups: Readonly<Record<string, Lookup>> | undefined;
    let judging: JudgingFace | undefined;
    const active: ActiveContract = {
      linked,
      base: () => {
        base ??= this.#buildBase(linked);
        return base;
      },
      writing: () => {
        writing ??= this.#buildWriting(linked);
        return writing;
      },
      lookups: () => {
        lookups ??= this.#buildLookups(linked);
        return lookups;
      },
      judging: () => {
        judging ??= { ...active.base(), contracts: active.lookups() };
        return judging;
      },
    };
    return active;
  }

  #buildLookups({ definition }: LinkedContract): Readonly<Record<string, Lookup>> {
    const lookups: Record<string, Lookup> = {};
    for (const [alias, { name }] of Object.entries(definition.uses ?? {})) {
      const { records, sums } = this.contract(name)?.base() ?? {};
      lookups[alias] = { ...(records && { records }), ...(sums && { sums }) };
    }
    return lookups;
  }

  #buildBase(linked: LinkedContract): BaseFace {
    return {
      ...this.#buildPlace(linked),
      records: mapRecords(linked.records, (record) => createReader(record, this)),
    };
  }

  #buildWriting(linked: LinkedContract): WritingFace {
    const refuse = (code: string, facts: Facts): never => {
      throw new Abort(ownRefusal(linked, code, facts));
    };
    return {
      ...this.#buildPlace(linked),
      records: mapRecords(linked.records, (record) => createTable(record, this, refuse)),
      emit: (event, data) => this.#emit(linked, event, data),
    };
  }

  #buildPlace(linked: LinkedContract): Omit<BaseFace, 'records'> {
    const { height, timestampMs, chain } = this.block;
    return {
      height,
      timestampMs,
      chain,
      today: this.#today,
      parameters: this.#parametersOf(linked),
      sums: mapRecords(linked.sums, (record) => createSumReader(record, this)),
    };
  }

  #emit(linked: LinkedContract, name: string, data: Values): void {
    const check = linked.events.get(name);
    assert(check !== undefined, `${linked.name} declares the event ${name}`);
    this.meter.count('events', 1);
    const faults: InputFault[] = [];
    const fields = check(data, '', faults);
    assert(faults.length === 0, `the event ${linked.name}.${name} has the fields declared`);
    // Checked fields are CBOR values throughout.
    this.current.events.push({
      contract: linked.name,
      name,
      fields: fields as Readonly<Record<string, CborValue>>,
    });
  }

  /** An object whose members read the state when they are asked for, once per block. */
  #parametersOf(linked: LinkedContract): Values {
    const values = {};
    for (const name of Object.keys(linked.definition.parameters ?? {})) {
      Object.defineProperty(values, name, {
        enumerable: true,
        get: () => this.#parameter(linked, name),
      });
    }
    return values;
  }

  #parameter(linked: LinkedContract, name: string): unknown {
    const fullName = `${linked.name}.${name}`;
    if (this.#parameters.has(fullName)) return this.#parameters.get(fullName);
    const declared = linked.definition.parameters?.[name];
    const record = this.versions.get('ledger')?.records.parameter;
    assert(declared !== undefined && record !== undefined, `${fullName} is a parameter`);
    const { row } = this.rows.slotOf(record, { contract: linked.name, name });
    // The row was checked against the ledger's own record when it was read.
    const text = textAt(row as ParameterRow | undefined, this.block.height);
    const value =
      text === undefined ? declared.default : storedParameter(declared.field.spec, text);
    this.#parameters.set(fullName, value);
    return value;
  }
}

/** A refusal by a contract's own code, with its number. */
export function ownRefusal(linked: LinkedContract, code: string, facts: Facts) {
  const receipt = linked.receipts.get(code);
  assert(receipt !== undefined, `${linked.name} declares the failure ${code}`);
  return { receipt, code: publicCodeOf(linked.name, code), facts };
}

function mapRecords<T>(
  records: Readonly<Record<string, LinkedRecord>>,
  build: (record: LinkedRecord) => T,
): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(records).map(([name, record]) => [name, build(record)]));
}

/** The actor of what a contract does by itself. */
export function contractActor(name: string): Actor {
  return { identity: `contract:${name}`, organisation: undefined, publicKey: undefined };
}
