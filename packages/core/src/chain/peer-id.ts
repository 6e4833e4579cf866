/**
 * The text form of a node's PEER key, as libp2p writes it: `12D3KooW…`. It is base58btc over the
 * identity multihash of the protobuf form of an Ed25519 public key, so it holds the key itself and
 * can be computed and read back without libp2p.
 */
import { assertBytes, concatBytes, equalBytes } from '../codec/bytes.ts';

/** multihash: identity, 36 bytes; protobuf: field 1 = 1 (Ed25519), field 2 = 32 bytes. */
const PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20);
const KEY_BYTES = 32;

/** 38 bytes starting with 00 24 08 … always make this many characters. */
const PEER_ID_CHARACTERS = 52;

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Peer id of a raw 32-byte Ed25519 public key. @throws AssertionError for another length */
export function peerIdFromPublicKey(publicKey: Uint8Array): string {
  assertBytes(publicKey, KEY_BYTES, 'peer public key');
  return encodeBase58(concatBytes(PREFIX, publicKey));
}

/** Raw 32-byte public key inside a peer id; undefined unless it is exactly such a text. */
export function publicKeyOfPeerId(text: string): Uint8Array | undefined {
  if (text.length !== PEER_ID_CHARACTERS) {
    return undefined;
  }
  const bytes = decodeBase58(text, PREFIX.length + KEY_BYTES);
  if (bytes === undefined || !equalBytes(bytes.subarray(0, PREFIX.length), PREFIX)) {
    return undefined;
  }
  return bytes.slice(PREFIX.length);
}

function encodeBase58(bytes: Uint8Array): string {
  let zeros = 0;
  while (bytes[zeros] === 0) {
    zeros += 1;
  }
  let value = 0n;
  for (const byte of bytes) {
    value = (value << 8n) | BigInt(byte);
  }
  let digits = '';
  while (value > 0n) {
    digits = BASE58.charAt(Number(value % 58n)) + digits;
    value /= 58n;
  }
  return '1'.repeat(zeros) + digits;
}

/** `size` bytes, or undefined if the text is not the one encoding of that many. */
function decodeBase58(text: string, size: number): Uint8Array | undefined {
  let value = 0n;
  for (const character of text) {
    const digit = BASE58.indexOf(character);
    if (digit < 0) {
      return undefined;
    }
    value = value * 58n + BigInt(digit);
  }
  const bytes = new Uint8Array(size);
  for (let index = size - 1; index >= 0; index -= 1) {
    bytes[index] = Number(value & 0xffn);
    value >>= 8n;
  }
  return value === 0n && encodeBase58(bytes) === text ? bytes : undefined;
}
