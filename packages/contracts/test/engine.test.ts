/** The engine: atomicity, authorisation, references, stored versions, meters, determinism. */
import type { Contract, Executed, StateView } from '@daybook/contracts';
import {
  CONTRACTS_ERRORS,
  ContractsError,
  createEngine,
  defineContract,
  didKeyOf,
  failureOf,
  field,
  fillWords,
  openRecords,
} from '@daybook/contracts';
import type { TransactionSigner as Signer } from '@daybook/core';
import { asPublicKey, decodeCanonical, encodeResult, toHex, valueHashOf } from '@daybook/core';
import { expect } from 'chai';
import { createBench, emptyGenesis, entryOf, START_MS, withContracts } from './fixtures/bench.ts';
import { boxes } from './fixtures/boxes.ts';
import type { Person } from './fixtures/people.ts';
import { peopleContract } from './fixtures/people.ts';

const t = { en: 'Title', zh: '标题' };
const key = (fill: number) => asPublicKey(new Uint8Array(32).fill(fill));

const KEEPER: Signer = { publicKey: key(1), identity: 'aa/keeper' };
const OTHER: Signer = { publicKey: key(2), identity: 'bb/keeper' };
const PLAIN: Signer = { publicKey: key(3), identity: 'aa/plain' };
const STRANGER: Signer = { publicKey: key(9) };

const PEOPLE: readonly Person[] = [
  { identity: 'aa/keeper', publicKey: key(1), roles: ['boxes.keeper', 'notes.writer'] },
  { identity: 'bb/keeper', publicKey: key(2), roles: ['boxes.keeper'] },
  { identity: 'aa/plain', publicKey: key(3), roles: [] },
];

const gbp = (minor: number) => ({ minor, currency: 'GBP' });
const codeOf = ({ failure }: Executed): string => failure?.code ?? 'OK';

function bench(...contracts: readonly Contract[]) {
  return createBench([peopleContract(PEOPLE), boxes, ...contracts]);
}

/** A box named church that holds `minor`. */
function churchWith(minor: number) {
  const chain = bench();
  chain.run([KEEPER], ['boxes', 'open', { name: 'church' }]);
  chain.run([STRANGER], ['boxes', 'give', { box: 'church', amount: gbp(minor) }]);
  return chain;
}

describe('engine: results (spec D-24)', () => {
  it('given a call that succeeds, then the result names every value written, by its hash', () => {
    const chain = churchWith(500);

    const { writes } = chain.block([
      entryOf([STRANGER], [['boxes', 'give', { box: 'church', amount: gbp(1) }]]),
    ]);
    const [first] = churchWith(500).block([
      entryOf([STRANGER], [['boxes', 'give', { box: 'church', amount: gbp(1) }]]),
    ]).transactions;

    const written = first?.result.writes ?? [];
    expect(written).to.have.length(3);
    for (const { treeKey, valueHash } of written) {
      const stored = writes.find((write) => toHex(write.treeKey) === toHex(treeKey));
      expect(stored?.value, 'a value').to.be.instanceOf(Uint8Array);
      if (stored?.value === undefined) continue;
      expect(toHex(valueHashOf(stored.value))).to.equal(toHex(valueHash ?? new Uint8Array()));
    }
  });

  it('given a stored value, then it is canonical and names version, place and writer (spec S-2)', () => {
    const chain = churchWith(500);
    const { writes } = chain.block([
      entryOf(
        [KEEPER, OTHER],
        [['boxes', 'take', { box: 'church', amount: gbp(1), reason: 'tea' }]],
      ),
    ]);

    const box = writes.find(({ recordKey }) => recordKey.set === 900 * 65_536 + 1);
    const decoded = decodeCanonical(box?.value ?? new Uint8Array(), {
      bytesMax: 1000,
      depthMax: 5,
    });

    expect(decoded.ok && decoded.value).to.deep.equal([
      1,
      3,
      3,
      0,
      'aa/keeper',
      Object.assign(Object.create(null), { left: 499 }),
    ]);
  });

  it('given one record written by several transactions of a block, then one write remains', () => {
    const chain = churchWith(500);
    const give = () => entryOf([STRANGER], [['boxes', 'give', { box: 'church', amount: gbp(1) }]]);

    const { writes, transactions } = chain.block([give(), give(), give()]);

    expect(writes).to.have.length(1 + 1 + 3);
    expect(transactions.every(({ result }) => result.code === 0)).to.equal(true);
    const keys = writes.map(({ treeKey }) => toHex(treeKey));
    expect(keys).to.deep.equal([...keys].sort((a, b) => (a < b ? -1 : 1)));
  });
});

describe('engine: all or nothing (spec X-2)', () => {
  it('given a second call that fails, then the first has no effect either', () => {
    const chain = churchWith(500);
    const before = chain.dump();

    const executed = chain.run(
      [KEEPER, OTHER],
      ['boxes', 'take', { box: 'church', amount: gbp(100), reason: 'tea' }],
      ['boxes', 'take', { box: 'church', amount: gbp(401), reason: 'cake' }],
    );

    expect(codeOf(executed)).to.equal('BOXES_EMPTY');
    expect(executed.failure?.facts).to.deep.equal({ left: 400n, asked: 401n });
    expect(executed.result).to.include({ code: 900_001 });
    expect(executed.result.events).to.deep.equal([]);
    expect(executed.result.writes).to.deep.equal([]);
    expect(chain.dump()).to.deep.equal(before);
  });

  it('given a failing transaction between two good ones, then they do not notice', () => {
    const chain = churchWith(500);
    const take = (minor: number) =>
      entryOf(
        [KEEPER, OTHER],
        [['boxes', 'take', { box: 'church', amount: gbp(minor), reason: 'tea' }]],
      );

    const { transactions } = chain.block([take(300), take(300), take(200)]);

    expect(transactions.map(codeOf)).to.deep.equal(['OK', 'BOXES_EMPTY', 'OK']);
    const row = openRecords(boxes).box(chain.view, { name: 'church' });
    expect(row?.left).to.equal(0n);
  });
});

describe('engine: who may act (spec X-3, spec X-20)', () => {
  const cases: readonly (readonly [string, readonly Signer[], string])[] = [
    ['an officer with the role', [KEEPER], 'OK'],
    ['an officer without the role', [PLAIN], 'CONTRACTS_NOT_ENTITLED'],
    ['a stranger', [STRANGER], 'CONTRACTS_NOT_ENTITLED'],
    ['a stranger beside the officer', [STRANGER, KEEPER], 'OK'],
    ['a claim to be somebody else', [{ ...PLAIN, identity: 'aa/keeper' }], 'CONTRACTS_KEY_UNKNOWN'],
    ['the key alone, without a claim', [{ publicKey: key(1) }], 'OK'],
  ];
  for (const [who, signers, code] of cases) {
    it(`given ${who}, then ${code}`, () => {
      expect(codeOf(bench().run(signers, ['boxes', 'open', { name: 'church' }]))).to.equal(code);
    });
  }

  it('given a suspended officer, then nothing the transaction asks for is done', () => {
    const chain = createBench([peopleContract(PEOPLE, new Set(['bb/keeper'])), boxes]);

    const executed = chain.run([KEEPER, OTHER], ['boxes', 'open', { name: 'church' }]);

    expect(codeOf(executed)).to.equal('CONTRACTS_SUSPENDED');
  });

  it('given no contract that knows keys, then claims are refused and strangers are strangers', () => {
    const chain = createBench([boxes]);

    expect(codeOf(chain.run([KEEPER], ['boxes', 'open', { name: 'church' }]))).to.equal(
      'CONTRACTS_KEY_UNKNOWN',
    );
    expect(codeOf(chain.run([STRANGER], ['boxes', 'open', { name: 'church' }]))).to.equal(
      'CONTRACTS_NOT_ENTITLED',
    );
  });

  const scoped = defineContract({
    number: 903,
    name: 'notes',
    version: 1,
    title: t,
    help: t,
    roles: { writer: { title: t, grantedBy: 'organisation' } },
    records: {
      note: {
        number: 1,
        title: t,
        key: { id: field.slug(t) },
        fields: { by: field.identity({ ...t, organisations: true }) },
      },
    },
    failures: {},
    actions: {
      write: {
        title: t,
        by: { role: 'writer', organisation: 'organisation', scope: 'place' },
        input: { id: field.slug(t), organisation: field.slug(t), place: field.slug(t) },
        handler(context, { id }) {
          context.records.note.insert({ id, by: context.actor.identity });
        },
      },
    },
  });

  it('given organisation and scope in the input, then the officer must match both', () => {
    const people = peopleContract([
      { identity: 'aa/keeper', publicKey: key(1), roles: ['notes.writer'], scopes: ['north'] },
    ]);
    const chain = createBench([people, scoped]);
    const write = (organisation: string, place: string, id: string): string =>
      codeOf(chain.run([KEEPER], ['notes', 'write', { id, organisation, place }]));

    expect(write('aa', 'north', 'n1')).to.equal('OK');
    expect(write('bb', 'north', 'n2')).to.equal('CONTRACTS_NOT_ENTITLED');
    expect(write('aa', 'south', 'n3')).to.equal('CONTRACTS_NOT_ENTITLED');
  });

  it('given identify, then the node learns who signs without a block', () => {
    const chain = bench();
    const block = { chain: emptyGenesis().chain, height: 1, timestampMs: START_MS };

    expect(chain.engine.identify(chain.view, block, KEEPER)).to.include({ organisation: 'aa' });
    expect(chain.engine.identify(chain.view, block, STRANGER)).to.include({
      identity: didKeyOf(STRANGER.publicKey),
      organisation: undefined,
    });
    expect(
      chain.engine.identify(chain.view, block, { ...STRANGER, identity: 'aa/keeper' }),
    ).to.include({ code: 'CONTRACTS_KEY_UNKNOWN', receipt: 4 });
  });
});

describe('engine: input (spec X-4)', () => {
  it('given an unknown contract, action or bad input, then each has its code', () => {
    const chain = bench();

    expect(codeOf(chain.run([KEEPER], ['nothing', 'open', {}]))).to.equal(
      'CONTRACTS_CONTRACT_UNKNOWN',
    );
    expect(codeOf(chain.run([KEEPER], ['boxes', 'burn', {}]))).to.equal('CONTRACTS_ACTION_UNKNOWN');
    expect(codeOf(chain.run([KEEPER], ['boxes', 'toString', {}]))).to.equal(
      'CONTRACTS_ACTION_UNKNOWN',
    );
    const executed = chain.run([KEEPER], ['boxes', 'open', { name: 'C', x: 1 }]);
    expect(codeOf(executed)).to.equal('CONTRACTS_INPUT_INVALID');
    expect(executed.failure?.facts.pointer).to.equal('/calls/0/args/name');
    expect(executed.failure?.facts.faults).to.have.length(2);
  });

  it('given calls, when checked without state, then every fault of every call is there', () => {
    const faults = bench().engine.check([
      { contract: 'boxes', action: 'open', args: { name: 'church' } },
      { contract: 'nothing', action: 'open', args: {} },
      { contract: 'boxes', action: 'burn', args: {} },
      {
        contract: 'boxes',
        action: 'give',
        args: { box: 'b', amount: { minor: -1, currency: 'X' } },
      },
    ]);

    expect(faults.map(({ code, pointer }) => `${code} ${pointer}`)).to.deep.equal([
      'CONTRACTS_CONTRACT_UNKNOWN /calls/1/contract',
      'CONTRACTS_ACTION_UNKNOWN /calls/2/action',
      'CONTRACTS_FIELD_RANGE /calls/3/args/amount/minor',
      'CONTRACTS_INPUT_INVALID /calls/3/args/amount/currency',
    ]);
  });

  it('given a reference to nothing, then the field and the key are named', () => {
    const executed = bench().run([STRANGER], ['boxes', 'give', { box: 'none', amount: gbp(1) }]);

    expect(codeOf(executed)).to.equal('CONTRACTS_REFERENCE_MISSING');
    expect(executed.failure?.facts).to.deep.equal({
      pointer: '/calls/0/args/box',
      record: 'boxes.box',
      key: 'none',
    });
  });

  it('given references in lists and objects, then each is looked for', () => {
    const tour = defineContract({
      number: 904,
      name: 'tour',
      version: 1,
      title: t,
      help: t,
      records: {},
      failures: {},
      actions: {
        plan: {
          title: t,
          by: 'anyone',
          input: {
            stops: field.list(
              field.object({ box: field.reference({ ...t, record: 'boxes.box' }) }, t),
              { ...t, max: 5 },
            ),
            first: field.optional(field.reference({ ...t, record: 'boxes.box' })),
          },
          handler: () => undefined,
        },
      },
    });
    const chain = bench(tour);
    chain.run([KEEPER], ['boxes', 'open', { name: 'church' }]);
    const plan = (args: Parameters<typeof chain.run>[1][2]) =>
      chain.run([STRANGER], ['tour', 'plan', args]);

    expect(codeOf(plan({ stops: [{ box: 'church' }], first: 'church' }))).to.equal('OK');
    expect(codeOf(plan({ stops: [] }))).to.equal('OK');
    const missing = plan({ stops: [{ box: 'church' }, { box: 'chapel' }] });
    expect(missing.failure?.facts.pointer).to.equal('/calls/0/args/stops/1/box');
  });
});

describe('engine: records (spec X-23)', () => {
  const shelf = defineContract({
    number: 905,
    name: 'shelf',
    version: 1,
    title: t,
    help: t,
    records: {
      book: {
        number: 1,
        title: t,
        key: { id: field.slug(t) },
        fields: {
          state: field.choice({ ...t, of: { in: t, out: t, lost: t } }),
          pages: field.integer({ ...t, max: 100 }),
        },
        states: {
          field: 'state',
          initial: ['in'],
          transitions: { in: ['out', 'lost'], out: ['in', 'lost'], lost: [] },
        },
      },
    },
    failures: { TAKEN: { code: 7, en: 'Taken: {key}.', zh: '已占用:{key}。', remedy: t } },
    events: { moved: { title: t, fields: { id: field.slug(t) } } },
    actions: {
      put: {
        title: t,
        by: 'anyone',
        input: { id: field.slug(t), state: field.text({ ...t, max: 9 }), pages: field.integer(t) },
        handler(context, input) {
          context.records.book.put({ ...input, state: input.state as 'in' });
          context.emit('moved', { id: input.id });
        },
      },
      add: {
        title: t,
        by: 'anyone',
        input: { id: field.slug(t) },
        handler(context, { id }) {
          context.records.book.insert({ id, state: 'in', pages: 1 }, 'TAKEN');
        },
      },
      read: {
        title: t,
        by: 'anyone',
        input: { id: field.slug(t) },
        handler(context, { id }) {
          const { pages } = context.records.book.need({ id });
          context.check(context.records.book.stampOf({ id })?.recordVersion === 1, 'TAKEN');
          context.check(pages > 0, 'TAKEN');
        },
      },
      crash: {
        title: t,
        by: 'anyone',
        input: { how: field.choice({ ...t, of: { type: t, assert: t, event: t, frozen: t } }) },
        handler(context, { how }) {
          context.records.book.put({ id: 'torn', state: 'in', pages: 1 });
          if (how === 'type') (undefined as unknown as { x: () => void }).x();
          if (how === 'assert') context.emit('gone' as 'moved', { id: 'x1' });
          if (how === 'event') context.emit('moved', { id: 'X' });
          if (how === 'frozen') {
            const row = context.records.book.need({ id: 'torn' }) as { pages: number };
            row.pages = 2;
          }
        },
      },
    },
  });
  const put = (state: string, pages = 1) => ['shelf', 'put', { id: 'moby', state, pages }] as const;
  const chainWith = (...states: readonly string[]) => {
    const chain = bench(shelf);
    const last = states.map((state) => chain.run([STRANGER], put(state)));
    return { chain, codes: last.map(codeOf) };
  };

  it('given declared transitions, then they are allowed, and staying as well', () => {
    expect(chainWith('in', 'out', 'out', 'in', 'lost').codes).to.deep.equal(Array(5).fill('OK'));
  });

  it('given any other transition or first state, then refused with both states', () => {
    expect(chainWith('out').codes).to.deep.equal(['CONTRACTS_TRANSITION_REFUSED']);
    const { chain, codes } = chainWith('in', 'lost');
    expect(codes).to.deep.equal(['OK', 'OK']);
    const { failure } = chain.run([STRANGER], put('in'));
    expect(failure?.facts).to.include({
      from: 'lost',
      to: 'in',
      record: 'shelf.book',
      key: 'moby',
    });
  });

  it('given a row that the record can not hold, then the field is named', () => {
    const { failure } = bench(shelf).run([STRANGER], put('in', 101));

    expect(failure?.code).to.equal('CONTRACTS_RECORD_INVALID');
    expect(failure?.facts).to.include({ record: 'shelf.book', pointer: '/pages', found: '101' });
  });

  it('given an insert over a row, then the own code of the contract; need gives the general one', () => {
    const chain = bench(shelf);
    expect(codeOf(chain.run([STRANGER], ['shelf', 'read', { id: 'moby' }]))).to.equal(
      'CONTRACTS_RECORD_MISSING',
    );
    expect(codeOf(chain.run([STRANGER], ['shelf', 'add', { id: 'moby' }]))).to.equal('OK');
    const again = chain.run([STRANGER], ['shelf', 'add', { id: 'moby' }]);
    expect(codeOf(again)).to.equal('SHELF_TAKEN');
    const words = failureOf(chain.engine.manifest(), again.result.code);
    expect(words && fillWords(words, again.failure?.facts ?? {}).zh).to.equal('已占用:moby。');
    expect(codeOf(chain.run([STRANGER], ['shelf', 'read', { id: 'moby' }]))).to.equal('OK');
  });

  for (const how of ['type', 'assert', 'event', 'frozen'] as const) {
    it(`given a handler with a fault of its own (${how}), then the transaction fails, not the node`, () => {
      const chain = bench(shelf);
      const before = chain.dump();

      const executed = chain.run([STRANGER], ['shelf', 'crash', { how }]);

      expect(codeOf(executed)).to.equal('CONTRACTS_DEFECT');
      expect(chain.dump()).to.deep.equal(before);
    });
  }

  it('given a stored value that is damaged, then the engine stops and names the record', () => {
    const { chain } = chainWith('in');
    const damaged: StateView = {
      get: (recordKey) =>
        recordKey.set === 905 * 65_536 + 1 ? Uint8Array.of(1, 2, 3) : chain.view.get(recordKey),
    };
    const block = {
      chain: emptyGenesis().chain,
      height: 2,
      timestampMs: START_MS + 5000,
      proposer: emptyGenesis().chain as never,
      entries: [entryOf([STRANGER], [put('out')])],
    };

    expect(() => chain.engine.execute(damaged, block))
      .to.throw(ContractsError)
      .with.nested.property('failure.code', 'CONTRACTS_STORED_MALFORMED');
  });

  it('given a view that fails, then its own error passes through', () => {
    const { chain } = chainWith('in');
    const broken: StateView = {
      get: (recordKey) => {
        if (recordKey.set === 905 * 65_536 + 1) throw new Error('disk on fire');
        return chain.view.get(recordKey);
      },
    };
    const block = {
      chain: emptyGenesis().chain,
      height: 2,
      timestampMs: START_MS + 5000,
      proposer: emptyGenesis().chain as never,
      entries: [entryOf([STRANGER], [put('out')])],
    };

    expect(() => chain.engine.execute(broken, block)).to.throw('disk on fire');
  });
});

describe('engine: determinism (spec X-16)', () => {
  function play(view?: (inner: StateView) => StateView) {
    const chain = churchWith(500);
    const engine = createEngine([peopleContract(PEOPLE), boxes]);
    const entries = Array.from({ length: 40 }, (_, index) =>
      index % 3 === 0
        ? entryOf(
            [KEEPER, OTHER],
            [['boxes', 'take', { box: 'church', amount: gbp(index), reason: 'tea' }]],
          )
        : entryOf(
            [STRANGER],
            [['boxes', 'give', { box: index % 5 === 0 ? 'none' : 'church', amount: gbp(7) }]],
          ),
    );
    const block = {
      chain: emptyGenesis().chain,
      height: 3,
      timestampMs: START_MS + 9000,
      proposer: emptyGenesis().chain as never,
      entries,
    };
    return { engine, block, view: view?.(chain.view) ?? chain.view };
  }

  it('spec C-29: given one block twice and on another engine, then every byte is equal', () => {
    const { engine, block, view } = play();
    const other = play();

    const bytesOf = (from: typeof engine) => {
      const executed = from.execute(view, block);
      if (!executed.ok) throw new Error('the block is valid');
      const { transactions, hook, writes, usage } = executed.value;
      return {
        results: transactions.map(({ result }) => toHex(encodeResult(result))),
        hook: toHex(encodeResult(hook)),
        writes: writes.map(({ treeKey, value }) => [toHex(treeKey), value && toHex(value)]),
        usage,
      };
    };

    expect(bytesOf(engine)).to.deep.equal(bytesOf(engine));
    expect(bytesOf(other.engine)).to.deep.equal(bytesOf(engine));
  });

  it('given contracts in another order, then the manifest and genesis are equal', () => {
    const people = peopleContract(PEOPLE);
    const one = createEngine([people, boxes]);
    const two = createEngine([boxes, people]);

    expect(two.manifest()).to.deep.equal(one.manifest());
    const founded = withContracts(emptyGenesis(), [people, boxes]);
    const writesOf = (engine: typeof one) =>
      engine.applyGenesis(founded).writes.map(({ value }) => value && toHex(value));
    expect(writesOf(two)).to.deep.equal(writesOf(one));
  });
});

describe('engine: contracts of genesis (spec X-9)', () => {
  const people = peopleContract(PEOPLE);
  const bytesOf = (contracts: Parameters<typeof createEngine>[0], genesis = emptyGenesis()) =>
    createEngine(contracts)
      .applyGenesis(genesis)
      .writes.map(({ value }) => value && toHex(value));

  it('given a release with one more contract, then the state of a founded chain is the same', () => {
    const founded = withContracts(emptyGenesis(), [people]);

    expect(bytesOf([people, boxes], founded)).to.deep.equal(bytesOf([people], founded));
  });

  it('given a contract or version that this release lacks, or no ledger, then it is refused', () => {
    const founded = withContracts(emptyGenesis(), [people, boxes]);

    expect(() => bytesOf([people], founded)).to.throw(/boxes/);
    expect(() => bytesOf([people])).to.throw(/ledger/);
  });
});

describe('engine: failure texts (spec X-25)', () => {
  it('given every failure of the engine, then the manifest explains it in both languages', () => {
    const manifest = createEngine([]).manifest();
    for (const [code, row] of Object.entries(CONTRACTS_ERRORS)) {
      if (!('receipt' in row)) continue;
      const found = failureOf(manifest, row.receipt);
      expect(found?.code).to.equal(code);
      expect(found?.en).to.equal(row.summary);
      expect(found?.zh, code).to.match(/[\u4e00-\u9fff]/);
      expect(found?.remedy.zh, code).to.match(/[\u4e00-\u9fff]/);
    }
    expect(failureOf(manifest, 999)).to.equal(undefined);
    expect(failureOf(manifest, 0)).to.equal(undefined);
  });
});
