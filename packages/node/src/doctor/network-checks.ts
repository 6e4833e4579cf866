/** Ports, peers and clock: by the running node's own word where there is one. */
import { connect, createServer } from 'node:net';
import type { Genesis, TimestampMs } from '@daybook/core';
import { quorumOf, toHex } from '@daybook/core';
import type { Settings } from '../config.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { ownApiUrl } from '../own-api.ts';
import { checkClockAlone, judgeOffset } from './clock-checks.ts';
import type { Finding } from './finding.ts';
import { failure, good, skipped, warning } from './finding.ts';

const ANSWER_MS = 3000;

/** What a running node says of itself, as far as it is needed here. */
interface RunningNode {
  readonly chain: string;
  readonly role: string;
  readonly peerId: string;
  readonly reachable: { readonly count: number; readonly of: number };
  readonly clockOffsetMs: number | undefined;
}

async function getJson(url: string): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  return (await response.json()) as Readonly<Record<string, unknown>>;
}

async function askNode(settings: Settings): Promise<RunningNode> {
  const status = await getJson(`${ownApiUrl(settings)}/v1/status`);
  const genesis = await getJson(`${ownApiUrl(settings)}/v1/genesis`);
  const reachable = status.reachable as RunningNode['reachable'] | undefined;
  const { clockOffsetMs, role, peerId } = status;
  return {
    chain: String(genesis.chain),
    role: String(role),
    peerId: String(peerId),
    reachable: reachable ?? { count: 0, of: 0 },
    clockOffsetMs: typeof clockOffsetMs === 'number' ? clockOffsetMs : undefined,
  };
}

/** Beside a running node: it answers on its address, and tells what it sees. */
export async function checkRunning(
  settings: Settings,
  genesis: Genesis,
): Promise<readonly Finding[]> {
  let node: RunningNode;
  try {
    node = await askNode(settings);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const words = `the node runs and cannot be asked at ${ownApiUrl(settings)}: ${reason}`;
    const advice = 'it may be starting; ask again, and check api.host, api.port and api.hostNames';
    return [
      warning('ports', words, advice),
      skipped('clock', 'the running node could not be asked'),
      skipped('peers', 'the running node could not be asked'),
    ];
  }
  return [checkChain(node, genesis), checkClock(node, genesis), checkReach(node)];
}

function checkChain({ chain, role }: RunningNode, genesis: Genesis): Finding {
  if (chain === toHex(genesis.chain))
    return good('ports', `a running ${role} of this chain answers`);
  const words = `the node that answers is of chain ${chain}`;
  return failure('ports', words, 'another node has the address of this one', EXIT_CODES.address);
}

function checkClock({ clockOffsetMs }: RunningNode, genesis: Genesis): Finding {
  if (clockOffsetMs === undefined) {
    return skipped('clock', 'the running node has not heard enough clocks to compare its own');
  }
  return judgeOffset(clockOffsetMs, genesis);
}

function checkReach({ reachable: { count, of } }: RunningNode): Finding {
  const { quorum } = quorumOf(Math.max(1, of));
  const words = `${count} of ${of} validators within reach, ${quorum} are a quorum`;
  const advice = 'daybook why names who is missing';
  if (count < quorum) return failure('peers', words, advice);
  return count < of ? warning('peers', words, advice) : good('peers', words);
}

/**
 * While the node is down: its ports are free, its clock is that of the others, and somebody listens
 * where they should.
 * @param newestMs  of the newest block on the disk
 */
export async function checkDown(
  settings: Settings,
  genesis: Genesis,
  newestMs?: TimestampMs,
): Promise<readonly Finding[]> {
  const ports = await checkPorts(settings);
  const { finding: peers, answered } = await checkPeers(settings, genesis);
  const known = { newestMs, isAnybodyThere: answered > 0 };
  return [ports, await checkClockAlone(settings, genesis, known), peers];
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** `/ip4/…/tcp/…` and the like; undefined for what no setting allows. */
function addressOf(multiaddress: string): Address | undefined {
  const parts = /^\/(?:ip4|ip6|dns4|dns6|dns)\/([^/]+)\/tcp\/(\d+)/.exec(multiaddress);
  const [, host, port] = parts ?? [];
  return host === undefined ? undefined : { host, port: Number(port) };
}

async function checkPorts({ api, network }: Settings): Promise<Finding> {
  const own = [
    { name: 'api.port', host: api.host, port: api.port },
    ...network.listen.flatMap((one) => {
      const address = addressOf(one);
      return address === undefined ? [] : [{ name: one, ...address }];
    }),
  ];
  for (const { name, host, port } of own) {
    const reason = await listenOnce({ host, port });
    if (reason === undefined) continue;
    const words = `${name}: cannot listen on ${host} port ${port} (${reason})`;
    return failure('ports', words, 'free the port, or change the setting', EXIT_CODES.address);
  }
  return good('ports', `${own.map(({ port }) => port).join(', ')} are free`);
}

/** @returns why not, or undefined */
function listenOnce({ host, port }: Address): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}

async function checkPeers(
  settings: Settings,
  genesis: Genesis,
): Promise<{ readonly finding: Finding; readonly answered: number }> {
  const { validators, observers } = genesis.document;
  const listed = [...validators, ...observers].flatMap(({ addresses }) => addresses);
  const own = new Set(settings.network.listen.map((one) => addressOf(one)?.port));
  const all = new Set([...listed, ...settings.network.bootstrap]);
  const targets = [...all].flatMap((one) => addressOf(one) ?? []);
  const isOwn = ({ host, port }: Address): boolean => host === '127.0.0.1' && own.has(port);
  const others = targets.filter((one) => !isOwn(one));
  const answers = await Promise.all(others.map(answersAt));
  const silent = others.filter((_, index) => answers[index] !== true);
  const answered = others.length - silent.length;
  return { finding: tellPeers(others.length, silent), answered };
}

function tellPeers(count: number, silent: readonly Address[]): Finding {
  if (count === 0) return skipped('peers', 'no address of another node is known yet');
  const answered = count - silent.length;
  const words = `${answered} of ${count} known addresses of other nodes take a connection`;
  if (silent.length === 0) return good('peers', words);
  const names = silent.map(({ host, port }) => `${host}:${port}`).join(', ');
  const advice = `check firewalls and routes to ${names}, or ask their operators`;
  return warning('peers', words, advice);
}

function answersAt({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ANSWER_MS });
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
