/** Whatever a stranger or an officer sends to any action, the block executes and the node lives. */
import { applications } from '@daybook/applications';
import type { Engine, FieldSpec, FieldTable } from '@daybook/contracts';
import { buildManifest } from '@daybook/contracts';
import type { Call, CborValue } from '@daybook/core';
import { encodeResult, toHex } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { createChain, entryOf, keyOf, START_MS, systemEntry } from './consortium.ts';

const actions = buildManifest(applications.map(({ definition }) => definition)).contracts.flatMap(
  (contract) => Object.values(contract.actions),
);
const contracts = applications.filter(({ name }) => name !== 'directory' && name !== 'governance');

/** Values of every kind, whatever the field wants. */
const { value: anything } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<CborValue>('', 'health', 0, -1, 2 ** 53 - 1, 2n ** 64n - 1n, null, true),
    fc.constantFrom<CborValue>(new Uint8Array(32), new Uint8Array(3)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('en', 'name', '__proto__', 'constructor'), tie('value')),
  ),
}));

const KEYS = ['health/clerk', 'fresh', 'other', 'works consensus'].map(keyOf);
const SLUGS = ['health', 'works', 'admin', 'clerk', 'nobody'];

/** Few values of each type, so that calls meet one another; now and then anything at all. */
function valueFor(spec: FieldSpec): fc.Arbitrary<CborValue> {
  return fc.oneof({ weight: 12, arbitrary: soundFor(spec) }, { weight: 1, arbitrary: anything });
}

function soundFor(spec: FieldSpec): fc.Arbitrary<CborValue> {
  switch (spec.type) {
    case 'list':
      return fc.array(valueFor(spec.item), { minLength: spec.min, maxLength: spec.min + 2 });
    case 'object':
      return objectFor(spec.fields);
    case 'choice':
      return fc.constantFrom(...Object.keys(spec.of));
    case 'integer':
      return fc.constantFrom(spec.min, spec.min + 1, 2, 10);
    case 'amount':
      return fc.constantFrom(1, 100);
    case 'money':
      return fc.record({ minor: fc.constantFrom(1, 100), currency: fc.constantFrom('GBP', 'EUR') });
    case 'period':
      return fc.constant({ start: '2023-01-01', end: '2026-12-31' });
    case 'date':
      return fc.constantFrom('2023-11-20', '2030-01-01');
    case 'instant':
      return fc.constantFrom(0, START_MS + 5000, START_MS * 2);
    case 'bytes':
      return fc.constant(new Uint8Array(spec.min));
    case 'hash':
    case 'publicKey':
    case 'sealed':
    case 'blinded':
      return fc.constantFrom<CborValue>(...KEYS, new Uint8Array(32));
    case 'boolean':
      return fc.boolean();
    case 'identity':
      return fc.constantFrom('health/admin', 'health/clerk');
    default:
      return fc.constantFrom(...SLUGS, 'governance.delegate', 'a/b', 'because', '250');
  }
}

function objectFor(fields: FieldTable): fc.Arbitrary<Record<string, CborValue>> {
  const members = Object.entries(fields).map(([name, spec]) => [name, valueFor(spec)] as const);
  const required = Object.keys(fields).filter((name) => fields[name]?.optional !== true);
  const record = fc.record<Record<string, CborValue>>(Object.fromEntries(members), {
    requiredKeys: required,
  });
  return record as fc.Arbitrary<Record<string, CborValue>>;
}

interface Attack {
  readonly name: string;
  readonly args: Call['args'];
  readonly signers: readonly string[];
}

const SIGNERS: readonly (readonly string[])[] = [
  ['key:nobody'],
  ['health/admin'],
  ['health/admin', 'works/admin'],
  ['health/admin', 'works/admin', 'audit/admin'],
];

const attack: fc.Arbitrary<Attack> = fc.constantFrom(...actions).chain((action) =>
  fc.record({
    name: fc.constant(`${action.contract}.${action.name}`),
    args: objectFor(action.input),
    signers: fc.constantFrom(...SIGNERS),
  }),
);

/**
 * No node hands on a proposal of a version that its release lacks, since each that lacks it stops
 * before the version acts (spec X-35). Arguments of other types are the engine's to refuse.
 */
function isAdmitted({ name, args }: Attack, engine: Engine): boolean {
  if (name !== 'governance.proposeContract') return true;
  const { contract, version } = args;
  const isTyped = typeof contract === 'string' && typeof version === 'number';
  return !isTyped || engine.knows(contract, version);
}

/** Any seed passes: twenty did, one after the other. */
const SEED = Number(process.env.DAYBOOK_HOSTILE_SEED ?? 2);

describe('applications: hostile input (spec X-4)', () => {
  it('given any arguments for any action, then there is a result, the same on a second engine', () => {
    const organisations = ['audit', 'finance', 'health', 'works'];
    const one = createChain({ organisations, contracts });
    const two = createChain({ organisations, contracts });
    const seen = new Set<number>();
    fc.assert(
      fc.property(fc.array(attack, { minLength: 1, maxLength: 5 }), (attacks) => {
        const entries = attacks
          .filter((each) => isAdmitted(each, one.engine))
          .map(({ name, args, signers }) => entryOf(one.genesis.chain, signers, [[name, args]]));

        const results = one.block(entries).transactions.map(({ result }) => result);

        for (const { code } of results) seen.add(code);
        const again = two.block(entries).transactions.map(({ result }) => result);
        expect(again.map((result) => toHex(encodeResult(result)))).to.deep.equal(
          results.map((result) => toHex(encodeResult(result))),
        );
      }),
      { numRuns: 800, seed: SEED },
    );
    expect(seen.has(19), 'no contract has a defect').to.equal(false);
    expect(seen.size, 'many ways to refuse were met').to.be.at.least(15);
    expect([...one.dump()]).to.deep.equal([...two.dump()]);
  });

  it('given any payload of a system transaction, then the block is judged and nothing throws', () => {
    const chain = createChain({ organisations: ['audit', 'finance', 'health', 'works'] });
    const kinds = fc.constantFrom('ready' as const, 'evidence' as const, 'recovery' as const);
    fc.assert(
      fc.property(kinds, anything, (kind, payload) => {
        expect(chain.tryBlock([systemEntry(kind, payload)])).to.not.equal('OK');
      }),
      { numRuns: 300, seed: 32 },
    );
    expect(chain.height()).to.equal(0);
  });
});
