import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { SILENT_LOGGER } from '../../src/log.ts';
import type { ServiceManager } from '../../src/systemd.ts';
import { connectServiceManager, watchdogIntervalMs } from '../../src/systemd.ts';

const RECEIVER = path.join(import.meta.dirname, 'receiver.ts');

const parts = {
  logger: SILENT_LOGGER,
  pid: process.pid,
  every: (intervalMs: number, task: () => void) => {
    const timer = setInterval(task, intervalMs);
    return () => clearInterval(timer);
  },
};

describe('systemd: what the service manager is told', () => {
  let directory: string;
  let receiver: ChildProcess;
  let messages: AsyncIterator<string>;
  let manager: ServiceManager | undefined;

  beforeEach(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'daybook-notify-'));
    const socket = path.join(directory, 'notify');
    const args = ['--datagram', '-l', socket, process.execPath, RECEIVER];
    receiver = spawn('systemd-socket-activate', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    await once(receiver, 'spawn');
    await lineWith(receiver, 'Listening');
    const lines = createInterface({ input: receiver.stdout ?? process.stdin });
    messages = lines[Symbol.asyncIterator]();
  });

  afterEach(async () => {
    await manager?.stopping();
    if (receiver.exitCode === null) await once(receiver, 'exit');
    rmSync(directory, { recursive: true });
  });

  /** The next datagram that is not the barrier by which systemd-notify waits for delivery. */
  async function next(): Promise<string> {
    while (true) {
      const { value } = await messages.next();
      const text = JSON.parse(value) as string;
      if (!text.startsWith('BARRIER=')) return text;
    }
  }

  function connect(more: Record<string, string> = {}): ServiceManager {
    const variables = { NOTIFY_SOCKET: path.join(directory, 'notify'), ...more };
    manager = connectServiceManager(variables, parts);
    return manager;
  }

  it('given a node that works and stops, then READY with its status and STOPPING arrive', async () => {
    const service = connect();

    await service.ready('height 5,\n4 peers');
    await service.status('syncing');
    await service.stopping();

    expect(await next()).to.equal('READY=1\nSTATUS=height 5, 4 peers');
    expect(await next()).to.equal('STATUS=syncing');
    expect(await next()).to.equal('STOPPING=1');
  });

  it('given a watchdog, then signs of life come until the node stops', async () => {
    const service = connect({ WATCHDOG_USEC: '60000' });

    const signs = [await next(), await next()];
    await service.stopping();

    expect(signs).to.deep.equal(['WATCHDOG=1', 'WATCHDOG=1']);
  });
});

describe('systemd: without or with an unusable service manager', () => {
  it('given no NOTIFY_SOCKET, then every message is a silent success', async () => {
    const service = connectServiceManager({}, parts);

    await service.ready('x');
    await service.stopping();
  });

  it('given a socket that is gone, then the node goes on and a warning says so', async () => {
    const warnings: string[] = [];
    const logger = { ...SILENT_LOGGER, warn: (message: string) => warnings.push(message) };
    const service = connectServiceManager(
      { NOTIFY_SOCKET: '/nonexistent/notify' },
      { ...parts, logger },
    );

    await service.ready('x');

    expect(warnings).to.deep.equal(['service manager not reached']);
    await service.stopping();
  });

  it('given watchdog variables, then a third of the interval, and only for this process', () => {
    expect(watchdogIntervalMs({ WATCHDOG_USEC: '30000000' }, 7)).to.equal(10_000);
    expect(watchdogIntervalMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 7)).to.equal(
      10_000,
    );
    expect(watchdogIntervalMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, 7)).to.equal(
      undefined,
    );
    for (const text of [undefined, '', '0', '-1', 'x', '1e9']) {
      expect(watchdogIntervalMs({ WATCHDOG_USEC: text }, 7), text).to.equal(undefined);
    }
  });

  it('given this machine, then systemd-notify is where the adapter looks for it', () => {
    expect(existsSync('/usr/bin/systemd-notify')).to.equal(true);
  });
});

async function lineWith(child: ChildProcess, word: string): Promise<void> {
  if (child.stderr === null) return;
  for await (const line of createInterface({ input: child.stderr })) {
    if (line.includes(word)) return;
  }
}
