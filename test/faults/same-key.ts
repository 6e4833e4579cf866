/** F19: the key of a running validator is started a second time, in three ways an operator might. */
import { execFile } from 'node:child_process';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { asPublicKey, publicKeyOf } from '@daybook/core';
import { createVotes, daemonPath } from '@daybook/node';
import type { NodeProcess } from '@daybook/testkit';
import { claimPorts, createNodeProcess } from '@daybook/testkit';
import { getJson } from '../e2e/support/api.ts';
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

interface Twin {
  readonly process: NodeProcess;
  readonly apiUrl: string;
  readonly dataDirectory: string;
}

/** A second node with the keys of the victim, on other ports. */
async function twinOf(stage: Stage, name: string): Promise<Twin> {
  const { directory, configFile } = stage.cluster.node(VICTIM);
  const twin = path.join(stage.cluster.directory, 'twins', name);
  const [listen = 0, api = 0] = (await claimPorts(2)).ports;
  await cp(directory, twin, { recursive: true });
  const settings = (await readFile(configFile, 'utf8'))
    .replaceAll(`${directory}/data`, `${twin}/data`)
    .replace(/listen: .*/, `listen: ["/ip4/127.0.0.1/tcp/${listen}"]`)
    .replace(/port: \d+/, `port: ${api}`);
  const file = path.join(twin, 'daybookd.yaml');
  await writeFile(file, settings);
  const process = createNodeProcess({
    name,
    configFile: file,
    logFile: path.join(twin, 'daybookd.log'),
    flags: [],
  });
  return { process, apiUrl: `http://127.0.0.1:${api}`, dataDirectory: path.join(twin, 'data') };
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

      await liveWith(stage, await twinOf(stage, 'copied'), 'STATE_VOTES_COPIED');
      tell('copied directory: in quarantine');

      const fresh = await twinOf(stage, 'fresh');
      const keys = stage.cluster.consortium.organisations.find(({ slug }) => slug === VICTIM);
      if (keys === undefined) throw new Error(`${VICTIM} is a member`);
      await rm(path.join(fresh.dataDirectory, 'votes'), { recursive: true });
      await createVotes({
        dataDirectory: fresh.dataDirectory,
        chain: stage.cluster.genesis.chain,
        publicKey: asPublicKey(publicKeyOf(keys.consensus)),
      });
      await liveWith(stage, fresh, 'STATE_VOTES_BEHIND');
      tell('fresh vote log: the twin check puts it into quarantine');

      return renderInspection(await inspect(stage));
    });
  },
};
