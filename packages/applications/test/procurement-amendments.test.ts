/** Amendments of a contract: who signs one that raises it, and what its totals must always be. */
import type { Call, CallArguments } from '@daybook/core';
import { expect } from 'chai';
import { directory } from '../src/directory.ts';
import { procurement } from '../src/procurement.ts';
import { treasury } from '../src/treasury.ts';
import type { Change, Row } from './broken-contract.ts';
import { brokenContract } from './broken-contract.ts';
import type { TestLedger } from './ledger.ts';
import { createLedger, outcome } from './ledger.ts';
import {
  act,
  awarded,
  BUYER,
  CONTRACT,
  CONTROLLER,
  disbursed,
  EVALUATOR,
  funded,
  gbp,
  must,
  newLedger,
  OFFICERS,
  PUMPS,
  PUMPS_EVALUATOR,
  pay,
} from './procurement-scene.ts';

const RAISING = [BUYER, PUMPS, EVALUATOR];
const amend = (amendment: string, change: CallArguments): Call =>
  act('amendContract', { contract: 'c-1', amendment, reason: 'The well is deeper.', ...change });
const record = (transaction: string, payment: string): Call =>
  act('recordTransaction', { contract: 'c-1', transaction, payment });

/** A contract of 300 out of a commitment of 900. */
function signed(ledger = newLedger()): TestLedger {
  awarded(ledger);
  funded(ledger, 900);
  must(ledger, act('signContract', CONTRACT), BUYER, PUMPS);
  return ledger;
}

describe('procurement: amendments', () => {
  it('given one that raises the value, then an evaluator signs as for an award, of no bidder and no buyer', () => {
    const ledger = signed();
    const raise = amend('m-1', { value: gbp(301) });
    const by = (...signers: string[]): string => outcome(ledger.act([raise], signers));

    expect(by(BUYER, PUMPS)).to.equal('PROCUREMENT_EVALUATOR_MISSING');
    expect(by(BUYER, PUMPS, PUMPS_EVALUATOR)).to.equal('PROCUREMENT_EVALUATOR_MISSING');
    expect(by(BUYER, EVALUATOR)).to.equal('CONTRACTS_APPROVALS_MISSING');
    expect(by(...RAISING)).to.equal('ok');
    const again = outcome(ledger.act([amend('m-2', { value: gbp(400) })], [BUYER, PUMPS]));
    expect(again).to.equal('PROCUREMENT_EVALUATOR_MISSING');
  });

  it('given one that lowers the value or moves the day, then buyer and supplier suffice', () => {
    const ledger = signed();

    must(ledger, amend('m-1', { value: gbp(200) }), BUYER, PUMPS);
    must(ledger, amend('m-2', { ends: '2026-09-30' }), BUYER, PUMPS);

    const raise = amend('m-3', { value: gbp(300) });
    expect(outcome(ledger.act([raise], [BUYER, PUMPS]))).to.equal('PROCUREMENT_EVALUATOR_MISSING');
  });

  it('given amendments, then each says what it changed, and together they are the value of today', () => {
    const ledger = signed();
    must(ledger, amend('m-1', { value: gbp(500) }), ...RAISING);
    must(ledger, amend('m-2', { ends: '2026-09-30' }), BUYER, PUMPS);
    must(ledger, amend('m-3', { value: gbp(450) }), BUYER, PUMPS);

    const changes = ledger.rows(procurement, 'change').map(({ change }) => change.minor);
    expect(changes.sort((a, b) => Number(a - b))).to.deep.equal([-50n, 0n, 200n]);
    expect(ledger.rows(procurement, 'contract')[0]?.value).to.deep.equal(gbp(450));
    const { signed: first, value, owed } = ledger.rows(procurement, 'charge')[0] ?? {};
    expect({ first, value, owed }).to.deep.equal({
      first: gbp(300),
      value: gbp(450),
      owed: gbp(450),
    });
  });

  it('given what was paid, then no amendment lowers the value below it, unless a credit came first', () => {
    const ledger = signed();
    disbursed(ledger, 'inv-1', 120);
    must(ledger, record('t-1', 'inv-1'), BUYER);

    const { failure } = ledger.act([amend('m-1', { value: gbp(119) })], [BUYER, PUMPS]);
    expect(failure?.code).to.equal('PROCUREMENT_VALUE_BELOW_PAID');
    expect(failure?.facts).to.deep.equal({ paid: 120n, value: 119n });
    must(ledger, amend('m-1', { value: gbp(120) }), BUYER, PUMPS);

    const terms = { commitment: 'pumps', date: '2026-03-02', purpose: 'water', amount: gbp(20) };
    const back = pay('credit', { ...terms, payment: 'back', reverses: 'inv-1' });
    must(ledger, back, 'water/pia', CONTROLLER);
    must(ledger, record('t-2', 'back'), BUYER);
    must(ledger, amend('m-2', { value: gbp(100) }), BUYER, PUMPS);
  });

  it('given more paid than a contract is worth, then it stays on the books, and no amendment of less hides it', () => {
    const ledger = signed();
    disbursed(ledger, 'inv-1', 350);
    must(ledger, record('t-1', 'inv-1'), BUYER);
    expect(ledger.rows(procurement, 'charge')[0]?.value).to.deep.equal(gbp(350));

    const to = (minor: number): string =>
      outcome(ledger.act([amend('m-1', { value: gbp(minor) })], RAISING));
    expect(to(349)).to.equal('PROCUREMENT_VALUE_BELOW_PAID');
    expect(to(350)).to.equal('ok');
  });
});

const money = (row: Row, field: string) => row[field] as { readonly minor: bigint };
/** A row of another contract. */
const elsewhere: Change = (row) => ({ ...row, contract: 'c-2' });
/** A penny more of some money in a row. */
const penny =
  (field: string): Change =>
  (row) => ({ ...row, [field]: { ...money(row, field), minor: money(row, field).minor + 1n } });
const euros =
  (field: string): Change =>
  (row) => ({ ...row, [field]: { ...money(row, field), currency: 'EUR' } });

describe('procurement: a broken handler', () => {
  const SIGN = act('signContract', CONTRACT);
  const RAISE = amend('m-1', { value: gbp(400) });
  const LOWER = amend('m-1', { value: gbp(100) });
  const LATER = amend('m-1', { ends: '2026-09-30' });
  const SIGNERS: Readonly<Record<string, readonly string[]>> = {
    signContract: [BUYER, PUMPS],
    amendContract: RAISING,
    recordTransaction: [BUYER],
    endContract: [BUYER, PUMPS],
  };
  const END = act('endContract', { contract: 'c-1', status: 'terminated', reason: 'Done.' });
  const PAID = record('t-1', 'inv-1');

  const UNTOUCHED = { contract: 'left alone', charge: 'left alone' } as const;

  for (const [what, call, changes, invariant] of [
    ['signs for more than it charges', SIGN, { contract: penny('value') }, 'contractTotalled'],
    ['charges more than was signed', SIGN, { charge: penny('value') }, 'contractTotalled'],
    ['owes more than it charges', SIGN, { charge: penny('owed') }, 'contractTotalled'],
    ['says it was signed for more', SIGN, { charge: penny('signed') }, 'contractTotalled'],
    ['charges nothing', SIGN, { charge: 'left alone' }, 'contractTotalled'],
    [
      'signs and charges more than was awarded',
      SIGN,
      {
        contract: penny('value'),
        charge: (row: Row) => ['signed', 'value', 'owed'].reduce((all, at) => penny(at)(all), row),
      },
      'signedWithinAward',
    ],
    ['raises by more than it says', RAISE, { contract: penny('value') }, 'contractTotalled'],
    ['says that it raised more', RAISE, { change: penny('change') }, 'contractTotalled'],
    ['raises without saying so', RAISE, { change: 'left alone' }, 'contractTotalled'],
    ['says it raised and does not', RAISE, UNTOUCHED, 'amendmentsTotalled'],
    [
      'says it raised in another currency',
      RAISE,
      { ...UNTOUCHED, change: euros('change') },
      'amendmentsTotalled',
    ],
    ['charges more, and amends no contract', RAISE, { contract: 'left alone' }, 'chargeBound'],
    ['amends and says not by how much', LATER, { change: 'left alone' }, 'amendmentsPriced'],
    [
      'raises what was signed instead of amending',
      RAISE,
      {
        change: 'left alone',
        amendment: 'left alone',
        charge: (row: Row) => ({ ...row, signed: row.value }),
      },
      'chargeBound',
    ],
    [
      'moves the contract to another commitment',
      RAISE,
      { charge: (row: Row) => ({ ...row, commitment: 'spare' }) },
      'owedTotalled',
    ],
    [
      'lowers a contract below what was paid',
      LOWER,
      {
        contract: (row: Row) => ({ ...row, value: gbp(89) }),
        change: (row: Row) => ({ ...row, change: gbp(-211) }),
        charge: (row: Row) => ({ ...row, value: gbp(90), owed: gbp(0) }),
      },
      'contractTotalled',
    ],
    ['ends without charging less', END, { charge: 'left alone' }, 'contractTotalled'],
    ['counts more than was paid', PAID, { transaction: penny('value') }, 'paymentsTotalled'],
    ['counts a payment nowhere', PAID, { settlement: 'left alone' }, 'paymentsTotalled'],
    [
      'counts a payment under another contract',
      PAID,
      { settlement: elsewhere },
      'paymentsTotalled',
    ],
    ['pays without owing less', PAID, { charge: 'left alone' }, 'paymentsTotalled'],
    [
      'counts a payment in another currency',
      PAID,
      { charge: 'left alone', transaction: euros('value') },
      'paymentsTotalled',
    ],
  ] as const) {
    it(`given a handler that ${what}, then an invariant refuses it`, () => {
      const contract = brokenContract(procurement, call.action, changes);
      const ledger = createLedger([directory, treasury, contract], OFFICERS);
      if (call === SIGN) {
        awarded(ledger);
        funded(ledger, 900);
      } else signed(ledger);
      if (call === PAID || call === LOWER) disbursed(ledger, 'inv-1', 90);
      if (call === LOWER) must(ledger, PAID, BUYER);
      const size = ledger.size();

      const { failure } = ledger.act([call], SIGNERS[call.action] ?? []);

      expect(failure?.code).to.equal('CONTRACTS_INVARIANT_BROKEN');
      expect(failure?.facts.invariant).to.equal(invariant);
      expect(ledger.size()).to.equal(size);
    });
  }

  it('given a treasury that keeps another amount as owed, when a contract is signed, then an invariant refuses it', () => {
    const more: Change = (row) => ({ ...row, owed: (row.owed as bigint) + 1n });
    const broken = brokenContract(treasury, 'owe', { commitment: more });
    const ledger = createLedger([directory, broken, procurement], OFFICERS);
    awarded(ledger);
    funded(ledger, 900);

    const { failure } = ledger.act([SIGN], [BUYER, PUMPS]);

    expect(failure?.facts).to.deep.include({ contract: 'procurement', invariant: 'owedTotalled' });
  });
});
