/** Processes conducted on the ledger as OCDS: valid by the official schema, and nothing left out. */
import { expect } from 'chai';
import type { ConductedRows } from '../src/index.ts';
import {
  conductedReleaseJson,
  createOcdsValidator,
  readOcdsFile,
  writeReleasePackage,
} from '../src/index.ts';

const GBP = (minor: bigint) => ({ minor, currency: 'GBP' });
const MAY = Date.UTC(2026, 4, 1);
const OCID = 'ocds-daybook-road-7';
const ITEM = {
  id: '1',
  description: 'Tar',
  scheme: 'CPV',
  classification: '44113600',
  quantity: { value: 12_500_000n, unit: 'TNE' },
  unitValue: GBP(9_950n),
};
const ROWS: ConductedRows = {
  process: {
    ocid: OCID,
    buyer: { organisation: 'works' },
    language: 'en',
    initiationType: 'tender',
    planning: {
      rationale: 'Potholes',
      budgetId: 'roads',
      project: 'Road 7',
      amount: GBP(5_000_000n),
    },
  },
  tender: {
    title: 'Road 7',
    status: 'complete',
    procuringEntity: { organisation: 'works' },
    value: GBP(5_000_000n),
    procurementMethod: 'open',
    mainProcurementCategory: 'works',
    awardCriteria: 'priceOnly',
    items: [ITEM],
    documents: [
      { id: 'terms', documentType: 'tenderNotice', title: 'Terms', url: 'https://example.org/t' },
    ],
    closes: MAY,
    revealBy: MAY + 1000,
    awardBy: MAY + 2000,
  },
  bids: [
    {
      bid: 'a',
      tenderer: 'tar-ltd',
      status: 'revealed',
      submitted: MAY - 5,
      value: GBP(4_000_001n),
    },
    { bid: 'b', tenderer: 'mud-ltd', status: 'sealed', submitted: MAY - 4 },
  ],
  awards: [
    {
      award: 'w',
      status: 'active',
      date: '2026-05-03',
      value: GBP(4_000_001n),
      suppliers: [{ organisation: 'tar-ltd', name: 'Tar Ltd' }],
      items: [ITEM],
      bid: 'a',
    },
  ],
  contracts: [
    {
      contract: 'c',
      awardId: 'w',
      status: 'active',
      period: { start: '2026-05-04', end: '2026-09-01' },
      value: GBP(4_000_001n),
      dateSigned: '2026-05-04',
      items: [],
      fund: 'roads',
      commitment: 'tar',
    },
  ],
  transactions: [
    {
      contract: 'c',
      transaction: 't-1',
      date: '2026-06-01',
      value: GBP(1_000n),
      payer: { organisation: 'works' },
      payee: { organisation: 'tar-ltd' },
      fund: 'roads',
      payment: 'p-1',
    },
  ],
  milestones: [
    {
      contract: 'c',
      milestone: 'm',
      title: 'Half',
      dueDate: '2026-07-01',
      dateMet: '2026-06-30',
      status: 'met',
    },
  ],
  amendments: [
    {
      amendment: 'x',
      of: 'tender',
      date: MAY - 9,
      rationale: 'More time',
      releaseID: `${OCID}-r3`,
    },
    {
      amendment: 'y',
      of: 'contract',
      contract: 'c',
      date: MAY + 9,
      rationale: 'Less tar',
      releaseID: `${OCID}-r6`,
    },
  ],
};
const METADATA = {
  uri: 'https://example.org/r',
  publisher: { name: 'Works' },
  publishedDate: '2026-06-02T00:00:00Z',
  version: '1.1',
};

describe('formats: processes conducted on the ledger', () => {
  const entry = { release: `${OCID}-r7`, date: MAY + 10, tag: ['implementation'] };
  const validate = createOcdsValidator();
  const written = writeReleasePackage(METADATA, [conductedReleaseJson(entry, ROWS)], validate);

  it('given a process with all its parts, then the release validates and reads back with exact money', () => {
    expect(written.findings).to.deep.equal([]);
    const bytes = new TextEncoder().encode(written.text);
    const read = readOcdsFile({ name: 'r.json', bytes }, validate);
    const release = read.ok ? read.value.releases[0]?.release : undefined;

    expect(release?.process).to.equal(OCID);
    expect(release?.tender?.items[0]).to.deep.include({ quantity: '12.5' });
    expect(release?.awards[0]?.money).to.deep.equal(GBP(4_000_001n));
    expect(release?.contracts[0]?.payments[0]?.money).to.deep.equal(GBP(1_000n));
    expect(release?.parties.map(({ key, roles }) => [key, roles])).to.deep.equal([
      ['works', ['buyer', 'procuringEntity', 'payer']],
      ['tar-ltd', ['tenderer', 'supplier', 'payee']],
      ['mud-ltd', ['tenderer']],
    ]);
  });

  it('given a bid that nobody opened, a commitment, a payment and changes, then each stands where it belongs', () => {
    const [release] = JSON.parse(written.text).releases;

    expect(release.bids.details[1])
      .to.include({ id: 'b', status: 'pending' })
      .and.not.have.property('value');
    expect(release.bids.details[0]).to.deep.include({
      status: 'valid',
      value: { amount: 40000.01, currency: 'GBP' },
    });
    expect(release.tender.tenderPeriod).to.deep.equal({ endDate: '2026-05-01T00:00:00.000Z' });
    expect(release.tender.amendments).to.have.length(1);
    const [contract] = release.contracts;
    expect(contract.treasuryCommitment).to.deep.equal({ fund: 'roads', commitment: 'tar' });
    expect(contract.amendments[0]).to.include({ id: 'y', releaseID: `${OCID}-r6` });
    expect(contract.implementation.transactions[0].treasuryPayment).to.deep.equal({
      fund: 'roads',
      payment: 'p-1',
    });
    expect(contract.implementation.milestones[0].dateMet).to.equal('2026-06-30T00:00:00Z');
  });

  it('given a process that is only planned, then the release has nothing empty and validates', () => {
    const { process } = ROWS;
    const none = {
      bids: [],
      awards: [],
      contracts: [],
      transactions: [],
      milestones: [],
      amendments: [],
    };
    const json = conductedReleaseJson({ ...entry, tag: ['planning'] }, { process, ...none });

    expect(writeReleasePackage(METADATA, [json], validate).findings).to.deep.equal([]);
    expect(json).to.have.all.keys(
      ...[
        'ocid',
        'id',
        'date',
        'tag',
        'initiationType',
        'language',
        'parties',
        'buyer',
        'planning',
      ],
    );
  });
});
