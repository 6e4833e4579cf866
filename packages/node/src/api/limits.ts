/** Every bound of the HTTP API, with its unit and reason. What operators may change is a setting. */
import { assert, LIMITS } from '@daybook/core';

const KIB = 1024;
const MIB = 1024 * KIB;

export const API_LIMITS = {
  /** Bytes of request line and headers; Node refuses more before we see it. */
  headerBytesMax: 16 * KIB,
  /** Characters of path and query. */
  urlCharactersMax: 4 * KIB,
  /** Bytes of a body with one transaction: hex doubles it, JSON adds a little. */
  bodyBytesMax: 2 * LIMITS.transactionBytesMax + 4 * KIB,
  /** Bytes of a batch: parsing 2 MiB keeps the event loop busy for about 10 ms. */
  batchBytesMax: 2 * MIB,
  /** Bodies in memory at one moment, over all clients. */
  heldBytesMax: 32 * MIB,
  /** Answers that clients have not taken yet, over all of them: some of the largest. */
  unreadBytesMax: 64 * MIB,
  /** Transactions of a batch. */
  batchCountMax: 256,
  /** Open brackets of a JSON body. */
  jsonDepthMax: LIMITS.argumentDepthMax + 4,
  /** Entries of a page, and how many come unasked. */
  pageLimitMax: 200,
  pageLimitDefault: 50,
  /** Bytes of stored values after which a page ends early. */
  pageBytesMax: 1 * MIB,
  /** Records looked at for one page of a query that filters. */
  scanCountMax: 2000,
  /** Connections; those beyond are closed at once. */
  connectionsMax: 1024,
  /** Time for the headers, and for the whole request, to arrive, in ms. */
  headersTimeoutMs: 5000,
  requestTimeoutMs: 30_000,
  /** Time an idle connection is kept, in ms. */
  keepAliveMs: 15_000,
  /** Longest and usual waiting for a transaction, in ms. */
  waitMsMax: 60_000,
  waitMsDefault: 10_000,
  /** Time that requests under way get when the node stops, in ms. */
  drainMs: 5000,
  /** Silence after which an event stream gets a sign of life, in ms. */
  heartbeatMs: 15_000,
  /** Time an answer or a stream may stay unread, no byte of it taken, before it is cut off, in ms. */
  streamStallMs: 30_000,
  /** Decoded final blocks kept for receipts and event streams. */
  cachedBlocks: 16,
  /** Client addresses whose share is counted; the longest idle is forgotten first. */
  clientsMax: 10_000,
  /** A client's requests and transactions may come at once this many times the rate. */
  burstFactor: 4,
  /** A client may hold this part of all event streams. */
  streamsPerClientShare: 1 / 8,
  /** And this part of all connections, unless it is a trusted proxy. */
  connectionsPerClientShare: 1 / 4,
} as const;

assert(2 * LIMITS.proofBundleBytesMax < API_LIMITS.unreadBytesMax, 'the largest answer has room');
assert(API_LIMITS.bodyBytesMax < API_LIMITS.batchBytesMax, 'a batch holds one transaction');
assert(API_LIMITS.batchBytesMax < API_LIMITS.heldBytesMax, 'a batch fits in memory');
