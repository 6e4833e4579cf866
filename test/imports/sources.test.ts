/**
 * Every source of the repository, imported into the contracts: counts and sums are those that
 * DuckDB finds in the files, the ledger gives back what was read, and importing again adds nothing.
 */
import { assert } from '@daybook/core';
import type { Move } from '@daybook/formats';
import { explainFormats, MONEY_FORMATS, planImport, signedOf, totalLines } from '@daybook/formats';
import { expect } from 'chai';
import { countBy } from '../../scripts/imports/duckdb.ts';
import { filesOf, importSources, mappingOf } from '../../scripts/imports/sources.ts';
import { carryOut, createBooks, presentIn, rowsOf } from './books.ts';

/** One organisation keeps all books, another grants and controls. */
const HOLDER = 'cabinet-office';
const PARTIES = { grantor: 'hm-treasury', controller: 'hm-treasury' };

describe('imports of every shipped source', function () {
  this.timeout(60_000);
  for (const source of importSources()) {
    describe(source.name, () => {
      const read = MONEY_FORMATS[source.format](filesOf(source), mappingOf(source), {
        holder: HOLDER,
      });
      assert(read.ok, read.ok ? '' : explainFormats(read.reason));
      const lines = read.value;
      const moves = lines.flatMap((line): readonly Move[] => (line.ok ? [line.move] : []));
      const books = createBooks();

      it('given the files, then lines and sums are those that DuckDB counts', async () => {
        const counted = await countBy(source.sql);

        const totals = totalLines(lines).map((one) => [
          one.currency,
          String(one.linesImported + one.linesRefused),
          String(one.file),
        ]);
        expect(totals).to.deep.equal(counted);
      });

      it('given the plan, when carried out, then nothing is refused and every line is kept', () => {
        expect(carryOut(planImport(lines, PARTIES), books)).to.deep.equal([]);

        const present = presentIn(books);
        // An allocation holds what is taken out of it, which is more than its line says.
        for (const move of moves.filter(({ kind }) => kind !== 'allocation')) {
          expect(present.amountOf(move.source), move.source.number).to.equal(signedOf(move));
        }
      });

      it('given the ledger, then the details of every line are those of the file', () => {
        const kept = moves.map(({ source: key }) => rowsOf.source(books.view, key)?.details);

        expect(kept).to.deep.equal(moves.map(({ details }) => details));
      });

      it('given all of it on the ledger, when planned again, then there is nothing to do', () => {
        const plan = planImport(lines, { ...PARTIES, present: presentIn(books) });

        expect(Object.values(plan).flat(2)).to.deep.equal([]);
      });
    });
  }
});
