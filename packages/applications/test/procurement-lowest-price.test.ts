/** Where the lowest price wins: which bid may, and what becomes of lower ones. */
import type { Call } from '@daybook/core';
import { expect } from 'chai';
import { procurement, sealBid } from '../src/procurement.ts';
import type { TestLedger } from './ledger.ts';
import { outcome } from './ledger.ts';
import {
  AWARD,
  act,
  BUYER,
  bidOf,
  EVALUATOR,
  gbp,
  MINUTE_MS,
  must,
  newLedger,
  OCID,
  opened,
  PIPES,
  PUMPS,
  PUMPS_EVALUATOR,
  reveal,
  SALT,
  SECOND_BUYER,
  sealed,
} from './procurement-scene.ts';

const BY_PRICE = { awardCriteria: 'priceOnly' };
const TO_PIPES = act('award', {
  award: 'a-2',
  bid: 'bid-pipe-works',
  items: [],
  reason: 'The lowest price.',
});
const disqualify = (bid: string): Call =>
  act('disqualifyBid', { bid, reason: 'No licence for wells.' });

const bidNamed = (bid: string, tenderer: string, minor: number): Call =>
  act('submitBid', { bid, tenderer, commitment: sealed(bid, tenderer, minor) });

/** Two bids opened, that of pipe-works 50 lower, and time to award. */
function compared(terms: object = BY_PRICE): TestLedger {
  const ledger = newLedger();
  opened(ledger, { ...terms });
  must(ledger, bidOf('pump-works', 300), PUMPS);
  must(ledger, bidOf('pipe-works', 250), PIPES);
  ledger.wait(MINUTE_MS);
  must(ledger, reveal('pump-works', 300), PUMPS);
  must(ledger, reveal('pipe-works', 250), PIPES);
  ledger.wait(MINUTE_MS);
  return ledger;
}

const codeOf = (ledger: TestLedger, call: Call, ...signers: string[]): string =>
  outcome(ledger.act([call], signers));
const bidRow = (ledger: TestLedger, bid: string) =>
  ledger.rows(procurement, 'bid').find((row) => row.bid === bid);

describe('procurement: lowest price', () => {
  it('given a lower bid that can win, then no other is awarded, and the refusal names it', () => {
    const ledger = compared();

    const refused = ledger.act([AWARD], [BUYER, EVALUATOR]);

    expect(outcome(refused)).to.equal('PROCUREMENT_BID_NOT_LOWEST');
    expect(refused.failure?.facts).to.deep.equal({
      bid: 'bid-pump-works',
      value: 'GBP 300',
      lower: 'bid-pipe-works',
      price: 'GBP 250',
    });
    expect(codeOf(ledger, TO_PIPES, BUYER, EVALUATOR)).to.equal('ok');
  });

  it('given rated criteria, then a higher price may win', () => {
    const ledger = compared({ awardCriteria: 'ratedCriteria' });

    expect(codeOf(ledger, AWARD, BUYER, EVALUATOR)).to.equal('ok');
    expect(ledger.rows(procurement, 'ranking')).to.deep.equal([]);
  });

  it('given the lower bid is disqualified with its reason on record, then the next one wins', () => {
    const ledger = compared();
    const drop = disqualify('bid-pipe-works');
    expect(codeOf(ledger, drop, BUYER)).to.equal('CONTRACTS_APPROVALS_MISSING');
    expect(codeOf(ledger, drop, BUYER, SECOND_BUYER)).to.equal('CONTRACTS_APPROVALS_MISSING');
    const winners = codeOf(ledger, drop, BUYER, PUMPS_EVALUATOR);
    expect(winners).to.equal('PROCUREMENT_EVALUATOR_MISSING');

    expect(codeOf(ledger, drop, BUYER, EVALUATOR)).to.equal('ok');

    expect(bidRow(ledger, 'bid-pipe-works')).to.deep.include({
      status: 'disqualified',
      disqualified: 'No licence for wells.',
      value: { minor: 250n, currency: 'GBP' },
    });
    expect(codeOf(ledger, drop, BUYER, EVALUATOR)).to.equal('PROCUREMENT_BID_NOT_OPENED');
    expect(codeOf(ledger, TO_PIPES, BUYER, EVALUATOR)).to.equal('PROCUREMENT_BID_NOT_OPENED');
    expect(codeOf(ledger, AWARD, BUYER, EVALUATOR)).to.equal('ok');
  });

  it('given an award that is cancelled, then its bid is again the one to beat', () => {
    const ledger = compared();
    must(ledger, TO_PIPES, BUYER, EVALUATOR);
    expect(codeOf(ledger, disqualify('bid-pipe-works'), BUYER, EVALUATOR)).to.equal(
      'PROCUREMENT_BID_AWARDED',
    );
    const cancel = act('cancelAward', { award: 'a-2', reason: 'Wrong items.' });
    expect(codeOf(ledger, cancel, BUYER, PUMPS_EVALUATOR)).to.equal(
      'PROCUREMENT_EVALUATOR_MISSING',
    );
    must(ledger, cancel, BUYER, EVALUATOR);

    expect(codeOf(ledger, AWARD, BUYER, EVALUATOR)).to.equal('PROCUREMENT_BID_NOT_LOWEST');
    must(ledger, disqualify('bid-pipe-works'), BUYER, EVALUATOR);
    expect(codeOf(ledger, AWARD, BUYER, EVALUATOR)).to.equal('ok');
  });

  it('given more bids than one tenderer may submit, then the next is refused, and withdrawing makes no room', () => {
    const ledger = newLedger();
    opened(ledger, BY_PRICE);
    for (const number of Array.from({ length: 10 }, (_, index) => index)) {
      must(ledger, bidNamed(`b-${number}`, 'pipe-works', number), PIPES);
    }
    must(ledger, act('withdrawBid', { bid: 'b-1' }), PIPES);

    const refused = ledger.act([bidNamed('b-10', 'pipe-works', 10)], [PIPES]);

    expect(outcome(refused)).to.equal('PROCUREMENT_BIDS_FULL');
    expect(refused.failure?.facts).to.deep.equal({ tenderer: 'pipe-works', bids: 10, max: 10 });
    expect(codeOf(ledger, bidOf('pump-works', 300), PUMPS)).to.equal('ok');
  });

  it('given more opened bids than are compared, then no higher one wins than the lowest left out', () => {
    const crowd = Array.from({ length: 20 }, (_, index) => `crowd-${index}`);
    const ledger = newLedger(
      Object.fromEntries(crowd.map((name) => [`${name}/sue`, ['procurement.tenderer']])),
    );
    opened(ledger, BY_PRICE);
    const together = (calls: readonly Call[], ...signers: string[]): void => {
      expect(outcome(ledger.act(calls, signers))).to.equal('ok');
    };
    const bidsOf = (tenderer: string) =>
      Array.from({ length: 10 }, (_, index) => `${tenderer}-${index}`);
    for (const tenderer of crowd) {
      const calls = bidsOf(tenderer).map((bid) => bidNamed(bid, tenderer, 1));
      together(calls, `${tenderer}/sue`);
    }
    must(ledger, bidOf('pump-works', 300), PUMPS);
    must(ledger, bidOf('pipe-works', 250), PIPES);
    ledger.wait(MINUTE_MS);
    for (const tenderer of crowd) {
      const open = (bid: string) => act('revealBid', { bid, salt: SALT, value: gbp(1) });
      together(bidsOf(tenderer).map(open), `${tenderer}/sue`);
    }
    must(ledger, reveal('pump-works', 300), PUMPS);
    must(ledger, reveal('pipe-works', 250), PIPES);
    ledger.wait(MINUTE_MS);
    for (const tenderer of crowd) together(bidsOf(tenderer).map(disqualify), BUYER, EVALUATOR);

    const refused = ledger.act([AWARD], [BUYER, EVALUATOR]);

    expect(outcome(refused)).to.equal('PROCUREMENT_BID_NOT_LOWEST');
    expect(refused.failure?.facts).to.include({ lower: 'bid-pipe-works', price: 'GBP 250' });
    expect(codeOf(ledger, TO_PIPES, BUYER, EVALUATOR)).to.equal('ok');
  }).timeout(30_000);

  it('given a bid in another currency, then it is compared with none and must be dealt with', () => {
    const ledger = newLedger();
    opened(ledger, BY_PRICE);
    must(ledger, bidOf('pump-works', 300), PUMPS);
    const value = { minor: 9000n, currency: 'JPY' };
    const own = { ocid: OCID, bid: 'yen', tenderer: 'pipe-works' };
    const commitment = sealBid(own, SALT, { value });
    must(ledger, act('submitBid', { ...own, commitment }), PIPES);
    ledger.wait(MINUTE_MS);
    must(ledger, reveal('pump-works', 300), PUMPS);
    must(ledger, act('revealBid', { bid: 'yen', salt: SALT, value }), PIPES);
    expect(codeOf(ledger, disqualify('yen'), BUYER, EVALUATOR)).to.equal('PROCUREMENT_TOO_EARLY');
    ledger.wait(MINUTE_MS);

    expect(codeOf(ledger, AWARD, BUYER, EVALUATOR)).to.equal('PROCUREMENT_BID_NOT_LOWEST');
    must(ledger, disqualify('yen'), BUYER, EVALUATOR);
    expect(codeOf(ledger, AWARD, BUYER, EVALUATOR)).to.equal('ok');
  });
});
