/** One suite for the key-value port, run on LevelDB and on the one in memory. */
import * as fs from 'node:fs';
import * as os from 'node:os';
import { expect } from 'chai';
import { StateError } from '../../src/index.ts';
import type { KeyValue } from '../../src/store/key-value.ts';
import { createMemoryKeyValue, openValue, sealValue } from '../../src/store/key-value.ts';
import { openLevel } from '../../src/store/level.ts';

const key = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const all = { from: key(0), to: key(255, 255) };

function expectKeyValue(title: string, open: () => Promise<{ store: KeyValue; end(): void }>) {
  describe(`state: key-value port (${title})`, () => {
    let store: KeyValue;
    let end: () => void;

    beforeEach(async () => {
      ({ store, end } = await open());
    });

    afterEach(async () => {
      await store.close();
      end();
    });

    it('given a batch, then all of it is there, and a later one replaces and removes', async () => {
      await store.write(
        {
          put: [
            [key(1), key(10)],
            [key(2), key(20)],
          ],
          remove: [],
        },
        false,
      );
      await store.write({ put: [[key(2), key(21)]], remove: [key(1), key(9)] }, true);

      const found = await store.getMany([key(1), key(2), key(3)]);
      expect(found.map((value) => value && [...value])).to.deep.equal([undefined, [21], undefined]);
    });

    it('given keys, then a scan goes in byte order, by both directions, within bounds', async () => {
      const keys = [key(2), key(1, 255), key(1), key(200), key(1, 0)];
      await store.write({ put: keys.map((one) => [one, key()] as const), remove: [] }, false);
      const names = async (range: object): Promise<unknown> =>
        (await store.scan({ ...all, limit: 10, ...range })).map(([one]) => [...one].join('.'));

      expect(await names({})).to.deep.equal(['1', '1.0', '1.255', '2', '200']);
      expect(await names({ isReverse: true, limit: 2 })).to.deep.equal(['200', '2']);
      expect(await names({ from: key(1, 0), to: key(2) })).to.deep.equal(['1.0', '1.255']);
    });
  });
}

expectKeyValue('memory', async () => ({ store: createMemoryKeyValue(), end: () => undefined }));

expectKeyValue('LevelDB', async () => {
  const directory = fs.mkdtempSync(`${os.tmpdir()}/daybook-level-`);
  const end = (): void => fs.rmSync(directory, { recursive: true, force: true });
  return { store: await openLevel(`${directory}/db`), end };
});

describe('state: LevelDB without room', () => {
  let directory: string;

  beforeEach(() => {
    directory = fs.mkdtempSync(`${os.tmpdir()}/daybook-full-`);
  });

  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  it('given a full disk, then a database that is opened says so, and that it needs no repair (F6)', async () => {
    // The first file that LevelDB writes to, on a device that is always full.
    fs.symlinkSync('/dev/full', `${directory}/MANIFEST-000001`);

    const failure = await openLevel(directory).catch((error: unknown) => error);

    expect(failure).to.have.deep.property('failure', { code: 'STATE_DISK_FULL', path: directory });
    expect(failure)
      .to.have.nested.property('cause.cause.message')
      .that.matches(/No space left/);
  });
});

describe('state: sealed values', () => {
  it('given any flipped bit of key or value, then it is named (I22)', () => {
    const name = key(1, 2, 3);
    const sealed = sealValue(name, key(9, 8, 7));
    expect([...openValue('db', name, sealed)]).to.deep.equal([9, 8, 7]);

    for (let bit = 0; bit < 8 * sealed.length; bit++) {
      const damaged = sealed.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => openValue('db', name, damaged), `bit ${bit}`).to.throw(StateError);
    }
    expect(() => openValue('db', key(1, 2, 4), sealed)).to.throw(StateError, /010204/);
    expect(() => openValue('db', name, key(1))).to.throw(StateError);
  });
});
