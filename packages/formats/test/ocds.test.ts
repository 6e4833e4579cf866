/**
 * OCDS: files of five publishers and one reference process against counts and sums that the test
 * makes itself.
 */
import { expect } from 'chai';
import type { Money } from '../src/index.ts';
import {
  explainFinding,
  releaseJson,
  writeRecordPackage,
  writeReleasePackage,
} from '../src/index.ts';
import {
  bytesOf,
  FILES,
  findingsOf,
  METADATA,
  read,
  readText,
  releasesOf,
  validate,
} from './ocds-files.ts';

/** Every release object of plain JSON: what a person would count by searching for `ocid` and `tag`. */
function plainReleases(json: unknown): readonly Record<string, unknown>[] {
  if (typeof json !== 'object' || json === null) return [];
  const own = 'ocid' in json && 'tag' in json ? [json as Record<string, unknown>] : [];
  const skip = new Set([
    'versionedRelease',
    ...('releases' in json && !('uri' in json) && !('ocid' in json) ? ['compiledRelease'] : []),
  ]);
  const below = Object.entries(json).flatMap(([name, value]) =>
    skip.has(name) ? [] : plainReleases(value),
  );
  return own.length > 0 ? own : below;
}

interface PlainValue {
  readonly value?: { readonly amount?: number; readonly currency?: string };
}

const centsOf = (entries: unknown): bigint =>
  (Array.isArray(entries) ? (entries as readonly PlainValue[]) : []).reduce(
    (sum, { value }) =>
      sum + (value?.currency === undefined ? 0n : BigInt(Math.round((value.amount ?? 0) * 100))),
    0n,
  );

const sumOf = (entries: readonly { readonly money?: Money }[]): bigint =>
  entries.reduce((sum, { money }) => sum + (money?.minor ?? 0n), 0n);

describe('formats: OCDS files of real publishers', () => {
  for (const name of FILES) {
    it(`given ${name}, when read, then counts and sums are those of a plain reading`, () => {
      const plain = plainReleases(JSON.parse(new TextDecoder().decode(bytesOf(name))));
      const releases = releasesOf(read(name)).flatMap(({ release }) => release ?? []);
      const awards = plain.flatMap((release) => release.awards ?? []);
      const contracts = plain.flatMap((release) => release.contracts ?? []);
      // Guaraníes have no minor unit; all other currencies of the samples have two decimals.
      const scale = name.startsWith('paraguay') ? 100n : 1n;

      expect(releases.length).to.equal(plain.length);
      expect(releases.flatMap((release) => release.awards).length).to.equal(awards.length);
      expect(releases.flatMap((release) => release.contracts).length).to.equal(contracts.length);
      expect(sumOf(releases.flatMap((release) => release.awards)) * scale).to.equal(
        centsOf(awards),
      );
      expect(sumOf(releases.flatMap((release) => release.contracts)) * scale).to.equal(
        centsOf(contracts),
      );
    });

    it(`given ${name}, when its releases are packed again, then they are what they were`, () => {
      const json = releasesOf(read(name)).map((release) => release.json);
      const { text } = writeReleasePackage(METADATA, json, validate);
      const again: { releases: unknown } = JSON.parse(text);

      const plain = plainReleases(JSON.parse(new TextDecoder().decode(bytesOf(name))));
      expect(again.releases).to.deep.equal(plain);
    });

    it(`given ${name}, when its neutral records are written and read, then they are equal`, () => {
      for (const { release } of releasesOf(read(name))) {
        if (release === undefined) continue;
        const { text } = writeReleasePackage(METADATA, [releaseJson(release)], validate);

        expect(readText(text).releases[0]?.release, release.id).to.deep.equal(release);
      }
    });
  }

  it('given the reference process, when read, then nothing is found', () => {
    for (const name of ['fictional-releases.json', 'fictional-record.json']) {
      expect(findingsOf(read(name)).map(explainFinding), name).to.deep.equal([]);
    }
  });

  it('given the reference process, when written from neutral records, then it validates', () => {
    const { releases } = read('fictional-releases.json');
    const json = releases.flatMap(({ release }) => (release ? [releaseJson(release)] : []));

    expect(writeReleasePackage(METADATA, json, validate).findings).to.deep.equal([]);
  });

  it('given the reference record, when written again, then it validates and is what it was', () => {
    const { metadata, records } = read('fictional-record.json');
    const { text, findings } = writeRecordPackage(
      metadata,
      records.map(({ json }) => json),
      validate,
    );

    expect(findings).to.deep.equal([]);
    expect(JSON.parse(text)).to.deep.equal(
      JSON.parse(new TextDecoder().decode(bytesOf('fictional-record.json'))),
    );
  });

  it('given a record of whole releases, when written, then each is validated', () => {
    const { releases } = read('fictional-releases.json');
    const record = { ocid: 'ocds-213czf-000-00001', releases: releases.map(({ json }) => json) };
    const bad = { ...record, compiledRelease: { ocid: 'ocds-213czf-000-00001' } };

    const metadata = { ...METADATA, packages: ['https://example.org/package.json'] };
    expect(writeRecordPackage(metadata, [record], validate).findings).to.deep.equal([]);
    expect(
      writeRecordPackage(metadata, [bad], validate).findings.map(({ pointer }) => pointer),
    ).to.include('/records/0/compiledRelease/id');
  });

  it('given Montreal, when read, then every fault is found and every award is read', () => {
    const file = read('montreal-releases.json');

    expect(findingsOf(file).map(({ pointer }) => pointer)).to.have.members([
      '/uri',
      '/publishedDate',
      '/version',
      '/releases/0/initiationType',
      '/releases/0/tag',
      '/releases/0/tender/id',
      '/releases/0/awards/0/items/0/id',
    ]);
    expect(file.releases[0]?.release?.awards).to.have.length(1);
  });

  it('given ProZorro, when read, then only what OCDS does not know is found', () => {
    const found = findingsOf(read('ukraine-releases.json')).map(({ pointer }) => pointer);

    expect(found).to.include.members(['/uri', '/publishedDate', '/version']);
  });

  it('given OCDS 1.0 with organisations in place, when read, then identifiers are kept', () => {
    const { records } = read('paraguay-record.json');
    const suppliers = records[0]?.compiled?.release?.awards.flatMap((award) => award.suppliers);

    expect(suppliers?.[0]?.identifiers[0]).to.have.all.keys('scheme', 'id');
  });

  it('given a supplier by reference, when read, then the party with identifiers stands there', () => {
    const awards = read('fictional-releases.json').releases.flatMap(
      ({ release }) => release?.awards ?? [],
    );

    expect(awards[0]?.suppliers).to.deep.equal([
      {
        key: 'GB-COH-11111111',
        name: 'AnyCorp Cycle Provision',
        identifiers: [{ scheme: 'GB-COH', id: '11111111.0' }],
      },
    ]);
  });
});
