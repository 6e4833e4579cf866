/** SHA-256 where there is no Node: browsers. */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

/** 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nobleSha256(bytes);
}
