/**
 * I10 and I11: executing the chain again from genesis gives every state root and every result that
 * its headers name. What executes here shares nothing with a node: an engine that has executed
 * nothing else, of the newest release; records in a map; and the state tree by its definition.
 * No database, no stage, no cache, and no block that was executed once for all nodes.
 */
import type { StateWrite } from '@daybook/contracts';
import type { Hash, Header, TreeLeaf } from '@daybook/core';
import {
  compareBytes,
  encodeResult,
  equalBytes,
  resultRoot,
  toHex,
  treeKeyOf,
  treeRootOf,
  valueHashOf,
} from '@daybook/core';
import type { LoggedBlock } from '../logged-chain.ts';
import { watchLoggedChain } from '../logged-chain.ts';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

/** How many of a thousand runs are executed again: it costs what one node's executing costs, and more. */
const RUNS_PERMILLE = 250;

interface HeldRecord {
  readonly leaf: TreeLeaf;
  readonly value: Uint8Array;
}

export const RE_EXECUTION: Checker = reExecutionIn(RUNS_PERMILLE);

/** @param permille  of how many runs of a thousand */
export function reExecutionIn(permille: number): Checker {
  return {
    invariants: ['I10', 'I11'],
    watch: (world) => {
      if (!world.prng.fork('re-execution').chance(permille)) return;
      const follower = new Follower(world);
      watchLoggedChain(world, 0, (block) => {
        follower.follow(block);
      });
    },
  };
}

class Follower {
  readonly #world: World;
  readonly #engine: ReturnType<World['chain']['referenceEngine']>;
  readonly #records = new Map<string, HeldRecord>();

  constructor(world: World) {
    this.#world = world;
    this.#engine = world.chain.referenceEngine();
  }

  follow(block: LoggedBlock): void {
    if (block.header.height === 0) this.#begin(block.header);
    else this.#execute(block);
  }

  #begin({ stateRoot }: Header): void {
    this.#apply(this.#engine.applyGenesis(this.#world.genesis).writes);
    this.#compare(0, 'state', { named: stateRoot, found: this.#root() });
  }

  #execute({ header, entries }: LoggedBlock): void {
    const { chain, height, parentHash, timestampMs, proposer } = header;
    const view = { get: (key: Parameters<typeof treeKeyOf>[0]) => this.#recordAt(treeKeyOf(key)) };
    const input = { chain, height, parentHash, timestampMs, proposer, entries };
    const executed = this.#engine.execute(view, input);
    if (!executed.ok) {
      const { index, code } = executed.reason;
      this.#world.violate('I11', `entry ${index} of block ${height} does not execute: ${code}`);
      return;
    }
    const { transactions, hook, writes } = executed.value;
    const results = [...transactions.map(({ result }) => result), hook].map(encodeResult);
    this.#compare(height, 'result', { named: header.resultRoot, found: resultRoot(results) });
    this.#apply(writes);
    this.#compare(height, 'state', { named: header.stateRoot, found: this.#root() });
    this.#world.coverage.add('block executed again from genesis');
  }

  #recordAt(treeKey: Uint8Array): Uint8Array | undefined {
    return this.#records.get(toHex(treeKey))?.value;
  }

  #apply(writes: readonly StateWrite[]): void {
    for (const { treeKey, value } of writes) {
      const name = toHex(treeKey);
      if (value === undefined) this.#records.delete(name);
      else this.#records.set(name, { leaf: { treeKey, valueHash: valueHashOf(value) }, value });
    }
  }

  #root(): Hash {
    const leaves = [...this.#records.values()].map(({ leaf }) => leaf);
    return treeRootOf(leaves.sort((a, b) => compareBytes(a.treeKey, b.treeKey)));
  }

  #compare(
    height: number,
    what: 'state' | 'result',
    { named, found }: { readonly named: Hash; readonly found: Hash },
  ): void {
    if (equalBytes(named, found)) return;
    const [header, again] = [named, found].map((hash) => toHex(hash).slice(0, 8));
    const words = `block ${height} executed again from genesis gives ${what} root ${again}`;
    this.#world.violate('I11', `${words}, its header names ${header}`);
  }
}
