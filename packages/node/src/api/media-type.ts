/** Media types: what a body is, and which of several forms of an answer the client wants. */

export const JSON_TYPE = 'application/json';
export const CBOR_TYPE = 'application/cbor';
export const PROBLEM_TYPE = 'application/problem+json';
export const EVENTS_TYPE = 'text/event-stream';
export const HTML_TYPE = 'text/html';
export const TEXT_TYPE = 'text/plain';
export const BINARY_TYPE = 'application/octet-stream';

/** `type/subtype` of a Content-Type in lower case; undefined if absent, or not UTF-8. */
export function mediaTypeOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const [type = '', ...attributes] = header.split(';').map((part) => part.trim().toLowerCase());
  const charset = attributes.find((attribute) => attribute.startsWith('charset='));
  if (charset !== undefined && !/^charset="?utf-8"?$/.test(charset)) return undefined;
  return type;
}

interface Range {
  readonly type: string;
  readonly quality: number;
}

const RANGES_MAX = 32;

function parseRange(text: string): Range {
  const [type = '', ...attributes] = text.split(';').map((part) => part.trim().toLowerCase());
  const q = attributes.find((attribute) => attribute.startsWith('q='));
  const quality = q === undefined ? 1 : Number(q.slice(2));
  return { type, quality: Number.isFinite(quality) ? quality : 0 };
}

/** How exactly a range names a type: 3 exactly, 2 by its first half, 1 as anything, 0 not. */
function precisionOf(range: Range, type: string): number {
  if (range.type === type) return 3;
  if (range.type === `${type.slice(0, type.indexOf('/'))}/*`) return 2;
  return range.type === '*/*' ? 1 : 0;
}

/**
 * The form to answer in (RFC 9110 §12.5.1).
 * @param accept    the header; absent accepts everything
 * @param produced  forms on offer, the preferred first
 * @returns         undefined when the client takes none of them
 */
export function chooseMediaType(
  accept: string | undefined,
  produced: readonly string[],
): string | undefined {
  if (accept === undefined || accept.trim() === '') return produced[0];
  const ranges = accept.split(',', RANGES_MAX).map(parseRange);
  const ranked = produced.map((type, order) => {
    const best = ranges
      .map((range) => ({ precision: precisionOf(range, type), quality: range.quality }))
      .sort((a, b) => b.precision - a.precision)[0];
    const quality = best === undefined || best.precision === 0 ? 0 : best.quality;
    return { type, order, quality };
  });
  ranked.sort((a, b) => b.quality - a.quality || a.order - b.order);
  const [first] = ranked;
  return first !== undefined && first.quality > 0 ? first.type : undefined;
}

/** A proof bundle: canonical CBOR, see the protocol documents. */
export const PROOF_TYPE = 'application/vnd.daybook.proof+cbor';
