/**
 * What each admitted peer may still send and open, kept across its streams and links, so that a
 * new stream brings no new allowance.
 */
import type { Allowance } from '../inlet.ts';
import { createAllowance } from '../inlet.ts';
import type { PeerId } from '../network.ts';
import type { ChannelName, ChannelTable } from '../protocols.ts';
import type { TokenBucket } from '../token-bucket.ts';
import { createTokenBucket } from '../token-bucket.ts';

/** Streams a peer may open: a link has three, and one that dies is opened again after 50 ms. */
const OPENINGS = { rate: 10, burst: 60, bytesRate: 1, bytesBurst: 1 };

export interface Allowances {
  /** The same object for each stream of a peer's channel. @param now  monotonic milliseconds */
  of(peerId: PeerId, channel: ChannelName, now: number): Allowance;
  /** Whether the peer may open one more stream. */
  opens(peerId: PeerId, now: number): boolean;
  /** Forgets all peers that `keep` does not name, so that the table stays bounded. */
  retain(keep: (peerId: PeerId) => boolean): void;
}

interface PeerRecord {
  readonly channels: Map<ChannelName, Allowance>;
  readonly openings: TokenBucket;
}

export function createAllowances(channels: ChannelTable): Allowances {
  const records = new Map<PeerId, PeerRecord>();

  function recordOf(peerId: PeerId, now: number): PeerRecord {
    const old = records.get(peerId);
    if (old !== undefined) {
      return old;
    }
    const record = { channels: new Map(), openings: createTokenBucket(OPENINGS, now) };
    records.set(peerId, record);
    return record;
  }

  return {
    of(peerId, channel, now) {
      const { channels: known } = recordOf(peerId, now);
      const allowance = known.get(channel) ?? createAllowance(channels[channel], now);
      known.set(channel, allowance);
      return allowance;
    },
    opens: (peerId, now) => recordOf(peerId, now).openings.take(0, now),
    retain(keep) {
      for (const peerId of records.keys()) {
        if (!keep(peerId)) {
          records.delete(peerId);
        }
      }
    },
  };
}
