/**
 * F5: a disk that fills up slowly, then to the last byte; and writes refused on the way.
 * Scenario S33 of docs/reliability.md on real parts.
 */
import { rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { asPublicKey, publicKeyOf } from '@daybook/core';
import { createVotes } from '@daybook/node';
import { createReadingDisk, readVotes } from '@daybook/state';
import type { Cluster } from '@daybook/testkit';
import { getJson } from '../e2e/support/api.ts';
import { eventually } from '../e2e/support/waiting.ts';
import type { Fault } from './fault.ts';
import { inspect, renderInspection } from './inspection.ts';
import type { SmallDisk } from './machine.ts';
import { createSmallDisk } from './machine.ts';
import type { Stage } from './stage.ts';
import { onStage, PATIENCE_MS } from './stage.ts';
import { injecting } from './tracer.ts';

export const VICTIM = 'audit';
const WITNESS = 'finance';
const MEBIBYTES = 64;
/** Below this share the guard warns, and below the other it stops. */
const WARNS_BELOW = 0.1;
const STOPS_BELOW = 0.02;

/** Gives a node that has never run a disk of its own, with a vote log that was created there. */
export async function moveToSmallDisk(cluster: Cluster, slug: string): Promise<SmallDisk> {
  const { dataDirectory } = cluster.node(slug);
  const keys = cluster.consortium.organisations.find((one) => one.slug === slug);
  if (keys === undefined) throw new Error(`${slug} is a member`);
  await rm(dataDirectory, { recursive: true });
  const disk = createSmallDisk(dataDirectory, MEBIBYTES);
  const publicKey = asPublicKey(publicKeyOf(keys.consensus));
  await createVotes({ dataDirectory, chain: cluster.genesis.chain, publicKey });
  return disk;
}

/** Fills the disk until only this share is free. */
async function fill(directory: string, share: number): Promise<void> {
  const { bavail, blocks, bsize } = await statfs(directory);
  const size = Math.max(0, Math.floor((bavail - blocks * share) * bsize));
  const file = path.join(directory, `filler-${share}`);
  // A disk that is full sooner than expected is as full as it was to be.
  await writeFile(file, new Uint8Array(size)).catch(() => undefined);
}

async function empty(directory: string): Promise<void> {
  for (const share of [WARNS_BELOW - 0.02, STOPS_BELOW - 0.01, 0]) {
    await rm(path.join(directory, `filler-${share}`), { force: true });
  }
}

/** Until the victim says this of its signing. */
async function signs(stage: Stage, state: 'open' | 'paused'): Promise<void> {
  const isSo = async (): Promise<boolean> => {
    const { body } = await getJson(stage.urlOf(VICTIM), '/v1/status');
    const signing = body.signing as { readonly state?: string } | undefined;
    return signing?.state === state;
  };
  await eventually(isSo, { what: `signing of ${VICTIM} is ${state}`, withinMs: PATIENCE_MS });
}

/** The highest height that the victim has signed anything for. */
function signedUpTo(dataDirectory: string): number {
  const votes = readVotes(path.join(dataDirectory, 'votes'), createReadingDisk());
  return votes.reduce((highest, { height }) => Math.max(highest, height), 0);
}

/** With too little space nothing is signed; with space again it is, by the same process. */
async function pauseAndResume(stage: Stage, dataDirectory: string): Promise<void> {
  const pid = stage.process(VICTIM).pid();
  await signs(stage, 'paused');
  const before = signedUpTo(dataDirectory);
  await stage.grows(WITNESS, 5);
  const after = signedUpTo(dataDirectory);
  if (after !== before) throw new Error(`signed up to ${after} on a full disk, ${before} before`);
  await empty(dataDirectory);
  await signs(stage, 'open');
  await stage.votes(VICTIM);
  const hasSigned = async (): Promise<boolean> => signedUpTo(dataDirectory) > after + 1;
  await eventually(hasSigned, { what: `votes of ${VICTIM} with space`, withinMs: PATIENCE_MS });
  if (stage.process(VICTIM).pid() !== pid) throw new Error('another process resumed');
}

async function says(stage: Stage, kind: string): Promise<void> {
  const ask = async (): Promise<boolean> => {
    const { body } = await getJson(stage.urlOf(VICTIM), '/v1/why');
    return JSON.stringify(body).includes(kind);
  };
  await eventually(ask, { what: `${VICTIM} says ${kind}`, withinMs: PATIENCE_MS });
}

/** The last byte is taken: the node says so and ends, or goes on when there is room. */
async function fillUp(stage: Stage, directory: string): Promise<string> {
  await fill(directory, 0);
  await stage.grows(WITNESS, 5);
  const wentDown = stage.process(VICTIM).pid() === undefined;
  await empty(directory);
  if (wentDown) await stage.start(VICTIM);
  await stage.votes(VICTIM);
  return wentDown ? 'ended' : 'went on';
}

export const fullDisk: Fault = {
  id: 'F5',
  title: 'a disk of 64 MiB that fills up, and writes refused for lack of space',
  needs: ['strace', 'mount'],
  run: async ({ short, tell }) => {
    let disk: SmallDisk | undefined;
    const prepare = async (cluster: Cluster): Promise<void> => {
      disk = await moveToSmallDisk(cluster, VICTIM);
    };
    return await onStage(
      { prepare, release: () => disk?.remove(), clients: 2, pauseMs: 100 },
      async (stage) => {
        const { dataDirectory } = stage.cluster.node(VICTIM);
        stage.expectStop(VICTIM, /STATE_DISK_FULL|no room for the next record|ENOSPC|No space/i);
        await stage.votes(VICTIM);
        await fill(dataDirectory, WARNS_BELOW - 0.02);
        await says(stage, 'disk-low');
        await fill(dataDirectory, STOPS_BELOW - 0.01);
        await says(stage, 'disk-full');
        await pauseAndResume(stage, dataDirectory);
        tell('below 2 %: says so, signs nothing while the others go on, and resumes by itself');
        const full = await fillUp(stage, dataDirectory);
        tell(`not a byte left: the node ${full}, and votes again with space`);
        for (const at of short ? [20, 60] : [1, 5, 10, 20, 40, 80, 160, 320]) {
          await stage.kill(VICTIM);
          const effect = `error=ENOSPC:when=${at}`;
          const end = await stage.startToEnd(VICTIM, injecting('pwrite64', effect));
          if (end?.exitCode === 1) throw new Error(`write ${at} refused: the node crashed`);
          await stage.start(VICTIM);
        }
        await stage.votes(VICTIM);
        return `full: the node ${full}; ${renderInspection(await inspect(stage))}`;
      },
    );
  },
};
