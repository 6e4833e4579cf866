/**
 * What the first run of `daybook monitor` takes, which opens a finding for each pair of equal
 * payments and proves every record that they cite: CPU of its process and of the node, on a cluster
 * of one validator. A second run, which finds nothing new, is what all of it but the proofs takes.
 *
 *   npm run bench:monitor -- [--findings 196] [--keep-proofs]
 */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { audit, treasury } from '@daybook/applications';
import type { Client, TransactionAuthor } from '@daybook/client';
import { createClient, isRefusal } from '@daybook/client';
import type { Call } from '@daybook/core';
import { assert, createSigner } from '@daybook/core';
import type { Cluster, MemberPlan } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { cpuSecondsOf } from './bench/process-cpu.ts';
import { numberOf, parseOptions } from './options.ts';

const { values: options } = parseOptions(import.meta.filename, {
  options: {
    findings: { type: 'string', default: '196' },
    'keep-proofs': { type: 'boolean', default: false },
  },
});
const findings = numberOf(options.findings, 'findings');
const BATCH = 64;
const PROGRAM = path.join(import.meta.dirname, '..', 'packages', 'cli', 'bin', 'daybook.js');
/** Tells on standard error, in its last line, what the process used. */
const TELL_CPU =
  'data:text/javascript,process.on("exit",()=>{const{userCPUTime:u,systemCPUTime:s}=' +
  'process.resourceUsage();process.stderr.write(String((u+s)/1e6))})';
const YEAR = { start: '2026-01-01', end: '2026-12-31' };

function member(slug: string, roles: readonly string[], node: MemberPlan['node']): MemberPlan {
  const officers = ['head', 'other'].map((name) => ({
    name,
    roles: ['directory.administrator', 'governance.delegate', ...roles],
  }));
  return { slug, title: { en: slug, zh: slug }, officers, node };
}

const TREASURY = ['appropriator', 'budgeter', 'payer', 'controller'].map(
  (one) => `treasury.${one}`,
);
const MEMBERS = [
  member('works', TREASURY, 'validator'),
  member('audit-office', ['audit.auditor', 'audit.monitor'], 'none'),
  member('finance', ['treasury.controller'], 'none'),
];

function authorsOf(cluster: Cluster, identities: readonly string[]): readonly TransactionAuthor[] {
  return identities.map((identity) => ({
    identity,
    signer: createSigner(cluster.officer(identity).secretKey),
  }));
}

async function payInPairs(cluster: Cluster, client: Client): Promise<number> {
  const { calls } = client.contractOf(treasury);
  const amount = { minor: 10n ** 12n, currency: 'GBP' };
  const opened = { fund: 'roads', amount, purposes: ['roads'], basis: 'recorded' } as const;
  const terms = { title: 'Roads', holder: 'works', controller: 'finance', period: YEAR };
  const both = authorsOf(cluster, ['works/head', 'works/other']);
  await client.perform(both, [calls.appropriate({ ...opened, ...terms })]);
  const tar = { allocation: 'roads', commitment: 'tar', title: 'Tar', payee: { name: 'Tar Ltd' } };
  await client.perform(both, [calls.commit({ ...opened, ...tar })]);
  const payers = authorsOf(cluster, ['works/head', 'finance/head']);
  const pays = Array.from({ length: 2 * findings }, (_, index) => {
    const minor = BigInt(200_000 + Math.floor(index / 2));
    const what = { fund: 'roads', commitment: 'tar', payment: `p-${index}`, purpose: 'roads' };
    return calls.disburse({ ...what, amount: { minor, currency: 'GBP' }, date: '2026-03-04' });
  });
  let height = 0;
  for (let from = 0; from < pays.length; from += BATCH) {
    const batch = pays.slice(from, from + BATCH);
    const signed = await Promise.all(batch.map((call) => client.sign(payers, [call])));
    for (const outcome of await client.submitBatch(signed)) {
      assert(outcome.state === 'committed', `a payment is made: ${JSON.stringify(outcome)}`);
      height = Math.max(height, outcome.receipt.height);
    }
  }
  return height;
}

async function openEngagement(cluster: Cluster, client: Client): Promise<void> {
  const { calls } = client.contractOf(audit);
  const terms = { auditor: 'audit-office', auditee: 'works', title: 'Roads', scope: 'Payments' };
  const until = { legalBasis: 'Audit Act', period: YEAR, reportBy: '2099-12-31' };
  const engagement = 'roads-2026';
  const opened = calls.open({ engagement, ...terms, ...until, reason: 'Annual audit' });
  const rule = { rule: 'twice', kind: 'duplicates', query: 'days=3', title: 'Paid twice' } as const;
  const set: Call = calls.setRule({ ...rule, engagement, reason: 'Annual audit' });
  for (const call of [opened, set]) {
    const outcome = await client.perform(authorsOf(cluster, ['audit-office/head']), [call]);
    assert(outcome.state === 'committed', 'the engagement is open');
  }
}

/** Waits until the tables show a block. */
async function tablesAt(client: Client, height: number): Promise<void> {
  for (let at = -1; at < height; ) {
    const answer = await client.query('SELECT 1').catch((error: unknown) => {
      const passing = ['EMPTY', 'DOWN', 'QUERY_TIMEOUT'].map((one) => `READMODEL_${one}`);
      if ([...passing, 'NODE_OVERLOADED'].some((code) => isRefusal(error, code))) return undefined;
      throw error;
    });
    at = answer?.head.height ?? -1;
  }
}

async function monitor(words: readonly string[]): Promise<{ seconds: number; added: number }> {
  const program = ['--conditions=source', '--import', TELL_CPU, PROGRAM, 'monitor', ...words];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert(code === 0, `the monitor is content: ${errors}${out}`);
  const [outcome] = JSON.parse(out) as readonly { readonly added: number }[];
  return { seconds: Number(errors.trim().split('\n').at(-1)), added: outcome?.added ?? 0 };
}

const cluster = await startCluster({
  members: MEMBERS,
  settings: { readmodel: { state: 'on', memoryBytesMax: 134_217_728 } },
});
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'daybook-monitor-'));
try {
  const node = cluster.node('works');
  const client = createClient({ urls: [node.apiUrl], chain: cluster.genesis.chain });
  await openEngagement(cluster, client);
  await tablesAt(client, await payInPairs(cluster, client));
  const key = path.join(cluster.directory, 'officers', 'audit-office-head.json');
  const words = ['roads-2026', '--auditor', 'audit-office', '--signer', `audit-office/head=${key}`];
  const kept = options['keep-proofs'] ? ['--keep', folder] : [];
  process.stdout.write(`load ${os.loadavg()[0]?.toFixed(1)}\n`);
  for (const title of ['first run', 'second run']) {
    const before = cpuSecondsOf(node.process.pid());
    const startedMs = performance.now();
    const { seconds, added } = await monitor([...words, ...kept, '--url', node.apiUrl, '--json']);
    const told = [
      `${added} findings`,
      `${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
      `CPU of the monitor ${seconds.toFixed(1)} s`,
      `CPU of the node ${(cpuSecondsOf(node.process.pid()) - before).toFixed(1)} s`,
    ];
    process.stdout.write(`${title}: ${told.join(', ')}\n`);
  }
} finally {
  await cluster.remove();
  fs.rmSync(folder, { recursive: true, force: true });
}
