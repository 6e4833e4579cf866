/**
 * IATI files as they come out again: every element and attribute that stood in them, without what
 * is not on the ledger, and with the ledger's word where that has changed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import type { KeptLine, MergedFiles, SourceFile } from '../src/index.ts';
import { MONEY_FORMATS, mergeKeptFiles } from '../src/index.ts';
import { keptLineOf, movesOf, seriesWith } from './kept-ledger.ts';

const MAPPING = {
  format: 'iati',
  publisher: 'agency',
  title: 'Aid',
  dataset: 'aid',
  licence: 'CC-BY-4.0',
  currency: 'USD',
  period: { start: '2000-01-01', end: '2040-12-31' },
};
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const named = (bytes: Uint8Array): SourceFile => ({ name: 'a.xml', bytes });

function linesOf(bytes: Uint8Array): readonly KeptLine[] {
  const read = MONEY_FORMATS.iati([named(bytes)], MAPPING);
  assert(read.ok, 'the file is IATI');
  return movesOf(read.value).map(keptLineOf);
}

/** The file with what the ledger has, all of it unless said otherwise. */
function merge(bytes: Uint8Array, lines: readonly KeptLine[] = linesOf(bytes)): MergedFiles {
  return mergeKeptFiles({ format: 'iati', files: [named(bytes)] }, seriesWith(lines, MAPPING));
}

const textOf = ({ files }: MergedFiles): string => decode(files[0]?.bytes);

/** Every element by its path, with every attribute and its text, in order of the document. */
function inventoryOf(text: string): readonly string[] {
  const found: string[] = [];
  const path: string[] = [];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => {
    path.push(name);
    found.push(path.join('/'));
    for (const [attribute, value] of Object.entries(attributes)) {
      if (!attribute.includes('daybook')) found.push(`${path.join('/')}@${attribute}=${value}`);
    }
  });
  parser.on('closetag', () => path.pop());
  for (const event of ['text', 'cdata'] as const) {
    parser.on(event, (content) => {
      if (content.trim() !== '') found.push(`${path.join('/')}=${content}`);
    });
  }
  parser.write(text).close();
  return found;
}

/** What our mapper does not read, and what XML can do. */
const ODD = `<?xml version="1.0" encoding="UTF-8"?>
<?publisher keep?>
<iati-activities version="2.03" generated-datetime="2024-01-01T00:00:00Z" linked-data-default="https://x.org/"
  xmlns:x="https://example.org/x">
 <x:registry id='1'>Of the file &amp; nobody else</x:registry>
 <!-- An activity -->
 <iati-activity xml:lang="en" default-currency="USD" x:score="7 &quot;of&quot; 9" humanitarian="1">
  <iati-identifier>AA-1-P1</iati-identifier>
  <reporting-org ref="AA-1" type="40" secondary-reporter="0"><narrative>Agency</narrative></reporting-org>
  <title><narrative>Wells</narrative><narrative xml:lang="fr">Puits</narrative></title>
  <contact-info type="1"><email>a@example.org</email><website>https://example.org/?a=1&amp;b=2</website></contact-info>
  <location ref="KBL"><point srsName="http://www.opengis.net/def/crs/EPSG/0/4326"><pos>31.6 65.7</pos></point></location>
  <participating-org ref="BB-2" role="4"><narrative>Digger</narrative></participating-org>
  <policy-marker vocabulary="1" code="2" significance="3"/>
  <budget type="1" status="2"><period-start iso-date="2024-01-01"/><period-end iso-date="2024-12-31"/>
   <value currency="EUR" value-date="2024-01-01">3000</value></budget>
  <transaction ref="7" humanitarian="1"><transaction-type code="3"/><transaction-date iso-date='2024-03-01'/>
   <value value-date="2024-03-01">1,000.50</value><description><narrative>Pipes &amp; <![CDATA[<pumps>]]></narrative><narrative xml:lang="fr">Tuyaux</narrative></description>
   <receiver-org ref="BB-2" receiver-activity-id="BB-2-9"><narrative>Digger</narrative></receiver-org>
   <disbursement-channel code="1"/><x:note a="&#x4E2D;">mixed <x:b>bold</x:b> text</x:note></transaction>
  <transaction ref="7"><transaction-type code="3"/><transaction-date iso-date="2024-03-02"/>
   <value value-date="2024-03-02">0</value></transaction>
  <transaction ref="7"><transaction-type code="3"/><transaction-date iso-date="2024-03-03"/>
   <value value-date="2024-03-03">5</value></transaction>
  <transaction ref="in"><transaction-type code="1"/><transaction-date iso-date="2024-01-01"/>
   <value value-date="2024-01-01">9</value></transaction>
  <result type="1" aggregation-status="1"><title><narrative>Wells dug</narrative></title>
   <indicator measure="1"><title><narrative>Count</narrative></title><baseline year="2023" value="0"/></indicator></result>
 </iati-activity>
</iati-activities>
`;
/** The refused transaction, with its line end. */
const ZERO =
  /\n {2}<transaction ref="7"><transaction-type code="3"\/><transaction-date iso-date="2024-03-02"\/>[\s\S]*?<\/transaction>/;
const WHOLE = ODD.replace(ZERO, '');
const OLD = `<iati-activities version="1.01"><iati-activity default-currency="USD"><iati-identifier>O-1</iati-identifier>
<title>Road</title><activity-website>https://o.example</activity-website>
<transaction><transaction-type code="D">Disbursement</transaction-type><value value-date="2010-01-01">7</value>
<transaction-date>2010-01-01Z</transaction-date><flow-type code="10">ODA</flow-type></transaction>
</iati-activity></iati-activities>`;

const FOLDER = join(import.meta.dirname, 'fixtures/iati');
const DFID = readFileSync(join(FOLDER, 'dfid-afghanistan-2011.xml'), 'utf8');

describe('formats: IATI files as they come out again', () => {
  for (const [title, text] of [
    ['2.03 with what no record holds', WHOLE],
    ['1.01', OLD],
    ['no line end between elements', WHOLE.replaceAll(/>\s+</g, '><')],
    ['line ends of Windows', WHOLE.replaceAll('\n', '\r\n')],
  ] as const) {
    it(`given ${title}, when all of it is on the ledger, then it comes out byte for byte`, () => {
      const merged = merge(encode(text));

      expect(merged.findings).to.deep.equal([]);
      expect(textOf(merged)).to.equal(text);
    });
  }

  it('given the real file of 1.01, then every element and attribute comes out but those of refused lines', () => {
    const merged = merge(encode(DFID));
    const refused =
      /<transaction>(?:(?!<\/transaction>)[\s\S])*<value [^>]*>0<\/value>[\s\S]*?<\/transaction>/g;
    const expected = inventoryOf(DFID.replace(refused, ''));

    expect(DFID.match(refused)).to.have.length(20);
    expect(expected.length).to.be.above(3000);
    expect(expected).to.include.members(['iati-activities/ir:registry-record@publisher-id=GB-1']);
    expect(inventoryOf(textOf(merged))).to.deep.equal(expected);
  });

  it('given lines that were refused, then they are left out and the others keep their identity', () => {
    const merged = merge(encode(ODD));
    const back = linesOf(merged.files[0]?.bytes ?? new Uint8Array());

    expect(inventoryOf(textOf(merged))).to.deep.equal(inventoryOf(WHOLE));
    expect(textOf(merged)).to.contain('daybook:occurrence="3"');
    const idsOf = (lines: readonly KeptLine[]) => lines.map(({ source }) => source);
    expect(idsOf(back)).to.deep.equal(idsOf(linesOf(encode(ODD))));
  });

  it('given files in another encoding, when a line is left out, then they stay in it', () => {
    const text = ODD.replace('UTF-8', 'ISO-8859-1').replace('Wells<', 'Puits à l’eau<');
    const bytes = Buffer.from(text.replace('’', '\u0092'), 'latin1');
    const merged = merge(bytes);

    expect(Buffer.from(merged.files[0]?.bytes ?? []).toString('latin1')).to.contain(
      'Puits à l\u0092eau<',
    );
    expect(merged.findings).to.deep.equal([]);
  });
});

/** Lines with one of them changed, as the ledger may have them by now. */
function changed(
  number: string,
  change: (line: KeptLine) => Partial<KeptLine>,
  text = WHOLE,
): readonly KeptLine[] {
  const lines = linesOf(encode(text));
  expect(lines.some(({ source }) => source.number === number)).to.equal(true);
  return lines.map((line) =>
    line.source.number === number && line.source.occurrence === 1
      ? { ...line, ...change(line) }
      : line,
  );
}

describe("formats: the ledger's word in IATI files", () => {
  const paid = { date: '2024-04-01', description: 'Pumps <only> \u6cf5', rows: [] };

  it('given a corrected payment, then date and description are those of the ledger, all else stays', () => {
    const merged = merge(
      encode(WHOLE),
      changed('7', () => ({ payment: paid })),
    );
    const expected = WHOLE.replace("iso-date='2024-03-01'", 'iso-date="2024-04-01"').replace(
      /Pipes &amp;.*Tuyaux<\/narrative>/,
      'Pumps &lt;only&gt; &#27893;</narrative>',
    );

    expect(textOf(merged)).to.equal(expected);
  });

  it('given a corrected payment of 1.01 that said nothing, then it says it as 1.01 does', () => {
    const [number = ''] = linesOf(encode(OLD)).flatMap(({ action, source }) =>
      action === 'disburse' ? [source.number] : [],
    );
    const lines = changed(number, () => ({ payment: paid }), OLD);
    const text = textOf(merge(encode(OLD), lines));

    expect(text).to.contain('<description>Pumps &lt;only&gt; &#27893;</description>');
    expect(text).to.contain('<transaction-date>2024-04-01</transaction-date>');
  });

  it('given another amount or title on the ledger, then the ledger has the word', () => {
    const money = changed('7', () => ({ amount: { minor: 7n, currency: 'EUR' } }));
    const title = changed('AA-1-P1', () => ({ title: 'Deep wells' }));

    expect(textOf(merge(encode(WHOLE), money))).to.contain(
      '<value currency="EUR" value-date="2024-03-01">0.07</value>',
    );
    expect(textOf(merge(encode(WHOLE), title))).to.contain(
      '<title><narrative>Deep wells</narrative></title>',
    );
  });

  it('given another payee on the ledger, then the transaction is left out and told', () => {
    const merged = merge(
      encode(WHOLE),
      changed('7', () => ({ payee: 'Somebody' })),
    );

    expect(merged.findings).to.have.length(1);
    expect(merged.findings[0]).to.deep.include({
      code: 'FORMATS_DETAILS_DIFFER',
      expected: 'Somebody',
      found: 'Digger',
    });
    expect(textOf(merged)).not.to.contain('1,000.50');
  });

  it('given an activity that is not on the ledger, or twice in the file, then it does not come out', () => {
    const one = WHOLE.slice(WHOLE.indexOf('<iati-activity '), WHOLE.indexOf('</iati-activities>'));
    const other = one.replace('AA-1-P1', 'AA-1-P2');
    const lines = linesOf(encode(WHOLE));
    const both = merge(
      encode(WHOLE.replace(one, `${one.trimEnd()}${other.trimEnd()}${one}`)),
      lines,
    );

    expect(textOf(both)).to.equal(WHOLE);
    expect(merge(encode(WHOLE), []).files).to.deep.equal([]);
  });

  it('given an activity without a title that the ledger calls otherwise, then it is left out and told', () => {
    const bare = WHOLE.replace(/ {2}<title>.*<\/title>\n/, '');
    const lines = linesOf(encode(bare)).map((line) =>
      line.action === 'allocate' ? { ...line, title: 'Deep wells' } : line,
    );

    expect(merge(encode(bare), lines)).to.have.nested.property('findings[0].field', 'title');
  });

  it('given any bytes in a kept file, then only what the ledger says comes out of it', () => {
    const original = encode(ODD);
    const lines = linesOf(original);
    const known = new Map(lines.map((line) => [JSON.stringify(line.source), line]));
    const edit = fc.tuple(fc.nat(original.length - 1), fc.constantFrom(...encode('0<>"&\'/x 7')));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const bytes = original.slice();
        for (const [at, byte] of edits) bytes[at] = byte;
        const [file] = merge(bytes, lines).files;
        if (file === undefined) return;

        for (const line of linesOf(file.bytes)) {
          const { amount, action, payment, title } = known.get(JSON.stringify(line.source)) ?? {};
          expect({ amount, action, date: payment?.date, title }).to.deep.equal({
            amount: line.amount,
            action: line.action,
            date: line.payment?.date,
            title: line.title,
          });
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('formats: activities that are not read', () => {
  it('given one that is too large, when imported, then its line is refused with file, line and column', () => {
    const large = `<iati-activity>${'<a/>'.repeat(200_001)}</iati-activity>`;
    const text = WHOLE.replace('<iati-activity ', `${large}<iati-activity `);
    const read = MONEY_FORMATS.iati([named(encode(text))], MAPPING);
    assert(read.ok, 'the others are read');

    expect(read.value.filter(({ ok }) => !ok)).to.deep.equal([
      {
        file: 'a.xml',
        line: 7,
        column: 2,
        ok: false,
        amount: undefined,
        currency: 'USD',
        faults: [
          {
            field: 'iati-activity[1]',
            code: 'FORMATS_RECORD_TOO_LARGE',
            expected: 'at most 200000 elements',
            found: 'more',
          },
        ],
      },
    ]);
  });
});
