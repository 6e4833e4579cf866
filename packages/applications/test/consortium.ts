/**
 * A small consortium with validators for the tests of directory and governance: real keys, a real
 * genesis document, and an engine over a map, block after block. Signatures of transactions are the
 * node's business and left out; those that contracts judge themselves are real.
 */

import {
  directory,
  governance,
  readParameters,
  readRotation,
  readValidatorSet,
  readySignBytes,
} from '@daybook/applications';
import type { Contract, Engine, Executed, Execution, StateView } from '@daybook/contracts';
import { createEngine, foundingContractsOf, openRecords } from '@daybook/contracts';
import type {
  BodyEntry,
  Call,
  ChainParameters,
  Genesis,
  Hash,
  PublicKey,
  RecordKey,
  SystemKind,
} from '@daybook/core';
import {
  asHash,
  asPublicKey,
  assert,
  decodeBodyEntry,
  encodeBody,
  encodeSystemTransaction,
  encodeTransaction,
  encodeUtf8,
  GENESIS_FORMAT,
  peerIdFromPublicKey,
  possessionSignBytes,
  proposerOf,
  publicKeyOf,
  readGenesis,
  sha256,
  sign,
  toHex,
  ZERO_HASH,
} from '@daybook/core';

export const START_MS = 1_700_000_000_000;
const BLOCK_MS = 1000;

/** Reads the rows of the two contracts. */
export const rowsOf = { directory: openRecords(directory), governance: openRecords(governance) };

/** A secret key made from a name, the same in every run. */
export function secretOf(name: string): Uint8Array {
  return sha256(encodeUtf8(`secret ${name}`));
}

/** The public key of `secretOf(name)`. */
export function keyOf(name: string): PublicKey {
  return publicKeyOf(secretOf(name));
}

export interface ConsortiumOptions {
  /** Slugs; each gets officers `admin` (administrator, delegate) and `clerk` (no role). */
  readonly organisations: readonly string[];
  /** Which of them run a validator; all, if left out. */
  readonly validators?: readonly string[];
  readonly parameters?: Partial<ChainParameters>;
  readonly developmentMode?: boolean;
  readonly contracts?: readonly Contract[];
}

export interface BlockOptions {
  readonly afterMs?: number;
  /** Who proposes: by default the validator whose turn it is. */
  readonly proposer?: 'in turn' | 'another';
}

export interface TestChain {
  readonly engine: Engine;
  readonly view: StateView;
  readonly genesis: Genesis;
  height(): number;
  timeMs(): number;
  /** Hash that a block of this height has in the test. */
  hashOf(height: number): Hash;
  block(entries: readonly BodyEntry[], options?: BlockOptions): Execution;
  /** Executes a block and says whether it was valid. */
  tryBlock(entries: readonly BodyEntry[], options?: BlockOptions): string;
  /** One call in a block of its own; signers are `organisation/name`, or `key:name` for a bare key. */
  act(signers: readonly string[], action: string, args: Call['args']): Executed;
  /** Lets empty blocks pass until the head has this height. */
  passTo(height: number): void;
  validators(height?: number): ReturnType<typeof readValidatorSet>;
  rotation(): ReturnType<typeof readRotation>;
  parameters(height?: number): ChainParameters;
  ready(name: string, height: number): BodyEntry;
  dump(): ReadonlyMap<string, string>;
}

/** `directory.officer` and the like: what a refusal is called, or OK. */
export function codeOf({ result, failure }: Executed): string {
  assert((result.code === 0) === (failure === undefined), 'a code has its failure');
  return failure?.code ?? 'OK';
}

export function createChain(options: ConsortiumOptions): TestChain {
  const genesis = genesisOf(options);
  const engine = createEngine(contractsOf(options));
  const values = new Map<string, Uint8Array>();
  const view: StateView = { get: (key) => values.get(textOf(key)) };
  const store = (writes: Execution['writes']): void => {
    for (const { recordKey, value } of writes) {
      if (value === undefined) values.delete(textOf(recordKey));
      else values.set(textOf(recordKey), value);
    }
  };
  store(engine.applyGenesis(genesis).writes);
  let head = 0;
  let timeMs = START_MS;
  const hashOf = (height: number): Hash => asHash(sha256(encodeUtf8(`block ${height}`)));

  const proposerFor = (height: number, which: BlockOptions['proposer']) => {
    const validators = readValidatorSet(view, height);
    const { epochBlocks } = readParameters(view, height);
    const rotation = readRotation(view, validators);
    const context = { chain: genesis.chain, height, epochBlocks, validators, rotation };
    const chosen = validators[proposerOf(context, which === 'another' ? 1 : 0)];
    assert(chosen !== undefined, 'there is a proposer');
    return chosen.id;
  };
  const execute = (entries: readonly BodyEntry[], { afterMs, proposer }: BlockOptions) => {
    const height = head + 1;
    const input = {
      chain: genesis.chain,
      height,
      timestampMs: timeMs + (afterMs ?? BLOCK_MS),
      proposer: proposerFor(height, proposer),
      parentHash: hashOf(head),
      entries,
    };
    const executed = engine.execute(view, input);
    if (!executed.ok) {
      const { reason } = executed;
      return reason.code === 'CONTRACTS_SYSTEM_REFUSED' ? reason.fact : reason.code;
    }
    head = height;
    timeMs = input.timestampMs;
    store(executed.value.writes);
    return executed.value;
  };
  const block: TestChain['block'] = (entries, blockOptions = {}) => {
    const executed = execute(entries, blockOptions);
    assert(typeof executed !== 'string', `the block is valid: ${String(executed)}`);
    return executed;
  };
  return {
    engine,
    view,
    genesis,
    height: () => head,
    timeMs: () => timeMs,
    hashOf,
    block,
    tryBlock: (entries, blockOptions = {}) => {
      const executed = execute(entries, blockOptions);
      return typeof executed === 'string' ? executed : 'OK';
    },
    act: (signers, action, args) => {
      const [executed] = block([entryOf(genesis.chain, signers, [[action, args]])]).transactions;
      assert(executed !== undefined, 'one transaction gives one result');
      return executed;
    },
    passTo: (height) => {
      while (head < height) block([]);
    },
    validators: (height) => readValidatorSet(view, height ?? head + 1),
    rotation: () => readRotation(view, readValidatorSet(view, head + 1)),
    parameters: (height) => readParameters(view, height ?? head + 1),
    ready: (name, height) => readyEntry(genesis.chain, name, { height, hash: hashOf(height) }),
    dump: () => new Map([...values].map(([key, value]) => [key, toHex(value)])),
  };
}

/** A READY signed by the consensus key `name`. */
export function readyEntry(
  chain: Hash,
  name: string,
  { height, hash }: { readonly height: number; readonly hash: Uint8Array },
): BodyEntry {
  const signature = sign(secretOf(name), readySignBytes(chain, height, hash));
  return systemEntry('ready', [keyOf(name), height, hash, signature]);
}

export function systemEntry(kind: SystemKind, payload: Call['args'][string]): BodyEntry {
  return decoded(encodeSystemTransaction(kind, payload));
}

/** The proof of possession of a consensus key for an organisation. */
export function proofOf(chain: Hash, name: string, organisation: string): Uint8Array {
  const key = { purpose: 'consensus', publicKey: keyOf(name) } as const;
  return sign(secretOf(name), possessionSignBytes(chain, key, organisation));
}

let nonce = 0;

export function entryOf(
  chain: Hash,
  signers: readonly string[],
  calls: readonly (readonly [action: string, args: Call['args']])[],
): BodyEntry {
  nonce += 1;
  const body = encodeBody({
    version: 1,
    chain,
    signers: signers.map(signerOf),
    nonce: sha256(encodeUtf8(`nonce ${nonce}`)).subarray(0, 16),
    validUntilMs: START_MS + 1e12,
    calls: calls.map(([fullName, args]) => {
      const [contract = '', action = ''] = fullName.split('.');
      return { contract, action, args };
    }),
  });
  return decoded(
    encodeTransaction(
      body,
      signers.map(() => new Uint8Array(64)),
    ),
  );
}

/** `org/name` signs with its own key and claims to be it; `org/name=key` with another key. */
function signerOf(text: string) {
  if (text.startsWith('key:')) return { publicKey: keyOf(text.slice(4)) };
  const [identity = '', key = identity] = text.split('=');
  return { publicKey: asPublicKey(keyOf(key)), identity };
}

function decoded(bytes: Uint8Array): BodyEntry {
  const entry = decodeBodyEntry(bytes);
  assert(entry.ok, 'a test builds entries that decode');
  return entry.value;
}

function contractsOf(options: ConsortiumOptions): readonly Contract[] {
  return [directory, governance, ...(options.contracts ?? [])];
}

/** A chain of these tests begins with the oldest version of each. */
function oldestOf(contracts: readonly Contract[]): readonly Contract[] {
  return contracts.filter(
    (one) => !contracts.some(({ name, version }) => name === one.name && version < one.version),
  );
}

function genesisOf(options: ConsortiumOptions): Genesis {
  const validators = options.validators ?? options.organisations;
  const genesis = readGenesis({
    format: GENESIS_FORMAT,
    name: 'test-chain',
    timeMs: START_MS,
    developmentMode: options.developmentMode ?? false,
    parameters: { epochBlocks: 10, ...options.parameters },
    contracts: foundingContractsOf(oldestOf(contractsOf(options))),
    organisations: options.organisations.map((slug) => ({
      slug,
      title: { en: slug, zh: slug },
      governanceKey: toHex(keyOf(`${slug} governance`)),
      officers: [
        {
          name: 'admin',
          publicKey: toHex(keyOf(`${slug}/admin`)),
          roles: ['directory.administrator', 'governance.delegate'],
        },
        { name: 'clerk', publicKey: toHex(keyOf(`${slug}/clerk`)), roles: [] },
      ],
    })),
    validators: validators.map((slug) => ({
      organisation: slug,
      peerId: peerIdFromPublicKey(keyOf(`${slug} peer`)),
      addresses: [],
      consensusKey: toHex(keyOf(`${slug} consensus`)),
      proofOfPossession: toHex(proofOf(ZERO_HASH, `${slug} consensus`, slug)),
    })),
    observers: [],
  });
  assert(genesis.ok, `the genesis is sound: ${genesis.ok ? '' : JSON.stringify(genesis.reason)}`);
  return genesis.value;
}

function textOf({ set, partition, key }: RecordKey): string {
  return `${set}|${partition === undefined ? '' : toHex(partition)}|${toHex(key)}`;
}
