/**
 * The clock of a machine whose node is down: against the newest block on its disk, which a quorum
 * agreed was not in the future, and against the clocks that other nodes show in STATUS. For that the
 * doctor links to them with the node's own peer key, listens, and leaves; it sends nothing.
 */
import type { Genesis, TimestampMs } from '@daybook/core';
import { decodeMessage, peerIdFromPublicKey, publicKeyOf, quorumOf } from '@daybook/core';
import type { Admission, Network, Peer } from '@daybook/network';
import { createNetwork } from '@daybook/network';
import { createSystemClock } from '../clock.ts';
import type { Settings } from '../config.ts';
import { readIdentity } from '../identity.ts';
import { SILENT_LOGGER } from '../log.ts';
import { bootstrapPeer } from '../peers.ts';
import type { Finding } from './finding.ts';
import { failure, good, skipped, warning } from './finding.ts';

/** An idle node shows its clock every 10 s, and at once where a link to a validator is new. */
const LISTEN_MS = 12_000;
const ADVICE = 'check time synchronisation (chronyc tracking); at least four sources';

/** @param offsetMs  own clock minus those of the others */
export function judgeOffset(offsetMs: number, { document }: Genesis): Finding {
  const { precisionMs } = document.parameters;
  const words = `${Math.round(offsetMs)} ms from the median of the others`;
  if (Math.abs(offsetMs) > precisionMs) return failure('clock', words, ADVICE);
  return Math.abs(offsetMs) > precisionMs / 2
    ? warning('clock', words, ADVICE)
    : good('clock', words);
}

/** @param newestMs  of the newest block on the disk, if there is one */
export async function checkClockAlone(
  settings: Settings,
  genesis: Genesis,
  newestMs: TimestampMs | undefined,
): Promise<Finding> {
  const behindMs = (newestMs ?? 0) - Date.now();
  if (behindMs > genesis.document.parameters.precisionMs) {
    const words = `at least ${behindMs} ms behind: the newest block on the disk is of later`;
    return failure('clock', words, ADVICE);
  }
  let offsets: readonly number[];
  try {
    offsets = await hearClocks(settings, genesis);
  } catch {
    return skipped('clock', 'without its keys this node cannot ask the others; chronyc tracking');
  }
  const needed = clocksNeeded(genesis);
  if (offsets.length >= needed) return judgeOffset(medianOf(offsets), genesis);
  const words = `${offsets.length} of the ${needed} other clocks that are needed were heard`;
  const known = newestMs === undefined ? '' : '; it is not behind the newest block';
  return skipped('clock', `${words} within ${LISTEN_MS / 1000} s${known}; chronyc tracking`);
}

/** As many as a proposer needs (protocol §14): with fewer, liars could set the median. */
function clocksNeeded({ validators }: Genesis): number {
  return Math.max(1, quorumOf(validators.length).quorum - 1);
}

/** Of two middles the one nearer to the own clock: half of an even number may be liars. */
function medianOf(offsets: readonly number[]): number {
  const sorted = [...offsets].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? 0;
  const lower = sorted[(sorted.length - 1) >> 1] ?? 0;
  return Math.abs(lower) < Math.abs(upper) ? lower : upper;
}

/** Own clock minus that of each validator that showed its own. @throws NodeError, KeystoreError */
async function hearClocks(settings: Settings, genesis: Genesis): Promise<readonly number[]> {
  const { keys } = await readIdentity(settings);
  const own = peerIdFromPublicKey(publicKeyOf(keys.peer));
  const clock = createSystemClock();
  const network = createNetwork(
    {
      listen: [],
      secretKey: keys.peer,
      chain: genesis.chain,
      admission: admissionOf(genesis, { own, bootstrap: settings.network.bootstrap }),
    },
    {
      clock,
      // Spreads redials, of which there are few here.
      random: () => 0.5,
      logger: SILENT_LOGGER,
      metrics: { add: () => undefined, set: () => undefined, observe: () => undefined },
    },
  );
  try {
    await network.start();
    return await listen(network, clocksNeeded(genesis));
  } finally {
    await network.stop();
  }
}

function listen(network: Network, needed: number): Promise<readonly number[]> {
  return new Promise((resolve) => {
    const offsets = new Map<string, number>();
    const end = (): void => {
      clearTimeout(timer);
      resolve([...offsets.values()]);
    };
    const timer = setTimeout(end, LISTEN_MS);
    const hear = (peerId: string, bytes: Uint8Array): void => {
      const message = decodeMessage(bytes);
      if (!message.ok || message.value.type !== 'status') return;
      offsets.set(peerId, Date.now() - message.value.wallMs);
      if (offsets.size >= needed) end();
    };
    network.onMessage('consensus', hear);
    network.onMessage('sync', hear);
  });
}

/** Whom the genesis file and the settings name: the directory of the head is not opened for this. */
function admissionOf(
  { document }: Genesis,
  { own, bootstrap }: { readonly own: string; readonly bootstrap: readonly string[] },
): Admission {
  const listed: Peer[] = [
    ...document.validators.map(({ peerId, addresses }) => {
      return { peerId, addresses, role: 'validator' } as const;
    }),
    ...document.observers.map(({ peerId, addresses }) => {
      return { peerId, addresses, role: 'observer' } as const;
    }),
  ];
  const known = new Set(listed.map(({ peerId }) => peerId));
  const extra = bootstrap
    .map(bootstrapPeer)
    .filter((peer) => peer !== undefined)
    .filter(({ peerId }) => !known.has(peerId));
  const role = listed.find(({ peerId }) => peerId === own)?.role;
  const isValidator = role === 'validator';
  return { role: isValidator ? 'validator' : 'observer', peers: [...listed, ...extra] };
}
