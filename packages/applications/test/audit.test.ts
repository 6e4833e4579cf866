/** Audit: findings with evidence, replies and mending by a day, rules that run for an engagement. */
import type { Call, CallArguments } from '@daybook/core';
import { expect } from 'chai';
import { audit } from '../src/audit.ts';
import { directory } from '../src/directory.ts';
import type { TestLedger } from './ledger.ts';
import { createLedger, outcome } from './ledger.ts';

const AUDITOR = 'court/amy';
const SECOND = 'court/ann';
const MONITOR = 'court/robot';
const RESPONDENT = 'water/rod';
const STRANGER = 'other/oz';
const reason = 'because of the test';

const call = (action: string, args: CallArguments): Call => ({ contract: 'audit', action, args });
const open = (change: CallArguments = {}): Call =>
  call('open', {
    engagement: 'water-2026',
    auditor: 'court',
    auditee: 'water',
    title: 'Wells',
    scope: 'All payments of the fund.',
    legalBasis: 'Audit act, section 2',
    period: { start: '2026-01-01', end: '2026-12-31' },
    reportBy: '2026-12-31',
    reason,
    ...change,
  });
const KEY = { engagement: 'water-2026', finding: '2026-001' };
const FOUND = {
  ...KEY,
  title: 'Paid twice',
  description: 'Two payments for one invoice.',
  evidence: [{ record: 'treasury.payment/water-2026/inv-1', height: 1 }],
  weight: 'materialWeakness',
  questionedCosts: { minor: 500n, currency: 'GBP' },
};
const find = (change: CallArguments = {}): Call => call('find', { ...FOUND, reason, ...change });
const PLAN = { reply: 'True.', plannedAction: 'Ask it back.', remediateBy: '2026-02-01' };

function newLedger(...done: readonly (readonly [call: Call, signer: string])[]): TestLedger {
  const ledger = createLedger([directory, audit], {
    [AUDITOR]: ['audit.auditor'],
    [SECOND]: ['audit.auditor'],
    [MONITOR]: ['audit.monitor'],
    [RESPONDENT]: ['audit.respondent'],
    [STRANGER]: ['audit.auditor', 'audit.monitor', 'audit.respondent'],
  });
  must(ledger, [open(), AUDITOR], ...done);
  return ledger;
}

function must(ledger: TestLedger, ...done: readonly (readonly [Call, ...string[]])[]): void {
  for (const [each, ...signers] of done) {
    expect(outcome(ledger.act([each], signers)), each.action).to.equal('ok');
  }
}

const codeOf = (ledger: TestLedger, each: Call, ...signers: string[]): string =>
  outcome(ledger.act([each], signers));

describe('audit: findings', () => {
  it('given a finding, when replied to, agreed, mended and looked at, then it is closed', () => {
    const ledger = newLedger([find(), AUDITOR]);
    expect(ledger.rows(audit, 'finding')[0]).to.deep.include({
      auditee: 'water',
      replyBy: '2026-01-31',
      status: 'open',
    });

    must(
      ledger,
      [call('reply', { ...KEY, ...PLAN }), RESPONDENT],
      [call('agree', { ...KEY, reason }), AUDITOR],
      [call('remediate', { ...KEY, remediation: 'It came back.' }), RESPONDENT],
    );
    const past = { ...KEY, isMended: false, remediateBy: '2025-12-31', reason };
    expect(codeOf(ledger, call('followUp', past), AUDITOR)).to.equal('AUDIT_DATE_PAST');
    must(
      ledger,
      [call('followUp', { ...KEY, isMended: false, remediateBy: '2026-03-01', reason }), AUDITOR],
      [call('remediate', { ...KEY, remediation: 'Now it did.' }), RESPONDENT],
      [call('followUp', { ...KEY, isMended: true, reason }), AUDITOR],
    );

    expect(ledger.rows(audit, 'finding')[0]).to.deep.include({
      status: 'closed',
      remediateBy: '2026-03-01',
      remediation: 'Now it did.',
    });
  });

  it('given as many engagements, findings and rules as an auditor may have, then no more of them', () => {
    const ledger = newLedger([find(), AUDITOR]);
    const refusal = (each: Call) => {
      const { failure } = ledger.act([each], [AUDITOR]);
      return [failure?.code, failure?.facts];
    };
    for (let count = 1; count < 50; count += 1)
      must(ledger, [open({ engagement: `e-${count}` }), AUDITOR]);
    expect(refusal(open({ engagement: 'e-50' }))).to.deep.equal([
      'AUDIT_ENGAGEMENTS_FULL',
      { auditor: 'court', open: 50, max: 50 },
    ]);
    must(ledger, [open({ engagement: 'other-1', auditor: 'other' }), STRANGER]);

    const ruled = (name: string): Call =>
      call('setRule', {
        rule: name,
        engagement: KEY.engagement,
        kind: 'gaps',
        title: 'Gaps',
        query: 'missing=5',
        reason,
      });
    for (let count = 0; count < 100; count += 1) must(ledger, [ruled(`r-${count}`), AUDITOR]);
    const { engagement } = KEY;
    const full = { engagement, rules: 100, max: 100 };
    expect(refusal(ruled('r-100'))).to.deep.equal(['AUDIT_RULES_FULL', full]);
    must(ledger, [ruled('r-7'), AUDITOR]);

    const calls = Array.from({ length: 1999 }, (_, count) => find({ finding: `f-${count}` }));
    ledger.blocks(
      Array.from({ length: 20 }, (_, at) =>
        ledger.transaction(calls.slice(at * 100, at * 100 + 100), [AUDITOR]),
      ),
    );
    const most = { engagement, open: 2000, max: 2000 };
    expect(refusal(find({ finding: 'f-last' }))).to.deep.equal(['AUDIT_FINDINGS_FULL', most]);
  });

  it('given an auditor of another organisation as the second, then nothing is withdrawn or reported', () => {
    const ledger = newLedger([find(), AUDITOR]);
    const report = { engagement: KEY.engagement, report: new Uint8Array(32), reason };

    for (const each of [call('withdraw', { ...KEY, reason }), call('report', report)]) {
      const executed = ledger.act([each], [AUDITOR, STRANGER]);
      expect(outcome(executed)).to.equal('AUDIT_SECOND_AUDITOR');
      expect(executed.failure?.facts).to.deep.equal({ auditor: 'court', signing: 1 });
      expect(codeOf(ledger, each, AUDITOR, SECOND)).to.equal('ok');
      if (each.action === 'withdraw') continue;
      expect(ledger.rows(audit, 'engagement')[0]?.status).to.equal('reported');
    }
  });

  it('given a reply that is not enough, then the auditee has to reply again', () => {
    const ledger = newLedger(
      [find(), AUDITOR],
      [call('reply', { ...KEY, ...PLAN }), RESPONDENT],
      [call('reject', { ...KEY, reason }), AUDITOR],
    );

    expect(ledger.rows(audit, 'finding')[0]?.status).to.equal('open');
    expect(codeOf(ledger, call('agree', { ...KEY, reason }), AUDITOR)).to.equal(
      'AUDIT_STATUS_WRONG',
    );
  });

  it('given nobody replies, then the finding is open past its day for all to see', () => {
    const ledger = newLedger([find(), AUDITOR]);
    ledger.wait(31 * 86_400_000);
    ledger.block([]);

    const [finding] = ledger.rows(audit, 'finding');
    expect(finding?.status).to.equal('open');
    expect(Date.parse(finding?.replyBy ?? '')).to.be.below(ledger.now());
  });

  it('given officers of others, then they neither find, reply, agree nor withdraw', () => {
    const ledger = newLedger();
    expect(codeOf(ledger, find(), STRANGER)).to.equal('AUDIT_NOT_ENTITLED');
    must(ledger, [find(), AUDITOR]);
    const reply = call('reply', { ...KEY, ...PLAN });
    expect(codeOf(ledger, reply, STRANGER)).to.equal('AUDIT_NOT_ENTITLED');
    must(ledger, [reply, RESPONDENT]);
    expect(codeOf(ledger, call('agree', { ...KEY, reason }), STRANGER)).to.equal(
      'AUDIT_NOT_ENTITLED',
    );
    const withdraw = call('withdraw', { ...KEY, reason });
    expect(codeOf(ledger, withdraw, AUDITOR)).to.equal('CONTRACTS_APPROVALS_MISSING');
    expect(codeOf(ledger, withdraw, AUDITOR, SECOND)).to.equal('ok');
  });

  it('given what is wrong with a finding, then each is named', () => {
    const ledger = newLedger([find(), AUDITOR]);

    expect(codeOf(ledger, find(), AUDITOR)).to.equal('AUDIT_FINDING_EXISTS');
    const bare = find({ finding: '2026-002', evidence: [] });
    expect(codeOf(ledger, bare, AUDITOR)).to.equal('AUDIT_NO_EVIDENCE');
    for (const cited of [
      { record: 'nothing', height: 1 },
      { record: 'treasury.payment/a%2b', height: 1 },
      { record: 'treasury.payment/water-2026/inv-1', height: 1_000_000 },
    ]) {
      const unclear = find({ finding: '2026-002', evidence: [cited] });
      expect(codeOf(ledger, unclear, AUDITOR)).to.equal('AUDIT_EVIDENCE_UNCLEAR');
    }
    const none = call('reply', { ...KEY, finding: '2026-009', ...PLAN });
    expect(codeOf(ledger, none, RESPONDENT)).to.equal('AUDIT_FINDING_UNKNOWN');
    const past = call('reply', { ...KEY, ...PLAN, remediateBy: '2025-12-31' });
    expect(codeOf(ledger, past, RESPONDENT)).to.equal('AUDIT_DATE_PAST');
  });
});

describe('audit: engagements and rules', () => {
  const rule = (change: CallArguments = {}): Call =>
    call('setRule', {
      rule: 'twice',
      engagement: 'water-2026',
      kind: 'duplicates',
      title: 'Paid twice',
      query: 'days=7;floor=500000',
      reason,
      ...change,
    });
  const byRule = call('findByRule', { ...FOUND, rule: 'twice' });

  it('given an organisation, then it does not audit itself', () => {
    const ledger = newLedger();
    const own = open({ engagement: 'own', auditee: 'court' });

    expect(codeOf(ledger, own, AUDITOR)).to.equal('AUDIT_SELF_AUDIT');
    expect(codeOf(ledger, open(), AUDITOR)).to.equal('AUDIT_ENGAGEMENT_EXISTS');
  });

  it('given measures that no run could read, then the rule is refused with what is expected', () => {
    const ledger = newLedger();
    const wrong = ledger.act([rule({ query: 'days=7;weekendd=6' })], [AUDITOR]).failure;
    expect(wrong?.code).to.equal('AUDIT_RULE_MEASURES');
    expect(wrong?.facts).to.include({ rule: 'twice', found: 'weekendd=6' });
    expect(wrong?.facts.expected).to.contain('days=0..366');
    const free = rule({ rule: 'free', kind: 'other', query: 'weekendd=6' });
    must(ledger, [free, AUDITOR]);
  });

  it('given a rule that runs, then what it finds twice is one finding', () => {
    const ledger = newLedger();
    expect(codeOf(ledger, byRule, MONITOR)).to.equal('AUDIT_RULE_UNKNOWN');
    must(ledger, [rule(), AUDITOR], [byRule, MONITOR]);

    expect(codeOf(ledger, byRule, MONITOR)).to.equal('AUDIT_FINDING_EXISTS');
    expect(ledger.rows(audit, 'engagement')[0]?.findings).to.equal(1);
    expect(ledger.rows(audit, 'finding')[0]?.rule).to.equal('twice');
  });

  it('given an open finding of a rule, then it takes more records once, and none after a reply', () => {
    const ledger = newLedger([rule(), AUDITOR], [byRule, MONITOR]);
    const cite = (n: number) => ({ record: `treasury.payment/water-2026/inv-${n}`, height: 2 });
    const more = (...evidence: readonly object[]): Call =>
      call('findMore', {
        ...KEY,
        rule: 'twice',
        evidence: evidence as never,
        questionedCosts: { minor: 70n, currency: 'GBP' },
      });
    must(ledger, [more(cite(1), cite(2)), MONITOR]);

    const [row] = ledger.rows(audit, 'finding');
    expect(row?.evidence.map(({ height }) => height)).to.deep.equal([1, 2]);
    expect(row?.questionedCosts).to.deep.equal({ minor: 570n, currency: 'GBP' });
    expect(codeOf(ledger, more(cite(2)), MONITOR)).to.equal('AUDIT_FINDING_EXISTS');
    const many = Array.from({ length: 63 }, (_, n) => cite(n + 3));
    expect(codeOf(ledger, more(...many), MONITOR)).to.equal('AUDIT_FINDING_FULL');
    expect(codeOf(ledger, more(cite(3)), STRANGER)).to.equal('AUDIT_NOT_ENTITLED');
    must(ledger, [call('reply', { ...KEY, ...PLAN }), RESPONDENT]);
    expect(codeOf(ledger, more(cite(3)), MONITOR)).to.equal('AUDIT_STATUS_WRONG');
  });

  it('given a rule that was stopped, or of another engagement, then it finds nothing', () => {
    const stop = call('retireRule', { rule: 'twice', reason });
    const ledger = newLedger([rule(), AUDITOR], [stop, AUDITOR]);
    expect(codeOf(ledger, byRule, MONITOR)).to.equal('AUDIT_RULE_UNKNOWN');

    must(ledger, [open({ engagement: 'other-2026', auditor: 'other' }), STRANGER]);
    const taken = rule({ engagement: 'other-2026' });
    expect(codeOf(ledger, taken, STRANGER)).to.equal('AUDIT_RULE_TAKEN');
  });

  it('given a report of two auditors, then no finding joins it and it can be closed', () => {
    const ledger = newLedger();
    const report = call('report', {
      engagement: 'water-2026',
      report: new Uint8Array(32).fill(1),
      reason,
    });
    const close = call('close', { engagement: 'water-2026', reason });
    expect(codeOf(ledger, close, AUDITOR)).to.equal('AUDIT_STATUS_WRONG');

    must(ledger, [report, AUDITOR, SECOND]);
    expect(codeOf(ledger, find(), AUDITOR)).to.equal('AUDIT_STATUS_WRONG');
    must(ledger, [close, AUDITOR]);
  });
});
