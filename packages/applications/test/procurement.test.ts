/** Procurement: a purchase from plan to payment, bids that stay sealed, contracts that money covers. */
import type { Call, CallArguments } from '@daybook/core';
import { expect } from 'chai';
import { procurement } from '../src/procurement.ts';
import { treasury } from '../src/treasury.ts';
import { outcome } from './ledger.ts';
import {
  AWARD,
  act,
  awarded,
  BUYER,
  bidOf,
  CONTRACT,
  CONTROLLER,
  disbursed,
  END,
  EVALUATOR,
  funded,
  gbp,
  MINUTE_MS,
  must,
  newLedger,
  OCID,
  opened,
  PAYER,
  PIPES,
  PUMPS,
  PUMPS_EVALUATOR,
  pay,
  reveal,
  SECOND_BUYER,
  sealed,
  WORKS,
} from './procurement-scene.ts';

describe('procurement: from plan to payment', () => {
  it('given a tender, when bid, opened, awarded, signed and paid, then every step is a release', () => {
    const ledger = newLedger();
    awarded(ledger);
    funded(ledger, 300);
    must(ledger, act('signContract', CONTRACT), BUYER, PUMPS);
    const payment = { commitment: 'pumps', payment: 'inv-1', date: '2026-03-01', purpose: 'water' };
    must(ledger, pay('disburse', { ...payment, amount: gbp(120) }), PAYER, CONTROLLER);
    const paid = { contract: 'c-1', transaction: 't-1', payment: 'inv-1' };

    must(ledger, act('recordTransaction', paid), BUYER);

    const [transaction] = ledger.rows(procurement, 'transaction');
    expect(transaction).to.deep.include({
      value: gbp(120),
      date: '2026-03-01',
      fund: 'water-2026',
    });
    const tags = ledger.rows(procurement, 'release').map(({ release, tag }) => [release, tag[0]]);
    expect(tags.sort()).to.deep.equal([
      [`${OCID}-r1`, 'planning'],
      [`${OCID}-r2`, 'tender'],
      [`${OCID}-r3`, 'award'],
      [`${OCID}-r4`, 'contract'],
      [`${OCID}-r5`, 'implementation'],
    ]);
    expect(ledger.rows(procurement, 'process')[0]).to.deep.include({ releases: 5 });
  });

  it('given a contract above what is committed, or for another payee, then it is refused', () => {
    const ledger = newLedger();
    awarded(ledger);
    const sign = (change: CallArguments = {}): string =>
      outcome(ledger.act([act('signContract', { ...CONTRACT, ...change })], [BUYER, PUMPS]));
    expect(sign()).to.equal('PROCUREMENT_COMMITMENT_UNKNOWN');
    funded(ledger, 299);

    expect(sign()).to.equal('PROCUREMENT_COMMITMENT_TOO_LOW');
    expect(sign({ value: { minor: 1n, currency: 'EUR' } })).to.equal(
      'PROCUREMENT_COMMITMENT_DIFFERS',
    );
    expect(sign({ value: gbp(299) })).to.equal('ok');
  });

  it('given an award, when contracts are signed for more than it, then each is refused', () => {
    const ledger = newLedger();
    awarded(ledger);
    funded(ledger, 900);
    const sign = (contract: string, minor: number): string =>
      outcome(
        ledger.act(
          [act('signContract', { ...CONTRACT, contract, value: gbp(minor) })],
          [BUYER, PUMPS],
        ),
      );

    expect(sign('c-1', 301)).to.equal('PROCUREMENT_AWARD_TOO_LOW');
    expect(sign('c-1', 200)).to.equal('ok');
    expect(sign('c-2', 101)).to.equal('PROCUREMENT_AWARD_TOO_LOW');
    expect(sign('c-2', 100)).to.equal('ok');
  });

  it('given one commitment, then its contracts together never exceed it, but one that ended leaves what was not paid', () => {
    const ledger = newLedger();
    awarded(ledger);
    funded(ledger, 300);
    must(ledger, act('signContract', { ...CONTRACT, value: gbp(200) }), BUYER, PUMPS);
    const second = { ...CONTRACT, contract: 'c-2', value: gbp(100) };
    must(ledger, act('signContract', second), BUYER, PUMPS);
    const amend = (amendment: string, minor: number): string => {
      const change = { contract: 'c-2', amendment, value: gbp(minor), reason: 'More pumps.' };
      return outcome(ledger.act([act('amendContract', change)], [BUYER, PUMPS, EVALUATOR]));
    };
    expect(amend('m-1', 101)).to.equal('PROCUREMENT_COMMITMENT_TOO_LOW');

    disbursed(ledger, 'inv-1', 150);
    const count = { contract: 'c-1', transaction: 't-1', payment: 'inv-1' };
    must(ledger, act('recordTransaction', count), BUYER);
    const end = { contract: 'c-1', status: 'terminated', reason: 'The well is dry.' };
    must(ledger, act('endContract', end), BUYER, PUMPS);

    expect(amend('m-1', 151)).to.equal('PROCUREMENT_COMMITMENT_TOO_LOW');
    expect(amend('m-1', 150)).to.equal('ok');
  });

  it('given a payment that a contract counts, when recorded again, then it counts once', () => {
    const ledger = newLedger();
    awarded(ledger);
    funded(ledger, 300);
    must(ledger, act('signContract', { ...CONTRACT, value: gbp(200) }), BUYER, PUMPS);
    const other = { ...CONTRACT, contract: 'c-2', value: gbp(100) };
    must(ledger, act('signContract', other), BUYER, PUMPS);
    disbursed(ledger, 'inv-1', 50);
    const count = (contract: string, transaction: string): string => {
      const args = { contract, transaction, payment: 'inv-1' };
      return outcome(ledger.act([act('recordTransaction', args)], [BUYER]));
    };

    expect(count('c-1', 't-1')).to.equal('ok');
    expect(count('c-1', 't-2')).to.equal('PROCUREMENT_PAYMENT_COUNTED');
    expect(count('c-2', 't-1')).to.equal('PROCUREMENT_PAYMENT_COUNTED');
  });

  it('given a bid that won, when awarded again, then refused until its award is cancelled, and that under no contract in force', () => {
    const ledger = newLedger();
    awarded(ledger);
    funded(ledger, 300);
    const again = { award: 'a-2', bid: 'bid-pump-works', items: [], reason: 'Once more.' };
    const award = (): string => outcome(ledger.act([act('award', again)], [BUYER, EVALUATOR]));
    const cancelAward = act('cancelAward', { award: 'a-1', reason: 'Wrong items.' });
    const cancel = (): string => outcome(ledger.act([cancelAward], [BUYER, EVALUATOR]));
    expect(award()).to.equal('PROCUREMENT_BID_AWARDED');
    must(ledger, act('signContract', CONTRACT), BUYER, PUMPS);

    expect(cancel()).to.equal('PROCUREMENT_AWARD_CONTRACTED');
    must(ledger, END, BUYER, PUMPS);
    expect(cancel()).to.equal('ok');
    expect(award()).to.equal('ok');

    expect(ledger.rows(procurement, 'bid')[0]?.award).to.equal('a-2');
    expect(cancel()).to.equal('PROCUREMENT_AWARD_UNKNOWN');
  });

  it('given a payment nobody recorded under a contract that ended, then no other contract takes its money, and it can be recorded', () => {
    const ledger = newLedger();
    awarded(ledger);
    funded(ledger, 300);
    must(ledger, act('signContract', CONTRACT), BUYER, PUMPS);
    disbursed(ledger, 'inv-1', 250);
    must(ledger, END, BUYER, PUMPS);
    const sign = (minor: number): string => {
      const second = { ...CONTRACT, contract: 'c-2', value: gbp(minor) };
      return outcome(ledger.act([act('signContract', second)], [BUYER, PUMPS]));
    };
    expect(sign(300)).to.equal('PROCUREMENT_COMMITMENT_TOO_LOW');
    expect(sign(51)).to.equal('PROCUREMENT_COMMITMENT_TOO_LOW');

    const count = { contract: 'c-1', transaction: 't-1', payment: 'inv-1' };
    must(ledger, act('recordTransaction', count), BUYER);

    const charge = ledger.rows(procurement, 'charge')[0];
    expect(charge).to.deep.include({ status: 'cancelled', value: gbp(250), owed: gbp(0) });
    expect(sign(51)).to.equal('PROCUREMENT_COMMITMENT_TOO_LOW');
    expect(sign(50)).to.equal('ok');
  });

  it('given more paid than a contract is worth, then it takes what was paid', () => {
    const ledger = newLedger();
    awarded(ledger);
    funded(ledger, 300);
    must(ledger, act('signContract', { ...CONTRACT, value: gbp(100) }), BUYER, PUMPS);
    disbursed(ledger, 'inv-1', 250);
    const count = { contract: 'c-1', transaction: 't-1', payment: 'inv-1' };
    must(ledger, act('recordTransaction', count), BUYER);

    const second = { ...CONTRACT, contract: 'c-2', value: gbp(51) };

    expect(outcome(ledger.act([act('signContract', second)], [BUYER, PUMPS]))).to.equal(
      'PROCUREMENT_COMMITMENT_TOO_LOW',
    );
  });

  it('given a contract, then what it is still owed cannot be returned, and nobody else may say what it is', () => {
    const ledger = newLedger();
    awarded(ledger);
    funded(ledger, 400);
    must(ledger, act('signContract', CONTRACT), BUYER, PUMPS);
    const giveBack = (minor: number): string => {
      const call = pay('returnCommitment', { commitment: 'pumps', amount: gbp(minor) });
      return outcome(ledger.act([call], [EVALUATOR]));
    };
    const free = pay('owe', { commitment: 'pumps', amount: gbp(0) });
    expect(outcome(ledger.act([free], [EVALUATOR]))).to.equal('CONTRACTS_CALLER_REFUSED');

    expect(giveBack(101)).to.equal('TREASURY_OWED_UNDER_CONTRACTS');
    expect(giveBack(100)).to.equal('ok');
    disbursed(ledger, 'inv-1', 120);
    const count = { contract: 'c-1', transaction: 't-1', payment: 'inv-1' };
    must(ledger, act('recordTransaction', count), BUYER);
    expect(ledger.rows(treasury, 'commitment')[0]).to.include({ left: 180n, owed: 180n });
    expect(giveBack(1)).to.equal('TREASURY_OWED_UNDER_CONTRACTS');

    must(ledger, END, BUYER, PUMPS);
    expect(giveBack(180)).to.equal('ok');
  });

  it('given a payment that no contract counts, then the commitment is short until money comes', () => {
    const ledger = newLedger();
    awarded(ledger);
    funded(ledger, 400);
    const cover = () => ledger.rows(treasury, 'commitment')[0]?.cover;
    expect(cover()).to.equal(undefined);
    must(ledger, act('signContract', CONTRACT), BUYER, PUMPS);
    expect(cover()).to.equal('covered');

    disbursed(ledger, 'elsewhere', 150);

    const [row] = ledger.rows(treasury, 'commitment');
    expect(row).to.include({ left: 250n, owed: 300n, cover: 'short' });
    const { where } = treasury.definition.queries?.shortCommitments ?? {};
    expect(where).to.deep.equal({ field: 'cover', is: ['short'] });
    const increase = { commitment: 'pumps', amount: gbp(50), reason: 'It was paid elsewhere.' };
    must(ledger, pay('increaseCommitment', increase), EVALUATOR);
    expect(cover()).to.equal('covered');
  });

  it('given a contract that still owes, when ended, then the supplier or the controller signs, too; once all is paid the buyer alone', () => {
    const ledger = newLedger();
    awarded(ledger);
    funded(ledger, 300);
    const end = (contract: string, ...signers: readonly string[]): string =>
      outcome(ledger.act([act('endContract', { ...END.args, contract })], signers));
    for (const contract of ['c-1', 'c-2', 'c-3']) {
      const part = { ...CONTRACT, contract, value: gbp(100) };
      must(ledger, act('signContract', part), BUYER, PUMPS);
    }
    disbursed(ledger, 'inv-1', 100);
    const count = { contract: 'c-3', transaction: 't-1', payment: 'inv-1' };
    must(ledger, act('recordTransaction', count), BUYER);

    expect(end('c-1', BUYER)).to.equal('PROCUREMENT_OWED_UNAGREED');
    expect(end('c-1', BUYER, PIPES)).to.equal('PROCUREMENT_OWED_UNAGREED');
    expect(end('c-1', BUYER, EVALUATOR)).to.equal('PROCUREMENT_OWED_UNAGREED');
    expect(ledger.rows(treasury, 'commitment')[0]?.owed).to.equal(200n);
    expect(end('c-1', BUYER, PUMPS)).to.equal('ok');
    expect(end('c-2', BUYER, CONTROLLER)).to.equal('ok');
    expect(end('c-3', BUYER)).to.equal('ok');
  });

  it('given a counted payment of which part comes back, then so much is owed again, recorded or not', () => {
    const ledger = newLedger();
    awarded(ledger);
    funded(ledger, 300);
    must(ledger, act('signContract', CONTRACT), BUYER, PUMPS);
    disbursed(ledger, 'inv-1', 300);
    const count = (transaction: string, payment: string): Call =>
      act('recordTransaction', { contract: 'c-1', transaction, payment });
    const back = { commitment: 'pumps', payment: 'back-1', reverses: 'inv-1', amount: gbp(120) };
    const credit = pay('credit', { ...back, date: '2026-03-02', purpose: 'water' });
    const owed = () => {
      const [row] = ledger.rows(treasury, 'commitment');
      return [row?.owed, row?.givenBack, row?.left, row?.cover];
    };
    must(ledger, count('t-1', 'inv-1'), BUYER);
    expect(owed()).to.deep.equal([0n, undefined, 0n, 'covered']);

    must(ledger, credit, PAYER, CONTROLLER);

    expect(owed()).to.deep.equal([0n, 120n, 120n, 'covered']);
    const giveUp = pay('returnCommitment', { commitment: 'pumps', amount: gbp(1) });
    expect(outcome(ledger.act([giveUp], [EVALUATOR]))).to.equal('TREASURY_OWED_UNDER_CONTRACTS');
    const end = { ...END.args, status: 'terminated' };
    expect(outcome(ledger.act([act('endContract', end)], [BUYER]))).to.equal(
      'PROCUREMENT_OWED_UNAGREED',
    );
    must(ledger, count('t-2', 'back-1'), BUYER);
    expect(owed()).to.deep.equal([120n, undefined, 120n, 'covered']);
    expect(
      ledger.rows(procurement, 'transaction').map(({ value }) => value?.minor),
    ).to.have.members([300n, -120n]);
    expect(ledger.rows(procurement, 'charge')[0]?.owed).to.deep.equal(gbp(120));
    expect(outcome(ledger.act([count('t-3', 'back-1')], [BUYER]))).to.equal(
      'PROCUREMENT_PAYMENT_COUNTED',
    );
    disbursed(ledger, 'inv-2', 120);
    must(ledger, count('t-4', 'inv-2'), BUYER);
    must(ledger, act('endContract', end), BUYER);
  });

  it('given a credit before its payment is counted, then it waits for the payment', () => {
    const ledger = newLedger();
    awarded(ledger);
    funded(ledger, 300);
    must(ledger, act('signContract', CONTRACT), BUYER, PUMPS);
    disbursed(ledger, 'inv-1', 300);
    const back = { commitment: 'pumps', payment: 'back-1', reverses: 'inv-1', amount: gbp(120) };
    const credit = pay('credit', { ...back, date: '2026-03-02', purpose: 'water' });
    must(ledger, credit, PAYER, CONTROLLER);
    const count = (transaction: string, payment: string): Call =>
      act('recordTransaction', { contract: 'c-1', transaction, payment });

    expect(outcome(ledger.act([count('t-1', 'back-1')], [BUYER]))).to.equal(
      'PROCUREMENT_PAYMENT_DIFFERS',
    );
    must(ledger, count('t-1', 'inv-1'), BUYER);
    expect(ledger.rows(treasury, 'commitment')[0]?.givenBack).to.equal(120n);
    must(ledger, count('t-2', 'back-1'), BUYER);

    expect(ledger.rows(treasury, 'commitment')[0]).to.deep.include({ owed: 120n, left: 120n });
  });

  it('given money that another organisation holds, when its payment is recorded, then that is the payer', () => {
    const ledger = newLedger();
    awarded(ledger);
    funded(ledger, 300, 'works');
    must(ledger, act('signContract', CONTRACT), BUYER, PUMPS);
    disbursed(ledger, 'inv-1', 120, WORKS);
    const count = { contract: 'c-1', transaction: 't-1', payment: 'inv-1' };

    must(ledger, act('recordTransaction', count), BUYER);

    const [transaction] = ledger.rows(procurement, 'transaction');
    expect(transaction?.payer).to.deep.equal({ organisation: 'works' });
  });

  it('given the buyer alone, when signing, then the supplier is missing', () => {
    const ledger = newLedger();
    awarded(ledger);
    funded(ledger, 300);

    const alone = ledger.act([act('signContract', CONTRACT)], [BUYER]);
    const other = ledger.act([act('signContract', CONTRACT)], [BUYER, PIPES]);

    expect(outcome(alone)).to.equal('CONTRACTS_APPROVALS_MISSING');
    expect(outcome(other)).to.equal('PROCUREMENT_NOT_TENDERER');
  });

  it('given a contract, when amended above the commitment, then it waits for money', () => {
    const ledger = newLedger();
    awarded(ledger);
    funded(ledger, 300);
    must(ledger, act('signContract', CONTRACT), BUYER, PUMPS);
    const amendment = { contract: 'c-1', amendment: 'm-1', value: gbp(400), reason: 'One more.' };
    const change = act('amendContract', amendment);
    expect(outcome(ledger.act([change], [BUYER, PUMPS]))).to.equal(
      'PROCUREMENT_COMMITMENT_TOO_LOW',
    );

    const increase = { commitment: 'pumps', amount: gbp(100), reason: 'One more pump.' };
    must(ledger, pay('increaseCommitment', increase), EVALUATOR);
    must(ledger, change, BUYER, PUMPS, EVALUATOR);

    expect(ledger.rows(procurement, 'amendment')[0]).to.deep.include({
      of: 'contract',
      amendsReleaseID: `${OCID}-r4`,
      releaseID: `${OCID}-r5`,
    });
    expect(ledger.rows(procurement, 'contract')[0]?.value).to.deep.equal(gbp(400));
  });

  it('given a payment of another commitment, then the contract has no such payment', () => {
    const ledger = newLedger();
    awarded(ledger);
    funded(ledger, 300);
    must(ledger, act('signContract', CONTRACT), BUYER, PUMPS);

    const paid = { contract: 'c-1', transaction: 't-1', payment: 'inv-9' };
    const executed = ledger.act([act('recordTransaction', paid)], [BUYER]);

    expect(outcome(executed)).to.equal('PROCUREMENT_PAYMENT_DIFFERS');
  });

  it('given a milestone, then it is overdue until somebody says whether it was met', () => {
    const ledger = newLedger();
    awarded(ledger);
    funded(ledger, 300);
    must(ledger, act('signContract', CONTRACT), BUYER, PUMPS);
    const milestone = { contract: 'c-1', milestone: 'm-1' };
    must(
      ledger,
      act('planMilestone', { ...milestone, title: 'Built', dueDate: '2026-02-01' }),
      BUYER,
    );

    const close = (status: string) =>
      outcome(
        ledger.act([act('closeMilestone', { ...milestone, status, reason: 'Seen.' })], [BUYER]),
      );
    expect(close('scheduled')).to.equal('CONTRACTS_INPUT_INVALID');
    expect(close('met')).to.equal('ok');

    expect(ledger.rows(procurement, 'milestone')[0]).to.deep.include({
      status: 'met',
      dateMet: '2026-01-01',
    });
  });
});

describe('procurement: sealed bids', () => {
  it('given a bid, then no price is on the ledger before the deadline, nor can it be opened', () => {
    const ledger = newLedger();
    opened(ledger);
    must(ledger, bidOf('pump-works', 300), PUMPS);

    expect(outcome(ledger.act([reveal('pump-works', 300)], [PUMPS]))).to.equal(
      'PROCUREMENT_TOO_EARLY',
    );
    expect(ledger.rows(procurement, 'bid')[0]?.value).to.equal(undefined);
  });

  it('given another price than was sealed, when opened, then it is refused', () => {
    const ledger = newLedger();
    opened(ledger);
    must(ledger, bidOf('pump-works', 300), PUMPS);
    ledger.wait(MINUTE_MS);

    expect(outcome(ledger.act([reveal('pump-works', 299)], [PUMPS]))).to.equal(
      'PROCUREMENT_SEAL_DIFFERS',
    );
    expect(outcome(ledger.act([reveal('pump-works', 300)], [PIPES]))).to.equal(
      'PROCUREMENT_NOT_TENDERER',
    );
  });

  it('given a copied commitment, when opened with the copied price, then it is refused', () => {
    const ledger = newLedger();
    opened(ledger);
    const copied = { commitment: sealed('bid-pump-works', 'pump-works', 300) };
    must(
      ledger,
      act('submitBid', { bid: 'bid-pipe-works', tenderer: 'pipe-works', ...copied }),
      PIPES,
    );
    ledger.wait(MINUTE_MS);

    expect(outcome(ledger.act([reveal('pipe-works', 300)], [PIPES]))).to.equal(
      'PROCUREMENT_SEAL_DIFFERS',
    );
  });

  it('given a bid nobody opened, when awarded, then it stays sealed and overdue and cannot win', () => {
    const ledger = newLedger();
    awarded(ledger);
    const again = { award: 'a-2', bid: 'bid-pipe-works', items: [], reason: 'It was cheaper.' };

    const executed = ledger.act([act('award', again)], [BUYER, EVALUATOR]);

    expect(outcome(executed)).to.equal('PROCUREMENT_BID_NOT_OPENED');
    const sealedBid = ledger.rows(procurement, 'bid').find(({ bid }) => bid === 'bid-pipe-works');
    expect(sealedBid?.status).to.equal('sealed');
    expect(sealedBid?.revealBy).to.be.below(ledger.now());
  });

  it('given a bid too late, of the buyer, or withdrawn too late, then each is refused', () => {
    const ledger = newLedger();
    opened(ledger);
    must(ledger, bidOf('pump-works', 300), PUMPS);
    ledger.wait(2 * MINUTE_MS);

    expect(outcome(ledger.act([bidOf('pipe-works', 1)], [PIPES]))).to.equal('PROCUREMENT_TOO_LATE');
    const back = act('withdrawBid', { bid: 'bid-pump-works' });
    expect(outcome(ledger.act([back], [PUMPS]))).to.equal('PROCUREMENT_TOO_LATE');
    expect(outcome(ledger.act([reveal('pump-works', 300)], [PUMPS]))).to.equal(
      'PROCUREMENT_TOO_LATE',
    );
  });

  it('given a tender that was cancelled, then a sealed bid is withdrawn whenever, and waits no more', () => {
    const ledger = newLedger();
    opened(ledger);
    must(ledger, bidOf('pump-works', 300), PUMPS);
    ledger.wait(2 * MINUTE_MS);
    must(ledger, act('cancelTender', { status: 'cancelled', reason: 'Dry.' }), BUYER, EVALUATOR);

    must(ledger, act('withdrawBid', { bid: 'bid-pump-works' }), PUMPS);

    expect(ledger.rows(procurement, 'bid')[0]?.status).to.equal('withdrawn');
  });

  it('given a bid, when the buyer would move a time or change the terms, then all stay until it is withdrawn', () => {
    const ledger = newLedger();
    opened(ledger);
    must(ledger, bidOf('pump-works', 300), PUMPS);
    const amend = (change: CallArguments): string => {
      const args = { amendment: 'm-1', reason: 'Deeper wells.', ...change };
      return outcome(ledger.act([act('amendTender', args)], [BUYER]));
    };

    for (const change of [
      { closes: ledger.now() + 90_000 },
      { awardBy: ledger.now() + 4 * MINUTE_MS },
      { description: 'Twice as many' },
      { value: gbp(1) },
      { documents: [{ id: 'terms', title: 'New terms' }] },
    ]) {
      expect(amend(change)).to.equal('PROCUREMENT_BIDS_PRESENT');
    }
    must(ledger, act('withdrawBid', { bid: 'bid-pump-works' }), PUMPS);
    expect(amend({ description: 'Twice as many' })).to.equal('ok');
  });

  it('given bids all opened, or none at the deadline, when the buyer would open bidding again, then it is too late', () => {
    for (const isBid of [true, false]) {
      const ledger = newLedger();
      opened(ledger);
      if (isBid) must(ledger, bidOf('pump-works', 300), PUMPS);
      ledger.wait(MINUTE_MS + 1);
      if (isBid) must(ledger, reveal('pump-works', 300), PUMPS);
      const now = ledger.now();
      const times = {
        closes: now + MINUTE_MS,
        revealBy: now + 2 * MINUTE_MS,
        awardBy: now + 3 * MINUTE_MS,
      };
      const again = act('amendTender', { amendment: 'm-1', reason: 'More time.', ...times });

      expect(outcome(ledger.act([again], [BUYER]))).to.equal('PROCUREMENT_TOO_LATE');
    }
  });

  it('given an award, when no evaluator but a second buyer or the winner judges, then it is refused', () => {
    const ledger = newLedger();
    opened(ledger);
    must(ledger, bidOf('pump-works', 300), PUMPS);
    ledger.wait(MINUTE_MS);
    must(ledger, reveal('pump-works', 300), PUMPS);
    ledger.wait(MINUTE_MS);

    const second = (who: string): string => outcome(ledger.act([AWARD], [BUYER, who]));
    expect(second(SECOND_BUYER)).to.equal('CONTRACTS_APPROVALS_MISSING');
    expect(second(PUMPS_EVALUATOR)).to.equal('PROCUREMENT_EVALUATOR_MISSING');
    expect(outcome(ledger.act([AWARD], [BUYER, EVALUATOR]))).to.equal('ok');
  });

  it('given a cancelled tender, then it takes no bids', () => {
    const ledger = newLedger();
    opened(ledger);
    const cancel = act('cancelTender', { status: 'cancelled', reason: 'No money.' });
    must(ledger, cancel, BUYER, EVALUATOR);

    expect(outcome(ledger.act([bidOf('pump-works', 300)], [PUMPS]))).to.equal(
      'PROCUREMENT_TENDER_CLOSED',
    );
  });

  it('given two buyers and no evaluator, then neither tender nor award is cancelled', () => {
    const ledger = newLedger();
    awarded(ledger);
    const cancel = act('cancelAward', { award: 'a-1', reason: 'Wrong.' });
    const drop = act('cancelTender', { status: 'cancelled', reason: 'No money.' });

    for (const call of [cancel, drop]) {
      const executed = ledger.act([call], [BUYER, SECOND_BUYER]);
      expect(outcome(executed)).to.equal('CONTRACTS_APPROVALS_MISSING');
      expect(executed.failure?.facts).to.include({
        expected:
          'one with the role procurement.buyer, and one other with the role procurement.evaluator',
      });
    }
  });

  it('given bids until after they are opened, then the tender is refused', () => {
    const ledger = newLedger();
    must(ledger, act('plan', { publisher: 'water', planning: {} }), BUYER);
    const now = ledger.now() + MINUTE_MS;
    const times = { closes: now, revealBy: now, awardBy: now + 1 };

    expect(outcome(ledger.act([act('openTender', { items: [], ...times })], [BUYER]))).to.equal(
      'PROCUREMENT_DEADLINES_UNORDERED',
    );
  });
});
