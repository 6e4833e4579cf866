import { governance, risk, treasury } from '@daybook/applications';
import { buildManifest, validateInput } from '@daybook/contracts';
import { assert } from '@daybook/core';
import { expect } from 'chai';
import { expectedByHand, readAct, readableInput } from '../../src/actions/act-input.ts';

const { contracts } = buildManifest([governance, risk, treasury].map((one) => one.definition));
const actionOf = (contract: string, name: string) => {
  const action = contracts.find((one) => one.name === contract)?.actions[name];
  assert(action !== undefined, 'the contract has the action');
  return action;
};
const PROPOSE = actionOf('governance', 'proposeAct');
const RULE = {
  rule: 'large',
  kind: 'payment',
  verdict: 'hold',
  reason: 'Voted',
  title: { en: 'Large payment', zh: '大额付款' },
  legalBasis: 'Financial rules, article 1',
};
const actOf = (limit: unknown) => ({
  contract: 'risk',
  action: 'setRule',
  input: JSON.stringify({ ...RULE, limit }),
  reason: 'Prior supervision',
});

describe('cli: input of acts as people write it', () => {
  for (const [given, limit] of [
    ['as people write it', '1,234.56 GBP'],
    ['in minor units', { minor: '123456', currency: 'GBP' }],
  ] as const) {
    it(`given money ${given}, then the act has it in minor units`, async () => {
      const { value, faults } = await readAct(PROPOSE, actOf(limit));

      expect(faults).to.deep.equal([]);
      expect(value).to.deep.equal(actOf({ minor: '123456', currency: 'GBP' }));
    });
  }

  for (const [given, limit, pointer] of [
    ['decimals in minor units', { minor: '1234.56', currency: 'GBP' }, '/input/limit/minor'],
    ['a decimal comma', '1234,56 GBP', '/input/limit'],
    ['a number', 1234.56, '/input/limit'],
  ] as const) {
    it(`given ${given}, then the act is refused at ${pointer} before it is signed`, async () => {
      const { faults } = await readAct(PROPOSE, actOf(limit));

      expect(faults.map((one) => one.pointer)).to.deep.equal([pointer]);
    });
  }

  it('given what is no JSON, or an act of a contract that is not known here, then it is left to the ledger', async () => {
    const noJson = { ...actOf('1 GBP'), input: '{' };
    const other = { ...actOf('1 GBP'), contract: 'library' };

    expect(await readAct(PROPOSE, noJson)).to.deep.equal({ value: noJson, faults: [] });
    expect(await readAct(PROPOSE, other)).to.deep.equal({ value: other, faults: [] });
  });

  it('given an input file, then money and periods are read as behind an option, and the rest stays', () => {
    const input = { amount: '15.5 EUR', period: '2026-01-01..2026-12-31', title: '1 GBP', more: 1 };

    expect(readableInput(actionOf('treasury', 'commit').input, input)).to.deep.equal({
      ...input,
      amount: { minor: '1550', currency: 'EUR' },
      period: { start: '2026-01-01', end: '2026-12-31' },
    });
  });

  it('given a fault of money, then the words say how people write it', () => {
    const checked = validateInput(actionOf('treasury', 'commit'), { amount: '1,5 GBP' });
    const fault = (checked.ok ? [] : checked.reason).find(({ pointer }) => pointer === '/amount');

    const words = expectedByHand('/amount', fault?.expected ?? '');
    expect(words).to.include('money such as "1234.56 GBP"');
    expect(expectedByHand('/limit/minor', 'a whole number')).to.include('"1234.56 GBP"');
    expect(expectedByHand('/limit', 'a name')).to.equal('a name');
  });
});
