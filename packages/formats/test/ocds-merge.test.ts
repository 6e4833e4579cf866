/** The OCDS merge: the published result of the reference process, and each rule by itself. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ExactObject } from '../src/index.ts';
import {
  compileReleases,
  createOcdsValidator,
  readOcdsFile,
  recordsOf,
  writeExactJson,
} from '../src/index.ts';

const FOLDER = join(import.meta.dirname, 'fixtures/ocds');
const validate = createOcdsValidator();

function read(name: string, bytes: Uint8Array = readFileSync(join(FOLDER, name))) {
  const file = readOcdsFile({ name, bytes }, validate);
  if (!file.ok) throw new Error(file.reason.code);
  return file.value;
}

const plain = (json: ExactObject | undefined): unknown => JSON.parse(writeExactJson(json ?? null));

function merge(...releases: readonly object[]): unknown {
  const dated = releases.map((release, index) => ({
    ocid: 'ocds-x-1',
    id: `${index}`,
    date: `2026-01-0${index + 1}T00:00:00Z`,
    ...release,
  }));
  const text = JSON.stringify({ releases: dated });
  const json = read('x', new TextEncoder().encode(text)).releases.map((release) => release.json);
  return plain(compileReleases(json));
}

describe('formats: OCDS merge', () => {
  it('given the reference process in any order, when merged, then it is the published result', () => {
    const published = read('fictional-record.json').records[0]?.compiled?.json;
    const releases = read('fictional-releases.json').releases.map(({ json }) => json);

    expect(plain(compileReleases(releases))).to.deep.equal(plain(published));
    expect(plain(compileReleases(releases.toReversed()))).to.deep.equal(plain(published));
  });

  it('given real releases, when merged, then the result validates no worse than its parts', () => {
    for (const { json, findings } of read('uk-releases.json').releases) {
      const compiled = compileReleases([json]) ?? {};
      expect(validate('release', compiled, { file: '', pointer: '' })).to.have.length(
        findings.length,
      );
    }
  });

  const head = {
    ocid: 'ocds-x-1',
    tag: ['compiled'],
    id: 'ocds-x-1-2026-01-02T00:00:00Z',
    date: '2026-01-02T00:00:00Z',
  };
  const rules: readonly (readonly [string, object, object, object])[] = [
    ['a null', { language: 'en' }, { language: null }, {}],
    [
      'lists with ids',
      { awards: [{ id: 'a', title: 'A' }] },
      { awards: [{ id: 'b' }, { id: 'a', status: 'active' }] },
      { awards: [{ id: 'a', title: 'A', status: 'active' }, { id: 'b' }] },
    ],
    [
      'entries without id',
      { awards: [{ title: 'A' }] },
      { awards: [{ title: 'B' }] },
      { awards: [{ title: 'A' }, { title: 'B' }] },
    ],
    [
      'a list that the schema replaces as a whole',
      { parties: [{ id: 'p', additionalIdentifiers: [{ id: '1' }] }] },
      { parties: [{ id: 'p', additionalIdentifiers: [{ id: '2' }] }] },
      { parties: [{ id: 'p', additionalIdentifiers: [{ id: '2' }] }] },
    ],
    [
      'lists of texts',
      { tender: { submissionMethod: ['a', 'b'] } },
      { tender: { submissionMethod: ['c'] } },
      { tender: { submissionMethod: ['c'] } },
    ],
    [
      'objects',
      { tender: { value: { amount: 1, currency: 'GBP' } } },
      { tender: { value: { amount: 2 } } },
      { tender: { value: { amount: 2, currency: 'GBP' } } },
    ],
    ['an id of a nested object', {}, { buyer: { id: 'b' } }, { buyer: { id: 'b' } }],
  ];
  for (const [title, before, after, expected] of rules) {
    it(`given ${title}, when merged, then the rule of OCDS holds`, () => {
      expect(merge(before, after)).to.deep.equal({ ...head, ...expected });
    });
  }

  it('given dates in several zones, when merged, then the later moment wins', () => {
    const merged = merge(
      { language: 'late', date: '2026-01-01T01:00:00-05:00' },
      { language: 'early', date: '2026-01-01T02:00:00Z' },
    );

    expect(merged).to.deep.include({ language: 'late', date: '2026-01-01T01:00:00-05:00' });
  });

  it('given releases of two processes, then each is a record with all of its own, oldest first', () => {
    const release = (ocid: string, id: string, date: string): ExactObject => ({ ocid, id, date });
    const [late, other, early] = [
      release('a', '2', '2026-01-02T00:00:00Z'),
      release('b', '1', '2026-01-01T00:00:00Z'),
      release('a', '1', '2026-01-01T23:00:00Z'),
    ] as const;

    const records = recordsOf([late, other, early]);

    expect(records.map(({ ocid, releases }) => [ocid, releases])).to.deep.equal([
      ['a', [early, late]],
      ['b', [other]],
    ]);
    expect(records[0]?.compiledRelease).to.deep.include({ ocid: 'a', tag: ['compiled'] });
  });

  it('given no release, when merged, then there is no result', () => {
    expect(compileReleases([])).to.equal(undefined);
  });
});
