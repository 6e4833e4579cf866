/** OCDS files that are imported to prove the importer, and the SQL that counts their releases. */
import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { OcdsSource } from '@daybook/formats';
import { createOcdsValidator, explainFormats, readOcdsFile } from '@daybook/formats';

const FIXTURES = join(import.meta.dirname, '../../packages/formats/test/fixtures/ocds');

/** @param data  folder of whole files with `procurement`; left out, the files of the repository */
export function releaseFolder(data?: string): string {
  return data === undefined ? FIXTURES : join(data, 'procurement');
}

/** Glob of the files in such a folder. */
export function releaseFiles(folder: string): string {
  return join(folder, '**/*.json');
}

/** @throws Error for a file that is no OCDS */
export function readReleases(folder: string): readonly OcdsSource[] {
  const validate = createOcdsValidator();
  return globSync(releaseFiles(folder)).map((path) => {
    const file = relative(folder, path);
    const read = readOcdsFile({ name: file, bytes: readFileSync(path) }, validate);
    if (!read.ok) throw new Error(explainFormats(read.reason));
    return { file, package: read.value };
  });
}

/**
 * Releases as DuckDB finds them in the files: of packages, of records, single ones, and the compiled
 * release of a record whose releases are links. `ocid` and `id` identify one.
 *
 * Columns: releases, different ones, and records that have nothing but links.
 */
export function releasesSql(folder: string): string {
  return `WITH source AS (SELECT content::JSON AS json FROM read_text('${releaseFiles(folder)}')),
    records AS (SELECT UNNEST(json_extract(json, '$.records[*]')) AS record FROM source),
    releases AS (
      SELECT UNNEST(json_extract(json, '$.releases[*]')) AS release FROM source
      UNION ALL SELECT UNNEST(json_extract(record, '$.releases[*]')) FROM records
      UNION ALL SELECT json_extract(record, '$.compiledRelease') FROM records
        WHERE json_extract(record, '$.releases[0].ocid') IS NULL
      UNION ALL SELECT json FROM source WHERE json_extract(json, '$.releases') IS NULL
        AND json_extract(json, '$.records') IS NULL
    ),
    identified AS (
      SELECT json_extract_string(release, '$.ocid') AS ocid,
        json_extract_string(release, '$.id') AS id
      FROM releases
    )
    SELECT COUNT(*), COUNT(DISTINCT (ocid, id)), (
        SELECT COUNT(*) FROM records WHERE json_extract(record, '$.releases[0].ocid') IS NULL
          AND json_extract(record, '$.compiledRelease') IS NULL
      ) FROM identified WHERE ocid IS NOT NULL`;
}
