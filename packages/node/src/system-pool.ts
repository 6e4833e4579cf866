/**
 * System transactions that wait for a block: proven faults and READYs, each judged by the head's
 * state before it is kept. Bounded by what can be waited for: one READY for each validator, present
 * or to come, and a few faults of each.
 */
import { examineEvidence, examineReady } from '@daybook/applications';
import type { Hash, Result, SystemTransaction } from '@daybook/core';
import { assertNever, fail, LIMITS, ok, readEvidence, toHex } from '@daybook/core';
import type { Ledger } from './ledger/ledger.ts';

export interface SystemPool {
  /** Judges a system transaction and keeps it. */
  offer(system: SystemTransaction): Result<'new' | 'known', SystemRefusal>;
  /** What the next block may hold, faults first. */
  select(): readonly SystemTransaction[];
  byHash(hash: Hash): SystemTransaction | undefined;
  has(system: SystemTransaction): boolean;
  /** Takes out what a block included, or what no block will include. */
  drop(systems: readonly SystemTransaction[]): void;
  /** Judges again everything that waits: now and then, since heights pass. */
  review(): void;
  count(kind: SystemTransaction['kind']): number;
  /** Faults that wait of the validator of whom most wait. */
  largestShare(): number;
}

export interface SystemRefusal {
  readonly code: string;
  /** Wrong whatever the state: whoever passed it on did not check it. */
  readonly isFault: boolean;
}

/** Faults that wait, of all validators and of one; a liar can make any number. */
export const EVIDENCE_POOL = { faultsMax: 256, faultsOfOneMax: 24 } as const;
/** A READY that names a block up to so far above the own head waits until the node is there. */
const READY_AHEAD_MAX = 100;

/** What is wrong in any state of the chain. */
const FAULTS: readonly string[] = [
  'CORE_EVIDENCE_MALFORMED',
  'CORE_EVIDENCE_HARMLESS',
  'CORE_EVIDENCE_SIGNATURE',
];

interface Waiting {
  readonly system: SystemTransaction;
  /** Whose it is, in hex. */
  readonly key: string;
  /** Height of the fault, or of the block that a READY names. */
  readonly height: number;
}

interface Judged {
  /** One system transaction waits in each place. */
  readonly place: string;
  readonly waiting: Waiting;
}

/** The key, in hex, that evidence is against, as it says. */
function accusedOf({ kind, payload }: SystemTransaction): string | undefined {
  const proof = kind === 'evidence' ? readEvidence(payload) : undefined;
  return proof?.ok === true ? toHex(proof.value.publicKey) : undefined;
}

function refuse(code: string, isFault = false): Result<never, SystemRefusal> {
  return fail({ code, isFault });
}

class HeadPool implements SystemPool {
  readonly #ledger: Pick<Ledger, 'head' | 'genesis'>;
  readonly #byPlace = new Map<string, Waiting>();
  /** Keys of validators, in hex, for whose faults there was no room since something last went. */
  readonly #crowded = new Set<string>();

  constructor(ledger: Pick<Ledger, 'head' | 'genesis'>) {
    this.#ledger = ledger;
  }

  offer(system: SystemTransaction): Result<'new' | 'known', SystemRefusal> {
    if (this.has(system)) return ok('known');
    // A liar makes faults without end, and each would cost two signatures to find no room.
    const accused = accusedOf(system);
    if (accused !== undefined && this.#crowded.has(accused)) {
      return refuse('NODE_SYSTEM_POOL_FULL');
    }
    const judged = this.#judge(system);
    if (!judged.ok) return judged;
    const { place, waiting } = judged.value;
    const held = this.#byPlace.get(place);
    // A later READY of the same key takes the place of an earlier one.
    if (held !== undefined && held.height >= waiting.height) return ok('known');
    if (held === undefined && !this.#hasRoom(system.kind, waiting.key)) {
      if (accused !== undefined) this.#crowded.add(accused);
      return refuse('NODE_SYSTEM_POOL_FULL');
    }
    this.#byPlace.set(place, waiting);
    return ok('new');
  }

  #judge(system: SystemTransaction): Result<Judged, SystemRefusal> {
    const { reader, header } = this.#ledger.head();
    const next = { chain: this.#ledger.genesis.chain, height: header.height + 1 };
    switch (system.kind) {
      case 'evidence': {
        const judged = examineEvidence(reader, system.payload, next);
        if (!judged.ok) return refuse(judged.reason.code, FAULTS.includes(judged.reason.code));
        const { validator, height, kind } = judged.value.key;
        const key = toHex(validator);
        const place = `evidence/${key}/${height}/${kind}`;
        return ok({ place, waiting: { system, key, height } });
      }
      case 'ready': {
        const judged = examineReady(reader, system.payload, next);
        if (!judged.ok && judged.reason.isEarly) return this.#judgeEarly(system);
        if (!judged.ok) return refuse('NODE_READY_REFUSED');
        const { publicKey, height } = judged.value;
        const key = toHex(publicKey);
        return ok({ place: `ready/${key}`, waiting: { system, key, height } });
      }
      case 'recovery':
        // It comes from the operator's hand, never from a peer.
        return refuse('NODE_SYSTEM_UNEXPECTED', true);
      default:
        return assertNever(system.kind);
    }
  }

  /** Signed by an expected key, for a block that this node does not have yet. */
  #judgeEarly(system: SystemTransaction): Result<Judged, SystemRefusal> {
    const [publicKey, height] = system.payload as readonly [Uint8Array, number];
    if (height > this.#ledger.head().header.height + READY_AHEAD_MAX) {
      return refuse('NODE_READY_REFUSED');
    }
    const key = toHex(publicKey);
    return ok({ place: `ready/${key}`, waiting: { system, key, height } });
  }

  #hasRoom(kind: SystemTransaction['kind'], key: string): boolean {
    // Only expected keys get here with a READY, so that their number is bounded by the state.
    if (kind !== 'evidence') return true;
    const waiting = [...this.#byPlace.values()].filter(({ system }) => system.kind === kind);
    const own = waiting.filter((one) => one.key === key);
    const { faultsMax, faultsOfOneMax } = EVIDENCE_POOL;
    return waiting.length < faultsMax && own.length < faultsOfOneMax;
  }

  select(): readonly SystemTransaction[] {
    const next = this.#ledger.head().header.height + 1;
    const waiting = [...this.#byPlace.values()];
    const ofKind = (kind: SystemTransaction['kind']): readonly Waiting[] =>
      waiting.filter(({ system }) => system.kind === kind);
    const faults = ofKind('evidence').slice(0, LIMITS.evidencePerBlockMax);
    const readies = ofKind('ready')
      .filter(({ height }) => height <= next - 2)
      .slice(0, LIMITS.readyPerBlockMax);
    return [...faults, ...readies].map(({ system }) => system);
  }

  byHash(hash: Hash): SystemTransaction | undefined {
    const wanted = toHex(hash);
    return [...this.#byPlace.values()].find(({ system }) => toHex(system.hash) === wanted)?.system;
  }

  has({ id }: SystemTransaction): boolean {
    const wanted = toHex(id);
    return [...this.#byPlace.values()].some(({ system }) => toHex(system.id) === wanted);
  }

  drop(systems: readonly SystemTransaction[]): void {
    this.#crowded.clear();
    if (this.#byPlace.size === 0) return;
    const gone = new Set(systems.map(({ id }) => toHex(id)));
    for (const [place, { system }] of this.#byPlace) {
      if (gone.has(toHex(system.id))) this.#byPlace.delete(place);
    }
  }

  review(): void {
    this.#crowded.clear();
    for (const [place, { system }] of this.#byPlace) {
      if (!this.#judge(system).ok) this.#byPlace.delete(place);
    }
  }

  count(kind: SystemTransaction['kind']): number {
    return [...this.#byPlace.values()].filter(({ system }) => system.kind === kind).length;
  }

  largestShare(): number {
    const shares = new Map<string, number>();
    for (const { system, key } of this.#byPlace.values()) {
      if (system.kind === 'evidence') shares.set(key, (shares.get(key) ?? 0) + 1);
    }
    return Math.max(0, ...shares.values());
  }
}

/** An empty pool over the head of a ledger. */
export function createSystemPool(ledger: Pick<Ledger, 'head' | 'genesis'>): SystemPool {
  return new HeadPool(ledger);
}
