/**
 * The OCDS releases of the repository, imported into the contracts: as many as DuckDB counts in the
 * files, kept as they were, and importing again adds nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { procurement } from '@daybook/applications';
import { openRecords } from '@daybook/contracts';
import { assert, concatBytes, decodeUtf8 } from '@daybook/core';
import type { OcdsPlan, OcdsSource } from '@daybook/formats';
import { createOcdsValidator, planReleases, readOcdsFile } from '@daybook/formats';
import { expect } from 'chai';
import { createBooks } from './books.ts';
import { countBy } from './duckdb.ts';

const FOLDER = join(import.meta.dirname, '../../packages/formats/test/fixtures/ocds');
const PUBLISHER = 'cabinet-office';
const validate = createOcdsValidator();

const sources = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((file): OcdsSource => {
    const read = readOcdsFile({ name: file, bytes: readFileSync(join(FOLDER, file)) }, validate);
    assert(read.ok, 'a shipped file is OCDS');
    return { file, package: read.value };
  });

describe('imports of OCDS releases', function () {
  this.timeout(30_000);
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
    const whole = `(SELECT UNNEST(json_extract(json, '$.releases[*]')) AS release FROM source
      UNION ALL
      SELECT UNNEST(json_extract(json, '$.records[*].releases[*]')) FROM source
      UNION ALL
      SELECT json_extract(json, '$.records[0].compiledRelease') FROM source
        WHERE json_extract(json, '$.records[0].releases[0].ocid') IS NULL
      UNION ALL
      SELECT json FROM source WHERE json_extract(json, '$.releases') IS NULL
        AND json_extract(json, '$.records') IS NULL)`;
    const [counted] = await countBy(
      `WITH source AS (SELECT content::JSON AS json FROM read_text('${FOLDER}/*.json'))
      SELECT COUNT(DISTINCT (json_extract_string(release, '$.ocid'), json_extract_string(release, '$.id')))
      FROM ${whole} WHERE json_extract(release, '$.ocid') IS NOT NULL`,
    );

    expect([String(plan.releases.length)]).to.deep.equal(counted);
    expect(plan.refused).to.deep.equal([]);
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
