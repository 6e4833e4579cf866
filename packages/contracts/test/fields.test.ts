/** Every field type: what it takes, and pointer, expected and found of what it does not. */
import type { Field, JsonValue } from '@daybook/contracts';
import { field, fromJson, jsonSchemaOf, toJson, validateInput } from '@daybook/contracts';
import type { CborValue, InputFault } from '@daybook/core';
import { toHex } from '@daybook/core';
import { expect } from 'chai';
import { compileFields } from '../src/fields/check.ts';
import { tableOf } from '../src/fields/field.ts';

const t = { en: 'Title', zh: '标题' };
const bytes = (size: number): Uint8Array => new Uint8Array(size).fill(1);

/** How often the members of an object are looked at while it is checked. */
function looksAt(members: number): { readonly looks: number; readonly faults: number } {
  let looks = 0;
  const names = Array.from({ length: members }, (_, at) => [`unknown${at}`, 1] as const);
  const value = new Proxy(Object.fromEntries(names), {
    get: (target, name) => {
      looks += 1;
      return Reflect.get(target, name);
    },
  });
  const faults: InputFault[] = [];
  compileFields(tableOf({ x: field.boolean(t) }))(value, '/args', faults);
  return { looks, faults: faults.length };
}

/** Faults of a value under the field `x`, as execution judges it. */
function faultsOf(one: Field<unknown>, value: unknown): readonly InputFault[] {
  const faults: InputFault[] = [];
  compileFields(tableOf({ x: one }))({ x: value }, '/args', faults);
  return faults;
}

interface Row {
  readonly name: string;
  readonly field: Field<unknown>;
  readonly good: readonly CborValue[];
  /** Value, pointer below /args/x, part of expected, part of found. */
  readonly bad: readonly (readonly [unknown, string, RegExp, RegExp])[];
}

const ROWS: readonly Row[] = [
  {
    name: 'text',
    field: field.text({ ...t, min: 2, max: 4 }),
    good: ['ab', 'abcd', '拨款拨款', '😀😀😀😀'],
    bad: [
      ['a', '', /2 to 4 characters/, /^"a"$/],
      ['abcde', '', /2 to 4 characters/, /abcde/],
      ['😀', '', /2 to 4/, /😀/],
      ['😀😀😀😀😀', '', /2 to 4/, /😀/],
      [7, '', /text/, /^7$/],
      ['a\u0000b', '', /printable/, /\\u0000/],
      ['a\nb', '', /printable/, /\\n/],
      ['a\u202eb', '', /printable/, /./],
      ['a\u2066b', '', /printable/, /./],
      ['e\u0301x', '', /printable/, /./],
      ['a\ud800', '', /printable/, /./],
    ],
  },
  {
    name: 'text with lines',
    field: field.text({ ...t, max: 20, lines: true }),
    good: ['one\ntwo'],
    bad: [['one\ttwo', '', /lines allowed/, /\\t/]],
  },
  {
    name: 'text of a character set',
    field: field.text({ ...t, max: 20, characters: 'digits' }),
    good: ['0123'],
    bad: [['12a', '', /of digits/, /12a/]],
  },
  {
    name: 'text that is a path',
    field: field.text({ ...t, max: 20, characters: 'path' }),
    good: ['a/b-c/1'],
    bad: [['a/B', '', /a-z/, /a\/B/]],
  },
  {
    name: 'text of hex, names, ASCII',
    field: field.text({ ...t, max: 20, characters: 'hex' }),
    good: ['0aff'],
    bad: [['0AFF', '', /hex/, /0AFF/]],
  },
  {
    name: 'slug',
    field: field.slug(t),
    good: ['ab', 'a-b', '0'.repeat(64)],
    bad: [
      ['a', '', /2 to 64/, /"a"/],
      ['-a', '', /no - at either end/, /-a/],
      ['a-', '', /no - at either end/, /a-/],
      ['a'.repeat(65), '', /2 to 64/, /a…?/],
      ['Ab', '', /a-z/, /Ab/],
      [null, '', /name/, /null/],
    ],
  },
  {
    name: 'identifier',
    field: field.identifier({ ...t, max: 5 }),
    good: ['A', 'INV-1'],
    bad: [
      ['', '', /1 to 5/, /""/],
      ['a b', '', /without spaces/, /a b/],
      ['é', '', /ASCII/, /é/],
      ['123456', '', /1 to 5/, /123456/],
    ],
  },
  {
    name: 'identity',
    field: field.identity(t),
    good: ['health/jane'],
    bad: [
      ['health', '', /organisation\/name/, /health/],
      ['health/', '', /organisation\/name/, /health/],
      ['health/j/k', '', /organisation\/name/, /j\/k/],
    ],
  },
  {
    name: 'identity or organisation',
    field: field.identity({ ...t, organisations: true }),
    good: ['health', 'health/jane'],
    bad: [['H', '', /an organisation, or an officer/, /H/]],
  },
  {
    name: 'reason',
    field: field.reason(),
    good: ['because', 'first\nsecond'],
    bad: [['no', '', /3 to 2000/, /no/]],
  },
  {
    name: 'integer',
    field: field.integer({ ...t, min: -1, max: 3 }),
    good: [-1, 0, 3],
    bad: [
      [4, '', /from -1 to 3/, /^4$/],
      [-2, '', /from -1 to 3/, /^-2$/],
      [1.5, '', /integer/, /1\.5/],
      [1n, '', /integer/, /1/],
      ['1', '', /integer/, /"1"/],
      [Number.NaN, '', /integer/, /NaN/],
    ],
  },
  {
    name: 'amount',
    field: field.amount({ ...t, max: 100n }),
    good: [0, 100, 5n],
    bad: [
      [-1, '', /0 to 100/, /-1/],
      [101n, '', /0 to 100/, /101/],
      ['5', '', /whole number/, /"5"/],
      [0.5, '', /whole number/, /0\.5/],
    ],
  },
  {
    name: 'money',
    field: field.money({ ...t, min: 1n, currencies: ['GBP', 'EUR'] }),
    good: [{ minor: 5, currency: 'GBP' }],
    bad: [
      [5, '', /\{minor, currency\}/, /5/],
      [{ minor: 0, currency: 'GBP' }, '/minor', /from 1/, /0/],
      [{ minor: -5n, currency: 'GBP' }, '/minor', /from 1/, /-5/],
      [{ minor: 5, currency: 'USD' }, '/currency', /one of GBP, EUR/, /USD/],
      [{ currency: 'GBP' }, '/minor', /whole number/, /nothing/],
      [{ minor: 5, currency: 'GBP', tax: 1 }, '/tax', /no field of this name/, /1/],
    ],
  },
  {
    name: 'money of any currency',
    field: field.money(t),
    good: [{ minor: 0, currency: 'JPY' }],
    bad: [[{ minor: 1, currency: 'ZZZ' }, '/currency', /ISO 4217/, /ZZZ/]],
  },
  {
    name: 'currency',
    field: field.currency(t),
    good: ['CNY', 'KWD'],
    bad: [['cny', '', /ISO 4217/, /cny/]],
  },
  {
    name: 'quantity',
    field: field.quantity({ ...t, decimals: 3, units: ['KGM'] }),
    good: [{ value: 12_500, unit: 'KGM' }],
    bad: [
      [{ value: 1, unit: 'LTR' }, '/unit', /one of KGM/, /LTR/],
      [{ value: 'x', unit: 'KGM' }, '/value', /whole number/, /x/],
    ],
  },
  {
    name: 'date',
    field: field.date(t),
    good: ['2024-02-29', '0001-01-01', '9999-12-31'],
    bad: [
      ['2023-02-29', '', /YYYY-MM-DD/, /2023-02-29/],
      ['2024-13-01', '', /YYYY-MM-DD/, /13/],
      ['2024-1-1', '', /YYYY-MM-DD/, /2024-1-1/],
      ['0000-01-01', '', /YYYY-MM-DD/, /0000/],
      [20_240_101, '', /YYYY-MM-DD/, /20240101/],
    ],
  },
  {
    name: 'period',
    field: field.period(t),
    good: [{ start: '2024-04-01', end: '2025-03-31' }],
    bad: [
      [{ start: '2024-04-02', end: '2024-04-01' }, '/end', /not before the start/, /2024-04-01/],
      [{ start: 'x', end: '2024-04-01' }, '/start', /date/, /x/],
      [{ start: '2024-04-01' }, '/end', /date/, /nothing/],
    ],
  },
  {
    name: 'instant',
    field: field.instant(t),
    good: [0, 1_700_000_000_000],
    bad: [
      [-1, '', /1970/, /-1/],
      [253_402_300_800_000, '', /1970/, /253/],
    ],
  },
  {
    name: 'boolean',
    field: field.boolean(t),
    good: [true, false],
    bad: [['true', '', /true or false/, /"true"/]],
  },
  {
    name: 'choice',
    field: field.choice({ ...t, of: { open: t, closed: t } }),
    good: ['open'],
    bad: [
      ['shut', '', /one of open, closed/, /shut/],
      ['toString', '', /one of open/, /toString/],
      ['__proto__', '', /one of open/, /__proto__/],
    ],
  },
  {
    name: 'bytes',
    field: field.bytes({ ...t, min: 2, max: 3 }),
    good: [bytes(2), bytes(3)],
    bad: [
      [bytes(1), '', /2 to 3 bytes/, /1 bytes/],
      ['00', '', /2 to 3 bytes/, /"00"/],
    ],
  },
  ...(['hash', 'publicKey', 'sealed'] as const).map((name) => ({
    name,
    field: field[name](t),
    good: [bytes(32)],
    bad: [[bytes(31), '', /32 bytes/, /31 bytes/] as const],
  })),
  {
    name: 'blinded',
    field: field.blinded({ ...t, purpose: 'pension' }),
    good: [bytes(32)],
    bad: [[bytes(33), '', /purpose pension/, /33 bytes/]],
  },
  {
    name: 'reference',
    field: field.reference({ ...t, record: 'boxes.box', max: 6 }),
    good: ['church'],
    bad: [['churches', '', /key of a boxes\.box/, /churches/]],
  },
  {
    name: 'list',
    field: field.list(field.integer(t), { ...t, min: 1, max: 2 }),
    good: [[1], [1, 2]],
    bad: [
      [[], '', /1 to 2/, /a list of 0/],
      [[1, 2, 3], '', /1 to 2/, /a list of 3/],
      [[1, 'b'], '/1', /integer/, /"b"/],
      ['ab', '', /list/, /"ab"/],
    ],
  },
  {
    name: 'list of unique values',
    field: field.list(field.money(t), { ...t, max: 3, unique: true }),
    good: [
      [
        { minor: 1, currency: 'GBP' },
        { minor: 1, currency: 'EUR' },
      ],
    ],
    bad: [
      [
        [
          { minor: 1, currency: 'GBP' },
          { currency: 'GBP', minor: 1n },
        ],
        '/1',
        /each value once/,
        /object/,
      ],
    ],
  },
  {
    name: 'object',
    field: field.object({ a: field.integer(t), b: field.optional(field.slug(t)) }, t),
    good: [{ a: 1 }, { a: 1, b: 'bb' }],
    bad: [
      [{ b: 'bb' }, '/a', /integer/, /nothing/],
      [{ a: 1, c: 2 }, '/c', /known are a, b/, /2/],
      [{ a: 1, 'x/y~z': 2 }, '/x~1y~0z', /no field/, /2/],
      [[1], '', /an object/, /a list of 1/],
      [bytes(2), '', /an object/, /2 bytes/],
    ],
  },
];

describe('fields: what each type takes (spec X-4)', () => {
  for (const { name, field: one, good, bad } of ROWS) {
    it(`given good values of ${name}, then there is no fault`, () => {
      for (const value of good) expect(faultsOf(one, value), String(value)).to.deep.equal([]);
    });

    it(`given bad values of ${name}, then pointer, expected and found say so`, () => {
      for (const [value, below, expected, found] of bad) {
        const [fault, ...more] = faultsOf(one, value);
        const label = `${name} ${String(value)}`;
        expect(more, label).to.deep.equal([]);
        expect(fault?.pointer, label).to.equal(`/args/x${below}`);
        expect(fault?.expected, label).to.match(expected);
        expect(fault?.found, label).to.match(found);
      }
    });

    it(`given good values of ${name}, then JSON gives them back`, () => {
      for (const value of good) {
        const faults: InputFault[] = [];
        const json = toJson(one.spec, value);
        const back = fromJson(one.spec, JSON.parse(JSON.stringify(json)), '', faults);
        expect(faults).to.deep.equal([]);
        expect(toJson(one.spec, back as CborValue)).to.deep.equal(json);
        expect(faultsOf(one, back)).to.deep.equal([]);
      }
    });
  }
});

describe('fields: a whole input', () => {
  const input = {
    fund: field.slug(t),
    amount: field.money({ ...t, min: 1n }),
    due: field.optional(field.instant(t)),
    key: field.hash(t),
  };
  const action = { input: tableOf(input) };
  const good = {
    fund: 'roads',
    amount: { minor: '9223372036854775807', currency: 'GBP' },
    due: '2024-05-01T12:00:00Z',
    key: 'ab'.repeat(32),
  };

  it('given JSON, then arguments carry bigint, bytes and milliseconds', () => {
    const result = validateInput(action, good);

    expect(result.ok).to.equal(true);
    if (!result.ok) return;
    expect(result.value.amount).to.deep.equal({
      minor: 9_223_372_036_854_775_807n,
      currency: 'GBP',
    });
    expect(result.value.due).to.equal(Date.UTC(2024, 4, 1, 12));
    expect(toHex(result.value.key as Uint8Array)).to.equal(good.key);
  });

  it('given several faults, then all are reported at once, in the order of pointers', () => {
    const result = validateInput(
      action,
      {
        fund: 'R',
        amount: { minor: '12.5', currency: 'XXX' },
        due: '2024-02-30T00:00:00Z',
        key: 'zz',
        extra: true,
      },
      '/calls/3/args',
    );

    expect(result.ok).to.equal(false);
    if (result.ok) return;
    expect(result.reason.map(({ pointer }) => pointer)).to.deep.equal([
      '/calls/3/args/amount/currency',
      '/calls/3/args/amount/minor',
      '/calls/3/args/due',
      '/calls/3/args/extra',
      '/calls/3/args/fund',
      '/calls/3/args/key',
    ]);
  });

  it('given amounts as JSON numbers, then they are refused: JSON has no 64-bit integers', () => {
    const result = validateInput(action, { ...good, amount: { minor: 5, currency: 'GBP' } });

    expect(result.ok).to.equal(false);
    if (result.ok) return;
    expect(result.reason).to.deep.equal([
      { pointer: '/amount/minor', expected: 'a whole number as a decimal string', found: '5' },
    ]);
  });

  const decimals = ['', '-', '+1', '01', '-0', '1e3', ' 1', '1_000', '99999999999999999999999'];
  for (const text of decimals) {
    it(`given the decimal '${text}', then it is refused`, () => {
      const result = validateInput(action, { ...good, amount: { minor: text, currency: 'GBP' } });

      expect(result.ok).to.equal(false);
    });
  }

  it('given something that is no object, then one fault says so', () => {
    for (const json of [null, 7, 'x', [], undefined] as readonly unknown[]) {
      const result = validateInput(action, json);
      expect(result.ok ? [] : result.reason.map(({ expected }) => expected)).to.deep.equal([
        'an object',
      ]);
    }
  });

  it('given names of Object.prototype, then they are unknown fields like any other', () => {
    const json: JsonValue = JSON.parse(
      `{"__proto__": {"fund": "roads"}, "constructor": 1, ${JSON.stringify(good).slice(1)}`,
    );

    const result = validateInput(action, json);

    expect(result.ok ? [] : result.reason.map(({ pointer }) => pointer)).to.deep.equal([
      '/__proto__',
      '/constructor',
    ]);
  });

  it('given a thousand unknown fields, then the list of faults stays bounded', () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`f${index}`, 1]));

    const result = validateInput(action, { ...good, ...many });

    expect(result.ok ? 0 : result.reason.length).to.equal(100);
  });
});

describe('fields: JSON Schema', () => {
  it('given fields, then required, bounds and titles are there and nothing else is allowed', () => {
    const schema = jsonSchemaOf(
      tableOf({
        amount: field.money({ ...t, help: { en: 'In minor units.', zh: '以最小单位计。' } }),
        note: field.optional(field.text({ ...t, max: 9 })),
        tags: field.list(field.slug(t), { ...t, max: 3, unique: true }),
      }),
    );

    expect(schema).to.deep.equal({
      type: 'object',
      properties: {
        amount: {
          title: 'Title',
          description: 'In minor units.',
          type: 'object',
          properties: {
            minor: { type: 'string', pattern: '^(0|-?[1-9][0-9]{0,19})$' },
            currency: { type: 'string', pattern: '^[A-Z]{3}$' },
          },
          required: ['minor', 'currency'],
          additionalProperties: false,
        },
        note: { title: 'Title', type: 'string', minLength: 1, maxLength: 9 },
        tags: {
          title: 'Title',
          type: 'array',
          items: {
            title: 'Title',
            type: 'string',
            pattern: '^[a-z0-9][a-z0-9-]{0,62}[a-z0-9]$',
          },
          minItems: 0,
          maxItems: 3,
          uniqueItems: true,
        },
      },
      required: ['amount', 'tags'],
      additionalProperties: false,
    });
  });

  it('given every field type, then there is a schema of plain JSON', () => {
    for (const { field: one, name } of ROWS) {
      const schema = jsonSchemaOf(tableOf({ x: one }));
      expect(JSON.parse(JSON.stringify(schema)), name).to.deep.equal(schema);
    }
  });

  it('given more unknown members than faults are told, then the rest is only counted', () => {
    const { looks, faults } = looksAt(10_000);

    expect(faults).to.equal(100);
    expect(looks).to.be.below(10_500);
  });
});
