/** Oversight: who may register a witness, and what a registration needs. */
import { oversight } from '@daybook/applications';
import { openRecords } from '@daybook/contracts';
import type { Call } from '@daybook/core';
import { asHash, possessionSignBytes, sign } from '@daybook/core';
import { expect } from 'chai';
import type { TestChain } from './consortium.ts';
import { codeOf, createChain, keyOf, rowsOf, secretOf } from './consortium.ts';

const rows = openRecords(oversight);
const NAME = 'audit.example/w1';
const TITLE = { en: 'University', zh: '大学' };
const REASON = { reason: 'because of the test' };

/** A chain whose administrators of `audit` and `works` hold the reserved role, given by vote. */
function newChain(): TestChain {
  const organisations = ['health', 'finance', 'audit', 'works'];
  const chain = createChain({ organisations, contracts: [oversight] });
  for (const [index, organisation] of ['audit', 'works'].entries()) {
    const wanted = { organisation, name: 'admin', role: 'oversight.registrar' };
    const proposed = chain.act(['audit/admin'], 'governance.proposeRole', { ...wanted, ...REASON });
    expect(codeOf(proposed)).to.equal('OK');
    giveByVote(chain, index + 1);
  }
  return chain;
}

function giveByVote(chain: TestChain, proposal: number): void {
  for (const slug of ['health', 'finance', 'works']) {
    const row = rowsOf.governance.proposal(chain.view, { number: proposal });
    if (row?.status !== 'open') break;
    const vote = { proposal, choice: 'yes', ...REASON };
    expect(codeOf(chain.act([`${slug}/admin`], 'governance.vote', vote))).to.equal('OK');
  }
  const effective = rowsOf.governance.proposal(chain.view, { number: proposal })?.effectiveHeight;
  chain.passTo(Number(effective ?? chain.height()) + 1);
}

function proofOf(chain: TestChain, secret: string, name: string): Uint8Array {
  const claim = { purpose: 'witness', publicKey: keyOf(secret) } as const;
  return sign(secretOf(secret), possessionSignBytes(asHash(chain.genesis.chain), claim, name));
}

function register(chain: TestChain, more: Call['args'] = {}, signer = 'audit/admin'): string {
  const input = {
    organisation: 'audit',
    name: NAME,
    publicKey: keyOf('witness'),
    title: TITLE,
    proof: proofOf(chain, 'witness', NAME),
    ...REASON,
    ...more,
  };
  return codeOf(chain.act([signer], 'oversight.registerWitness', input));
}

describe('oversight: witnesses (spec L-14)', () => {
  it('given the reserved role and a proof, when registered, then the witness is active', () => {
    const chain = newChain();

    expect(register(chain)).to.equal('OK');
    expect(rows.witness(chain.view, { name: NAME })).to.deep.include({
      publicKey: keyOf('witness'),
      organisation: 'audit',
      status: 'active',
      title: TITLE,
    });
  });

  it('given nobody of the role, when registering, then it is refused', () => {
    const chain = newChain();

    expect(register(chain, {}, 'audit/clerk')).to.equal('CONTRACTS_NOT_ENTITLED');
    expect(register(chain, { organisation: 'health' }, 'health/admin')).to.equal(
      'CONTRACTS_NOT_ENTITLED',
    );
  });

  it('given what is wrong with a registration, then each is named and nothing is kept', () => {
    const chain = newChain();
    const small = new Uint8Array(32);
    small[0] = 1;
    const stranger = { proof: proofOf(chain, 'other', NAME) };

    expect(register(chain, { name: 'a+b', proof: proofOf(chain, 'witness', 'a+b') })).to.equal(
      'OVERSIGHT_NAME_UNUSABLE',
    );
    expect(register(chain, { publicKey: small })).to.equal('OVERSIGHT_KEY_UNUSABLE');
    expect(register(chain, stranger)).to.equal('OVERSIGHT_KEY_NOT_POSSESSED');
    expect(register(chain, { proof: proofOf(chain, 'witness', 'other.example') })).to.equal(
      'OVERSIGHT_KEY_NOT_POSSESSED',
    );
    expect(rows.witness(chain.view, { name: NAME })).to.equal(undefined);
  });

  it('given a witness, when its name or key comes again, then neither is used twice', () => {
    const chain = newChain();
    register(chain);

    expect(register(chain)).to.equal('OVERSIGHT_WITNESS_EXISTS');
    const other = { name: 'other.example', proof: proofOf(chain, 'witness', 'other.example') };
    expect(register(chain, other)).to.equal('OVERSIGHT_KEY_TAKEN');
  });

  it('given a witness, when one organisation alone retires it, then it stays active', () => {
    const chain = newChain();
    register(chain);
    const input = { organisation: 'works', name: NAME, ...REASON };

    chain.act(['works/admin'], 'oversight.retireWitness', input);

    expect(rows.witness(chain.view, { name: NAME })?.status).to.equal('active');
  });

  it('given a witness, when two organisations retire it, then it stays retired', () => {
    const chain = newChain();
    register(chain);
    const retire = (name: string): string => {
      const input = { organisation: 'audit', name, ...REASON };
      return codeOf(chain.act(['audit/admin', 'works/admin'], 'oversight.retireWitness', input));
    };

    expect(retire('nobody.example')).to.equal('OVERSIGHT_WITNESS_UNKNOWN');
    expect(retire(NAME)).to.equal('OK');
    expect(retire(NAME)).to.equal('OVERSIGHT_STATUS_WRONG');
    expect(rows.witness(chain.view, { name: NAME })?.status).to.equal('retired');
    expect(register(chain)).to.equal('OVERSIGHT_WITNESS_EXISTS');
  });

  it('given 32 active witnesses, then another waits until one is retired', () => {
    const chain = newChain();
    const add = (index: number): string => {
      const [secret, name] = [`witness ${index}`, `w${index}.example`];
      return register(chain, {
        name,
        publicKey: keyOf(secret),
        proof: proofOf(chain, secret, name),
      });
    };
    for (let index = 0; index < 32; index += 1) expect(add(index)).to.equal('OK');

    expect(add(32)).to.equal('OVERSIGHT_WITNESSES_FULL');
  });
});
