/** Contracts that the members retire: nobody acts on them, their guards are gone, records stay. */
import type { Contract } from '@daybook/contracts';
import { defineContract } from '@daybook/contracts';
import type { Call } from '@daybook/core';
import { expect } from 'chai';
import type { TestChain } from './consortium.ts';
import { codeOf, createChain } from './consortium.ts';

const MEMBERS = ['audit', 'finance', 'health', 'works'] as const;
const words = { en: 'Court', zh: '法院' };

/** A contract with a role that only the consortium grants. */
const court = defineContract({
  number: 901,
  name: 'court',
  version: 1,
  title: words,
  help: words,
  records: {},
  failures: {},
  roles: { judge: { title: words, grantedBy: 'governance' } },
  actions: { rule: { title: words, by: { role: 'judge' }, input: {}, handler: () => undefined } },
});

/** A guarded act, and a contract that holds every one. */
const desk = defineContract({
  number: 902,
  name: 'desk',
  version: 1,
  title: words,
  help: words,
  records: {},
  failures: {},
  actions: {
    pay: { title: words, by: 'anyone', guarded: true, input: {}, handler: () => undefined },
  },
});
const watch = defineContract({
  number: 903,
  name: 'watch',
  version: 1,
  title: words,
  help: words,
  records: {},
  failures: {},
  roles: { releaser: { title: words, grantedBy: 'organisation' } },
  actions: {},
  guards: {
    all: {
      title: words,
      actions: ['desk.pay'],
      release: { officers: 2, organisations: 2, role: 'releaser', days: 2 },
      judge: () => ({ verdict: 'hold', rule: 'everything', records: [] }),
    },
  },
});

function newChain(contracts: readonly Contract[]): TestChain {
  return createChain({ organisations: MEMBERS, contracts });
}

/** Adopts at once: three of four delegates sign the proposal together. */
function propose(chain: TestChain, action: string, args: Call['args']): string {
  const by = ['audit/admin', 'finance/admin', 'health/admin'];
  const reason = 'because of the test';
  return codeOf(chain.act(by, `governance.${action}`, { reason, ...args }));
}

/** Adopts, and waits until the time lock is over. */
function adopt(chain: TestChain, action: string, args: Call['args']): void {
  expect(propose(chain, action, args), action).to.equal('OK');
  chain.passTo(chain.height() + 2);
}

describe('governance: retired contracts (spec X-34)', () => {
  const rule = (chain: TestChain): string => codeOf(chain.act(['works/clerk'], 'court.rule', {}));
  const judge = { organisation: 'works', name: 'clerk', role: 'court.judge' };

  it('given an adopted retirement, then nobody acts from its height on, and its records are read', () => {
    const chain = newChain([court]);
    adopt(chain, 'proposeRole', judge);
    expect(rule(chain)).to.equal('OK');

    adopt(chain, 'proposeContractRetirement', { contract: 'court' });

    expect(rule(chain)).to.equal('CONTRACTS_ACTION_UNKNOWN');
    const shown = chain.engine
      .manifestOf(chain.view)
      .contracts.find(({ name }) => name === 'court');
    expect(shown?.version).to.equal(1);
    expect(shown?.actions).to.deep.equal({});
    expect(chain.engine.verify(chain.view)).to.equal(undefined);
  });

  it('given a version activated again, then it acts as before', () => {
    const chain = newChain([court]);
    adopt(chain, 'proposeRole', judge);
    adopt(chain, 'proposeContractRetirement', { contract: 'court' });
    adopt(chain, 'proposeContract', { contract: 'court', version: 1 });

    expect(rule(chain)).to.equal('OK');
  });

  it('given a retired contract with a guard, then what it held passes', () => {
    const chain = newChain([desk, watch]);
    const isHeld = (): boolean =>
      chain
        .act(['works/clerk'], 'desk.pay', {})
        .result.events.some(({ contract, name }) => contract === 'ledger' && name === 'held');
    expect(isHeld()).to.equal(true);

    adopt(chain, 'proposeContractRetirement', { contract: 'watch' });

    expect(isHeld()).to.equal(false);
    expect(codeOf(chain.act(['works/clerk'], 'desk.pay', {}))).to.equal('OK');
  });

  it("given the chain's own contracts, an unknown or a retired one, when proposing, then refused", () => {
    const chain = newChain([court]);
    adopt(chain, 'proposeContractRetirement', { contract: 'court' });

    for (const contract of ['directory', 'ledger', 'nothing', 'court']) {
      expect(propose(chain, 'proposeContractRetirement', { contract }), contract).to.equal(
        'GOVERNANCE_RETIREMENT_REFUSED',
      );
    }
  });
});
