/** Governance: changes of the validator set at epoch boundaries, READY, and the turns of proposers. */
import type { Call, ValidatorSet } from '@daybook/core';
import { carryRotation, equalBytes, freshRotation, toHex, validatorsHash } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { readAwaitedBoundary } from '../src/index.ts';
import type { TestChain } from './consortium.ts';
import {
  codeOf,
  createChain,
  keyOf,
  proofOf,
  readyEntry,
  rowsOf,
  systemEntry,
} from './consortium.ts';

const REASON = { reason: 'because of the test' };
const FOUR = ['audit', 'finance', 'health', 'works'] as const;
const SEVEN = [...FOUR, 'parks', 'roads', 'water'] as const;
const rows = rowsOf.governance;

function adopt(
  chain: TestChain,
  members: readonly string[],
  action: string,
  args: Call['args'],
): void {
  const signers = members
    .slice(0, Math.ceil((members.length * 67) / 100))
    .map((slug) => `${slug}/admin`);
  const executed = chain.act(signers, `governance.${action}`, { ...REASON, ...args });
  expect(codeOf(executed), action).to.equal('OK');
}

function newcomer(chain: TestChain, key: string, organisation: string): Call['args'] {
  const proof = proofOf(chain.genesis.chain, key, organisation);
  return { organisation, consensusKey: keyOf(key), proof };
}

function idOf(set: ValidatorSet, key: string): Uint8Array {
  const found = set.find(({ publicKey }) => equalBytes(publicKey, keyOf(key)));
  return found?.id ?? new Uint8Array(32);
}

function has(set: ValidatorSet, key: string): boolean {
  return set.some(({ publicKey }) => equalBytes(publicKey, keyOf(key)));
}

/** READYs of these consensus keys for the newest block that may be named. */
function sendReadies(chain: TestChain, keys: readonly string[]): void {
  chain.block([]);
  const named = chain.height() - 1;
  chain.block(keys.map((key) => chain.ready(key, named)));
}

const consensusOf = (slugs: readonly string[]): readonly string[] =>
  slugs.map((slug) => `${slug} consensus`);

const FIVE_IN_SET = ['audit', 'finance', 'health', 'works', 'parks'] as const;

describe('governance: a validator is added (spec X-11, X-13)', () => {
  function withProposal(): TestChain {
    const chain = createChain({ organisations: FIVE_IN_SET, validators: FOUR });
    adopt(chain, FIVE_IN_SET, 'proposeValidator', newcomer(chain, 'parks consensus', 'parks'));
    return chain;
  }

  it('spec X-26: given READYs of newcomer and quorum, then the next set of the last block of the epoch names it', () => {
    const chain = withProposal();
    sendReadies(chain, consensusOf(FIVE_IN_SET));

    chain.passTo(8);
    expect(has(chain.validators(9), 'parks consensus')).to.equal(false);
    expect(has(chain.validators(10), 'parks consensus')).to.equal(false);
    chain.passTo(9);

    // State after height 9 knows both: V_9 and V_10.
    expect(chain.validators(9)).to.have.length(4);
    expect(chain.validators(10)).to.have.length(5);
    expect(toHex(validatorsHash(chain.validators(9)))).to.not.equal(
      toHex(validatorsHash(chain.validators(10))),
    );
    const proposal = rows.proposal(chain.view, { number: 1 });
    expect(proposal).to.include({ status: 'done', effectiveHeight: 10 });
    chain.passTo(21);
    expect(chain.validators()).to.have.length(5);
  });

  it('given no READY of the newcomer, then the change waits for the next boundary (§15 rule 4)', () => {
    const chain = withProposal();
    sendReadies(chain, consensusOf(FOUR));
    chain.passTo(9);
    expect(chain.validators(10)).to.have.length(4);
    const [waiting] = rows.pending(chain.view, {})?.changes ?? [];
    expect(waiting).to.include({ boundary: 20, tries: 1 });
    expect(waiting?.rule).to.match(/^\(4\)/);

    sendReadies(chain, consensusOf(FIVE_IN_SET));
    chain.passTo(19);

    expect(chain.validators(20)).to.have.length(5);
  });

  it('given READYs of fewer than the quorum of the new set, then it waits (§15 rule 6)', () => {
    const chain = withProposal();
    // Five validators need four.
    sendReadies(chain, consensusOf(['audit', 'finance', 'parks']));
    chain.passTo(9);

    expect(rows.pending(chain.view, {})?.changes[0]?.rule).to.match(/^\(6\) 3 of 4/);
  });

  it('given READYs of two epochs ago, then they count no more', () => {
    const chain = withProposal();
    sendReadies(chain, consensusOf(FOUR));
    chain.passTo(29);
    sendReadies(chain, ['parks consensus']);
    chain.passTo(39);

    expect(rows.pending(chain.view, {})?.changes[0]?.rule).to.match(/^\(6\) 1 of 4/);
  });

  it('given thirty days without READY, then the change is given up at the next boundary', () => {
    const chain = withProposal();

    chain.passTo(98);
    expect(rows.proposal(chain.view, { number: 1 })?.status).to.equal('adopted');
    chain.block([], { afterMs: 31 * 24 * 3_600_000 });

    expect(rows.proposal(chain.view, { number: 1 })?.status).to.equal('failed');
    expect(rows.pending(chain.view, {})?.changes).to.deep.equal([]);
  });
});

describe('governance: READY (spec X-13)', () => {
  function waiting(): TestChain {
    const chain = createChain({ organisations: FIVE_IN_SET, validators: FOUR });
    adopt(chain, FIVE_IN_SET, 'proposeValidator', newcomer(chain, 'parks consensus', 'parks'));
    chain.block([]);
    return chain;
  }

  it('given the same READY twice, then the second makes the block invalid', () => {
    const chain = waiting();
    const ready = chain.ready('audit consensus', 1);
    expect(chain.tryBlock([ready])).to.equal('OK');

    expect(chain.tryBlock([ready])).to.match(/READY at 1 already/);
  });

  it('given a block of another chain, a stranger, a wrong signature, or a shape, then invalid', () => {
    const chain = waiting();
    const { chain: id } = chain.genesis;
    const hash = chain.hashOf(1);
    const cases = [
      [readyEntry(id, 'audit consensus', { height: 1, hash: chain.hashOf(2) }), /not a recent one/],
      [readyEntry(id, 'audit consensus', { height: 9, hash }), /not a recent one/],
      [readyEntry(id, 'stranger', { height: 1, hash }), /no validator/],
      [readyEntry(chain.hashOf(5), 'audit consensus', { height: 1, hash }), /signature is wrong/],
      [systemEntry('ready', [1, 2, 3, 4]), /wrong type/],
      [systemEntry('ready', 'x'), /four fields/],
    ] as const;

    for (const [entry, fact] of cases) expect(chain.tryBlock([entry])).to.match(fact);
    expect(chain.height()).to.equal(2);
  });

  it('given a block before the change was decided, then it can not be named', () => {
    const chain = createChain({ organisations: FIVE_IN_SET, validators: FOUR });
    chain.passTo(4);
    adopt(chain, FIVE_IN_SET, 'proposeValidator', newcomer(chain, 'parks consensus', 'parks'));

    expect(chain.tryBlock([chain.ready('audit consensus', 3)])).to.match(/not a recent one/);
    expect(chain.tryBlock([chain.ready('audit consensus', 4)])).to.equal('OK');
  });
});

describe('governance: removals and rotations (spec X-13, X-14)', () => {
  it('given seven validators and READYs, when one is removed, then six remain and its score is gone', () => {
    const chain = createChain({ organisations: SEVEN });
    const validator = idOf(chain.validators(), 'water consensus');
    adopt(chain, SEVEN, 'proposeValidatorRemoval', { validator });
    sendReadies(chain, consensusOf(SEVEN));

    chain.passTo(9);

    expect(chain.validators(10)).to.have.length(6);
    expect(chain.rotation()).to.have.length(6);
    expect(rows.validator(chain.view, { id: validator })?.status).to.equal('removed');
  });

  it('spec X-29: given a silent validator, when a live one is to be removed, then rule 6 refuses and names it', () => {
    const chain = createChain({ organisations: SEVEN });
    // First turns are missed until two of seven rest: removing a live one leaves four of six.
    while (chain.rotation().filter(({ restUntil }) => restUntil > chain.height() + 1).length < 2) {
      chain.block([], { proposer: 'another' });
    }
    const silent = chain.rotation().filter(({ restUntil }) => restUntil > chain.height() + 1);
    const isSilent = (id: Uint8Array) => silent.some((entry) => equalBytes(entry.id, id));
    const live = chain.validators().find(({ id }) => !isSilent(id));
    const signers = SEVEN.slice(0, 5).map((slug) => `${slug}/admin`);
    const remove = (validator: Uint8Array) =>
      chain.act(signers, 'governance.proposeValidatorRemoval', { validator, ...REASON });

    const refused = remove(live?.id ?? new Uint8Array(32));

    // Four of six is the quorum of six; with a third one silent it would be three.
    expect(codeOf(refused)).to.equal('OK');
    while (chain.rotation().filter(({ restUntil }) => restUntil > chain.height() + 1).length < 3) {
      chain.block([], { proposer: 'another' });
    }
    const another = chain.validators().findLast(({ id }) => {
      return !chain.rotation().some((entry) => equalBytes(entry.id, id) && entry.restUntil > 0);
    });
    const second = remove(another?.id ?? new Uint8Array(32));
    expect(codeOf(second)).to.equal('GOVERNANCE_QUORUM_AT_RISK');
    expect(second.failure?.facts).to.include({ count: 6, live: 3, quorum: 4 });
  });

  it('given live members that are not READY, then removing one waits (§15 rule 6)', () => {
    const chain = createChain({ organisations: SEVEN });
    const validator = idOf(chain.validators(), 'water consensus');
    adopt(chain, SEVEN, 'proposeValidatorRemoval', { validator });
    sendReadies(chain, consensusOf(['audit', 'finance', 'health']));

    chain.passTo(9);

    expect(chain.validators(10)).to.have.length(7);
  });

  it('given a rotation, then the validator keeps its id and place with the new key', () => {
    const chain = createChain({ organisations: FOUR });
    const validator = idOf(chain.validators(), 'works consensus');
    const { consensusKey, proof } = newcomer(chain, 'works second', 'works');
    adopt(chain, FOUR, 'proposeKeyRotation', {
      validator,
      consensusKey: consensusKey ?? null,
      proof: proof ?? null,
    });
    sendReadies(chain, [...consensusOf(['audit', 'finance', 'health']), 'works second']);

    chain.passTo(9);

    const set = chain.validators(10);
    expect(toHex(idOf(set, 'works second'))).to.equal(toHex(validator));
    expect(has(set, 'works consensus')).to.equal(false);
    const back = { validator, ...newcomer(chain, 'works consensus', 'works') };
    const { organisation: _unused, ...args } = back as Record<string, Call['args'][string]>;
    const again = chain.act(['audit/admin'], 'governance.proposeKeyRotation', {
      ...args,
      ...REASON,
    });
    expect(codeOf(again)).to.equal('GOVERNANCE_KEY_USED');
  });

  it('given two rotations of four, then the second waits for the next boundary (§15 rule 3)', () => {
    const chain = createChain({ organisations: FOUR });
    for (const slug of ['works', 'health']) {
      const validator = idOf(chain.validators(), `${slug} consensus`);
      const { consensusKey = null, proof = null } = newcomer(chain, `${slug} second`, slug);
      adopt(chain, FOUR, 'proposeKeyRotation', { validator, consensusKey, proof });
    }
    const all = [...consensusOf(FOUR), 'works second', 'health second'];
    sendReadies(chain, all);
    chain.passTo(9);
    expect(has(chain.validators(10), 'works second')).to.equal(true);
    expect(has(chain.validators(10), 'health second')).to.equal(false);
    expect(rows.pending(chain.view, {})?.changes[0]?.rule).to.match(/^\(3\)/);

    chain.passTo(17);
    chain.block(
      ['audit consensus', 'finance consensus', 'works second', 'health second'].map((key) =>
        chain.ready(key, 16),
      ),
    );
    chain.passTo(19);

    expect(has(chain.validators(20), 'health second')).to.equal(true);
  });

  it('given one key adopted twice, then the second fails for good (§15 rule 2)', () => {
    const chain = createChain({ organisations: SEVEN, validators: FOUR });
    const args = newcomer(chain, 'shared', 'parks');
    adopt(chain, SEVEN, 'proposeValidator', args);
    adopt(chain, SEVEN, 'proposeValidator', args);
    sendReadies(chain, [...consensusOf(FOUR), 'shared']);

    chain.passTo(9);

    expect(rows.proposal(chain.view, { number: 1 })?.status).to.equal('done');
    expect(rows.proposal(chain.view, { number: 2 })?.status).to.equal('failed');
  });

  it('given three newcomers to seven, then only as many as the quorum can spare (§15 rules 3, 5)', () => {
    const ten = [...SEVEN, 'ports', 'rails', 'mail'] as const;
    const chain = createChain({ organisations: ten, validators: SEVEN });
    for (const slug of ['ports', 'rails', 'mail']) {
      adopt(chain, ten, 'proposeValidator', newcomer(chain, `${slug} consensus`, slug));
    }
    sendReadies(chain, consensusOf(ten));

    chain.passTo(9);

    // f = 2 of seven: two changes at one boundary.
    expect(chain.validators(10)).to.have.length(9);
  });

  it('given a development chain of one, then a second and a third can join one by one', () => {
    const chain = createChain({
      organisations: ['audit', 'finance'],
      validators: ['audit'],
      developmentMode: true,
    });
    adopt(
      chain,
      ['audit', 'finance'],
      'proposeValidator',
      newcomer(chain, 'finance consensus', 'finance'),
    );
    sendReadies(chain, consensusOf(['audit', 'finance']));
    chain.passTo(9);

    expect(chain.validators(10)).to.have.length(2);
  });
});

describe('governance: blocks wanted for a boundary (spec X-26)', () => {
  it('given a change without READYs, then none; with them, then until its boundary; refused by rule 1, then none', () => {
    const chain = createChain({ organisations: FIVE_IN_SET });
    const [first, second] = chain.validators();
    const awaited = () => readAwaitedBoundary(chain.view, chain.height() + 1);
    const propose = (signers: readonly string[], validator: Uint8Array | undefined) =>
      chain.act(signers, 'governance.proposeValidatorRemoval', {
        validator: validator ?? new Uint8Array(32),
        ...REASON,
      });
    const all = FIVE_IN_SET.slice(0, 4).map((slug) => `${slug}/admin`);
    // Both are proposed before either is adopted, so that neither knows of the other.
    expect(codeOf(propose(['audit/admin'], second?.id))).to.equal('OK');
    expect(codeOf(propose(all, first?.id))).to.equal('OK');
    const vote = { proposal: 1, choice: 'yes', ...REASON };
    expect(codeOf(chain.act(all.slice(1), 'governance.vote', vote))).to.equal('OK');
    expect(awaited()).to.equal(undefined);

    sendReadies(chain, consensusOf(FIVE_IN_SET));
    expect(awaited()).to.equal(10);
    chain.passTo(9);

    expect(chain.validators(10)).to.have.length(4);
    expect(rows.pending(chain.view, {})?.changes[0]?.rule).to.match(/^\(1\)/);
    expect(awaited()).to.equal(undefined);
  });
});

describe('governance: turns of proposers (spec §6)', () => {
  it('given every turn kept, then the rotation record never changes', () => {
    const chain = createChain({ organisations: FOUR });
    const before = chain.dump().get(rotationKey());

    chain.passTo(50);

    expect(chain.dump().get(rotationKey())).to.equal(before);
  });

  it('given a missed turn, then the one whose turn it was rests', () => {
    const chain = createChain({ organisations: FOUR });

    chain.block([], { proposer: 'another' });

    const rested = chain.rotation().filter(({ restUntil }) => restUntil > 0);
    expect(rested).to.have.length(1);
    expect(rested[0]).to.include({ score: 4, restUntil: 1 + 4 * 2 });
  });

  it('given a set change, then newcomers start at zero and the others keep their scores', () => {
    const chain = createChain({ organisations: FIVE_IN_SET, validators: FOUR });
    chain.block([], { proposer: 'another' });
    const scored = chain.rotation().find(({ score }) => score > 0);
    adopt(chain, FIVE_IN_SET, 'proposeValidator', newcomer(chain, 'parks consensus', 'parks'));
    sendReadies(chain, consensusOf(FIVE_IN_SET));
    chain.passTo(9);

    const after = chain.rotation();

    expect(after).to.have.length(5);
    const kept = after.find(({ id }) => scored !== undefined && equalBytes(id, scored.id));
    expect(kept?.restUntil).to.equal(scored?.restUntil);
    expect(carryRotation(after, chain.validators(10))).to.deep.equal(after);
    expect(freshRotation(chain.validators(10))).to.have.length(5);
  });
});

describe('governance: determinism (spec X-16)', () => {
  it('given the same random history twice, then every stored byte is equal', () => {
    const step = fc.record({
      readies: fc.subarray([...SEVEN]),
      proposer: fc.constantFrom('in turn', 'another'),
      proposal: fc.option(fc.constantFrom('water', 'roads'), { nil: undefined }),
    });
    const play = (steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]) => {
      const chain = createChain({ organisations: SEVEN });
      for (const { readies, proposer, proposal } of steps) {
        if (proposal !== undefined) {
          const validator = idOf(chain.validators(), `${proposal} consensus`);
          const signers = SEVEN.slice(0, 5).map((slug) => `${slug}/admin`);
          chain.act(signers, 'governance.proposeValidatorRemoval', { validator, ...REASON });
        }
        const named = chain.height();
        const entries = readies.map((slug) => chain.ready(`${slug} consensus`, named));
        if (chain.tryBlock(entries, { proposer }) !== 'OK') chain.block([], { proposer });
      }
      return [...chain.dump()].sort(([a], [b]) => (a < b ? -1 : 1));
    };

    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 25 }), (steps) => {
        expect(play(steps)).to.deep.equal(play(steps));
      }),
      { numRuns: 6, seed: 20_260_101 },
    );
  });

  it('given any history, then the set changes at boundaries only and its quorum stays (§15)', () => {
    const step = fc.record({ ready: fc.subarray([...SEVEN]), remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 45 }), (steps) => {
        const chain = createChain({ organisations: SEVEN });
        for (const { ready, remove } of steps) {
          if (remove) proposeRemovalOfFirst(chain);
          const before = chain.validators();
          const entries = ready.map((slug) => chain.ready(`${slug} consensus`, chain.height()));
          if (chain.tryBlock(entries) !== 'OK') chain.block([]);
          checkStep(chain, before);
        }
      }),
      { numRuns: 8, seed: 20_260_102 },
    );
  });
});

function proposeRemovalOfFirst(chain: TestChain): void {
  const validator = chain.validators()[0]?.id ?? new Uint8Array(32);
  const signers = SEVEN.slice(0, 5).map((slug) => `${slug}/admin`);
  chain.act(signers, 'governance.proposeValidatorRemoval', { validator, ...REASON });
}

function checkStep(chain: TestChain, before: ValidatorSet): void {
  const left = before.length - chain.validators().length;
  const isBoundary = (chain.height() + 1) % 10 === 0;
  expect(left === 0 || isBoundary, 'the set changes at a boundary').to.equal(true);
  expect(left, 'at most f leave').to.be.within(0, 2);
  expect(chain.validators().length, 'four stay').to.be.at.least(4);
}

function rotationKey(): string {
  return `${2 * 65_536 + 6}||`;
}
