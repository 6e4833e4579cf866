/** `daybook sql` against a node that keeps SQL tables, both processes of their own. */
import { directory } from '@daybook/applications';
import type { Client, SqlAnswer } from '@daybook/client';
import { createClient, isRefusal } from '@daybook/client';
import { createSigner, generateSecretKey, publicKeyOf } from '@daybook/core';
import type { Cluster, ClusterNode } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { MEMBERS, TREASURY } from './departments.ts';
import { daybook } from './process.ts';

const OFFICERS = `SELECT name, _height FROM directory_officer WHERE organisation = '${TREASURY}' ORDER BY name`;

describe('SQL tables of a node process', () => {
  let cluster: Cluster;
  let node: ClusterNode;
  let client: Client;

  before(async () => {
    cluster = await startCluster({
      members: MEMBERS.filter(({ slug }) => slug === TREASURY),
      parameters: { blockIntervalMs: 20 },
      settings: { readmodel: { state: 'on', memoryBytesMax: 134_217_728 } },
    });
    node = cluster.node(TREASURY);
    client = createClient({ urls: [node.apiUrl], chain: cluster.genesis.chain });
  });
  after(() => cluster.remove());

  async function addOfficer(name: string): Promise<number> {
    const identity = `${TREASURY}/admin`;
    const author = { identity, signer: createSigner(cluster.officer(identity).secretKey) };
    const publicKey = publicKeyOf(generateSecretKey());
    const call = client
      .contractOf(directory)
      .calls.addOfficer({ organisation: TREASURY, name, kind: 'officer', publicKey });
    const outcome = await client.perform([author], [call]);
    if (outcome.state !== 'committed') throw new Error(outcome.state);
    return outcome.receipt.height;
  }

  /** Asks until the tables show a block. */
  async function askAt(height: number): Promise<SqlAnswer> {
    while (true) {
      const answer = await client.query(OFFICERS).catch((error: unknown) => {
        const isPassing = ['READMODEL_EMPTY', 'READMODEL_DOWN'].some((code) =>
          isRefusal(error, code),
        );
        if (isPassing) return undefined;
        throw error;
      });
      if (answer !== undefined && answer.head.height >= height) return answer;
    }
  }

  const ask = (...words: readonly string[]) => daybook(['sql', ...words, '--url', node.apiUrl]);

  it('writes rows as a table, as CSV and as JSON', async () => {
    const height = await addOfficer('ann');
    await askAt(height);
    const table = await ask(OFFICERS);
    expect(table.code, table.errors).to.equal(0);
    expect(table.out.split('\n')[0]).to.match(/^name +_height$/);
    expect(table.out).to.match(new RegExp(`^ann +${height}$`, 'm'));
    expect(table.errors).to.match(/^4 rows, after block \d+ of /);
    const csv = await ask(`SELECT 'a "b", c' AS x, NULL AS y, '' AS z`, '--format', 'csv');
    expect(csv.out).to.equal('x,y,z\r\n"a ""b"", c",,""\r\n');
    const cells = `SELECT '=1+1' AS x, '-3.50' AS y, -4 AS z`;
    expect((await ask(cells, '--format', 'csv')).out).to.equal("x,y,z\r\n'=1+1,-3.50,-4\r\n");
    const json = await ask('SELECT 1 AS one', '--json');
    expect(json.json()).to.deep.include({ rows: [[1]], truncated: false });
  });

  it('says in words what a query may not do', async () => {
    const refused = await ask('DELETE FROM directory_officer');
    expect(refused.code).to.not.equal(0);
    expect(refused.errors).to.include('The query is no single SELECT.\n');
    const wrong = await ask('SELEC 1');
    expect(wrong.errors).to.include(
      'The query is no single SELECT: syntax error at or near "SELEC"',
    );
  });

  it('finds the columns that are named, and says where there is no such column or table', async () => {
    const find = (...words: readonly string[]) => daybook(['find', ...words, '--url', node.apiUrl]);
    const where = ['--where', 'name=admin', '--columns', '_height,name', '--format', 'csv'];
    const found = await find('directory_officer', ...where);
    expect(found.out, found.errors).to.equal('_height,name\r\n0,admin\r\n');
    expect(found.errors).to.match(/^1 row, after block /);
    const column = await find('directory_officer', '--columns', 'nome');
    expect(column.errors).to.include('--columns').and.to.include('organisation, name');
    const table = await find('directory_oficer');
    expect(table.errors).to.include('NODE_TABLE_UNKNOWN').and.to.include('SHOW TABLES');
  });

  it('shows a record by the word that cites it, with every letter of it', async () => {
    const cited = `directory.officer/${TREASURY}/controller`;
    const sql = `SELECT '${cited}' AS record, '${'x'.repeat(60)}' AS other`;
    expect((await ask(sql)).out).to.include(`\n${cited}  ${'x'.repeat(43)}…`);
    const record = await daybook(['get', cited, '--url', node.apiUrl, '--json']);
    expect(record.json(), record.errors).to.have.nested.property('row.name', 'controller');
    const surplus = await daybook(['get', cited, 'officer', '--url', node.apiUrl]);
    expect(surplus.errors).to.include('CLI_OPERAND_SURPLUS');
  });

  it('has each row once after the node was killed', async () => {
    await askAt(await addOfficer('ben'));
    await node.process.kill();
    await node.process.start();
    const { rows } = await askAt(await addOfficer('cleo'));
    const names = ['admin', 'ann', 'ben', 'cleo', 'controller', 'granter'];
    expect(rows.map(([name]) => name)).to.deep.equal(names);
  });
});
