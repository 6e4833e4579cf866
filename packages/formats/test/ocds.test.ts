/**
 * OCDS: files of five publishers and one reference process against counts and sums that the test
 * makes itself, findings instead of refusals, and round trips that lose nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import type {
  ExactObject,
  Finding,
  Money,
  OcdsPackage,
  OcdsRelease,
  Organisation,
  ProcurementRelease,
} from '../src/index.ts';
import {
  createOcdsValidator,
  exactNumber,
  explainFinding,
  explainFormats,
  readOcdsFile,
  releaseJson,
  writeRecordPackage,
  writeReleasePackage,
} from '../src/index.ts';

const FOLDER = join(import.meta.dirname, 'fixtures/ocds');
const FILES = readdirSync(FOLDER).toSorted();
const METADATA = {
  uri: 'https://example.org/package.json',
  publisher: { name: 'Daybook' },
  publishedDate: '2026-01-01T00:00:00Z',
  version: '1.1',
};

const validate = createOcdsValidator();
const bytesOf = (name: string): Uint8Array => readFileSync(join(FOLDER, name));

function read(name: string, bytes: Uint8Array = bytesOf(name)): OcdsPackage {
  const file = readOcdsFile({ name, bytes }, validate);
  if (!file.ok) throw new Error(explainFormats(file.reason));
  return file.value;
}

const readText = (text: string): OcdsPackage => read('test.json', new TextEncoder().encode(text));

function releasesOf({ releases, records }: OcdsPackage): readonly OcdsRelease[] {
  const inRecords = records.flatMap((record) => [
    ...record.releases,
    ...(record.compiled === undefined ? [] : [record.compiled]),
  ]);
  return [...releases, ...inRecords];
}

function findingsOf(file: OcdsPackage): readonly Finding[] {
  const ofRecords = file.records.flatMap(({ findings }) => findings);
  return [...file.findings, ...ofRecords, ...releasesOf(file).flatMap(({ findings }) => findings)];
}

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
  const identifiers = fc.array(fc.record({ scheme: fc.constantFrom('GB-COH', ''), id: word }), {
    maxLength: 3,
  });
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
