import type { Manifest } from '@daybook/contracts';
import { buildManifest } from '@daybook/contracts';
import { toHex } from '@daybook/core';
import type { Feed, FeedEvent, FinalBlock, ReadModel, RecordChange } from '@daybook/readmodel';
import { createReadModel, startFeed } from '@daybook/readmodel';
import { expect } from 'chai';
import fc from 'fast-check';
import { openDuckdb } from '../src/duckdb/duckdb-store.ts';
import { book, changeOf, LIMITS, library, manifest } from './library.ts';

const CHAIN = 'c'.repeat(64);

/** A chain of blocks that somebody extends, with the state after the newest. */
class TestChain {
  readonly blocks: FinalBlock[] = [];
  readonly state = new Map<string, RecordChange>();
  manifest: Manifest = manifest;
  /** The first block whose changes can be read again. */
  held = 0;
  /** Told of each block that is read again. */
  onRead: (height: number) => void = () => undefined;
  feed: Feed | undefined;

  constructor() {
    this.add([]);
  }

  add(changes: readonly RecordChange[]): void {
    const height = this.blocks.length;
    const blockHash = height.toString(16).padStart(64, 'b');
    const block = { height, blockHash, timestampMs: height, manifest: this.manifest, changes };
    this.blocks.push(block);
    for (const change of changes) {
      const key = `${change.recordKey.set}:${toHex(change.recordKey.key)}`;
      if (change.value === undefined) this.state.delete(key);
      else this.state.set(key, change);
    }
    this.feed?.push(block);
  }

  head(): FinalBlock {
    const head = this.blocks.at(-1);
    if (head === undefined) throw new Error('genesis is there');
    return head;
  }
}

interface Fed {
  readonly feed: Feed;
  readonly events: FeedEvent[];
  /** Resolves when the tables are at the head. */
  level(): Promise<void>;
}

function feedOn(chain: TestChain, model: ReadModel): Fed {
  const events: FeedEvent[] = [];
  const waiting: (() => void)[] = [];
  let height = -1;
  const isLevel = (): boolean => height === chain.head().height;
  const feed = startFeed({
    model,
    chain: CHAIN,
    metrics: {
      add: () => undefined,
      set: (name, value) => {
        if (name === 'daybook_readmodel_height') height = value;
        if (isLevel()) for (const resolve of waiting.splice(0)) resolve();
      },
    },
    head: () => chain.head(),
    blockHashAt: (at) => chain.blocks[at]?.blockHash,
    readBlocks: async function* (from, to) {
      if (from < chain.held) return;
      for (const block of chain.blocks.slice(from, to + 1)) {
        chain.onRead(block.height);
        yield block;
      }
    },
    readState: async function* () {
      const records = [...chain.state.values()];
      for (let at = 0; at < records.length; at += 50) yield records.slice(at, at + 50);
    },
    schedule: (_delayMs, task) => {
      setImmediate(task);
      return () => undefined;
    },
    report: (event) => events.push(event),
  });
  chain.feed = feed;
  const level = async (): Promise<void> => {
    if (isLevel()) return;
    await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { feed, events, level };
}

async function rowsOf(model: ReadModel): Promise<unknown> {
  const rows: unknown[] = [];
  for (const table of ['library_book', 'library_order']) {
    const answer = await model.query(`SELECT * FROM ${table} ORDER BY _key`, LIMITS);
    if (!answer.ok) throw new Error(answer.reason.code);
    rows.push(answer.value.rows);
  }
  return rows;
}

async function count(model: ReadModel, table: string): Promise<unknown> {
  const answer = await model.query(`SELECT count(*) FROM ${table}`, LIMITS);
  return answer.ok && answer.value.rows[0]?.[0];
}

/** Its methods, so that a test can replace one. */
function bound(model: ReadModel): ReadModel {
  return {
    open: (definitions) => model.open(definitions),
    apply: (batch) => model.apply(batch),
    rebuild: (definitions) => model.rebuild(definitions),
    load: (records) => model.load(records),
    finish: (progress) => model.finish(progress),
    abandon: () => model.abandon(),
    query: (sql, limits) => model.query(sql, limits),
    close: () => model.close(),
  };
}

async function openModel(): Promise<ReadModel> {
  return createReadModel(
    await openDuckdb({ path: ':memory:', memoryBytesMax: 256 * 1024 * 1024, threads: 1 }),
  );
}

const rebuilds = (events: readonly FeedEvent[]): readonly unknown[] =>
  events.flatMap((event) => (event.kind === 'rebuilding' ? [event.reason] : []));

describe('feed of the read model', () => {
  let chain: TestChain;
  let model: ReadModel;
  const open: Feed[] = [];
  beforeEach(async () => {
    chain = new TestChain();
    model = await openModel();
  });
  afterEach(async () => {
    for (const feed of open.splice(0)) await feed.stop();
    await model.close();
  });
  function start(over: ReadModel = model): Fed {
    const fed = feedOn(chain, over);
    open.push(fed.feed);
    return fed;
  }

  it('builds the tables from the state, then follows each block', async () => {
    chain.add([book(1, 'one'), book(2, 'two')]);
    const { level, events } = start();
    await level();
    chain.add([book(2, 'second', 2), { ...book(1, ''), value: undefined }]);
    chain.add([]);
    await level();
    const answer = await model.query('SELECT title, _height FROM library_book', LIMITS);
    expect(answer.ok && answer.value.rows).to.deep.equal([['second', '2']]);
    expect(answer.ok && answer.value.progress.height).to.equal(3);
    expect(rebuilds(events)).to.deep.equal(['empty']);
  });

  it('goes on after a pause without blocks', async () => {
    const first = start();
    await first.level();
    await first.feed.stop();
    const second = start();
    await second.level();
    chain.add([book(1, 'one')]);
    await second.level();
    expect(second.events).to.deep.equal([]);
  });

  /** Ten blocks while nobody listens: one changes a book again, one removes another. */
  async function miss(): Promise<void> {
    const first = start();
    chain.add([book(9, 'nine')]);
    await first.level();
    await first.feed.stop();
    chain.feed = undefined;
    for (let number = 1; number < 9; number += 1) chain.add([book(number, 'new', number + 1)]);
    chain.add([book(3, 'again', 10), { ...book(9, ''), value: undefined }]);
    chain.add([]);
  }

  it('reads the blocks it missed from where the tables are', async () => {
    await miss();
    const { feed, level, events } = start();
    await level();
    await feed.stop();
    expect(events).to.deep.equal([{ kind: 'closed', from: 2, to: 11 }]);
    const [books] = (await rowsOf(model)) as readonly (readonly unknown[])[];
    expect(books).to.have.length(8);
    expect(JSON.stringify(books)).to.include('again').and.not.include('nine');
  });

  it('builds anew where a block that it missed is gone', async () => {
    await miss();
    chain.held = 3;
    const { level, events } = start();
    await level();
    const { height } = chain.head();
    expect(events).to.deep.equal([
      { kind: 'rebuilding', height, reason: 'gap' },
      { kind: 'rebuilt', height, rows: 8 },
    ]);
    expect(JSON.stringify(await rowsOf(model)))
      .to.include('again')
      .and.not.include('nine');
  });

  it('reads the next missed blocks while the database writes those before, once more after a failure', async () => {
    const first = start();
    await first.level();
    await first.feed.stop();
    chain.feed = undefined;
    // Each block fills a transaction; what is folded together costs the test nothing.
    for (let number = 1; number <= 3; number += 1) {
      const change = book(number, 'new');
      chain.add(Array.from({ length: 10_000 }, () => change));
    }
    const { promise: isReadAhead, resolve } = Promise.withResolvers<void>();
    chain.onRead = (height) => {
      if (height === 2) resolve();
    };
    let failures = 0;
    const { feed, level, events } = start({
      ...bound(model),
      apply: async (batch) => {
        await isReadAhead;
        failures += 1;
        if (failures === 1) throw new Error('the process ended');
        return await model.apply(batch);
      },
    });
    await level();
    await feed.stop();
    expect(events.map(({ kind }) => kind)).to.deep.equal(['failed', 'closed']);
    expect(await count(model, 'library_book')).to.equal('3');
  });

  it('drops blocks beyond its memory while the database is slow, and reads them again', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const slow: ReadModel = {
      ...bound(model),
      apply: async (batch) => {
        await gate;
        return await model.apply(batch);
      },
    };
    const { feed, level, events } = start(slow);
    await level();
    // More than wait at once; no table reads such a value, which costs its place all the same.
    const large = { ...book(99, ''), value: new Uint8Array(5 * 1024 * 1024) };
    for (let number = 1; number <= 20; number += 1) chain.add([book(number, 'new'), large]);
    open();
    await level();
    await feed.stop();
    expect(rebuilds(events)).to.deep.equal(['empty']);
    expect(events.at(-1)).to.include({ kind: 'closed' });
    expect(await count(model, 'library_book')).to.equal('20');
  });

  it('builds anew for other definitions, at the block from which they hold', async () => {
    const { level, events } = start();
    await level();
    const { definition } = library;
    chain.manifest = buildManifest([{ ...definition, help: { en: 'Other', zh: 'Other' } }]);
    chain.add([book(1, 'one')]);
    await level();
    expect(rebuilds(events)).to.deep.equal(['empty', 'definitions']);
    expect(JSON.stringify(await rowsOf(model))).to.include('one');
  });

  it('builds anew over tables of another chain', async () => {
    await start().level();
    await open.splice(0)[0]?.stop();
    chain.blocks[0] = { ...chain.head(), blockHash: 'd'.repeat(64) };
    const { level, events } = start();
    await level();
    // The first figures are those of the old tables, so that only the answer tells.
    expect((await model.open(manifest))?.blockHash).to.equal('d'.repeat(64));
    expect(rebuilds(events)).to.deep.equal(['chain']);
  });

  for (const moment of ['before', 'after'] as const) {
    it(`writes a block once when the database fails ${moment} its commit`, async () => {
      let failures = 1;
      const failing: ReadModel = {
        ...bound(model),
        apply: async (batch) => {
          if (moment === 'after') await model.apply(batch);
          failures -= 1;
          if (failures === 0) throw new Error('the process ended');
          return moment === 'after' ? { rows: 0, unreadable: 0 } : await model.apply(batch);
        },
      };
      const { level, events } = start(failing);
      await level();
      chain.add([book(1, 'one')]);
      await level();
      expect(await count(model, 'library_book')).to.equal('1');
      expect(events.filter(({ kind }) => kind === 'failed')).to.have.length(1);
      expect(rebuilds(events)).to.deep.equal(['empty']);
    });
  }

  it('gives the same tables block by block as from the state', async () => {
    const change = fc.record({
      isBook: fc.boolean(),
      number: fc.nat({ max: 20 }),
      total: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
      isRemoved: fc.boolean(),
    });
    const blocks = fc.array(fc.array(change, { maxLength: 8 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(blocks, async (plan) => {
        const own = new TestChain();
        const [grown, built] = [await openModel(), await openModel()];
        const following = feedOn(own, grown);
        await following.level();
        for (const changes of plan) {
          const height = own.blocks.length;
          const unique = new Map(changes.map((one) => [`${one.isBook}${one.number}`, one]));
          own.add(
            [...unique.values()].map(({ isBook, number, total, isRemoved }) => {
              const stored = isBook
                ? book(number, `title ${total}`, height)
                : changeOf({
                    record: 'order',
                    key: { id: String(number) },
                    fields: { total },
                    height,
                  });
              return isRemoved ? { ...stored, value: undefined } : stored;
            }),
          );
        }
        await following.level();
        await following.feed.stop();
        const building = feedOn(own, built);
        await building.level();
        expect(rebuilds(following.events)).to.deep.equal(['empty']);
        expect(await rowsOf(grown)).to.deep.equal(await rowsOf(built));
        await building.feed.stop();
        await grown.close();
        await built.close();
      }),
      { numRuns: 15 },
    );
  });
});
