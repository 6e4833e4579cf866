/** Oversight: accesses by the person they are about, at once or told later, by a day. */
import { oversight, sealAccess } from '@daybook/applications';
import { openRecords } from '@daybook/contracts';
import type { Call } from '@daybook/core';
import { sha256 } from '@daybook/core';
import { expect } from 'chai';
import type { TestChain } from './consortium.ts';
import { codeOf, createChain, keyOf } from './consortium.ts';

const rows = openRecords(oversight);
const DAY_MS = 86_400_000;
const PERSON = sha256(new Uint8Array([1]));
const REASON = { reason: 'because of the test' };
const SALT = sha256(new Uint8Array([2]));
const ACCESS = {
  about: PERSON,
  record: 'benefits.person/7',
  kind: 'read',
  legalBasis: 'Act 3',
  caseNumber: '2026/17',
  purpose: 'Deciding on aid.',
} as const;
const KEY = { organisation: 'audit', deferral: 'case-17' };
const CUSTODIANS = ['audit/clerk', 'audit/second'] as const;

function newChain(): TestChain {
  const organisations = ['health', 'finance', 'audit', 'works'];
  const chain = createChain({ organisations, contracts: [oversight] });
  const second = { organisation: 'audit', name: 'second', kind: 'officer' };
  const added = { ...second, publicKey: keyOf('audit/second') };
  expect(codeOf(chain.act(['audit/admin'], 'directory.addOfficer', added))).to.equal('OK');
  for (const name of ['clerk', 'second']) {
    const grant = { organisation: 'audit', name, role: 'oversight.custodian' };
    expect(codeOf(chain.act(['audit/admin'], 'directory.grantRole', grant))).to.equal('OK');
  }
  return chain;
}

const act = (
  chain: TestChain,
  signers: readonly string[],
  action: string,
  args: Call['args'],
): string => codeOf(chain.act(signers, `oversight.${action}`, args));

/** The day so many days after the chain's. */
function dayAfter(chain: TestChain, days: number): string {
  return new Date(chain.timeMs() + days * DAY_MS).toISOString().slice(0, 10);
}

function defer(chain: TestChain, more: Call['args'] = {}, signers: readonly string[] = CUSTODIANS) {
  const access = sealAccess(KEY, SALT, ACCESS);
  const terms = { access, legalBasis: 'Act 9', discloseBy: dayAfter(chain, 30), ...REASON };
  return act(chain, signers, 'deferAccess', { ...KEY, ...terms, ...more });
}

const disclose = (chain: TestChain, more: Call['args'] = {}): string =>
  act(chain, ['audit/clerk'], 'discloseAccess', { ...KEY, ...ACCESS, salt: SALT, ...more });

describe('oversight: accesses', () => {
  it('given accesses about a person, then they are numbered under the person', () => {
    const chain = newChain();

    expect(act(chain, ['health/clerk'], 'logAccess', ACCESS)).to.equal('OK');
    expect(act(chain, ['audit/admin'], 'logAccess', { ...ACCESS, kind: 'used' })).to.equal('OK');
    expect(act(chain, ['key:citizen'], 'logAccess', ACCESS)).to.equal('CONTRACTS_NOT_ENTITLED');

    expect(rows.access(chain.view, { about: PERSON, number: 1 })).to.deep.include({
      organisation: 'health',
      officer: 'health/clerk',
      caseNumber: '2026/17',
    });
    expect(rows.access(chain.view, { about: PERSON, number: 2 })?.kind).to.equal('used');
  });
});

describe('oversight: accesses told later', () => {
  it('given a deferral, then all see that there is one, and whom it is about once it is told', () => {
    const chain = newChain();
    expect(defer(chain)).to.equal('OK');
    const at = chain.timeMs();
    expect(rows.deferral(chain.view, KEY)).to.deep.include({ status: 'sealed', at });
    expect(rows.access(chain.view, { about: PERSON, number: 1 })).to.equal(undefined);

    expect(disclose(chain)).to.equal('OK');

    expect(rows.access(chain.view, { about: PERSON, number: 1 })).to.deep.include({
      ...ACCESS,
      organisation: 'audit',
      officer: 'audit/clerk',
      at,
      disclosed: chain.timeMs(),
    });
    expect(rows.deferral(chain.view, KEY)?.status).to.equal('disclosed');
    expect(disclose(chain)).to.equal('OVERSIGHT_DEFERRAL_UNKNOWN');
  });

  it('given one custodian alone, an officer without the role or a number used before, then refused', () => {
    const chain = newChain();
    expect(defer(chain, {}, ['audit/clerk'])).to.equal('CONTRACTS_APPROVALS_MISSING');
    expect(defer(chain, {}, ['audit/admin'])).to.equal('CONTRACTS_NOT_ENTITLED');
    expect(defer(chain)).to.equal('OK');

    expect(defer(chain)).to.equal('OVERSIGHT_DEFERRAL_EXISTS');
  });

  it('given a day that is over or too far, then refused', () => {
    const chain = newChain();

    for (const days of [0, 181]) {
      const discloseBy = dayAfter(chain, days);
      expect(defer(chain, { discloseBy }), discloseBy).to.equal('OVERSIGHT_DISCLOSURE_DAY');
    }
    expect(defer(chain, { discloseBy: dayAfter(chain, 180) })).to.equal('OK');
  });

  it('given anything else than what was sealed, then it does not pass for it', () => {
    const chain = newChain();
    defer(chain);

    expect(disclose(chain, { kind: 'used' })).to.equal('OVERSIGHT_SEAL_DIFFERS');
    expect(disclose(chain, { salt: PERSON })).to.equal('OVERSIGHT_SEAL_DIFFERS');
    expect(disclose(chain, { deferral: 'case-18' })).to.equal('OVERSIGHT_DEFERRAL_UNKNOWN');
  });

  it('given the day is over and nobody told, then it stays sealed past its day for all to see', () => {
    const chain = newChain();
    defer(chain);
    chain.block([], { afterMs: 31 * DAY_MS });

    const row = rows.deferral(chain.view, KEY);

    expect(row?.status).to.equal('sealed');
    expect((row?.discloseBy ?? '') < dayAfter(chain, 0)).to.equal(true);
    expect(disclose(chain)).to.equal('OK');
  });
});
