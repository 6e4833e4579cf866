/**
 * What must hold after any fault, asked of every node through its public API once the fault is over:
 * one height, one hash per height, sealed by a quorum, every payment final exactly once, nothing taken back, nobody
 * stopped for safety, nobody accused, and no two messages for one slot.
 */
import { readFile } from 'node:fs/promises';
import { signBytes, toHex, ZERO_HASH } from '@daybook/core';
import { getJson, heightOf } from '../e2e/support/api.ts';
import { eventually } from '../e2e/support/waiting.ts';
import type { Place } from './load.ts';
import { sealsOf } from './seals.ts';
import type { Stage } from './stage.ts';
import { PATIENCE_MS } from './stage.ts';

export interface Inspection {
  readonly height: number;
  readonly payments: number;
  /** Signed slots compared. */
  readonly slots: number;
  /** From the end of the fault to the first new block. */
  readonly resumedMs: number;
}

interface Outline {
  readonly height: number;
  readonly blockHash: string;
  readonly transactionCount: number;
}

const PAGE = 200;
/** Newest blocks whose certificates are read at every node. */
const SEALS = 50;

async function check(condition: boolean, words: string): Promise<void> {
  if (!condition) throw new Error(words);
}

/** Every block of a node, in order. */
export async function outlinesOf(apiUrl: string): Promise<readonly Outline[]> {
  const outlines: Outline[] = [];
  let cursor = '';
  for (;;) {
    const { status, body } = await getJson(
      apiUrl,
      `/v1/blocks?order=oldest&limit=${PAGE}${cursor}`,
    );
    if (status !== 200) throw new Error(`blocks of ${apiUrl}: ${JSON.stringify(body)}`);
    outlines.push(...(body.blocks as readonly Outline[]));
    if (typeof body.next !== 'string') return outlines;
    cursor = `&cursor=${encodeURIComponent(body.next)}`;
  }
}

/** All nodes within one block of each other, and further than the furthest was. */
async function waitForOneHeight(stage: Stage): Promise<void> {
  const urls = stage.slugs.map((slug) => stage.urlOf(slug));
  const known = await Promise.all(urls.map((url) => heightOf(url).catch(() => 0)));
  const goal = Math.max(...known) + 3;
  let last: readonly number[] = known;
  try {
    await eventually(
      async () => {
        last = await Promise.all(urls.map((url) => heightOf(url)));
        return Math.min(...last) >= goal && Math.max(...last) - Math.min(...last) <= 1;
      },
      { what: 'all nodes at one height', withinMs: PATIENCE_MS },
    );
  } catch (cause) {
    throw new Error(`I26: three heights after the fault: wanted ${goal}, is ${last.join(', ')}`, {
      cause,
    });
  }
}

/** I1, I8: the same block at every height everywhere, and none of those told before is gone. */
async function compareBlocks(stage: Stage): Promise<readonly Outline[]> {
  const chains = await Promise.all(stage.slugs.map((slug) => outlinesOf(stage.urlOf(slug))));
  const [first = []] = chains;
  for (const [index, chain] of chains.entries()) {
    const shorter = Math.min(first.length, chain.length);
    await check(shorter > 0 && chain[0]?.height === 0, 'every node has its blocks from the first');
    for (let height = 0; height < shorter; height += 1) {
      const [here, there] = [chain[height]?.blockHash, first[height]?.blockHash];
      await check(
        here === there,
        `I1: height ${height} at ${stage.slugs[index]}: ${here}, ${there}`,
      );
    }
  }
  const longest = chains.reduce((a, b) => (a.length >= b.length ? a : b), first);
  for (const [slug, head] of stage.told()) {
    const now = longest[head.height]?.blockHash;
    await check(now === head.blockHash, `I8: ${slug} told ${head.blockHash} at ${head.height}`);
  }
  return longest;
}

/** I9: every payment stands in one place, the same at every node and where it was promised. */
async function comparePayments(stage: Stage, outlines: readonly Outline[]): Promise<void> {
  const url = stage.urlOf(stage.slugs[0] ?? '');
  const places = new Map<string, Place>();
  for (const { height, transactionCount } of outlines) {
    if (transactionCount === 0) continue;
    const { body } = await getJson(url, `/v1/blocks/${height}/transactions?limit=${PAGE}`);
    const lines = (body.transactions ?? []) as readonly { id: string; index: number }[];
    for (const { id, index } of lines) {
      await check(!places.has(id), `I12: transaction ${id} twice`);
      places.set(id, { height, index });
    }
  }
  for (const [id, promised] of stage.load.payments) {
    const place = places.get(id);
    await check(
      place !== undefined && place.height === promised?.height && place.index === promised.index,
      `I9: ${id} promised at ${JSON.stringify(promised)} and is at ${JSON.stringify(place)}`,
    );
  }
  // Equal block hashes bind equal results; the answers of each node are sampled beside that.
  const ids = [...stage.load.payments.keys()];
  const sample = ids.filter((_, index) => index % Math.ceil(ids.length / 20) === 0);
  for (const slug of stage.slugs) {
    for (const id of sample) {
      const { status, body } = await getJson(stage.urlOf(slug), `/v1/transactions/${id}`);
      const place = stage.load.payments.get(id);
      const same = body.height === place?.height && body.index === place?.index;
      await check(status === 200 && same, `I9: ${slug} answers ${status} for ${id}`);
    }
  }
}

/**
 * I2: the newest blocks are sealed by a quorum of the founders, who stay the set in all faults. What
 * was sealed joins what was signed.
 */
async function readSeals(stage: Stage, outlines: readonly Outline[]): Promise<void> {
  const { chain, validators } = stage.cluster.genesis;
  const newest = outlines.filter(({ height }) => height > 0).slice(-SEALS - 1, -1);
  for (const slug of stage.slugs) {
    for (const { height, blockHash } of newest) {
      const { status, body } = await getJson(stage.urlOf(slug), `/v1/blocks/${height}`);
      await check(status === 200, `I2: ${slug} answers ${status} for block ${height}`);
      const { bytes } = body.certificate as { readonly bytes: string };
      const certificate = sealsOf(bytes, { chain, height, blockHash, validators });
      const { round, signers } = certificate;
      const slot = { type: 'commit', height, round, blockHash: certificate.blockHash } as const;
      const vote = { ...slot, step: 'commit', signBytes: signBytes(chain, slot) } as const;
      for (const signer of signers)
        stage.signed.add(toHex(validators[signer]?.id ?? ZERO_HASH), vote);
    }
  }
}

/** Nobody stopped for a reason that the fault does not explain, and nobody is accused (I14, I18). */
async function readLogs(stage: Stage): Promise<void> {
  for (const { slug, logFile, apiUrl } of stage.cluster.nodes) {
    const lines = (await readFile(logFile, 'utf8')).split('\n');
    const expected = stage.expectedStop(slug);
    for (const line of lines.filter((one) => one.includes('"node must stop"'))) {
      await check(expected?.test(line) === true, `I18: ${slug}: ${line}`);
    }
    const metrics = await (await fetch(`${apiUrl}/metrics`)).text();
    const seen = [...metrics.matchAll(/^daybook_node_evidence_total(?:\{[^}]*\})? (\d+)$/gm)];
    const count = seen.reduce((sum, [, number]) => sum + Number(number), 0);
    await check(count === 0, `I14: ${slug} holds evidence`);
  }
}

/** Call it when the fault has ended. @throws Error that names the invariant that does not hold */
export async function inspect(stage: Stage): Promise<Inspection> {
  const [first = ''] = stage.slugs;
  const resumedMs = await stage.grows(first, 1);
  await waitForOneHeight(stage);
  await stage.load.stop(PATIENCE_MS);
  const outlines = await compareBlocks(stage);
  await comparePayments(stage, outlines);
  await readSeals(stage, outlines);
  for (const slug of stage.slugs) await stage.readVotes(slug);
  await readLogs(stage);
  const height = outlines.length - 1;
  const { payments } = stage.load;
  return { height, payments: payments.size, slots: stage.signed.size(), resumedMs };
}

export function renderInspection({ height, payments, slots, resumedMs }: Inspection): string {
  return `${payments} payments, ${height} blocks, ${slots} slots, block after ${Math.round(resumedMs)} ms`;
}
