/**
 * The shipped spending data, from its bytes through mapper and plan into the contracts, without
 * network and disk: every line that is not refused becomes a payment, the books add up to what the
 * files say, and a second import finds nothing to do.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { applications } from '@daybook/applications';
import { createEngine } from '@daybook/contracts';
import { assert } from '@daybook/core';
import type { ImportPlan, MoneyLine, Present } from '@daybook/formats';
import { MONEY_FORMATS, planImport, totalLines } from '@daybook/formats';
import { expect } from 'chai';
import { carryOut, createBooks, presentIn, rowsOf, signersOf } from './books.ts';

const FOLDER = join(import.meta.dirname, '../../config/samples/uk-cabinet-office-spend');

describe('the shipped spending data in the contracts', () => {
  const mapping: unknown = JSON.parse(readFileSync(join(FOLDER, 'mapping.json'), 'utf8'));
  const files = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.csv'))
    .map((name) => ({ name, bytes: readFileSync(join(FOLDER, name)) }));
  const read = MONEY_FORMATS.spend(files, mapping);
  assert(read.ok, 'the shipped files can be read');
  const lines = read.value;
  const organisations = { grantor: 'hm-treasury', controller: 'hm-treasury' };
  const planOf = (from: readonly MoneyLine[], present?: Present): ImportPlan =>
    planImport(from, { ...organisations, ...(present !== undefined && { present }) });
  const books = createBooks();
  const present = presentIn(books);

  it('given the first two years, when imported, then no call is refused', () => {
    const early = lines.filter(({ file }) => file < '2021-06');

    expect(carryOut(planOf(early), books)).to.deep.equal([]);
  });

  it('given all three years, when imported after them, then only the rest is paid and nothing refused', () => {
    const plan = planOf(lines, present);

    expect(plan.lines.flat().length).to.be.lessThan(10_000);
    expect(carryOut(plan, books)).to.deep.equal([]);
  });

  it('given the books, when added up, then they say what the files say', () => {
    const [totals] = totalLines(lines);
    const plan = planOf(lines);

    const spent = plan.commitments.map(
      ({ target }) =>
        rowsOf.commitment(books.view, { fund: target.fund, commitment: target.name })?.spent ?? 0n,
    );
    const received = plan.appropriations.map(
      ({ target }) => rowsOf.appropriation(books.view, { fund: target.fund })?.received ?? 0n,
    );

    expect(spent.reduce((sum, each) => sum + each, 0n)).to.equal(totals?.imported);
    expect(received.reduce((sum, each) => sum + each, 0n)).to.equal(totals?.imported);
    const isPaid = plan.lines
      .flat()
      .map(({ target: { fund, name } }) => rowsOf.payment(books.view, { fund, payment: name }));
    expect(isPaid.includes(undefined)).to.equal(false);
  });

  it('given everything imported, when imported again, then there is nothing to do', () => {
    const {
      appropriations,
      allocations,
      commitments,
      changed,
      lines: rest,
    } = planOf(lines, present);

    expect([appropriations, allocations, commitments, rest, changed].flat()).to.deep.equal([]);
  });

  it('given a payment sent again all the same, when executed, then the contract refuses it', () => {
    const [first] = planOf(lines).lines.flat();
    assert(first !== undefined, 'there are payments');

    const again = books.transactionOf([first.call], signersOf(first));

    expect(books.run([again])).to.deep.equal(['TREASURY_ALREADY_IMPORTED']);
  });

  it('given planned calls, when judged without state, then no input is at fault', () => {
    const plan = planOf(lines.slice(0, 500));
    const calls = [plan.appropriations, plan.allocations, plan.commitments, ...plan.lines].flat();

    expect(createEngine(applications).check(calls.map(({ call }) => call))).to.deep.equal([]);
  });
});
