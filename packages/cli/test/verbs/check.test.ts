import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { run } from '../fixtures/run.ts';

const SPEND = {
  format: 'spend-csv',
  publisher: 'works',
  dataset: 'spend',
  title: 'Spending',
  licence: 'OGL-UK-3.0',
  currency: 'GBP',
  fiscalYearStart: '04-01',
  encodings: ['utf-8'],
  dates: ['yyyy-MM-dd'],
  decimalSign: '.',
  groupSign: ',',
  separator: ',',
  columns: {
    number: ['Number'],
    date: ['Date'],
    amount: ['Amount'],
    payee: ['Payee'],
    body: ['Body'],
  },
  bodies: [{ body: 'works', title: 'Works', names: ['Works'] }],
};
const IATI = {
  format: 'iati',
  publisher: 'works',
  dataset: 'iati',
  title: 'Activities',
  licence: 'OGL-UK-3.0',
  currency: 'GBP',
  period: { start: '2026-01-01', end: '2026-12-31' },
};

describe('check of files', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-check-'));
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('given a file that is no JSON before a good one, then it is one refusal with its place, and the other is read', async () => {
    const release = { ocid: 'ocds-1-a', id: '1', date: '2026-01-02T00:00:00Z', tag: ['planning'] };
    const good = { releases: [{ ...release, initiationType: 'tender', language: 'en' }] };
    const files = ['bad.json', 'good.json'].map((name) => path.join(folder, name));
    await writeFile(files[0] ?? '', '{\n  "releases": [,]\n}');
    await writeFile(files[1] ?? '', JSON.stringify(good));

    const ran = await run(['check', 'ocds', ...files, '--json']);
    const shown = await run(['check', 'ocds', ...files]);

    expect(ran.exit, ran.errors).to.equal('refused');
    const { releases, refused } = ran.json<{
      readonly releases: number;
      readonly refused: readonly object[];
    }>();
    expect(releases).to.equal(1);
    expect(refused).to.have.length(1);
    const place = { file: 'bad.json', line: 2, column: 16, expected: 'JSON' };
    expect(refused[0]).to.include({ ...place, reason: 'FORMATS_JSON_INVALID' });
    expect(shown.out).to.contain('2:16').and.to.not.contain('import could not go on');
  });

  it('given money files of which one cannot be read, then it is one refusal, and the others are read', async () => {
    const mapping = path.join(folder, 'mapping.json');
    await writeFile(mapping, JSON.stringify(SPEND));
    const header = 'Date,Number,Payee,Body,Amount';
    const texts: Readonly<Record<string, string>> = {
      'a-other.csv': 'Wrong,Header\n1,2\n',
      'b-empty.csv': '',
      'c-good.csv': `${header}\n2026-01-02,1,Pump & Sons,Works,12.50\n2026-01-03,2,Mill,Works,12.5O\n`,
    };
    const files = Object.keys(texts).map((name) => path.join(folder, name));
    for (const [name, text] of Object.entries(texts)) {
      await writeFile(path.join(folder, name), text);
    }

    const ran = await run(['check', 'spend', ...files, '--mapping', mapping, '--json']);
    const shown = await run(['check', 'spend', ...files, '--mapping', mapping]);

    expect(ran.exit, ran.errors).to.equal('refused');
    const report = ran.json<{
      readonly linesRead: number;
      readonly linesRefused: readonly object[];
      readonly filesRefused: readonly { readonly file: string; readonly reason: string }[];
    }>();
    expect(report.linesRead).to.equal(1);
    expect(report.linesRefused).to.have.length(1);
    expect(report.filesRefused.map(({ file, reason }) => [file, reason])).to.deep.equal([
      ['a-other.csv', 'FORMATS_COLUMN_MISSING'],
      ['b-empty.csv', 'FORMATS_FILE_EMPTY'],
    ]);
    expect(shown.out).to.contain('headers are Wrong, Header').and.to.contain('Files refused');
    expect(shown.out).to.contain('1 refused line without a readable amount not counted');
  });

  it('given XML that breaks off before a good file, then the refusal has its line', async () => {
    const mapping = path.join(folder, 'iati.json');
    await writeFile(mapping, JSON.stringify(IATI));
    const files = ['bad.xml', 'good.xml'].map((name) => path.join(folder, name));
    await writeFile(files[0] ?? '', '<iati-activities version="2.03">\n<iati-activity>\n');
    await writeFile(files[1] ?? '', '<iati-activities version="2.03"></iati-activities>');

    const ran = await run(['check', 'iati', ...files, '--mapping', mapping, '--json']);

    expect(ran.exit, ran.errors).to.equal('refused');
    const { filesRefused } = ran.json<{ readonly filesRefused: readonly object[] }>();
    expect(filesRefused).to.have.length(1);
    expect(filesRefused[0]).to.include({ file: 'bad.xml', reason: 'FORMATS_XML_INVALID' });
    expect(filesRefused[0]).to.have.property('line');
  });
});
