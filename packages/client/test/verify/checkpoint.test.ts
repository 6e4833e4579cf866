/** The light client's three starts and three outcomes (spec L-3, L-4, L-9, L-11, L-12, L-16). */
import type { SetChange, WitnessPolicy } from '@daybook/core';
import { asHash, blockHash, readWitnessPolicy, TRUST_PERIOD_MS } from '@daybook/core';
import { expect } from 'chai';
import type { CheckpointGround, CheckpointVerdict, TrustedStart } from '../../src/index.ts';
import {
  explainVerification,
  judgeCheckpoint,
  startAtBlock,
  startAtGenesis,
  startAtWitnesses,
} from '../../src/index.ts';
import type { TestChain } from '../fixtures/chain.ts';
import { createTestChain, FOUNDERS, OTHER_HASH, START_MS } from '../fixtures/chain.ts';
import {
  changesTo,
  headOf,
  lastOf,
  noteOf,
  WITNESSES,
  witnessKeys,
} from '../fixtures/histories.ts';

const NOW_MS = START_MS + 60_000;
const NOW_S = NOW_MS / 1000;
const LATER = ['cc', 'dd', 'ee', 'ff'];
/** The set changes after block 5: `LATER` signs from 6 on. */
const CHANGED_AT = 5;

function chainOf(name?: string): TestChain {
  const chain = createTestChain(name);
  for (let height = 1; height <= 12; height++) {
    if (height === CHANGED_AT) chain.append([], LATER);
    else chain.append([]);
  }
  return chain;
}

const chain = chainOf();
const genesisStart = startAtGenesis(chain.genesis);

function policyOf(needed: number): WitnessPolicy {
  const policy = readWitnessPolicy(witnessKeys, needed);
  return policy.ok ? policy.value : expect.fail('the policy holds');
}

function judge(
  size: number,
  {
    note = noteOf(headOf(chain, size), { signers: size - 1 > CHANGED_AT ? LATER : FOUNDERS }),
    ...more
  }: Partial<CheckpointGround> & { readonly note?: Uint8Array } = {},
): CheckpointVerdict {
  const changes: readonly SetChange[] = chain.changes;
  return judgeCheckpoint(note, { start: genesisStart, changes, nowMs: NOW_MS, ...more });
}

/** `valid`, or the code of the reason. */
function told(verdict: CheckpointVerdict): string {
  if (verdict.outcome === 'valid') return 'valid';
  expect(explainVerification(verdict.reason)).to.match(/\.( |$)/);
  return `${verdict.outcome} ${verdict.reason.code}`;
}

function startAt(height: number, change: Partial<TrustedStart> = {}): TrustedStart {
  const { header, next } = lastOf(chain, height + 1);
  const vouched = { height, blockHash: blockHash(chain.block(height).header) };
  const start = startAtBlock(vouched, { header, next });
  return start.ok ? { ...start.value, ...change } : expect.fail(start.reason.code);
}

describe('client: checkpoint from a trusted start', () => {
  it('spec L-3: given genesis, then trees before and after a change are valid under their own set', () => {
    for (const size of [2, 5, 6, 7, 12, 13]) expect(told(judge(size)), `${size}`).to.equal('valid');
    const last = judge(13);
    expect(last.outcome !== 'invalid' && last.facts).to.deep.include({
      chain: chain.genesis.chain,
      head: headOf(chain, 13),
      seals: { validators: 4, signers: 4, quorum: 3 },
      setChanges: 1,
    });
  });

  it('spec L-3: given the set of another time, no changes, or bent ones, then it is invalid', () => {
    const late = noteOf(headOf(chain, 12), { signers: ['aa', 'bb', 'cc'] });
    const [change] = chain.changes;
    if (change === undefined) return expect.fail('there is a change');
    const bent = { ...change, validators: change.validators.slice(1) };

    expect(told(judge(12, { note: late }))).to.equal('invalid CLIENT_CHECKPOINT_UNPROVEN');
    expect(told(judge(12, { changes: [] }))).to.equal('invalid CLIENT_CHECKPOINT_UNPROVEN');
    expect(told(judge(12, { changes: [bent] }))).to.equal('invalid CLIENT_VALIDATORS_WRONG');
  });

  it('spec L-11: given another chain, two signers, or no note, then it is invalid', () => {
    const other = chainOf('another');
    const notes = [
      noteOf(headOf(other, 4)),
      noteOf(headOf(chain, 4), { signers: ['aa', 'bb'] }),
      new TextEncoder().encode('no note\n'),
    ];

    for (const note of notes) {
      expect(told(judge(4, { note }))).to.equal('invalid CLIENT_CHECKPOINT_UNPROVEN');
    }
  });

  it('spec L-9: given a founding document that only a node named, then nobody can tell', () => {
    const start = startAtGenesis(chain.genesis, true);

    expect(told(judge(4, { start }))).to.equal('unknown CLIENT_TRUST_MISSING');
    const note = noteOf(headOf(chain, 4), { signers: ['aa'] });
    expect(told(judge(4, { start, note }))).to.equal('invalid CLIENT_CHECKPOINT_UNPROVEN');
  });

  it('given blocks that an operator vouched for, then later trees are valid and earlier ones cannot be told', () => {
    for (const height of [1, 4, 5, 6, 9]) {
      const start = startAt(height);
      for (let size = 2; size <= 13; size++) {
        const isLater = size - 1 > height || (size - 1 === height && height !== CHANGED_AT);
        const expected = isLater ? 'valid' : 'unknown CLIENT_CHECKPOINT_LATER';
        expect(told(judge(size, { start })), `block ${height}, size ${size}`).to.equal(expected);
      }
    }
  });

  it('spec L-4: given a block of 30 days ago, then it is trusted, and one of a moment more is not', () => {
    const start = startAt(4);
    const nowMs = (start.vouchedMs ?? 0) + TRUST_PERIOD_MS;

    expect(told(judge(12, { start, nowMs }))).to.equal('valid');
    expect(told(judge(12, { start, nowMs: nowMs + 1 }))).to.equal('unknown CLIENT_CHECKPOINT_OLD');
    expect(told(judge(12, { nowMs: nowMs + 1 })), 'genesis does not age').to.equal('valid');
  });

  it('given another block or set than was vouched for, then there is no start', () => {
    const { header, next } = lastOf(chain, 5);
    const vouched = { height: 4, blockHash: blockHash(chain.block(4).header) };
    const others = [
      startAtBlock({ ...vouched, blockHash: OTHER_HASH }, { header, next }),
      startAtBlock({ ...vouched, height: 5 }, { header, next }),
      startAtBlock(vouched, { header, next: next.slice(1) }),
      startAtBlock(vouched, { header: header.subarray(1), next }),
    ];

    expect(others.map((start) => start.ok)).to.deep.equal([false, false, false, false]);
  });
});

describe('client: checkpoint and witnesses', () => {
  const [one, two, three] = WITNESSES;
  const cosigned = { [one]: NOW_S, [two]: NOW_S - 30 };

  it('spec L-12: given two of three, then two are enough, three are not, and the facts name both', () => {
    const note = noteOf(headOf(chain, 4), { cosigned });
    const two = judge(4, { note, policy: policyOf(2) });

    expect(told(two)).to.equal('valid');
    expect(
      two.outcome !== 'invalid' && two.facts.witnesses.map(({ key }) => key.name),
    ).to.have.length(2);
    expect(told(judge(4, { note, policy: policyOf(3) }))).to.equal(
      'unknown CLIENT_WITNESSES_MISSING',
    );
  });

  it('spec L-16: given enough witnesses and no genesis, then trust starts at the tree they cosigned', () => {
    const trust = { chain: chain.genesis.chain, policy: policyOf(2), nowMs: NOW_MS };
    for (const size of [5, 6, 7, 10]) {
      const note = noteOf(headOf(chain, size), { signers: [], cosigned });
      const start = startAtWitnesses(note, trust, lastOf(chain, size));
      if (!start.ok) return expect.fail(start.reason.code);

      expect(start.value.vouchedMs).to.equal(NOW_MS - 30_000);
      expect(told(judge(13, { start: start.value })), `${size}`).to.equal('valid');
      // Where the set changes with its last block, only the next set is known.
      const itself = size - 1 === CHANGED_AT ? 'unknown CLIENT_CHECKPOINT_LATER' : 'valid';
      expect(told(judge(size, { start: start.value })), `${size} itself`).to.equal(itself);
    }
  });

  it('spec L-16: given too few, too old, or another block than the last, then there is no start and the reason says which', () => {
    const trust = { chain: chain.genesis.chain, policy: policyOf(2), nowMs: NOW_MS };
    const last = lastOf(chain, 8);
    const codeOf = (note: Uint8Array, served = last, at = trust): string => {
      const start = startAtWitnesses(note, at, served);
      return start.ok ? 'ok' : start.reason.code;
    };
    const head = headOf(chain, 8);
    const good = noteOf(head, { cosigned });

    expect(codeOf(good)).to.equal('ok');
    expect(codeOf(noteOf(head, { cosigned: { [three]: NOW_S } }))).to.equal(
      'CLIENT_WITNESSES_MISSING',
    );
    const late = { ...trust, nowMs: NOW_MS + TRUST_PERIOD_MS };
    expect(codeOf(good, last, late)).to.equal('CLIENT_WITNESSES_MISSING');
    expect(codeOf(good, last, { ...trust, chain: asHash(OTHER_HASH) })).to.equal(
      'CLIENT_CHECKPOINT_UNPROVEN',
    );
    expect(codeOf(good, lastOf(chain, 7))).to.equal('CLIENT_HEADER_MALFORMED');
    expect(codeOf(good, { ...last, path: last.path.slice(1) })).to.equal('CLIENT_HEADER_MALFORMED');
    expect(codeOf(good, { ...last, next: last.next.slice(1) })).to.equal('CLIENT_VALIDATORS_WRONG');
    expect(changesTo(chain, 13)).to.have.length(1);
  });
});
