import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { claimPorts } from '@daybook/testkit';
import { expect } from 'chai';

const claimFile = (port: number): string => path.join(tmpdir(), 'daybook-ports', String(port));

describe('testkit: ports', () => {
  it('given two claims, when compared, then no port is in both and each names its process', async () => {
    const [first, second] = await Promise.all([claimPorts(20), claimPorts(20)]);

    const all = [...first.ports, ...second.ports];
    const claimants = new Set(all.map((port) => readFileSync(claimFile(port), 'utf8')));
    first.release();
    second.release();

    expect(new Set(all).size).to.equal(40);
    expect(claimants).to.deep.equal(new Set([String(process.pid)]));
  });

  it('given a claim, when released, then its files are gone', async () => {
    const claim = await claimPorts(3);

    claim.release();

    expect(claim.ports.filter((port) => existsSync(claimFile(port)))).to.deep.equal([]);
  });

  it('given ports claimed, when each is listened on, then it is free', async () => {
    const claim = await claimPorts(3);
    const servers = claim.ports.map((port) => createServer().listen(port, '127.0.0.1'));

    const listening = await Promise.all(
      servers.map((server) => new Promise((resolve) => server.once('listening', () => resolve(1)))),
    );

    for (const server of servers) server.close();
    claim.release();
    expect(listening).to.have.length(3);
  });
});
