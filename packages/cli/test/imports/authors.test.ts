import type { TransactionAuthor } from '@daybook/client';
import { createSigner, encodeUtf8, sha256 } from '@daybook/core';
import { expect } from 'chai';
import type { HeldRoles } from '../../src/imports/authors.ts';
import { chooseAuthors } from '../../src/imports/authors.ts';

const author = (identity: string): TransactionAuthor => ({
  identity,
  signer: createSigner(sha256(encodeUtf8(identity))),
});
const held = (identity: string, ...roles: readonly string[]): HeldRoles => ({
  author: author(identity),
  roles: new Set(roles),
});
const [PAYER, CONTROLLER] = ['payer', 'controller'].map((role) => ({
  organisation: 'works',
  role,
}));

function chosen(
  officers: readonly HeldRoles[],
  wanted: readonly (typeof PAYER)[],
): readonly string[] {
  const signers = wanted.filter((one) => one !== undefined);
  return chooseAuthors(officers, signers).map(({ identity = '' }) => identity);
}

describe('cli: who signs an imported line', () => {
  const both = held('works/ann', 'payer', 'controller');

  it('given an officer with both roles and others with one, then two different ones sign', () => {
    const other = held('works/bob', 'controller');

    expect(chosen([both, other], [PAYER, CONTROLLER])).to.deep.equal(['works/ann', 'works/bob']);
    // Whoever is wanted first must not take the only one who can sign second.
    const payer = held('works/cat', 'payer');
    expect(chosen([both, payer], [PAYER, CONTROLLER])).to.deep.equal(['works/cat', 'works/ann']);
  });

  it('given one officer with both roles alone, then it signs once, and the ledger judges that', () => {
    expect(chosen([both], [PAYER, CONTROLLER])).to.deep.equal(['works/ann']);
  });

  it('given nobody of the organisation with the role, then it says who is missing', () => {
    const foreign = held('audit/eve', 'payer');

    expect(() => chosen([foreign], [PAYER])).to.throw('payer of works');
  });
});
