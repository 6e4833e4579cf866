/**
 * What stands inside a frame: one byte of kind, then for all but plain messages the number of the
 * request, then the payload. Pure; the payload is never looked at.
 *
 *   message  1 ‖ payload
 *   request  2 ‖ id u32 ‖ row u8 ‖ payload
 *   answer   3 ‖ id u32 ‖ payload
 *   refusal  4 ‖ id u32 ‖ why u8
 *   cancel   5 ‖ id u32
 */
import { assert } from '@daybook/core';

/** Why a request was not served; the index is the number on the wire. */
export const REFUSALS = ['absent', 'busy', 'failed'] as const;

export type Refusal = (typeof REFUSALS)[number];

export type Envelope =
  | { readonly kind: 'message'; readonly payload: Uint8Array }
  | {
      readonly kind: 'request';
      readonly id: number;
      readonly row: number;
      readonly payload: Uint8Array;
    }
  | { readonly kind: 'answer'; readonly id: number; readonly payload: Uint8Array }
  | { readonly kind: 'refusal'; readonly id: number; readonly why: Refusal }
  | { readonly kind: 'cancel'; readonly id: number };

const KIND = { message: 1, request: 2, answer: 3, refusal: 4, cancel: 5 } as const;

/** Bytes an envelope adds to its payload, at most. */
export const ENVELOPE_BYTES_MAX = 6;

const ID_END = 5;

/** Request ids are u32 and wrap around. */
export const REQUEST_ID_MAX = 2 ** 32 - 1;

/** A new array with the envelope around a copy of the payload. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  switch (envelope.kind) {
    case 'message': {
      const bytes = new Uint8Array(1 + envelope.payload.length);
      bytes[0] = KIND.message;
      bytes.set(envelope.payload, 1);
      return bytes;
    }
    case 'request': {
      const bytes = numbered(KIND.request, envelope.id, 1 + envelope.payload.length);
      bytes[ID_END] = envelope.row;
      bytes.set(envelope.payload, ID_END + 1);
      return bytes;
    }
    case 'answer': {
      const bytes = numbered(KIND.answer, envelope.id, envelope.payload.length);
      bytes.set(envelope.payload, ID_END);
      return bytes;
    }
    case 'refusal': {
      const bytes = numbered(KIND.refusal, envelope.id, 1);
      bytes[ID_END] = REFUSALS.indexOf(envelope.why);
      return bytes;
    }
    case 'cancel':
      return numbered(KIND.cancel, envelope.id, 0);
  }
}

/** The envelope, its payload a view of `frame`; undefined if the frame is malformed. */
export function decodeEnvelope(frame: Uint8Array): Envelope | undefined {
  const kind = frame[0];
  if (kind === KIND.message) {
    return { kind: 'message', payload: frame.subarray(1) };
  }
  if (frame.length < ID_END) {
    return undefined;
  }
  const id = new DataView(frame.buffer, frame.byteOffset, frame.length).getUint32(1);
  const last = frame[ID_END];
  if (kind === KIND.answer) {
    return { kind: 'answer', id, payload: frame.subarray(ID_END) };
  }
  if (kind === KIND.request && last !== undefined) {
    return { kind: 'request', id, row: last, payload: frame.subarray(ID_END + 1) };
  }
  const why = last === undefined ? undefined : REFUSALS[last];
  if (kind === KIND.refusal && why !== undefined && frame.length === ID_END + 1) {
    return { kind: 'refusal', id, why };
  }
  if (kind === KIND.cancel && frame.length === ID_END) {
    return { kind: 'cancel', id };
  }
  return undefined;
}

function numbered(kind: number, id: number, rest: number): Uint8Array {
  assert(Number.isInteger(id) && id >= 0 && id <= REQUEST_ID_MAX, 'a request id is a u32');
  const bytes = new Uint8Array(ID_END + rest);
  bytes[0] = kind;
  new DataView(bytes.buffer).setUint32(1, id);
  return bytes;
}
