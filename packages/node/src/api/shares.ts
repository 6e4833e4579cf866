/**
 * Each client's share of the API: token buckets per address, so that one client cannot crowd out
 * the others. The table is bounded; the longest idle client is forgotten first, which gives it a
 * full bucket again.
 */
import { isIP, isIPv6 } from 'node:net';
import { assert } from '@daybook/core';
import { API_LIMITS } from './limits.ts';

export interface ShareRates {
  readonly requestsPerSecond: number;
  readonly transactionsPerSecond: number;
}

export type ShareKind = 'requests' | 'transactions';

export interface Shares {
  /**
   * Takes from a client's bucket.
   * @returns 0 when it was granted, else the milliseconds until it would be
   */
  take(client: string, kind: ShareKind, amount: number): number;
  /** Changes the rates; buckets keep what they hold. */
  setRates(rates: ShareRates): void;
}

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** @param now  monotonic milliseconds */
export function createShares(initial: ShareRates, now: () => number): Shares {
  let rates = initial;
  // In order of last use: a Map keeps the order of insertion.
  const clients = new Map<string, Record<ShareKind, Bucket>>();

  const rateOf = (kind: ShareKind): number =>
    kind === 'requests' ? rates.requestsPerSecond : rates.transactionsPerSecond;
  const fresh = (kind: ShareKind): Bucket => ({
    tokens: rateOf(kind) * API_LIMITS.burstFactor,
    filledAtMs: now(),
  });

  const bucketsOf = (client: string): Record<ShareKind, Bucket> => {
    const known = clients.get(client);
    if (known !== undefined) clients.delete(client);
    const buckets = known ?? { requests: fresh('requests'), transactions: fresh('transactions') };
    clients.set(client, buckets);
    const oldest = clients.keys().next();
    if (clients.size > API_LIMITS.clientsMax && oldest.done !== true) clients.delete(oldest.value);
    return buckets;
  };

  return {
    take: (client, kind, amount) => {
      assert(amount >= 0, 'a share is taken, not given');
      const bucket = bucketsOf(client)[kind];
      const rate = rateOf(kind);
      const most = rate * API_LIMITS.burstFactor;
      const at = now();
      bucket.tokens = Math.min(most, bucket.tokens + ((at - bucket.filledAtMs) * rate) / 1000);
      bucket.filledAtMs = at;
      // A batch above the burst can never be saved up for: it needs a full bucket, and empties it.
      const needed = Math.min(amount, most);
      if (bucket.tokens >= needed) {
        bucket.tokens -= needed;
        return 0;
      }
      return Math.ceil(((needed - bucket.tokens) * 1000) / rate);
    },
    setRates: (next) => {
      rates = next;
    },
  };
}

/**
 * Whom a request is counted for: the peer's address, or behind trusted proxies the nearest address
 * that is none of them. IPv6 clients are counted by their /64, which is what one subscriber has.
 * @param forwarded  header X-Forwarded-For, appended to by each proxy
 */
export function clientOf(
  address: string,
  forwarded: string | undefined,
  trusted: ReadonlySet<string>,
): string {
  const hops = forwarded === undefined ? [] : forwarded.split(',').map((hop) => hop.trim());
  let client = plainAddress(address);
  while (trusted.has(client)) {
    const before = hops.pop();
    // Only the first part of the header is the stranger's own; it may hold anything.
    if (before === undefined || isIP(plainAddress(before)) === 0) break;
    client = plainAddress(before);
  }
  return isIPv6(client) ? prefixOf(client) : client;
}

/** Whether an address is that of a trusted proxy. */
export function isTrusted(address: string, trusted: ReadonlySet<string>): boolean {
  return trusted.has(plainAddress(address));
}

/** IPv4 in IPv6 is IPv4. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

const PREFIX_GROUPS = 4;

function prefixOf(address: string): string {
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  if (tail === undefined) return left.slice(0, PREFIX_GROUPS).join(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return [...left, ...zeros, ...right].slice(0, PREFIX_GROUPS).join(':');
}
