/**
 * The first frame in each direction of every stream: who speaks which version of the protocol on
 * which chain, and in which role. Pure.
 *
 *   hello    version u16 ‖ chain 32 ‖ role u8
 *   welcome  verdict u8 ‖ hello of the one who answers
 */
import { assertBytes, concatBytes, equalBytes } from '@daybook/core';
import type { NetworkFailure } from './errors.ts';
import type { Role } from './network.ts';
import type { ChannelRow } from './protocols.ts';

/** Raised with every change that both sides must know of; protocol ids carry the major change. */
export const WIRE_VERSION = 1;

const CHAIN_BYTES = 32;
const HELLO_BYTES = 2 + CHAIN_BYTES + 1;
const ROLES = ['validator', 'observer'] as const;

/** Largest frame before the handshake is over. */
export const HANDSHAKE_BYTES_MAX = 1 + HELLO_BYTES;

/** Verdict of the one who answers; the index is the number on the wire. */
const VERDICTS = ['welcome', 'version', 'chain', 'role'] as const;

export type Verdict = (typeof VERDICTS)[number];

export interface Hello {
  readonly version: number;
  /** G, 32 bytes. */
  readonly chain: Uint8Array;
  /** What the speaker takes itself for; its directory may be older than ours. */
  readonly role: 'validator' | 'observer';
}

export function encodeHello(hello: Hello): Uint8Array {
  assertBytes(hello.chain, CHAIN_BYTES, 'chain id');
  const version = Uint8Array.of(hello.version >> 8, hello.version & 0xff);
  return concatBytes(version, hello.chain, Uint8Array.of(ROLES.indexOf(hello.role)));
}

/** undefined if the bytes are no hello of any version. */
export function decodeHello(bytes: Uint8Array): Hello | undefined {
  const [high, low] = bytes;
  const role = ROLES[bytes[HELLO_BYTES - 1] ?? ROLES.length];
  if (bytes.length !== HELLO_BYTES || high === undefined || low === undefined || !role) {
    return undefined;
  }
  return { version: high * 256 + low, chain: bytes.slice(2, 2 + CHAIN_BYTES), role };
}

export function encodeWelcome(verdict: Verdict, own: Hello): Uint8Array {
  return concatBytes(Uint8Array.of(VERDICTS.indexOf(verdict)), encodeHello(own));
}

/** undefined if the bytes are no welcome. */
export function decodeWelcome(
  bytes: Uint8Array,
): { readonly verdict: Verdict; readonly hello: Hello } | undefined {
  const verdict = VERDICTS[bytes[0] ?? VERDICTS.length];
  const hello = decodeHello(bytes.subarray(1));
  return verdict === undefined || hello === undefined ? undefined : { verdict, hello };
}

/**
 * What to say to a peer that wants to open a channel. A channel between validators needs a peer
 * that our directory lists as validator and that takes itself for one; whether we are one does not
 * matter, because our own directory may be the older one while we catch up.
 * @param listed  the peer's role in our admission table
 */
export function judgeHello(hello: Hello, own: Hello, row: ChannelRow, listed: Role): Verdict {
  if (hello.version !== own.version) {
    return 'version';
  }
  if (!equalBytes(hello.chain, own.chain)) {
    return 'chain';
  }
  const validators = listed === 'validator' && hello.role === 'validator';
  return row.between === 'validators' && !validators ? 'role' : 'welcome';
}

/** The verdict as a failure with its facts; undefined for a welcome. */
export function failureOfVerdict(
  verdict: Verdict,
  peerId: string,
  hello: Hello,
): NetworkFailure | undefined {
  switch (verdict) {
    case 'welcome':
      return undefined;
    case 'version':
      return { code: 'NETWORK_VERSION_MISMATCH', peerId, version: hello.version };
    case 'chain':
      return { code: 'NETWORK_CHAIN_MISMATCH', peerId };
    case 'role':
      return { code: 'NETWORK_ROLE_MISMATCH', peerId, role: hello.role };
  }
}
