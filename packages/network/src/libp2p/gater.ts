/**
 * Who may connect, asked by libp2p at each stage. Strangers are refused after the handshake that
 * proves who they are and before anything else is spoken with them.
 */
import type { ConnectionGater } from '@libp2p/interface';
import type { PeerId } from '../network.ts';
import { hostOf } from './addresses.ts';
import type { Doorkeeper } from './doorkeeper.ts';

/** Why a peer may not connect now. */
export type Denial = 'stranger' | 'banned' | 'linked' | 'crossing' | 'full';

export interface GaterPorts {
  readonly doorkeeper: Doorkeeper;
  now(): number;
  /** Whether a peer may connect to us; undefined if it may. */
  deniesInbound(peerId: PeerId): Denial | undefined;
  deniesOutbound(peerId: PeerId): Denial | undefined;
  denied(peerId: PeerId, denial: Denial): void;
}

export function createGater(ports: GaterPorts): ConnectionGater {
  return {
    // Only our dialler dials, and only addresses of the admission table.
    denyDialMultiaddr: () => false,
    denyDialPeer: (peer) => ports.deniesOutbound(peer.toString()) !== undefined,
    denyInboundConnection: ({ remoteAddr }) =>
      !ports.doorkeeper.admits(hostOf(remoteAddr), ports.now()),
    denyInboundEncryptedConnection: (peer) => {
      const denial = ports.deniesInbound(peer.toString());
      if (denial !== undefined) {
        ports.denied(peer.toString(), denial);
      }
      return denial !== undefined;
    },
    denyOutboundEncryptedConnection: (peer) => ports.deniesOutbound(peer.toString()) !== undefined,
  };
}
