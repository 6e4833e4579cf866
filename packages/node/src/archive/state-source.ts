/**
 * The state of this node for its backup, in the ranges that nodes which join are served. A running
 * node has it open and is asked over its API; of one that is down it is read here.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Genesis, Height } from '@daybook/core';
import { toHex } from '@daybook/core';
import type { DataDirectory } from '@daybook/state';
import { openDataDirectory, StateError } from '@daybook/state';
import type { Settings } from '../config.ts';
import { NodeError } from '../errors.ts';
import type { OfflinePlace } from '../offline.ts';
import { withOfflineChain } from '../offline.ts';
import { stateKeepingOf } from '../open-state.ts';
import { ownApiUrl } from '../own-api.ts';
import { installedRecoveries } from '../recovery-files.ts';
import { recordsFrom } from '../snapshot/serve.ts';

/** One version of the state. */
export interface StateSource {
  readonly height: Height;
  /**
   * The contents of an answer to `records` (spec N-14).
   * @param from  tree key to begin at; empty for the first range
   */
  range(from: Uint8Array): Promise<Uint8Array>;
}

/** Opens the state for as long as it is used. */
export type OpenStateSource = <T>(use: (source: StateSource) => Promise<T>) => Promise<T>;

/** Of a busy node, that is: its API gives each client so many requests a second. */
const TRIES_MAX = 60;
const ANSWER_MS = 30_000;

/** @throws NodeError NODE_BACKUP_IMPOSSIBLE when the running node does not give its state */
export function ownState(
  { settings, genesis }: { readonly settings: Settings; readonly genesis: Genesis },
  { contracts }: Pick<OfflinePlace, 'contracts'>,
): OpenStateSource {
  return async (use) => {
    const directory = await lockUnlessRunning(settings.node.dataDirectory);
    if (directory === undefined) return await use(await askNode(ownApiUrl(settings)));
    try {
      const recoveries = installedRecoveries(settings.node.dataDirectory, genesis);
      const keeping = stateKeepingOf(settings);
      const place = { directory, genesis, recoveries, contracts, keeping };
      return await withOfflineChain(place, async ({ stateStore, openLedger }) => {
        const { height } = (await openLedger()).ledger.head().header;
        const range = async (from: Uint8Array) => recordsFrom(stateStore, { height, from });
        return await use({ height, range });
      });
    } finally {
      await directory.close();
    }
  };
}

/** Undefined when the node has the directory. */
async function lockUnlessRunning(dataDirectory: string): Promise<DataDirectory | undefined> {
  try {
    return await openDataDirectory(dataDirectory);
  } catch (error) {
    if (error instanceof StateError && error.code === 'STATE_DIRECTORY_LOCKED') return undefined;
    throw error;
  }
}

/** A version that is kept for an hour at least, where there is one; else that of the head. */
async function askNode(url: string): Promise<StateSource> {
  const status = await ask(`${url}/v1/status`);
  const { snapshots, head } = (await status.json()) as {
    readonly snapshots?: readonly Height[];
    readonly head: { readonly height: Height };
  };
  const height = snapshots?.at(-1) ?? head.height;
  return {
    height,
    range: async (from) => {
      const begin = from.length === 0 ? '' : `&from=${toHex(from)}`;
      const answer = await ask(`${url}/v1/state/records?height=${height}${begin}`);
      return new Uint8Array(await answer.arrayBuffer());
    },
  };
}

async function ask(url: string): Promise<Response> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) }).catch(
      (cause: unknown) => {
        throw impossible(`${url} does not answer.`, cause);
      },
    );
    if (answer.status === 200) return answer;
    if (answer.status !== 429) throw impossible(`${url} answered ${answer.status}.`);
    await wait(1000 * Number(answer.headers.get('retry-after') ?? 1));
  }
  throw impossible(`${url} has no share left for this machine.`);
}

function impossible(detail: string, cause?: unknown): NodeError {
  return new NodeError('NODE_BACKUP_IMPOSSIBLE', { detail, cause });
}
