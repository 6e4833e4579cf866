/**
 * F1: one of four validators with a long history is killed while blocks are made, and signs again
 * soon after its start, in the certificates that another node shows. `npm run start-up` plays it with
 * 100,000 blocks. It tells the time of the wall, and holds the smaller of wall and processor to the
 * seconds that were promised, since other work on the machine would count on the wall.
 */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Cluster } from '@daybook/testkit';
import { createCluster } from '@daybook/testkit';
import { expect } from 'chai';
import type { FaultLoad } from '../faults/load.ts';
import { startFaultLoad, VALID_MS } from '../faults/load.ts';
import { getJson, heightOf } from './support/api.ts';
import { tellFigure } from './support/figures.ts';
import { openFund } from './support/fund.ts';
import { growChainOfAll } from './support/grown-chain.ts';
import { FOUR } from './support/members.ts';
import { sealIndexOf } from './support/sealing.ts';
import type { Elapsed } from './support/stopwatch.ts';
import { neededMs, startStopwatch, tellElapsed } from './support/stopwatch.ts';
import { eventually } from './support/waiting.ts';

const SHORT_BLOCKS = 1200;
/** Four processes and a long history take too long for every submission. */
const BLOCKS = Number(process.env.DAYBOOK_START_BLOCKS ?? SHORT_BLOCKS);
const KILLS = BLOCKS > SHORT_BLOCKS ? 5 : 2;
const VICTIM = 'audit';
const WITNESS = 'finance';
/** From the start of the killed process to the first block with its seal. */
const SIGNED_MS_MAX = 5000;
/** Blocks that the others make while it is dead. */
const MEANWHILE = 20;
const WITHIN_MS = 60_000;
/** Between payments: blocks come one after the other, and the processors have room. */
const PAUSE_MS = 100;
/** Nothing beside seconds; asking more often takes the processor from those who are asked. */
const ASK_EVERY_MS = 50;
const HOUR_MS = 3_600_000;
/** A file system in memory where there is one: making the chain must not be limited by a disk. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

describe(`start-up of one of four with a long history (blocks=${BLOCKS})`, function () {
  this.timeout(1_800_000);
  let cluster: Cluster;
  let load: FaultLoad | undefined;
  let witness: string;

  before(async () => {
    // The interval between empty blocks is long: blocks are those of the payments.
    const parameters = { emptyIntervalMs: HOUR_MS, validityMaxMs: 2 * VALID_MS };
    const timeMs = Date.now() - 24 * HOUR_MS;
    // What a department runs: the bundle, which this stage has made.
    cluster = await createCluster({
      members: FOUR,
      directory: FOLDER,
      flags: [],
      timeMs,
      parameters,
    });
    const startedMs = performance.now();
    await growChainOfAll(cluster, BLOCKS);
    tellFigure(`${BLOCKS} blocks made in ${Math.round((performance.now() - startedMs) / 1000)} s`);
    await cluster.start();
    witness = cluster.node(WITNESS).apiUrl;
    await openFund(witness, cluster);
    const others = FOUR.filter(({ slug }) => slug !== VICTIM);
    const apiUrls = others.map(({ slug }) => cluster.node(slug).apiUrl);
    load = startFaultLoad(cluster, { apiUrls, clients: 1, pauseMs: PAUSE_MS, prefix: 'start' });
  });
  after(async () => {
    await load?.stop(WITHIN_MS).catch(() => undefined);
    await cluster?.remove();
  });

  it(`F1: given payments that go on and ${KILLS} kills, when started, then others soon show its seal`, async () => {
    const times: Return[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      await untilSealed(cluster, witness);
      times.push(await killAndStart(cluster, witness));
    }
    await load?.stop(WITHIN_MS);

    tellFigure(`${BLOCKS} blocks, four: a seal again after ${times.map(tell).join(', ')}`);
    expect(Math.max(...times.map(({ sealed }) => neededMs(sealed)))).to.be.below(SIGNED_MS_MAX);
  });
});

/** How a validator came back, from the start of its process. */
interface Return {
  /** Until peers had told it that it may sign. */
  readonly trusted: Elapsed;
  /** Until another node had a block with its seal, which must be among the first three. */
  readonly sealed: Elapsed;
}

function tell({ trusted, sealed }: Return): string {
  return `${tellElapsed(sealed)}, trusted after ${Math.round(trusted.wallMs)} ms`;
}

async function killAndStart(cluster: Cluster, witness: string): Promise<Return> {
  const { process } = cluster.node(VICTIM);
  await process.kill();
  const goal = (await heightOf(witness)) + MEANWHILE;
  await eventually(async () => (await heightOf(witness)) >= goal, {
    what: `block ${goal} without it`,
    withinMs: WITHIN_MS,
  });
  const elapsed = startStopwatch(cluster.node(VICTIM));
  const trusted = process.logged('vote log trusted').then(elapsed);
  const ready = process.start();
  await untilSealed(cluster, witness);
  const sealed = elapsed();
  await ready;
  return { trusted: await trusted, sealed };
}

/** Until a block that is not final yet has the seal of the victim. */
async function untilSealed(cluster: Cluster, witness: string): Promise<void> {
  const sealer = sealIndexOf(cluster, VICTIM);
  let height = (await heightOf(witness)) + 1;
  const isSealed = async (): Promise<boolean> => {
    for (; ; height += 1) {
      const { status, body } = await getJson(witness, `/v1/blocks/${height}`);
      if (status !== 200) return false;
      const { signers } = body.certificate as { readonly signers: readonly number[] };
      if (signers.includes(sealer)) return true;
    }
  };
  await eventually(isSealed, {
    what: 'a block with its seal',
    withinMs: WITHIN_MS,
    everyMs: ASK_EVERY_MS,
  });
}
