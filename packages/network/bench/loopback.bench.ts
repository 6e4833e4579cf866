/**
 * Round trips and throughput between two networks in two processes on loopback, and what an idle
 * one weighs. Prints figures; run with `node --conditions=source`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { peerIdFromPublicKey, publicKeyOf } from '@daybook/core';
import type { Network, NetworkParts } from '../src/index.ts';
import { createNetwork } from '../src/index.ts';

const CHAIN = new Uint8Array(32).fill(1);
const SEEDS = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] as const;
const PEERS = SEEDS.map((seed) => peerIdFromPublicKey(publicKeyOf(seed)));

const ignore = (): void => undefined;

const PARTS: NetworkParts = {
  clock: {
    now: () => performance.now(),
    schedule: (delayMs, task) => {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
  },
  random: () => 0.5,
  logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  metrics: { add: ignore, set: ignore, observe: ignore },
};

async function start(index: 0 | 1, addresses: readonly string[]): Promise<Network> {
  const network = createNetwork(
    {
      listen: ['/ip4/127.0.0.1/tcp/0'],
      secretKey: SEEDS[index],
      chain: CHAIN,
      consensusRate: 1_000_000,
      admission: {
        role: 'validator',
        peers: PEERS.map((peerId, peer) => ({
          peerId,
          role: 'validator' as const,
          addresses: peer === index ? [] : addresses,
        })),
      },
    },
    PARTS,
  );
  await network.start();
  return network;
}

/** The other process: sends everything back that comes on consensus, counts transactions. */
async function serve(): Promise<void> {
  const network = await start(1, []);
  let bytes = 0;
  network.onMessage('consensus', (peerId, message) => {
    network.send(peerId, 'consensus', message);
  });
  network.onMessage('transactions', (peerId, message) => {
    bytes += message.length;
    network.send(peerId, 'transactions', new Uint8Array(8));
  });
  network.handle('blocks', (_, request) => {
    return Promise.resolve(
      new Uint8Array(new DataView(request.buffer, request.byteOffset).getUint32(0)),
    );
  });
  process.send?.(network.listenAddresses()[0]);
  process.on('message', () => {
    process.send?.({ rss: process.memoryUsage().rss, cpu: process.cpuUsage(), bytes });
  });
  process.on('disconnect', () => process.exit());
}

async function measure(): Promise<void> {
  const child = fork(new URL(import.meta.url).pathname, ['serve'], {
    execArgv: ['--conditions=source'],
  });
  const [address] = await once(child, 'message');
  const network = await start(0, [String(address).replace(/\/p2p\/.*/, '')]);
  const [, peer = ''] = PEERS;
  await new Promise<void>((resolve) => {
    let open = 0;
    network.onPeer(({ kind }) => {
      open += kind === 'opened' ? 1 : 0;
      if (open === 3) {
        resolve();
      }
    });
  });
  print(`machine: ${cpus().length} x ${cpus()[0]?.model}, node ${process.version}`);
  await idle(child);
  for (const size of [200, 10_000]) {
    await roundTrips(network, peer, size);
  }
  await pipelined(network, peer, 200, 20_000);
  await batches(network, peer);
  for (const size of [100, 1_000_000, 8_000_000]) {
    await requests(network, peer, size);
  }
  await network.stop();
  child.disconnect();
}

async function idle(child: ReturnType<typeof fork>): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5000));
  child.send('figures');
  const [figures] = await once(child, 'message');
  print(`idle: ${(figures.rss / 2 ** 20).toFixed(0)} MiB RSS`);
}

async function roundTrips(network: Network, peer: string, size: number): Promise<void> {
  const times: number[] = [];
  for (let index = 0; index < 2000; index += 1) {
    const begun = performance.now();
    const back = new Promise<void>((resolve) => {
      const off = network.onMessage('consensus', () => {
        off();
        resolve();
      });
    });
    network.send(peer, 'consensus', new Uint8Array(size));
    await back;
    times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(3);
  print(`round trip ${size} B: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
}

/** Many messages at once there and back: what a busy consensus channel carries. */
async function pipelined(
  network: Network,
  peer: string,
  size: number,
  count: number,
): Promise<void> {
  const begun = performance.now();
  const cpu = process.cpuUsage();
  let sent = 0;
  await new Promise<void>((resolve) => {
    let back = 0;
    const more = (): void => {
      while (sent - back < 200 && sent < count) {
        network.send(peer, 'consensus', new Uint8Array(size));
        sent += 1;
      }
    };
    const off = network.onMessage('consensus', () => {
      back += 1;
      if (back === count) {
        off();
        resolve();
      }
      more();
    });
    more();
  });
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const each = (user + system) / count / 2;
  print(
    `echoes ${size} B: ${(count / seconds).toFixed(0)} /s each way, ${each.toFixed(0)} us CPU per message and side`,
  );
}

async function batches(network: Network, peer: string): Promise<void> {
  const count = 1000;
  const size = 100_000;
  const begun = performance.now();
  await new Promise<void>((resolve) => {
    let back = 0;
    let sent = 0;
    const more = (): void => {
      while (sent - back < 50 && sent < count) {
        network.send(peer, 'transactions', new Uint8Array(size));
        sent += 1;
      }
    };
    const off = network.onMessage('transactions', () => {
      back += 1;
      if (back === count) {
        off();
        resolve();
      }
      more();
    });
    more();
  });
  const seconds = (performance.now() - begun) / 1000;
  print(
    `batches of 100 kB: ${((count * size) / seconds / 1e6).toFixed(0)} MB/s (limit 33.5 MB/s and burst)`,
  );
}

async function requests(network: Network, peer: string, size: number): Promise<void> {
  const request = new Uint8Array(4);
  new DataView(request.buffer).setUint32(0, size);
  const count = size > 1e6 ? 20 : 150;
  const begun = performance.now();
  for (let index = 0; index < count; index += 1) {
    const answer = await network.request(peer, 'blocks', request);
    if (!answer.ok) {
      throw new Error(answer.reason.code);
    }
  }
  const each = (performance.now() - begun) / count;
  print(`request answered with ${size} B: ${each.toFixed(2)} ms`);
}

function print(line: string): void {
  console.log(line);
}

await (process.argv[2] === 'serve' ? serve() : measure());
