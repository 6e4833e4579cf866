/**
 * The client of a chain: one value that reads, follows, submits and verifies through any number of
 * its nodes. A node is never believed: what matters can be proven, and is checked here.
 */
import type { Contract, Fields, ManifestContract, RecordDefinition } from '@daybook/contracts';
import type { Call, Hash, TransactionId } from '@daybook/core';
import { assert } from '@daybook/core';
import type { Clock } from './clock.ts';
import { SYSTEM_CLOCK } from './clock.ts';
import type { ContractClient, JsonContractClient } from './contracts/contract-client.ts';
import { createContractClient, createJsonContractClient } from './contracts/contract-client.ts';
import type { FeedEntry, FeedOptions } from './feed/feed.ts';
import { readFeed } from './feed/feed.ts';
import type { ChainReader } from './reads/chain-reader.ts';
import { createChainReader } from './reads/chain-reader.ts';
import type { Foundation } from './reads/foundation.ts';
import { createFoundation } from './reads/foundation.ts';
import type { HistoryReader } from './reads/history-reader.ts';
import { createHistoryReader } from './reads/history-reader.ts';
import { createRecordReader } from './reads/record-reader.ts';
import type { SqlReader } from './reads/sql-reader.ts';
import { createSqlReader } from './reads/sql-reader.ts';
import type { SubtreeReader } from './reads/state-diff.ts';
import { createSubtreeReader } from './reads/state-diff.ts';
import type { SignedTransaction, TransactionAuthor } from './transaction/build.ts';
import { signAs } from './transaction/build.ts';
import type { Outcome } from './transaction/outcome.ts';
import type { Submitter } from './transaction/submit.ts';
import { createSubmitter, findOutcome } from './transaction/submit.ts';
import { createRequester } from './transport/requester.ts';
import { readBaseUrl } from './transport/url.ts';
import type { Verdict } from './verify/proof.ts';
import { verifyProofBundle } from './verify/proof.ts';
import type { Checkpoint } from './verify/trust.ts';

export interface ClientOptions {
  /** Addresses of nodes of one chain, `http://…` or `https://…`; the first is asked first. */
  readonly urls: readonly string[];
  /** Chain id that is trusted. Without it the id of the first node is taken as it comes. */
  readonly chain?: Hash | undefined;
  /** A recent block that somebody trusted has vouched for. */
  readonly checkpoint?: Checkpoint;
  /** Eras of the recoveries that are trusted, see `eraOf` in core. */
  readonly eras?: readonly Hash[];
  /** Longest waiting for one node, 15 s by default. */
  readonly timeoutMs?: number;
}

/** What stands in for the world in tests. */
export interface ClientParts {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
}

type Records = Readonly<Record<string, RecordDefinition>>;

export interface Client extends Foundation, ChainReader, HistoryReader, SqlReader, Submitter {
  readonly urls: readonly string[];
  /** Typed by a definition: `client.contractOf(treasury).calls.disburse({…})`. */
  contractOf<R extends Records, A extends Readonly<Record<string, Fields>>>(
    definition: Contract<R, A>,
  ): ContractClient<R, A>;
  /** By the manifest of the chain: everything in JSON form. */
  contractNamed(name: string): Promise<JsonContractClient>;
  /** By a manifest at hand, for example of a definition: no node is asked. */
  contractBy(manifest: ManifestContract): JsonContractClient;
  /** Builds and signs; valid for `validForMs`, half of what the chain allows by default. */
  sign(
    authors: readonly TransactionAuthor[],
    calls: readonly Call[],
    options?: { readonly validForMs?: number },
  ): Promise<SignedTransaction>;
  /** Builds, signs, submits, and waits until it is final. */
  perform(authors: readonly TransactionAuthor[], calls: readonly Call[]): Promise<Outcome>;
  /** What became of a transaction; undefined if no node knows it. */
  outcomeOf(id: TransactionId): Promise<Outcome | undefined>;
  /** Events of final blocks from a cursor on, over broken connections and dead nodes. */
  events(options?: FeedOptions): AsyncIterable<FeedEntry>;
  /** Checks a proof bundle against the trusted chain of this client; `unknown` if it has none. */
  verify(bundle: Uint8Array): Verdict;
  /** A part of the state tree, for `diffStates`. */
  readonly subtree: SubtreeReader;
}

const TIMEOUT_MS = 15_000;

/** The world as it is. */
const WORLD: ClientParts = {
  // Bound late, so that a page or test may replace the global one.
  fetch: (input, init) => fetch(input, init),
  clock: SYSTEM_CLOCK,
};

/** @throws AssertionError if there is no address, or one is not http or https */
export function createClient(options: ClientOptions, parts: ClientParts = WORLD): Client {
  const urls = options.urls.map((text) => {
    const url = readBaseUrl(text);
    assert(url !== undefined, `${text} is the http or https address of a node`);
    return url;
  });
  assert(urls.length > 0, 'there is at least one address');
  const { chain, checkpoint, eras, timeoutMs = TIMEOUT_MS } = options;
  const { clock } = parts;
  const requester = createRequester({ urls, timeoutMs }, parts);
  const foundation = createFoundation({ requester, clock, trusted: chain, eras });
  const reader = createRecordReader(requester);
  const submitter = createSubmitter({ requester, clock });
  const sign: Client['sign'] = async (authors, calls, { validForMs } = {}) => {
    const { chain: id, document } = await foundation.genesis();
    const validForMsMax = document.parameters.validityMaxMs;
    const validUntilMs = clock.nowMs() + (validForMs ?? Math.floor(validForMsMax / 2));
    return signAs(authors, { chain: id, calls, validUntilMs });
  };
  return {
    urls,
    ...foundation,
    ...createChainReader(requester),
    ...createSqlReader(requester),
    ...createHistoryReader(requester),
    ...submitter,
    contractOf: (definition) => createContractClient(definition, reader),
    contractBy: (manifest) => createJsonContractClient(manifest, reader),
    contractNamed: async (name) =>
      createJsonContractClient(await foundation.contract(name), reader),
    sign,
    perform: async (authors, calls) => await submitter.submit(await sign(authors, calls)),
    outcomeOf: (id) => findOutcome(requester, id),
    subtree: createSubtreeReader(requester),
    events: (feed = {}) => readFeed(feed, { requester, ...parts }),
    verify: (bundle) =>
      verifyProofBundle(bundle, { chain, checkpoint, eras, nowMs: clock.nowMs() }),
  };
}
