/** Findings of rules: their numbers, what of a hit is new, and what each of them costs. */
import { expect } from 'chai';
import { findingsOf } from '../src/audit-findings.ts';

const RULE = { rule: 'kin', kind: 'relatedParty', title: 'Related' } as const;
const row = (record: string, hit = 'relation x') => ({
  ...{ hit, record, description: 'found', height: 7, minor: 5n, currency: 'GBP' },
});
const records = (finding: { readonly evidence: readonly { readonly record: string }[] }) =>
  finding.evidence.map(({ record }) => record);

describe('audit: findings of a rule', () => {
  it('given the same records again, then nothing is found, whatever became of the finding', () => {
    const rows = [row('a'), row('b')];
    const known = findingsOf(RULE, rows);

    expect(known).to.have.length(1);
    expect(findingsOf(RULE, rows, known)).to.deep.equal([]);
    expect(findingsOf(RULE, [row('b')], known)).to.deep.equal([]);
  });

  it('given a record that no finding of the hit cites, then a new one refers to the last', () => {
    const known = [...findingsOf(RULE, [row('a')])];
    const number = known[0]?.finding;
    const [second] = findingsOf(RULE, [row('a'), row('b')], known);
    if (second !== undefined) known.push(second);
    const third = findingsOf(RULE, [row('c'), row('a'), row('b')], known);

    expect(second).to.deep.include({
      finding: `${number}-2`,
      repeatPriorReference: number,
      evidence: [{ record: 'b', height: 7 }],
      questionedCosts: { minor: 5n, currency: 'GBP' },
    });
    expect(third.map(records)).to.deep.equal([['c']]);
    expect(third[0]).to.include({
      finding: `${number}-3`,
      repeatPriorReference: `${number}-2`,
    });
  });

  it('given an open finding of the hit, then what is new goes there until it is full', () => {
    const rows = Array.from({ length: 70 }, (_, index) => row(`p-${index}`));
    const [first] = findingsOf(RULE, rows.slice(0, 2));
    const number = first?.finding ?? '';
    const open = [{ finding: number, evidence: [{ record: 'p-0' }, { record: 'p-1' }] }];
    const known = open.map((finding) => ({ ...finding, isOpen: true }));

    const [more, next, ...others] = findingsOf(RULE, rows, known);

    expect(more).to.include({ finding: number, goesOn: true });
    expect(more).not.to.have.property('repeatPriorReference');
    expect(more?.evidence).to.have.length(62);
    expect(more?.questionedCosts?.minor).to.equal(310n);
    expect(next).to.include({ finding: `${number}-2`, repeatPriorReference: number });
    expect(next).not.to.have.property('goesOn');
    expect(next?.evidence).to.have.length(6);
    expect(others).to.deep.equal([]);
    expect(findingsOf(RULE, rows.slice(0, 2), known)).to.deep.equal([]);
  });

  it('given findings of another hit or by hand, then they are none of its business', () => {
    const known = [
      ...findingsOf(RULE, [row('a', 'relation y')]),
      { finding: '2026-001', evidence: [{ record: 'a' }] },
    ];

    const [finding] = findingsOf(RULE, [row('a')], known);

    expect(finding).not.to.have.property('repeatPriorReference');
    expect(finding?.finding).to.match(/^kin-[0-9a-f]{16}$/);
  });

  it('given more records than one finding may cite, then all are cited and counted once', () => {
    const rows = Array.from({ length: 130 }, (_, index) => row(`p-${index}`));

    const findings = findingsOf(RULE, rows);

    expect(findings.map(({ evidence }) => evidence.length)).to.deep.equal([64, 64, 2]);
    expect(findings.map((each) => each.questionedCosts?.minor)).to.deep.equal([320n, 320n, 10n]);
    expect(findings.map((each) => each.repeatPriorReference)).to.deep.equal([
      undefined,
      findings[0]?.finding,
      findings[1]?.finding,
    ]);
    expect(findingsOf(RULE, rows, findings)).to.deep.equal([]);
  });

  it('given a record whose name is too long to cite, then its costs count once', () => {
    const rows = [row('a'), row('n'.repeat(301))];
    const findings = findingsOf(RULE, rows);

    expect(findings.map(records)).to.deep.equal([['a']]);
    expect(findings[0]?.questionedCosts?.minor).to.equal(10n);
    expect(findingsOf(RULE, rows, findings)).to.deep.equal([]);
  });
});
