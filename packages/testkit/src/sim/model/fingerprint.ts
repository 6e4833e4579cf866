/**
 * Equal text for clusters that will do the same from now on, whatever comes: all that their replicas
 * can still act on, as it is and without any renaming. Left out is only what no rule asks for any
 * more; each place says why.
 */
import { RESEND_AGE_MS } from '@daybook/consensus';
import { encodeUtf8, sha256, toHex } from '@daybook/core';
import type { Cluster, Replica } from './replica.ts';

/** Texts below this stand as they are. */
const SHORT = 48;
/** Rules ask of these only whether they are older than RESEND (R11, R14), and things grow older. */
const AGES: ReadonlySet<string> = new Set(['sinceMonoMs', 'relayedMonoMs', 'suppliedMonoMs']);
/**
 * When a STATUS was made and came. All clocks are right and frames take no time, so that it shows no
 * clock that is off; and none is as old as STATUS_FRESH_MS before the parts meet, and all send anew.
 */
const STATUS_TIMES: ReadonlySet<string> = new Set(['wallMs', 'atMonoMs']);

export class Fingerprints {
  readonly #nowMs: number;
  /** Clusters share most parts: the digest of each is made once. */
  readonly #digests = new WeakMap<object, string>();

  /** @param nowMs  of all clusters that it is asked for */
  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  of({ replicas }: Cluster): string {
    return digestOf(replicas.map((replica) => this.#replica(replica)).join('\n'));
  }

  #replica({ state, votes, blocks, chain }: Replica): string {
    // When somebody was last heard is shown to operators; no rule asks for it.
    const { heardMonoMs: _heard, timers, peers, ...rest } = state;
    const armed = Object.entries(timers).sort(([a], [b]) => (a < b ? -1 : 1));
    const views = peers.map((view) => this.#text(view, STATUS_TIMES));
    const parts = [rest, armed, votes, [...blocks.keys()], chain];
    return [...views, ...parts.map((part) => this.#text(part))].join('|');
  }

  #text(value: unknown, without?: ReadonlySet<string>): string {
    if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '-';
    const known = this.#digests.get(value);
    if (known !== undefined) return known;
    const digest = digestOf(this.#content(value, without));
    this.#digests.set(value, digest);
    return digest;
  }

  #content(value: object, without: ReadonlySet<string> | undefined): string {
    if (value instanceof Uint8Array) return toHex(value);
    if (Array.isArray(value)) return `[${Array.from(value, (one) => this.#text(one)).join(',')}]`;
    const fields = Object.entries(value).flatMap(([name, field]) => {
      if (without?.has(name)) return [];
      const text = AGES.has(name) ? this.#age(field as number) : this.#text(field, without);
      return [`${name}:${text}`];
    });
    return `{${fields.join(',')}}`;
  }

  #age(sinceMs: number | undefined): string {
    return sinceMs !== undefined && this.#nowMs - sinceMs < RESEND_AGE_MS ? `${sinceMs}` : 'old';
  }
}

function digestOf(text: string): string {
  return text.length < SHORT ? text : `#${toHex(sha256(encodeUtf8(text))).slice(0, 32)}`;
}
