/** Small things that outlive the process: kept whole or not at all. */
import { expect } from 'chai';
import type { Disk, Keepsakes } from '../../src/index.ts';
import { createMemoryDisk, openKeepsakes } from '../../src/index.ts';

const DIRECTORY = '/kept';
const bytes = Uint8Array.of(1, 2, 3);

describe('state: keepsakes', () => {
  let disk: Disk;
  let keepsakes: Keepsakes;

  beforeEach(() => {
    disk = createMemoryDisk();
    disk.makeDirectory(DIRECTORY);
    keepsakes = openKeepsakes(DIRECTORY, disk);
  });

  it('given things kept, when opened again, then they are there by name until they are dropped', async () => {
    await keepsakes.keep({ name: 'b', bytes });
    await keepsakes.keep({ name: 'a', bytes: new Uint8Array() });
    const again = openKeepsakes(DIRECTORY, disk);
    const before = again.read();

    again.drop('b');
    again.drop('never');

    expect(before).to.deep.equal([
      { name: 'a', bytes: new Uint8Array() },
      { name: 'b', bytes },
    ]);
    expect(keepsakes.read().map(({ name }) => name)).to.deep.equal(['a']);
  });

  it('given a file cut short or changed at any byte, then it counts as missing, is named and stays', async () => {
    await keepsakes.keep({ name: 'a', bytes });
    const path = `${DIRECTORY}/a`;
    const size = disk.openFile(path).size();

    for (let at = 0; at < size; at++) {
      await keepsakes.keep({ name: 'a', bytes });
      const file = disk.openFile(`${DIRECTORY}/a`);
      const found = new Uint8Array(1);
      file.read(at, found);
      file.write(at, Uint8Array.of((found[0] ?? 0) ^ 1));
      expect(keepsakes.read(), `byte ${at}`).to.deep.equal([]);
      expect(keepsakes.damaged()).to.deep.equal([path]);
      await keepsakes.keep({ name: 'a', bytes });
      disk.openFile(`${DIRECTORY}/a`).truncate(at);
      expect(keepsakes.read(), `${at} bytes`).to.deep.equal([]);
    }
    expect(disk.list(DIRECTORY)).to.deep.equal(['a']);
    expect(keepsakes.find('a')).to.equal(undefined);
  });

  it('given files of somebody else beside, then they are never removed', async () => {
    const foreign = disk.createFile(`${DIRECTORY}/blocks-index`);
    foreign.write(0, bytes);
    await foreign.sync();
    await keepsakes.keep({ name: 'a', bytes });

    const read = openKeepsakes(DIRECTORY, disk).read();

    expect(read).to.deep.equal([{ name: 'a', bytes }]);
    expect(disk.list(DIRECTORY)).to.have.members(['a', 'blocks-index']);
  });

  it('given a name that leads elsewhere, then it is our own mistake', () => {
    expect(() => keepsakes.drop('../votes')).to.throw('a name is plain');
  });
});
