/** `daybook import` and `publish`: what goes onto a ledger as a file comes out of it again. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { procurement, treasury } from '@daybook/applications';
import { createClient, isRefusal } from '@daybook/client';
import type { Call } from '@daybook/core';
import { createSigner, encodeUtf8, sha256 } from '@daybook/core';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import type { Ended } from './process.ts';
import { daybook } from './process.ts';

const FIXTURES = path.join(import.meta.dirname, '../../../formats/test/fixtures');
const WORKS = 'works';
/** Two officers: nobody may grant money to himself, or pay it alone. */
const OFFICERS = [
  {
    name: 'head',
    roles: [
      'directory.administrator',
      'governance.delegate',
      'treasury.appropriator',
      'treasury.payer',
      'procurement.buyer',
    ],
  },
  {
    name: 'other',
    roles: ['treasury.budgeter', 'treasury.controller', 'procurement.publisher'],
  },
];

/** Gives the money of payments, which two organisations sign. */
const GRANTS = 'grants';
const GRANTING = [
  {
    name: 'giver',
    roles: [
      'directory.administrator',
      'governance.delegate',
      'treasury.appropriator',
      'treasury.controller',
    ],
  },
];

interface ShownRelease {
  readonly tag: readonly string[];
  readonly tender?: { readonly title: string };
}

/** The first row of a list that has one. */
async function firstRow<T>(list: AsyncIterable<{ readonly row: T }>): Promise<T> {
  for await (const { row } of list) return row;
  throw new Error('the list is empty');
}

async function expectNothingAt(file: string): Promise<void> {
  const found = await stat(file).then(
    () => 'something',
    () => 'nothing',
  );
  expect(found).to.equal('nothing');
}

describe('imports by commands, and what they give back', () => {
  let cluster: Cluster;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-exports-'));
    const title = { en: WORKS, zh: WORKS };
    cluster = await startCluster({
      members: [
        { slug: WORKS, title, officers: OFFICERS, node: 'validator' },
        { slug: GRANTS, title: { en: GRANTS, zh: GRANTS }, officers: GRANTING, node: 'none' },
      ],
      parameters: { blockIntervalMs: 20 },
      tables: [WORKS],
    });
  });
  after(async () => {
    await cluster.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const signer = (name: string, slug = WORKS): readonly string[] => [
    '--signer',
    `${slug}/${name}=${path.join(cluster.directory, 'officers', `${slug}-${name}.json`)}`,
  ];
  const run = async (...words: readonly string[]): Promise<Ended> =>
    await daybook([...words, '--url', cluster.node(WORKS).apiUrl, '--json']);

  it('given releases, when imported twice, then they are there once and come out as they were', async () => {
    const file = path.join(FIXTURES, 'ocds/uk-releases.json');
    const bring = ['import', 'ocds', file, '--publisher', WORKS, ...signer('other')];
    const first = await run(...bring);
    const second = await run(...bring);
    expect(first.code, first.errors + first.out).to.equal(0);
    const out = path.join(folder, 'releases.json');

    const kept = await run(
      'publish',
      'ocds',
      '--uri',
      'https://example.org/r',
      '--publisher',
      'Works',
      '--out',
      out,
    );

    expect(kept.code, kept.errors).to.equal(0);
    const releasesOf = async (name: string): Promise<readonly { readonly id: string }[]> => {
      const json = JSON.parse(await readFile(name, 'utf8')) as {
        readonly releases: readonly { readonly id: string }[];
      };
      return json.releases.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    };
    const published = await releasesOf(file);
    expect(await releasesOf(out)).to.deep.equal(published);
    expect(first.json()).to.include({ added: published.length });
    expect(second.json()).to.include({ added: 0, present: published.length });
    expect(kept.json()).to.deep.include({ findings: [] });
    expect(first.json()).to.deep.include({ files: { added: 1, present: 0 } });
    const whole = path.join(folder, 'ocds');
    const files = await run('publish', 'files', WORKS, '--out', whole);
    expect(files.code, files.errors).to.equal(0);
    const [again, source] = [path.join(whole, 'uk-releases.json'), file].map(
      async (name) => JSON.parse(await readFile(name, 'utf8')) as unknown,
    );
    expect(await again).to.deep.equal(await source);
  });

  it('given a name of which nothing is there, then nothing is written, and it says so', async () => {
    const out = path.join(folder, 'nobody');
    const wanted = [
      ['publish', 'money', 'nobody'],
      ['publish', 'files', 'nobody'],
      ['publish', 'iati', 'nobody'],
      ['publish', 'ocds', '--ocid', 'nobody', '--uri', 'https://example.org/r', '--publisher', 'W'],
    ];

    for (const words of wanted) {
      const ran = await run(...words, '--out', out);

      expect(ran.code, words.join(' ')).to.equal(1);
      expect(ran.errors + ran.out).to.contain('CLI_PUBLICATION_EMPTY');
    }
    await expectNothingAt(out);
  });

  it('given a process of this ledger, then each of its releases shows the state after its block', async () => {
    const client = createClient({
      urls: [cluster.node(WORKS).apiUrl],
      chain: cluster.genesis.chain,
    });
    const { calls } = client.contractOf(procurement);
    const head = `${WORKS}/head`;
    const { secretKey } = cluster.officer(head);
    const perform = async (call: Call): Promise<string> =>
      (await client.perform([{ identity: head, signer: createSigner(secretKey) }], [call])).state;
    const ocid = 'ocds-daybook-road-7';
    const times = { closes: 4_000_000_000_000, revealBy: 4_000_000_100_000 };
    const tender = { ocid, title: 'Road 7', items: [], ...times, awardBy: 4_000_000_200_000 };
    const amount = { minor: 500n, currency: 'GBP' };
    expect(await perform(calls.plan({ ocid, publisher: WORKS, planning: { amount } }))).to.equal(
      'committed',
    );
    expect(await perform(calls.openTender(tender))).to.equal('committed');
    const change = { ocid, amendment: 'a', title: 'Road 7, both lanes', reason: 'Wider' };
    expect(await perform(calls.amendTender(change))).to.equal('committed');
    const out = path.join(folder, 'own.json');
    const about = ['--ocid', ocid, '--uri', 'https://example.org/r', '--publisher', 'Works'];

    const kept = await run('publish', 'ocds', ...about, '--out', out);

    expect(kept.code, kept.errors).to.equal(0);
    expect(kept.json()).to.deep.include({ releases: 3, findings: [] });
    const { releases } = JSON.parse(await readFile(out, 'utf8'));
    expect(releases.map(({ tag, tender }: ShownRelease) => [tag[0], tender?.title])).to.deep.equal([
      ['planning', undefined],
      ['tender', 'Road 7'],
      ['tenderAmendment', 'Road 7, both lanes'],
    ]);

    const asRecords = await run('publish', 'ocds', ...about, '--records', '--out', out);

    expect(asRecords.code, asRecords.errors).to.equal(0);
    expect(asRecords.json()).to.deep.include({ releases: 3, records: 1, findings: [] });
    const { records } = JSON.parse(await readFile(out, 'utf8'));
    expect(records[0].releases).to.deep.equal(releases);
    const { compiledRelease } = records[0];
    expect(compiledRelease.tag).to.deep.equal(['compiled']);
    expect(compiledRelease.tender.title).to.equal('Road 7, both lanes');
  });

  it('given funded projects, when a line is wrong, then the others come out with their details', async () => {
    const data = path.join(FIXTURES, 'funds/england-2014-2020');
    const options = ['--mapping', path.join(data, 'mapping.json'), '--holder', WORKS];
    const parties = [
      '--grantor',
      WORKS,
      '--controller',
      WORKS,
      ...signer('head'),
      ...signer('other'),
    ];
    const brought = await run(
      'import',
      'funds',
      path.join(data, '2014-2020.csv'),
      ...options,
      ...parties,
    );
    expect(brought.code, brought.errors).to.equal(1);
    const report = brought.json<{
      readonly linesImported: number;
      readonly linesRefused: readonly object[];
    }>();
    const out = path.join(folder, 'dclg');

    const kept = await run('publish', 'money', 'dclg', '--out', out);

    expect(report.linesRefused).to.have.length(2);
    expect(report.linesRefused[0]).to.have.all.keys([
      'file',
      'line',
      'field',
      'reason',
      'expected',
      'found',
    ]);
    expect(kept.code, kept.errors).to.equal(0);
    expect(await readdir(out)).to.deep.equal(['records.jsonl']);
    const lines = (await readFile(path.join(out, 'records.jsonl'), 'utf8')).trim().split('\n');
    expect(lines).to.have.length(report.linesImported);
    expect(JSON.parse(lines[0] ?? '')).to.include.all.keys(
      'kind',
      'fund',
      'payee',
      'parts',
      'description',
    );

    const list = path.join(folder, 'list');
    const written = await run('publish', 'csv', ...options.slice(0, 2), '--out', list);
    const again = await run(
      'import',
      'funds',
      path.join(list, '2014-2020.csv'),
      ...options,
      ...parties,
    );
    expect(written.code, written.errors).to.equal(0);
    expect(again.code, again.errors).to.equal(0);
    expect(again.json()).to.include({ added: 0, linesImported: report.linesImported });
    expect(written.json()).to.deep.include({ records: report.linesImported, leftOut: [] });
  });

  it('given imported payments, then flow, spending, unspent and trail tell of them', async () => {
    const data = path.join(FIXTURES, 'epsrc');
    const brought = await run(
      ...['import', 'spend', path.join(data, '2015-05.csv')],
      ...['--mapping', path.join(data, 'mapping.json'), '--holder', WORKS],
      ...['--grantor', GRANTS, '--controller', GRANTS, ...signer('giver', GRANTS)],
      ...[...signer('head'), ...signer('other')],
    );
    // One line has no payee.
    expect(brought.code, brought.errors + brought.out).to.equal(1);
    const { linesImported } = brought.json<{ readonly linesImported: number }>();
    const urls = [cluster.node(WORKS).apiUrl];
    const client = createClient({ urls, chain: cluster.genesis.chain });
    const ask = async (sql: string): Promise<readonly (readonly unknown[])[]> => {
      const found = await client.query(sql).catch((error: unknown) => {
        if (isRefusal(error, 'READMODEL_EMPTY')) return { rows: [] };
        throw error;
      });
      return found.rows;
    };
    const lines = `SELECT 1 FROM treasury_source WHERE publisher = 'epsrc'`;
    while ((await ask(lines)).length < linesImported);
    const net = `CASE kind WHEN 'credit' THEN -amount_minor ELSE amount_minor END AS net`;
    const rows = await ask(`SELECT fund, payment, ${net}, payee_name FROM treasury_payment
      WHERE source_publisher = 'epsrc' ORDER BY net DESC`);
    const [[fund = '', payment = '', minor, payee] = []] = rows.map((row) => row.map(String));
    const rowsOf = async (...words: readonly string[]): Promise<readonly (readonly string[])[]> => {
      const told = await run(...words);
      expect(told.code, told.errors).to.equal(0);
      const { rows: cells } = told.json<{ readonly rows: readonly (readonly unknown[])[] }>();
      return cells.map((row) => row.map(String));
    };

    const flow = await rowsOf('flow', fund);
    const spending = await rowsOf('spending', '--fund', fund, '--by', 'year');
    const trail = await rowsOf('trail', fund, payment);

    const sum = (cells: readonly (string | undefined)[]): bigint =>
      cells.reduce((total, cell) => total + BigInt(cell ?? 0), 0n);
    const paid = flow.filter(([kind]) => kind === 'payee');
    const ofFund = rows.filter(([name]) => name === fund).map(([, , amount]) => String(amount));
    expect(paid.map(([, , , title]) => title)).to.include(payee);
    expect(sum(paid.map((row) => row[4]))).to.equal(sum(ofFund));
    expect(sum(spending.map((row) => row[3]))).to.equal(sum(ofFund));
    expect(trail.map(([record = '']) => record.split('/')[0])).to.include.members([
      'treasury.appropriation',
      'treasury.commitment',
      'treasury.payment',
    ]);
    expect(trail.at(-1)?.[3]).to.equal(minor);
    expect(await rowsOf('unspent', '--fund', fund)).to.deep.equal([]);
    for (const [words, text] of [
      [['flow', 'no-such-fund'], 'There is no fund no-such-fund'],
      [['trail', fund, 'p-9'], `There is no payment p-9 of ${fund}.`],
    ] as const) {
      const nothing = await run(...words);
      expect([nothing.code, nothing.json()], nothing.errors).to.deep.equal([1, null]);
      expect(nothing.errors).to.include(text);
    }
  });

  it('given a release in part, and one that is another than announced, then both are left out and told', async () => {
    const client = createClient({
      urls: [cluster.node(WORKS).apiUrl],
      chain: cluster.genesis.chain,
    });
    const { calls } = client.contractOf(procurement);
    const other = `${WORKS}/other`;
    const signer = createSigner(cluster.officer(other).secretKey);
    const ocid = 'ocds-daybook-left-out';
    const text = JSON.stringify({ ocid, id: 'elsewhere', date: '2026-01-01T00:00:00Z' });
    const json = encodeUtf8(text);
    const told = { ocid, publisher: WORKS, tag: ['tender'], initiationType: 'tender' } as const;
    const whole = { ...told, date: 1_700_000_000_000, hash: sha256(json), json } as const;
    const performed = await client.perform(
      [{ identity: other, signer }],
      [
        calls.publishRelease({ ...whole, release: 'half', parts: 2 }),
        calls.publishRelease({ ...whole, release: 'renamed', parts: 1 }),
      ],
    );
    expect(performed.state).to.equal('committed');
    const out = path.join(folder, 'left-out.json');
    const about = ['--ocid', ocid, '--uri', 'https://example.org/r', '--publisher', 'Works'];

    const kept = await run('publish', 'ocds', ...about, '--out', out);

    expect(kept.code, kept.errors).to.equal(1);
    const { releases, leftOut } = kept.json<{ releases: number; leftOut: readonly object[] }>();
    expect(releases).to.equal(0);
    expect(leftOut).to.have.length(2);
    expect(leftOut[0]).to.include({ ocid, release: 'half', expected: 'all its parts' });
    expect(leftOut[1]).to.include({ ocid, release: 'renamed', found: 'elsewhere' });
    const written = JSON.parse(await readFile(out, 'utf8')) as { readonly releases: unknown };
    expect(written.releases).to.deep.equal([]);
  });

  it('given an IATI file, when imported twice, then it comes out as it was but for the refused line', async () => {
    const zero =
      '  <transaction><transaction-type code="2"/><transaction-date iso-date="2024-02-01"/><value>0</value></transaction>\n';
    const whole = `<?xml version="1.0" encoding="UTF-8"?>
<iati-activities version="2.03" generated-datetime="2024-05-01T00:00:00Z" xmlns:x="https://example.org/">
 <!-- Nobody reads this --><x:registry id='1'/>
 <iati-activity default-currency="GBP" xml:lang="en"><iati-identifier>GB-1-9</iati-identifier>
  <title><narrative>Wells</narrative></title><contact-info type="1"><email>a@b.example</email></contact-info>
${zero}  <transaction ref="7" x:seen="1"><transaction-type code="1"/><transaction-date iso-date="2011-02-01"/><value>12.50</value><flow-type code="10"/></transaction>
 </iati-activity>
</iati-activities>
`;
    const file = path.join(folder, 'wells.xml');
    await writeFile(file, whole);
    const mapping = path.join(FIXTURES, 'iati/mapping.json');
    const bring = async (name: string) =>
      await run(
        ...['import', 'iati', name, '--mapping', mapping, '--holder', WORKS],
        ...['--grantor', WORKS, '--controller', WORKS, ...signer('head'), ...signer('other')],
      );
    const first = await bring(file);
    const second = await bring(file);
    expect(first.code, first.errors + first.out).to.equal(1);
    expect(first.json()).to.deep.include({ linesImported: 1, files: { added: 1, present: 0 } });
    expect(second.json()).to.deep.include({ linesImported: 1, files: { added: 0, present: 1 } });
    const { publisher } = JSON.parse(await readFile(mapping, 'utf8'));
    const out = path.join(folder, 'files');

    const written = await run('publish', 'files', publisher, '--out', out);

    expect(written.code, written.errors).to.equal(0);
    expect(await readFile(path.join(out, 'wells.xml'), 'utf8')).to.equal(whole.replace(zero, ''));
    const again = await bring(path.join(out, 'wells.xml'));
    expect(again.code, again.errors).to.equal(0);
    expect(again.json()).to.deep.include({ linesImported: 1, files: { added: 1, present: 0 } });
    const both = await run('publish', 'files', publisher, '--out', out);
    expect(both.json<{ readonly files: readonly string[] }>().files).to.have.length(2);
  });

  it('given a line with details of another hand, then the publication leaves it out and says so', async () => {
    const client = createClient({
      urls: [cluster.node(WORKS).apiUrl],
      chain: cluster.genesis.chain,
    });
    const { calls, records } = client.contractOf(treasury);
    const other = `${WORKS}/other`;
    const signer = createSigner(cluster.officer(other).secretKey);
    const fund = await firstRow(records.appropriation.list());
    const source = { publisher: 'dclg', dataset: 'eu-funds/by-hand', number: '1', occurrence: 1 };
    const byHand = calls.commit({
      fund: fund.fund,
      allocation: fund.fund,
      commitment: 'by-hand',
      title: 'Me',
      payee: { name: 'Me' },
      amount: { minor: 0n, currency: fund.currency },
      purposes: fund.purposes,
      basis: 'reconstructed',
      source: { ...source, details: '{"kind":"commitment","money":7}' },
    });
    const performed = await client.perform([{ identity: other, signer }], [byHand]);
    expect(performed.state).to.equal('committed');
    const mapping = path.join(FIXTURES, 'funds/england-2014-2020/mapping.json');
    const out = path.join(folder, 'by-hand');

    const csv = await run('publish', 'csv', '--mapping', mapping, '--out', out);
    const money = await run('publish', 'money', 'dclg', '--out', out);

    expect([csv.code, money.code]).to.deep.equal([1, 1]);
    const reason = 'FORMATS_DETAILS_INVALID';
    for (const ended of [csv, money]) {
      const { leftOut } = ended.json<{ readonly leftOut: readonly object[] }>();
      expect(leftOut).to.have.length(1);
      expect(leftOut[0]).to.include({ ...source, reason });
    }
    expect(await readdir(out)).to.have.members(['2014-2020.csv', 'records.jsonl']);
  });
});
