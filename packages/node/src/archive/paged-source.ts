/**
 * Pages of an archive's files in memory: neighbouring blocks come with one request, requests for one
 * page at a time are one, and only a few are under way, however many clients ask.
 */
import { createTurns } from '../turns.ts';
import type { ArchiveSource } from './archive-source.ts';

export interface PagedSource extends ArchiveSource {
  /** Forgets what was read of a file, so that it is asked for again. */
  forget(file: string): void;
}

const PAGE_BYTES = 256 * 1024;
/** 8 MiB in all. */
const PAGES_MAX = 32;
const REQUESTS_MAX = 4;

export function createPagedSource(source: ArchiveSource): PagedSource {
  const pages = new Map<string, Promise<Uint8Array>>();
  const inTurn = createTurns(REQUESTS_MAX);
  const pageAt = (file: string, index: number): Promise<Uint8Array> => {
    const key = `${file} ${index}`;
    const known = pages.get(key);
    pages.delete(key);
    const page = known ?? inTurn(() => source.read(file, index * PAGE_BYTES, PAGE_BYTES));
    pages.set(key, page);
    const [oldest] = pages.keys();
    if (pages.size > PAGES_MAX && oldest !== undefined) pages.delete(oldest);
    // The caller gets the failure; it is not remembered.
    page.catch(() => pages.delete(key));
    return page;
  };
  return {
    name: source.name,
    read: async (file, offset, length) => {
      const part = new Uint8Array(length);
      let found = 0;
      while (found < length) {
        const at = offset + found;
        const page = await pageAt(file, Math.floor(at / PAGE_BYTES));
        const wanted = page.subarray(at % PAGE_BYTES, (at % PAGE_BYTES) + length - found);
        if (wanted.length === 0) break;
        part.set(wanted, found);
        found += wanted.length;
      }
      return part.subarray(0, found);
    },
    forget: (file) => {
      for (const key of pages.keys()) if (key.startsWith(`${file} `)) pages.delete(key);
    },
  };
}
