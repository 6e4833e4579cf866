/**
 * `did:key` of an Ed25519 public key (W3C did:key v0.9): base58btc of the multicodec prefix and the
 * key. It names a signer that the directory does not know, and is an alias of one that it does.
 */
import { assertBytes, concatBytes } from '@daybook/core';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
/** Multicodec 0xed (ed25519-pub) as a varint. */
const MULTICODEC = Uint8Array.of(0xed, 0x01);
const PREFIX = 'did:key:z';

/** The did:key of a 32-byte public key. @throws AssertionError for another length */
export function didKeyOf(publicKey: Uint8Array): string {
  assertBytes(publicKey, 32, 'public key');
  // The prefix is not zero, so there are no leading zeros to keep.
  let value = 0n;
  for (const byte of concatBytes(MULTICODEC, publicKey)) value = (value << 8n) | BigInt(byte);
  let digits = '';
  while (value > 0n) {
    digits = ALPHABET.charAt(Number(value % 58n)) + digits;
    value /= 58n;
  }
  return PREFIX + digits;
}

/** The public key in a did:key; undefined for any other text. */
export function publicKeyOfDid(did: string): Uint8Array | undefined {
  if (!did.startsWith(PREFIX) || did.length > PREFIX.length + 48) return undefined;
  let value = 0n;
  for (const character of did.slice(PREFIX.length)) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return undefined;
    value = value * 58n + BigInt(digit);
  }
  const bytes = new Uint8Array(MULTICODEC.length + 32);
  for (let index = bytes.length - 1; index >= 0; index -= 1) {
    bytes[index] = Number(value & 0xffn);
    value >>= 8n;
  }
  const publicKey = bytes.slice(MULTICODEC.length);
  return didKeyOf(publicKey) === did ? publicKey : undefined;
}
