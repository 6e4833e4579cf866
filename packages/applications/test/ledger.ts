/**
 * A ledger of one test: the engine over a map, one block a transaction. Officers are named
 * `organisation/name` and have keys made from their names; signatures are the node's affair and
 * not checked here.
 */
import type { Contract, Executed, RowOf, StateView, StateWrite } from '@daybook/contracts';
import {
  createEngine,
  foundingContractsOf,
  fromJson,
  keyToJson,
  openRecords,
} from '@daybook/contracts';
import type { Call, Genesis, GenesisOrganisation, RecordKey, Transaction } from '@daybook/core';
import {
  asHash,
  asPublicKey,
  assert,
  asValidatorId,
  DEFAULT_PARAMETERS,
  decodeTransaction,
  encodeBody,
  encodeTransaction,
  encodeUtf8,
  publicKeyOf,
  SIGNATURE_SIZE,
  sha256,
  toHex,
} from '@daybook/core';

const CHAIN = asHash(sha256(encodeUtf8('the chain of a test')));
const PROPOSER = asValidatorId(sha256(encodeUtf8('the proposer of a test')));
const START_MS = Date.UTC(2026, 0, 1);
const BLOCK_MS = 1000;

/** Roles by officer, `organisation/name`. */
export type Officers = Readonly<Record<string, readonly string[]>>;

export interface TestLedger {
  /** Executes calls in a block of their own. Signers are officers, or `key:name` for a bare key. */
  act(calls: readonly Call[], signers: readonly string[]): Executed;
  /** Executes several transactions in one block. */
  block(transactions: readonly Transaction[]): readonly Executed[];
  /** Executes transactions in as many blocks as they are work for. */
  blocks(transactions: readonly Transaction[]): readonly Executed[];
  transaction(calls: readonly Call[], signers: readonly string[]): Transaction;
  /** All rows of a record of a contract, in no order. */
  rows<R extends Contract['records'], K extends keyof R & string>(
    contract: Pick<Contract<R>, 'name' | 'definition' | 'records'>,
    record: K,
  ): readonly RowOf<R[K]>[];
  readonly view: StateView;
  /** Lets time pass before the next block. */
  wait(ms: number): void;
  /** Time of the last block, milliseconds since 1970. */
  now(): number;
  /** How many records the state holds. */
  size(): number;
}

/** The public key of an officer or of a bare key's name. */
export function keyOf(name: string): Uint8Array {
  return publicKeyOf(sha256(encodeUtf8(name)));
}

/** The failure code of a call, or 'ok'. */
export function outcome({ failure }: Executed): string {
  return failure?.code ?? 'ok';
}

/** A ledger after genesis with these officers, whose organisations exist, too. */
export function createLedger(contracts: readonly Contract[], officers: Officers): TestLedger {
  const engine = createEngine(contracts);
  const manifest = engine.manifest();
  const state = new Map<string, StateWrite>();
  const view: StateView = { get: (key) => state.get(idOf(key))?.value };
  const store = (writes: readonly StateWrite[]): void => {
    for (const write of writes) {
      if (write.value === undefined) state.delete(idOf(write.recordKey));
      else state.set(idOf(write.recordKey), write);
    }
  };
  store(engine.applyGenesis(genesisOf(contracts, officers)).writes);
  const keys = new Map<string, Uint8Array>();
  let height = 0;
  let waitedMs = 0;
  let nonce = 0;
  const now = (): number => START_MS + height * BLOCK_MS + waitedMs;

  const signerOf = (name: string) => {
    const publicKey = asPublicKey(keys.get(name) ?? keyOf(name));
    keys.set(name, publicKey);
    return name.startsWith('key:') ? { publicKey } : { publicKey, identity: name };
  };
  const transaction = (calls: readonly Call[], signers: readonly string[]): Transaction => {
    nonce += 1;
    const body = encodeBody({
      version: 1,
      chain: CHAIN,
      signers: signers.map(signerOf),
      nonce: sha256(encodeUtf8(String(nonce))).subarray(0, 16),
      validUntilMs: now() + 1e9,
      calls,
    });
    const none = signers.map(() => new Uint8Array(SIGNATURE_SIZE));
    const decoded = decodeTransaction(encodeTransaction(body, none));
    assert(decoded.ok, 'a test builds transactions that decode');
    return decoded.value;
  };
  const carry = (
    how: 'execute' | 'pack',
    transactions: readonly Transaction[],
  ): readonly Executed[] => {
    height += 1;
    const executed = engine[how](view, {
      chain: CHAIN,
      height,
      timestampMs: now(),
      proposer: PROPOSER,
      entries: transactions.map((each) => ({ type: 'transaction', transaction: each })),
    });
    assert(executed.ok, 'a block of transactions is valid');
    store(executed.value.writes);
    return executed.value.transactions;
  };
  const block = (transactions: readonly Transaction[]) => carry('execute', transactions);
  return {
    transaction,
    block,
    blocks: (transactions) => {
      const done: Executed[] = [];
      while (done.length < transactions.length) {
        done.push(...carry('pack', transactions.slice(done.length)));
      }
      return done;
    },
    act: (calls, signers) => {
      const [executed] = block([transaction(calls, signers)]);
      assert(executed !== undefined, 'one transaction gives one result');
      return executed;
    },
    rows: (contract, record) => {
      const read = openRecords(contract)[record];
      const { records } = manifest.contracts.find(({ name }) => name === contract.name) ?? {};
      const described = records?.[record];
      assert(described !== undefined, `${record} is a record of the contract`);
      const rows: RowOf<(typeof contract)['records'][typeof record]>[] = [];
      for (const { recordKey } of state.values()) {
        if (recordKey.set !== described.set) continue;
        const json = Object.entries(keyToJson(described, recordKey.key) ?? {});
        const key = json.map(([name, value]) => {
          const spec = described.key[name];
          return [name, spec && fromJson(spec, value, '', [])];
        });
        const row = read(view, Object.fromEntries(key) as never);
        assert(row !== undefined, 'what the state holds can be read');
        rows.push(row);
      }
      return rows;
    },
    wait: (ms) => {
      waitedMs += ms;
    },
    now,
    view,
    size: () => state.size,
  };
}

function idOf({ set, partition, key }: RecordKey): string {
  return `${set} ${partition === undefined ? '' : toHex(partition)} ${toHex(key)}`;
}

/** Only what contracts read of a genesis; validators and founders' signatures are not needed. */
function genesisOf(contracts: readonly Contract[], officers: Officers): Genesis {
  const slugs = [...new Set(Object.keys(officers).map((name) => name.split('/')[0] ?? ''))];
  const organisations = slugs.map(
    (slug): GenesisOrganisation => ({
      slug,
      title: { en: slug, zh: slug },
      governanceKey: toHex(keyOf(`${slug} governance`)),
      officers: Object.entries({ ...officers, [`${slug}/admin`]: ['directory.administrator'] })
        .filter(([name]) => name.startsWith(`${slug}/`))
        .map(([name, roles]) => ({
          name: name.slice(slug.length + 1),
          publicKey: toHex(keyOf(name)),
          roles,
        })),
    }),
  );
  return {
    document: {
      format: 'daybook-genesis/1',
      name: 'test',
      timeMs: START_MS,
      developmentMode: true,
      parameters: DEFAULT_PARAMETERS,
      contracts: foundingContractsOf(contracts),
      organisations,
      validators: [],
      observers: [],
    },
    bytes: new Uint8Array(),
    chain: CHAIN,
    validators: [],
  };
}
