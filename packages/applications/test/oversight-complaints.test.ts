/** Oversight: complaints, what they may name, and silence that nobody has to see. */
import { oversight } from '@daybook/applications';
import { openRecords } from '@daybook/contracts';
import type { Call } from '@daybook/core';
import { assert, equalBytes } from '@daybook/core';
import { expect } from 'chai';
import type { TestChain } from './consortium.ts';
import { codeOf, createChain, entryOf, keyOf } from './consortium.ts';
import { evidenceEntry } from './faults.ts';

const rows = openRecords(oversight);
const DAY_MS = 86_400_000;
const REASON = { reason: 'because of the test' };
const CITIZEN = 'key:citizen';

function newChain(): TestChain {
  const organisations = ['health', 'finance', 'audit', 'works'];
  const chain = createChain({ organisations, contracts: [oversight] });
  for (const organisation of ['health', 'audit']) {
    const grant = { organisation, name: 'clerk', role: 'oversight.respondent' };
    const granted = chain.act([`${organisation}/admin`], 'directory.grantRole', grant);
    expect(codeOf(granted)).to.equal('OK');
  }
  return chain;
}

const act = (chain: TestChain, signer: string, action: string, args: Call['args']): string =>
  codeOf(chain.act([signer], `oversight.${action}`, args));
const complain = (chain: TestChain, more: Call['args'] = {}): string =>
  act(chain, CITIZEN, 'complain', {
    body: 'health',
    record: 'treasury.payment/water/1',
    text: 'Nobody knows what this was for.',
    ...more,
  });
const answer = (chain: TestChain, signer: string, number = 1): string =>
  act(chain, signer, 'answer', { number, outcome: 'upheld', answer: 'True.', ...REASON });
const complaint = (chain: TestChain, number = 1) => rows.complaint(chain.view, { number });
const pass = (chain: TestChain, days: number): void => {
  chain.block([], { afterMs: days * DAY_MS });
};

describe('oversight: complaints', () => {
  it('given a complaint, then only the body named answers it, once', () => {
    const chain = newChain();
    expect(complain(chain)).to.equal('OK');

    expect(answer(chain, 'audit/clerk')).to.equal('OVERSIGHT_NOT_BODY');
    expect(answer(chain, 'health/clerk')).to.equal('OK');
    expect(answer(chain, 'health/clerk')).to.equal('OVERSIGHT_COMPLAINT_CLOSED');
    expect(complaint(chain)).to.deep.include({ status: 'answered', outcome: 'upheld' });
    expect(answer(chain, 'health/clerk', 2)).to.equal('OVERSIGHT_COMPLAINT_UNKNOWN');
  });

  it('given twenty complaints of a day by one key or organisation, then no more until tomorrow', () => {
    const chain = newChain();
    const args = { body: 'health', record: 'treasury.payment/water/1', text: 'Again.' };
    const file = (who: string): string => act(chain, who, 'complain', args);
    for (let count = 0; count < 20; count += 1) {
      expect(file(count % 2 === 0 ? 'works/admin' : 'works/clerk'), `${count}`).to.equal('OK');
    }

    const refused = chain.act(['works/clerk'], 'oversight.complain', args);
    expect(codeOf(refused)).to.equal('OVERSIGHT_COMPLAINTS_FULL');
    expect(refused.failure?.facts).to.include({ filer: 'works', filed: 20, max: 20 });
    expect(act(chain, 'works/admin', 'withdrawComplaint', { number: 1 })).to.equal('OK');
    expect(file('works/admin')).to.equal('OVERSIGHT_COMPLAINTS_FULL');
    expect(answer(chain, 'health/clerk', 3)).to.equal('OK');
    const onward = { number: 3, body: 'audit', text: 'No answer.' };
    expect(act(chain, 'works/admin', 'escalate', onward)).to.equal('OVERSIGHT_COMPLAINTS_FULL');
    expect(file(CITIZEN)).to.equal('OK');
    pass(chain, 1);
    expect(file('works/clerk')).to.equal('OK');
    expect(act(chain, 'works/admin', 'escalate', onward)).to.equal('OK');
  });

  it('given an act on the feed, then a complaint names it; an act that never was is refused', () => {
    const chain = newChain();
    // The feed got an entry when the complaint before was answered.
    complain(chain);
    answer(chain, 'health/clerk');
    const feed = { record: undefined, height: chain.height(), transaction: 0, ordinal: 0 };
    const { record: _, ...named } = feed;
    const bare = { body: 'health', text: 'It was wrong.' };

    expect(act(chain, CITIZEN, 'complain', { ...bare, ...named })).to.equal('OK');
    expect(act(chain, CITIZEN, 'complain', { ...bare, ...named, ordinal: 5 })).to.equal(
      'CONTRACTS_REFERENCE_MISSING',
    );
    expect(act(chain, CITIZEN, 'complain', bare)).to.equal('OVERSIGHT_TARGET_UNCLEAR');
    const vague = { ...bare, record: 'the payment to Tar Ltd' };
    expect(act(chain, CITIZEN, 'complain', vague)).to.equal('OVERSIGHT_TARGET_UNCLEAR');
    const half = { ...bare, record: 'a.b/1', height: chain.height() };
    expect(act(chain, CITIZEN, 'complain', half)).to.equal('OVERSIGHT_TARGET_UNCLEAR');
  });

  it('given a proven fault of a validator, then a complaint names it; one never proven is refused', () => {
    const chain = newChain();
    chain.passTo(2);
    const key = keyOf('works consensus');
    const works = chain.validators().find(({ publicKey }) => equalBytes(publicKey, key));
    assert(works !== undefined, 'works is a validator');
    chain.block([evidenceEntry(chain, 'works consensus')]);
    const who = { validator: works.id, faultHeight: 1 };
    const fault = { body: 'audit', text: 'It voted twice.', ...who };

    expect(act(chain, CITIZEN, 'complain', { ...fault, fault: 'E2' })).to.equal('OK');
    expect(act(chain, CITIZEN, 'complain', { ...fault, fault: 'E3' })).to.equal(
      'CONTRACTS_REFERENCE_MISSING',
    );
    expect(act(chain, CITIZEN, 'complain', fault)).to.equal('OVERSIGHT_TARGET_UNCLEAR');
  });

  it('given nobody answers in time, then the chain itself writes down the silence', () => {
    const chain = newChain();
    complain(chain);
    pass(chain, 30);
    expect(complaint(chain)?.status).to.equal('open');

    pass(chain, 1);

    expect(complaint(chain)).to.deep.include({ status: 'unanswered', missed: 1 });
    expect(rows.silence(chain.view, { number: 1, missed: 1 })).to.deep.include({ body: 'health' });
    expect(answer(chain, 'health/clerk')).to.equal('OK');
    expect(rows.silence(chain.view, { number: 1, missed: 1 })).to.not.equal(undefined);
  });

  it('given a complaint that was answered or withdrawn, then its day passes without a word', () => {
    const chain = newChain();
    complain(chain);
    complain(chain);
    answer(chain, 'health/clerk');
    expect(act(chain, 'key:other', 'withdrawComplaint', { number: 2 })).to.equal(
      'OVERSIGHT_NOT_COMPLAINANT',
    );
    expect(act(chain, CITIZEN, 'withdrawComplaint', { number: 2 })).to.equal('OK');
    pass(chain, 40);

    expect(complaint(chain)?.status).to.equal('answered');
    expect(complaint(chain, 2)?.status).to.equal('withdrawn');
    expect(rows.silence(chain.view, { number: 1, missed: 1 })).to.equal(undefined);
  });

  it('given silence, when taken to another body, then that body has its own day', () => {
    const chain = newChain();
    complain(chain);
    const on = { number: 1, body: 'audit', text: 'Nobody answered.' };
    expect(act(chain, CITIZEN, 'escalate', on)).to.equal('OVERSIGHT_COMPLAINT_CLOSED');
    pass(chain, 31);
    expect(act(chain, 'key:other', 'escalate', on)).to.equal('OVERSIGHT_NOT_COMPLAINANT');
    expect(act(chain, CITIZEN, 'escalate', on)).to.equal('OK');
    expect(answer(chain, 'health/clerk')).to.equal('OVERSIGHT_NOT_BODY');

    pass(chain, 31);

    expect(complaint(chain)).to.deep.include({ body: 'audit', missed: 2, status: 'unanswered' });
    expect(rows.silence(chain.view, { number: 1, missed: 2 })?.body).to.equal('audit');
  });

  it('given more complaints than one block looks at, then the next blocks go on', () => {
    const chain = newChain();
    const each = ['oversight.complain', { body: 'health', record: 'a.b/1', text: 'Why?' }] as const;
    const citizens = ['ann', 'ben', 'cat', 'dan', 'eve', 'fay'];
    chain.block(
      citizens.map((name) => entryOf(chain.genesis.chain, [`key:${name}`], Array(20).fill(each))),
    );
    pass(chain, 31);
    const silent = (): number =>
      Array.from({ length: 120 }, (_, index) => complaint(chain, index + 1)).filter(
        (row) => row?.status === 'unanswered',
      ).length;
    expect(silent()).to.be.below(120);

    pass(chain, 0);
    pass(chain, 0);

    expect(silent()).to.equal(120);
  });
});
