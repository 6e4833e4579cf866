/**
 * F11: one validator's clock is wrong, drifts, or is set during a round; the chain goes on in time.
 * Scenario S30 of docs/reliability.md on real parts.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { getJson } from '../e2e/support/api.ts';
import type { Fault } from './fault.ts';
import { inspect, renderInspection } from './inspection.ts';
import { faketimeLibrary } from './machine.ts';
import type { Stage } from './stage.ts';
import { onStage } from './stage.ts';

const VICTIM = 'audit';
const WITNESS = 'finance';
const CLOCKS = {
  short: ['+2s', '-1h'],
  long: ['+2s', '-2s', '+1h', '-1h', '+0 x1.01', '+0 x0.99'],
} as const;
const BLOCKS = { short: 20, long: 200 } as const;
/** Beyond the parameters' precision: how long an answer itself takes on a busy machine. */
const LOOKING_MS = 5000;

/** Libfaketime for the wall clock alone: a monotonic clock is never set. */
function faking(variables: readonly string[]): readonly string[] {
  const library = `LD_PRELOAD=${faketimeLibrary() ?? ''}`;
  return ['env', library, 'FAKETIME_DONT_FAKE_MONOTONIC=1', ...variables];
}

/** I31 as seen from outside: the newest block is of now, whoever proposed it. */
async function checkTime(stage: Stage): Promise<void> {
  const { body } = await getJson(stage.urlOf(WITNESS), '/v1/blocks/head');
  const offMs = Number(body.timestampMs) - Date.now();
  const { emptyIntervalMs, precisionMs } = stage.cluster.genesis.document.parameters;
  if (offMs > 2 * precisionMs || offMs < -LOOKING_MS - emptyIntervalMs) {
    throw new Error(`I31: block ${body.height} is ${offMs} ms off`);
  }
}

async function lives(stage: Stage, blocks: number): Promise<void> {
  for (let block = 0; block < blocks; block += 5) {
    await stage.grows(WITNESS, 5);
    await checkTime(stage);
  }
}

export const clocks: Fault = {
  id: 'F11',
  title: 'wrong, drifting and set clocks of one validator',
  needs: ['faketime'],
  run: async ({ short, tell }) => {
    const form = short ? 'short' : 'long';
    return await onStage({ clients: 2, pauseMs: 50 }, async (stage) => {
      for (const clock of CLOCKS[form]) {
        await stage.kill(VICTIM);
        await stage.start(VICTIM, faking([`FAKETIME=${clock}`]));
        await lives(stage, BLOCKS[form]);
        tell(`clock ${clock}: ${BLOCKS[form]} blocks in time`);
      }
      const file = path.join(stage.cluster.directory, 'clock');
      await writeFile(file, '+0\n');
      await stage.kill(VICTIM);
      const steps = [`FAKETIME_TIMESTAMP_FILE=${file}`, 'FAKETIME_CACHE_DURATION=1'];
      await stage.start(VICTIM, faking(steps));
      for (const step of ['+1h', '+0', '-1h', '+0']) {
        await writeFile(file, `${step}\n`);
        await lives(stage, BLOCKS[form]);
      }
      tell('clock set forth and back while running: blocks in time');
      await stage.kill(VICTIM);
      await stage.start(VICTIM);
      await stage.votes(VICTIM);
      return renderInspection(await inspect(stage));
    });
  },
};
