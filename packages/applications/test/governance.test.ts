/** Governance: proposals, votes, and what adopted proposals do outside the validator set. */
import { governance } from '@daybook/applications';
import type { Contract } from '@daybook/contracts';
import { defineContract } from '@daybook/contracts';
import type { Call } from '@daybook/core';
import { toHex } from '@daybook/core';
import { expect } from 'chai';
import type { TestChain } from './consortium.ts';
import { codeOf, createChain, entryOf, keyOf, proofOf, rowsOf } from './consortium.ts';

const MEMBERS = ['audit', 'finance', 'health', 'works'] as const;
const REASON = { reason: 'because of the test' };
const HOUR_MS = 3_600_000;
const rows = rowsOf.governance;
const words = { en: 'Court', zh: '法院' };

/** A contract with a role that only the consortium grants. */
function court(version = 1): Contract {
  return defineContract({
    number: 901,
    name: 'court',
    version,
    title: words,
    help: words,
    records: {},
    failures: {},
    roles: { judge: { title: words, grantedBy: 'governance' } },
    actions: { rule: { title: words, by: { role: 'judge' }, input: {}, handler: () => undefined } },
  });
}

function newChain(contracts: readonly Contract[] = []): TestChain {
  return createChain({ organisations: MEMBERS, contracts });
}

function propose(
  chain: TestChain,
  action: string,
  args: Call['args'],
  by = ['audit/admin'],
): string {
  return codeOf(chain.act(by, `governance.${action}`, { ...REASON, ...args }));
}

function vote(
  chain: TestChain,
  proposal: number,
  signers: readonly string[],
  choice = 'yes',
): string {
  return codeOf(chain.act(signers, 'governance.vote', { proposal, choice, ...REASON }));
}

/** Adopts at once: three of four delegates sign the proposal together. */
function adopt(chain: TestChain, action: string, args: Call['args']): void {
  const by = ['audit/admin', 'finance/admin', 'health/admin'];
  expect(propose(chain, action, args, by), action).to.equal('OK');
}

function statusOf(chain: TestChain, proposal: number): string | undefined {
  return rows.proposal(chain.view, { number: proposal })?.status;
}

const SUSPEND = ['proposeSuspension', { organisation: 'works' }] as const;

describe('governance: votes', () => {
  it('spec X-27: given three of four yes votes, then the proposal is adopted with the third', () => {
    const chain = newChain();
    propose(chain, ...SUSPEND);

    expect(vote(chain, 1, ['finance/admin'])).to.equal('OK');
    expect(statusOf(chain, 1)).to.equal('open');
    expect(vote(chain, 1, ['health/admin'])).to.equal('OK');
    expect(statusOf(chain, 1)).to.equal('adopted');
  });

  it('given two no votes of four, then it is rejected: yes can not reach two thirds any more', () => {
    const chain = newChain();
    propose(chain, ...SUSPEND);

    vote(chain, 1, ['finance/admin'], 'no');
    expect(statusOf(chain, 1)).to.equal('open');
    vote(chain, 1, ['health/admin'], 'abstain');

    expect(statusOf(chain, 1)).to.equal('rejected');
  });

  it('given a tie when the time is over, then closing rejects it', () => {
    const chain = createChain({
      organisations: ['audit', 'finance', 'health', 'works', 'parks', 'roads'],
    });
    propose(chain, ...SUSPEND, ['audit/admin', 'finance/admin']);
    vote(chain, 1, ['health/admin'], 'no');
    chain.block([], { afterMs: 168 * HOUR_MS });

    expect(codeOf(chain.act(['works/clerk'], 'governance.close', { proposal: 1 }))).to.equal('OK');

    expect(statusOf(chain, 1)).to.equal('rejected');
  });

  it('given fewer than half when the time is over, then closing lets it lapse', () => {
    const chain = newChain();
    propose(chain, ...SUSPEND);
    expect(codeOf(chain.act(['works/clerk'], 'governance.close', { proposal: 1 }))).to.equal(
      'GOVERNANCE_VOTING_OPEN',
    );
    chain.block([], { afterMs: 168 * HOUR_MS });

    expect(vote(chain, 1, ['finance/admin'])).to.equal('GOVERNANCE_VOTING_CLOSED');
    expect(codeOf(chain.act(['works/clerk'], 'governance.close', { proposal: 1 }))).to.equal('OK');

    expect(statusOf(chain, 1)).to.equal('lapsed');
    expect(codeOf(chain.act(['works/clerk'], 'governance.close', { proposal: 1 }))).to.equal(
      'GOVERNANCE_VOTING_CLOSED',
    );
  });

  /** Works proposes to raise a parameter and is suspended while the ballot is open. */
  function suspendedProposer(): TestChain {
    const chain = createChain({ organisations: [...MEMBERS, 'parks', 'roads'] });
    const change = { contract: 'governance', parameter: 'blockIntervalMs', value: '250' };
    expect(propose(chain, 'proposeParameter', change, ['works/admin'])).to.equal('OK');
    const others = ['audit/admin', 'finance/admin', 'health/admin', 'parks/admin', 'roads/admin'];
    expect(propose(chain, ...SUSPEND, others)).to.equal('OK');
    chain.passTo(chain.height() + 1);
    expect(rowsOf.directory.organisation(chain.view, { slug: 'works' })?.status).to.equal(
      'suspended',
    );
    return chain;
  }

  it('spec X-27: given a member suspended after it voted, then its vote does not count', () => {
    const chain = suspendedProposer();

    vote(chain, 1, ['audit/admin', 'finance/admin']);
    vote(chain, 1, ['health/admin']);
    expect(rows.proposal(chain.view, { number: 1 })).to.include({ yes: 3, status: 'open' });
    vote(chain, 1, ['parks/admin']);

    expect(rows.proposal(chain.view, { number: 1 })).to.include({ yes: 4, status: 'done' });
    const key = { proposal: 1, organisation: 'works' };
    expect(rows.vote(chain.view, key)?.choice).to.equal('yes');
  });

  it('given a member suspended after it voted, when the time is over, then no quorum counts it', () => {
    const chain = suspendedProposer();
    vote(chain, 1, ['audit/admin', 'finance/admin']);
    chain.block([], { afterMs: 168 * HOUR_MS });

    expect(codeOf(chain.act(['audit/clerk'], 'governance.close', { proposal: 1 }))).to.equal('OK');

    expect(rows.proposal(chain.view, { number: 1 })).to.include({ yes: 2, status: 'lapsed' });
  });

  it('given a member reinstated before the end, then its vote counts again', () => {
    const chain = suspendedProposer();
    vote(chain, 1, ['audit/admin', 'finance/admin', 'health/admin'], 'yes');
    const others = ['audit/admin', 'finance/admin', 'health/admin', 'parks/admin', 'roads/admin'];
    propose(chain, 'proposeReinstatement', { organisation: 'works' }, others);
    chain.block([], { afterMs: 168 * HOUR_MS });

    expect(codeOf(chain.act(['audit/clerk'], 'governance.close', { proposal: 1 }))).to.equal('OK');

    expect(rows.proposal(chain.view, { number: 1 })).to.include({ yes: 4, status: 'rejected' });
  });

  it('given a second vote of one organisation, then it is refused', () => {
    const chain = newChain();
    propose(chain, ...SUSPEND);

    expect(vote(chain, 1, ['audit/admin'], 'no')).to.equal('GOVERNANCE_VOTED_ALREADY');
    expect(rows.vote(chain.view, { proposal: 1, organisation: 'audit' })?.choice).to.equal('yes');
  });

  it('given no such proposal, then voting and closing say so', () => {
    const chain = newChain();

    expect(vote(chain, 7, ['audit/admin'])).to.equal('GOVERNANCE_PROPOSAL_UNKNOWN');
    expect(codeOf(chain.act(['works/clerk'], 'governance.close', { proposal: 7 }))).to.equal(
      'GOVERNANCE_PROPOSAL_UNKNOWN',
    );
  });

  it('given an officer without the role, then neither proposing nor voting is open', () => {
    const chain = newChain();
    propose(chain, ...SUSPEND);

    expect(propose(chain, ...SUSPEND, ['audit/clerk'])).to.equal('CONTRACTS_NOT_ENTITLED');
    expect(vote(chain, 1, ['finance/clerk'])).to.equal('CONTRACTS_NOT_ENTITLED');
  });

  it('given a proposal and a vote, then both are on the feed of discretionary acts', () => {
    const chain = newChain();
    const { result } = chain.act(['audit/admin'], 'governance.proposeSuspension', {
      organisation: 'works',
      ...REASON,
    });

    expect(result.events.map(({ name }) => name)).to.deep.equal(['proposed', 'voted']);
    const acts = [...chain.dump().keys()].filter((key) => key.startsWith('4|'));
    expect(acts).to.have.length(1);
  });
});

describe('governance: organisations', () => {
  const parks = {
    organisation: 'parks',
    title: { en: 'Parks', zh: '公园' },
    governanceKey: keyOf('parks governance'),
    administrator: 'chief',
    publicKey: keyOf('parks/chief'),
  };

  it('given an adopted admission, then after the time lock the administrator acts', () => {
    const chain = newChain();
    adopt(chain, 'proposeAdmission', parks);
    expect(rowsOf.directory.organisation(chain.view, { slug: 'parks' })).to.equal(undefined);

    chain.passTo(chain.height() + 1);

    expect(rowsOf.directory.organisation(chain.view, { slug: 'parks' })?.status).to.equal('active');
    expect(statusOf(chain, 1)).to.equal('done');
    const add = { organisation: 'parks', name: 'clerk', kind: 'officer', publicKey: keyOf('pc') };
    expect(codeOf(chain.act(['parks/chief'], 'directory.addOfficer', add))).to.equal('OK');
  });

  it('given a stated height, then it takes effect at that height and not before', () => {
    const chain = newChain();
    adopt(chain, 'proposeSuspension', { organisation: 'works', notBeforeHeight: 20 });
    const works = () => rowsOf.directory.organisation(chain.view, { slug: 'works' })?.status;

    chain.passTo(18);
    expect(works()).to.equal('active');
    chain.passTo(19);
    expect(works()).to.equal('suspended');
  });

  it('given what only the members change of an organisation, then title and governance key are new', () => {
    const chain = newChain();
    const act = (action: string, input: object): void =>
      adopt(chain, 'proposeAct', { contract: 'directory', action, input: JSON.stringify(input) });
    const works = { organisation: 'works', reason: 'The law of 2026.' };
    const hex = (name: string): string => toHex(keyOf(name));
    act('rename', { ...works, title: { en: 'Works and Roads', zh: '工程与道路' } });
    act('replaceGovernanceKey', { ...works, governanceKey: hex('works, anew') });
    act('replaceGovernanceKey', { ...works, governanceKey: hex('works/clerk') });

    chain.passTo(chain.height() + 2);

    const row = rowsOf.directory.organisation(chain.view, { slug: 'works' });
    expect(row?.title.en).to.equal('Works and Roads');
    expect(toHex(row?.governanceKey ?? new Uint8Array())).to.equal(hex('works, anew'));
    expect([1, 2, 3].map((number) => statusOf(chain, number))).to.deep.equal([
      'done',
      'done',
      'failed',
    ]);
    const { outcome } = rows.proposal(chain.view, { number: 3 }) ?? {};
    expect(outcome).to.include('DIRECTORY_KEY_TAKEN');
    const alone = chain.act(['works/admin'], 'directory.rename', {
      ...works,
      title: { en: 'Mine', zh: '我的' },
    });
    expect(codeOf(alone)).to.equal('CONTRACTS_CALLER_REFUSED');
  });

  it('given a suspended organisation, then its officers can not act until it is reinstated', () => {
    const chain = newChain();
    adopt(chain, ...SUSPEND);
    chain.passTo(chain.height() + 1);
    expect(propose(chain, ...SUSPEND, ['works/admin'])).to.equal('CONTRACTS_SUSPENDED');
    expect(propose(chain, ...SUSPEND)).to.equal('GOVERNANCE_STATUS_WRONG');

    adopt(chain, 'proposeReinstatement', { organisation: 'works' });
    chain.passTo(chain.height() + 1);

    expect(
      propose(chain, 'proposeReinstatement', { organisation: 'works' }, ['works/admin']),
    ).to.equal('GOVERNANCE_STATUS_WRONG');
  });

  it('given two admissions of one slug, then the second fails when it takes effect', () => {
    const chain = newChain();
    adopt(chain, 'proposeAdmission', parks);
    const other = { ...parks, publicKey: keyOf('other chief') };
    const by = ['audit/admin', 'finance/admin', 'health/admin'];
    const entry = (args: Call['args']) =>
      entryOf(chain.genesis.chain, by, [['governance.proposeAdmission', { ...args, ...REASON }]]);

    // Within the time lock of the first: both are adopted before either takes effect.
    const again = createChain({ organisations: MEMBERS });
    again.block([entry(parks), entry(other)]);
    again.passTo(again.height() + 2);

    expect(statusOf(again, 1)).to.equal('done');
    expect(statusOf(again, 2)).to.equal('failed');
    expect(rows.proposal(again.view, { number: 2 })?.outcome).to.equal(
      'DIRECTORY_ORGANISATION_EXISTS',
    );
  });

  const refusals: readonly (readonly [string, string, Call['args'], string])[] = [
    [
      'a slug in use',
      'proposeAdmission',
      { ...parks, organisation: 'works' },
      'GOVERNANCE_ORGANISATION_EXISTS',
    ],
    [
      'a bad key',
      'proposeAdmission',
      { ...parks, publicKey: new Uint8Array(32) },
      'GOVERNANCE_KEY_UNUSABLE',
    ],
    [
      'an unknown organisation',
      'proposeSuspension',
      { organisation: 'nobody' },
      'CONTRACTS_REFERENCE_MISSING',
    ],
    [
      'an active organisation',
      'proposeReinstatement',
      { organisation: 'works' },
      'GOVERNANCE_STATUS_WRONG',
    ],
  ];
  for (const [what, action, args, code] of refusals) {
    it(`given ${what}, when proposing (${action}), then ${code}`, () => {
      expect(propose(newChain(), action, args)).to.equal(code);
    });
  }

  it('given the only active member, when proposing its suspension, then refused', () => {
    const chain = createChain({ organisations: ['audit'], developmentMode: true });

    expect(propose(chain, 'proposeSuspension', { organisation: 'audit' })).to.equal(
      'GOVERNANCE_LAST_MEMBER',
    );
  });
});

describe('governance: roles that the consortium reserves', () => {
  const judge = { organisation: 'works', name: 'clerk', role: 'court.judge' };
  const rule = (chain: TestChain): string => codeOf(chain.act(['works/clerk'], 'court.rule', {}));

  it('given a grant and a withdrawal, then the role is held between them', () => {
    const chain = newChain([court()]);
    adopt(chain, 'proposeRole', judge);
    expect(rule(chain)).to.equal('CONTRACTS_NOT_ENTITLED');
    expect(rule(chain)).to.equal('OK');

    adopt(chain, 'proposeRoleWithdrawal', judge);
    chain.passTo(chain.height() + 1);

    expect(rule(chain)).to.equal('CONTRACTS_NOT_ENTITLED');
  });

  it('given an administrator who grants it alone, then the directory refuses', () => {
    const executed = newChain([court()]).act(['works/admin'], 'directory.grantRole', judge);

    expect(codeOf(executed)).to.equal('DIRECTORY_ROLE_RESERVED');
  });

  it('given a role that organisations grant, or an unknown officer, then proposing is refused', () => {
    const chain = newChain([court()]);

    expect(propose(chain, 'proposeRole', { ...judge, role: 'governance.delegate' })).to.equal(
      'GOVERNANCE_ROLE_REFUSED',
    );
    expect(propose(chain, 'proposeRole', { ...judge, name: 'nobody' })).to.equal(
      'GOVERNANCE_OFFICER_UNKNOWN',
    );
  });
});

describe('governance: parameters (spec X-12)', () => {
  it('given an adopted change, then it holds from the next boundary that leaves the delay', () => {
    const chain = newChain();
    chain.passTo(3);

    adopt(chain, 'proposeParameter', {
      contract: 'governance',
      parameter: 'blockIntervalMs',
      value: '250',
    });

    expect(rows.proposal(chain.view, { number: 1 })?.effectiveHeight).to.equal(10);
    expect(chain.parameters(9).blockIntervalMs).to.equal(100);
    expect(chain.parameters(10).blockIntervalMs).to.equal(250);
  });

  it('given a boundary nearer than the delay, then the one after it (spec X-11)', () => {
    const chain = newChain();
    chain.passTo(8);

    adopt(chain, 'proposeParameter', {
      contract: 'governance',
      parameter: 'blockIntervalMs',
      value: '250',
    });

    expect(rows.proposal(chain.view, { number: 1 })?.effectiveHeight).to.equal(20);
  });

  it('given parameters of genesis, then they hold from the first block', () => {
    const chain = createChain({ organisations: MEMBERS, parameters: { roundBaseMs: 500 } });

    expect(chain.parameters(1)).to.include({
      roundBaseMs: 500,
      epochBlocks: 10,
      roundStepMs: 1000,
    });
  });

  it('given a change of its own rules, then later votes follow it', () => {
    const chain = newChain();
    adopt(chain, 'proposeParameter', {
      contract: 'governance',
      parameter: 'approvalPercent',
      value: '51',
    });
    chain.passTo(10);

    propose(chain, ...SUSPEND);
    vote(chain, 2, ['finance/admin']);
    expect(statusOf(chain, 2)).to.equal('open');
    vote(chain, 2, ['health/admin']);

    expect(statusOf(chain, 2)).to.equal('adopted');
  });

  const refusals: readonly (readonly [string, string, string, string])[] = [
    ['governance', 'blockIntervalMs', '0', 'GOVERNANCE_PARAMETER_REFUSED'],
    ['governance', 'blockIntervalMs', '1e2', 'GOVERNANCE_PARAMETER_REFUSED'],
    ['governance', 'blockIntervalMs', '', 'GOVERNANCE_PARAMETER_REFUSED'],
    ['governance', 'colour', '1', 'GOVERNANCE_PARAMETER_REFUSED'],
    ['nothing', 'colour', '1', 'GOVERNANCE_PARAMETER_REFUSED'],
    ['governance', 'epochBlocks', '20', 'GOVERNANCE_PARAMETER_FIXED'],
  ];
  for (const [contract, parameter, value, code] of refusals) {
    it(`given ${contract}.${parameter} = '${value}', when proposing, then ${code}`, () => {
      const chain = newChain();

      expect(propose(chain, 'proposeParameter', { contract, parameter, value })).to.equal(code);
    });
  }
});

describe('governance: contract versions (spec X-9)', () => {
  it('given an adopted version, then it acts from its height on and the manifest hash moves', () => {
    const chain = newChain([court(1), court(2)]);
    const activeVersion = () =>
      chain.engine.manifestOf(chain.view).contracts.find(({ name }) => name === 'court')?.version;
    const hash = () => chain.dump().get('1||');
    const before = hash();
    expect(activeVersion()).to.equal(1);

    adopt(chain, 'proposeContract', { contract: 'court', version: 2, notBeforeHeight: 7 });
    chain.passTo(5);
    expect(activeVersion()).to.equal(1);
    chain.passTo(6);

    expect(activeVersion()).to.equal(2);
    expect(hash()).to.not.equal(before);
    expect(chain.engine.verify(chain.view)).to.equal(undefined);
  });

  it('spec X-35: given a version that one release lacks, then both take its proposal alike, and that one stops before it acts', () => {
    const [old, next] = [newChain([court(1)]), newChain([court(1), court(2)])];
    for (const chain of [old, next]) {
      adopt(chain, 'proposeContract', { contract: 'court', version: 2, notBeforeHeight: 7 });
      chain.passTo(5);
    }

    expect([...old.dump()]).to.deep.equal([...next.dump()]);
    next.passTo(6);
    expect(() => old.passTo(6)).to.throw('version 2 of court');
  });
});

describe('governance: proposals about validators are refused early', () => {
  const idOf = (chain: TestChain, slug: string): Uint8Array => {
    const key = keyOf(`${slug} consensus`);
    const found = chain.validators().find(({ publicKey }) => publicKey.join() === key.join());
    return found?.id ?? new Uint8Array(32);
  };

  it('given four validators, when proposing to remove one, then too few (§15 rule 1)', () => {
    const chain = newChain();

    expect(propose(chain, 'proposeValidatorRemoval', { validator: idOf(chain, 'works') })).to.equal(
      'GOVERNANCE_VALIDATORS_TOO_FEW',
    );
  });

  it('given a set of thirty, when proposing one more, then too many (§15 rule 1)', () => {
    const organisations = Array.from({ length: 30 }, (_, index) => `org-${index}`);
    const chain = createChain({ organisations });
    const { chain: id } = chain.genesis;
    const args = {
      organisation: 'org-1',
      consensusKey: keyOf('late'),
      proof: proofOf(id, 'late', 'org-1'),
    };

    expect(propose(chain, 'proposeValidator', args, ['org-0/admin'])).to.equal(
      'GOVERNANCE_VALIDATORS_TOO_MANY',
    );
  });

  it('given an unknown validator, then removal and rotation are refused', () => {
    const chain = newChain();
    const validator = new Uint8Array(32).fill(1);
    const rotation = { validator, consensusKey: keyOf('x'), proof: new Uint8Array(64) };

    expect(propose(chain, 'proposeValidatorRemoval', { validator })).to.equal(
      'GOVERNANCE_VALIDATOR_UNKNOWN',
    );
    expect(propose(chain, 'proposeKeyRotation', rotation)).to.equal('GOVERNANCE_VALIDATOR_UNKNOWN');
  });

  it('given a key in use, a bad key, or a proof for another holder, then refused (§15 rule 2)', () => {
    const chain = newChain();
    const { chain: id } = chain.genesis;
    const attempt = (name: string, proof: Uint8Array): string => {
      const args = { organisation: 'works', consensusKey: keyOf(name), proof };
      return propose(chain, 'proposeValidator', args);
    };

    expect(attempt('works consensus', proofOf(id, 'works consensus', 'works'))).to.equal(
      'GOVERNANCE_KEY_USED',
    );
    expect(attempt('new', proofOf(id, 'new', 'health'))).to.equal('GOVERNANCE_KEY_NOT_POSSESSED');
    expect(attempt('new', new Uint8Array(64))).to.equal('GOVERNANCE_KEY_NOT_POSSESSED');
    const bad = {
      organisation: 'works',
      consensusKey: new Uint8Array(32),
      proof: new Uint8Array(64),
    };
    expect(propose(chain, 'proposeValidator', bad)).to.equal('GOVERNANCE_KEY_UNUSABLE');
  });
});

describe('governance: texts', () => {
  it('given its failures, then each has texts in both languages and a number of its own', () => {
    const { failures } = governance.definition;
    const codes = Object.values(failures).map(({ code }) => code);

    expect(new Set(codes).size).to.equal(codes.length);
    for (const [name, { en, zh, remedy }] of Object.entries(failures)) {
      for (const text of [en, zh, remedy.en, remedy.zh]) expect(text, name).to.not.equal('');
    }
  });
});
