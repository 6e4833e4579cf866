/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4): finds torn and rotten records on disk. It protects
 * against accidents only; whatever an adversary could forge is protected by a hash.
 */

const POLYNOMIAL_REVERSED = 0x82f63b78;
const SLICES = 8;
const TABLES = buildTables();

/**
 * Checksum of the bytes as an unsigned 32-bit integer.
 * @param seed  checksum of the bytes before these, so that parts give the same result as the whole
 */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  const table = TABLES;
  const end = bytes.length - (bytes.length % SLICES);
  let crc = ~seed;
  let at = 0;
  // Slicing by 8: one step looks up eight bytes in eight tables instead of one byte in one.
  for (; at < end; at += SLICES) {
    const low = crc ^ wordAt(bytes, at);
    const high = wordAt(bytes, at + 4);
    crc =
      (table[0x700 | (low & 0xff)] ?? 0) ^
      (table[0x600 | ((low >>> 8) & 0xff)] ?? 0) ^
      (table[0x500 | ((low >>> 16) & 0xff)] ?? 0) ^
      (table[0x400 | (low >>> 24)] ?? 0) ^
      (table[0x300 | (high & 0xff)] ?? 0) ^
      (table[0x200 | ((high >>> 8) & 0xff)] ?? 0) ^
      (table[0x100 | ((high >>> 16) & 0xff)] ?? 0) ^
      (table[high >>> 24] ?? 0);
  }
  for (; at < bytes.length; at += 1) {
    crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  }
  return ~crc >>> 0;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

// Table k, at k * 256, gives the effect of a byte that is followed by k zero bytes.
function buildTables(): Int32Array {
  const table = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL_REVERSED : crc >>> 1;
    }
    table[byte] = crc;
  }
  for (let index = 256; index < table.length; index += 1) {
    const previous = table[index - 256] ?? 0;
    table[index] = (previous >>> 8) ^ (table[previous & 0xff] ?? 0);
  }
  return table;
}
