/** F20: a validator gets its directory back as it was some time ago: quarantine, and no second vote. */
import { copyFile, cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { getJson } from '../e2e/support/api.ts';
import { eventually } from '../e2e/support/waiting.ts';
import type { Fault } from './fault.ts';
import { inspect, renderInspection } from './inspection.ts';
import type { Stage } from './stage.ts';
import { onStage, PATIENCE_MS } from './stage.ts';

const VICTIM = 'audit';
const BLOCKS = { short: 30, long: 2000 } as const;

async function startInQuarantine(stage: Stage, expected: string): Promise<void> {
  await stage.start(VICTIM);
  const refusal = async (): Promise<boolean> => {
    const { body } = await getJson(stage.urlOf(VICTIM), '/v1/status');
    return String(body.hindrance ?? '').includes(expected);
  };
  await eventually(refusal, { what: `${VICTIM} says ${expected}`, withinMs: PATIENCE_MS });
  await stage.votes(VICTIM);
}

export const restoredBackup: Fault = {
  id: 'F20',
  title: 'a data directory restored from a backup, as copies and over the same files',
  needs: [],
  run: async ({ short, tell }) => {
    const blocks = BLOCKS[short ? 'short' : 'long'];
    return await onStage({ clients: 2, pauseMs: 100 }, async (stage) => {
      const { dataDirectory } = stage.cluster.node(VICTIM);
      const backup = path.join(stage.cluster.directory, 'backup');
      await stage.votes(VICTIM);
      await stage.kill(VICTIM);
      await cp(dataDirectory, backup, { recursive: true });
      await stage.start(VICTIM);
      await stage.grows(VICTIM, blocks, blocks * 2500);

      await stage.kill(VICTIM);
      await rm(dataDirectory, { recursive: true });
      await cp(backup, dataDirectory, { recursive: true });
      await startInQuarantine(stage, 'STATE_VOTES_COPIED');
      tell('restored as copies: quarantine, and out again by itself');

      const votes = path.join(stage.cluster.directory, 'backup-votes');
      await stage.kill(VICTIM);
      await cp(path.join(dataDirectory, 'votes'), votes, { recursive: true });
      await stage.start(VICTIM);
      await stage.votes(VICTIM);
      await stage.grows(VICTIM, blocks, blocks * 2500);
      await stage.kill(VICTIM);
      for (const name of ['wal-A', 'wal-B']) {
        await copyFile(path.join(votes, name), path.join(dataDirectory, 'votes', name));
      }
      await startInQuarantine(stage, 'STATE_VOTES_BEHIND');
      tell('written over the same files: own seals betray it');

      return `${blocks} blocks old: ${renderInspection(await inspect(stage))}`;
    });
  },
};
