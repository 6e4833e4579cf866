/**
 * A new contract is one file: copied into the packages it appears in the API, in OpenAPI, in the
 * command line and in the typed client, and no other file is touched but by the generator.
 */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { applications } from '@daybook/applications';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { tools } from './fixtures/tools.ts';
import { getJson } from './support/api.ts';
import { member } from './support/members.ts';
import type { Run } from './support/programs.ts';
import { runDaybook, runProgram } from './support/programs.ts';
import type { RepositoryCopy } from './support/repository-copy.ts';
import { copyRepository } from './support/repository-copy.ts';

const FIXTURE = path.join(import.meta.dirname, 'fixtures/tools.ts');
const LINES_MAX = 60;
const KEEPER = 'town/keeper';
const TSC = path.join(import.meta.dirname, '../../node_modules/.bin/tsc');

/** A program of somebody who uses the typed client; the wrong lines must not compile. */
const PROGRAM = `
import { tools } from '@daybook/applications';
import { createClient } from '@daybook/client';
import { createSigner } from '@daybook/core';
import { readKeyFile } from '@daybook/keystore';

const [url = '', keyFile = ''] = process.argv.slice(2);
const client = createClient({ urls: [url] });
const library = client.contractOf(tools);
const key = await readKeyFile(keyFile, { purpose: 'account', allowUnprotected: true });
const author = { identity: '${KEEPER}', signer: createSigner(key.secretKey) };
const outcome = await client.perform([author], [library.calls.lend({ name: 'drill', borrower: 'Ann' })]);
const found = await library.records.tool.get({ name: 'drill' });
const times: number = found?.row.timesLent ?? -1;
const borrower: string | undefined = found?.row.borrower;
console.log(JSON.stringify({ state: outcome.state, times, borrower }));
export function wrong(): void {
  // @ts-expect-error: there is no such action
  library.calls.steal({ name: 'drill' });
  // @ts-expect-error: the borrower is missing
  library.calls.lend({ name: 'drill' });
  // @ts-expect-error: a name is text
  library.calls.buy({ name: 5 });
}
`;

const TSCONFIG = {
  extends: './tsconfig.base.json',
  compilerOptions: { outDir: 'out' },
  files: ['program.ts'],
  references: ['core', 'applications', 'client', 'keystore'].map((name) => ({
    path: `packages/${name}`,
  })),
};

describe('a new contract in one file', () => {
  let copy: RepositoryCopy;
  let cluster: Cluster;
  let apiUrl: string;
  let keyFile: string;

  before(async () => {
    copy = await copyRepository();
    await copyFile(FIXTURE, path.join(copy.root, 'packages/applications/src/tools.ts'));
    const generated = await runProgram('scripts/generate-applications.ts', [], copy);
    expect(generated.exitCode, generated.stderr).to.equal(0);
    const town = member('town', 'validator');
    const keeper = { name: 'keeper', roles: ['tools.keeper'] };
    cluster = await startCluster({
      members: [{ ...town, officers: [...town.officers, keeper] }],
      contracts: [...applications, tools],
      daemon: path.join(copy.root, 'packages/node/bin/daybookd.js'),
      // The copy has sources and no bundle.
      flags: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
    });
    apiUrl = cluster.node('town').apiUrl;
    keyFile = path.join(cluster.directory, 'officers/town-keeper.json');
  });
  after(async () => {
    await cluster?.remove();
    await copy?.remove();
  });

  const daybook = (...words: readonly string[]): Promise<Run> => runDaybook(words, copy);

  it('given the contract, when its lines are counted, then they are few', async () => {
    const lines = (await readFile(FIXTURE, 'utf8')).trimEnd().split('\n').length;

    expect(lines).to.be.at.most(LINES_MAX);
  });

  it('given the node, when asked for its contracts and OpenAPI, then both have it', async () => {
    const { body } = await getJson(apiUrl, '/v1/contracts');
    const openapi = await getJson(apiUrl, '/openapi.json');

    expect(JSON.stringify(body)).to.contain('"tools"');
    expect(openapi.body.paths).to.include.keys(
      '/v1/contracts/tools/lend',
      '/v1/contracts/tools/tool',
      '/v1/contracts/tools/tool/{name}',
    );
  });

  it('given its verb on the command line, when used, then the tool is bought', async () => {
    const help = await daybook('tools', 'buy', '--help');
    const signer = ['--signer', `${KEEPER}=${keyFile}`, '--url', apiUrl];
    const bought = await daybook('tools', 'buy', '--name', 'drill', ...signer, '--json');

    expect(help.stdout).to.contain('--name').and.to.contain('Buy a tool');
    expect(bought.exitCode, bought.stderr).to.equal(0);
    expect(JSON.parse(bought.stdout)).to.include({ state: 'committed' });
  });

  it('given the typed client, when a program uses it, then wrong calls do not compile', async () => {
    await writeFile(path.join(copy.root, 'program.ts'), PROGRAM);
    await writeFile(path.join(copy.root, 'tsconfig.program.json'), JSON.stringify(TSCONFIG));

    const compiled = await runProgram(TSC, ['-b', 'tsconfig.program.json'], copy);
    const ran = await runProgram('program.ts', [apiUrl, keyFile], copy);

    expect(compiled.stdout).to.equal('');
    expect(compiled.exitCode).to.equal(0);
    expect(ran.exitCode, ran.stderr).to.equal(0);
    expect(JSON.parse(ran.stdout)).to.deep.equal({ state: 'committed', times: 1, borrower: 'Ann' });
  });

  it('given its record over HTTP, when read, then it says who has the tool', async () => {
    const { body } = await getJson(apiUrl, '/v1/contracts/tools/tool/drill');

    expect(body.record).to.have.nested.property('row.borrower', 'Ann');
  });

  it('given a call that the contract refuses, when made, then the failure has its words', async () => {
    const signer = ['--signer', `${KEEPER}=${keyFile}`, '--url', apiUrl];
    const again = ['--name', 'drill', '--borrower', 'Bob', ...signer, '--json'];

    const { exitCode, stdout } = await daybook('tools', 'lend', ...again);

    expect(exitCode).not.to.equal(0);
    expect(stdout).to.contain('LENT').and.to.contain('Ann has the tool.');
  });
});
