/** The signer as a process: how it refuses to run, how a service manager hands it its socket. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { daemonPath } from '@daybook/node';
import type { Cluster, SignerPlace } from '@daybook/testkit';
import { createCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { ALONE } from './support/members.ts';
import { changedConfig, runDaemon } from './support/programs.ts';
import { connectTo } from './support/signer.ts';
import { eventually } from './support/waiting.ts';

describe('daybookd signer', () => {
  let cluster: Cluster;
  let place: SignerPlace;

  before(async () => {
    cluster = await createCluster({ members: ALONE, signers: ['finance'] });
    const { signer } = cluster.node('finance');
    if (signer === undefined) throw new Error('the cluster was asked for a signer');
    place = signer;
  });
  after(async () => {
    await cluster?.remove();
  });

  const configWith = (change: (text: string) => string): Promise<string> =>
    changedConfig(place.configFile, change);

  it('given no socket in the settings, when started, then it ends with 2 and names the setting', async () => {
    const file = await configWith((text) => text.replace(/signer:\n.*\n/, ''));

    const { exitCode, output } = await runDaemon('signer', '--config', file);

    expect(exitCode).to.equal(2);
    expect(output).to.contain('signer.socket is not set');
  });

  it('given a key file that is not there, when started, then it ends with 3', async () => {
    const file = await configWith((text) => text.replace('consensus.json', 'none.json'));

    const { exitCode, output } = await runDaemon('signer', '--config', file);

    expect(exitCode).to.equal(3);
    expect(output).to.contain('none.json');
  });

  it('given a node with a key and a signer, when started, then it ends with 2', async () => {
    const { configFile, directory } = cluster.node('finance');
    const key = path.join(directory, 'keys', 'consensus.json');
    const text = await readFile(configFile, 'utf8');
    const file = path.join(directory, 'both.yaml');
    await writeFile(file, text.replace('keys:\n', `keys:\n  consensusFile: ${key}\n`));

    const { exitCode, output } = await runDaemon('--config', file);

    expect(exitCode).to.equal(2);
    expect(output).to.contain('leave out keys.consensusFile');
  });

  it('given a running signer, when started again on its directory, then the second ends with 4', async () => {
    await place.process.start();

    const { exitCode, output } = await runDaemon('signer', '--config', place.configFile);

    const { exitCode: first } = await place.process.stop();
    expect(exitCode).to.equal(4);
    expect(output).to.contain('Another process works on this data directory');
    expect(first).to.equal(0);
  });

  it('given --quarantine, when started, then it signs nothing and says why', async () => {
    const copy = await createCluster({ members: ALONE, signers: ['finance'] });
    try {
      const { signer } = copy.node('finance');
      const args = ['signer', '--quarantine', '--config', signer?.configFile ?? ''];
      const child = spawn(process.execPath, [...process.execArgv, daemonPath(), ...args]);
      const ended = new Promise((resolve) => child.once('close', resolve));
      const { chain } = copy.genesis;
      const connected = await connectTo({ path: signer?.socket ?? '', chain });

      const reason = connected.quarantine()?.code;

      await connected.close();
      child.kill('SIGTERM');
      await ended;
      expect(reason).to.equal('STATE_VOTES_DISTRUSTED');
    } finally {
      await copy.remove();
    }
  });

  const activator = '/usr/bin/systemd-socket-activate';
  const activated = existsSync(activator) ? it : it.skip;

  activated(
    'given a socket that a service manager made, when the node connects, then the signer serves it there',
    async () => {
      const socket = path.join(path.dirname(place.socket), 'handed');
      const program = [process.execPath, ...process.execArgv, daemonPath()];
      const file = await configWith((text) => text.replace(place.socket, socket));
      const args = ['-l', socket, ...program, 'signer', '--config', file];
      const child: ChildProcess = spawn(activator, args, { stdio: 'ignore' });
      const ended = new Promise((resolve) => child.once('close', resolve));
      try {
        await eventually(() => existsSync(socket), { what: 'the socket', withinMs: 60_000 });
        await chmod(socket, 0o600);

        const signer = await connectTo({ path: socket, chain: cluster.genesis.chain });

        await signer.close();
        expect(signer.state().guard).to.deep.equal({ height: 0, round: 0 });
      } finally {
        child.kill('SIGTERM');
        await ended;
      }
    },
  );
});
