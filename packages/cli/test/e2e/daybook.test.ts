/**
 * The command line against a cluster of real nodes: as processes where that makes a difference, in
 * this process elsewhere, because a new one costs half a second.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createKeyFile } from '@daybook/keystore';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import type { Ran } from '../fixtures/run.ts';
import { run as runHere } from '../fixtures/run.ts';
import { MEMBERS, SPENDERS, TREASURY } from './departments.ts';
import { daybook } from './process.ts';

const SAMPLES = path.join(
  import.meta.dirname,
  '../../../../config/samples/uk-cabinet-office-spend',
);
const PASSPHRASE = 'correct horse battery staple';

describe('daybook against real nodes', () => {
  let cluster: Cluster;
  let environment: Record<string, string>;

  const inFolder = (name: string): string => path.join(cluster.directory, name);
  const keyFile = (identity: string): string =>
    inFolder(path.join('officers', `${identity.replace('/', '-')}.json`));
  const signer = (identity: string): readonly string[] => [
    '--signer',
    `${identity}=${keyFile(identity)}`,
  ];
  const run = (words: readonly string[]): Promise<Ran> => runHere(words, { environment });

  before(async () => {
    cluster = await startCluster({ members: MEMBERS, parameters: { blockIntervalMs: 50 } });
    const [first, second] = cluster.nodes;
    environment = { DAYBOOK_URL: `${first?.apiUrl} ${second?.apiUrl}` };
  });

  after(() => cluster.remove());

  it('given running nodes, then status and why say so', async () => {
    const status = await daybook(['status', '--json'], environment);
    let why = await run(['why']);
    // Nodes that have just started may miss one another for a moment.
    while (why.code !== 0) why = await run(['why']);

    expect(status.code, status.errors).to.equal(0);
    expect(status.json<readonly { status: { role: string } }[]>()[0]?.status.role).to.equal(
      'validator',
    );
    expect(why.out).to.contain('hm-treasury (this node)');
  });

  it('given a height, then the block is shown with its seals; given one to come, then nothing is', async () => {
    const first = await run(['block', '0', '--json']);
    const coming = await run(['block', '999999', '--json']);
    const missing = await run(['get', 'treasury', 'appropriation', 'none', '--json']);

    expect(first.json())
      .to.have.property('blockHash')
      .that.matches(/^[0-9a-f]{64}$/);
    expect((await run(['block', '0'])).out).to.match(/^Block 0\nHash +[0-9a-f]{64}/);
    for (const { code, json, errors } of [coming, missing]) {
      expect(code, errors).to.equal(1);
      expect(json()).to.equal(null);
      expect(errors).to.match(/^There is no /);
    }
  });

  it('given two officers, then a fund is opened by options and by a file', async () => {
    const terms = ['--title', 'Water', '--holder', 'cabinet-office', '--controller', TREASURY];
    const money = ['--amount', '1,000,000.00 GBP', '--period', '2026-01-01..2026-12-31'];
    const opened = await run([
      ...['treasury', 'appropriate', '--fund', 'water-2026', ...terms, ...money],
      ...['--purposes', 'water', '--basis', 'recorded'],
      ...signer(`${TREASURY}/granter`),
      ...signer('cabinet-office/budgeter'),
    ]);
    expect(opened.code, opened.errors).to.equal(0);

    const amount = { minor: '50000000', currency: 'GBP' };
    const both = { fund: 'water-2026', amount, basis: 'recorded' };
    const allocate = {
      ...both,
      parent: 'water-2026',
      allocation: 'north',
      title: 'North',
      holder: 'cabinet-office',
      purposes: ['water'],
    };
    const commit = {
      ...both,
      allocation: 'north',
      commitment: 'pumps',
      title: 'Pumps',
      payee: { name: 'Pump Works' },
      purposes: ['water/pumps'],
    };
    const file = inFolder('calls.json');
    const calls = [
      { contract: 'treasury', action: 'allocate', args: allocate },
      { contract: 'treasury', action: 'commit', args: commit },
    ];
    await writeFile(file, JSON.stringify(calls));
    const submitted = await run([
      'submit',
      '--calls',
      file,
      ...signer('cabinet-office/budgeter'),
      '--json',
    ]);

    expect(submitted.code, submitted.errors).to.equal(0);
    expect(submitted.json()).to.include({ state: 'committed' });
  });

  const payment = [
    ...['treasury', 'disburse', '--fund', 'water-2026', '--commitment', 'pumps'],
    ...['--payment', 'p-1', '--amount', '12.50 GBP', '--date', '2026-03-01'],
    ...['--purpose', 'water/pumps/north'],
  ];

  it('given one officer, then the ledger refuses, and the words say what is missing', async () => {
    const { code, out } = await run([...payment, ...signer('cabinet-office/payer')]);

    expect(code).to.equal(1);
    expect(out).to.contain('CONTRACTS_APPROVALS_MISSING').and.to.contain('signatures');
  });

  it('given a fault, then the option is named and the exit code is that of wrong use', async () => {
    const words = payment.map((word) => (word === '12.50 GBP' ? '-12.50 GBP' : word));
    const index = words.indexOf('--amount');
    words.splice(index, 2, '--amount=-12.50 GBP');

    const { code, errors } = await run([...words, ...signer('cabinet-office/payer')]);

    expect(code).to.equal(2);
    expect(errors).to.contain('--amount');
  });

  it('given a draft, when the second officer signs it with an encrypted key, then it is sent', async () => {
    const draft = inFolder('payment.draft');
    const controller = `${TREASURY}/controller`;
    const key = inFolder('controller.json');
    const { secretKey } = cluster.officer(controller);
    await createKeyFile(key, {
      purpose: 'account',
      protection: 'passphrase',
      passphrase: PASSPHRASE,
      secretKey,
    });
    const secret = inFolder('controller.secret');
    await writeFile(secret, `${PASSPHRASE}\n`);

    const made = await run([
      ...[...payment, ...signer('cabinet-office/payer')],
      ...['--cosigner', controller, '--offline', draft],
    ]);
    const early = await run(['send', draft]);
    const signed = await runHere(['sign', draft, '--key', key, '--passphrase-file', secret]);
    const sent = await run(['send', draft, '--json']);

    expect(made.code, made.errors).to.equal(0);
    expect(early.code).to.equal(1);
    expect(early.errors).to.contain(controller);
    expect(signed.code, signed.errors).to.equal(0);
    expect(signed.errors).to.contain('"minor": 1250');
    expect(sent.code, sent.errors).to.equal(0);
    expect(sent.json()).to.include({ state: 'committed' });
  });

  it('given a record, then get, list, history and events show it', async () => {
    const key = ['treasury', 'payment', 'water-2026', 'p-1'];
    const got = await run(['get', ...key, '--json']);
    const zh = await run(['get', ...key, '--language', 'zh']);
    const none = await run(['get', 'treasury', 'payment', 'water-2026', 'p-2']);
    const listed = await run(['list', 'treasury', 'payment', 'water-2026']);
    const history = await run([
      'history',
      'treasury',
      'commitment',
      'water-2026',
      'pumps',
      '--json',
    ]);
    const events = await run(['events', '--after', '0', '--limit', '4', '--json']);

    expect(got.json<{ row: { amount: unknown } }>().row.amount).to.deep.equal({
      minor: '1250',
      currency: 'GBP',
    });
    expect(zh.out).to.contain('金额');
    expect(none.code).to.equal(1);
    expect(listed.out).to.contain('12.50 GBP');
    expect(history.json<readonly unknown[]>()).to.have.length(2);
    const names = events.out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { name: string }).name);
    expect(names).to.deep.equal(['appropriated', 'allocated', 'committed', 'disbursed']);
  });

  it('given real spending files, then every line is imported or refused with its reason, once', async () => {
    const officers = [
      ...signer(`${TREASURY}/granter`),
      ...signer(`${TREASURY}/controller`),
      ...SPENDERS.flatMap((slug) => [...signer(`${slug}/budgeter`), ...signer(`${slug}/payer`)]),
    ];
    const words = [
      ...['import', 'spend', path.join(SAMPLES, '2019-06.csv')],
      ...['--mapping', path.join(SAMPLES, 'mapping.json')],
      ...['--grantor', TREASURY, '--controller', TREASURY, ...officers, '--json'],
    ];
    interface Report {
      readonly linesImported: number;
      readonly added: number;
      readonly linesRefused: readonly { line: number; field: string; reason: string }[];
      readonly totals: readonly { file: string; imported: string; refused: string }[];
    }

    const first = await daybook(words, environment);
    const second = await run(words);

    const report = first.json<Report>();
    expect(report.added).to.be.greaterThan(100);
    expect(report.linesImported).to.equal(report.added);
    expect(first.code, first.errors).to.equal(report.linesRefused.length === 0 ? 0 : 1);
    for (const total of report.totals) {
      expect(BigInt(total.file)).to.equal(BigInt(total.imported) + BigInt(total.refused));
    }
    expect(second.json<Report>()).to.deep.include({
      added: 0,
      linesImported: report.linesImported,
      linesRefused: report.linesRefused,
    });
  });

  it('given a payment file and no officer for a role, then it says which is missing', async () => {
    const words = [
      ...['import', 'spend', path.join(SAMPLES, '2019-07.csv')],
      ...['--mapping', path.join(SAMPLES, 'mapping.json'), '--grantor', TREASURY],
      ...['--controller', TREASURY, ...signer(`${TREASURY}/granter`)],
    ];

    const { code, errors } = await run(words);

    expect(code).to.equal(2);
    expect(errors).to.contain('CLI_AUTHOR_MISSING');
  });

  it('given two nodes of one chain, then their states are equal; of two chains, they are refused', async () => {
    const [first, second] = cluster.nodes;
    const stranger = await startCluster({ members: MEMBERS.slice(0, 1) });
    try {
      const urls = [first?.apiUrl ?? '', second?.apiUrl ?? ''];
      const other = stranger.nodes[0]?.apiUrl ?? '';

      const equal = await runHere(['diff-state', ...urls]);
      const founded = await runHere(['diff-state', ...urls, '--height', '0']);
      const strange = await runHere(['diff-state', urls[0] ?? '', other, '--height', '0']);

      expect(equal.code, equal.errors).to.equal(0);
      expect(equal.out).to.contain('Equal at block');
      expect(founded.code, founded.errors).to.equal(0);
      expect(strange.code, strange.errors).to.equal(4);
      expect(strange.errors).to.contain('CLI_CHAINS_DIFFER').and.to.contain(other);
    } finally {
      await stranger.remove();
    }
  });

  it('given a list, when exported, then the table verifies, and not one line may change', async () => {
    const genesis = ['--genesis', cluster.genesisFile];
    const [csv, lines] = [inFolder('officers.csv'), inFolder('officers.jsonl')];
    const parquet = inFolder('officers.parquet');
    const exported = await run(['export', 'directory', 'officer', '--out', csv]);
    await run(['export', 'directory', 'officer', '--out', lines]);
    await run(['export', 'directory', 'officer', '--out', parquet]);
    const other = await run(['export', 'directory', 'officer', '--out', inFolder('officers.xls')]);

    const verified = await runHere(['verify', csv, ...genesis, '--json']);
    const verifiedLines = await runHere(['verify', lines, ...genesis]);
    const verifiedParquet = await runHere(['verify', parquet, ...genesis, '--json']);
    const columns = await readFile(parquet);
    await writeFile(parquet, columns.subarray(1));
    const shortenedParquet = await runHere(['verify', parquet, ...genesis]);
    const text = await readFile(csv, 'utf8');
    await writeFile(csv, text.replace(/\r\n[^\r]*\r\n$/, '\r\n'));
    const shortened = await runHere(['verify', csv, ...genesis]);
    await rm(`${csv}.proof`);
    const bare = await runHere(['verify', csv, ...genesis]);

    expect(exported.code, exported.errors).to.equal(0);
    expect(exported.errors).to.contain('officers.csv.proof');
    expect(other.code).to.equal(2);
    expect(verified.json()).to.include({ outcome: 'valid', whole: true, record: 'officer' });
    expect(text.split('\r\n')).to.have.length(Number(verified.json().count) + 2);
    expect(verifiedLines.code, verifiedLines.errors).to.equal(0);
    expect(verifiedParquet.json()).to.deep.equal(verified.json());
    expect(shortenedParquet.code).to.equal(4);
    expect(shortenedParquet.out).to.contain('not the table that its proof gives');
    expect([shortened.code, bare.code]).to.deep.equal([4, 7]);
    expect(shortened.out).to.contain('a record is missing, added or altered');
  });

  it('given a proof file and no node running, then it is verified, and refused when bent', async () => {
    const file = inFolder('payment.proof');
    const key = ['treasury', 'payment', 'water-2026', 'p-1'];
    const kept = await run(['get', ...key, '--proof', file]);
    const absent = inFolder('absent.proof');
    await run(['proof', 'treasury', 'payment', 'water-2026', 'p-2', '--out', absent]);
    const lists = [inFolder('payments.proof'), inFolder('officers.proof')] as const;
    const listed = await run(['list', 'treasury', 'payment', 'water-2026', '--proof', lists[0]]);
    await run(['list', 'directory', 'officer', '--proof', lists[1]]);
    const asked = await run([
      'list',
      'directory',
      'officer',
      TREASURY,
      'granter',
      '--proof',
      absent,
    ]);
    await cluster.stop();
    const genesis = ['--genesis', cluster.genesisFile];

    const valid = await daybook(['verify', file, ...genesis, '--json']);
    const none = await runHere(['verify', absent, ...genesis]);
    const untrusted = await runHere(['verify', file]);
    const bytes = await readFile(file);
    const bent = inFolder('bent.proof');
    const codes: (number | null)[] = [];
    for (const share of [0, 0.6, 0.999]) {
      const copy = Buffer.from(bytes);
      const index = Math.floor(share * copy.length);
      copy[index] = (copy[index] ?? 0) ^ 1;
      await writeFile(bent, copy);
      codes.push((await daybook(['verify', bent, ...genesis])).code);
    }
    const list = await runHere(['verify', lists[0], ...genesis]);
    const officers = await runHere(['verify', lists[1], ...genesis, '--json']);
    const mixed = await runHere(['verify', ...lists, ...genesis]);
    const away = await run(['status']);

    expect(kept.code, kept.errors).to.equal(0);
    expect(valid.code, valid.errors).to.equal(0);
    expect(valid.json()).to.deep.include({ outcome: 'valid', present: true, record: 'payment' });
    expect(none.code).to.equal(0);
    expect(none.out).to.contain('no such record');
    expect(untrusted.code).to.equal(5);
    expect(codes).to.deep.equal([4, 4, 4]);
    expect(listed.code, listed.errors).to.equal(0);
    expect(listed.errors).to.contain('payments.proof');
    expect(list.out).to.contain('leaves no record out').and.to.contain('1 record');
    expect(officers.json()).to.include({ outcome: 'valid', whole: true, record: 'officer' });
    expect(officers.json().rows).to.have.length(Number(officers.json().count));
    expect(mixed.code).to.equal(4);
    expect(asked.code, asked.errors).to.equal(1);
    expect(asked.errors).to.contain('no key fields, or organisation');
    expect(away.code).to.equal(3);
    await rm(bent);
  });
});
