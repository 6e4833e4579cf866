/** OCDS: whatever is wrong with a release is found, and nothing else is refused for it. */
import { expect } from 'chai';
import type { ExactObject } from '../src/index.ts';
import {
  exactNumber,
  explainFinding,
  explainFormats,
  planReleases,
  readOcdsFile,
  writeReleasePackage,
} from '../src/index.ts';
import { findingsOf, METADATA, readText, validate } from './ocds-files.ts';

describe('formats: OCDS findings', () => {
  const release = (more: object): string =>
    JSON.stringify({
      ...METADATA,
      releases: [
        {
          ocid: 'ocds-x-1',
          id: '1',
          date: '2026-01-01T00:00:00Z',
          tag: ['award'],
          initiationType: 'tender',
          ...more,
        },
      ],
    });

  it('given an amount with too many decimals, when read, then it is found and not rounded', () => {
    const text = release({ awards: [{ id: 'a', value: { amount: 1.005, currency: 'GBP' } }] });

    const file = readText(text);
    expect(findingsOf(file).map(explainFinding)).to.deep.equal([
      'test.json /releases/0/awards/0/value/amount: expected an amount of GBP, found 1.005',
    ]);
    expect(file.releases[0]?.release?.awards[0]).not.to.have.property('money');
  });

  it('given an amount no float can hold, when read, then it is exact', () => {
    const text = release({ awards: [{ id: 'a', value: { amount: 7, currency: 'GBP' } }] });
    const exact = readText(text.replace('"amount":7', '"amount":1.100000000000007e12'));
    const money = exact.releases[0]?.release?.awards[0]?.money;

    expect(money).to.equal(undefined);
    const whole = readText(text.replace('"amount":7', '"amount":9007199254740.93'));
    expect(whole.releases[0]?.release?.awards[0]?.money).to.deep.equal({
      minor: 900_719_925_474_093n,
      currency: 'GBP',
    });
    const power = readText(text.replace('"amount":7', '"amount":1.25E+3'));
    expect(power.releases[0]?.release?.awards[0]?.money?.minor).to.equal(125_000n);
  });

  it('given an unknown party and award, when read, then both references are found', () => {
    const text = release({
      parties: [{ id: 'p', name: 'P', roles: ['buyer'] }],
      buyer: { id: 'q' },
      awards: [{ id: 'a' }],
      contracts: [{ id: 'c', awardID: 'b' }],
    });

    expect(findingsOf(readText(text)).map(({ code, pointer }) => [code, pointer])).to.deep.equal([
      ['FORMATS_REFERENCE_UNKNOWN', '/releases/0/contracts/0/awardID'],
      ['FORMATS_REFERENCE_UNKNOWN', '/releases/0/buyer/id'],
    ]);
  });

  it('given one release twice, a number and a name twice, when read, then each is found', () => {
    const one = release({});
    const twice = one.replace(/"releases":\[(.*)\]\}$/, '"releases":[$1,$1,7],"uri":"urn:x"}');

    const file = readText(twice);
    expect(findingsOf(file).map(({ code, pointer }) => [code, pointer])).to.deep.equal([
      ['FORMATS_NAME_TWICE', ''],
      ['FORMATS_SCHEMA_MISMATCH', '/releases/2'],
      ['FORMATS_RECORD_TWICE', '/releases/1'],
    ]);
    expect(file.releases.map((entry) => entry.release?.id)).to.deep.equal(['1', undefined]);
  });

  it('given names that come twice, when read, then each has its line and the last value counts', () => {
    const text = '{"ocid":"a",\n"ocid":"b",\n\n"id":"1","id":"2"}';
    const file = readText(text);

    expect(file.findings.map(({ line, found }) => [line, found])).to.deep.equal([
      [2, 'ocid'],
      [4, 'id'],
    ]);
    expect(file.json).to.deep.equal({ ocid: 'b', id: '2' });
  });

  it('given a list too long to be compared, when read, then the release is not', () => {
    const text = release({ awards: Array.from({ length: 5_001 }, (_, id) => ({ id: `${id}` })) });

    expect(findingsOf(readText(text)).map(({ code }) => code)).to.deep.equal([
      'FORMATS_RECORD_TOO_LARGE',
    ]);
  });

  it('given records of links, of nothing, and of both, then each says what cannot be read, and where', () => {
    const links = ['a', 'b'].map((name) => ({ url: `https://example.org/${name}.json` }));
    const whole = JSON.parse(release({})).releases[0];
    const records = [
      { ocid: 'ocds-213czf-1', releases: links },
      { ocid: 'ocds-213czf-2' },
      { ocid: 'ocds-213czf-3', releases: [...links.slice(1), whole] },
      { ocid: 'ocds-213czf-4', releases: links, compiledRelease: { ...whole, id: '2' } },
    ];
    const file = readText(JSON.stringify({ ...METADATA, records }));
    const sources = [{ file: 'test.json', package: file }];
    const plan = planReleases(sources, { publisher: 'works' });

    const found = file.records.map(({ findings }) =>
      findings.filter(({ code }) => code !== 'FORMATS_SCHEMA_MISMATCH').map(explainFinding),
    );
    expect(found).to.deep.equal([
      [
        'test.json /records/0/releases: expected whole releases or a compiled release, ' +
          'found 2 links: https://example.org/a.json',
      ],
      ['test.json /records/1/releases: expected releases or a compiled release, found nothing'],
      [
        'test.json /records/2/releases: expected whole releases, ' +
          'found 1 link: https://example.org/b.json',
      ],
      [],
    ]);
    expect(plan.releases.map((one) => one.release)).to.deep.equal(['1', '2']);
    expect(
      plan.refused.map(({ pointer, fault }) => [pointer, fault.field, fault.code]),
    ).to.deep.equal([
      ['/records/0', '/releases', 'FORMATS_RELEASES_LINKED'],
      ['/records/1', '/releases', 'FORMATS_FIELD_MISSING'],
    ]);
  });

  it('given a release without its date, when planned, then its place is told once', () => {
    const file = readText(release({ date: undefined }));
    const { refused } = planReleases([{ file: 'x', package: file }], { publisher: 'works' });

    expect(refused.map(({ pointer, fault }) => pointer + fault.field)).to.deep.equal([
      '/releases/0/date',
    ]);
  });

  const refused: readonly (readonly [string, string, string])[] = [
    ['no JSON', '{"a":\n1,}', 'FORMATS_JSON_INVALID'],
    ['JSON that is cut off', '{"releases":[', 'FORMATS_JSON_INVALID'],
    ['deep nesting', '['.repeat(100_000), 'FORMATS_NESTED_TOO_DEEP'],
    ['another format', '{"a":1}', 'FORMATS_PACKAGE_UNKNOWN'],
    ['a list', '[]', 'FORMATS_PACKAGE_UNKNOWN'],
  ];
  for (const [title, text, code] of refused) {
    it(`given ${title}, when read, then the file is refused`, () => {
      const file = readOcdsFile({ name: 'x', bytes: new TextEncoder().encode(text) }, validate);

      expect(file.ok ? '' : file.reason.code).to.equal(code);
      expect(file.ok ? '' : explainFormats(file.reason)).to.match(/^x/);
    });
  }

  it('given bytes that are no UTF-8, when read, then the file is refused', () => {
    const file = readOcdsFile({ name: 'x', bytes: Uint8Array.of(0xff, 0x7b, 0x7d) }, validate);

    expect(file.ok ? '' : file.reason.code).to.equal('FORMATS_ENCODING_UNKNOWN');
  });

  it('given an incomplete release, when written, then the schema says what is missing', () => {
    const json: ExactObject = { ocid: 'ocds-x-1', id: exactNumber('1') };

    expect(
      writeReleasePackage({}, [json], validate).findings.map(({ pointer }) => pointer),
    ).to.include.members(['/uri', '/publisher', '/releases/0/date', '/releases/0/tag']);
  });
});
