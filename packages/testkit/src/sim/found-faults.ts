/**
 * What nodes have found out about each other, against what the chain holds (I15). Neither side asks
 * a node for its opinion: a fault counts as found when a node says so in its log, and as recorded
 * when a final block has evidence of it. What becomes of it in between is the node's to get right.
 */
import type { EvidenceProof, ValidatorSet } from '@daybook/core';
import { conflictOf, equalBytes, LIMITS, readEvidence, toHex } from '@daybook/core';
import type { Machine } from './node/machine.ts';
import type { World } from './world/world.ts';

export interface FoundFaults {
  /**
   * Follows what these machines have found in their present lives and what no block holds yet: a
   * process that dies may take with it what it has not written.
   * @returns what is still to be recorded, in words
   */
  unrecorded(core: readonly Machine[]): () => readonly string[];
}

interface Found {
  readonly machine: Machine;
  readonly life: number;
  /** Validator, height and kind: recorded once. */
  readonly place: string;
  /** Of the fault. */
  readonly height: number;
  /** By when a block must hold it, if it came to light after healing. */
  readonly due: number | undefined;
}

function placeOf(validator: string, height: number, kind: string): string {
  return `${kind} of ${validator} at ${height}`;
}

/** The place of a proof on chain, by the set that signed its height. */
function placeOfProof(proof: EvidenceProof, machine: Machine): string | undefined {
  const { publicKey, height, first, second } = proof;
  const set = machine.replica()?.history.at(height);
  const validator = set?.find((one) => equalBytes(one.publicKey, publicKey));
  const kind = conflictOf(first.content, second.content);
  if (validator === undefined || kind === undefined) return undefined;
  return placeOf(toHex(validator.id), height, kind);
}

/** Within so many blocks, by the number of validators. */
export function inclusionBlocks(validators: ValidatorSet): number {
  return 3 * validators.length;
}

class Watch implements FoundFaults {
  readonly #world: World;
  readonly #validators: () => ValidatorSet;
  /** What correct machines found and no block holds. */
  readonly #open = new Map<string, Found>();
  readonly #recorded = new Set<string>();
  /** After healing: whose findings must come on chain in time. */
  #core: readonly Machine[] = [];

  constructor(world: World, validators: () => ValidatorSet) {
    this.#world = world;
    this.#validators = validators;
    world.events.on('evidence', ({ machine, validator, height, kind }) => {
      if (machine.isHonest) this.#find(machine, placeOf(validator, height, kind), height);
    });
    world.events.on('healed', ({ core }) => {
      this.#core = core;
    });
    world.events.on('committed', ({ machine, block }) => {
      if (!machine.isHonest) return;
      for (const entry of block.entries) {
        if (entry.type !== 'system' || entry.system.kind !== 'evidence') continue;
        const read = readEvidence(entry.system.payload);
        const place = read.ok ? placeOfProof(read.value, machine) : undefined;
        if (place !== undefined) this.#record(place);
      }
      this.#judge(block.header.height);
    });
  }

  #find(machine: Machine, place: string, height: number): void {
    if (this.#recorded.has(place)) return;
    const key = `${machine.name}/${machine.lives} ${place}`;
    if (this.#open.has(key)) return;
    const due = this.#core.includes(machine) ? this.#dueNow() : undefined;
    this.#open.set(key, { machine, life: machine.lives, place, height, due });
  }

  #dueNow(): number {
    const head = Math.max(...this.#core.map((one) => one.height()));
    return head + inclusionBlocks(this.#validators());
  }

  #record(place: string): void {
    if (this.#recorded.has(place)) return;
    this.#recorded.add(place);
    for (const [key, found] of this.#open) {
      if (found.place !== place) continue;
      this.#open.delete(key);
      this.#world.coverage.add('found evidence recorded');
    }
  }

  /** What came to light after healing has its own bound. @param height  of a final block */
  #judge(height: number): void {
    for (const found of this.#open.values()) {
      if (found.due === undefined || height <= found.due || !isWanted(found)) continue;
      const words = `${found.machine.name} found ${found.place}, and block ${found.due} is final`;
      this.#world.violate('I15', `${words} without it`);
    }
  }

  unrecorded(core: readonly Machine[]): () => readonly string[] {
    const known = [...this.#open.entries()].filter(([, { machine }]) => core.includes(machine));
    this.#world.coverage.add(
      'found evidence awaited',
      known.filter(([, one]) => isWanted(one)).length,
    );
    return () =>
      known
        .filter(([key, found]) => this.#open.has(key) && isWanted(found))
        .map(([, { machine, place }]) => `${machine.name} found ${place}`);
  }
}

/** Whether its finder still lives and the contract would still take it. */
function isWanted({ machine, life, height }: Found): boolean {
  const isTooOld = height + LIMITS.evidenceBlocksMax < machine.height() + 1;
  return machine.lives === life && machine.state() === 'up' && !isTooOld;
}

/** @param validators  the newest set */
export function watchFoundFaults(world: World, validators: () => ValidatorSet): FoundFaults {
  return new Watch(world, validators);
}
