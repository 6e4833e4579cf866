/** A record as a block wrote it whose state the node no longer keeps. */

import { applications } from '@daybook/applications';
import { createEngine, recordKeyOf } from '@daybook/contracts';
import {
  decodeHeader,
  decodeResult,
  decodeStateProof,
  decodeVersionBundle,
  encodeHeader,
  equalBytes,
  leafHash,
  treeKeyOf,
  valueHashOf,
  verifyInclusion,
  verifyStateProof,
} from '@daybook/core';
import { expect } from 'chai';
import { createHistoryTree } from '../src/checkpoints/history-tree.ts';
import { createExecutor } from '../src/ledger/executor.ts';
import { createFoundingState } from '../src/reads/founding-state.ts';
import { createRecords } from '../src/reads/records.ts';
import { schemaSourceOf } from '../src/reads/schema.ts';
import { notebook } from './api/support/notebook.ts';
import { freshDisks, grow, makeGenesis, openChain } from './support/chain.ts';

const genesis = makeGenesis();
const HEIGHT = 20;

async function grown() {
  const chain = await openChain(genesis, freshDisks(), { retainedHeights: 6 });
  await grow(chain.ledger, HEIGHT);
  const { ledger, blockLog, stateStore } = chain;
  const engine = createEngine([...applications, notebook]);
  const manifest = engine.manifestOf(ledger.head().reader);
  let [walking, walkingMost] = [0, 0];
  const history = stateStore.history.bind(stateStore);
  Object.assign(stateStore, {
    history: async (...given: Parameters<typeof history>) => {
      walking += 1;
      walkingMost = Math.max(walkingMost, walking);
      await new Promise((resolve) => setImmediate(resolve));
      walking -= 1;
      return await history(...given);
    },
  });
  const records = createRecords({
    ...{ genesis, ledger, blockLog, stateStore },
    blocks: {
      readBlock: async (height) => blockLog.readBlock(height),
      locate: async () => undefined,
    },
    schemaOf: (set) => schemaSourceOf(manifest, set),
    laterSets: async () => [],
    founding: createFoundingState(() => createExecutor(engine, genesis).genesis(genesis)),
    explainResult: () => undefined,
    history: createHistoryTree({
      hashAt: (height) => blockLog.blockHashAt(height),
      soon: (task) => setImmediate(task),
    }),
  });
  const contract = manifest.contracts.find(({ name }) => name === notebook.name);
  const spec = contract?.records.note ?? expect.fail('the notebook has notes');
  const keyOf = (number: number) => {
    const key = recordKeyOf(spec, { book: 'red', number });
    return key.ok ? key.value : expect.fail('a note has a key');
  };
  const counter = contract?.records.counter ?? expect.fail('the notebook counts');
  const counterKey = recordKeyOf(counter, {});
  if (!counterKey.ok) return expect.fail('the counter has a key');
  const organisation = manifest.contracts.find(({ name }) => name === 'directory')?.records
    .organisation;
  const officeKey = organisation && recordKeyOf(organisation, { slug: 'office-0' });
  if (officeKey?.ok !== true) return expect.fail('the directory has offices');
  const keys = { counterKey: counterKey.value, officeKey: officeKey.value };
  return { chain, records, keyOf, ...keys, walkingMost: () => walkingMost };
}

describe('node: older versions', () => {
  it('given many who ask for old versions, then one after the other is on the way to them', async () => {
    const { records, counterKey, walkingMost } = await grown();
    const histories = Array.from({ length: 5 }, () => records.history(counterKey, { limit: 1 }));
    const proofs = [1, 2, 3].map((height) => records.prove(counterKey, height));

    await Promise.all([...histories, ...proofs]);

    expect(walkingMost()).to.equal(1);
  });

  it('spec S-12: given a height that is no longer kept, then its version is proven by result and history root', async () => {
    const { chain, records, counterKey: recordKey } = await grown();
    const { header } = chain.ledger.head();

    const proven = await records.prove(recordKey, 5);
    const bundle = decodeVersionBundle(proven.ok ? proven.value : new Uint8Array());
    if (!bundle.ok) return expect.fail('it is the proof of a version');
    const { version } = bundle.value;
    if (!('result' in version)) return expect.fail('a transaction wrote it');
    const old = decodeHeader(version.header);
    const result = decodeResult(version.result);
    if (!old.ok || !result.ok) return expect.fail('header and result decode');

    expect(bundle.value.header).to.deep.equal(encodeHeader(header));
    expect(old.value.height).to.equal(5);
    const { index, size, path } = version.place;
    const leaf = leafHash(version.result);
    expect(verifyInclusion({ root: old.value.resultRoot, index, size, leaf, path })).to.equal(true);
    const { writes } = result.value;
    const write = writes.find(({ treeKey }) => equalBytes(treeKey, treeKeyOf(recordKey)));
    expect(write?.valueHash).to.deep.equal(valueHashOf(version.value ?? new Uint8Array()));
    await chain.close();
  });

  it('spec S-12: given a record that genesis wrote, then it is proven by the state of genesis', async () => {
    const { chain, records, officeKey: recordKey } = await grown();

    const proven = await records.prove(recordKey, 5);
    const bundle = decodeVersionBundle(proven.ok ? proven.value : new Uint8Array());
    if (!bundle.ok || !('proof' in bundle.value.version)) return expect.fail('genesis wrote it');
    const { version } = bundle.value;
    const founding = decodeHeader(version.header);
    const path = decodeStateProof(version.proof);
    if (!founding.ok || !path.ok) return expect.fail('header and path decode');

    expect(founding.value.height).to.equal(0);
    const claim = verifyStateProof(founding.value.stateRoot, treeKeyOf(recordKey), path.value);
    const valueHash = valueHashOf(version.value ?? new Uint8Array());
    expect(claim.ok && claim.value).to.deep.equal({ kind: 'present', valueHash });
    await chain.close();
  });

  it('given a record that was not yet written at the height, then there is no version to prove', async () => {
    const { chain, records, keyOf } = await grown();

    const early = await records.prove(keyOf(9), 5);

    expect(!early.ok && early.reason.code).to.equal('NODE_STATE_PRUNED');
    await chain.close();
  });
});
