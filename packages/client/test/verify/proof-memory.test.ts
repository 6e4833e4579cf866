/** Many files with one memory: every verdict is the one that the file gets alone. */
import { recordKeyOf } from '@daybook/contracts';
import type { ProofBundle } from '@daybook/core';
import { assert, decodeProofBundle, encodeProofBundle } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { createProofMemory, verifyProofBundle } from '../../src/index.ts';
import { rememberLast } from '../../src/verify/proof-memory.ts';
import { boxes } from '../fixtures/boxes.ts';
import { createTestChain, START_MS } from '../fixtures/chain.ts';

const NOW_MS = START_MS + 60_000;

/** Files of two chains, of blocks with other sets, and the same with one part bent or exchanged. */
function filesOf(): readonly Uint8Array[] {
  const [chain, other] = [createTestChain(), createTestChain('other-chain')];
  for (const next of [undefined, ['aa', 'bb', 'cc', 'ee'], undefined]) {
    chain.append([], next);
    other.append([], next);
  }
  const spec = chain.engine.manifest().contracts.find(({ name }) => name === boxes.name);
  const key = spec?.records.gift && recordKeyOf(spec.records.gift, { box: 'a1', publisher: 'b1' });
  assert(key?.ok === true, 'the key of the fixture is good');
  const good = [chain, other].flatMap((one) => [1, 2, 3].map((at) => one.bundle(key.value, at)));
  const [first, , third] = good.map((bytes) => {
    const bundle = decodeProofBundle(bytes);
    assert(bundle.ok, 'the bundle of the fixture decodes');
    return bundle.value;
  });
  assert(first !== undefined && third !== undefined, 'there are three blocks');
  const turned = (bytes: Uint8Array, at: number): Uint8Array =>
    bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
  const bent: readonly Partial<ProofBundle>[] = [
    { certificate: turned(first.certificate, first.certificate.length - 1) },
    { header: turned(first.header, 40) },
    { header: third.header },
    { header: third.header, certificate: third.certificate },
    { changes: third.changes },
    { genesis: turned(first.genesis, first.genesis.length - 2) },
    { schema: turned(first.schema, 60) },
    { schemaRecord: { ...first.schemaRecord, proof: third.schemaRecord.proof } },
    { schemaRecord: { ...first.schemaRecord, value: new Uint8Array(32) } },
    { record: third.record },
  ];
  return [...good, ...bent.map((part) => encodeProofBundle({ ...first, ...part }))];
}

describe('client: memory of proofs', () => {
  it('given files in any order, when verified with one memory, then each has the verdict it has alone', () => {
    const files = filesOf();
    const { chain } = createTestChain().genesis;
    const alone = files.map((bytes) => verifyProofBundle(bytes, { chain, nowMs: NOW_MS }));
    expect(new Set(alone.map(({ outcome }) => outcome))).to.deep.equal(
      new Set(['valid', 'invalid']),
    );

    fc.assert(
      fc.property(fc.array(fc.nat(files.length - 1), { maxLength: 12 }), (order) => {
        const trust = { chain, nowMs: NOW_MS, memory: createProofMemory() };
        for (const at of order) {
          const verdict = verifyProofBundle(files[at] ?? new Uint8Array(), trust);
          expect(verdict, `file ${at} of ${order}`).to.deep.equal(alone[at]);
        }
      }),
      { numRuns: 8 },
    );
  });

  it('given the same parts, then they are computed once, and anew after others', () => {
    const memory = rememberLast<number>();
    let computed = 0;
    const ask = (...parts: readonly number[]): number =>
      memory(
        parts.map((part) => Uint8Array.of(part)),
        () => {
          computed += 1;
          return computed;
        },
      );

    const answers = [ask(1, 2), ask(1, 2), ask(1), ask(1, 2), ask(1, 3), ask(1, 3)];

    expect(answers).to.deep.equal([1, 1, 2, 3, 4, 4]);
  });
});
