/** A checker watches the whole world for some invariants of docs/reliability.md and nothing else. */
import type { World } from '../world/world.ts';

export interface Checker {
  /** The invariants it looks for, by id. */
  readonly invariants: readonly string[];
  /** Subscribes to what it needs; reports with `world.violate`. */
  watch(world: World): void;
}
