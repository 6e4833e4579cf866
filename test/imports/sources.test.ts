/**
 * Every source of the repository, imported into the contracts: counts and sums are those that
 * DuckDB finds in the files, the ledger gives back what was read, and importing again adds nothing.
 */
import { assert } from '@daybook/core';
import type { KeptRecord, Move, RecordSource, SourceFile } from '@daybook/formats';
import {
  createFiscalValidator,
  decodeFundsMapping,
  decodeSpendMapping,
  explainFormats,
  joinActivities,
  MONEY_FORMATS,
  mergeKeptFiles,
  planImport,
  planKeptFiles,
  readFiscalPackage,
  readKeptFiles,
  readKeptLines,
  signedOf,
  totalLines,
  writeFiscalPackages,
  writeFundsFiles,
  writeIatiFile,
  writeSpendFiles,
} from '@daybook/formats';
import { expect } from 'chai';
import { countBy } from '../../scripts/imports/duckdb.ts';
import type { ImportSource } from '../../scripts/imports/sources.ts';
import { filesOf, importSources, mappingOf } from '../../scripts/imports/sources.ts';
import { carryOut, createBooks, keptLine, presentIn, rowsOf } from './books.ts';

/** One organisation keeps all books, another grants and controls. */
const HOLDER = 'cabinet-office';
const PARTIES = { grantor: 'hm-treasury', controller: 'hm-treasury' };

const validate = createFiscalValidator();

/** What was imported in the format that it came in: files that are read together. */
function filesAgain(
  source: ImportSource,
  kept: readonly KeptRecord[],
): readonly (readonly SourceFile[])[] {
  const mapping: unknown = mappingOf(source);
  switch (source.format) {
    case 'spend': {
      const decoded = decodeSpendMapping(mapping);
      assert(decoded.ok, 'the mapping of the source was read before');
      const payments = kept.flatMap((one) => (one.origin === 'spend' ? [one.record] : []));
      return [writeSpendFiles(payments, decoded.value)];
    }
    case 'funds': {
      const decoded = decodeFundsMapping(mapping);
      assert(decoded.ok, 'the mapping of the source was read before');
      const projects = kept.flatMap((one) => (one.origin === 'funds' ? [one.record] : []));
      return [writeFundsFiles(projects, decoded.value)];
    }
    case 'iati': {
      const parts = kept.filter((one) => one.origin === 'iati');
      return [[writeIatiFile('activities.xml', joinActivities(parts))]];
    }
    case 'fiscal': {
      const own = kept.flatMap((one) => (one.origin === 'fiscal' ? [one.record] : []));
      return writeFiscalPackages({ name: 'kept', title: 'Kept' }, own).map(({ files }) => files);
    }
  }
}

/** Moves by their identity; the line of a file in which an activity stands is none of it. */
function byIdentity(moves: readonly Move[]): Readonly<Record<string, object>> {
  const plain = moves.map(({ details = '{}', ...move }) => {
    const { line: _line, ...told } = JSON.parse(details);
    return [JSON.stringify(Object.values(move.source)), { ...move, told }] as const;
  });
  return Object.fromEntries(plain.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

describe('imports of every shipped source', () => {
  for (const source of importSources()) {
    describe(source.name, () => {
      const read = MONEY_FORMATS[source.format](filesOf(source), mappingOf(source), {
        holder: HOLDER,
      });
      assert(read.ok, read.ok ? '' : explainFormats(read.reason));
      const lines = read.value;
      const moves = lines.flatMap((line): readonly Move[] => (line.ok ? [line.move] : []));
      const books = createBooks();
      const recordsOf = (): readonly KeptRecord[] => {
        const { records, findings } = readKeptLines(
          moves.flatMap(({ source: key }) => keptLine(books, key) ?? []),
        );
        expect(findings).to.deep.equal([]);
        return records;
      };

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

      it('given the ledger, then its payments come out as a package that reads the same', () => {
        const payments = recordsOf().flatMap((one) => (one.origin === 'spend' ? [one.record] : []));
        const written = writeFiscalPackages({ name: 'kept', title: 'Kept' }, payments);
        const read = written.flatMap(({ files: [descriptor, ...tables] }) => {
          assert(descriptor !== undefined, 'a package has a descriptor');
          const back = readFiscalPackage(descriptor, tables, validate);
          assert(back.ok, 'a written package can be read');
          expect(back.value.findings).to.deep.equal([]);
          return back.value.records;
        });

        const spent = source.format === 'spend' ? moves : [];
        const idOf = (key: RecordSource): string => JSON.stringify(Object.values(key));
        const byId = new Map(read.map((record) => [idOf(record.source), record]));
        expect(read).to.have.length(spent.length);
        for (const payment of payments) {
          expect(byId.get(idOf(payment.source))).to.deep.equal(payment);
        }
        const told = payments.map(({ money, date, payee, purpose }) => [
          money.minor,
          date,
          payee?.name,
          purpose,
        ]);
        const lines = spent.map((move) => [
          signedOf(move),
          'date' in move ? move.date : undefined,
          move.rows.at(-1)?.title,
          'purpose' in move ? move.purpose : undefined,
        ]);
        expect(told).to.deep.equal(lines);
      });

      it('given the ledger, then it comes out in its own format, and reading that gives the same lines', () => {
        const again = filesAgain(source, recordsOf()).flatMap((together) => {
          const back = MONEY_FORMATS[source.format](together, mappingOf(source), {
            holder: HOLDER,
          });
          assert(back.ok, back.ok ? '' : explainFormats(back.reason));
          return back.value;
        });
        const faults = again.filter(({ ok }) => !ok);

        expect(faults).to.deep.equal([]);
        expect(byIdentity(again.flatMap((line) => (line.ok ? [line.move] : [])))).to.deep.equal(
          byIdentity(moves),
        );
      });

      it('given the files on the ledger, then everything in them comes out that is no refused line', () => {
        const files = filesOf(source);
        const mapping = mappingOf(source);
        const planned = planKeptFiles(source.format, files, { mapping, holder: HOLDER });
        assert(planned.ok, planned.ok ? '' : explainFormats(planned.reason));
        expect(planned.value.length > 0).to.equal(['iati', 'fiscal'].includes(source.format));
        const calls = planned.value.map(({ call }) => books.transactionOf([call], [HOLDER]));
        expect(books.run(calls)).to.deep.equal([]);

        const kept = planned.value.map(({ key }) => rowsOf.filePart(books.view, key)?.bytes);
        const bytes = kept.filter((part) => part !== undefined);
        expect(bytes).to.have.length(kept.length);
        const [first] = planned.value;
        if (first === undefined) return;
        const bundle = readKeptFiles(bytes, first.key.files);
        assert(bundle.ok, 'the parts are those of the files');
        const { publisher, dataset } = first.key;
        const lineOf = (key: RecordSource) => keptLine(books, key);
        const merged = mergeKeptFiles(bundle.value, { publisher, dataset, lineOf });
        expect(merged.findings).to.deep.equal([]);
        const again = MONEY_FORMATS[source.format](merged.files, mapping, { holder: HOLDER });
        assert(again.ok, again.ok ? '' : explainFormats(again.reason));
        const back = again.value.flatMap((line) => (line.ok ? [line.move] : []));
        expect(again.value.filter(({ ok }) => !ok)).to.deep.equal([]);
        expect(byIdentity(back)).to.deep.equal(byIdentity(moves));
      });

      it('given all of it on the ledger, when planned again, then there is nothing to do', () => {
        const plan = planImport(lines, { ...PARTIES, present: presentIn(books) });

        expect(Object.values(plan).flat(2)).to.deep.equal([]);
      });
    });
  }
});
