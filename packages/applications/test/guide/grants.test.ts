/** The tests that docs/contracts.md writes for its contract, and that the guide shows this code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Call, CallArguments } from '@daybook/core';
import { sha256 } from '@daybook/core';
import { expect } from 'chai';
import { directory } from '../../src/directory.ts';
import type { TestLedger } from '../ledger.ts';
import { createLedger, outcome } from '../ledger.ts';
import { grants, sealPlan } from './grants.ts';
import { grantsWithPlace } from './grants-with-place.ts';

const OFFICER = 'arts/olga';
const APPLICANT = 'museum/mei';
const JURORS = ['court/jan', 'audit/jo'];
const SALT = sha256(new Uint8Array([1]));
const PLAN = 'A roof for the museum.';

const act = (action: string, args: CallArguments): Call => ({ contract: 'grants', action, args });
const gbp = (minor: bigint) => ({ minor, currency: 'GBP' });

const open = act('open', {
  call: 'roofs',
  office: 'arts',
  budget: gbp(1000n),
  closes: '2026-06-30',
});
const apply = (minor = 600n): Call => {
  const plan = sealPlan('roofs', 'museum', SALT, PLAN);
  return act('apply', { call: 'roofs', asked: gbp(minor), plan });
};
const decide = (number: number, status = 'granted'): Call =>
  act('decide', { call: 'roofs', number, status, reason: 'It rains in.' });

/** A call with two applications. */
function openCall(): TestLedger {
  const ledger = createLedger([directory, grants], {
    [OFFICER]: ['grants.officer'],
    [APPLICANT]: [],
    ...Object.fromEntries(JURORS.map((name) => [name, ['grants.juror']])),
  });
  expect(outcome(ledger.act([open], [OFFICER]))).to.equal('ok');
  expect(outcome(ledger.act([apply(), apply()], [APPLICANT]))).to.equal('ok');
  return ledger;
}

describe('guide: a contract of grants', () => {
  it('given an application, when two jurors of two organisations grant it, then a report is due', () => {
    const ledger = openCall();

    const executed = ledger.act([decide(1)], JURORS);

    expect(executed.result.events).to.have.length(1);
    const first = ledger.rows(grants, 'application').find((row) => row.number === 1);
    expect(first).to.deep.include({ status: 'granted', reportBy: '2027-01-01' });
  });

  it('given one juror, then the decision waits for the other', () => {
    const ledger = openCall();

    const executed = ledger.act([decide(1)], [JURORS[0] ?? '']);

    expect(executed.result.events[0]?.name).to.equal('waiting');
    expect(ledger.rows(grants, 'application')[0]?.status).to.equal('submitted');
  });

  it('given more than the budget, then no signature grants it', () => {
    const ledger = openCall();
    ledger.act([decide(1)], JURORS);

    expect(outcome(ledger.act([decide(2)], JURORS))).to.equal('CONTRACTS_INVARIANT_BROKEN');
  });

  it('given another plan than was sealed, then the report is refused', () => {
    const ledger = openCall();
    ledger.act([decide(1)], JURORS);
    const report = (plan: string): Call =>
      act('report', { call: 'roofs', number: 1, salt: SALT, plan });

    const wrong = ledger.act([report('A car.')], [APPLICANT]);
    const right = ledger.act([report(PLAN)], [APPLICANT]);

    expect([wrong, right].map(outcome)).to.deep.equal(['GRANTS_PLAN_DIFFERS', 'ok']);
  });

  it('given a refused application, then no action can grant it any more', () => {
    const ledger = openCall();
    ledger.act([decide(1, 'refused')], JURORS);

    expect(outcome(ledger.act([decide(1)], JURORS))).to.equal('CONTRACTS_TRANSITION_REFUSED');
  });

  it('given the second version, then what the first wrote is read with its new field', () => {
    const raise = grantsWithPlace.definition.upcasts?.application;
    const [row] = openCall().rows(grants, 'application');

    expect(raise?.(row ?? {}, 1)).to.deep.include({ applicant: 'museum', place: 'unknown' });
  });
});

describe('guide: docs/contracts.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/contracts.md'), 'utf8');
  const shown = [...page.matchAll(/^```ts shape\n([\s\S]*?)^```$/gm)].map(
    (match) => match[1] ?? '',
  );
  const sources = ['grants.ts', 'grants-with-place.ts', 'grants.test.ts'].map((file) =>
    readFileSync(join(import.meta.dirname, file), 'utf8'),
  );
  const bare = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

  it('given the code on the page, then every piece is code that these tests ran', () => {
    expect(shown.length).to.be.greaterThan(8);
    for (const piece of shown) {
      const isRun = sources.some((source) => bare(source).includes(bare(piece)));
      expect(isRun, piece).to.equal(true);
    }
  });

  it('given the contract, then the page shows all of it', () => {
    let rest = bare(sources[0] ?? '');
    for (const piece of shown) rest = rest.replace(bare(piece), '');

    // The opening docblock, and the brackets around the actions.
    expect(rest.replaceAll(/\/\*\*.*?\*\//g, '').replaceAll(/[\s{}(),;]|actions:/g, '')).to.equal(
      '',
    );
  });
});
