/**
 * A contract that this release does not ship, on a chain whose nodes have it: API, command line and
 * client know it from the manifest, with no other file touched.
 */
import { applications } from '@daybook/applications';
import { createClient } from '@daybook/client';
import { defineContract, field } from '@daybook/contracts';
import { generateSecretKey, publicKeyOf, toHex } from '@daybook/core';
import type { Cluster, InProcessNode } from '@daybook/testkit';
import { createCluster, startInProcessNodes } from '@daybook/testkit';
import { expect } from 'chai';
import type { Ran } from '../fixtures/run.ts';
import { run as runHere } from '../fixtures/run.ts';

const name = field.slug({ en: 'Box', zh: '捐款箱' });

const boxes = defineContract({
  number: 900,
  name: 'boxes',
  version: 1,
  title: { en: 'Collection boxes', zh: '捐款箱' },
  help: { en: 'Counts what is put in.', zh: '登记收入。' },
  records: {
    box: {
      number: 1,
      title: { en: 'Box', zh: '捐款箱' },
      key: { name },
      fields: { total: field.amount({ en: 'Total, GBP', zh: '合计(英镑)' }) },
    },
  },
  failures: {
    WRONG_CURRENCY: {
      code: 1,
      en: 'The box takes GBP, not {currency}.',
      zh: '只收英镑,不收{currency}。',
      remedy: { en: 'Give pounds.', zh: '请以英镑捐款。' },
    },
  },
  actions: {
    putIn: {
      title: { en: 'Put something in', zh: '捐款' },
      by: 'officer',
      input: { name, amount: field.money({ en: 'Amount', zh: '金额', min: 1n }) },
      handler(context, { name: box, amount }) {
        const { currency, minor } = amount;
        if (currency !== 'GBP') return context.refuse('WRONG_CURRENCY', { currency });
        const total = context.records.box.get({ name: box })?.total ?? 0n;
        context.records.box.put({ name: box, total: total + minor });
      },
    },
  },
});

describe('a contract of 60 lines', () => {
  let cluster: Cluster;
  let nodes: readonly InProcessNode[] = [];
  let url = '';
  let signer = '';

  before(async () => {
    const officers = [{ name: 'admin', roles: ['directory.administrator'] }];
    const title = { en: 'Finance', zh: '财政' };
    const members = [{ slug: 'finance', title, officers, node: 'validator' as const }];
    const contracts = [...applications, boxes];
    cluster = await createCluster({ members, contracts, parameters: { blockIntervalMs: 20 } });
    nodes = await startInProcessNodes(cluster, { contracts });
    url = nodes[0]?.apiUrl ?? '';
    signer = `finance/admin=${cluster.directory}/officers/finance-admin.json`;
    // Before the first block nothing proves the manifest, and nothing unproven is used.
    const words = ['--organisation', 'finance', '--name', 'jim', '--kind', 'officer'];
    const key = ['--public-key', toHex(publicKeyOf(generateSecretKey()))];
    await run(['directory', 'add-officer', ...words, ...key, '--signer', signer]);
  });

  after(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await cluster.remove();
  });

  const run = (words: readonly string[]): Promise<Ran> => runHere([...words, '--url', url]);
  const putIn = (amount: string): Promise<Ran> =>
    run(['boxes', 'put-in', '--name', 'north', '--amount', amount, '--signer', signer]);

  it('given the chain has it, then the command line has its verbs, options and help', async () => {
    const help = await run(['boxes', 'put-in', '--help']);
    const done = await putIn('12.50 GBP');
    const shown = await run(['get', 'boxes', 'box', 'north']);

    expect(help.out).to.contain('Put something in').and.to.contain('--amount MONEY');
    expect(done.code, done.errors).to.equal(0);
    expect(shown.out).to.contain('1250');
  });

  it('given its own refusal, then code, words and remedy come through', async () => {
    const { code, out } = await putIn('3.00 EUR');

    expect(code).to.equal(1);
    expect(out).to.contain('BOXES_WRONG_CURRENCY').and.to.contain('takes GBP, not EUR');
    expect(out).to.contain('Give pounds.');
  });

  it('given the proposal of a version that the release lacks, then the node does not take it (spec X-35)', async () => {
    const proposal = ['governance', 'propose-contract', '--contract', 'boxes', '--version', '9'];
    const { code, out, errors } = await run([...proposal, '--reason', 'More', '--signer', signer]);

    expect(code).to.not.equal(0);
    expect(`${out}${errors}`)
      .to.contain('NODE_TRANSACTION_RELEASE')
      .and.to.contain('version 9 of boxes');
  });

  it('given its definition, then the client is typed by it; given the manifest alone, it works too', async () => {
    const client = createClient({ urls: [url], chain: cluster.genesis.chain });

    const typed = await client.contractOf(boxes).records.box.get({ name: 'north' });
    const named = await (await client.contractNamed('boxes')).records('box').get({ name: 'north' });

    const total: bigint | undefined = typed?.row.total;
    expect(total).to.equal(1250n);
    expect(named?.row.total).to.equal('1250');
  });

  it('given its record, then the proof carries its words', async () => {
    const file = `${cluster.directory}/box.proof`;
    const kept = await run(['get', 'boxes', 'box', 'north', '--proof', file]);
    const verified = await runHere([
      'verify',
      file,
      '--genesis',
      cluster.genesisFile,
      '--language',
      'zh',
    ]);

    expect(kept.code, kept.errors).to.equal(0);
    expect(verified.code).to.equal(0);
    expect(verified.out).to.contain('捐款箱');
  });
});
