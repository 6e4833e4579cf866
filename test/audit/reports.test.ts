/** Reports on public money: what each query answers over tables of known rows. */
import {
  treasuryFlowSql,
  treasurySpendingSql,
  treasuryTrailSql,
  treasuryUnspentSql,
} from '@daybook/applications';
import type { CborValue } from '@daybook/core';
import { assert } from '@daybook/core';
import type { ReadModel } from '@daybook/readmodel';
import { expect } from 'chai';
import { commitment, contract, openDatabases, payment, treasuryRow } from './tables.ts';

const LIMITS = { rowsMax: 1000, timeMs: 60_000 };
const money = (minor: bigint) => ({ amount: { minor, currency: 'GBP' } });
const PERIOD = { start: '2026-01-01', end: '2026-12-31' };
const NODE = {
  fund: 'roads',
  title: 'Roads',
  holder: 'works',
  controller: 'treasury',
  currency: 'GBP',
  period: PERIOD,
  spendBy: PERIOD.end,
  purposes: ['roads'],
  basis: 'recorded',
  status: 'open',
  received: 1_000n,
  allocated: 600n,
  committed: 0n,
  returned: 0n,
  left: 400n,
};
const allocation = (name: string, parent: string) =>
  treasuryRow('allocation', {
    ...NODE,
    allocation: name,
    parent,
    title: name,
    received: 600n,
    allocated: 600n,
    left: 0n,
  });
const RECORDS = [
  treasuryRow('appropriation', { ...NODE, grantor: 'treasury' }),
  allocation('north', 'roads'),
  allocation('valley', 'north'),
  commitment('late', { allocation: 'valley', spendBy: '2020-12-31', left: 5n }),
  payment('p-1', { commitment: 'late', ...money(300n) }),
  payment('p-2', { commitment: 'tar', date: '2026-04-01', purpose: 'roads/tar', ...money(50n) }),
  payment('p/3%', {
    commitment: 'late',
    kind: 'credit',
    status: 'credited',
    date: '2026-04-02',
    reverses: 'p-1',
    ...money(100n),
  }),
  contract('2026-02-01'),
];

for (const database of openDatabases()) {
  describe(`reports on public money: ${database.name}`, () => {
    let model: ReadModel;
    before(async () => {
      await database.open();
      model = await database.tablesOf(RECORDS);
    });
    after(() => database.close());

    async function ask(sql: string): Promise<readonly (readonly unknown[])[]> {
      const answer = await model.query(sql, LIMITS);
      assert(answer.ok, answer.ok ? '' : JSON.stringify(answer.reason));
      return answer.value.rows.map((row) =>
        row.map((cell) => (cell === null ? null : String(cell))),
      );
    }

    it('given allocations and payments, then the flow has an edge for each, net of what came back', async () => {
      expect(await ask(treasuryFlowSql('roads'))).to.deep.equal([
        ['allocation', 'north', 'valley', 'valley', '600', 'GBP'],
        ['allocation', 'roads', 'north', 'north', '600', 'GBP'],
        ['payee', 'valley', 'name:Tar Ltd', 'Tar Ltd', '200', 'GBP'],
        ['payee', 'roads', 'name:Tar Ltd', 'Tar Ltd', '50', 'GBP'],
      ]);
    });

    it('given payments and a credit, then spending is told by body, month, year and purpose', async () => {
      expect(await ask(treasurySpendingSql('body'))).to.deep.equal([['works', 'GBP', '2', '250']]);
      expect(await ask(treasurySpendingSql('month', 'roads'))).to.deep.equal([
        ['2026-03', 'GBP', '1', '300'],
        ['2026-04', 'GBP', '1', '-50'],
      ]);
      expect(await ask(treasurySpendingSql('year'))).to.deep.equal([['2026', 'GBP', '2', '250']]);
      expect(await ask(treasurySpendingSql('purpose'))).to.deep.equal([
        ['roads', 'GBP', '1', '200'],
        ['roads/tar', 'GBP', '1', '50'],
      ]);
      expect(await ask(treasurySpendingSql('body', "o'hare"))).to.deep.equal([]);
    });

    it('given money that is left, then what is past its day stands first', async () => {
      const rows = await ask(treasuryUnspentSql('roads'));

      expect(
        rows.map(([record, , , minor, , , overdue]) => [record, minor, overdue]),
      ).to.deep.equal([
        ['treasury.commitment/roads/late', '5', 'true'],
        ['treasury.commitment/roads/tar', '1000000000', 'false'],
        ['treasury.appropriation/roads', '400', 'false'],
      ]);
      expect(await ask(treasuryUnspentSql())).to.deep.equal(rows);
    });

    it('given a payment, then its trail leads from the appropriation to what came back', async () => {
      const trail = async (name: string) =>
        (await ask(treasuryTrailSql('roads', name))).map(([record]) => record);

      expect(await trail('p-1')).to.deep.equal([
        'treasury.appropriation/roads',
        'treasury.allocation/roads/north',
        'treasury.allocation/roads/valley',
        'treasury.commitment/roads/late',
        'treasury.payment/roads/p-1',
        'treasury.payment/roads/p%2F3%25',
      ]);
      expect(await trail('p-2')).to.deep.equal([
        'treasury.appropriation/roads',
        'treasury.commitment/roads/tar',
        'procurement.contract/ocds-x-1/c1',
        'treasury.payment/roads/p-2',
      ]);
      expect(await trail('p-9')).to.deep.equal([]);
    });

    it('given payees of one name, then those with other identifiers stay apart', async () => {
      const name = 'Tar Ltd';
      const id = (byte: number) => new Uint8Array(32).fill(byte);
      const payees: readonly CborValue[] = [
        { name, organisation: 'tar-north' },
        { name, organisation: 'tar-south' },
        { name: 'Tar Limited', organisation: 'tar-south' },
        { name, key: id(1) },
        { name, key: id(2) },
        { name },
        { name },
        { person: id(1) },
        { person: id(2) },
      ];
      const twins = await database.tablesOf([
        ...RECORDS.slice(0, 4),
        ...payees.map((payee, index) =>
          payment(`q-${index}`, { commitment: 'late', payee, ...money(BigInt(2 ** index)) }),
        ),
      ]);
      const answer = await twins.query(treasuryFlowSql('roads'), LIMITS);
      assert(answer.ok, answer.ok ? '' : JSON.stringify(answer.reason));
      const edges = answer.value.rows.filter(([kind]) => kind === 'payee');
      const shown = edges.map(([, , target, title, minor]) => [target, title, String(minor)]);
      const hex = (byte: number) => `0${byte}`.repeat(32);
      expect(shown).to.deep.equal([
        [`person:${hex(2)}`, '', '256'],
        [`person:${hex(1)}`, '', '128'],
        [`name:${name}`, name, '96'],
        [`key:${hex(2)}`, name, '16'],
        [`key:${hex(1)}`, name, '8'],
        ['organisation:tar-south', 'Tar Limited', '6'],
        ['organisation:tar-north', name, '1'],
      ]);
    });
  });
}
