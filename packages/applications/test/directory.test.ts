/** The directory: who may do what to organisations, officers, keys, roles, nodes. */
import { directory } from '@daybook/applications';
import type { Refused } from '@daybook/contracts';
import { CONTRACTS_ERRORS, didKeyOf } from '@daybook/contracts';
import type { Call } from '@daybook/core';
import { peerIdFromPublicKey } from '@daybook/core';
import { expect } from 'chai';
import type { TestChain } from './consortium.ts';
import { codeOf, createChain, keyOf, rowsOf, START_MS } from './consortium.ts';

const REASON = { reason: 'because of the test' };
const REVOKED = { reasonCode: 'affiliationChanged', ...REASON };
const HOUR_MS = 3_600_000;
const rows = rowsOf.directory;

function newChain(): TestChain {
  return createChain({ organisations: ['health', 'finance', 'audit', 'works'] });
}

/** What a call of health's administrator gives. */
function actAsAdmin(chain: TestChain, action: string, args: Call['args']): string {
  const input = { organisation: 'health', ...args };
  return codeOf(chain.act(['health/admin'], `directory.${action}`, input));
}

function addClerk(chain: TestChain, name: string): void {
  const args = { name, kind: 'officer', publicKey: keyOf(`health/${name}`) };
  expect(actAsAdmin(chain, 'addOfficer', args)).to.equal('OK');
}

/** Admits an organisation whose only officer is its administrator. */
function admitParks(chain: TestChain): void {
  const delegates = ['audit/admin', 'finance/admin', 'health/admin'];
  const admitted = chain.act(delegates, 'governance.proposeAdmission', {
    organisation: 'parks',
    title: { en: 'Parks', zh: '公园' },
    governanceKey: keyOf('parks governance'),
    administrator: 'admin',
    publicKey: keyOf('parks/admin'),
    ...REASON,
  });
  expect(codeOf(admitted)).to.equal('OK');
  chain.passTo(chain.height() + 1);
}

describe('directory: genesis', () => {
  it('given founders, then organisations, officers, keys and nodes are there', () => {
    const { view } = newChain();

    expect(rows.organisation(view, { slug: 'health' })).to.include({
      status: 'active',
      administrators: 1,
    });
    const admin = rows.officer(view, { organisation: 'health', name: 'admin' });
    expect(admin?.roles.map(({ role }) => role)).to.deep.equal([
      'directory.administrator',
      'governance.delegate',
    ]);
    expect(rows.key(view, { publicKey: keyOf('health/clerk') })?.name).to.equal('clerk');
    const peerId = peerIdFromPublicKey(keyOf('health peer'));
    expect(rows.node(view, { organisation: 'health', peerId })?.role).to.equal('validator');
  });
});

describe('directory: whom a key stands for (spec X-3)', () => {
  const identify = (chain: TestChain, name: string, identity?: string) =>
    chain.engine.identify(
      chain.view,
      { chain: chain.genesis.chain, height: chain.height() + 1, timestampMs: chain.timeMs() },
      { publicKey: keyOf(name), identity },
    );
  const refusalOf = (found: object): string =>
    'receipt' in found ? (found as Refused).code : 'OK';

  it('given a registered key, then it is its officer, claimed or not, by name or did:key', () => {
    const chain = newChain();
    const did = didKeyOf(keyOf('health/clerk'));

    for (const claim of [undefined, 'health/clerk', did]) {
      const found = identify(chain, 'health/clerk', claim);
      expect(found, String(claim)).to.include({ identity: 'health/clerk', organisation: 'health' });
    }
  });

  it('given a key that claims another identity, then it is refused', () => {
    expect(refusalOf(identify(newChain(), 'health/clerk', 'finance/clerk'))).to.equal(
      'CONTRACTS_KEY_UNKNOWN',
    );
    expect(refusalOf(identify(newChain(), 'stranger', 'finance/clerk'))).to.equal(
      'CONTRACTS_KEY_UNKNOWN',
    );
  });

  it('given an unknown key without claim, then it is a stranger with a did:key', () => {
    const found = identify(newChain(), 'stranger');

    expect(found).to.include({ identity: didKeyOf(keyOf('stranger')), organisation: undefined });
  });

  it('given validity periods, then the key holds from the start to before the end', () => {
    const chain = newChain();
    const validFrom = START_MS + 10_000;
    const args = { name: 'temp', kind: 'service', publicKey: keyOf('temp') };
    actAsAdmin(chain, 'addOfficer', { ...args, validFrom, validUntil: validFrom + 10_000 });
    const at = (timestampMs: number): string => {
      const block = { chain: chain.genesis.chain, height: chain.height() + 1, timestampMs };
      return refusalOf(chain.engine.identify(chain.view, block, { publicKey: keyOf('temp') }));
    };

    expect(at(validFrom - 1)).to.equal('CONTRACTS_KEY_INVALID');
    expect(at(validFrom)).to.equal('OK');
    expect(at(validFrom + 9999)).to.equal('OK');
    expect(at(validFrom + 10_000)).to.equal('CONTRACTS_KEY_INVALID');
  });
});

describe('directory: officers', () => {
  it('given an administrator, when adding an officer, then the officer can act', () => {
    const chain = newChain();

    addClerk(chain, 'second');

    const own = chain.act(['health/second'], 'directory.rotateKey', { publicKey: keyOf('fresh') });
    expect(codeOf(own)).to.equal('OK');
  });

  const refusals: readonly (readonly [string, string, Call['args'], string])[] = [
    [
      'a name in use',
      'addOfficer',
      { name: 'clerk', publicKey: keyOf('n') },
      'DIRECTORY_OFFICER_EXISTS',
    ],
    [
      'a key in use',
      'addOfficer',
      { name: 'n', publicKey: keyOf('finance/clerk') },
      'CONTRACTS_INPUT_INVALID',
    ],
    [
      'a key of another',
      'addOfficer',
      { name: 'newone', publicKey: keyOf('finance/clerk') },
      'DIRECTORY_KEY_TAKEN',
    ],
    [
      'a small-order key',
      'addOfficer',
      { name: 'newone', publicKey: smallOrderKey() },
      'DIRECTORY_KEY_UNUSABLE',
    ],
    [
      'a period in the past',
      'addOfficer',
      { name: 'newone', publicKey: keyOf('n'), validUntil: START_MS },
      'DIRECTORY_KEY_PERIOD',
    ],
  ];
  for (const [what, action, args, code] of refusals) {
    it(`given ${what}, when adding an officer, then ${code}`, () => {
      expect(actAsAdmin(newChain(), action, { kind: 'officer', ...args })).to.equal(code);
    });
  }

  it('given another organisation or no role, when adding an officer, then not entitled', () => {
    const chain = newChain();
    const args = { organisation: 'health', name: 'newone', kind: 'officer', publicKey: keyOf('n') };

    for (const signer of ['finance/admin', 'health/clerk', 'key:stranger']) {
      const executed = chain.act([signer], 'directory.addOfficer', args);
      expect(codeOf(executed), signer).to.equal('CONTRACTS_NOT_ENTITLED');
    }
  });

  it('given a suspended officer, then the officer can not act until reinstated', () => {
    const chain = newChain();
    expect(actAsAdmin(chain, 'suspendOfficer', { name: 'clerk', ...REASON })).to.equal('OK');

    const refused = chain.act(['health/clerk'], 'directory.rotateKey', { publicKey: keyOf('f') });
    expect(codeOf(refused)).to.equal('CONTRACTS_SUSPENDED');

    expect(actAsAdmin(chain, 'reinstateOfficer', { name: 'clerk', ...REASON })).to.equal('OK');
    const allowed = chain.act(['health/clerk'], 'directory.rotateKey', { publicKey: keyOf('f') });
    expect(codeOf(allowed)).to.equal('OK');
  });

  it('given a revoked officer, then keys are revoked and nothing brings the officer back', () => {
    const chain = newChain();
    expect(actAsAdmin(chain, 'revokeOfficer', { name: 'clerk', ...REVOKED })).to.equal('OK');

    expect(rows.key(chain.view, { publicKey: keyOf('health/clerk') })).to.include({
      status: 'revoked',
      ...REVOKED,
    });
    expect(actAsAdmin(chain, 'reinstateOfficer', { name: 'clerk', ...REASON })).to.equal(
      'DIRECTORY_LAST_KEY',
    );
    const key = { name: 'clerk', publicKey: keyOf('other') };
    expect(actAsAdmin(chain, 'addKey', key)).to.equal('DIRECTORY_STATUS_WRONG');
    const signed = chain.act(['health/clerk'], 'directory.rotateKey', { publicKey: keyOf('f') });
    expect(codeOf(signed)).to.equal('CONTRACTS_KEY_INVALID');
  });

  it('given the last administrator, when suspended, revoked or stripped, then refused', () => {
    const chain = newChain();

    for (const action of ['suspendOfficer', 'revokeOfficer']) {
      const why = action === 'revokeOfficer' ? REVOKED : REASON;
      expect(actAsAdmin(chain, action, { name: 'admin', ...why }), action).to.equal(
        'DIRECTORY_LAST_ADMINISTRATOR',
      );
    }
    const role = { name: 'admin', role: 'directory.administrator', ...REASON };
    expect(actAsAdmin(chain, 'withdrawRole', role)).to.equal('DIRECTORY_LAST_ADMINISTRATOR');
  });

  it('given an unknown officer, then every act on it says so', () => {
    const chain = newChain();

    for (const action of ['suspendOfficer', 'reinstateOfficer', 'revokeOfficer']) {
      const why = action === 'revokeOfficer' ? REVOKED : REASON;
      expect(actAsAdmin(chain, action, { name: 'nobody', ...why }), action).to.equal(
        'DIRECTORY_OFFICER_UNKNOWN',
      );
    }
  });

  it('given a suspension twice, then the second is refused', () => {
    const chain = newChain();
    actAsAdmin(chain, 'suspendOfficer', { name: 'clerk', ...REASON });

    expect(actAsAdmin(chain, 'suspendOfficer', { name: 'clerk', ...REASON })).to.equal(
      'DIRECTORY_STATUS_WRONG',
    );
  });
});

describe('directory: keys', () => {
  it('given a rotation, then the old key is dead at once and the new one acts', () => {
    const chain = newChain();

    const rotated = chain.act(['health/clerk'], 'directory.rotateKey', { publicKey: keyOf('new') });

    expect(codeOf(rotated)).to.equal('OK');
    const old = chain.act(['health/clerk'], 'directory.rotateKey', { publicKey: keyOf('x') });
    expect(codeOf(old)).to.equal('CONTRACTS_KEY_INVALID');
    const fresh = chain.act(['health/clerk=new'], 'directory.rotateKey', { publicKey: keyOf('x') });
    expect(codeOf(fresh)).to.equal('OK');
  });

  it('given a key that was ever used, when rotating to it, then refused', () => {
    const chain = newChain();
    chain.act(['health/clerk'], 'directory.rotateKey', { publicKey: keyOf('new') });

    const back = chain.act(['health/clerk=new'], 'directory.rotateKey', {
      publicKey: keyOf('health/clerk'),
    });

    expect(codeOf(back)).to.equal('DIRECTORY_KEY_TAKEN');
  });

  it('given a second key, then owner and administrator may revoke one, others not', () => {
    const chain = newChain();
    expect(actAsAdmin(chain, 'addKey', { name: 'clerk', publicKey: keyOf('second') })).to.equal(
      'OK',
    );
    const revoke = (signer: string, name: string): string =>
      codeOf(chain.act([signer], 'directory.revokeKey', { publicKey: keyOf(name), ...REVOKED }));

    expect(revoke('finance/admin', 'second')).to.equal('DIRECTORY_NOT_ENTITLED');
    expect(revoke('health/clerk', 'second')).to.equal('OK');
    expect(revoke('health/admin', 'second')).to.equal('DIRECTORY_STATUS_WRONG');
    expect(revoke('health/admin', 'health/clerk')).to.equal('DIRECTORY_LAST_KEY');
    expect(revoke('health/admin', 'unheard of')).to.equal('DIRECTORY_KEY_UNKNOWN');
  });

  it('given eight keys, when adding a ninth, then refused', () => {
    const chain = newChain();
    for (let index = 1; index < 8; index += 1) {
      actAsAdmin(chain, 'addKey', { name: 'clerk', publicKey: keyOf(`key ${index}`) });
    }

    const ninth = actAsAdmin(chain, 'addKey', { name: 'clerk', publicKey: keyOf('key 9') });

    expect(ninth).to.equal('DIRECTORY_KEYS_FULL');
  });
});

describe('directory: roles', () => {
  it('given a grant and a withdrawal, then the role is held between them', () => {
    const chain = newChain();
    const role = { name: 'clerk', role: 'directory.administrator' };

    expect(actAsAdmin(chain, 'grantRole', role)).to.equal('OK');
    expect(rows.organisation(chain.view, { slug: 'health' })?.administrators).to.equal(2);
    expect(actAsAdmin(chain, 'grantRole', role)).to.equal('DIRECTORY_ROLE_HELD');
    expect(actAsAdmin(chain, 'withdrawRole', { ...role, ...REASON })).to.equal('OK');
    expect(rows.organisation(chain.view, { slug: 'health' })?.administrators).to.equal(1);
    expect(actAsAdmin(chain, 'withdrawRole', { ...role, ...REASON })).to.equal(
      'DIRECTORY_ROLE_NOT_HELD',
    );
  });

  it('given a role that no contract declares, then refused', () => {
    expect(actAsAdmin(newChain(), 'grantRole', { name: 'clerk', role: 'treasury.king' })).to.equal(
      'DIRECTORY_ROLE_UNKNOWN',
    );
  });

  it('given a scope, then the role holds there and below and nowhere else', () => {
    const chain = newChain();
    actAsAdmin(chain, 'grantRole', { name: 'clerk', role: 'governance.delegate', scope: 'north' });

    // Proposals have no scope, so a scoped delegate may not make them.
    const executed = chain.act(['health/clerk'], 'governance.proposeSuspension', {
      organisation: 'works',
      ...REASON,
    });

    expect(codeOf(executed)).to.equal('CONTRACTS_NOT_ENTITLED');
  });

  it('given sixty-four roles, when granting one more, then refused', () => {
    const chain = newChain();
    for (let index = 0; index < 64; index += 1) {
      const scope = `place/${index}`;
      actAsAdmin(chain, 'grantRole', { name: 'clerk', role: 'governance.delegate', scope });
    }

    expect(actAsAdmin(chain, 'grantRole', { name: 'clerk', role: 'governance.delegate' })).to.equal(
      'DIRECTORY_ROLES_FULL',
    );
  });
});

describe('directory: nodes and aliases', () => {
  const node = {
    peerId: peerIdFromPublicKey(keyOf('second peer')),
    role: 'observer',
    addresses: ['/dns4/node.health.example/tcp/7420'],
  };

  it('given an announcement and a retirement, then the record shows both', () => {
    const chain = newChain();
    const { peerId } = node;

    expect(actAsAdmin(chain, 'announceNode', node)).to.equal('OK');
    expect(rows.node(chain.view, { organisation: 'health', peerId })?.status).to.equal('active');
    expect(actAsAdmin(chain, 'retireNode', { peerId })).to.equal('OK');
    expect(actAsAdmin(chain, 'retireNode', { peerId })).to.equal('DIRECTORY_STATUS_WRONG');
    expect(actAsAdmin(chain, 'announceNode', node)).to.equal('OK');
  });

  it('given a text that is no peer id, then refused', () => {
    expect(actAsAdmin(newChain(), 'announceNode', { ...node, peerId: 'nonsense' })).to.equal(
      'DIRECTORY_PEER_ID_MALFORMED',
    );
  });

  it('given a node nobody announced, when retiring it, then the record is missing', () => {
    expect(actAsAdmin(newChain(), 'retireNode', { peerId: node.peerId })).to.equal(
      'CONTRACTS_RECORD_MISSING',
    );
  });

  it('given an alias, then the organisation shows it', () => {
    const chain = newChain();

    expect(actAsAdmin(chain, 'setAlias', { did: 'did:web:health.example' })).to.equal('OK');

    const { did } = rows.organisation(chain.view, { slug: 'health' }) ?? {};
    expect(did).to.equal('did:web:health.example');
  });

  it('given a text that is no did:web, then it is refused as an alias', () => {
    const chain = newChain();
    const texts = [
      'did:key:z6Mkx',
      'did:web:/',
      'did:web:health.example:',
      'https://health.example',
    ];

    for (const did of texts) {
      expect(actAsAdmin(chain, 'setAlias', { did }), did).to.equal('DIRECTORY_ALIAS_MALFORMED');
    }
  });
});

describe('directory: recovery by M of N officers', () => {
  const lost = { organisation: 'health', name: 'admin', publicKey: keyOf('restored') };
  const support = (chain: TestChain, ...signers: readonly string[]): string =>
    codeOf(chain.act(signers, 'directory.recover', { ...lost, ...REASON }));
  const complete = (chain: TestChain): string =>
    codeOf(chain.act(['health/clerk'], 'directory.completeRecovery', lost));

  function chainOfFour(): TestChain {
    const chain = newChain();
    addClerk(chain, 'second');
    addClerk(chain, 'third');
    expect(actAsAdmin(chain, 'setRecovery', { officers: 2, ...REASON })).to.equal('OK');
    return chain;
  }

  it('given two of three colleagues, then after the delay the key is restored', () => {
    const chain = chainOfFour();
    expect(support(chain, 'health/clerk')).to.equal('OK');
    expect(complete(chain)).to.equal('DIRECTORY_STATUS_WRONG');
    expect(support(chain, 'health/second')).to.equal('OK');
    expect(complete(chain)).to.equal('DIRECTORY_RECOVERY_EARLY');

    chain.block([], { afterMs: 24 * HOUR_MS });

    expect(complete(chain)).to.equal('OK');
    const old = chain.act(['health/admin'], 'directory.rotateKey', { publicKey: keyOf('x') });
    expect(codeOf(old)).to.equal('CONTRACTS_KEY_INVALID');
    const restored = chain.act(['health/admin=restored'], 'directory.addOfficer', {
      organisation: 'health',
      name: 'fourth',
      kind: 'officer',
      publicKey: keyOf('fourth'),
    });
    expect(codeOf(restored)).to.equal('OK');
  });

  it('given the owner objects in time, then it is cancelled', () => {
    const chain = chainOfFour();
    support(chain, 'health/clerk', 'health/second');
    const object = (signer: string): string =>
      codeOf(chain.act([signer], 'directory.cancelRecovery', { ...lost, ...REASON }));

    expect(object('health/clerk')).to.equal('DIRECTORY_NOT_ENTITLED');
    expect(object('health/admin')).to.equal('OK');
    chain.block([], { afterMs: 24 * HOUR_MS });
    expect(complete(chain)).to.equal('DIRECTORY_STATUS_WRONG');
    expect(object('health/admin')).to.equal('DIRECTORY_STATUS_WRONG');
  });

  it('given the owner alone or outsiders, then nobody counts', () => {
    const chain = chainOfFour();

    expect(support(chain, 'health/admin')).to.equal('DIRECTORY_RECOVERY_SELF');
    expect(support(chain, 'finance/admin')).to.equal('DIRECTORY_RECOVERY_SELF');
  });

  it('given a service account, then it is not an officer who counts', () => {
    const chain = chainOfFour();
    const robot = { name: 'robot', kind: 'service', publicKey: keyOf('health/robot') };
    expect(actAsAdmin(chain, 'addOfficer', robot)).to.equal('OK');

    expect(support(chain, 'health/robot')).to.equal('DIRECTORY_RECOVERY_SELF');
    expect(support(chain, 'health/robot', 'health/clerk')).to.equal('OK');
    expect(rows.recovery(chain.view, lost)?.supporters).to.deep.equal(['clerk']);
  });

  it('given the same supporter twice, then the second time is refused', () => {
    const chain = chainOfFour();
    support(chain, 'health/clerk');

    expect(support(chain, 'health/clerk')).to.equal('DIRECTORY_RECOVERY_REPEATED');
  });

  it('given more officers asked for than there are colleagues, then refused', () => {
    expect(actAsAdmin(newChain(), 'setRecovery', { officers: 2, ...REASON })).to.equal(
      'DIRECTORY_RECOVERY_QUORUM',
    );
  });

  for (const organisation of ['health', 'parks']) {
    it(`given nobody set a number, then half of the colleagues restore a key (${organisation})`, () => {
      const chain = newChain();
      if (organisation === 'parks') admitParks(chain);
      for (const name of ['first', 'second', 'third', 'fourth']) {
        const args = { organisation, name, kind: 'officer', publicKey: keyOf(`of ${name}`) };
        const added = chain.act([`${organisation}/admin`], 'directory.addOfficer', args);
        expect(codeOf(added)).to.equal('OK');
      }
      const key = { organisation, name: 'admin', publicKey: keyOf('restored') };
      const supporters = ['first', 'second', 'third'].slice(0, organisation === 'health' ? 3 : 2);
      const statuses = supporters.map((name) => {
        const signer = `${organisation}/${name}=of ${name}`;
        expect(codeOf(chain.act([signer], 'directory.recover', { ...key, ...REASON }))).to.equal(
          'OK',
        );
        return rows.recovery(chain.view, key)?.status;
      });

      // Health has a clerk, too: three of five colleagues there, two of four in parks.
      const asked = supporters.slice(1).map(() => 'asked');
      expect(statuses).to.deep.equal([...asked, 'agreed']);
    });
  }

  it('given a second supporter later, then the time to object is not made longer', () => {
    const chain = chainOfFour();
    support(chain, 'health/clerk', 'health/second');
    const before = rows.recovery(chain.view, lost)?.notBefore;

    chain.block([], { afterMs: HOUR_MS });
    support(chain, 'health/third');

    expect(rows.recovery(chain.view, lost)?.notBefore).to.equal(before);
  });
});

describe('directory: what only governance may do', () => {
  for (const action of [
    'admit',
    'suspendOrganisation',
    'reinstateOrganisation',
    'assignRole',
    'withdrawAssignedRole',
  ]) {
    it(`given a person, when calling ${action}, then it is closed to them`, () => {
      const executed = newChain().act(['health/admin'], `directory.${action}`, {});

      expect(codeOf(executed)).to.equal('CONTRACTS_CALLER_REFUSED');
    });
  }
});

describe('directory: texts', () => {
  it('given its failures, then each has texts in both languages and a number of its own', () => {
    const { failures } = directory.definition;
    const codes = Object.values(failures).map(({ code }) => code);

    expect(new Set(codes).size).to.equal(codes.length);
    for (const [name, { en, zh, remedy }] of Object.entries(failures)) {
      for (const text of [en, zh, remedy.en, remedy.zh]) expect(text, name).to.not.equal('');
    }
    expect(CONTRACTS_ERRORS.CONTRACTS_SUSPENDED.zh.summary).to.match(/暂停/);
  });
});

/** A point of order two: the encoding of y = -1. */
function smallOrderKey(): Uint8Array {
  const key = new Uint8Array(32).fill(0xff);
  key[0] = 0xec;
  key[31] = 0x7f;
  return key;
}
