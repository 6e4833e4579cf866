/**
 * F17 and F23: nodes that lost all blocks and all state join again while payments go on, the second
 * time beside a peer whose stored blocks are damaged. They execute everything again, and what they
 * answer is what the others answer.
 */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { getJson, heightOf } from '../e2e/support/api.ts';
import { FOUR_AND_OBSERVER } from '../e2e/support/members.ts';
import { eventually } from '../e2e/support/waiting.ts';
import { flipThroughout } from './damaging.ts';
import type { Fault } from './fault.ts';
import { inspect, renderInspection } from './inspection.ts';
import type { Stage } from './stage.ts';
import { onStage, PATIENCE_MS } from './stage.ts';

const OBSERVER = 'newspaper';
const VALIDATOR = 'audit';
const WITNESS = 'finance';
const DAMAGED = 'education';
const BLOCKS = { short: 40, long: 2000 } as const;
/** The stage has no blocks so old that they could be damaged without touching the newest. */
const DAMAGED_PART = 0.5;

/** Takes blocks and state from a node that is running, and starts it again. */
async function joinAnew(stage: Stage, slug: string): Promise<string> {
  const { dataDirectory } = stage.cluster.node(slug);
  await stage.kill(slug);
  for (const part of ['blocks', 'state']) {
    await rm(path.join(dataDirectory, part), { recursive: true });
  }
  const [startedMs, goal] = [performance.now(), await heightOf(stage.urlOf(WITNESS))];
  await stage.start(slug);
  await eventually(async () => (await heightOf(stage.urlOf(slug))) >= goal, {
    what: `${slug} reaches ${goal} from nothing`,
    withinMs: PATIENCE_MS,
  });
  await stage.grows(slug, 3);
  await compareStates(stage, slug);
  return `${slug} reached ${goal} after ${Math.round(performance.now() - startedMs)} ms`;
}

/** I11: executing again from genesis gives the state that the others have. */
async function compareStates(stage: Stage, slug: string): Promise<void> {
  const height = Math.min(await heightOf(stage.urlOf(slug)), await heightOf(stage.urlOf(WITNESS)));
  const [own, other] = await Promise.all(
    [slug, WITNESS].map(async (one) => {
      const { status, body } = await getJson(stage.urlOf(one), `/v1/state?height=${height}`);
      if (status !== 200) throw new Error(`I11: the state of ${height} at ${one}: ${status}`);
      return JSON.stringify({ ...body, head: undefined });
    }),
  );
  if (own !== other) throw new Error(`I11: state of ${height}: ${own} is not ${other}`);
}

export const joinUnderLoad: Fault = {
  id: 'F17',
  title: 'an observer and a validator join from nothing during load',
  needs: [],
  run: async ({ short, tell }) => {
    const blocks = BLOCKS[short ? 'short' : 'long'];
    return await onStage({ members: FOUR_AND_OBSERVER, clients: 2, pauseMs: 50 }, async (stage) => {
      await stage.grows(WITNESS, blocks, blocks * 2500);
      tell(await joinAnew(stage, OBSERVER));
      tell(await joinAnew(stage, VALIDATOR));
      await stage.votes(VALIDATOR);
      return renderInspection(await inspect(stage));
    });
  },
};

/** A node that is told to read damaged blocks names them, answers nothing else, and goes on. */
async function expectNamed(stage: Stage, from: number): Promise<string> {
  const { logFile, apiUrl } = stage.cluster.node(DAMAGED);
  const goal = await heightOf(stage.urlOf(WITNESS));
  for (let height = 1; height < goal && isRunning(stage, DAMAGED); height += 1) {
    // One that ends while it is asked answers nothing.
    const mine = await getJson(apiUrl, `/v1/blocks/${height}`).catch(() => undefined);
    if (mine?.status !== 200) continue;
    const theirs = await getJson(stage.urlOf(WITNESS), `/v1/blocks/${height}`);
    const [own, other] = [mine, theirs].map(({ body }) => String(body.blockHash));
    if (own !== other) throw new Error(`I22: block ${height}: ${own} is not ${other}`);
  }
  const said = readFileSync(logFile).subarray(from).toString();
  if (!/STATE_BLOCK_DAMAGED[^\n]*blocks-/.test(said)) throw new Error('I22: no damage was named');
  if (isRunning(stage, DAMAGED)) return 'refuses them';
  const { exitCode } = await stage.process(DAMAGED).ended();
  throw new Error(`I22: it ended with ${exitCode}, though no duty of its own needs those blocks`);
}

function isRunning(stage: Stage, slug: string): boolean {
  return stage.process(slug).pid() !== undefined;
}

export const damagedPeer: Fault = {
  id: 'F23',
  title: 'a node joins beside a peer whose stored blocks are damaged',
  needs: [],
  run: async ({ short, random, tell }) => {
    const blocks = BLOCKS[short ? 'short' : 'long'];
    return await onStage({ members: FOUR_AND_OBSERVER, clients: 2, pauseMs: 50 }, async (stage) => {
      const { dataDirectory, logFile } = stage.cluster.node(DAMAGED);
      await stage.grows(WITNESS, blocks, blocks * 2500);
      const logged = readFileSync(logFile).length;
      const file = path.join(dataDirectory, 'blocks', 'blocks-000000000000.log');
      tell(`${flipThroughout(file, DAMAGED_PART, random)} bytes flipped under ${DAMAGED}`);
      tell(await joinAnew(stage, OBSERVER));
      tell(`${DAMAGED} named the damage and ${await expectNamed(stage, logged)}`);
      stage.expectStop(DAMAGED, /STATE_BLOCK_DAMAGED/);

      if (isRunning(stage, DAMAGED)) await stage.process(DAMAGED).kill();
      for (const part of ['blocks', 'state']) {
        await rm(path.join(dataDirectory, part), { recursive: true });
      }
      await stage.start(DAMAGED);
      await stage.votes(DAMAGED);
      return renderInspection(await inspect(stage));
    });
  },
};
