import { readGenesisFile } from '@daybook/core';
import type { OrganisationPlan } from '@daybook/testkit';
import { createConsortium } from '@daybook/testkit';
import { expect } from 'chai';

function plan(slug: string, node: OrganisationPlan['node']): OrganisationPlan {
  const officers = [{ name: 'ann', roles: ['directory.administrator'] }];
  return { slug, title: { en: slug, zh: slug }, officers, node };
}

describe('testkit: consortium', () => {
  it('given a plan, when made, then every founder has signed its genesis', () => {
    const organisations = [
      ...['aa', 'bb', 'cc', 'dd'].map((slug) => plan(slug, 'validator')),
      plan('paper', 'observer'),
      plan('ministry', 'none'),
    ];

    const genesis = readGenesisFile(createConsortium({ name: 'six', organisations }).genesis);

    expect(genesis.ok).to.equal(true);
    if (!genesis.ok) return;
    const { document, validators } = genesis.value;
    expect(validators).to.have.length(4);
    expect(document.developmentMode).to.equal(false);
    expect(document.observers.map(({ organisation }) => organisation)).to.deep.equal(['paper']);
    expect(document.organisations).to.have.length(6);
  });

  it('given fewer than four validators, when made, then it is a development chain', () => {
    const { genesis } = createConsortium({ name: 'one', organisations: [plan('aa', 'validator')] });

    expect(genesis.genesis.developmentMode).to.equal(true);
  });

  it('given two consortia of one plan, when compared, then they share no key and no chain', () => {
    const make = () => createConsortium({ name: 'pair', organisations: [plan('aa', 'validator')] });
    const [first, second] = [make(), make()];

    const keys = [first, second].map((one) => String(one.officer('aa/ann').publicKey));

    expect(keys[0]).not.to.equal(keys[1]);
    expect(first.genesis).not.to.deep.equal(second.genesis);
  });

  it('given an officer that nobody planned, when asked for, then it says so', () => {
    const consortium = createConsortium({ name: 'pair', organisations: [plan('aa', 'validator')] });

    expect(() => consortium.officer('aa/bob')).to.throw('aa/bob is an officer of the consortium');
  });
});
