/** A process that is killed while it commits, on the real disk and LevelDB (reliability F1). */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import { expect } from 'chai';
import type { StateStore } from '../../src/index.ts';
import { createNodeDisk, openLevel, openStateStore } from '../../src/index.ts';
import type { ModelState } from './model.ts';
import { applyWrites, keyOf, nameOf, rootOf, write } from './model.ts';

const SOURCE = new URL('../../src/index.ts', import.meta.url).href;
const MODEL = new URL('./model.ts', import.meta.url).href;
const WORKER = `
import { createNodeDisk, openLevel, openStateStore } from ${JSON.stringify(SOURCE)};
import { write } from ${JSON.stringify(MODEL)};
const store = await openStateStore(
  { directory: process.argv[1], segmentBytes: 256 * 1024 },
  { disk: createNodeDisk(), openKeyValue: openLevel },
);
for (let height = (store.appliedHeight() ?? -1) + 1; ; height++) {
  const writes = Array.from({ length: 20 }, (_, at) => write((height * 7 + at * 13) % 400, height + '/' + at));
  await store.commit(store.stage({ height, writes }));
  process.stdout.write(height + '\\n');
}
`;

const writesAt = (height: number) =>
  Array.from({ length: 20 }, (_, at) => write((height * 7 + at * 13) % 400, `${height}/${at}`));

/** Runs the worker until it has reported a height, kills it, and returns the last one reported. */
async function killAfter(directory: string, height: number): Promise<number> {
  const args = ['--conditions=source', '--input-type=module-typescript', '-e', WORKER, directory];
  const worker = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let reported = -1;
  worker.stdout.on('data', (chunk: Buffer) => {
    reported = Number(chunk.toString().trim().split('\n').at(-1) ?? reported);
    if (reported >= height) worker.kill('SIGKILL');
  });
  await new Promise((resolve) => worker.once('close', resolve));
  return reported;
}

function openStore(directory: string): Promise<StateStore> {
  return openStateStore({ directory }, { disk: createNodeDisk(), openKeyValue: openLevel });
}

describe('state: store of a process that is killed', () => {
  let directory: string;

  beforeEach(() => {
    directory = fs.mkdtempSync(`${os.tmpdir()}/daybook-kill-`);
  });

  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  it('spec S-10: given kills in the middle of commits, then every start goes on from a whole height', async () => {
    let state: ModelState = new Map();
    let done = -1;
    for (const target of [3, 60, 120]) {
      const reported = await killAfter(directory, target);
      const store = await openStore(directory);
      const applied = store.appliedHeight() ?? -1;
      // Only the power takes what the system has; a killed process loses nothing it has reported.
      expect(applied).to.be.at.least(reported);
      for (; done < applied; done++) state = applyWrites(state, writesAt(done + 1));

      expect(store.rootAt(applied)).to.deep.equal(rootOf(state));
      for (let id = 0; id < 400; id++) {
        expect(store.view().get(keyOf(id))).to.deep.equal(state.get(nameOf(keyOf(id)))?.value);
      }
      await store.close();
    }
  });
});
