/**
 * The API's ports over the real engine and a Map: blocks of one validator, made when told, with true
 * roots and a true certificate. Versions of records are kept, so history and old heights work.
 */
import type { Engine, Manifest } from '@daybook/contracts';
import { createEngine, failureOf, fillWords } from '@daybook/contracts';
import type {
  BodyEntry,
  Genesis,
  RecordKey,
  Signer,
  Transaction,
  TransactionId,
  ValidatorSet,
} from '@daybook/core';
import {
  asPublicKey,
  asSignature,
  asValidatorId,
  blockHash,
  buildValidatorSet,
  createSigner,
  decodeTransaction,
  encodeResult,
  equalBytes,
  fail,
  ok,
  refOf,
  resultRoot,
  sha256,
  signBytes,
  toHex,
  transactionRoot,
  transactionSignBytes,
  treeKeyOf,
  treePrefixOf,
  treeRootOf,
  validatorIdOf,
  validatorsHash,
  valueHashOf,
  verifyStrict,
  ZERO_HASH,
} from '@daybook/core';
import type {
  Chain,
  Contracts,
  FinalBlock,
  Head,
  Heads,
  Placement,
  Records,
  Refusal,
  Submissions,
} from '../../../src/api/ports.ts';
import { buildGenesis, GENESIS_TIME } from './genesis.ts';
import { notebook } from './notebook.ts';

const BLOCK_MS = 1000;

interface Version {
  readonly height: number;
  readonly value: Uint8Array | undefined;
}

interface Kept {
  readonly key: RecordKey;
  /** Oldest first. */
  readonly versions: Version[];
}

export interface MemoryLedger {
  readonly chain: Chain;
  readonly heads: Heads;
  readonly submissions: Submissions;
  readonly records: Records;
  readonly contracts: Contracts;
  /** Makes waiting transactions final; an empty block if none waits. */
  seal(): FinalBlock;
  /** Seals by itself, one turn of the event loop after a transaction came. */
  sealByItself(): void;
  /** Forgets bodies and states below a height. */
  prune(below: number): void;
  /** Drops what waits, as if its time had passed. */
  expireAll(): void;
  /** How many blocks are written and not the head yet. */
  unseen: number;
}

export function createMemoryLedger(): MemoryLedger {
  return new Ledger();
}

class Ledger implements MemoryLedger {
  readonly chain: Chain;
  readonly heads: Heads;
  readonly submissions: Submissions;
  readonly records: Records;
  readonly contracts: Contracts;
  readonly #engine: Engine = createEngine([notebook]);
  readonly #manifest: Manifest = this.#engine.manifest();
  readonly #signer: Signer = createSigner(sha256(Uint8Array.of(7)));
  readonly #validators: ValidatorSet;
  readonly #genesis: Genesis;
  readonly #kept = new Map<string, Kept>();
  readonly #blocks: FinalBlock[] = [];
  readonly #places = new Map<string, Placement>();
  readonly #refusals = new Map<string, Refusal>();
  readonly #pool = new Map<string, Transaction>();
  readonly #listeners = new Set<(head: Head) => void>();
  readonly #waiters = new Map<string, Set<(outcome: Placement | 'expired') => void>>();
  #oldest = 0;
  #isAutomatic = false;
  unseen = 0;

  constructor() {
    const publicKey = asPublicKey(this.#signer.publicKey);
    this.#validators = buildValidatorSet([{ id: validatorIdOf(publicKey), publicKey }]);
    this.#genesis = buildGenesis(this.#validators);
    const { writes } = this.#engine.applyGenesis(this.#genesis);
    this.#write(writes, 0);
    this.#append([], []);
    this.chain = this.#chainPort();
    this.heads = {
      onHead: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
    this.submissions = this.#submissionsPort();
    this.records = this.#recordsPort();
    this.contracts = { manifest: () => this.#manifest };
  }

  seal(): FinalBlock {
    const transactions = [...this.#pool.values()];
    this.#pool.clear();
    const height = this.#blocks.length;
    const entries: BodyEntry[] = transactions.map((transaction) => ({
      type: 'transaction',
      transaction,
    }));
    const executed = this.#engine.execute(
      { get: (key) => this.#valueAt(key, height - 1) },
      {
        chain: this.#genesis.chain,
        height,
        timestampMs: GENESIS_TIME + height * BLOCK_MS,
        proposer: asValidatorId(this.#validators[0]?.id ?? new Uint8Array(32)),
        entries,
      },
    );
    if (!executed.ok) throw new Error(executed.reason.code);
    this.#write(executed.value.writes, height);
    for (const [index, { failure, result }] of executed.value.transactions.entries()) {
      if (failure !== undefined)
        this.#refusals.set(`${height}.${index}`, this.#words(result.code, failure));
    }
    const results = [
      ...executed.value.transactions.map(({ result }) => result),
      executed.value.hook,
    ];
    const block = this.#append(entries, results);
    for (const [index, { id }] of transactions.entries()) {
      this.#places.set(toHex(id), { height, index });
      this.#wake(id, { height, index });
    }
    const head = this.chain.head();
    for (const listener of this.#listeners) listener(head);
    return block;
  }

  sealByItself(): void {
    this.#isAutomatic = true;
  }

  prune(below: number): void {
    this.#oldest = below;
  }

  expireAll(): void {
    const waiting = [...this.#pool.values()];
    this.#pool.clear();
    for (const { id } of waiting) this.#wake(id, 'expired');
  }

  #words(receipt: number, failure: { readonly code: string; readonly facts?: object }): Refusal {
    const found = failureOf(this.#manifest, receipt);
    const facts = { ...failure.facts };
    if (found === undefined) return { code: failure.code, detail: failure.code };
    return { code: found.code, detail: fillWords(found, facts).en };
  }

  #wake(id: TransactionId, outcome: Placement | 'expired'): void {
    for (const wake of this.#waiters.get(toHex(id)) ?? []) wake(outcome);
    this.#waiters.delete(toHex(id));
  }

  #write(
    writes: readonly { readonly recordKey: RecordKey; readonly value: Uint8Array | undefined }[],
    height: number,
  ): void {
    for (const { recordKey, value } of writes) {
      const name = orderOf(recordKey);
      const kept = this.#kept.get(name) ?? { key: recordKey, versions: [] };
      kept.versions.push({ height, value });
      this.#kept.set(name, kept);
    }
  }

  #valueAt(key: RecordKey, height: number): Uint8Array | undefined {
    const versions = this.#kept.get(orderOf(key))?.versions ?? [];
    return versions.findLast((version) => version.height <= height)?.value;
  }

  #stateRoot(height: number) {
    const leaves = [...this.#kept.values()].flatMap(({ key }) => {
      const value = this.#valueAt(key, height);
      return value === undefined
        ? []
        : [{ treeKey: treeKeyOf(key), valueHash: valueHashOf(value) }];
    });
    return treeRootOf(leaves);
  }

  #append(entries: readonly BodyEntry[], results: FinalBlock['results']): FinalBlock {
    const height = this.#blocks.length;
    const set = validatorsHash(this.#validators);
    const header = {
      version: 1,
      chain: this.#genesis.chain,
      height,
      parentHash: this.#blocks.at(-1)?.blockHash ?? ZERO_HASH,
      timestampMs: GENESIS_TIME + height * BLOCK_MS,
      proposer: this.#validators[0]?.id ?? asValidatorId(new Uint8Array(32)),
      txRoot: transactionRoot(entries.map(refOf)),
      stateRoot: this.#stateRoot(height),
      resultRoot: resultRoot(results.map(encodeResult)),
      historyRoot: ZERO_HASH,
      validatorsHash: set,
      nextValidatorsHash: set,
    };
    const hash = blockHash(header);
    const content = { type: 'commit', height, round: 0, blockHash: hash } as const;
    const message = signBytes(this.#genesis.chain, content);
    const certificate = {
      kind: 'commit',
      height,
      round: 0,
      blockHash: hash,
      validatorCount: 1,
      signers: [0],
      signatures: [asSignature(this.#signer.sign(message))],
    } as const;
    const body = entries.map((entry) =>
      entry.type === 'transaction' ? entry.transaction.bytes : entry.system.bytes,
    );
    const block: FinalBlock = {
      header,
      blockHash: hash,
      transactionCount: body.length,
      certificate: height === 0 ? undefined : certificate,
      body,
      results,
    };
    this.#blocks.push(block);
    return block;
  }

  #headAt(height: number): Head {
    const block = this.#blocks[height];
    if (block === undefined) throw new Error('no such block');
    const { timestampMs } = block.header;
    return { height, blockHash: block.blockHash, timestampMs };
  }

  #chainPort(): Chain {
    const at = (height: number): FinalBlock | undefined =>
      height >= this.#oldest ? this.#blocks[height] : undefined;
    return {
      genesis: this.#genesis,
      parameters: () => this.#genesis.document.parameters,
      head: () => this.#headAt(this.#blocks.length - 1 - this.unseen),
      outline: async (height) => at(height),
      block: async (height) => at(height),
      heightOf: async (hash) => {
        const height = this.#blocks.findIndex((block) => equalBytes(block.blockHash, hash));
        return height < 0 ? undefined : height;
      },
      locate: async (id) => this.#places.get(toHex(id)),
      validatorsAt: async (height) =>
        height >= 1 && height <= this.#blocks.length ? this.#validators : undefined,
    };
  }

  #admit(wire: Uint8Array) {
    const decoded = decodeTransaction(wire);
    if (!decoded.ok) return fail({ code: decoded.reason.code, detail: 'Not a transaction.' });
    const transaction = decoded.value;
    const { id, body, bodyBytes, signatures } = transaction;
    if (this.#places.has(toHex(id))) {
      return fail({ code: 'NODE_TRANSACTION_REPLAYED', detail: 'It is final already.' });
    }
    const signed = body.signers.every(({ publicKey }, index) =>
      verifyStrict(publicKey, transactionSignBytes(bodyBytes), signatures[index] ?? ZERO_HASH),
    );
    if (!signed) return fail({ code: 'NODE_TRANSACTION_SIGNATURE', detail: 'A signature is bad.' });
    const known = this.#pool.has(toHex(id));
    this.#pool.set(toHex(id), transaction);
    if (this.#isAutomatic && !known) setImmediate(() => this.#pool.size > 0 && this.seal());
    return ok({ id, known });
  }

  #submissionsPort(): Submissions {
    const wait = (id: TransactionId, signal: AbortSignal) =>
      new Promise<Placement | 'expired' | 'aborted'>((resolve) => {
        const place = this.#places.get(toHex(id));
        if (place !== undefined) return resolve(place);
        if (!this.#pool.has(toHex(id))) return resolve('expired');
        if (signal.aborted) return resolve('aborted');
        signal.addEventListener('abort', () => resolve('aborted'), { once: true });
        const waiters = this.#waiters.get(toHex(id)) ?? new Set();
        waiters.add(resolve);
        this.#waiters.set(toHex(id), waiters);
        return undefined;
      });
    return {
      submit: async (wires) => wires.map((wire) => this.#admit(wire)),
      pending: (id) => (this.#pool.has(toHex(id)) ? 'accepted' : undefined),
      accepted: async (id) => (this.#pool.has(toHex(id)) ? 'accepted' : 'expired'),
      committed: wait,
    };
  }

  #judgeHeight(height: number): Refusal | undefined {
    if (height >= this.#blocks.length) return { code: 'NODE_STATE_UNKNOWN', detail: 'Too high.' };
    if (height < this.#oldest) return { code: 'NODE_STATE_PRUNED', detail: 'Too low.' };
    return undefined;
  }

  /** No real proof: what it would be about. */
  #proof(about: Uint8Array, height: number) {
    const refusal = this.#judgeHeight(height);
    return refusal === undefined ? ok(about) : fail(refusal);
  }

  #recordsPort(): Records {
    const newest = (): number => this.#blocks.length - 1;
    return {
      get: async (key, height = newest()) => {
        const refusal = this.#judgeHeight(height);
        if (refusal !== undefined) return fail(refusal);
        return ok({ head: this.#headAt(height), value: this.#valueAt(key, height) });
      },
      list: async ({ set, partition }, { after, limit, height = newest() }) => {
        const refusal = this.#judgeHeight(height);
        if (refusal !== undefined) return fail(refusal);
        const records = [...this.#kept.values()]
          .filter(({ key }) => key.set === set)
          .filter(({ key }) => partition === undefined || sameBytes(key.partition, partition))
          .filter(({ key }) => after === undefined || orderOf(key) > orderOf(after))
          .sort((a, b) => (orderOf(a.key) < orderOf(b.key) ? -1 : 1))
          .flatMap(({ key }) => {
            const value = this.#valueAt(key, height);
            return value === undefined ? [] : [{ key, value }];
          });
        return ok({ head: this.#headAt(height), records: records.slice(0, limit) });
      },
      history: async (key, { before, limit }) => {
        const versions = (this.#kept.get(orderOf(key))?.versions ?? [])
          .filter(({ height }) => before === undefined || height < before)
          .toReversed()
          .slice(0, limit);
        return { head: this.#headAt(newest()), versions, completeFrom: 0 };
      },
      blockTime: (height) => (height > newest() ? undefined : this.#headAt(height).timestampMs),
      prove: async (key, height = newest()) => this.#proof(treeKeyOf(key), height),
      proveList: async (place, { from, height = newest() }) =>
        this.#proof(from ?? treePrefixOf(place), height),
      subtree: async (place, height = newest()) => {
        const refusal = this.#judgeHeight(height);
        if (refusal !== undefined) return fail(refusal);
        const { stateRoot: root } = this.#blocks[height]?.header ?? { stateRoot: ZERO_HASH };
        const part = { kind: 'node', ...place, slots: [] } as const;
        return ok({ head: this.#headAt(height), shown: { height, root, part } });
      },
      range: async ({ from, height = newest() }) => this.#proof(from ?? new Uint8Array(), height),
      explain: async ({ height, index }) => this.#refusals.get(`${height}.${index}`),
    };
  }
}

/** Order of (set, partition, key) bytes as text. */
function orderOf({ set, partition, key }: RecordKey): string {
  return `${set.toString(16).padStart(8, '0')}.${toHex(partition ?? new Uint8Array())}.${toHex(key)}`;
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && equalBytes(a, b);
}
