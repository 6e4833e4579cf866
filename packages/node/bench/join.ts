/**
 * What taking a state over by proven ranges costs, the part of a join that grows with the state:
 * who serves reads ranges with their proofs, who joins checks them against the state root and writes
 * them durably. Both run here in one process, so the two shares are told apart by processor time; on
 * two machines the larger one is what a join takes.
 *
 *   npm run bench:join -- [--records 1000000]
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import type { RecordKey } from '@daybook/core';
import { assert, compareBytes, LIMITS, sha256, treeKeyOf, valueHashOf } from '@daybook/core';
import type { ImportedRecord, StateStore } from '@daybook/state';
import { createNodeDisk, openLevel, openStateImport, openStateStore } from '@daybook/state';
import { fetchRecords } from '../src/snapshot/fetch-records.ts';
import type { Snapshot } from '../src/snapshot/snapshot.ts';
import type { Sources } from '../src/snapshot/sources.ts';
import { encodeRecords } from '../src/snapshot/wire.ts';

const { values: options } = parseArgs({
  options: { records: { type: 'string', default: '1000000' } },
});
const count = Number(options.records);
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'daybook-join-'));
const parts = { disk: createNodeDisk(), openKeyValue: openLevel };
const HEIGHT = 1;
const VALUE_BYTES = 150;
const STEP = 8000;

function recordOf(id: number): ImportedRecord {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, id);
  const recordKey: RecordKey = { set: 0x0002_0001, key: sha256(number).slice(0, 20) };
  const value = new Uint8Array(VALUE_BYTES);
  value.set(number);
  const treeKey = treeKeyOf(recordKey);
  return { recordKey, treeKey, value, valueHash: valueHashOf(value), writtenAt: HEIGHT };
}

/** A store with so many records. */
async function generate(): Promise<StateStore> {
  const place = path.join(directory, 'source');
  const filling = await openStateImport({ directory: place, height: HEIGHT }, parts);
  const ids = Array.from({ length: count }, (_, id) => id);
  const sorted = ids
    .map((id) => ({ id, treeKey: recordOf(id).treeKey }))
    .sort((a, b) => compareBytes(a.treeKey, b.treeKey));
  for (let at = 0; at < count; at += STEP) {
    const step = sorted.slice(at, at + STEP).map(({ id }) => recordOf(id));
    await filling.add(step, sorted[at + STEP]?.treeKey);
  }
  await filling.close();
  return await openStateStore({ directory: place }, parts);
}

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

async function join(source: StateStore): Promise<void> {
  const stateRoot = source.rootAt(HEIGHT);
  assert(stateRoot !== undefined, 'the source has its version');
  // What is fetched is checked against these two; the rest of a snapshot takes no part in it.
  const snapshot = { header: { height: HEIGHT, stateRoot } } as Snapshot;
  let servingMs = 0;
  let bytes = 0;
  const limits = { limit: LIMITS.snapshotRecordsMax, bytesMax: LIMITS.snapshotBytesMax };
  const sources: Pick<Sources, 'ask'> = {
    ask: async (question, judge) => {
      assert(question.kind === 'records', 'only records are fetched here');
      const { from } = question;
      const before = cpuMs();
      const found = source.proveRange('all', {
        ...limits,
        height: HEIGHT,
        ...(from.length > 0 && { from }),
      });
      const answer = encodeRecords(found);
      servingMs += cpuMs() - before;
      bytes += answer.length;
      const verdict = judge(answer);
      return verdict.ok ? verdict.value : undefined;
    },
  };
  const place = path.join(directory, 'joined');
  const target = await openStateImport({ directory: place, height: HEIGHT }, parts);
  const [start, wall] = [cpuMs(), performance.now()];
  const isWhole = await fetchRecords(snapshot, target, {
    sources: sources as Sources,
    onProgress: () => undefined,
  });
  const joiningMs = cpuMs() - start - servingMs;
  const wallMs = performance.now() - wall;
  assert(isWhole, 'all ranges came');
  assert(compareBytes(target.root(), stateRoot) === 0, 'the joined state has the root');
  await target.close();
  const perThousand = (ms: number): string => ((1000 * ms) / count).toFixed(2);
  console.log(`${count} records, ${(bytes / 1e6).toFixed(0)} MB fetched`);
  console.log(
    `joining ${(joiningMs / 1000).toFixed(1)} s CPU, ${perThousand(joiningMs)} ms a range`,
  );
  console.log(
    `serving ${(servingMs / 1000).toFixed(1)} s CPU, ${perThousand(servingMs)} ms a range`,
  );
  console.log(`both on this machine, as it is now: ${(wallMs / 1000).toFixed(1)} s`);
}

try {
  const source = await generate();
  await join(source);
  await source.close();
} finally {
  fs.rmSync(directory, { recursive: true, force: true });
}
