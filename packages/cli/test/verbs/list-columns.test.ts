import { oversight, treasury } from '@daybook/applications';
import { buildManifest } from '@daybook/contracts';
import { expect } from 'chai';
import { listColumns } from '../../src/verbs/list-columns.ts';

const [complaints, payments] = [
  { contract: oversight, record: 'complaint' },
  { contract: treasury, record: 'payment' },
].map(({ contract, record }) => buildManifest([contract.definition]).contracts[0]?.records[record]);

describe('columns of a list', () => {
  it('given complaints, then status and day to answer by follow the key, and empty ones are left out', () => {
    if (complaints === undefined) throw new Error('there are complaints');
    const row = { number: 1, body: 'works', text: 'Why?', status: 'open', answerBy: '2026-02-01' };

    const columns = listColumns(complaints, [row, { ...row, number: 2, answer: '' }]);

    expect(columns).to.deep.equal(['number', 'status', 'answerBy', 'body', 'text']);
  });

  it('given a field that one row has, then it is shown; more than seven columns are not', () => {
    if (payments === undefined) throw new Error('there are payments');
    const every = Object.keys(payments.fields);
    const full = Object.fromEntries(every.map((name) => [name, 'x']));

    const columns = listColumns(payments, [{}, full]);

    expect(columns).to.have.length(7);
    expect(columns.slice(0, 2)).to.deep.equal(Object.keys(payments.key));
    expect(listColumns(payments, [])).to.deep.equal(Object.keys(payments.key));
  });
});
