/** Numbers that are part of stored keys and receipts: a line here is never changed or used again. */
import { applications } from '@daybook/applications';
import { buildManifest } from '@daybook/contracts';
import { expect } from 'chai';

/** Numbers of records and sums by contract; those of a removed record stay in the list. */
const RECORDS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  directory: {
    organisation: 1,
    officer: 2,
    key: 3,
    node: 4,
    recovery: 5,
    officers: 6,
    organisationCounts: 7,
  },
  governance: {
    proposal: 1,
    vote: 2,
    schedule: 3,
    chain: 4,
    validators: 5,
    rotation: 6,
    validator: 7,
    consensusKey: 8,
    pending: 9,
    seenBlock: 10,
    ready: 11,
    proposalCount: 12,
    votes: 13,
    evidence: 14,
    recovery: 15,
    eras: 16,
    ballots: 17,
  },
  oversight: {
    witness: 1,
    witnessKey: 2,
    witnessCounts: 3,
    access: 4,
    complaint: 5,
    due: 6,
    silence: 7,
    clock: 8,
    deferral: 9,
    filing: 10,
    accesses: 101,
    complaintCount: 102,
    complaintsTo: 103,
    dueOn: 104,
    silenceCounts: 105,
  },
  treasury: {
    appropriation: 1,
    allocation: 2,
    commitment: 3,
    payment: 4,
    source: 5,
    filePart: 6,
    allocated: 101,
    allocatedBack: 102,
    committed: 103,
    committedBack: 104,
    paid: 105,
  },
  procurement: {
    process: 1,
    tender: 2,
    bid: 3,
    award: 4,
    contract: 5,
    transaction: 6,
    milestone: 7,
    amendment: 8,
    release: 9,
    releasePart: 10,
    charge: 11,
    settlement: 12,
    filePart: 13,
    ranking: 14,
    change: 15,
    bidCounts: 101,
    paid: 102,
    awarded: 103,
    charged: 104,
    owed: 105,
    inForce: 106,
    bidsOf: 107,
    amended: 108,
  },
  risk: {
    rulebook: 1,
    hit: 2,
    listing: 3,
    relation: 4,
    account: 5,
    month: 6,
    seen: 7,
    tally: 8,
    flow: 9,
    hold: 10,
    booked: 11,
    alike: 12,
    hitCounts: 101,
  },
  audit: {
    engagement: 1,
    rule: 2,
    finding: 3,
    findingCounts: 101,
    questioned: 102,
    engagementCounts: 103,
    findingsIn: 104,
    rulesOf: 105,
  },
  timestamps: { stamp: 1, batch: 2, token: 3, tokenCounts: 101 },
};

const CONTRACTS: Readonly<Record<string, number>> = {
  directory: 1,
  governance: 2,
  oversight: 3,
  treasury: 16,
  procurement: 17,
  risk: 18,
  audit: 19,
  timestamps: 20,
};

describe('applications: numbers (spec S-3)', () => {
  const { contracts } = buildManifest(applications.map(({ definition }) => definition));

  it('given the contracts of this release, then each has the number it always had', () => {
    for (const [name, number] of Object.entries(CONTRACTS)) {
      expect(contracts.find((one) => one.name === name)?.number, name).to.equal(number);
    }
  });

  it('given their records, then each has the number it always had', () => {
    for (const [name, records] of Object.entries(RECORDS)) {
      const found = contracts.find((one) => one.name === name);
      for (const [record, number] of Object.entries(records)) {
        const set = (found?.number ?? 0) * 65_536 + number;
        expect(found?.records[record]?.set, `${name}.${record}`).to.equal(set);
      }
      expect(
        Object.keys(found?.records ?? {}),
        `${name}: a new record joins this list`,
      ).to.have.members(Object.keys(records));
    }
  });

  it('given every text, then it is there in English and in Chinese', () => {
    const words = contracts.flatMap(({ name, failures, actions }) => [
      ...Object.entries(failures).flatMap(([code, { en, zh, remedy }]) => [
        [`${name}.${code}`, { en, zh }] as const,
        [`${name}.${code} remedy`, remedy] as const,
      ]),
      ...Object.entries(actions).map(
        ([action, { title }]) => [`${name}.${action}`, title] as const,
      ),
    ]);

    for (const [place, { en, zh }] of words) {
      expect(en, place).to.match(/[a-z]/);
      expect(zh, place).to.match(/[\u4e00-\u9fff]/);
    }
  });
});
