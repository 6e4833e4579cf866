/** F19: the key of a running validator is started a second time, in three ways an operator might. */
import { execFile } from 'node:child_process';
import { daemonPath } from '@daybook/node';
import { getJson } from '../e2e/support/api.ts';
import type { Twin } from '../e2e/support/twin.ts';
import { createTwin } from '../e2e/support/twin.ts';
import { eventually } from '../e2e/support/waiting.ts';
import type { Fault } from './fault.ts';
import { inspect, renderInspection } from './inspection.ts';
import type { Stage } from './stage.ts';
import { onStage, PATIENCE_MS } from './stage.ts';

const VICTIM = 'audit';
const WITNESS = 'finance';
const LOCKED = 4;

/** The same configuration, key and directory: the lock refuses. */
async function startAgain(stage: Stage): Promise<void> {
  const { configFile } = stage.cluster.node(VICTIM);
  const exitCode = await new Promise<number>((resolve) => {
    execFile(process.execPath, [daemonPath(), '--config', configFile], (error) =>
      resolve(Number(error?.code ?? 0)),
    );
  });
  if (exitCode !== LOCKED)
    throw new Error(`a second process on the directory ended by ${exitCode}`);
}

/** The twin runs beside the victim for some blocks; then what both have signed is merged. */
async function liveWith(stage: Stage, twin: Twin, expected: string): Promise<void> {
  await twin.process.start();
  try {
    const refusal = async (): Promise<boolean> => {
      const { body } = await getJson(twin.apiUrl, '/v1/status');
      return String(body.hindrance ?? '').includes(expected);
    };
    await eventually(refusal, { what: `the twin says ${expected}`, withinMs: PATIENCE_MS });
    await stage.grows(WITNESS, 10);
  } finally {
    await twin.process.kill();
  }
  await stage.readVotes(VICTIM, twin.dataDirectory);
}

export const sameKey: Fault = {
  id: 'F19',
  title: 'one validator key in two processes: same directory, copied directory, fresh vote log',
  needs: [],
  run: async ({ tell }) => {
    return await onStage({ clients: 2, pauseMs: 100 }, async (stage) => {
      await startAgain(stage);
      tell('same directory: refused with exit code 4');

      await liveWith(
        stage,
        await createTwin(stage.cluster, {
          slug: VICTIM,
          name: 'copied',
          votes: 'copied',
          flags: [],
        }),
        'STATE_VOTES_COPIED',
      );
      tell('copied directory: in quarantine');

      const again = { slug: VICTIM, name: 'fresh', votes: 'fresh', flags: [] } as const;
      const fresh = await createTwin(stage.cluster, again);
      await liveWith(stage, fresh, 'STATE_VOTES_BEHIND');
      tell('fresh vote log: the twin check puts it into quarantine');

      return renderInspection(await inspect(stage));
    });
  },
};
