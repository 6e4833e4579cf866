/** One suite for the disk port, run on the real disk and on the one in memory (reliability F3, F5). */
import * as fs from 'node:fs';
import * as os from 'node:os';
import { expect } from 'chai';
import { isSameFile } from '../../src/disk/disk.ts';
import type { Disk } from '../../src/index.ts';
import {
  createMemoryDisk,
  createNodeDisk,
  createReadingDisk,
  StateError,
} from '../../src/index.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function read(disk: Disk, path: string, at = 0, size = 100): string {
  const file = disk.openFile(path);
  const into = new Uint8Array(size);
  const found = file.read(at, into);
  file.close();
  return new TextDecoder().decode(into.subarray(0, found));
}

function expectDisk(title: string, create: () => { disk: Disk; directory: string; end(): void }) {
  describe(`state: disk port (${title})`, () => {
    let disk: Disk;
    let directory: string;
    let end: () => void;

    beforeEach(() => {
      ({ disk, directory, end } = create());
      disk.makeDirectory(directory);
    });

    afterEach(() => end());

    it('given a write, then it is read at its place, and gaps are zeros', () => {
      const file = disk.createFile(`${directory}/a`);
      file.write(0, bytesOf('hello'));
      file.write(8, bytesOf('you'));

      expect(file.size()).to.equal(11);
      file.close();
      expect(read(disk, `${directory}/a`)).to.equal('hello\0\0\0you');
      expect(read(disk, `${directory}/a`, 8, 2)).to.equal('yo');
      expect(read(disk, `${directory}/a`, 20)).to.equal('');
    });

    it('given a truncation, then the rest is gone and extending gives zeros', async () => {
      const file = disk.createFile(`${directory}/a`);
      file.write(0, bytesOf('abcdef'));
      file.truncate(3);
      file.write(5, bytesOf('x'));
      await file.sync();
      file.close();

      expect(read(disk, `${directory}/a`)).to.equal('abc\0\0x');
    });

    it('given names, then they are listed in order, renamed over others and removed', async () => {
      for (const name of ['b', 'a', 'c']) {
        const file = disk.createFile(`${directory}/${name}`);
        file.write(0, bytesOf(name));
        file.close();
      }
      disk.rename(`${directory}/c`, `${directory}/a`);
      disk.remove(`${directory}/b`);
      await disk.syncDirectory(directory);

      expect(disk.list(directory)).to.deep.equal(['a']);
      expect(read(disk, `${directory}/a`)).to.equal('c');
      expect(disk.list(`${directory}/none`)).to.deep.equal([]);
    });

    it('given a missing file, then opening and removing it fail by name', () => {
      for (const act of [
        () => disk.openFile(`${directory}/none`),
        () => disk.remove(`${directory}/none`),
      ]) {
        expect(act).to.throw(StateError).with.property('code', 'STATE_DISK_FAILED');
      }
    });

    it('given a copy of a file, then its identity differs', () => {
      for (const name of ['a', 'b']) disk.createFile(`${directory}/${name}`).close();

      const [first, second] = ['a', 'b'].map((name) => disk.identify(`${directory}/${name}`));
      expect(first?.machine).to.equal(second?.machine);
      expect(first?.inode).to.not.equal(second?.inode);
      expect(disk.identify(`${directory}/a`)).to.deep.equal(first);
    });

    it('given any directory, then a part of its disk is free', () => {
      expect(disk.freeFraction(directory)).to.be.within(0, 1);
    });
  });
}

expectDisk('memory', () => ({
  disk: createMemoryDisk(),
  directory: 'directory',
  end: () => undefined,
}));

expectDisk('node', () => {
  const directory = fs.mkdtempSync(`${os.tmpdir()}/daybook-disk-`);
  const end = (): void => fs.rmSync(directory, { recursive: true, force: true });
  return { disk: createNodeDisk(), directory: `${directory}/inner`, end };
});

describe('state: what tells a file from a copy', () => {
  const known = { machine: 'm', inode: '1', born: '5' };

  it('given machine, inode and birth, then each of them tells, and a birth that is not known does not', () => {
    const others = [
      { ...known },
      { ...known, born: '' },
      { ...known, born: '6' },
      { ...known, inode: '2' },
      { ...known, machine: 'n' },
    ];

    expect(others.map((other) => isSameFile(known, other))).to.deep.equal([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('given files that take the place of one that was removed, then none is taken for it', () => {
    const directory = fs.mkdtempSync(`${os.tmpdir()}/daybook-disk-`);
    const disk = createNodeDisk();
    const make = (name: string) => {
      disk.createFile(`${directory}/${name}`).close();
      return disk.identify(`${directory}/${name}`);
    };
    try {
      const first = make('file');
      // Births are told in steps of some milliseconds.
      while (make('clock').born === first.born) disk.remove(`${directory}/clock`);
      disk.remove(`${directory}/file`);

      const others = Array.from({ length: 20 }, (_, index) => make(`other${index}`));

      expect(first.born).to.match(/^[0-9]{19}$/);
      expect(others.filter((other) => isSameFile(first, other))).to.deep.equal([]);
    } finally {
      fs.rmSync(directory, { recursive: true });
    }
  });
});

describe('state: disk in memory', () => {
  it('given power loss, then what was synced is there and of the rest what the caller keeps', async () => {
    const disk = createMemoryDisk();
    const file = disk.createFile('d/a');
    file.write(0, bytesOf('safe'));
    await file.sync();
    await disk.syncDirectory('d');
    file.write(4, bytesOf('half'));
    disk.createFile('d/new').write(0, bytesOf('new'));
    disk.crash(({ size }) => size / 2);

    expect(read(disk, 'd/a')).to.equal('safeha');
    expect(disk.list('d')).to.deep.equal(['a']);
  });

  it('given power loss before a name is synced, then the name may be kept without its bytes', () => {
    const disk = createMemoryDisk();
    disk.createFile('d/a').write(0, bytesOf('lost'));
    disk.crash(
      () => 0,
      (count) => count,
    );

    expect(read(disk, 'd/a')).to.equal('');
  });

  it('given faults, then writes and syncs fail as the caller decides (F3, F5)', async () => {
    let fault: 'error' | 'full' | undefined = 'full';
    const disk = createMemoryDisk({ fault: () => fault });
    const file = disk.createFile('d/a');
    expect(() => file.write(0, bytesOf('x')))
      .to.throw(StateError)
      .with.property('code', 'STATE_DISK_FULL');
    fault = 'error';
    expect(() => file.write(0, bytesOf('x')))
      .to.throw(StateError)
      .with.property('code', 'STATE_DISK_FAILED');
    const failure = await file.sync().catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(StateError).with.property('code', 'STATE_SYNC_FAILED');
  });
});

describe('state: disk for reading', () => {
  it('given a file, then it is listed and read, and a write is refused', () => {
    const directory = fs.mkdtempSync(`${os.tmpdir()}/daybook-disk-`);
    fs.writeFileSync(`${directory}/a`, 'kept');
    const disk = createReadingDisk();

    const file = disk.openFile(`${directory}/a`);
    const into = new Uint8Array(4);
    file.read(0, into);

    expect(disk.list(directory)).to.deep.equal(['a']);
    expect(new TextDecoder().decode(into)).to.equal('kept');
    expect(() => file.write(0, into)).to.throw(StateError, /EBADF/);
    file.close();
    fs.rmSync(directory, { recursive: true });
  });
});
