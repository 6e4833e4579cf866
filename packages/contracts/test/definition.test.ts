/** What a faulty definition, or contracts that contradict each other, are told. */
import type { Contract } from '@daybook/contracts';
import { createEngine, defineContract, field } from '@daybook/contracts';
import { expect } from 'chai';
import { boxes } from './fixtures/boxes.ts';

const t = { en: 'Title', zh: '标题' };
const id = field.slug(t);

type Parts = Parameters<typeof defineContract>[0];

/** A sound contract with some of its parts replaced; types would refuse most of these at once. */
function defined(parts: object): Contract {
  const sound = {
    number: 900,
    name: 'sample',
    version: 1,
    title: t,
    help: t,
    records: { row: { number: 1, title: t, key: { id }, fields: { n: field.integer(t) } } },
    roles: { clerk: { title: t, grantedBy: 'organisation' } },
    failures: {},
    actions: {},
  };
  return defineContract({ ...sound, ...parts } as unknown as Parts) as unknown as Contract;
}

const row = (parts: object) => ({
  records: { row: { number: 1, title: t, key: { id }, fields: { n: field.integer(t) }, ...parts } },
});
const action = (parts: object) => ({
  actions: { act: { title: t, by: 'anyone', input: {}, handler: () => undefined, ...parts } },
});
const state = field.choice({ ...t, of: { open: t, closed: t } });
const failure = { code: 1, ...t, remedy: t };

/** What is wrong, and a part of the message. */
const FAULTY: readonly (readonly [string, object, RegExp])[] = [
  ['a name in capitals', { name: 'Sample' }, /contract name/],
  ['a number beyond 16 bits', { number: 70_000 }, /u16/],
  ['version 0', { version: 0 }, /version/],
  ['no Chinese title', { title: { en: 'x', zh: '' } }, /English and Chinese/],
  [
    'a record number used twice',
    { sums: { s: { number: 1, title: t, record: 'row', by: [] } } },
    /its number/,
  ],
  ['record number 0', row({ number: 0 }), /1 to 65535/],
  [
    'a record name with a dash',
    { records: { 'a-b': { number: 1, title: t, key: { id }, fields: {} } } },
    /camelCase/,
  ],
  ['a money key', row({ key: { m: field.money(t) } }), /money can not be a key/],
  [
    'a key that may be negative',
    row({ key: { n: field.integer({ ...t, min: -1 }) }, fields: {} }),
    /integer can not be a key/,
  ],
  ['an optional key', row({ key: { id: field.optional(id) } }), /not optional/],
  ['a name in key and fields', row({ fields: { id } }), /used once/],
  [
    'a partition that is not leading',
    row({ key: { a: id, b: id }, partition: ['b'] }),
    /first key fields/,
  ],
  ['a partition that is the whole key', row({ partition: ['id'] }), /partition is not the key/],
  ['erasable public records', row({ erasable: true }), /erasable/],
  [
    'states of no choice',
    row({ states: { field: 'n', initial: ['a'], transitions: {} } }),
    /choice field/,
  ],
  [
    'a state that leads nowhere declared',
    row({
      fields: { state },
      states: { field: 'state', initial: ['open'], transitions: { open: [] } },
    }),
    /every state/,
  ],
  [
    'a transition to an unknown state',
    row({
      fields: { state },
      states: { field: 'state', initial: ['open'], transitions: { open: ['gone'], closed: [] } },
    }),
    /name states/,
  ],
  [
    'no first state',
    row({
      fields: { state },
      states: { field: 'state', initial: [], transitions: { open: [], closed: [] } },
    }),
    /name states/,
  ],
  ['a deadline that is no date', row({ deadlines: [{ field: 'n' }] }), /is a date/],
  [
    'a deadline in unknown states',
    row({ fields: { due: field.date(t) }, deadlines: [{ field: 'due', open: ['x'] }] }),
    /names states/,
  ],
  ['a failure in small letters', { failures: { oops: failure } }, /capitals/],
  ['failure code 1000', { failures: { OOPS: { ...failure, code: 1000 } } }, /1 to 999/],
  ['a failure code used twice', { failures: { A: failure, B: failure } }, /code of its own/],
  [
    'a failure without remedy',
    { failures: { A: { ...failure, remedy: { en: '', zh: '' } } } },
    /remedy/,
  ],
  [
    'a sum over nothing',
    { sums: { s: { number: 2, title: t, record: 'none', by: [] } } },
    /record none exists/,
  ],
  [
    'a sum of a text',
    { sums: { s: { number: 2, title: t, record: 'row', of: 'id', by: [] } } },
    /amount, money or an integer/,
  ],
  [
    'a sum by an unknown field',
    { sums: { s: { number: 2, title: t, record: 'row', by: ['x'] } } },
    /can be a key/,
  ],
  [
    'a sum that has a record name',
    { sums: { row: { number: 2, title: t, record: 'row', by: [] } } },
    /name of its own/,
  ],
  [
    'a sum filtered by a number',
    {
      sums: { s: { number: 2, title: t, record: 'row', by: [], where: { field: 'n', is: ['1'] } } },
    },
    /choice field decides/,
  ],
  ['discretion without reason', action({ discretion: true }), /'reason'/],
  ['an undeclared role', action({ by: { role: 'boss' } }), /role boss/],
  [
    'an organisation field that is not there',
    action({ by: { role: 'clerk', organisation: 'x' } }),
    /names the input field x/,
  ],
  [
    'an optional scope field',
    action({ by: { role: 'clerk', scope: 's' }, input: { s: field.optional(id) } }),
    /input field s/,
  ],
  ['an action for contracts without callers', action({ by: 'contract' }), /names its callers/],
  [
    'approvals of one officer',
    action({ by: { role: 'clerk' }, approvals: { officers: 1 } }),
    /two officers/,
  ],
  ['approvals by anyone', action({ approvals: { officers: 2 } }), /need a role/],
  [
    'more organisations than officers',
    action({ by: { role: 'clerk' }, approvals: { officers: 2, organisations: 3 } }),
    /<= officers/,
  ],
  [
    'a call that waits for ever',
    action({ by: { role: 'clerk' }, approvals: { officers: 2, days: 1000 } }),
    /1 to 366/,
  ],
  [
    'text bounds the wrong way round',
    action({ input: { x: field.text({ ...t, min: 5, max: 4 }) } }),
    /min <= max/,
  ],
  [
    'an amount whose currency is nowhere',
    action({ input: { x: field.amount({ ...t, currencyOf: 'c' }) } }),
    /field beside it/,
  ],
  ['an unbounded list', action({ input: { x: field.list(id, { ...t, max: 1e6 }) } }), /bounded/],
  [
    'a list of optional items',
    action({ input: { x: field.list(field.optional(id), { ...t, max: 2 }) } }),
    /no optional items/,
  ],
  ['a choice of nothing', action({ input: { x: field.choice({ ...t, of: {} }) } }), /has a value/],
  [
    'an event without title',
    { events: { e: { title: { en: '', zh: '' }, fields: {} } } },
    /English and Chinese/,
  ],
  [
    'a parameter that is a list',
    { parameters: { p: { field: field.list(id, { ...t, max: 2 }), default: [] } } },
    /plain value/,
  ],
  [
    'a default beyond its bounds',
    { parameters: { p: { field: field.integer({ ...t, max: 3 }), default: 4 } } },
    /obeys the field/,
  ],
  ['a query of nothing', { queries: { q: { title: t, record: 'none' } } }, /record none/],
  [
    'a query named as a record',
    { queries: { row: { title: t, record: 'row' } } },
    /another name than each record and sum/,
  ],
  [
    'a query named as a sum',
    {
      sums: { rows: { number: 2, title: t, record: 'row', by: [] } },
      queries: { rows: { title: t, record: 'row' } },
    },
    /another name than each record and sum/,
  ],
  [
    'a query by a later key field',
    { queries: { q: { title: t, record: 'row', by: ['n'] } } },
    /leading key fields/,
  ],
  [
    'a query overdue without deadline',
    { queries: { q: { title: t, record: 'row', overdue: 'n' } } },
    /declared deadline/,
  ],
  [
    'a query filtered by nothing',
    { queries: { q: { title: t, record: 'row', where: { field: 'x', is: [] } } } },
    /names a field/,
  ],
  [
    'an invariant that watches nothing',
    { invariants: { i: { title: t, record: 'none', holds: () => true } } },
    /one record or one sum/,
  ],
  [
    'a guard without releaser',
    {
      guards: {
        g: {
          title: t,
          actions: [],
          release: { officers: 2, days: 1 },
          judge: () => ({ verdict: 'pass' }),
        },
      },
    },
    /a role releases/,
  ],
  ['hooks of an ordinary contract', { system: {} }, /below 16/],
  ['an upcast of no record', { upcasts: { none: () => ({}) } }, /for a record/],
];

describe('defineContract: faulty definitions', () => {
  it('given the sound sample, then it is taken', () => {
    expect(defined({}).name).to.equal('sample');
  });

  for (const [what, parts, message] of FAULTY) {
    it(`given ${what}, then it is refused`, () => {
      expect(() => defined(parts)).to.throw(message);
    });
  }
});

describe('createEngine: contracts that contradict each other (spec S-3)', () => {
  const using = (parts: object, name = 'other', number = 902) =>
    defined({ name, number, ...parts });

  const cases: readonly (readonly [string, readonly Contract[], RegExp])[] = [
    ['two contracts of one number', [boxes, defined({ number: 900 })], /of its own/],
    ['two contracts of one name', [defined({}), defined({ number: 901 })], /of its own|given once/],
    ['one version twice', [boxes, boxes], /given once/],
    [
      'a reference to nothing',
      [using(action({ input: { x: field.reference({ ...t, record: 'boxes.none' }) } })), boxes],
      /one key field/,
    ],
    [
      'a reference to a record of two key fields',
      [using(action({ input: { x: field.reference({ ...t, record: 'boxes.gift' }) } })), boxes],
      /one key field/,
    ],
    ['a contract used that is not there', [using({ uses: { boxes } })], /uses boxes/],
    [
      'a guard of an action that is not guarded',
      [
        boxes,
        using({
          guards: {
            g: {
              title: t,
              actions: ['boxes.give'],
              release: { officers: 2, days: 1, role: 'clerk' },
              judge: () => ({ verdict: 'pass' }),
            },
          },
        }),
      ],
      /declared guarded/,
    ],
  ];
  for (const [what, contracts, message] of cases) {
    it(`given ${what}, then no engine is made`, () => {
      expect(() => createEngine(contracts)).to.throw(message);
    });
  }
});
