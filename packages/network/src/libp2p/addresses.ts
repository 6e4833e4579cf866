/**
 * Multiaddrs between the texts of the directory and libp2p. Texts come from other people, so a bad
 * one is a value, never a throw.
 */
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import type { Multiaddr } from '@multiformats/multiaddr';
import { multiaddr } from '@multiformats/multiaddr';
import type { NetworkFailure } from '../errors.ts';

const HOST_NAMES = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6']);

/** Reads `/ip4/…/tcp/…` and its like, with or without `/p2p/…` at the end. */
export function readAddress(text: string): Result<Multiaddr, NetworkFailure> {
  try {
    const address = multiaddr(text);
    const [host, port, peer, ...rest] = address.getComponents();
    const isHost = host !== undefined && HOST_NAMES.has(host.name);
    const isTcp = port?.name === 'tcp' && (peer === undefined || peer.name === 'p2p');
    if (isHost && isTcp && rest.length === 0) {
      return ok(address);
    }
  } catch {
    // The parser says only that it is no multiaddr; the failure below says the same.
  }
  return fail({ code: 'NETWORK_ADDRESS_INVALID', address: text });
}

/** The address with the peer id at its end, which makes libp2p check who answers. */
export function withPeer(address: Multiaddr, peerId: string): Multiaddr {
  const named = address.getComponents().some(({ name }) => name === 'p2p');
  return named ? address : address.encapsulate(`/p2p/${peerId}`);
}

/** Host name or number in an address, or the empty text if it has none. */
export function hostOf(address: Multiaddr): string {
  const [host] = address.getComponents();
  return host?.value ?? '';
}
