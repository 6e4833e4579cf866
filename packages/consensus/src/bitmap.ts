/** Bitmaps over V_h in a STATUS: bit i of byte i>>3, least significant first. */

export function bitmapOf(indices: readonly number[], count: number): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(count / 8));
  for (const index of indices) bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) | (1 << (index & 7));
  return bitmap;
}

/** A bit beyond the bitmap is 0: a shorter one claims less. */
export function hasBit(bitmap: Uint8Array, index: number): boolean {
  return ((bitmap[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
}
