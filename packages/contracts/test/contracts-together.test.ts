/** Invariants and sums of one contract, and calls between contracts. */
import type { Contract, Executed } from '@daybook/contracts';
import { createEngine, defineContract, field, openRecords } from '@daybook/contracts';
import type { TransactionSigner as Signer } from '@daybook/core';
import { asPublicKey } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Bench } from './fixtures/bench.ts';
import { createBench } from './fixtures/bench.ts';

const t = { en: 'Title', zh: '标题' };
const ANYONE: Signer = { publicKey: asPublicKey(new Uint8Array(32).fill(9)) };
const codeOf = ({ failure }: Executed): string => failure?.code ?? 'OK';
const id = field.slug(t);

/** An account book whose handler can be told to make each mistake that its invariants must catch. */
const book = defineContract({
  number: 920,
  name: 'book',
  version: 1,
  title: t,
  help: t,
  records: {
    account: {
      number: 1,
      title: t,
      key: { id },
      fields: {
        left: field.amount({ ...t, min: -1000n }),
        kind: field.choice({ ...t, of: { open: t, closed: t } }),
      },
    },
    move: {
      number: 2,
      title: t,
      key: { account: id, n: field.integer(t) },
      partition: ['account'],
      fields: {
        amount: field.amount({ ...t, min: -1000n }),
        money: field.optional(field.money(t)),
        state: field.choice({ ...t, of: { done: t, undone: t } }),
      },
    },
  },
  sums: {
    moved: {
      number: 3,
      title: t,
      record: 'move',
      of: 'amount',
      by: ['account'],
      where: { field: 'state', is: ['done'] },
    },
    byCurrency: { number: 4, title: t, record: 'move', of: 'money', by: ['account'] },
    accounts: { number: 5, title: t, record: 'account', by: ['kind'] },
  },
  failures: {},
  actions: {
    move: {
      title: t,
      by: 'anyone',
      input: {
        account: id,
        n: field.integer(t),
        amount: field.amount({ ...t, min: -1000n }),
        mistake: field.optional(field.choice({ ...t, of: { forget: t, twice: t, steal: t } })),
        money: field.optional(field.money(t)),
      },
      handler(context, { account, n, amount, mistake, money }) {
        const row = context.records.account.get({ id: account }) ?? {
          id: account,
          left: 0n,
          kind: 'open' as const,
        };
        context.records.move.put({ account, n, amount, money, state: 'done' });
        const wrong = mistake === 'twice' ? 2n * amount : amount;
        if (mistake !== 'forget') context.records.account.put({ ...row, left: row.left + wrong });
        if (mistake === 'steal') {
          context.records.account.put({ id: 'thief', left: 1n, kind: 'open' });
        }
      },
    },
    undo: {
      title: t,
      by: 'anyone',
      input: { account: id, n: field.integer(t) },
      handler(context, key) {
        const row = context.records.move.need(key);
        const account = context.records.account.need({ id: key.account });
        context.records.move.put({ ...row, state: 'undone' });
        context.records.account.put({ ...account, left: account.left - row.amount });
      },
    },
    close: {
      title: t,
      by: 'anyone',
      input: { account: id },
      handler(context, { account }) {
        const row = context.records.account.need({ id: account });
        context.records.account.put({ ...row, kind: 'closed' });
      },
    },
  },
  invariants: {
    balance: {
      title: t,
      record: 'account',
      holds: ({ after }, { sums }) =>
        after === undefined || after.left === sums.moved.get({ account: after.id }).total,
    },
    booked: {
      title: t,
      sum: 'moved',
      holds: ({ total, key }, { records }) =>
        records.account.get({ id: String(key.account) })?.left === total,
    },
  },
});

describe('invariants: a deliberately broken contract (spec X-5)', () => {
  const move = (mistake?: string) =>
    ['book', 'move', { account: 'a1', n: 1, amount: 5, ...(mistake && { mistake }) }] as const;

  it('given a handler without mistake, then the invariants hold', () => {
    expect(codeOf(createBench([book]).run([ANYONE], move()))).to.equal('OK');
  });

  for (const [mistake, invariant] of [
    ['forget', 'booked'],
    ['twice', 'booked'],
    ['steal', 'balance'],
  ] as const) {
    it(`given the mistake '${mistake}', then ${invariant} stops it and nothing is written`, () => {
      const bench = createBench([book]);
      const before = bench.dump();

      const executed = bench.run([ANYONE], move(mistake));

      expect(codeOf(executed)).to.equal('CONTRACTS_INVARIANT_BROKEN');
      expect(executed.failure?.facts).to.include({ contract: 'book', invariant });
      expect(bench.dump()).to.deep.equal(before);
    });
  }

  it('given an invariant over a contract that its own uses, then it reads its rows and sums', () => {
    const ledger = defineContract({
      number: 922,
      name: 'copies',
      version: 1,
      title: t,
      help: t,
      records: {
        copy: { number: 1, title: t, key: { id }, fields: { left: field.amount(t) } },
      },
      failures: {},
      uses: { book },
      actions: {
        copy: {
          title: t,
          by: 'anyone',
          input: { id, left: field.amount(t) },
          handler: (context, input) => context.records.copy.put(input),
        },
      },
      invariants: {
        same: {
          title: t,
          record: 'copy',
          holds: ({ after }, { contracts }) =>
            after !== undefined &&
            contracts.book.records.account.get(after)?.left === after.left &&
            contracts.book.sums.moved.get({ account: after.id }).total === after.left,
        },
      },
    });
    const bench = createBench([book, ledger]);
    bench.run([ANYONE], move());
    const copy = (left: number): string =>
      codeOf(bench.run([ANYONE], ['copies', 'copy', { id: 'a1', left }]));

    expect(copy(4)).to.equal('CONTRACTS_INVARIANT_BROKEN');
    expect(copy(5)).to.equal('OK');
  });

  it('given an invariant that throws, then the transaction fails, not the node', () => {
    const fragile = defineContract({
      number: 921,
      name: 'fragile',
      version: 1,
      title: t,
      help: t,
      records: { row: { number: 1, title: t, key: { id }, fields: {} } },
      failures: {},
      actions: {
        add: {
          title: t,
          by: 'anyone',
          input: { id },
          handler: (context, input) => context.records.row.put(input),
        },
      },
      invariants: {
        broken: {
          title: t,
          record: 'row',
          holds: () => {
            throw new TypeError('oops');
          },
        },
      },
    });

    expect(codeOf(createBench([fragile]).run([ANYONE], ['fragile', 'add', { id: 'xx' }]))).to.equal(
      'CONTRACTS_DEFECT',
    );
  });
});

interface Move {
  readonly account: string;
  readonly n: number;
  readonly amount: number;
  readonly undo: boolean;
}

/** What the book should hold: the amount of each move that stands. */
type Model = Map<string, { readonly amount: number; readonly done: boolean }>;

/** Undoing twice, or writing over a move that stands, unbalances the book unless it is 0. */
function shouldSucceed(model: Model, { account, n, undo }: Move): boolean {
  const present = model.get(`${account}/${n}`);
  if (undo) return present !== undefined && (present.done || present.amount === 0);
  return present?.done !== true || present.amount === 0;
}

function playMove(bench: Bench, model: Model, move: Move): void {
  const { account, n, amount, undo } = move;
  const expected = shouldSucceed(model, move);
  const executed = undo
    ? bench.run([ANYONE], ['book', 'undo', { account, n }])
    : bench.run([ANYONE], ['book', 'move', { account, n, amount }]);
  expect(executed.result.code === 0, JSON.stringify(move)).to.equal(expected);
  if (!expected) return;
  const kept = undo ? (model.get(`${account}/${n}`)?.amount ?? 0) : amount;
  model.set(`${account}/${n}`, { amount: kept, done: !undo });
}

describe('sums that the engine keeps (spec X-24)', () => {
  it('given random moves, undone and repeated, then sums equal a recount', () => {
    const accounts = ['a1', 'a2', 'a3'];
    const step: fc.Arbitrary<Move> = fc.record({
      account: fc.constantFrom(...accounts),
      n: fc.nat(4),
      amount: fc.integer({ min: -30, max: 30 }),
      undo: fc.boolean(),
    });
    const rows = openRecords(book);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const bench = createBench([book]);
        const model: Model = new Map();
        for (const one of steps) playMove(bench, model, one);
        for (const account of accounts) {
          const standing = [...model].filter(([at, { done }]) => done && at.startsWith(account));
          const expected = standing.reduce((sum, [, { amount }]) => sum + BigInt(amount), 0n);
          expect(rows.account(bench.view, { id: account })?.left ?? 0n).to.equal(expected);
        }
      }),
      { numRuns: 60, seed: 11 },
    );
  });

  it('given money in two currencies, then each has its total and count', () => {
    const bench = createBench([book]);
    const sum = sumReader(bench.dump);
    const move = (n: number, minor: number, currency: string) =>
      bench.run(
        [ANYONE],
        ['book', 'move', { account: 'a1', n, amount: 0, money: { minor, currency } }],
      );
    move(1, 5, 'GBP');
    move(2, 7, 'EUR');
    move(3, 9, 'GBP');
    // The third moves from pounds to euros: it leaves one sum and joins the other.
    move(3, 9, 'EUR');

    expect(sum(4)).to.have.length(2);
    const engine = createEngine([book]).manifest();
    const described = engine.contracts.find(({ name }) => name === 'book')?.records.byCurrency;
    expect(Object.keys(described?.key ?? {})).to.deep.equal(['account', 'currency']);
    expect(described?.sumOf).to.deep.equal({ record: 'move', field: 'money' });
  });

  it('given rows that leave a state, then counts by state follow', () => {
    const bench = createBench([book]);
    bench.run([ANYONE], ['book', 'move', { account: 'a1', n: 1, amount: 0 }]);
    bench.run([ANYONE], ['book', 'move', { account: 'a2', n: 1, amount: 0 }]);
    bench.run([ANYONE], ['book', 'close', { account: 'a1' }]);

    // Two counters remain: one open, one closed.
    expect(sumReader(bench.dump)(5)).to.have.length(2);
  });
});

function sumReader(dump: () => ReadonlyMap<string, string>) {
  return (number: number): readonly string[] =>
    [...dump().keys()].filter((key) => key.startsWith(`${920 * 65_536 + number}|`));
}

describe('calls between contracts (spec X-6)', () => {
  const target = defineContract({
    number: 930,
    name: 'target',
    version: 1,
    title: t,
    help: t,
    records: {
      visit: {
        number: 1,
        title: t,
        key: { id },
        fields: { by: field.text({ ...t, max: 200 }), caller: field.text({ ...t, max: 20 }) },
      },
    },
    failures: { NO: { code: 1, en: 'No.', zh: '否。', remedy: t } },
    actions: {
      visit: {
        title: t,
        by: 'anyone',
        callers: ['middle'],
        input: { id },
        handler(context, input) {
          if (input.id === 'refuse') return context.refuse('NO');
          const by = context.signers.map(({ identity }) => identity).join();
          context.records.visit.insert({ id: input.id, by, caller: context.caller ?? 'nobody' });
        },
      },
      inner: {
        title: t,
        by: 'contract',
        callers: ['middle'],
        input: { id },
        handler(context, input) {
          context.records.visit.insert({
            id: input.id,
            by: context.actor.identity,
            caller: 'inner',
          });
        },
      },
      closed: { title: t, by: 'anyone', input: { id }, handler: () => undefined },
    },
  });
  const middle = defineContract({
    number: 931,
    name: 'middle',
    version: 1,
    title: t,
    help: t,
    uses: { target },
    records: {
      seen: { number: 1, title: t, key: { id }, fields: { caller: field.text({ ...t, max: 20 }) } },
    },
    failures: {},
    actions: {
      go: {
        title: t,
        by: 'anyone',
        callers: ['outer'],
        input: { id, action: field.choice({ ...t, of: { visit: t, inner: t, closed: t } }) },
        handler(context, input) {
          context.records.seen.put({ id: input.id, caller: context.caller ?? 'nobody' });
          context.contracts.target.call(input.action, { id: input.id });
          const row = context.contracts.target.records.visit.get({ id: input.id });
          if (row !== undefined) context.records.seen.put({ id: input.id, caller: row.caller });
        },
      },
    },
  });
  const outer = defineContract({
    number: 932,
    name: 'outer',
    version: 1,
    title: t,
    help: t,
    uses: { middle },
    records: {},
    failures: {},
    actions: {
      go: {
        title: t,
        by: 'anyone',
        input: { id },
        handler(context, input) {
          context.contracts.middle.call('go', { id: input.id, action: 'visit' });
        },
      },
    },
  });
  const bench = () => createBench([target, middle, outer]);
  const visits = openRecords(target).visit;

  it('given a declared call, then the callee sees the original signers and the caller', () => {
    const chain = bench();

    expect(codeOf(chain.run([ANYONE], ['outer', 'go', { id: 'v1' }]))).to.equal('OK');

    const row = visits(chain.view, { id: 'v1' });
    expect(row?.caller).to.equal('middle');
    expect(row?.by).to.match(/^did:key:z/);
  });

  it('given a callee that refuses, then everything the callers wrote is undone', () => {
    const chain = bench();
    const before = chain.dump();

    const executed = chain.run([ANYONE], ['outer', 'go', { id: 'refuse' }]);

    expect(codeOf(executed)).to.equal('TARGET_NO');
    expect(chain.dump()).to.deep.equal(before);
  });

  it('given an action that lists no such caller, then it is closed to it', () => {
    const executed = bench().run([ANYONE], ['middle', 'go', { id: 'v1', action: 'closed' }]);

    expect(codeOf(executed)).to.equal('CONTRACTS_CALLER_REFUSED');
  });

  it('given an action for contracts only, then people can not call it, contracts can', () => {
    const chain = bench();

    expect(codeOf(chain.run([ANYONE], ['target', 'inner', { id: 'v1' }]))).to.equal(
      'CONTRACTS_CALLER_REFUSED',
    );
    expect(codeOf(chain.run([ANYONE], ['middle', 'go', { id: 'v1', action: 'inner' }]))).to.equal(
      'OK',
    );
  });

  it('given a chain of five contracts, then the fifth is too deep', () => {
    const chainOf: Contract[] = [];
    let below: Contract | undefined;
    for (let level = 5; level >= 1; level -= 1) {
      const uses = below === undefined ? {} : { below };
      const contract: Contract = defineContract({
        number: 940 + level,
        name: `level${level}`,
        version: 1,
        title: t,
        help: t,
        uses,
        records: {},
        failures: {},
        actions: {
          go: {
            title: t,
            by: 'anyone',
            callers: [`level${level - 1}`],
            input: { depth: field.integer(t) },
            handler(context, { depth }) {
              const { below: next } = context.contracts as {
                below?: { call(a: string, i: object): void };
              };
              if (depth > 1) next?.call('go', { depth: depth - 1 });
            },
          },
        },
      });
      chainOf.unshift(contract);
      below = contract;
    }
    const chain = createBench(chainOf);

    expect(codeOf(chain.run([ANYONE], ['level1', 'go', { depth: 4 }]))).to.equal('OK');
    expect(codeOf(chain.run([ANYONE], ['level1', 'go', { depth: 5 }]))).to.equal(
      'CONTRACTS_DEPTH_EXCEEDED',
    );
  });

  it('given contracts that use each other in a circle, then no engine is made of them', () => {
    const make = (name: string, number: number, uses: Record<string, Contract>): Contract =>
      defineContract({
        number,
        name,
        version: 1,
        title: t,
        help: t,
        uses,
        records: {},
        failures: {},
        actions: {},
      });
    const stub = make('second', 951, {});
    const first = make('first', 950, { second: stub });
    const second = make('second', 951, { first });

    expect(() => createEngine([first, second])).to.throw('circle');
  });
});
