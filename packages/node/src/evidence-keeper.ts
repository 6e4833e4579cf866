/**
 * Evidence on disk until a block includes it (protocol §16, X-30): whoever found a fault or was told
 * of it still knows it after a crash, and tells it again. What is kept is what waits in the pool,
 * which bounds it.
 */
import type { Height, SystemTransaction } from '@daybook/core';
import { decodeBodyEntry, toHex } from '@daybook/core';
import type { Keepsakes } from '@daybook/state';
import type { Logger } from './log.ts';
import type { SystemPool } from './system-pool.ts';

export interface EvidenceKeeperParts {
  readonly keepsakes: Keepsakes;
  readonly pool: SystemPool;
  readonly logger: Logger;
}

export interface EvidenceKeeper {
  /** At the start: puts into the pool what was kept before. @returns what the chain still wants */
  recall(): readonly SystemTransaction[];
  /** What lies on disk, or is about to. */
  count(): number;
  /** New in the pool; other kinds than evidence are not kept. */
  keep(system: SystemTransaction): void;
  /**
   * After a block: lets go of what the pool has let go of.
   * @param patience  blocks after which whoever proposes cannot know of what waits
   * @returns what is to be told: what was early and waits now, and what waits for so long
   */
  settle(height: Height, patience: number): readonly SystemTransaction[];
}

interface Kept {
  readonly system: SystemTransaction;
  /** The first block that did not take it; undefined until then. */
  since: Height | undefined;
}

/** The chain of this node is not there yet: its block log has lost blocks. */
const EARLY = 'CORE_EVIDENCE_FUTURE';

class DiskKeeper implements EvidenceKeeper {
  readonly #parts: EvidenceKeeperParts;
  readonly #kept = new Map<string, Kept>();
  #early: readonly SystemTransaction[] = [];

  constructor(parts: EvidenceKeeperParts) {
    this.#parts = parts;
  }

  recall(): readonly SystemTransaction[] {
    const { keepsakes, logger } = this.#parts;
    for (const path of keepsakes.damaged()) logger.warn('kept evidence damaged', { path });
    const found = keepsakes.read().flatMap(({ name, bytes }) => {
      const entry = decodeBodyEntry(bytes);
      if (entry.ok && entry.value.type === 'system') return [entry.value.system];
      this.#drop(name);
      return [];
    });
    for (const system of found) this.#kept.set(toHex(system.id), { system, since: undefined });
    return this.#offer(found);
  }

  /** @returns those that wait in the pool now */
  #offer(systems: readonly SystemTransaction[]): readonly SystemTransaction[] {
    const { pool, logger } = this.#parts;
    const early: SystemTransaction[] = [];
    const taken = systems.filter((system) => {
      const offered = pool.offer(system);
      if (offered.ok) return true;
      if (offered.reason.code === EARLY) early.push(system);
      else this.#forget(toHex(system.id));
      return false;
    });
    this.#early = early;
    if (taken.length > 0) logger.info('evidence of before the start', { count: taken.length });
    return taken;
  }

  count(): number {
    return this.#kept.size;
  }

  keep(system: SystemTransaction): void {
    if (system.kind !== 'evidence') return;
    const name = toHex(system.id);
    this.#kept.set(name, { system, since: undefined });
    const { keepsakes, logger } = this.#parts;
    // A disk that fails ends the node by the next vote; the pool holds it until then.
    keepsakes.keep({ name, bytes: system.bytes }).catch((error: unknown) => {
      logger.warn('evidence not kept on disk', { reason: String(error) });
    });
  }

  settle(height: Height, patience: number): readonly SystemTransaction[] {
    if (this.#kept.size === 0) return [];
    const told = this.#early.length === 0 ? [] : [...this.#offer(this.#early)];
    for (const [name, kept] of this.#kept) {
      const { system } = kept;
      if (this.#parts.pool.has(system)) {
        kept.since ??= height;
        if (height - kept.since === patience) told.push(system);
      } else if (!this.#early.includes(system)) {
        this.#forget(name);
      }
    }
    return told;
  }

  #forget(name: string): void {
    this.#kept.delete(name);
    this.#drop(name);
  }

  #drop(name: string): void {
    try {
      this.#parts.keepsakes.drop(name);
    } catch (error) {
      this.#parts.logger.warn('evidence not removed', { reason: String(error) });
    }
  }
}

export function createEvidenceKeeper(parts: EvidenceKeeperParts): EvidenceKeeper {
  return new DiskKeeper(parts);
}
