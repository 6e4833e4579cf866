/**
 * The OCDS releases of the repository, imported into the contracts: as many as DuckDB counts in the
 * files, kept as they were, and importing again adds nothing.
 */
import { procurement } from '@daybook/applications';
import { openRecords } from '@daybook/contracts';
import { concatBytes, decodeUtf8 } from '@daybook/core';
import type { OcdsPlan } from '@daybook/formats';
import { planReleases } from '@daybook/formats';
import { expect } from 'chai';
import { countBy } from '../../scripts/imports/duckdb.ts';
import { readReleases, releaseFolder, releasesSql } from '../../scripts/imports/releases.ts';
import { createBooks } from './books.ts';

const PUBLISHER = 'cabinet-office';
const FOLDER = releaseFolder();
const sources = readReleases(FOLDER);

describe('imports of OCDS releases', () => {
  const books = createBooks();
  const rows = openRecords(procurement);
  const plan = planReleases(sources, { publisher: PUBLISHER });
  const hashOf = (ocid: string, release: string): Uint8Array | undefined => {
    const row = rows.release(books.view, { ocid, release });
    return row?.status === 'complete' ? row.hash : undefined;
  };
  const carryOut = ({ releases }: OcdsPlan): readonly string[] =>
    books.run(
      releases.flatMap(({ calls }) =>
        calls.map((call) => books.transactionOf([call], [PUBLISHER])),
      ),
    );

  it('given the files, then as many releases are planned as DuckDB finds in them', async () => {
    const [counted] = await countBy(releasesSql(FOLDER));

    const { releases, repeated, refused } = plan;
    const found = [releases.length + repeated, releases.length, refused.length];
    expect(found.map(String)).to.deep.equal(counted);
    expect(refused).to.deep.equal([]);
  });

  it('given the plan, when carried out, then nothing is refused and every release is complete', () => {
    expect(carryOut(plan)).to.deep.equal([]);

    for (const { ocid, release, hash } of plan.releases) {
      expect(hashOf(ocid, release), release).to.deep.equal(hash);
    }
  });

  it('given the ledger, then the JSON of a release in parts is what was published', () => {
    for (const { ocid, release, calls } of plan.releases) {
      const parts = calls.map(
        (_, part) => rows.releasePart(books.view, { ocid, release, part })?.json,
      );
      const text = decodeUtf8(concatBytes(...parts.map((part) => part ?? new Uint8Array())));

      expect(JSON.parse(text.ok ? text.value : ''), release).to.include({ ocid });
    }
  });

  it('given everything on the ledger, when planned again, then nothing is to be done', () => {
    const { releases, present, refused } = planReleases(sources, { publisher: PUBLISHER, hashOf });

    expect({ releases, present, refused }).to.deep.equal({
      releases: [],
      present: plan.releases.length,
      refused: [],
    });
  });
});
