/**
 * Files of a disk that are not what was written there: a fault has changed or lost them, or a write
 * went astray. A start mends what it opens; what happens meanwhile is of the next one. A backup that
 * is put back is none of it: its files are new ones, and whoever opens them can see that.
 */
export interface Harm {
  add(...paths: readonly string[]): void;
  /** A start opens what there is. */
  beginMending(): void;
  /** It has come to its end; without it, the next start has the same to mend. */
  endMending(): void;
  /** Paths of files that no start has mended yet. */
  files(): readonly string[];
}

export function createHarm(): Harm {
  const fresh = new Set<string>();
  const opened = new Set<string>();
  return {
    add: (...paths) => {
      for (const path of paths) fresh.add(path);
    },
    beginMending: () => {
      for (const path of fresh) opened.add(path);
      fresh.clear();
    },
    endMending: () => opened.clear(),
    files: () => [...opened, ...fresh],
  };
}
