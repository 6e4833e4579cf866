/** `daybook stamp`: documents go into one batch on the ledger, each with a stamp that proves it. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Outcome } from '@daybook/client';
import { encodeStamp, verifyStamp } from '@daybook/client';
import type { Hash } from '@daybook/core';
import { asHash, inclusionProof, leafHash, merkleRoot, toHex } from '@daybook/core';
import { connect, NODE_OPTIONS, trustedErasOf } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import { fileFailed, writeOut } from '../files.ts';
import type { Input } from '../frame/input.ts';
import { renderTable } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { openSigners, SIGNER_OPTIONS } from '../officers.ts';
import { answer, remark } from '../print.ts';

/** What a stamp's file is called, after its document. */
export const STAMP_ENDING = '.stamp';

/** SHA-256 of a file of any size. @throws CliError CLI_FILE_FAILED */
export async function hashFile(file: string): Promise<Hash> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file), hash);
  } catch (error) {
    throw fileFailed(file, error);
  }
  return asHash(new Uint8Array(hash.digest()));
}

async function stamp(input: Input, world: World): Promise<Exit> {
  const { timestamps } = await import('@daybook/applications');
  const files = input.operands('file');
  const documents = await Promise.all(files.map(hashFile));
  const leaves = documents.map(leafHash);
  const root = merkleRoot(leaves);
  const authors = await openSigners(input, world);
  const client = await connect(input);
  const { calls, records } = client.contractOf(timestamps);
  const note = input.optionalText('note');
  const batch = { root, count: leaves.length };
  const call = calls.stampBatch({ ...batch, ...(note !== undefined && { note }) });
  const outcome = await client.perform(authors, [call]);
  const heightBefore = async (): Promise<number | undefined> => {
    const present = await records.batch.get(batch);
    if (present === undefined)
      throw new CliError({ code: 'CLI_STAMP_FAILED', fact: whyNot(outcome) });
    remark(world, 'These documents were stamped together before: the earlier time counts.');
    return present.stamp?.height;
  };
  const height = outcome.state === 'committed' ? outcome.receipt.height : await heightBefore();

  const bundle = await records.batch.prove(batch);
  const trust = {
    chain: await client.chain(),
    eras: await trustedErasOf(input),
    nowMs: world.nowMs(),
  };
  const kept: { file: string; stamp: string; sha256: string; outcome: string }[] = [];
  for (const [index, file] of files.entries()) {
    const document = documents[index] ?? root;
    const made = { index, path: inclusionProof(leaves, index), bundle };
    const place = `${file}${STAMP_ENDING}`;
    await writeOut(place, encodeStamp(made), world);
    const verdict = verifyStamp(made, document, trust);
    kept.push({ file, stamp: place, sha256: toHex(document), outcome: verdict.outcome });
  }
  answer(input, world, {
    json: { root: toHex(root), height, stamps: kept },
    lines: (paint) =>
      renderTable(
        ['Document', 'Stamp', ''],
        kept.map((one) => [one.file, one.stamp, one.outcome]),
        paint,
      ),
  });
  return kept.every((one) => one.outcome === 'valid') ? 'done' : 'undecided';
}

/** Why the root does not stand on the ledger for these documents. */
function whyNot(outcome: Outcome): string {
  return outcome.state === 'refused' ? outcome.problem.detail : outcome.state;
}

export const STAMP_VERB: Verb = {
  words: ['stamp'],
  title: 'Stamp documents with the time of a block, all under one root.',
  help:
    'Only one hash goes to the ledger. Each document gets a file beside it, NAME.stamp, which ' +
    'daybook verify checks offline and without the other documents. Stamping the same documents ' +
    'again writes their stamps anew, with the time of the first.',
  operands: [{ name: 'file', help: 'Document of any kind and size.', many: true }],
  options: {
    note: { value: 'TEXT', help: 'Public remark beside the root.' },
    ...SIGNER_OPTIONS,
    ...NODE_OPTIONS,
  },
  examples: [
    'stamp will.pdf annex.pdf --signer archive/clerk=clerk.json',
    'stamp will.pdf --signer clerk.json',
  ],
  run: stamp,
};
