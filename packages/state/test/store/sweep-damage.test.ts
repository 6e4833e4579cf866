/** Damage in old segments that tidying meets: told, and no block waits for it. */
import { expect } from 'chai';
import type { StateStore, StateWrite } from '../../src/index.ts';
import { StateError } from '../../src/index.ts';
import { keyOf, write } from './model.ts';
import type { World } from './world.ts';
import { commitAll, createWorld, expectState, open, statesOf } from './world.ts';

/** Records of a set that nothing else touches. */
const STILL = Array.from({ length: 40 }, (_, at) => 902 + 3 * at);
const still = (): StateWrite[] => STILL.map((id) => write(id, `still ${id}`));
/** Blocks that change records of the two other sets. */
const restless = (rounds: number): StateWrite[][] =>
  Array.from({ length: rounds }, (_, round) =>
    Array.from({ length: 60 }, (_, at) => {
      const id = (round * 37 + at * 11) % 300;
      return write(id - (id % 3) + (at % 2), `${round}/${at}${'.'.repeat(100)}`);
    }),
  );
/** So few that the first segments are not full: they are looked through after the damage. */
const BEFORE = 5;
const LATER = 120;
/** The bucket and the value that the second block writes first are of no use to the newest version. */
const BLOCKS = [still(), [write(600, 'old')], [write(600, 'new')], ...restless(BEFORE + LATER)];
const FIRST = BLOCKS.slice(0, BEFORE);
const REST = BLOCKS.slice(BEFORE);
const NEWEST = BLOCKS.length - 1;

interface Damaged {
  readonly world: World;
  readonly told: string[];
  reopen(): Promise<StateStore>;
}

/** A store of some blocks, closed, of which a part was damaged on the disk. */
async function damaged(
  { file, history }: { readonly file: string; readonly history: 'all' | 'retained' },
  damage: (bytes: Uint8Array, second: number) => void,
): Promise<Damaged> {
  const world = createWorld();
  const store = await open(world, { history });
  await commitAll(store, FIRST.slice(0, 1));
  const { treeBytesWritten, valueBytesWritten } = store.figures();
  await commitAll(store, FIRST.slice(1));
  await store.close();
  damage(
    world.disk.content(`state/${file}`),
    file.startsWith('nodes') ? treeBytesWritten : valueBytesWritten,
  );
  const told: string[] = [];
  const reopen = (): Promise<StateStore> =>
    open(world, { history }, ({ message }) => told.push(message));
  return { world, told, reopen };
}

const flip = (bytes: Uint8Array, at: number): void => {
  bytes[at] = (bytes[at] ?? 0) ^ 0x40;
};

/** The records of the still set that are refused; every other one is right. */
function refusedOf(store: StateStore): readonly number[] {
  return STILL.filter((id) => {
    try {
      const value = store.view().get(keyOf(id));
      expect(new TextDecoder().decode(value)).to.equal(`still ${id}`);
      return false;
    } catch (error) {
      expect(error).to.be.instanceOf(StateError).with.property('code', 'STATE_DAMAGED');
      return true;
    }
  });
}

describe('state: damage in old segments', () => {
  const nodes = { file: 'nodes-0000000000.seg', history: 'all' } as const;
  const values = { file: 'values-0000000000.seg', history: 'retained' } as const;

  it('given a damaged node that no version reads, then blocks go on, it is told, and its segment goes', async () => {
    const { world, told, reopen } = await damaged(nodes, (bytes, second) =>
      flip(bytes, second + 16),
    );
    const store = await reopen();

    await commitAll(store, REST);

    expect(told).to.have.lengthOf(1);
    expect(told[0])
      .to.match(/nodes-0000000000\.seg at byte \d+: bad checksum/)
      .and.to.contain('no current record is lost');
    expect(world.disk.list('state')).to.not.include(nodes.file);
    const state = statesOf(BLOCKS).at(-1) ?? new Map();
    expectState(store, state, NEWEST);
    expect(refusedOf(store)).to.deep.equal([]);
  });

  it('given a damaged node of the newest version that no block reads, then blocks go on, its loss is told, and reading it is refused (I22)', async () => {
    const { world, told, reopen } = await damaged(nodes, (bytes) => flip(bytes, 100));
    const store = await reopen();

    await commitAll(store, REST);

    expect(told.join()).to.match(
      /nodes-0000000000\.seg at byte 16: bad checksum; at most 1 current/,
    );
    expect(refusedOf(store).length).to.be.within(1, 16);
    expect(world.disk.list('state')).to.include(nodes.file);
    const state = statesOf(BLOCKS).at(-1) ?? new Map();
    expect(store.rootAt(NEWEST)).to.not.equal(undefined);
    expect(store.view().get(keyOf(0))).to.deep.equal(
      [...state.values()].find(({ key }) => key.set === 1 && key.key[2] === 0)?.value,
    );
  });

  it('given zeros in an old segment, which look like its unused end, then what is missing is counted and told', async () => {
    const { told, reopen } = await damaged(nodes, (bytes, second) =>
      bytes.fill(0, second, second + 16),
    );
    const store = await reopen();

    await commitAll(store, REST);

    expect(told.join()).to.match(
      /nodes-0000000000\.seg at byte \d+: \d+ of \d+ records are missing/,
    );
    expect(refusedOf(store)).to.deep.equal([]);
  });

  it('given a damaged value that no version reads, then blocks go on and it is told', async () => {
    const { told, reopen } = await damaged(values, (bytes, second) => flip(bytes, second + 16));
    const store = await reopen();

    await commitAll(store, REST);

    expect(told).to.have.lengthOf(1);
    expect(told[0])
      .to.match(/values-0000000000\.seg at byte \d+: bad checksum/)
      .and.to.contain('no current record is lost');
    expect(refusedOf(store)).to.deep.equal([]);
  });

  it('given a damaged value of the newest version, then blocks go on, its loss is told, and it is refused (I22)', async () => {
    const { told, reopen } = await damaged(values, (bytes) => flip(bytes, 40));
    const store = await reopen();

    await commitAll(store, REST);

    expect(told.join()).to.match(/values-0000000000\.seg at byte 16: .*at most 1 current/);
    expect(refusedOf(store)).to.have.lengthOf(1);
  });

  it('given a segment that goes while it is still looked through, then blocks go on', async () => {
    const world = createWorld();
    const options = { history: 'retained', segmentBytes: 1024 * 1024 } as const;
    const long = (ids: readonly number[], text: string): StateWrite[] =>
      ids.map((id) => write(id, text.padEnd(700)));
    const all = Array.from({ length: 1500 }, (_, id) => id);
    let store = await open(world, options);
    await commitAll(store, [long(all, 'a'), long(all.slice(50), 'b')]);
    await store.close();
    store = await open(world, options);

    await commitAll(store, [[], long(all.slice(0, 50), 'c')]);
    await commitAll(
      store,
      Array.from({ length: 60 }, () => []),
    );

    expect(world.disk.list('state')).to.not.include(values.file);
  });
});
