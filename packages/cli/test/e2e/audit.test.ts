/** `daybook monitor` and `daybook evidence`: a rule finds two payments, and their proofs verify offline. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { audit, treasury } from '@daybook/applications';
import type { Client, TransactionAuthor } from '@daybook/client';
import { createClient, isRefusal } from '@daybook/client';
import type { Call } from '@daybook/core';
import { asHash, assert, createSigner, sha256, toHex } from '@daybook/core';
import type { Cluster, ClusterNode } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import type { RulesHealth } from '../../src/audit/follow-rules.ts';
import { judgeKept, keptProofsIn } from '../../src/audit/kept-proofs.ts';
import { createWorld } from '../../src/frame/world.ts';
import { run } from '../fixtures/run.ts';
import { daybook, startDaybook } from './process.ts';

const WORKS = 'works';
const AUDIT = 'audit-office';
const FINANCE = 'finance';
const member = (slug: string, roles: readonly string[], node: 'validator' | 'none') => ({
  slug,
  title: { en: slug, zh: slug },
  officers: [
    { name: 'head', roles: ['directory.administrator', 'governance.delegate', ...roles] },
    { name: 'other', roles },
  ],
  node,
});
const TREASURY_ROLES = ['appropriator', 'budgeter', 'payer', 'controller'];
const MEMBERS = [
  member(
    WORKS,
    ['audit.respondent', ...TREASURY_ROLES.map((role) => `treasury.${role}`)],
    'validator',
  ),
  member(AUDIT, ['audit.auditor', 'audit.monitor'], 'none'),
  member(FINANCE, ['treasury.controller'], 'none'),
] as const;
type RuleKind = 'duplicates' | 'beforeContract' | 'other';
const REASON = 'Annual audit';
/** Rows of one answer of the node: fewer than the rules below find. */
const ROWS_MAX = 3;
const YEAR = { start: '2026-01-01', end: '2026-12-31' };

/** Of a fault, if there is one. */
function hasRemedy(fault: { readonly remedy?: string } | undefined): boolean {
  return fault === undefined || (fault.remedy ?? '') !== '';
}

describe('continuous audit by commands', () => {
  let cluster: Cluster;
  let node: ClusterNode;
  let client: Client;
  let folder: string;

  const author = (identity: string): TransactionAuthor => ({
    identity,
    signer: createSigner(cluster.officer(identity).secretKey),
  });

  async function perform(call: Call, ...identities: readonly string[]): Promise<number> {
    const outcome = await client.perform(identities.map(author), [call]);
    if (outcome.state !== 'committed') throw new Error(JSON.stringify(outcome));
    return outcome.receipt.height;
  }

  /** Two payments of one amount to one payee on one day. */
  async function payTwice(): Promise<number> {
    const { calls } = client.contractOf(treasury);
    const both = [`${WORKS}/head`, `${WORKS}/other`];
    const amount = { minor: 2_000_000n, currency: 'GBP' };
    const opened = { fund: 'roads', amount, purposes: ['roads'], basis: 'recorded' } as const;
    const controlled = { holder: WORKS, controller: FINANCE, period: YEAR };
    await perform(calls.appropriate({ ...opened, title: 'Roads', ...controlled }), ...both);
    const payee = { name: 'Tar Ltd' };
    const tar = { allocation: 'roads', commitment: 'tar', title: 'Tar', payee };
    await perform(calls.commit({ ...opened, ...tar }), ...both);
    await pay('2026/17', 200_000n);
    return await pay('2026/18', 200_000n);
  }

  async function pay(payment: string, minor: bigint): Promise<number> {
    const { calls } = client.contractOf(treasury);
    const amount = { minor, currency: 'GBP' };
    const what = { fund: 'roads', commitment: 'tar', payment, amount, purpose: 'roads' };
    const officers = [`${WORKS}/head`, `${FINANCE}/head`];
    return await perform(calls.disburse({ ...what, date: '2026-03-04' }), ...officers);
  }

  async function openEngagement(engagement: string): Promise<void> {
    const { calls } = client.contractOf(audit);
    const terms = { auditor: AUDIT, auditee: WORKS, title: 'Roads', scope: 'Payments' };
    const until = { legalBasis: 'Audit Act', period: YEAR, reportBy: '2099-12-31' };
    await perform(calls.open({ engagement, ...terms, ...until, reason: REASON }), `${AUDIT}/head`);
  }

  async function setRule(
    engagement: string,
    rule: { readonly rule: string; readonly kind: RuleKind; readonly query: string },
  ): Promise<void> {
    const { calls } = client.contractOf(audit);
    const set = calls.setRule({ ...rule, engagement, title: 'Paid twice', reason: REASON });
    await perform(set, `${AUDIT}/head`);
  }

  /** The auditee replies to the one finding of an engagement. */
  async function replied(engagement: string): Promise<void> {
    const { calls, records } = client.contractOf(audit);
    for await (const { row } of records.finding.list({ engagement })) {
      const { finding } = row;
      const plan = { reply: 'True.', plannedAction: 'Sign one.', remediateBy: '2099-12-31' };
      await perform(calls.reply({ engagement, finding, ...plan }), `${WORKS}/head`);
    }
  }

  /** Waits until the tables show a block. */
  async function tablesAt(height: number): Promise<void> {
    for (let at = -1; at < height; ) {
      const answer = await client.query('SELECT 1').catch((error: unknown) => {
        const passing = ['EMPTY', 'DOWN', 'QUERY_TIMEOUT'].map((one) => `READMODEL_${one}`);
        if ([...passing, 'NODE_OVERLOADED'].some((code) => isRefusal(error, code)))
          return undefined;
        throw error;
      });
      at = answer?.head.height ?? -1;
    }
  }

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-audit-'));
    cluster = await startCluster({
      members: MEMBERS,
      parameters: { blockIntervalMs: 20 },
      settings: { readmodel: { state: 'on', memoryBytesMax: 134_217_728, queryRowsMax: ROWS_MAX } },
    });
    node = cluster.node(WORKS);
    client = createClient({ urls: [node.apiUrl], chain: cluster.genesis.chain });
    const height = await payTwice();
    await openEngagement('roads-2026');
    await setRule('roads-2026', { rule: 'twice', kind: 'duplicates', query: 'days=3' });
    await tablesAt(height);
  });
  after(async () => {
    await cluster.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const monitorWords = (engagement: string): readonly string[] => [
    'monitor',
    engagement,
    '--auditor',
    AUDIT,
    '--signer',
    `${AUDIT}/head=${path.join(cluster.directory, 'officers', `${AUDIT}-head.json`)}`,
    '--url',
    node.apiUrl,
    '--keep',
    path.join(folder, 'kept'),
    '--json',
  ];
  const monitor = (engagement = 'roads-2026') => daybook(monitorWords(engagement));

  it('opens one finding for two equal payments, and nothing at the second run', async () => {
    const first = await monitor();
    expect(first.code, first.errors).to.equal(0);
    const second = await monitor();

    const [found] = first.json<readonly object[]>();
    const [again] = second.json<readonly object[]>();
    expect(found).to.include({ rule: 'twice', kind: 'duplicates', found: 1, added: 1 });
    expect(again).to.include({ found: 1, added: 0 });
  });

  it('runs each rule alone, reads every page, and says what is cut', async () => {
    const paid = (hit: string): string =>
      `SELECT ${hit} AS hit, 'paid' AS description, 'treasury.payment/' || fund || '/' || ` +
      "REPLACE(payment, '/', '%2F') AS record, _height AS height, amount_minor AS minor, " +
      'amount_currency AS currency ' +
      'FROM treasury_payment';
    const twice = (hit: string): string => `${paid(hit)} UNION ALL ${paid(hit)} -- four rows`;
    await openEngagement('roads-all');
    for (const [rule, query] of [
      ['broken', 'SELECT nothing FROM nowhere'],
      ['each', twice('payment')],
      ['much', twice("'all'")],
      ['shapeless', 'SELECT 1 AS hit'],
    ] as const) {
      await setRule('roads-all', { rule, kind: 'other', query });
    }

    const run = await monitor('roads-all');

    expect(run.code, run.errors).to.equal(1);
    const told = run.json<readonly { rule: string; found: number; fault?: { code: string } }[]>();
    expect(told.map(({ rule, found, fault }) => [rule, found, fault?.code])).to.deep.equal([
      ['broken', 0, 'READMODEL_SQL_REFUSED'],
      ['each', 2, undefined],
      ['much', 1, 'CLI_RULE_CUT'],
      ['shapeless', 0, 'CLI_RULE_INVALID'],
    ]);
    for (const { fault } of told) expect(fault).to.satisfy(hasRemedy);
  });

  it('adds what was paid later to the finding that is open, and opens another once it was replied to', async () => {
    await openEngagement('roads-more');
    await setRule('roads-more', { rule: 'none', kind: 'beforeContract', query: 'floor=210000' });
    await tablesAt(await pay('2026/19', 250_000n));
    const first = await monitor('roads-more');
    await tablesAt(await pay('2026/20', 260_000n));

    const [later] = (await monitor('roads-more')).json<readonly object[]>();
    const [again] = (await monitor('roads-more')).json<readonly object[]>();
    await replied('roads-more');
    await tablesAt(await pay('2026/21', 270_000n));
    const [other] = (await monitor('roads-more')).json<readonly object[]>();

    expect(first.json<readonly object[]>()[0]).to.include({ found: 1, added: 1, continued: 0 });
    expect(later).to.include({ found: 1, added: 0, continued: 1 });
    expect(again).to.include({ found: 1, added: 0, continued: 0 });
    expect(other).to.include({ found: 1, added: 1, continued: 0 });
    const { finding } = client.contractOf(audit).records;
    const rows: (readonly unknown[])[] = [];
    for await (const { row } of finding.list({ engagement: 'roads-more' })) {
      const cited = row.evidence.map(({ record }) => record.split('%2F')[1]);
      rows.push([row.finding, row.repeatPriorReference, row.questionedCosts?.minor, cited]);
    }
    const number = rows[0]?.[0];
    expect(rows).to.deep.equal([
      [number, undefined, 510_000n, ['19', '20']],
      [`${number}-2`, number, 270_000n, ['21']],
    ]);
  });

  it('follows the chain, opens each finding once, outlives its node, and ends when told', async () => {
    await openEngagement('roads-live');
    await setRule('roads-live', { rule: 'live', kind: 'duplicates', query: 'days=3' });
    const words = [...monitorWords('roads-live'), '--follow', '--every', '1'];
    const following = startDaybook(words);
    const isCurrent = ({ kind, state, opened }: RulesHealth): boolean =>
      kind === 'health' && state === 'current' && opened === 1;
    try {
      const first = await following.next(isCurrent);
      expect(first).to.include({ rules: 1, found: 1, faults: 0, lagBlocks: 0, lagMs: 0 });

      await node.process.stop();
      await cluster.start();
      await setRule('roads-live', { rule: 'later', kind: 'duplicates', query: 'days=4' });
      const later = await following.next<RulesHealth>(({ state, opened }) => {
        return state === 'current' && opened === 2;
      });

      expect(later).to.include({ rules: 2, found: 2, faults: 0 });
      expect(later.judged).to.be.greaterThan(first.judged);
      expect(await following.stop()).to.equal(0);
      const [again] = (await monitor('roads-live')).json<readonly object[]>();
      expect(again).to.include({ found: 1, added: 0 });
    } finally {
      following.child.kill('SIGKILL');
    }
  });

  it('keeps proofs of the findings and of what they cite, which verify without a node', async () => {
    await monitor();
    const out = path.join(folder, 'evidence');

    let asked = 0;
    const nowMs = (): number => {
      asked += 1;
      return Date.now();
    };
    const words = ['evidence', 'roads-2026', '--out', out, '--url', node.apiUrl];
    const kept = await run(words, { nowMs });

    expect(kept.code, kept.errors + kept.out).to.equal(0);
    // Blocks go on meanwhile: a proof of a later one must not seem to be of the future.
    expect(asked).to.be.at.least(4);
    const index = await indexOf(out);
    expect(index.files.map(({ record }) => record)).to.deep.equal([
      'audit.finding',
      'audit.engagement/roads-2026',
      'treasury.payment/roads/2026%2F17',
      'treasury.payment/roads/2026%2F18',
    ]);
    const heights = new Set<number>();
    for (const { file, valueHash } of index.files) {
      expect(valueHash !== undefined).to.equal(file.startsWith('record-'));
      const genesis = ['--genesis', cluster.genesisFile];
      const verdict = await daybook(['verify', path.join(out, file), ...genesis, '--json']);
      expect(verdict.code, verdict.errors + verdict.out).to.equal(0);
      heights.add(verdict.json<{ readonly height: number }>().height);
    }
    expect([...heights], 'one block').to.have.length(1);
  });

  it('proves what was cited although it changed, and refuses what is not there', async () => {
    await monitor();
    const cited = await firstCited('roads-2026');
    assert(cited !== undefined, 'the rule opened a finding');
    const back = { minor: 1_000n, currency: 'GBP' };
    const credit = { fund: 'roads', commitment: 'tar', payment: 'c-1', reverses: '2026/17' };
    const entry = { ...credit, amount: back, date: '2026-03-05', purpose: 'roads' };
    const { calls } = client.contractOf(treasury);
    await perform(calls.credit(entry), `${WORKS}/head`, `${FINANCE}/head`);
    const out = path.join(folder, 'later');
    const changed = await daybook([
      ...['evidence', 'roads-2026', '--out', out, '--kept', path.join(folder, 'kept')],
      ...['--url', node.apiUrl],
    ]);

    await expectKept(cited);

    const other = new Uint8Array(32).fill(1);
    const at = cited.height;
    const evidence = [
      { record: 'treasury.payment/roads/2026%2F18', height: at + 1, valueHash: asHash(other) },
      { record: 'treasury.payment/roads/none', height: at, valueHash: undefined },
    ];
    const said = {
      finding: 'f-1',
      title: 'Odd',
      description: 'Odd',
      weight: 'otherMatter',
    } as const;
    const find = client.contractOf(audit).calls.find({
      ...said,
      engagement: 'roads-2026',
      evidence,
      reason: REASON,
    });
    await perform(find, `${AUDIT}/head`);
    const wrong = await daybook([
      ...['evidence', 'roads-2026', '--out', path.join(folder, 'wrong')],
      ...['--url', node.apiUrl, '--json'],
    ]);

    expect(changed.code, changed.errors + changed.out).to.equal(0);
    const kept = await indexOf(out);
    expect(kept.remarks.map(({ record, state }) => [record, state])).to.deep.equal([
      ['treasury.payment/roads/2026%2F17', 'changed'],
    ]);
    const files = kept.files.map(({ file }) => file);
    expect(files).to.include.members(['record-1.proof', 'record-1-now.proof']);
    expect(kept.files[2]?.valueHash).to.equal(toHex(cited.valueHash ?? other));
    expect(wrong.code).to.equal(1);
    const { remarks } = wrong.json<Index>();
    expect(remarks.map(({ state }) => state)).to.deep.equal(['changed', 'differs', 'absent']);
  });

  it('reports its folder, which verifies as a whole with the cluster stopped', async () => {
    await openEngagement('roads-told');
    await setRule('roads-told', { rule: 'told', kind: 'duplicates', query: 'days=3' });
    expect((await monitor('roads-told')).code).to.equal(0);
    const out = path.join(folder, 'told');
    const keep = ['evidence', 'roads-told', '--out', out, '--url', node.apiUrl];
    const kept = await daybook([...keep, '--kept', path.join(folder, 'kept')]);
    expect(kept.code, kept.errors + kept.out).to.equal(0);
    const report = sha256(await readFile(path.join(out, 'index.json')));
    expect(kept.out).to.contain(toHex(report));
    expect(kept.errors)
      .to.contain(`--report ${toHex(report)}`)
      .and.to.contain('--add-report');
    const early = await daybook([...keep, '--add-report']);
    expect(early.code, early.out).to.equal(5);
    expect(early.out).to.contain('After audit report');
    expect(await readdir(out)).to.not.include('report.proof');
    const nowhere = path.join(folder, 'none');
    const none = await daybook(['evidence', 'no-such', '--out', nowhere, '--url', node.apiUrl]);
    expect([none.code, existsSync(nowhere)], none.errors).to.deep.equal([1, false]);
    expect(none.errors).to.contain('CLI_ENGAGEMENT_UNKNOWN');
    const issue = { engagement: 'roads-told', report, reason: REASON };
    const { calls } = client.contractOf(audit);
    await perform(calls.report(issue), `${AUDIT}/head`, `${AUDIT}/other`);
    const again = await daybook(keep);
    expect(again.code, 'a reported folder is not written over').to.equal(2);
    const added = await daybook([...keep, '--add-report']);
    expect(added.code, added.errors + added.out).to.equal(0);

    await node.process.stop();

    const words = ['verify', out, '--json'];
    const whole = await daybook([...words, '--genesis', cluster.genesisFile]);
    expect(whole.code, whole.errors + whole.out).to.equal(0);
    const facts = { outcome: 'valid', findings: 1, citations: 2, index: toHex(report) };
    expect(whole.json()).to.include(facts);
    const untrusted = await daybook(words);
    expect([untrusted.code, untrusted.json().outcome]).to.deep.equal([5, 'unknown']);
    await rm(path.join(out, 'record-2.proof'));
    const less = await daybook([...words, '--genesis', cluster.genesisFile]);
    expect([less.code, less.json().outcome]).to.deep.equal([4, 'invalid']);
  });

  /** The proof that the monitor kept stands in for a version that no node has any longer. */
  async function expectKept(cited: {
    readonly record: string;
    readonly height: number;
    readonly valueHash?: Uint8Array | undefined;
  }): Promise<void> {
    const { record, height } = cited;
    const valueHash = toHex(cited.valueHash ?? new Uint8Array());
    const kept = keptProofsIn(path.join(folder, 'kept'), createWorld(new AbortController().signal));
    const trust = { chain: cluster.genesis.chain, nowMs: Date.now() };

    const recalled = await kept.recall({ record, height, valueHash }, trust);
    expect(recalled).to.include({ state: 'kept', valueHash });
    expect(recalled?.cited?.verdict.outcome).to.equal('valid');
    const bytes = recalled?.cited?.bytes ?? new Uint8Array();
    const not = { record, height, valueHash: '00'.repeat(32) };
    expect(await judgeKept(bytes, not, trust)).to.include({ state: 'differs' });
    const early = { record, height: 1, valueHash };
    expect(await judgeKept(bytes, early, trust)).to.equal(undefined);
    const foreign = { record: 'treasury.payment/roads/none', height, valueHash };
    expect(await judgeKept(bytes, foreign, trust)).to.equal(undefined);
    expect(await judgeKept(bytes.slice(1), { record, height }, trust)).to.equal(undefined);
    expect(await kept.recall(foreign, trust)).to.equal(undefined);
  }

  /** The first record that the first finding of an engagement cites. */
  async function firstCited(engagement: string) {
    const { finding } = client.contractOf(audit).records;
    for await (const { row } of finding.list({ engagement })) return row.evidence[0];
    return undefined;
  }
});

interface Index {
  readonly files: readonly {
    readonly file: string;
    readonly record: string;
    readonly valueHash?: string;
  }[];
  readonly remarks: readonly { readonly record: string; readonly state: string }[];
}

async function indexOf(folder: string): Promise<Index> {
  return JSON.parse(await readFile(path.join(folder, 'index.json'), 'utf8')) as Index;
}
