/** The disk of the simulation as it fails: what the process sees, and what is left after a crash. */
import { expect } from 'chai';
import type { DiskFault } from '../../src/sim/world/disk.ts';
import { SimulatedDisk } from '../../src/sim/world/disk.ts';
import { createLife } from '../../src/sim/world/life.ts';
import { createPrng } from '../../src/sim/world/prng.ts';
import { createRefusals } from '../../src/sim/world/refusals.ts';
import { createTimeline } from '../../src/sim/world/timeline.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

describe('simulated disk', () => {
  it('given a write that lands elsewhere, then the process sees it in place until power is lost', async () => {
    const timeline = createTimeline();
    let fault: DiskFault | undefined;
    const refusals = createRefusals();
    const disk = new SimulatedDisk(timeline, { syncMs: () => 0, strike: () => fault, refusals });
    const port = disk.portFor(createLife(timeline));
    const [first, second] = ['/data/first', '/data/second'].map((path) => port.createFile(path));
    for (const file of [first, second]) {
      file?.write(0, bytesOf('0123456789'));
      await file?.sync();
    }
    await port.syncDirectory('/data');

    fault = { path: '/data/second', at: 5 };
    first?.write(2, bytesOf('ab'));
    fault = undefined;
    await first?.sync();

    expect(textOf(disk.current('/data/first'))).to.equal('01ab456789');
    expect(textOf(disk.current('/data/second'))).to.equal('0123456789');
    disk.crash(createPrng(1));
    expect(textOf(disk.current('/data/first'))).to.equal('0123456789');
    expect(textOf(disk.current('/data/second'))).to.equal('01234ab789');
  });
});
