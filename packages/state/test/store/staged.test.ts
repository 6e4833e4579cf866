/** Readers of staged states: what a state leaves alone comes from the cache, what it writes does not. */
import { expect } from 'chai';
import { createMemoryDisk, openStateStore } from '../../src/index.ts';
import { createMemoryKeyValue } from '../../src/store/key-value.ts';
import { keyOf, write } from './model.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('state: readers of staged states', () => {
  it('given a record read before, when a chain of states writes it, then each reader sees its own', async () => {
    const store = await openStateStore(
      { directory: 'state', retainedHeights: 10 },
      { disk: createMemoryDisk(), openKeyValue: async () => createMemoryKeyValue() },
    );
    await store.commit(store.stage({ height: 0, writes: [write(1, 'one'), write(2, 'two')] }));
    const first = store.stage({ height: 1, writes: [write(2, 'second')] });
    // Read once, so that the newest version has it at hand.
    expect(first.reader.get(keyOf(1))).to.deep.equal(bytes('one'));
    const next = store.stage({ height: 2, writes: [write(1, 'first')], parent: first });
    const read = (): unknown[] => [1, 2].map((at) => next.reader.get(keyOf(at)));

    expect(read()).to.deep.equal([bytes('first'), bytes('second')]);
    expect(first.reader.get(keyOf(1))).to.deep.equal(bytes('one'));
    await store.commit(first);
    expect(read()).to.deep.equal([bytes('first'), bytes('second')]);
    expect(store.view().get(keyOf(1))).to.deep.equal(bytes('one'));
    await store.commit(next);
    expect(read()).to.deep.equal([bytes('first'), bytes('second')]);
    await store.close();
  });
});
