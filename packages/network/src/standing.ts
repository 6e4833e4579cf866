/**
 * How a peer stands: each offence adds points, time takes them away, and enough of them ban it for
 * a while. Pure: time comes in.
 */
import type { Offence, PeerId } from './network.ts';

/**
 * Points of each offence. A ban comes at `BAN_POINTS`: after two malformed messages within four
 * seconds, or some hundred frames over the rate, which an honest peer never sends.
 */
export const OFFENCES: Readonly<Record<Offence, number>> = {
  flood: 1,
  gossip: 10,
  slow: 25,
  lie: 60,
  malformed: 60,
  forgery: 100,
};

export const BAN_POINTS = 100;
const FORGIVEN_PER_SECOND = 5;

/** Long enough to make an attack useless, short enough not to halt a chain by mistake. */
export const BAN_MS = 30_000;

export interface Standing {
  /** Records an offence. @returns true if it was the one that bans the peer */
  offend(peerId: PeerId, offence: Offence, now: number): boolean;
  /** Whether the peer is banned at this moment. */
  isBanned(peerId: PeerId, now: number): boolean;
  /** Forgets all peers that `keep` does not name, so that the table stays bounded. */
  retain(keep: (peerId: PeerId) => boolean): void;
}

export function createStanding(): Standing {
  const records = new Map<PeerId, { points: number; at: number; bannedUntil: number }>();

  return {
    offend(peerId, offence, now) {
      const record = records.get(peerId) ?? { points: 0, at: now, bannedUntil: 0 };
      const forgiven = ((now - record.at) / 1000) * FORGIVEN_PER_SECOND;
      record.points = Math.max(0, record.points - forgiven) + OFFENCES[offence];
      record.at = now;
      records.set(peerId, record);
      if (record.points < BAN_POINTS || now < record.bannedUntil) {
        return false;
      }
      record.points = 0;
      record.bannedUntil = now + BAN_MS;
      return true;
    },
    isBanned(peerId, now) {
      return now < (records.get(peerId)?.bannedUntil ?? 0);
    },
    retain(keep) {
      for (const peerId of records.keys()) {
        if (!keep(peerId)) {
          records.delete(peerId);
        }
      }
    },
  };
}
