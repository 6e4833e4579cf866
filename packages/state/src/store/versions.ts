/** The versions of the state that can be read: a run of heights up to the newest, and pins. */
import type { Height } from '@daybook/core';
import { StateError } from '../errors.ts';
import { Pins } from './pins.ts';
import type { Version } from './root-record.ts';

export class Versions {
  readonly #byHeight = new Map<Height, Version>();
  readonly pins = new Pins();
  readonly #retained: number;
  #newest: Version | undefined;

  /** @param retained  how many heights are kept, the newest included */
  constructor(retained: number) {
    this.#retained = retained;
  }

  /** Heights between syncs, so that a synced version is always among the retained ones. */
  syncInterval(max: number): number {
    return Math.max(1, Math.min(max, Math.floor(this.#retained / 2)));
  }

  newest(): Version | undefined {
    return this.#newest;
  }

  /** The lowest height of the run when `newest` is its highest. */
  oldest(newest: Height): Height {
    return Math.max(0, newest - this.#retained + 1);
  }

  get(height: Height): Version | undefined {
    return this.#byHeight.get(height);
  }

  /** @throws StateError STATE_VERSION_PRUNED when the height is not kept, or not yet known */
  need(height: Height): Version {
    const version = this.#byHeight.get(height);
    if (version !== undefined) return version;
    const newest = this.#newest?.height;
    const window = newest === undefined ? {} : { oldest: this.oldest(newest), newest };
    throw new StateError({ code: 'STATE_VERSION_PRUNED', height, ...window });
  }

  /** Takes over a new newest version, or a changed form of it. */
  add(version: Version): void {
    const before = this.#newest;
    // A thousand tables of segments would fill the memory; the database has them.
    if (before !== undefined) {
      const light = { ...before, nodeSegments: [], valueSegments: [] };
      this.#byHeight.set(before.height, light);
    }
    this.#byHeight.set(version.height, version);
    this.#newest = version;
  }

  /** The height that leaves the run when `newest` joins it, unless it is pinned. */
  leaving(newest: Height): Height | undefined {
    const height = newest - this.#retained;
    return this.#byHeight.has(height) && !this.pins.has(height) ? height : undefined;
  }

  forget(height: Height): void {
    this.#byHeight.delete(height);
  }

  /**
   * Whether a version that can be read uses records which no version from `emptySince` on does.
   * @param startsBefore  whether the first of the records was there at a version
   * @param newest        the newest height
   */
  isRead(emptySince: Height, startsBefore: (version: Version) => boolean, newest: Height): boolean {
    if (emptySince > this.oldest(newest)) return true;
    for (const pin of this.pins.heights()) {
      const version = this.#byHeight.get(pin);
      if (pin < emptySince && version !== undefined && startsBefore(version)) return true;
    }
    return false;
  }

  /** Heights above one, to be dropped when the state goes back to it. */
  above(height: Height): readonly Height[] {
    return [...this.#byHeight.keys()].filter((other) => other > height);
  }

  /** Goes back to an earlier version. */
  rewind(version: Version): void {
    this.#newest = undefined;
    for (const height of this.above(version.height)) this.#byHeight.delete(height);
    this.add(version);
  }
}
