/**
 * The accident in the middle of the import: one validator loses its process without warning while
 * payments go on, is started again, and must catch up. Turned by the share of payments that are done.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { StatusAnswer } from '@daybook/client';
import type { ClusterNode } from '@daybook/testkit';

export interface OutageParts {
  readonly victim: ClusterNode;
  readonly statusOf: (apiUrl: string) => Promise<StatusAnswer>;
  /** URLs of the nodes that stay. */
  readonly others: readonly string[];
  readonly tell: (text: string) => void;
}

export interface Outage {
  /** @param share  of the payments that are done, 0 to 1; grows */
  at(share: number): void;
  /**
   * Ends when the victim has caught up; starts what has not been started yet.
   * @returns milliseconds from the restart of the process until it held what the others held
   * @throws  Error if it does not catch up in time
   */
  finish(): Promise<number>;
}

const KILL_SHARE = 0.35;
const RESTART_SHARE = 0.6;
const CATCH_UP_MS_MAX = 120_000;
const ASK_EVERY_MS = 50;

export function createOutage(parts: OutageParts): Outage {
  const { victim, tell } = parts;
  let killed: Promise<unknown> | undefined;
  let recovered: Promise<number> | undefined;

  const kill = async (): Promise<void> => {
    const pid = victim.process.pid();
    await victim.process.kill();
    tell(`${victim.slug} (process ${pid}) killed with SIGKILL; the others go on`);
  };
  const recover = async (): Promise<number> => {
    await killed;
    const startedMs = performance.now();
    tell(`${victim.slug} is started again`);
    await victim.process.start();
    await caughtUp(parts, startedMs);
    const ms = performance.now() - startedMs;
    tell(`${victim.slug} has caught up`);
    return ms;
  };
  const at = (share: number): void => {
    if (share >= KILL_SHARE) killed ??= kill();
    if (share >= RESTART_SHARE && recovered === undefined) {
      recovered = recover();
      // Whoever calls finish() learns of a failure; until then it must not end the process.
      recovered.catch(() => undefined);
    }
  };
  return {
    at,
    finish: async () => {
      at(1);
      return (await recovered) ?? 0;
    },
  };
}

/** Resolves when the victim votes again and holds the newest block that the others had just before. */
async function caughtUp(parts: OutageParts, startedMs: number): Promise<void> {
  const { victim } = parts;
  let lastFault: unknown;
  while (performance.now() - startedMs < CATCH_UP_MS_MAX) {
    try {
      if (await isLevel(parts)) return;
    } catch (error) {
      // A node under full load may answer late; the bound above decides how late is too late.
      lastFault = error;
    }
    await wait(ASK_EVERY_MS);
  }
  const cause = lastFault === undefined ? {} : { cause: lastFault };
  throw new Error(`${victim.slug} did not catch up within ${CATCH_UP_MS_MAX} ms`, cause);
}

async function isLevel({ victim, statusOf, others }: OutageParts): Promise<boolean> {
  const heads = await Promise.all(others.map(async (url) => (await statusOf(url)).head.height));
  const { head, activity } = await statusOf(victim.apiUrl);
  return activity === 'voting' && head.height >= Math.min(...heads);
}
