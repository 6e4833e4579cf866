/** Oversight: accesses by the person they are about, complaints, and silence that nobody has to see. */
import { oversight } from '@daybook/applications';
import { openRecords } from '@daybook/contracts';
import type { Call } from '@daybook/core';
import { sha256 } from '@daybook/core';
import { expect } from 'chai';
import type { TestChain } from './consortium.ts';
import { codeOf, createChain, entryOf } from './consortium.ts';

const rows = openRecords(oversight);
const DAY_MS = 86_400_000;
const PERSON = sha256(new Uint8Array([1]));
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

describe('oversight: accesses', () => {
  it('given accesses about a person, then they are numbered under the person', () => {
    const chain = newChain();
    const access = {
      about: PERSON,
      record: 'benefits.person/7',
      kind: 'read',
      legalBasis: 'Act 3',
      caseNumber: '2026/17',
      purpose: 'Deciding on aid.',
    };

    expect(act(chain, 'health/clerk', 'logAccess', access)).to.equal('OK');
    expect(act(chain, 'audit/admin', 'logAccess', { ...access, kind: 'used' })).to.equal('OK');
    expect(act(chain, CITIZEN, 'logAccess', access)).to.equal('CONTRACTS_NOT_ENTITLED');

    expect(rows.access(chain.view, { about: PERSON, number: 1 })).to.deep.include({
      organisation: 'health',
      officer: 'health/clerk',
      caseNumber: '2026/17',
    });
    expect(rows.access(chain.view, { about: PERSON, number: 2 })?.kind).to.equal('used');
  });
});

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
    chain.block([entryOf(chain.genesis.chain, [CITIZEN], Array(120).fill(each))]);
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
