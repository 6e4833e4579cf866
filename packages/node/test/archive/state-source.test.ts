/** The state of a running node for its backup, asked for over an API that has other clients, too. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { applications } from '@daybook/applications';
import type { DataDirectory } from '@daybook/state';
import { openDataDirectory } from '@daybook/state';
import { expect } from 'chai';
import { ownState } from '../../src/archive/state-source.ts';
import { parseSettings } from '../../src/config.ts';
import type { RunningApi } from '../api/support/running-api.ts';
import { startTestApi } from '../api/support/running-api.ts';

const REFUSED = /^daybook_node_api_problems_total\{code="NODE_RATE_LIMITED"\} (\d+)$/m;

describe('node: the state for a backup', () => {
  let directory: string;
  let held: DataDirectory;
  let api: RunningApi;

  beforeEach(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'daybook-backup-'));
    // As a running node does.
    held = await openDataDirectory(directory);
    api = await startTestApi({ clientRequestsPerSecond: 1 });
  });

  afterEach(async () => {
    await api.stop();
    await held.close();
    rmSync(directory, { recursive: true, force: true });
  });

  function open(port: number) {
    const text = `node: {dataDirectory: ${directory}}\nnetwork: {listen: [/ip4/127.0.0.1/tcp/0]}\napi: {host: 127.0.0.1, port: ${port}}\n`;
    const settings = parseSettings(text, { file: 'daybookd.yaml', env: {} });
    const { genesis } = api.ledger.chain;
    return ownState({ settings, genesis }, { contracts: applications });
  }

  const refusals = async (): Promise<number> =>
    Number(REFUSED.exec((await api.metrics.render()).text)?.[1] ?? 0);

  it('given a node that refuses for a moment what is above the share of a client, then the backup waits and has it all', async () => {
    const whole = await (await fetch(`${api.url}/v1/state/records`)).bytes();
    while ((await fetch(`${api.url}/v1/status`)).status !== 429);
    const before = await refusals();

    const range = await open(api.api.address.port)(async (source) => {
      expect(source.height).to.equal(0);
      return await source.range(new Uint8Array());
    });

    expect(range).to.deep.equal(whole);
    // Two answers, of which the share gives one a second: it waits, and does not ask again and again.
    expect(await refusals()).to.be.within(before + 1, before + 3);
  });

  it('given a node that answers otherwise, or not at all, then the backup says so', async () => {
    const { port } = api.api.address;
    const failed = await open(port)(({ range }) => range(Uint8Array.of(1))).catch(
      (error: unknown) => error,
    );
    await api.stop();
    const gone = await open(port)(async ({ height }) => height).catch((error: unknown) => error);

    for (const error of [failed, gone]) {
      expect(error).to.have.property('code', 'NODE_BACKUP_IMPOSSIBLE');
    }
    expect(String(failed)).to.contain('answered 400');
    expect(String(gone)).to.contain('does not answer');
  });
});
