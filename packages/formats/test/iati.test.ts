/**
 * IATI: a real file of version 1.01 against counts and sums by text search, one activity in the
 * words of 1.05 and 2.03, every kind of finding, and files that want to do harm.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Finding, IatiActivity, IatiFile } from '../src/index.ts';
import { explainFinding, explainFormats, formatAmount, readIatiFile } from '../src/index.ts';

const NAME = 'dfid-afghanistan-2011.xml';
const BYTES = readFileSync(join(import.meta.dirname, 'fixtures/iati', NAME));

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function read(bytes: Uint8Array): IatiFile {
  const file = readIatiFile({ name: NAME, bytes });
  if (!file.ok) throw new Error(explainFormats(file.reason));
  return file.value;
}

const document = (body: string, version = '2.03'): Uint8Array =>
  encode(
    `<?xml version="1.0"?>\n<iati-activities version="${version}">\n${body}\n</iati-activities>`,
  );

function codeOf(bytes: Uint8Array): string {
  const file = readIatiFile({ name: NAME, bytes });
  return file.ok ? '' : file.reason.code;
}

const findingsOf = ({ findings, activities }: IatiFile): readonly Finding[] => [
  ...findings,
  ...activities.flatMap((activity) => activity.findings),
];

describe('formats: IATI 1.01 of the UK Department for International Development', () => {
  const text = BYTES.toString('utf8');
  const file = read(BYTES);

  it('given the file, when read, then counts and sums are those of a text search', () => {
    const values = [...text.matchAll(/<value [^>]*>(-?[0-9]+)<\/value>/g)].map(([, value]) =>
      BigInt(value ?? '0'),
    );
    const pounds = values.reduce((sum, value) => sum + value, 0n);
    const commitments = file.activities.flatMap((activity) => activity.commitments);

    expect(file.version).to.equal('1.01');
    expect(file.activities).to.have.length(text.split('<iati-activity ').length - 1);
    expect(commitments).to.have.length(values.filter((value) => value !== 0n).length);
    expect(commitments.reduce((sum, { money }) => sum + money.minor, 0n)).to.equal(pounds * 100n);
  });

  it('given commitments of nothing, when read, then each is found and no other thing is', () => {
    const found = findingsOf(file);

    expect(found).to.have.length(text.split('>0</value>').length - 1);
    expect(found[0] && explainFinding(found[0])).to.equal(
      `${NAME}:1:40201 iati-activity[13]/transaction[1]/value: ` +
        'expected an amount that is not zero, found 0',
    );
  });

  it('given an activity, when read, then parties, dates and sectors are those of the file', () => {
    const activity = file.activities.find(({ classifications }) => classifications.length > 0);

    expect(activity?.parties[0]).to.deep.equal({
      name: 'UNITED KINGDOM',
      identifiers: [{ scheme: 'org-id', id: 'GB' }],
      roles: ['1'],
    });
    expect(activity?.period.start).to.match(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/);
    expect(activity?.classifications[0]?.scheme).to.equal('DAC');
  });

  it('given all records, when their import identities are compared, then no two are the same', () => {
    const identities = file.activities.flatMap(({ commitments }) =>
      commitments.map(({ source }) => Object.values(source).join(' ')),
    );

    expect(new Set(identities).size).to.equal(identities.length);
  });
});

const NEW = `
<iati-activity default-currency="USD">
 <iati-identifier>AA-1-P1</iati-identifier>
 <reporting-org ref="AA-1" type="40"><narrative>Agency</narrative></reporting-org>
 <title><narrative>Wells</narrative><narrative xml:lang="fr">Puits</narrative></title>
 <participating-org ref="BB-2" role="4"><narrative>Digger</narrative></participating-org>
 <activity-status code="2"/>
 <activity-date iso-date="2024-01-01" type="1"/><activity-date iso-date="2024-02-01" type="2"/>
 <activity-date iso-date="2025-12-31" type="3"/>
 <recipient-country code="AF"/><sector vocabulary="1" code="14030"/>
 <budget type="1"><period-start iso-date="2024-01-01"/><period-end iso-date="2024-12-31"/>
  <value currency="EUR" value-date="2024-01-01">3000</value></budget>
 <planned-disbursement><period-start iso-date="2024-01-01"/><value>10</value></planned-disbursement>
 <transaction><transaction-type code="2"/><transaction-date iso-date="2024-01-02"/>
  <value value-date="2024-01-02">1000.50</value></transaction>
 <transaction ref="7"><transaction-type code="3"/><transaction-date iso-date="2024-03-01"/>
  <value value-date="2024-03-01">-0.5</value><description><narrative>Pipes &amp; pumps</narrative></description>
  <provider-org ref="AA-1"><narrative>Agency</narrative></provider-org>
  <receiver-org ref="BB-2"><narrative>Digger</narrative></receiver-org></transaction>
</iati-activity>`;

const OLD = NEW.replaceAll(/<narrative xml:lang="fr">[^<]*<\/narrative>/g, '')
  .replaceAll(/<\/?narrative>/g, '')
  .replace('role="4"', 'role="Implementing"')
  .replace('iso-date="2024-01-01" type="1"', 'iso-date="2024-01-01Z" type="start-planned"')
  .replace(
    '<activity-date iso-date="2024-02-01" type="2"/>',
    '<activity-date type="start-actual">2024-02-01Z</activity-date>',
  )
  .replace('type="3"/>', 'type="end-planned"/>')
  .replace('sector vocabulary="1"', 'sector vocabulary="DAC"')
  .replace('transaction-type code="2"', 'transaction-type code="C"')
  .replace('transaction-type code="3"', 'transaction-type code="D"');

describe('formats: IATI versions', () => {
  it('given one activity in the words of 1.05 and 2.03, when read, then they are the same', () => {
    const old = read(document(OLD, '1.05'));
    const current = read(document(NEW));

    expect([...findingsOf(old), ...findingsOf(current)]).to.deep.equal([]);
    const { line: _, ...first } = current.activities[0] ?? ({} as IatiActivity);
    expect(old.activities[0]).to.deep.include(first);
  });

  it('given budget, plan, commitment and payment, when read, then each is a record', () => {
    const [activity] = read(document(NEW)).activities;

    expect(activity?.title).to.equal('Wells');
    expect(activity?.budgets.map(({ money }) => money)).to.deep.equal([
      { minor: 300_000n, currency: 'EUR' },
    ]);
    expect(activity?.planned.map(({ money }) => money.minor)).to.deep.equal([1_000n]);
    expect(activity?.commitments.map(({ money }) => money.minor)).to.deep.equal([100_050n]);
    expect(activity?.payments).to.deep.equal([
      {
        kind: 'payment',
        source: { publisher: 'AA-1', dataset: 'AA-1-P1', number: '7', occurrence: 1 },
        id: '7',
        date: '2024-03-01',
        money: { minor: -50n, currency: 'USD' },
        payer: { name: 'Agency', identifiers: [{ scheme: 'org-id', id: 'AA-1' }] },
        payee: { name: 'Digger', identifiers: [{ scheme: 'org-id', id: 'BB-2' }] },
        purpose: 'Pipes & pumps',
        type: '3',
      },
    ]);
    expect(activity?.period).to.deep.equal({ start: '2024-02-01', end: '2025-12-31' });
  });

  it('given faults, when read, then each names line, column, path, what was expected and found', () => {
    const body = NEW.replace('<iati-identifier>AA-1-P1</iati-identifier>', '')
      .replace('default-currency="USD"', '')
      .replace('<transaction-date iso-date="2024-01-02"/>', '')
      .replace('iso-date="2024-03-01"', 'iso-date="2024-02-30"')
      .replace('>3000<', '>3000.001<');

    expect(findingsOf(read(document(body, '3.0'))).map(explainFinding)).to.deep.equal([
      `${NAME}:2:1 @version: expected a version from 1.01 to 2.03, found 3.0`,
      `${NAME}:4:1 iati-activity[1]/iati-identifier: expected an identifier, found nothing`,
      `${NAME}:14:3 iati-activity[1]/budget[1]/value: expected an amount of EUR, found 3000.001`,
      `${NAME}:15:61 iati-activity[1]/planned-disbursement[1]/value: expected an ISO 4217 code in use, found nothing`,
      `${NAME}:16:2 iati-activity[1]/transaction[1]/transaction-date: expected a date, found nothing`,
      `${NAME}:17:3 iati-activity[1]/transaction[1]/value: expected an ISO 4217 code in use, found nothing`,
      `${NAME}:18:51 iati-activity[1]/transaction[2]/transaction-date: expected a date as yyyy-MM-dd, found 2024-02-30`,
      `${NAME}:19:3 iati-activity[1]/transaction[2]/value: expected an ISO 4217 code in use, found nothing`,
    ]);
  });

  it('given an activity twice, when read, then the second is found and not read', () => {
    const file = read(document(NEW + NEW));

    expect(file.activities).to.have.length(1);
    expect(file.findings.map(({ code, pointer }) => [code, pointer])).to.deep.equal([
      ['FORMATS_RECORD_TWICE', 'iati-activity[2]'],
    ]);
  });

  it('given any amounts, when written into transactions and read, then they are exact', () => {
    const minor = fc
      .bigInt({ min: -(10n ** 15n), max: 10n ** 15n })
      .filter((value) => value !== 0n);
    fc.assert(
      fc.property(fc.array(minor), fc.constantFrom('USD', 'JPY', 'KWD'), (amounts, currency) => {
        const transactions = amounts.map(
          (value) =>
            `<transaction><transaction-type code="4"/><transaction-date iso-date="2024-01-01"/>` +
            `<value currency="${currency}">${formatAmount(value, currency)}</value></transaction>`,
        );
        const body = `<iati-activity><iati-identifier>X</iati-identifier>${transactions.join('')}</iati-activity>`;

        const [activity] = read(document(body)).activities;
        expect(activity?.payments.map(({ money }) => money)).to.deep.equal(
          amounts.map((value) => ({ minor: value, currency })),
        );
      }),
    );
  });
});

describe('formats: XML that wants to do harm', () => {
  const bomb =
    '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><iati-activities version="2.03">&y;</iati-activities>';
  const outside =
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><iati-activities>&x;</iati-activities>';
  const refused: readonly (readonly [string, Uint8Array, string])[] = [
    ['entities that grow', encode(bomb), 'FORMATS_XML_INVALID'],
    ['an entity of a file', encode(outside), 'FORMATS_XML_INVALID'],
    ['an entity nobody defined', document('&x;'), 'FORMATS_XML_INVALID'],
    ['a document that is cut off', BYTES.subarray(0, 90_000), 'FORMATS_XML_INVALID'],
    ['no XML', encode('{}'), 'FORMATS_XML_INVALID'],
    ['deep nesting', document(`<iati-activity>${'<a>'.repeat(40)}`), 'FORMATS_NESTED_TOO_DEEP'],
    ['another format', encode('<feed/>'), 'FORMATS_PACKAGE_UNKNOWN'],
    [
      'an encoding nobody uses',
      encode('<?xml version="1.0" encoding="EBCDIC"?><a/>'),
      'FORMATS_ENCODING_UNKNOWN',
    ],
  ];
  for (const [title, bytes, code] of refused) {
    it(`given ${title}, when read, then the file is refused`, () => {
      expect(codeOf(bytes)).to.equal(code);
    });
  }

  it('given ISO 8859-1, when read, then letters are right', () => {
    const body = NEW.replace('Wells', 'R\u00e9seau');
    const xml = `<?xml version="1.0" encoding="ISO-8859-1"?><iati-activities version="2.03">${body}</iati-activities>`;

    expect(read(Buffer.from(xml, 'latin1')).activities[0]?.title).to.equal('R\u00e9seau');
  });

  it('given too many elements in one activity, when read, then the others are read', () => {
    const large = `<iati-activity>${'<a/>'.repeat(200_001)}</iati-activity>`;
    const file = read(document(large + NEW));

    expect(file.findings.map(({ code }) => code)).to.deep.equal(['FORMATS_RECORD_TOO_LARGE']);
    expect(file.activities.map(({ identifier }) => identifier)).to.deep.equal(['AA-1-P1']);
  });

  it('given a byte changed anywhere, when read, then it is read or refused and never thrown', () => {
    const original = document(NEW);
    fc.assert(
      fc.property(fc.nat(original.length - 1), fc.nat(255), (at, byte) => {
        const changed = original.slice();
        changed[at] = byte;

        expect(readIatiFile({ name: NAME, bytes: changed })).to.have.property('ok');
      }),
      { numRuns: 500 },
    );
  });
});
