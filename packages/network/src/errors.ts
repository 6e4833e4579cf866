/**
 * Every way in which the network fails, as facts and as sentences. Failures travel as values;
 * `NetworkError` is thrown only where the world denies us the start.
 */
import { assertNever, defineErrors } from '@daybook/core';

/** Code and facts of one failure. */
export type NetworkFailure =
  | { readonly code: 'NETWORK_STOPPED' }
  | { readonly code: 'NETWORK_LISTEN_FAILED'; readonly address: string; readonly detail: string }
  | { readonly code: 'NETWORK_ADDRESS_INVALID'; readonly address: string }
  | { readonly code: 'NETWORK_PEER_UNKNOWN'; readonly peerId: string }
  | { readonly code: 'NETWORK_PEER_OFFLINE'; readonly peerId: string }
  | { readonly code: 'NETWORK_PEER_REMOVED'; readonly peerId: string }
  | { readonly code: 'NETWORK_PEER_BANNED'; readonly peerId: string; readonly offence: string }
  | { readonly code: 'NETWORK_PEER_SLOW'; readonly peerId: string; readonly channel: string }
  | { readonly code: 'NETWORK_LINK_LOST'; readonly peerId: string }
  | { readonly code: 'NETWORK_LINK_DUPLICATE'; readonly peerId: string }
  | { readonly code: 'NETWORK_CHAIN_MISMATCH'; readonly peerId: string }
  | { readonly code: 'NETWORK_VERSION_MISMATCH'; readonly peerId: string; readonly version: number }
  | { readonly code: 'NETWORK_ROLE_MISMATCH'; readonly peerId: string; readonly role: string }
  | { readonly code: 'NETWORK_HANDSHAKE_FAILED'; readonly peerId: string; readonly detail: string }
  | {
      readonly code: 'NETWORK_FRAME_OVERSIZED';
      readonly peerId: string;
      readonly size: number;
      readonly sizeMax: number;
    }
  | { readonly code: 'NETWORK_FRAME_MALFORMED'; readonly peerId: string; readonly detail: string }
  | {
      readonly code: 'NETWORK_REQUEST_TIMEOUT';
      readonly peerId: string;
      readonly timeoutMs: number;
    }
  | { readonly code: 'NETWORK_REQUEST_CANCELLED'; readonly peerId: string }
  | { readonly code: 'NETWORK_REQUEST_BUSY'; readonly peerId: string }
  | {
      readonly code: 'NETWORK_REQUEST_REFUSED';
      readonly peerId: string;
      readonly why: 'absent' | 'busy' | 'failed';
    };

export type NetworkCode = NetworkFailure['code'];

/** The failures with what happened and what to do; `docs/reference/errors.md` is made from it. */
export const NETWORK_ERRORS = defineErrors({
  NETWORK_STOPPED: {
    summary: 'The network of this node is stopped.',
    remedy: 'Nothing, if the node is shutting down; otherwise start it again.',
  },
  NETWORK_LISTEN_FAILED: {
    summary: 'The node cannot listen on a configured address.',
    remedy: 'Free the port, or change `network.listen` to an address of this machine.',
  },
  NETWORK_ADDRESS_INVALID: {
    summary: 'An address is not a multiaddr this node can use.',
    remedy: 'Write it as /ip4/…/tcp/…, /ip6/…/tcp/… or /dns4/…/tcp/….',
  },
  NETWORK_PEER_UNKNOWN: {
    summary: 'The peer is neither in the directory nor in the configuration.',
    remedy: 'Register the node in the directory, or add it as a bootstrap peer.',
  },
  NETWORK_PEER_OFFLINE: {
    summary: 'There is no open channel to the peer.',
    remedy: 'Wait for the redial; if it lasts, check address, port and firewall of that node.',
  },
  NETWORK_PEER_REMOVED: {
    summary: 'The peer left the directory, so the link was closed.',
    remedy: 'Nothing; register it again if it should come back.',
  },
  NETWORK_PEER_BANNED: {
    summary: 'The peer broke the limits too often and is refused for a while.',
    remedy: 'Tell its operator; look at the version and load of that node.',
  },
  NETWORK_PEER_SLOW: {
    summary: 'The peer did not take what was sent to it for too long, so it was cut.',
    remedy: 'Check the line to that node and its load; it is redialled by itself.',
  },
  NETWORK_LINK_LOST: {
    summary: 'The connection to the peer ended.',
    remedy: 'Nothing; it is redialled by itself.',
  },
  NETWORK_LINK_DUPLICATE: {
    summary: 'Two connections to one peer existed, so both were closed.',
    remedy: 'Nothing; one of them is dialled again by itself.',
  },
  NETWORK_CHAIN_MISMATCH: {
    summary: 'The peer belongs to another chain.',
    remedy: 'Compare the genesis files of the two nodes.',
  },
  NETWORK_VERSION_MISMATCH: {
    summary: 'The peer speaks another version of the protocol.',
    remedy: 'Upgrade the older of the two nodes.',
  },
  NETWORK_ROLE_MISMATCH: {
    summary: 'The peer opened a channel that its role does not allow.',
    remedy: 'Wait until both nodes know the same directory; then check the role of that node.',
  },
  NETWORK_HANDSHAKE_FAILED: {
    summary: 'A channel could not be opened.',
    remedy: 'Nothing; it is tried again by itself. If it lasts, compare the versions.',
  },
  NETWORK_FRAME_OVERSIZED: {
    summary: 'A message is larger than its protocol allows.',
    remedy: 'If it came from a peer, tell its operator; if it is ours, it is a fault in the node.',
  },
  NETWORK_FRAME_MALFORMED: {
    summary: 'The peer sent bytes that are not a message.',
    remedy: 'Tell its operator: the software of that node is damaged or hostile.',
  },
  NETWORK_REQUEST_TIMEOUT: {
    summary: 'The peer did not answer in time.',
    remedy: 'Ask another peer.',
  },
  NETWORK_REQUEST_CANCELLED: {
    summary: 'The asker gave up before the answer came.',
    remedy: 'Nothing.',
  },
  NETWORK_REQUEST_BUSY: {
    summary: 'Too many requests to this peer are waiting already.',
    remedy: 'Ask another peer, or later.',
  },
  NETWORK_REQUEST_REFUSED: {
    summary: 'The peer answered that it cannot serve the request.',
    remedy: 'Ask another peer.',
  },
});

/** The world denied us something we cannot do without; `failure` has the facts. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  readonly failure: NetworkFailure;

  constructor(failure: NetworkFailure, options?: ErrorOptions) {
    super(explainNetwork(failure), options);
    this.failure = failure;
  }

  get code(): NetworkCode {
    return this.failure.code;
  }
}

/** The failure in one sentence with its facts. */
export function explainNetwork(failure: NetworkFailure): string {
  const { summary } = NETWORK_ERRORS[failure.code];
  switch (failure.code) {
    case 'NETWORK_STOPPED':
      return summary;
    case 'NETWORK_LISTEN_FAILED':
      return `${summary} ${failure.address}: ${failure.detail}.`;
    case 'NETWORK_ADDRESS_INVALID':
      return `${summary} It reads ${JSON.stringify(failure.address)}.`;
    case 'NETWORK_PEER_BANNED':
      return `${summary} Peer ${failure.peerId}, last offence: ${failure.offence}.`;
    case 'NETWORK_PEER_SLOW':
      return `${summary} Peer ${failure.peerId}, channel ${failure.channel}.`;
    case 'NETWORK_VERSION_MISMATCH':
      return `${summary} Peer ${failure.peerId} speaks version ${failure.version}.`;
    case 'NETWORK_ROLE_MISMATCH':
      return `${summary} Peer ${failure.peerId} came as ${failure.role}.`;
    case 'NETWORK_HANDSHAKE_FAILED':
    case 'NETWORK_FRAME_MALFORMED':
      return `${summary} Peer ${failure.peerId}: ${failure.detail}.`;
    case 'NETWORK_FRAME_OVERSIZED':
      return `${summary} Peer ${failure.peerId}: ${failure.size} of at most ${failure.sizeMax} bytes.`;
    case 'NETWORK_REQUEST_TIMEOUT':
      return `${summary} Peer ${failure.peerId}, ${failure.timeoutMs} ms.`;
    case 'NETWORK_REQUEST_REFUSED':
      return `${summary} Peer ${failure.peerId}: ${failure.why}.`;
    case 'NETWORK_PEER_UNKNOWN':
    case 'NETWORK_PEER_OFFLINE':
    case 'NETWORK_PEER_REMOVED':
    case 'NETWORK_LINK_LOST':
    case 'NETWORK_LINK_DUPLICATE':
    case 'NETWORK_CHAIN_MISMATCH':
    case 'NETWORK_REQUEST_CANCELLED':
    case 'NETWORK_REQUEST_BUSY':
      return `${summary} Peer ${failure.peerId}.`;
    default:
      return assertNever(failure);
  }
}
