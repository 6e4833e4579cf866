/** Recovery from the loss of too many validators: by plan, by governance keys, shown for ever. */
import type { RecoveryPlan, RecoveryValidator } from '@daybook/core';
import {
  compareBytes,
  encodeRecovery,
  eraOf,
  readRecovery,
  recoverySignBytes,
  sign,
  toHex,
  validatorIdOf,
} from '@daybook/core';
import { expect } from 'chai';
import type { TestChain } from './consortium.ts';
import {
  codeOf,
  createChain,
  keyOf,
  proofOf,
  rowsOf,
  secretOf,
  systemEntry,
} from './consortium.ts';

const FOUR = ['audit', 'finance', 'health', 'works'] as const;
const SIX = [...FOUR, 'parks', 'roads'] as const;
const LOST = ['health', 'works'] as const;
const rows = rowsOf.governance;

function startedChain(): TestChain {
  const chain = createChain({ organisations: SIX, validators: FOUR });
  chain.passTo(5);
  return chain;
}

function memberOf(organisation: string, key = `${organisation} consensus`): RecoveryValidator {
  const publicKey = keyOf(key);
  return { id: validatorIdOf(publicKey), publicKey, organisation };
}

function planOf(chain: TestChain, change: Partial<RecoveryPlan> = {}): RecoveryPlan {
  const members = ['audit', 'finance', 'parks', 'roads'].map((slug) => memberOf(slug));
  return {
    chain: chain.genesis.chain,
    height: chain.height(),
    blockHash: chain.hashOf(chain.height()),
    validators: members.sort((a, b) => compareBytes(a.id, b.id)),
    reason: 'two data centres burned down',
    ...change,
  };
}

function entryOf(plan: RecoveryPlan, signers: readonly string[]) {
  const consents = signers.map((organisation) => ({
    organisation,
    signature: sign(secretOf(`${organisation} governance`), recoverySignBytes(plan)),
  }));
  return systemEntry('recovery', encodeRecovery({ plan, consents }));
}

describe('governance: recovery (spec C-33)', () => {
  it('spec C-35: given a plan with the consent of a quorum of departments, then the set is the one of the plan from that height on', () => {
    const chain = startedChain();
    const plan = planOf(chain);
    const old = chain.validators(5);

    const { transactions } = chain.block([entryOf(plan, ['audit', 'finance', 'works'])]);

    const keys = chain.validators(6).map(({ publicKey }) => toHex(publicKey));
    expect(keys).to.deep.equal(plan.validators.map(({ publicKey }) => toHex(publicKey)));
    expect(chain.validators(5)).to.deep.equal(old);
    expect(transactions[0]?.result.events[0]?.name).to.equal('recovered');
    const row = rows.recovery(chain.view, { fromHeight: 6 });
    expect(row?.reason).to.equal(plan.reason);
    expect(row?.departments).to.deep.equal(['audit', 'finance', 'works']);
    expect(toHex(row?.era ?? new Uint8Array())).to.equal(toHex(eraOf(plan)));
    for (const slug of LOST) {
      const id = validatorIdOf(keyOf(`${slug} consensus`));
      expect(rows.validator(chain.view, { id })?.status).to.equal('removed');
      const key = rows.consensusKey(chain.view, { publicKey: keyOf(`${slug} consensus`) });
      expect(key?.untilHeight).to.equal(6);
    }
    chain.passTo(25);
    expect(chain.validators()).to.have.length(4);
    expect(chain.rotation()).to.have.length(4);
  });

  it('given consents of too few, of strangers, twice, or over another plan, then it is refused by code', () => {
    const chain = startedChain();
    const plan = planOf(chain);
    const other = planOf(chain, { reason: 'another' });
    const consents = (signed: RecoveryPlan, organisations: readonly string[]) =>
      organisations.map((organisation) => ({
        organisation,
        signature: sign(secretOf(`${organisation} governance`), recoverySignBytes(signed)),
      }));
    const cases = [
      consents(plan, ['audit', 'finance']),
      consents(plan, ['audit', 'finance', 'audit']),
      // Parks has no validator in the set that was lost.
      consents(plan, ['audit', 'finance', 'parks']),
      [...consents(plan, ['audit', 'finance']), ...consents(other, ['works'])],
    ];

    for (const given of cases) {
      const entry = systemEntry('recovery', encodeRecovery({ plan, consents: given }));
      expect(chain.tryBlock([entry])).to.equal('CORE_RECOVERY_UNSIGNED');
    }
    expect(chain.height()).to.equal(5);
  });

  it('given another chain, height or block, then it is refused by code', () => {
    const chain = startedChain();
    const all = [...FOUR];
    const cases = [
      [planOf(chain, { chain: chain.hashOf(1) }), 'CORE_RECOVERY_CHAIN'],
      [planOf(chain, { height: 4 }), 'CORE_RECOVERY_BLOCK'],
      [planOf(chain, { blockHash: chain.hashOf(4) }), 'CORE_RECOVERY_BLOCK'],
    ] as const;

    for (const [plan, code] of cases) expect(chain.tryBlock([entryOf(plan, all)])).to.equal(code);
    expect(chain.tryBlock([systemEntry('recovery', ['x', []])])).to.equal(
      'CORE_RECOVERY_MALFORMED',
    );
  });

  it('given a set that breaks a rule, then it is refused and the rule is named', () => {
    const chain = startedChain();
    const good = planOf(chain).validators;
    const [first] = good;
    if (first === undefined) throw new Error('a plan has members');
    const sorted = (members: readonly RecoveryValidator[]) =>
      [...members].sort((a, b) => compareBytes(a.id, b.id));
    const cases: readonly (readonly RecoveryValidator[])[] = [
      good.slice(1),
      [...good].reverse(),
      sorted([...good, first]),
      sorted([...good.slice(1), memberOf('strangers')]),
      sorted([...good.slice(1), { ...memberOf('parks', 'parks other'), id: first.id }]).slice(0, 3),
      // The id of a newcomer is that of its first key.
      sorted([...good.slice(1), { ...memberOf('parks', 'fresh'), id: keyOf('x') as never }]),
    ];

    for (const validators of cases) {
      const entry = entryOf(planOf(chain, { validators }), [...FOUR]);
      expect(chain.tryBlock([entry])).to.equal('CORE_RECOVERY_SET');
    }
  });

  it('given changes that wait, then the recovery gives them up', () => {
    const chain = createChain({ organisations: SIX, validators: FOUR });
    const args = {
      organisation: 'roads',
      consensusKey: keyOf('roads other'),
      proof: proofOf(chain.genesis.chain, 'roads other', 'roads'),
      reason: 'because of the test',
    };
    const signers = SIX.slice(0, 5).map((slug) => `${slug}/admin`);
    expect(codeOf(chain.act(signers, 'governance.proposeValidator', args))).to.equal('OK');

    chain.block([entryOf(planOf(chain), [...FOUR])]);

    expect(rows.pending(chain.view, {})?.changes).to.deep.equal([]);
    expect(rows.proposal(chain.view, { number: 1 })).to.include({ status: 'failed' });
  });

  it('given the file on chain, when read back, then it is the plan with its consents', () => {
    const chain = startedChain();
    const plan = planOf(chain);
    const entry = entryOf(plan, [...FOUR]);
    if (entry.type !== 'system') throw new Error('a recovery is a system transaction');

    const file = readRecovery(entry.system.payload);

    expect(file.ok && toHex(eraOf(file.value.plan))).to.equal(toHex(eraOf(plan)));
    expect(file.ok && file.value.consents).to.have.length(4);
  });
});
