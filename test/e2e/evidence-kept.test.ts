/** A proven fault that one validator alone knows of outlives the crash of that validator. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { asHash } from '@daybook/core';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { heightOf } from './support/api.ts';
import { prepareBy, startImpostor } from './support/impostor.ts';
import { FOUR } from './support/members.ts';
import { eventually } from './support/waiting.ts';

const LIAR = 'audit';
const FINDER = 'finance';
const OTHERS = ['health', 'education'] as const;
const WITHIN_MS = 120_000;

/** Counted by a node when a block that it makes final holds it. */
const RECORDED = /^daybook_node_evidence_total\{stage="recorded"\} 1$/m;

async function metricsOf(apiUrl: string): Promise<string> {
  return await (await fetch(`${apiUrl}/metrics`)).text();
}

describe('evidence known to one node only (spec X-30, validators=4)', function () {
  this.timeout(420_000);
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster({ members: FOUR, parameters: { emptyIntervalMs: 60_000 } });
  });
  after(async () => {
    await cluster?.remove();
  });

  it('given a finder that is killed before anybody else hears of it, when all are back, then it is on the chain', async () => {
    const finder = cluster.node(FINDER);
    for (const slug of [LIAR, ...OTHERS]) await cluster.node(slug).process.kill();
    const impostor = await startImpostor(cluster, LIAR, FINDER);
    try {
      const height = (await heightOf(finder.apiUrl)) + 1;
      for (const byte of [1, 2]) {
        const hash = asHash(new Uint8Array(32).fill(byte));
        impostor.send(prepareBy(cluster, LIAR, height, hash));
      }
      const kept = async (): Promise<boolean> =>
        (await readdir(path.join(finder.dataDirectory, 'evidence'))).length === 1;
      await eventually(kept, { what: 'the evidence is on disk', withinMs: WITHIN_MS });
      await finder.process.kill();
    } finally {
      await impostor.stop();
    }

    await Promise.all([FINDER, ...OTHERS].map((slug) => cluster.node(slug).process.start()));

    for (const slug of OTHERS) {
      const { apiUrl } = cluster.node(slug);
      const isRecorded = async (): Promise<boolean> => RECORDED.test(await metricsOf(apiUrl));
      await eventually(isRecorded, { what: `${slug} has it`, withinMs: WITHIN_MS });
    }
    const gone = async (): Promise<boolean> =>
      (await readdir(path.join(finder.dataDirectory, 'evidence'))).length === 0;
    await eventually(gone, { what: 'what is recorded is kept no more', withinMs: WITHIN_MS });
  });
});
