/**
 * The admission table in the form in which it is asked: by peer id. Also the rule of who dials
 * whom, which both ends of a pair must answer alike from tables that may differ for a while.
 */
import { assert } from '@daybook/core';
import type { Admission, Peer, PeerId, Role } from './network.ts';
import type { ChannelName } from './protocols.ts';
import { CHANNELS, PEERS_MAX } from './protocols.ts';

/** How eagerly a peer is dialled: at once, only if it does not come by itself, or never. */
export type DialPolicy = 'now' | 'late' | 'never';

export interface AdmissionTable {
  /** All peers but the own node, in order of peer id. */
  readonly peers: readonly Peer[];
  readonly ownRole: 'validator' | 'observer';
  /** Role of an admitted peer; undefined for a stranger. */
  roleOf(peerId: PeerId): Role | undefined;
  dialPolicy(peer: Peer): DialPolicy;
  /** Whether the own side opens this channel to the peer. */
  wants(peerId: PeerId, channel: ChannelName): boolean;
  /**
   * Whether the own side leaves this channel open. It asks less than `wants`: a validator that is
   * behind does not know yet that it is one, and must not close what its peers rightly opened.
   */
  keeps(peerId: PeerId, channel: ChannelName): boolean;
}

/** @throws AssertionError if the table is too long or names a peer twice: the node builds it */
export function createAdmissionTable(self: PeerId, admission: Admission): AdmissionTable {
  assert(admission.peers.length <= PEERS_MAX, 'an admission table keeps to its limit');
  const byId = new Map<PeerId, Peer>();
  for (const peer of admission.peers) {
    assert(!byId.has(peer.peerId), 'an admission table names each peer once');
    byId.set(peer.peerId, peer);
  }
  byId.delete(self);
  const ownRole = admission.role;
  const keeps = (peerId: PeerId, channel: ChannelName): boolean => {
    const role = byId.get(peerId)?.role;
    return role === 'validator' || (role !== undefined && CHANNELS[channel].between === 'all');
  };
  const peers = [...byId.values()].sort((a, b) => (a.peerId < b.peerId ? -1 : 1));

  return {
    peers,
    ownRole,
    roleOf: (peerId) => byId.get(peerId)?.role,
    dialPolicy: (peer) => dialPolicy(self, ownRole, peer),
    wants: (peerId, channel) =>
      keeps(peerId, channel) && (CHANNELS[channel].between === 'all' || ownRole === 'validator'),
    keeps,
  };
}

/**
 * Of two validators the one with the smaller id dials, so that there is one connection per pair
 * (two of them kill gossip for good when one closes). The other dials late: only if the first does
 * not come, because it may not know our address yet.
 */
function dialPolicy(self: PeerId, ownRole: Role, peer: Peer): DialPolicy {
  if (peer.addresses.length === 0) {
    return 'never';
  }
  if (peer.role === 'bootstrap') {
    return 'now';
  }
  if (ownRole === 'validator') {
    if (peer.role === 'observer') {
      return 'never';
    }
    return self < peer.peerId ? 'now' : 'late';
  }
  return peer.role === 'validator' ? 'now' : 'late';
}
