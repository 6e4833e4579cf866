/** The audit rule `amended`: contracts that grew beyond what was awarded, and what it must let pass. */
import type { RuleFinding } from '@daybook/applications';
import type { RecordChange } from '@daybook/readmodel';
import { expect } from 'chai';
import { runRule } from './run-rule.ts';
import type { Database } from './tables.ts';
import { commitment, openDatabases, payment, procurementRow } from './tables.ts';

const OCID = 'ocds-x-1';
const gbp = (minor: bigint) => ({ minor, currency: 'GBP' });

interface Story {
  readonly contract?: string;
  readonly awarded?: bigint;
  readonly signed?: bigint;
  /** Day and change of each amendment. */
  readonly changes?: readonly (readonly [string, bigint])[];
  /** Day and amount of each payment. */
  readonly paid?: readonly (readonly [string, bigint])[];
  readonly publisher?: string;
  readonly commitment?: string;
}

/** A contract of 1,000.00 out of an award of as much, amended and paid. */
function story({
  contract = 'c1',
  awarded = 100_000n,
  signed = awarded,
  changes = [],
  paid = [],
  publisher = 'works',
  commitment: name = 'tar',
}: Story): readonly RecordChange[] {
  const key = { ocid: OCID, contract };
  const money = { fund: 'roads', commitment: name };
  const worth = changes.reduce((sum, [, minor]) => sum + minor, signed);
  const named = (at: number): string => `${contract}/m${at + 1}`;
  return [
    procurementRow('process', {
      ocid: OCID,
      publisher,
      basis: 'recorded',
      initiationType: 'tender',
      releases: 1,
      latest: 0,
    }),
    procurementRow('award', {
      ocid: OCID,
      award: 'a1',
      status: 'active',
      value: gbp(awarded),
      suppliers: [],
      items: [],
    }),
    procurementRow('contract', {
      ...key,
      ...money,
      status: 'active',
      value: gbp(worth),
      items: [],
    }),
    procurementRow('charge', {
      ...key,
      ...money,
      award: 'a1',
      status: 'active',
      signed: gbp(signed),
      value: gbp(worth),
      owed: gbp(worth),
    }),
    ...changes.flatMap(([day, minor], at) => [
      procurementRow('amendment', {
        ocid: OCID,
        amendment: named(at),
        of: 'contract',
        contract,
        date: Date.parse(`${day}T23:30:00Z`),
        rationale: 'More.',
        releaseID: `${OCID}-r${at}`,
      }),
      procurementRow('change', { ...key, amendment: named(at), change: gbp(minor) }),
    ]),
    ...paid.map(([day, minor], at) =>
      procurementRow('transaction', {
        ...key,
        transaction: `t${at + 1}`,
        date: day,
        value: gbp(minor),
      }),
    ),
  ];
}

const HALF = [['2026-03-01', 50_000n]] as const;
const MORE = [...HALF, ['2026-12-31', 1n]] as const;

async function run(
  database: Database,
  records: readonly RecordChange[],
  measures = '',
): Promise<readonly RuleFinding[]> {
  return runRule(database, 'amended', measures, records);
}

const cited = ({ evidence }: RuleFinding) =>
  evidence.map(({ record }) => record.replace('procurement.', '').replace(`/${OCID}`, ''));

for (const database of openDatabases()) {
  describe(`audit rule amended: ${database.name}`, () => {
    before(() => database.open());
    after(() => database.close());

    it('given amendments that raise a contract by more than half of its award, then one finding cites contract, award, each amendment and its change', async () => {
      const [finding, ...others] = await run(database, story({ changes: MORE }));

      expect(others).to.deep.equal([]);
      expect(finding && cited(finding)).to.deep.equal([
        'amendment/c1%2Fm1',
        'amendment/c1%2Fm2',
        'award/a1',
        'change/c1/c1%2Fm1',
        'change/c1/c1%2Fm2',
        'contract/c1',
      ]);
      expect(finding?.description).to.equal(
        'Amendments raised c1 by 50001 GBP; awarded was 100000',
      );
      expect(finding?.questionedCosts).to.deep.equal(gbp(50_001n));
      expect(finding?.weight).to.equal('significantDeficiency');
    });

    it('given half of it and no more, none at all, or other shares, then the measure decides', async () => {
      expect(await run(database, story({ changes: HALF }))).to.deep.equal([]);
      expect(await run(database, story({}))).to.deep.equal([]);
      expect(await run(database, story({ changes: HALF }), 'share=49')).to.have.length(1);
      expect(await run(database, story({ changes: MORE }), 'share=51')).to.deep.equal([]);
      const first = story({ changes: [['2026-03-01', 1n]] });
      expect(await run(database, first, 'share=0')).to.have.length(1);
    });

    it('given part of an award, when its contract is raised, then the rise counts against the whole award', async () => {
      const part = { signed: 40_000n };

      expect(await run(database, story({ ...part, changes: HALF }))).to.deep.equal([]);
      expect(await run(database, story({ ...part, changes: MORE }))).to.have.length(1);
    });

    it('given a rise that was taken back, then it is found; given one of what was lowered before, then not', async () => {
      const back = [
        ['2026-03-01', 60_000n],
        ['2026-03-02', -60_000n],
      ] as const;
      const again = [
        ['2026-03-01', -60_000n],
        ['2026-03-02', 60_000n],
      ] as const;

      expect(await run(database, story({ changes: back }))).to.have.length(1);
      expect(await run(database, story({ changes: again }))).to.deep.equal([]);
    });

    it('given more amendments than are usual, whatever they change, then they are one finding', async () => {
      const changes = [1, 2, 3, 4].map((day) => [`2026-03-0${day}`, 0n] as const);

      const [finding, ...others] = await run(database, story({ changes }), 'amendments=3');

      expect(others).to.deep.equal([]);
      expect(finding?.description).to.equal('c1 was amended 4 times');
      expect(finding && cited(finding)).to.deep.equal([
        ...[1, 2, 3, 4].map((at) => `amendment/c1%2Fm${at}`),
        'award/a1',
        'contract/c1',
      ]);
      expect(finding?.questionedCosts).to.equal(undefined);
      expect(await run(database, story({ changes }), 'amendments=4')).to.deep.equal([]);
    });

    it('given more paid than the contract is worth, without an amendment, then it is found with the payments', async () => {
      const paid = [
        ['2026-03-01', 100_000n],
        ['2026-03-02', 30n],
        ['2026-03-03', -10n],
      ] as const;

      const [finding, ...others] = await run(database, story({ paid }));

      expect(others).to.deep.equal([]);
      expect(finding?.description).to.equal('Under c1 100020 GBP was paid; it is worth 100000');
      expect(finding && cited(finding)).to.deep.equal([
        'award/a1',
        'contract/c1',
        ...[1, 2, 3].map((at) => `transaction/c1/t${at}`),
      ]);
      const given = [...paid, ['2026-03-04', -20n]] as const;
      expect(await run(database, story({ paid: given }))).to.deep.equal([]);
    });

    it('given amendments before, in and after the period, then those of the period are judged with those before', async () => {
      const before = [['2025-12-31', 50_000n]] as const;
      const far = [['2025-12-31', 90_000n]] as const;
      const later = [...HALF, ['2027-01-01', 50_000n]] as const;

      expect(
        await run(database, story({ changes: [...before, ['2026-01-01', 1n]] })),
      ).to.have.length(1);
      expect(await run(database, story({ changes: far }))).to.deep.equal([]);
      expect(await run(database, story({ changes: later }))).to.deep.equal([]);
    });

    it('given contracts of another buyer, then only those out of money of the auditee are looked at', async () => {
      const other = { changes: MORE, publisher: 'schools' };
      const theirs = commitment('sand', { holder: 'schools' });

      const held = await run(database, story(other));
      const none = await run(database, [theirs, ...story({ ...other, commitment: 'sand' })]);
      const bought = await run(database, [theirs, ...story({ changes: MORE, commitment: 'sand' })]);

      expect([held.length, none.length, bought.length]).to.deep.equal([1, 0, 1]);
    });

    it('given amounts as large as the ledger holds, then they end no run', async () => {
      const awarded = 2n ** 62n;
      const changes = [1, 2, 3].map((day) => [`2026-03-0${day}`, 2n ** 61n] as const);

      const story62 = story({
        awarded,
        signed: 1n,
        changes: [...changes, ['2026-04-01', -awarded]],
      });
      const [finding] = await run(database, [payment('a'), ...story62]);

      expect(finding?.questionedCosts).to.deep.equal(gbp(3n * 2n ** 61n));
    });
  });
}
