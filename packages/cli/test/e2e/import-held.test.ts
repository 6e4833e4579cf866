/** `daybook import` where a rule of risk control holds a payment, and officers have several roles. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { governance, risk, treasury } from '@daybook/applications';
import type { Client } from '@daybook/client';
import { createClient } from '@daybook/client';
import { createSigner } from '@daybook/core';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import type { Ran } from '../fixtures/run.ts';
import { run } from '../fixtures/run.ts';

const [WORKS, AUDIT, COURT] = ['works', 'audit', 'court'];
const ADMIN = { name: 'head', roles: ['directory.administrator', 'governance.delegate'] };
const MEMBERS = [
  {
    slug: WORKS,
    title: { en: WORKS, zh: WORKS },
    officers: [
      ADMIN,
      { name: 'both', roles: ['treasury.payer', 'treasury.budgeter'] },
      { name: 'other', roles: ['treasury.budgeter'] },
    ],
    node: 'validator',
  },
  {
    slug: AUDIT,
    title: { en: AUDIT, zh: AUDIT },
    officers: [
      ADMIN,
      { name: 'grants', roles: ['treasury.appropriator'] },
      { name: 'controls', roles: ['treasury.controller', 'risk.releaser'] },
      { name: 'second', roles: ['risk.releaser'] },
    ],
    node: 'none',
  },
  {
    slug: COURT,
    title: { en: COURT, zh: COURT },
    officers: [ADMIN, { name: 'judge', roles: ['risk.releaser'] }],
    node: 'none',
  },
] as const;
const SIGNERS = ['works/both', 'works/other', 'audit/grants', 'audit/controls'] as const;
const MAPPING = {
  format: 'spend-csv',
  publisher: WORKS,
  title: 'Spending',
  dataset: 'spend',
  licence: 'none',
  currency: 'GBP',
  encodings: ['utf-8'],
  dates: ['yyyy-MM-dd'],
  decimalSign: '.',
  groupSign: ',',
  separator: ',',
  fiscalYearStart: '01-01',
  bodies: [{ body: WORKS, title: 'Works', names: ['Works'] }],
  columns: { number: ['No'], date: ['Date'], amount: ['Amount'], payee: ['Payee'], body: ['Body'] },
};
const CSV = `No,Date,Amount,Payee,Body
1,2026-01-02,10.00,Tar Ltd,Works
2,2026-01-03,5000.00,Tar Ltd,Works
3,2026-01-04,20.00,Mud Ltd,Works
`;
const LIMIT = {
  rule: 'top',
  kind: 'payment',
  verdict: 'hold',
  title: { en: 'Large payment', zh: '大额付款' },
  legalBasis: 'Financial rules, article 1',
  limit: { minor: '100000', currency: 'GBP' },
  reason: 'Large payments are looked at',
};

describe('imports that a guard holds', () => {
  let cluster: Cluster;
  let client: Client;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-held-'));
    cluster = await startCluster({ members: MEMBERS, parameters: { blockIntervalMs: 20 } });
    client = createClient({ urls: [cluster.node(WORKS).apiUrl], chain: cluster.genesis.chain });
    await writeFile(path.join(folder, 'mapping.json'), JSON.stringify(MAPPING));
    await writeFile(path.join(folder, '2026.csv'), CSV);
    await adopt(LIMIT);
  });
  after(async () => {
    await cluster.remove();
    await rm(folder, { recursive: true, force: true });
  });

  /** Lets the members put a rule into force, and waits until it is. */
  async function adopt(rule: object): Promise<void> {
    const { calls } = client.contractOf(governance);
    const delegates = MEMBERS.map(({ slug }) => `${slug}/head`).map((identity) => ({
      identity,
      signer: createSigner(cluster.officer(identity).secretKey),
    }));
    const act = { contract: 'risk', action: 'setRule', input: JSON.stringify(rule) };
    const call = calls.proposeAct({ ...act, reason: 'because of the test' });
    const outcome = await client.perform(delegates, [call]);
    if (outcome.state !== 'committed') throw new Error(JSON.stringify(outcome));
    const { rulebook } = client.contractOf(risk).records;
    for (let count = 0; count === 0; ) {
      count = (await rulebook.get({}))?.row.rules.length ?? 0;
    }
  }

  async function bring(): Promise<Ran> {
    const signers = SIGNERS.flatMap((identity) => [
      '--signer',
      `${identity}=${path.join(cluster.directory, 'officers', `${identity.replace('/', '-')}.json`)}`,
    ]);
    return await run([
      ...['import', 'spend', path.join(folder, '2026.csv')],
      ...['--mapping', path.join(folder, 'mapping.json'), '--grantor', AUDIT],
      ...['--controller', AUDIT, ...signers, '--url', cluster.node(WORKS).apiUrl, '--json'],
    ]);
  }

  it('given a payment above a limit, then the others are added, it is reported as held, and handed in once', async () => {
    const first = await bring();
    expect(first.out, first.errors).to.not.equal('');
    const second = await bring();

    expect([first.code, second.code], first.errors + first.out).to.deep.equal([1, 1]);
    const reports = [first, second].map((ran) =>
      ran.json<{
        readonly added: number;
        readonly linesRefused: readonly Record<string, unknown>[];
      }>(),
    );
    expect(reports.map(({ added }) => added)).to.deep.equal([2, 0]);
    for (const { linesRefused } of reports) {
      expect(linesRefused).to.have.length(1);
      expect(linesRefused[0]).to.include({ line: 3, reason: 'CLI_LINE_HELD' });
    }
    expect(String(reports[0]?.linesRefused[0]?.found)).to.contain('risk.payments');
    const paid: string[] = [];
    for await (const { row } of client.contractOf(treasury).records.payment.list()) {
      paid.push(String(row.amount.minor));
    }
    expect(paid.toSorted()).to.deep.equal(['1000', '2000']);
    const pending = await run([
      'list',
      'ledger',
      'pending',
      '--url',
      cluster.node(WORKS).apiUrl,
      '--json',
    ]);
    expect(pending.json<readonly unknown[]>(), 'one hold only').to.have.length(1);
  });

  function verb(words: readonly string[], signers: readonly string[]): Promise<Ran> {
    const files = signers.flatMap((identity) => [
      '--signer',
      `${identity}=${path.join(cluster.directory, 'officers', `${identity.replace('/', '-')}.json`)}`,
    ]);
    return run([...words, ...files, '--url', cluster.node(WORKS).apiUrl]);
  }

  it('given a payment by hand that a rule holds, then it is told as held until two have released it', async () => {
    let paid: { readonly fund: string; readonly commitment?: string; readonly purpose?: string } = {
      fund: '',
    };
    // What was set aside for the held payment is still there to be spent.
    for await (const { row } of client.contractOf(treasury).records.payment.list()) {
      if (row.amount.minor === 1000n) paid = row;
    }
    const disburse = ['treasury', 'disburse', '--fund', paid.fund];
    const where = ['--commitment', paid.commitment ?? '', '--purpose', paid.purpose ?? ''];
    const what = ['--payment', 'by-hand', '--amount', '1500.00 GBP', '--date', '2026-01-05'];

    const held = await verb([...disburse, ...where, ...what], ['works/both', 'audit/controls']);

    expect(held.exit, held.errors + held.out).to.equal('open');
    expect(held.out).to.match(
      /^Held, not carried out: treasury.disburse by risk.payments, rule top/,
    );
    expect(held.out).to.not.contain('Final.');
    expect(held.out).to.contain('2 officers of 2 organisations with the role risk.releaser');
    expect(held.out).to.contain('0 of 2 so far; missing: 2 officers');
    expect(held.out).to.match(/found .*, allowed at most /);
    const hits = await verb(['list', 'risk', 'hits'], []);
    expect(hits.out, 'the query, not the sum of the same name').to.match(/by-hand +top/);
    const call = /--call ([0-9a-f]{64})/.exec(held.out)?.[1] ?? '';
    const release = ['ledger', 'release', '--call', call, '--reason', 'Looked at'];

    const own = await verb(release, ['audit/controls']);
    expect(own.errors + own.out).to.contain(
      'role risk.releaser who did not sign the call and is not of works',
    );

    const first = await verb([...release, '--json'], ['audit/second']);
    expect(first.exit, first.errors).to.equal('open');
    expect(first.json<{ readonly openCalls: readonly object[] }>().openCalls[0]).to.deep.include({
      call,
      status: 'held',
      agreeing: {
        role: 'risk.releaser',
        officers: 2,
        organisations: 2,
        agreed: ['audit/second'],
        missingOfficers: 1,
        missingOrganisations: 1,
      },
    });

    const second = await verb(release, ['court/judge']);
    expect(second.exit, second.errors).to.equal('done');
    expect(second.out).to.match(/^Final\./);
  });
});
