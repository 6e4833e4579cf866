/**
 * Where a reader of the event feed stands, and what may come next. A feed with block marks names
 * every height, so a block that is left out is noticed, and what comes twice is dropped.
 */

/** Position of one event: `height.tx.index`. */
export interface Cursor {
  readonly height: number;
  readonly tx: number;
  readonly index: number;
}

/** Everything up to the end of `height` was seen, and in the next block what stands up to `within`. */
export interface FeedPlace {
  readonly height: number;
  readonly within?: Cursor;
}

/** What a message means for the reader: take it, drop it, or stop because something is missing. */
export type Step =
  | { readonly kind: 'take'; readonly place: FeedPlace }
  | { readonly kind: 'drop' }
  | { readonly kind: 'gap' };

const CURSOR = /^(\d{1,16})(?:\.(\d{1,6})\.(\d{1,6}))?$/;

/** A height for the whole of a block, or a cursor; undefined for anything else. */
export function readPlace(text: string): FeedPlace | undefined {
  const match = CURSOR.exec(text);
  if (match === null) return undefined;
  const [, height, tx, index] = match.map(Number);
  if (height === undefined || !Number.isSafeInteger(height)) return undefined;
  if (match[2] === undefined || tx === undefined || index === undefined) return { height };
  return { height: height - 1, within: { height, tx, index } };
}

/** What the node is asked to go on after. */
export function placeText({ height, within }: FeedPlace): string {
  return within === undefined ? String(height) : `${within.height}.${within.tx}.${within.index}`;
}

/** A mark at the end of a block. */
export function stepOverBlock(place: FeedPlace, height: number): Step {
  if (height <= place.height) return { kind: 'drop' };
  return height === place.height + 1 ? { kind: 'take', place: { height } } : { kind: 'gap' };
}

/**
 * An event.
 * @param isComplete  nothing is filtered out, so that indices within a transaction have no holes
 */
export function stepOverEvent(place: FeedPlace, cursor: Cursor, isComplete: boolean): Step {
  const { height, within } = place;
  if (cursor.height <= height) return { kind: 'drop' };
  if (cursor.height > height + 1) return { kind: 'gap' };
  if (within !== undefined && !isAfter(cursor, within)) return { kind: 'drop' };
  const isSameTx = within?.tx === cursor.tx;
  const expected = isSameTx ? (within?.index ?? 0) + 1 : 0;
  if (isComplete && cursor.index !== expected) return { kind: 'gap' };
  return { kind: 'take', place: { height, within: cursor } };
}

function isAfter(a: Cursor, b: Cursor): boolean {
  return a.tx === b.tx ? a.index > b.index : a.tx > b.tx;
}
