/**
 * What handlers answer with, before it is JSON or CBOR: one tree with bytes and big integers in it.
 * In JSON bytes become hex, integers of 64 bits decimal strings; in CBOR they stay what they are.
 */
import type { CborValue } from '@daybook/core';
import { encodeCanonical, toHex } from '@daybook/core';

export interface ViewMap {
  readonly [name: string]: View | undefined;
}

export type View =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Dual
  | readonly View[]
  | ViewMap;

/** A value that people read differently from machines, such as a contract's row. */
export class Dual {
  readonly json: unknown;
  readonly cbor: CborValue;

  /** @param json  what JSON shows @param cbor  what CBOR carries */
  constructor(json: unknown, cbor: CborValue) {
    this.json = json;
    this.cbor = cbor;
  }
}

function isList(view: View): view is readonly View[] {
  return Array.isArray(view);
}

/** The value for JSON.stringify; members that are undefined are left out. */
export function toJson(view: View): unknown {
  if (view === null || typeof view !== 'object') {
    return typeof view === 'bigint' ? view.toString() : view;
  }
  if (view instanceof Uint8Array) return toHex(view);
  if (view instanceof Dual) return view.json;
  if (isList(view)) return view.map(toJson);
  const members: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(view)) {
    if (member !== undefined) members[name] = toJson(member);
  }
  return members;
}

function toCborValue(view: View): CborValue {
  if (view === null || typeof view !== 'object' || view instanceof Uint8Array) return view;
  if (view instanceof Dual) return view.cbor;
  if (isList(view)) return view.map(toCborValue);
  const members: Record<string, CborValue> = {};
  for (const [name, member] of Object.entries(view)) {
    if (member !== undefined) members[name] = toCborValue(member);
  }
  return members;
}

export function renderJson(view: View): string {
  return JSON.stringify(toJson(view));
}

export function renderCbor(view: View): Uint8Array {
  return encodeCanonical(toCborValue(view));
}
