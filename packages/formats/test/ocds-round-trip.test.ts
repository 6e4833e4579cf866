/** OCDS: any neutral release, written and read, is what it was. */
import { assert } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Organisation, ProcurementRelease } from '../src/index.ts';
import { explainFinding, releaseJson, writeReleasePackage } from '../src/index.ts';
import { findingsOf, METADATA, readText, validate } from './ocds-files.ts';

describe('formats: OCDS round trip', () => {
  const OPTIONAL: { requiredKeys: [] } = { requiredKeys: [] };
  const word = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
  const text = fc.stringMatching(/^[A-Za-z0-9 é财"\\]{0,20}x$/u);
  const instant = fc
    .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString());
  const money = fc.record({
    minor: fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
    currency: fc.constantFrom('GBP', 'JPY', 'KWD', 'CNY'),
  });
  // Each once: said twice, as no schema lets it, it comes out once.
  const identifiers = fc.uniqueArray(
    fc.record({ scheme: fc.constantFrom('GB-COH', ''), id: word }),
    { maxLength: 3, selector: ({ scheme, id }) => `${scheme} ${id}` },
  );
  const parties = fc.uniqueArray(word, { minLength: 1, maxLength: 4 }).chain((keys) =>
    fc.tuple(
      ...keys.map((key) =>
        fc.record({
          key: fc.constant(key),
          name: text,
          identifiers,
          roles: fc.uniqueArray(fc.constantFrom('buyer', 'supplier', 'payee'), { minLength: 1 }),
        }),
      ),
    ),
  );
  const items = fc.uniqueArray(
    fc
      .tuple(
        word,
        fc.record(
          {
            description: text,
            quantity: fc.constantFrom('1', '2.5', '0.001'),
            classification: fc.record({ scheme: fc.constant('CPV'), code: word, title: text }),
            unit: fc.record({ name: text, price: money }),
          },
          OPTIONAL,
        ),
      )
      .map(([id, more]) => ({ id, ...more })),
    { selector: ({ id }) => id, maxLength: 3 },
  );
  const common = { title: text, description: text, money };

  function arbitraryRelease(all: readonly (Organisation & { roles: string[] })[]) {
    const one = fc.constantFrom(...all).map(({ roles: _, ...party }): Organisation => party);
    const period = fc.record({ start: instant, end: instant }, OPTIONAL);
    const payment = fc.record({ id: word, date: instant, money, payer: one, payee: one });
    return fc
      .record({
        id: word,
        date: instant,
        process: fc.constant('ocds-213czf-1'),
        tags: fc.uniqueArray(fc.constantFrom('planning', 'tender', 'award'), { minLength: 1 }),
        more: fc.record({ language: fc.constant('en'), buyer: one }, OPTIONAL),
        budget: fc.option(fc.record({ title: text, money }), { nil: undefined }),
        tender: fc.option(
          fc.record({
            id: word,
            period,
            items,
            tenderers: fc.uniqueArray(one, { selector: ({ key }) => key, maxLength: 2 }),
            more: fc.record(
              { ...common, status: fc.constant('active'), procuringEntity: one },
              OPTIONAL,
            ),
          }),
          { nil: undefined },
        ),
        award: fc.record({
          id: word,
          items,
          more: fc.record({ ...common, date: instant }, OPTIONAL),
        }),
        suppliers: fc.uniqueArray(one, { selector: ({ key }) => key, maxLength: 2 }),
        contract: fc.record({
          id: word,
          period,
          items,
          more: fc.record({ ...common, signed: instant, status: fc.constant('active') }, OPTIONAL),
        }),
        payments: fc.uniqueArray(payment, { selector: ({ id }) => id, maxLength: 3 }),
      })
      .map((made): ProcurementRelease => {
        const source = (number: string) => ({
          publisher: 'ocds-213czf',
          dataset: made.process,
          number,
          occurrence: 1,
        });
        const payments = made.payments.map((entry) => ({
          kind: 'payment' as const,
          source: source(`${made.contract.id}/${entry.id}`),
          ...entry,
        }));
        const { more: tenderMore, ...tender } = made.tender ?? { more: {} };
        const { more: awardMore, ...award } = made.award;
        const { more: contractMore, ...contract } = made.contract;
        return {
          kind: 'release',
          source: source(made.id),
          process: made.process,
          id: made.id,
          date: made.date,
          tags: made.tags,
          initiation: 'tender',
          ...made.more,
          parties: all,
          ...(made.budget === undefined
            ? {}
            : {
                budget: {
                  kind: 'appropriation',
                  source: source('budget-1'),
                  ...made.budget,
                  period: {},
                  classifications: [],
                },
              }),
          ...('id' in tender ? { tender: { kind: 'tender', ...tender, ...tenderMore } } : {}),
          awards: [{ kind: 'award', ...award, ...awardMore, suppliers: made.suppliers }],
          contracts: [
            { kind: 'contract', award: award.id, ...contract, ...contractMore, payments },
          ],
        };
      });
  }

  it('given an identifier twice, when written, then it stands there once and validates', () => {
    const twice = { scheme: 'GB-COH', id: '2' };
    const identifiers = [{ scheme: 'GB-COH', id: '1' }, twice, twice];
    const party = { key: 'a', name: 'A', identifiers, roles: ['buyer'] };
    const [release] = fc.sample(arbitraryRelease([party]), { numRuns: 1, seed: 1 });
    assert(release !== undefined, 'a sample has one');

    const written = writeReleasePackage(METADATA, [releaseJson(release)], validate);

    expect(written.findings).to.deep.equal([]);
    expect(readText(written.text).releases[0]?.release?.parties[0]?.identifiers).to.deep.equal(
      identifiers.slice(0, 2),
    );
  });

  it('given any release, when written and read, then it validates and is equal', () => {
    fc.assert(
      fc.property(parties.chain(arbitraryRelease), (release) => {
        const written = writeReleasePackage(METADATA, [releaseJson(release)], validate);
        expect(written.findings.map(explainFinding)).to.deep.equal([]);

        const again = readText(written.text);
        expect(findingsOf(again)).to.deep.equal([]);
        expect(again.releases[0]?.release).to.deep.equal(release);
      }),
      { numRuns: 200 },
    );
  });
});
