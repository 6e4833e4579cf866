/** The segment files under the tree and the values. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { MemoryDisk } from '../../src/index.ts';
import { createMemoryDisk, StateError } from '../../src/index.ts';
import { hashPairs, hashPairsSlowly } from '../../src/tree/pair-hashes.ts';
import { recordSize } from '../../src/tree/record-form.ts';
import { RecordLog } from '../../src/tree/record-log.ts';

const SEGMENT = 1024;

const openLog = (disk: MemoryDisk, end = 0): RecordLog =>
  new RecordLog({ directory: 'd', name: 'log', segmentBytes: SEGMENT, end }, disk);

function append(log: RecordLog, bytes: Uint8Array, kind = 1): number {
  const start = log.begin(bytes.length);
  log.buffer.set(bytes, start);
  return log.finish(kind, bytes.length);
}

describe('state: record log', () => {
  it('given any records, then each is read by its reference, before and after a restart', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 30 }), (records) => {
        const disk = createMemoryDisk();
        const log = openLog(disk);
        const refs = records.map((bytes) => append(log, bytes));
        for (const [index, ref] of refs.entries()) {
          expect(log.read(ref, 1)).to.deep.equal(records[index]);
        }
        log.flush();

        const again = openLog(disk, log.end());
        const found = [...again.scan(0, log.end())].map(({ ref, body }) => [ref, [...body]]);
        expect(found).to.deep.equal(refs.map((ref, index) => [ref, [...(records[index] ?? [])]]));
        const count = log.takeAppended().reduce((sum, one) => sum + one.count, 0);
        expect(count).to.equal(records.length);
      }),
    );
  });

  it('given bodies of any length, foreseen exactly or not, then each is read as it was written', () => {
    const log = new RecordLog(
      { directory: 'd', name: 'log', segmentBytes: 1024 * 1024, end: 0 },
      createMemoryDisk(),
    );
    const written: (readonly [number, Uint8Array])[] = [];
    for (let size = 0; size <= 4200; size += size < 1400 || size > 2200 ? 41 : 1) {
      for (let slack = 0; slack <= 9; slack++) {
        const bytes = new Uint8Array(size).map((_, at) => size + slack + at);
        const start = log.begin(size + slack);
        log.buffer.set(bytes, start);
        written.push([log.finish(1, size), bytes]);
      }
    }

    for (const [ref, bytes] of written) expect(log.read(ref, 1)).to.deep.equal(bytes);
  });

  it('given a rewind, then what was behind it is written over and never read', () => {
    const disk = createMemoryDisk();
    const log = openLog(disk);
    const fill = (value: number, size: number): Uint8Array => new Uint8Array(size).fill(value);
    append(log, fill(1, 100));
    const end = log.end();
    for (let at = 0; at < 30; at++) append(log, fill(2, 90));
    log.flush();
    log.rewind(end);
    const ref = append(log, fill(3, 850));
    const next = append(log, fill(4, 200));
    log.flush();

    const kinds = [...log.scan(0, log.end())].map(({ body }) => body[0]);
    expect(kinds).to.deep.equal([1, 3, 4]);
    expect(log.segmentOf(ref)).to.equal(0);
    expect(log.segmentOf(next)).to.equal(1);
  });

  it('given a cut at any byte, then a scan names the missing record', () => {
    const disk = createMemoryDisk();
    const log = openLog(disk);
    for (let at = 0; at < 5; at++) append(log, new Uint8Array(40 + at).fill(at + 1));
    log.flush();
    const end = log.end();
    const whole = disk.content('d/log-0000000000.seg').slice();
    for (let size = 16; size < whole.length; size++) {
      const cut = createMemoryDisk();
      cut.replace('d/log-0000000000.seg', whole.subarray(0, size));
      const scan = (): unknown => [...openLog(cut, end).scan(0, end)];
      // The last bytes may be padding, which no record needs.
      if (whole.length - size > 7) expect(scan, `cut at ${size}`).to.throw(StateError);
    }
  });

  it('given a record read at another place, then it is not taken for the one wanted', () => {
    const disk = createMemoryDisk();
    const log = openLog(disk);
    const first = append(log, new Uint8Array(40).fill(1));
    const second = append(log, new Uint8Array(40).fill(2));
    log.flush();
    const content = disk.content('d/log-0000000000.seg');
    const size = recordSize(40);
    content.copyWithin(8 * second, 8 * first, 8 * first + size);

    expect(() => log.read(second, 1)).to.throw(StateError, /bad checksum/);
    expect(() => log.read(first, 2)).to.throw(StateError, /another kind/);
  });
});

describe('state: pair hashes', () => {
  it('given any pairs, then the native and the portable implementation agree', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.nat(), (count, seed) => {
        const input = Uint8Array.from({ length: 64 * count }, (_, at) => (at * 31 + seed) & 255);
        const [fast, slow] = [new Uint8Array(32 * count), new Uint8Array(32 * count)];
        hashPairs(input, fast);
        hashPairsSlowly(input, slow);
        expect(fast).to.deep.equal(slow);
      }),
    );
  });
});
