/**
 * Which records of a log are known to be superfluous: some bits, so that sweeping a segment need not
 * look every record up in the tree. What is not known costs a lookup and nothing else, therefore
 * the marks are kept in memory only, and of a bounded number of segments.
 */
import type { Ref } from './record-form.ts';
import type { RecordLog } from './record-log.ts';

/** With segments of 32 MiB and one bit for 32 bytes: 16 MiB of marks. */
const SEGMENTS_MAX = 128;

export class DeadRecords {
  readonly #log: RecordLog;
  readonly #recordBytesMin: number;
  readonly #marks = new Map<number, Uint8Array>();

  /** @param recordBytesMin  of the smallest record, so that no two begin in the same so many bytes */
  constructor(log: RecordLog, recordBytesMin: number) {
    this.#log = log;
    this.#recordBytesMin = recordBytesMin;
  }

  mark(refs: readonly Ref[]): void {
    // biome-ignore lint/style/useForOf: an iterator makes an object for each of thousands.
    for (let index = 0; index < refs.length; index++) {
      const ref = refs[index] ?? 0;
      const marks = this.#marksOf(this.#log.segmentOf(ref));
      const bit = this.#bitOf(ref);
      if (marks !== undefined) marks[bit >> 3] = (marks[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
  }

  has(ref: Ref): boolean {
    const marks = this.#marks.get(this.#log.segmentOf(ref));
    const bit = this.#bitOf(ref);
    return marks !== undefined && ((marks[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
  }

  forget(segment: number): void {
    this.#marks.delete(segment);
  }

  clear(): void {
    this.#marks.clear();
  }

  #bitOf(ref: Ref): number {
    return Math.floor(this.#log.offsetOf(ref) / this.#recordBytesMin);
  }

  #marksOf(segment: number): Uint8Array | undefined {
    const known = this.#marks.get(segment);
    if (known !== undefined || this.#marks.size >= SEGMENTS_MAX) return known;
    const marks = new Uint8Array(Math.ceil(this.#log.segmentBytes / this.#recordBytesMin / 8));
    this.#marks.set(segment, marks);
    return marks;
  }
}
