/**
 * How often one host may knock. A handshake costs a millisecond of CPU, so strangers get few; a
 * host from the directory gets many, so that nobody can lock it out by knocking in its place.
 */
import type { TokenBucket } from '../token-bucket.ts';
import { createTokenBucket } from '../token-bucket.ts';

const KNOWN = { rate: 50, burst: 200, bytesRate: 1, bytesBurst: 1 };
const STRANGE = { rate: 5, burst: 10, bytesRate: 1, bytesBurst: 1 };

/**
 * All strange hosts together. With 5 s for a handshake, at most a hundred of them are ever pending,
 * which leaves the host's thousand places to the directory, however many attackers there are.
 */
const STRANGERS = { rate: 10, burst: 50, bytesRate: 1, bytesBurst: 1 };

/** Hosts remembered; the oldest is forgotten first. */
const HOSTS_MAX = 4096;

export interface Doorkeeper {
  /** Whether a connection from this host may go on to the handshake. */
  admits(host: string, now: number): boolean;
  /** Replaces the hosts that the admission table names. */
  know(hosts: ReadonlySet<string>): void;
}

export function createDoorkeeper(): Doorkeeper {
  const buckets = new Map<string, TokenBucket>();
  let known: ReadonlySet<string> = new Set();
  let strangers: TokenBucket | undefined;

  return {
    admits(host, now) {
      strangers ??= createTokenBucket(STRANGERS, now);
      let bucket = buckets.get(host);
      if (bucket === undefined) {
        bucket = createTokenBucket(known.has(host) ? KNOWN : STRANGE, now);
        forgetOldest(buckets);
        buckets.set(host, bucket);
      }
      return bucket.take(0, now) && (known.has(host) || strangers.take(0, now));
    },
    know(hosts) {
      for (const host of new Set([...hosts, ...known])) {
        if (hosts.has(host) !== known.has(host)) {
          buckets.delete(host);
        }
      }
      known = hosts;
    },
  };
}

function forgetOldest(buckets: Map<string, TokenBucket>): void {
  const [oldest] = buckets.keys();
  if (buckets.size >= HOSTS_MAX && oldest !== undefined) {
    buckets.delete(oldest);
  }
}
