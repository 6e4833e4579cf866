/**
 * I13, the rules of protocol section 15 by which a set may change, read from what stands on the
 * chain: the sets that headers name, and the READYs in the blocks before. Nothing is asked of
 * governance, whose own count of them is what is judged.
 */
import type { CborValue, Hash, Header, ValidatorSet } from '@daybook/core';
import {
  asPublicKey,
  asSignature,
  blockHash,
  concatBytes,
  createWriter,
  equalBytes,
  LIMITS,
  quorumOf,
  simulationSwitches,
  TAGS,
  toHex,
  validatorsHash,
  verifyStrict,
} from '@daybook/core';
import type { LoggedBlock } from '../logged-chain.ts';
import { watchLoggedChain } from '../logged-chain.ts';
import type { Machine } from '../node/machine.ts';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

/** How many epochs back a READY may name a block. */
const READY_EPOCHS = 2;

/** One boundary: the last header of the old set names the new one. */
interface Boundary {
  /** First height of the new set. */
  readonly height: number;
  readonly old: ValidatorSet;
  readonly next: ValidatorSet;
}

export const ADMISSION: Checker = {
  invariants: ['I13'],
  watch: (world) => {
    const follower = new Follower(world);
    // From genesis on, whose block a READY may name, too.
    watchLoggedChain(world, 0, (block, machine) => {
      follower.follow(block, machine);
    });
  },
};

class Follower {
  readonly #world: World;
  readonly #hashes = new Map<number, Hash>();
  /** The newest block that a key has named as READY, by the key in hex. */
  readonly #ready = new Map<string, number>();
  /** Every key that was ever in a set, in hex. */
  readonly #usedKeys = new Set<string>();
  #set: ValidatorSet;

  constructor(world: World) {
    this.#world = world;
    this.#set = world.genesis.validators;
    this.#use(this.#set);
  }

  follow({ header, entries }: LoggedBlock, machine: Machine): void {
    const { height } = header;
    this.#hashes.set(height, blockHash(header));
    for (const entry of entries) {
      const isReady = entry.type === 'system' && entry.system.kind === 'ready';
      if (isReady) this.#note(entry.system.payload, header.chain);
    }
    if (!equalBytes(header.validatorsHash, validatorsHash(this.#set)))
      this.#recover(header, machine);
    if (equalBytes(header.validatorsHash, header.nextValidatorsHash)) return;
    const next = machine.replica()?.history.at(height + 1);
    // That a node has not the set that a header names is I17.
    if (next === undefined || !equalBytes(validatorsHash(next), header.nextValidatorsHash)) return;
    this.#judge({ height: height + 1, old: this.#set, next });
    this.#use(next);
    this.#set = next;
  }

  /** A recovery sets these rules aside: its set is that of the file (protocol section 19). */
  #recover({ height, validatorsHash: named }: Header, machine: Machine): void {
    const told = machine.replica()?.history.at(height);
    if (told === undefined || !equalBytes(validatorsHash(told), named)) return;
    this.#use(told);
    this.#set = told;
  }

  #use(set: ValidatorSet): void {
    for (const { publicKey } of set) this.#usedKeys.add(toHex(publicKey));
  }

  /** Takes a READY that is signed and names a block of this chain; that others are none is ours to say. */
  #note(payload: CborValue, chain: Hash): void {
    if (!Array.isArray(payload)) return;
    const [key, named, hash, signature] = payload as readonly CborValue[];
    const isBytes = [key, hash, signature].every((one) => one instanceof Uint8Array);
    if (!isBytes || typeof named !== 'number') return;
    const bytes = [key, hash, signature] as readonly Uint8Array[];
    const [publicKey = chain, block = chain, proof = chain] = bytes;
    const known = this.#hashes.get(named);
    if (known === undefined || !equalBytes(known, block)) return;
    if (!isSigned({ publicKey, named, block, proof, chain })) return;
    const name = toHex(publicKey);
    this.#ready.set(name, Math.max(named, this.#ready.get(name) ?? 0));
  }

  #judge({ height, old, next }: Boundary): void {
    const fault = this.#faultOf({ height, old, next });
    this.#world.coverage.add('admission to a set judged');
    if (fault !== undefined) {
      this.#world.violate('I13', `the set of ${height} breaks a rule of admission: ${fault}`);
    }
  }

  /** The first of rules (1) to (6) that the new set breaks. */
  #faultOf({ height, old, next }: Boundary): string | undefined {
    const { quorum } = quorumOf(next.length);
    const isSmall = next.length < LIMITS.validatorsMin && next.length < old.length;
    const isDevelopment = this.#world.genesis.validators.length < LIMITS.validatorsMin;
    if (isSmall && !isDevelopment) return `(1) ${next.length} validators`;
    if (next.length > LIMITS.validatorsMax) return `(1) ${next.length} validators`;

    const newcomers = next.filter(({ publicKey }) => !hasKey(old, publicKey));
    if (newcomers.some(({ publicKey }) => this.#usedKeys.has(toHex(publicKey)))) {
      return '(2) a key was used before';
    }
    const changed = changedBetween(old, next);
    const changesMax = Math.max(1, quorumOf(old.length).faultyMax);
    if (changed > changesMax) return `(3) ${changed} changes where ${changesMax} may be`;

    const { epochBlocks } = this.#world.genesis.document.parameters;
    // Who has said nothing has not said it of genesis.
    const since = Math.max(0, height - READY_EPOCHS * epochBlocks);
    const isReady = ({ publicKey }: ValidatorSet[number]): boolean => {
      return (this.#ready.get(toHex(publicKey)) ?? -1) >= since;
    };
    if (!newcomers.every(isReady)) return '(4) a newcomer without a READY';
    if (old.length >= LIMITS.validatorsMin && newcomers.length > next.length - quorum) {
      return `(5) ${newcomers.length} newcomers among ${next.length}`;
    }
    const readyCount = next.filter(isReady).length;
    return readyCount < quorum ? `(6) ${readyCount} READY where Q is ${quorum}` : undefined;
  }
}

function hasKey(set: ValidatorSet, publicKey: Uint8Array): boolean {
  return set.some((one) => equalBytes(one.publicKey, publicKey));
}

/** Validators that came, left, or have another key. */
function changedBetween(old: ValidatorSet, next: ValidatorSet): number {
  const names = (set: ValidatorSet, other: ValidatorSet): readonly string[] =>
    set.filter(({ publicKey }) => !hasKey(other, publicKey)).map(({ id }) => toHex(id));
  return new Set([...names(old, next), ...names(next, old)]).size;
}

interface ReadyClaim {
  readonly publicKey: Uint8Array;
  readonly named: number;
  readonly block: Uint8Array;
  readonly proof: Uint8Array;
  readonly chain: Hash;
}

/** Tag, G, height and hash of the block named. What it costs is not the work of a node. */
function isSigned({ publicKey, named, block, proof, chain }: ReadyClaim): boolean {
  if (publicKey.length !== 32 || proof.length !== 64) return false;
  const switches = simulationSwitches();
  const checksBefore = switches?.signatureChecks ?? 0;
  const writer = createWriter();
  writer.u64(named);
  const message = concatBytes(TAGS.READY, chain, writer.finish(), block);
  const holds = verifyStrict(asPublicKey(publicKey), message, asSignature(proof));
  if (switches !== undefined) switches.signatureChecks = checksBefore;
  return holds;
}
