import { treasury } from '@daybook/applications';
import { buildManifest, validateInput } from '@daybook/contracts';
import { assert } from '@daybook/core';
import { expect } from 'chai';
import { assemble, flagAt, flagsOf, moneyOf, typedForm } from '../../src/actions/flags.ts';

const [contract] = buildManifest([treasury.definition]).contracts;
const disburse = contract?.actions.disburse;
assert(disburse !== undefined, 'the treasury pays');
const flags = flagsOf(disburse.input, {});

function inputOf(values: Readonly<Record<string, string | readonly string[]>>, base?: unknown) {
  const texts = (name: string): readonly string[] => [values[name] ?? []].flat();
  return assemble(flags, texts, base);
}

describe('cli: options of actions', () => {
  it('given the treasury, then fields are options in kebab case, parts of objects too', () => {
    const names = flags.map(({ name }) => name);

    expect(names).to.include.members(['fund', 'amount', 'acknowledge-by', 'source-publisher']);
    expect(names).to.not.include('source');
  });

  it('given typed values, then the input is what the action takes', () => {
    const input = inputOf({
      fund: 'water',
      commitment: 'pumps',
      payment: 'p-1',
      amount: '1,234.50 GBP',
      date: '2026-03-01',
      purpose: 'water/pumps',
      'source-publisher': 'cabinet-office',
      'source-dataset': 'spend/2026-03',
      'source-number': '17',
      'source-occurrence': '1',
    });

    const checked = validateInput(disburse, input);

    expect(checked.ok && checked.value.amount).to.deep.equal({ minor: 123_450n, currency: 'GBP' });
    expect(checked.ok && checked.value.source).to.deep.include({ occurrence: 1 });
  });

  it('given a file and options, then options go before it', () => {
    const file = { fund: 'water', amount: { minor: '1', currency: 'GBP' } };

    const input = inputOf({ amount: '2.00 EUR' }, file);

    expect(input).to.deep.equal({ fund: 'water', amount: { minor: '200', currency: 'EUR' } });
    expect(file.amount.currency).to.equal('GBP');
  });

  it('given a fault, then it is named by its option', () => {
    const checked = validateInput(disburse, inputOf({ fund: 'water', amount: 'much' }));

    const wheres = checked.ok ? [] : checked.reason.map(({ pointer }) => flagAt(flags, pointer));
    expect(wheres).to.include.members(['--amount', '--commitment', '--date']);
    expect(flagAt(flags, '/source/number')).to.equal('--source-number');
  });

  it('given a fault of what is typed otherwise than in JSON, then the words show how', () => {
    expect(typedForm(flags, '/amount')).to.equal('for example "1234.56 GBP"');
    expect(typedForm(flags, '/amount/currency')).to.equal(undefined);
    expect(typedForm(flags, '/fund')).to.equal(undefined);
  });

  for (const [text, expected] of [
    ['1234.56 GBP', '123456'],
    ['1,234.5GBP', '123450'],
    ['-3 GBP', '-300'],
    ['1,000,000 GBP', '100000000'],
    ['12,34,567.89 INR', '123456789'],
    ['70 JPY', '70'],
    ['1.5 BHD', '1500'],
  ] as const) {
    it(`given ${text}, then it is ${expected} minor units`, () => {
      expect(moneyOf(text)?.minor).to.equal(expected);
    });
  }

  for (const text of [
    '1,5 EUR',
    '150,00 EUR',
    '1,23,4 GBP',
    '1.234 GBP',
    '1.5 JPY',
    '12',
    'GBP',
    '1 XXZ',
    '1e3 GBP',
    '',
  ]) {
    it(`given "${text}", then it is no amount of money`, () => {
      expect(moneyOf(text)).to.equal(undefined);
    });
  }
});
