/** What a handler returns: a value, and nothing written yet. */
import type { Problem } from './problem.ts';
import type { View } from './view.ts';

/** How long an answer may be kept by caches. */
export type Freshness =
  /** Never changes: a final block, a receipt. `tag` identifies the content. */
  | { readonly kind: 'immutable'; readonly tag: string }
  /** True for the named state only; a cache must ask again, and may get 304. */
  | { readonly kind: 'tagged'; readonly tag: string }
  /** Differs at every moment. */
  | { readonly kind: 'never' };

export type Reply =
  | {
      readonly kind: 'view';
      readonly status: number;
      readonly view: View;
      readonly freshness: Freshness;
    }
  | {
      readonly kind: 'bytes';
      readonly status: number;
      readonly mediaType: string;
      readonly bytes: Uint8Array | string;
      readonly freshness: Freshness;
      /** Suggested name when a browser saves the answer. */
      readonly fileName?: string;
    }
  | { readonly kind: 'stream'; readonly mediaType: string; readonly run: StreamBody }
  | { readonly kind: 'problem'; readonly problem: Problem };

/** Where a stream is written; `write` resolves when the client has room for more. */
export interface StreamSink {
  /** @returns false when the stream has ended and nothing more may be written */
  write(text: string): Promise<boolean>;
  /** Aborted when the client left, stalled, or the node stops. */
  readonly signal: AbortSignal;
}

/** Writes a stream until it returns. */
export type StreamBody = (sink: StreamSink) => Promise<void>;

const NEVER: Freshness = { kind: 'never' };

export function view(value: View, freshness: Freshness = NEVER): Reply {
  return { kind: 'view', status: 200, view: value, freshness };
}

export function refuse(problem: Problem): Reply {
  return { kind: 'problem', problem };
}
