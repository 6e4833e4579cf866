/**
 * The clock of a machine whose node is down: against the newest block on its disk, which a quorum
 * agreed was not in the future, and against the clocks that other nodes show in STATUS. For that the
 * doctor links to them with the node's own peer key, listens, and leaves; it sends nothing.
 */
import type { Genesis, TimestampMs } from '@daybook/core';
import { decodeMessage, peerIdFromPublicKey, publicKeyOf, quorumOf } from '@daybook/core';
import type { Admission, Network } from '@daybook/network';
import { createNetwork } from '@daybook/network';
import { createSystemClock } from '../clock.ts';
import type { Settings } from '../config.ts';
import { describe } from '../exit-codes.ts';
import { readIdentity } from '../identity.ts';
import { SILENT_LOGGER } from '../log.ts';
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

/** What is known of a node that is down before its clock is looked at. */
export interface DownNode {
  /** Of the newest block on the disk, if there is one. */
  readonly newestMs?: TimestampMs | undefined;
  /** Whether any other node takes a connection: where none does, nobody is waited for. */
  readonly isAnybodyThere: boolean;
}

export async function checkClockAlone(
  settings: Settings,
  genesis: Genesis,
  { newestMs, isAnybodyThere }: DownNode,
): Promise<Finding> {
  const behindMs = (newestMs ?? 0) - Date.now();
  if (behindMs > genesis.document.parameters.precisionMs) {
    const words = `at least ${behindMs} ms behind: the newest block on the disk is of later`;
    return failure('clock', words, ADVICE);
  }
  const known = newestMs === undefined ? '' : ' It is not behind the newest block.';
  const untold = (why: string): Finding => skipped('clock', `${why}; chronyc tracking.${known}`);
  if (!isAnybodyThere) return untold('no other node is there to compare it with');
  const needed = clocksNeeded(genesis);
  try {
    const offsets = await hearClocks(settings, genesis);
    if (offsets.length >= needed) return judgeOffset(medianOf(offsets), genesis);
    const heard = `${offsets.length} of the ${needed} other clocks that are needed were heard`;
    return untold(`${heard} within ${LISTEN_MS / 1000} s`);
  } catch (error) {
    // Keys that do not open, for example, which have a finding of their own.
    return untold(`the others cannot be asked: ${describe(error)}`);
  }
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
      admission: admissionOf(genesis, own),
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

/** The founding validators: the directory of the head is not opened for this. */
function admissionOf({ document }: Genesis, own: string): Admission {
  const peers = document.validators.map(({ peerId, addresses }) => {
    return { peerId, addresses, role: 'validator' } as const;
  });
  const isValidator = peers.some(({ peerId }) => peerId === own);
  return { role: isValidator ? 'validator' : 'observer', peers };
}
