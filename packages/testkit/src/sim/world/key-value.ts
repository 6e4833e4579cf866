/**
 * The database of one machine behind the key-value port of state. Batches are atomic; those that
 * were not synced are lost from the end at a crash, as LevelDB loses the tail of its log.
 */
import type { KeyValue } from '@daybook/state';
import { StateError } from '@daybook/state';
import type { DiskFault, DiskMoment, DiskSettings } from './disk.ts';
import { never } from './disk.ts';
import type { Life } from './life.ts';
import type { Prng } from './prng.ts';
import type { Timeline } from './timeline.ts';

type Batch = Parameters<KeyValue['write']>[0];
type Entry = Batch['put'][number];

export class SimulatedKeyValue {
  readonly #timeline: Timeline;
  readonly #settings: DiskSettings;
  #current = new Map<string, Entry>();
  #durable = new Map<string, Entry>();
  #unsynced: Batch[] = [];
  /** Names in order, made when a scan first needs them. */
  #sorted: string[] | undefined;

  constructor(timeline: Timeline, settings: DiskSettings) {
    this.#timeline = timeline;
    this.#settings = settings;
  }

  portFor(life: Life, path: string): KeyValue {
    return {
      path,
      getMany: async (keys) => keys.map((key) => this.#current.get(nameOf(key))?.[1]),
      scan: async ({ from, to, limit, isReverse = false }) => {
        const names = this.#between(nameOf(from), nameOf(to));
        const chosen = isReverse ? names.reverse().slice(0, limit) : names.slice(0, limit);
        return chosen.flatMap((name) => {
          const entry = this.#current.get(name);
          return entry === undefined ? [] : [entry];
        });
      },
      write: (batch, isSynced) => this.#write(life, path, batch, isSynced),
      close: async () => undefined,
    };
  }

  #between(from: string, to: string): string[] {
    this.#sorted ??= [...this.#current.keys()].sort();
    const start = firstNotBelow(this.#sorted, from);
    return this.#sorted.slice(start, firstNotBelow(this.#sorted, to));
  }

  async #write(life: Life, path: string, batch: Batch, isSynced: boolean): Promise<void> {
    const strike = (operation: DiskMoment['operation']): DiskFault | undefined => {
      if (!life.isAlive()) return 'crash';
      const fault = this.#settings.strike({ operation, path });
      return life.isAlive() ? fault : 'crash';
    };
    const fault = strike('batch');
    if (fault === 'crash') return never();
    if (fault !== undefined) {
      const failure = { code: 'STATE_DATABASE_FAILED', path, reason: 'IO error' } as const;
      throw this.#settings.refusals.add(new StateError(failure));
    }
    const copy = copyOf(batch);
    this.#apply(this.#current, copy);
    this.#sorted = undefined;
    this.#unsynced.push(copy);
    if (strike('batch-written') !== undefined) return never();
    if (!isSynced) return;
    const count = this.#unsynced.length;
    const delayMs = this.#settings.syncMs();
    if (delayMs > 0) await this.#wait(life, delayMs);
    for (const one of this.#unsynced.splice(0, count)) this.#apply(this.#durable, one);
  }

  #wait(life: Life, delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timeline.at(this.#timeline.now() + delayMs, () => {
        if (life.isAlive()) life.enter(resolve);
      });
    });
  }

  #apply(entries: Map<string, Entry>, { put, remove }: Batch): void {
    for (const entry of put) entries.set(nameOf(entry[0]), entry);
    for (const key of remove) entries.delete(nameOf(key));
  }

  crash(losing: Prng): void {
    const kept = losing.between(0, this.#unsynced.length);
    for (const one of this.#unsynced.slice(0, kept)) this.#apply(this.#durable, one);
    this.#unsynced = [];
    this.#current = new Map(this.#durable);
    this.#sorted = undefined;
  }

  settle(): void {
    for (const one of this.#unsynced) this.#apply(this.#durable, one);
    this.#unsynced = [];
  }

  /** Changes the stored bytes of one value; `place` counts them in the order of their keys. */
  damage(place: number, change: (bytes: Uint8Array) => void): void {
    const name = [...this.#durable.keys()].sort()[place];
    const entry = name === undefined ? undefined : this.#durable.get(name);
    if (name === undefined || entry === undefined) return;
    const value = entry[1].slice();
    change(value);
    this.#durable.set(name, [entry[0], value]);
    this.#current.set(name, [entry[0], value]);
  }

  /** How many values are durable. */
  size(): number {
    return this.#durable.size;
  }

  /** Everything durable, for a backup. */
  backup(): ReadonlyMap<string, Entry> {
    return new Map(this.#durable);
  }

  restore(entries: ReadonlyMap<string, Entry>): void {
    this.#durable = new Map(entries);
    this.#current = new Map(entries);
    this.#unsynced = [];
    this.#sorted = undefined;
  }
}

/** What the caller goes on to change stays out; entries themselves are never changed. */
function copyOf({ put, remove }: Batch): Batch {
  return { put: put.map(([key, value]) => [key.slice(), value.slice()] as const), remove };
}

/** Latin-1 strings compare as their bytes do. */
function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}

function firstNotBelow(names: readonly string[], name: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((names[middle] ?? '') < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
