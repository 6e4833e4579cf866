/** Contract versions, parameters, and the hooks of system contracts. */
import {
  createEngine,
  defineContract,
  field,
  hookIdOf,
  openRecords,
  textAt,
} from '@daybook/contracts';
import type { TransactionSigner as Signer } from '@daybook/core';
import { asPublicKey, encodeCanonical, hashTagged, TAGS, toHex } from '@daybook/core';
import { expect } from 'chai';
import { parseParameter, withChange } from '../src/engine/parameters.ts';
import { createBench, entryOf, systemEntryOf } from './fixtures/bench.ts';

const t = { en: 'Title', zh: '标题' };
const ANYONE: Signer = { publicKey: asPublicKey(new Uint8Array(32).fill(9)) };
const id = field.slug(t);

describe('contract versions (spec X-9)', () => {
  const made = (version: number, upcast: boolean) =>
    defineContract({
      number: 960,
      name: 'made',
      version,
      title: t,
      help: t,
      records: {
        thing: {
          number: 1,
          title: t,
          key: { id },
          fields:
            version === 1
              ? { size: field.integer(t) }
              : { width: field.integer(t), height: field.integer(t) },
        },
      },
      failures: {},
      actions: {
        touch: {
          title: t,
          by: 'anyone',
          input: { id },
          handler(context, input) {
            const row = context.records.thing.get(input);
            const fresh = version === 1 ? { size: 3 } : { width: 0, height: 0 };
            context.records.thing.put({ ...fresh, ...row, id: input.id } as never);
          },
        },
      },
      ...(upcast && {
        upcasts: {
          thing: (fields: Readonly<Record<string, unknown>>) => ({
            width: fields.size,
            height: fields.size,
          }),
        },
      }),
    });

  it('given rows of an older version, then they are read as the new one and stored so when written', () => {
    const old = createBench([made(1, false)]);
    old.run([ANYONE], ['made', 'touch', { id: 'x1' }]);
    old.run([ANYONE], ['made', 'touch', { id: 'x2' }]);
    const reader = openRecords(made(2, true)).thing;

    expect(reader(old.view, { id: 'x1' })).to.deep.include({ width: 3, height: 3 });
  });

  it('given no upcast for a changed record, then reading it is a damaged value', () => {
    const old = createBench([made(1, false)]);
    old.run([ANYONE], ['made', 'touch', { id: 'x1' }]);

    expect(() => openRecords(made(2, false)).thing(old.view, { id: 'x1' })).to.throw(
      'stored value',
    );
  });

  it('given a state of contracts that this release lacks, then the engine says which', () => {
    const old = createBench([made(1, false)]);
    const newer = createEngine([made(2, true)]);
    const block = {
      chain: new Uint8Array(32),
      height: 1,
      timestampMs: 1,
      proposer: new Uint8Array(32),
      entries: [],
    };

    expect(() => newer.execute(old.view, block as never)).to.throw('version 1 of made');
    expect(() => newer.verify(old.view)).to.throw('version 1 of made');
  });

  it('given other words for the same version, then the manifest differs and verify says so', () => {
    const chain = createBench([made(1, false)]);
    const reworded = defineContract({
      number: 960,
      name: 'made',
      version: 1,
      title: { en: 'Other', zh: '其他' },
      help: t,
      records: {},
      failures: {},
      actions: {},
    });

    expect(chain.engine.verify(chain.view)).to.equal(undefined);
    expect(createEngine([reworded]).verify(chain.view)).to.include({
      code: 'CONTRACTS_MANIFEST_DIFFERS',
    });
  });
});

describe('parameters', () => {
  it('given changes for several heights, then each holds from its own on', () => {
    let row = withChange(undefined, { fromHeight: 10, value: 'a' }, 1);
    row = withChange(row, { fromHeight: 20, value: 'b' }, 2);
    const at = (height: number): string | undefined => textAt(row, height);

    expect([9, 10, 19, 20, 99].map(at)).to.deep.equal([undefined, 'a', 'a', 'b', 'b']);
    // Later decisions replace what was decided for the same height or beyond it.
    const replaced = withChange(row, { fromHeight: 15, value: 'c' }, 12);
    expect([14, 15, 20].map((height) => textAt(replaced, height))).to.deep.equal(['a', 'c', 'c']);
  });

  it('given texts, then each type of parameter reads its own', () => {
    expect(parseParameter(field.integer({ ...t, max: 9 }).spec, '7')).to.equal(7);
    expect(parseParameter(field.integer({ ...t, max: 9 }).spec, '10')).to.equal(undefined);
    expect(parseParameter(field.amount(t).spec, '12')).to.equal(12n);
    expect(parseParameter(field.boolean(t).spec, 'true')).to.equal(true);
    expect(parseParameter(field.boolean(t).spec, 'yes')).to.equal(undefined);
    expect(parseParameter(field.slug(t).spec, 'abc')).to.equal('abc');
  });
});

describe('system contracts', () => {
  const system = defineContract({
    number: 5,
    name: 'keeper',
    version: 1,
    title: t,
    help: t,
    records: {
      tick: {
        number: 1,
        title: t,
        key: { n: field.integer(t) },
        fields: { what: field.slug(t) },
        erasable: true,
      },
    },
    failures: { NO: { code: 1, en: 'No.', zh: '否。', remedy: t } },
    events: { ticked: { title: t, fields: { n: field.integer(t) } } },
    actions: {},
    system: {
      onGenesis(context) {
        context.records.tick.insert({ n: 0, what: 'genesis' });
      },
      onBlock(context, { height }) {
        context.records.tick.put({ n: height, what: 'block' });
        if (height > 1) context.records.tick.remove({ n: height - 1 });
        const failed = context.attempt(() => {
          context.records.tick.put({ n: 99, what: 'attempt' });
          context.emit('ticked', { n: 99 });
          context.check(height % 2 === 0, 'NO', { height });
        });
        context.emit('ticked', { n: failed === undefined ? 1 : 0 });
      },
      transactions: {
        ready: (context, payload) => {
          if (payload !== 'fine') return { refused: 'not fine' };
          context.records.tick.put({ n: 50, what: 'ready' });
          return undefined;
        },
      },
    },
  });
  const ticks = openRecords(system).tick;

  it('given genesis and blocks, then hooks write as the contract itself, and may erase', () => {
    const chain = createBench([system]);
    expect(ticks(chain.view, { n: 0 })?.what).to.equal('genesis');

    const { hook } = chain.block([]);

    expect(ticks(chain.view, { n: 1 })?.what).to.equal('block');
    expect(hook.code).to.equal(0);
    expect(hook.writes.length).to.be.greaterThan(0);
    chain.block([]);
    expect(ticks(chain.view, { n: 1 })).to.equal(undefined);
  });

  it('given one block, then system transactions, others and its own steps come in this order (spec X-1)', () => {
    const seen: string[] = [];
    const watcher = (number: number) =>
      defineContract({
        number,
        name: `watcher${number}`,
        version: 1,
        title: t,
        help: t,
        records: {},
        failures: {},
        actions: {
          look: {
            title: t,
            by: 'anyone',
            input: {},
            handler: () => {
              seen.push(`call ${number}`);
            },
          },
        },
        system: {
          onBlock: () => {
            seen.push(`block ${number}`);
          },
          transactions: {
            ready: () => {
              seen.push(`system ${number}`);
              return undefined;
            },
          },
        },
      });
    const chain = createBench([watcher(7), watcher(6)]);

    chain.block([systemEntryOf('ready', 1), entryOf([ANYONE], [['watcher7', 'look', {}]])]);

    expect(seen).to.deep.equal(['system 6', 'call 7', 'block 6', 'block 7']);
  });

  it('given the own steps of a block, then they are one result with an id of their own (spec X-19)', () => {
    const { hook } = createBench([system]).block([]);

    const id = hashTagged(TAGS.SYSTEM, encodeCanonical(['block', 1]));
    expect(toHex(hook.id)).to.equal(toHex(id));
    expect(toHex(hookIdOf(1))).to.equal(toHex(id));
    expect(hook.writes).to.have.length(1);
  });

  it('given an attempt that is refused, then its writes and events are forgotten, others stay', () => {
    const chain = createBench([system]);

    const first = chain.block([]).hook.events.map(({ fields }) => fields.n);
    expect(first).to.deep.equal([0]);
    expect(ticks(chain.view, { n: 99 })).to.equal(undefined);
    const second = chain.block([]).hook.events.map(({ fields }) => fields.n);

    expect(second).to.deep.equal([99, 1]);
    expect(ticks(chain.view, { n: 99 })?.what).to.equal('attempt');
  });

  it('given a system transaction, then it is unsigned and unmetered; a bad one ends the block (spec D-20)', () => {
    const chain = createBench([system]);

    const { usage } = chain.block([systemEntryOf('ready', 'fine')]);

    expect(ticks(chain.view, { n: 50 })?.what).to.equal('ready');
    expect(usage.writes).to.equal(0);
    expect(() => chain.block([systemEntryOf('ready', 'ill')])).to.throw('not fine');
    expect(() => chain.block([systemEntryOf('recovery', 'x')])).to.throw(
      'nothing handles recovery',
    );
  });
});
