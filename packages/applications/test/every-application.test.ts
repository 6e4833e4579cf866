/** What holds for every application of this release, whoever writes the next one. */
import { applications } from '@daybook/applications';
import { ledger as chain, defineContract, field } from '@daybook/contracts';
import { expect } from 'chai';
import { directory } from '../src/directory.ts';
import { createLedger, outcome } from './ledger.ts';

const ALL = [chain, ...applications].map(({ definition }) => definition);
const DISCRETION =
  /^(?:approve|reject|hold|release|refuse|freeze|correct|revoke|waive|withdraw|retire|suspend|cancel)/;
/** No decisions about others, and why. */
const OWN: Readonly<Record<string, string>> = {
  // Whoever agrees later does what the co-signers of one transaction do, who give no reason either:
  // the reason is the call's own, and the feed names all who agreed once it takes effect.
  'ledger.approve': 'a signature to a call that has its own reason',
  'directory.retireNode': 'an own node',
  'oversight.withdrawComplaint': 'an own complaint',
  'procurement.withdrawBid': 'an own bid',
};

const t = { en: 'Witness', zh: '见证' };
/** Has one act that two officers take together, not necessarily at once. */
const witness = defineContract({
  number: 960,
  name: 'witness',
  version: 1,
  title: t,
  help: t,
  records: {},
  failures: {},
  roles: { clerk: { title: t, grantedBy: 'organisation' } },
  actions: {
    decide: {
      title: t,
      by: { role: 'clerk' },
      approvals: { officers: 2, days: 7 },
      discretion: true,
      input: { reason: field.reason() },
      handler: () => undefined,
    },
  },
});

describe('every application', () => {
  it('given a record with a deadline, then a query lists what is overdue', () => {
    const missing = ALL.flatMap(({ name, records, queries = {} }) =>
      Object.entries(records).flatMap(([record, { deadlines = [] }]) =>
        deadlines
          .filter(
            ({ field }) =>
              !Object.values(queries).some(
                (query) => query.record === record && query.overdue === field,
              ),
          )
          .map(({ field }) => `${name}.${record}.${field}`),
      ),
    );

    expect(missing).to.deep.equal([]);
  });

  it('given what lapses with its time, then the list of what is in force leaves it out', () => {
    const lists = [
      ['ledger', 'open', 'expires'],
      ['governance', 'open', 'closes'],
      ['risk', 'listings', 'until'],
      ['risk', 'heldHits', 'heldUntil'],
    ] as const;
    for (const [name, list, deadline] of lists) {
      const queries = ALL.find((definition) => definition.name === name)?.queries;
      expect(queries?.[list]?.inTime, `${name}.${list}`).to.equal(deadline);
    }
  });

  it('given an act of discretion, then it needs a reason and stands on the feed', () => {
    const silent = ALL.flatMap(({ name, actions }) =>
      Object.entries(actions)
        .filter(([action, { by, discretion }]) => {
          const isPersons = by !== 'contract' && DISCRETION.test(action);
          return isPersons && discretion !== true && !Object.hasOwn(OWN, `${name}.${action}`);
        })
        .map(([action]) => `${name}.${action}`),
    );

    expect(silent).to.deep.equal([]);
    const all = ALL.flatMap(({ name, actions }) =>
      Object.keys(actions).map((action) => `${name}.${action}`),
    );
    expect(all, 'an exemption names an action').to.include.members(Object.keys(OWN));
  });

  it('given a discretionary act that one officer approves later, then the feed names both', () => {
    const clerks = { 'court/one': ['witness.clerk'], 'court/two': ['witness.clerk'] };
    const ledger = createLedger([directory, witness], clerks);
    const decide = { contract: 'witness', action: 'decide', args: { reason: 'It is so.' } };
    const { result } = ledger.act([decide], ['court/one']);
    expect(ledger.rows(chain, 'act')).to.deep.equal([]);
    const call = result.events.find(({ name }) => name === 'waiting')?.fields.call ?? null;

    const approve = { contract: 'ledger', action: 'approve', args: { call } };
    expect(outcome(ledger.act([approve], ['court/two']))).to.equal('ok');

    const [act] = ledger.rows(chain, 'act');
    expect(act).to.include({ contract: 'witness', action: 'decide', reason: 'It is so.' });
    expect(act?.actors).to.have.members(['court/one', 'court/two']);
  });

  it('given a release of money or of a hold, then two officers must sign', () => {
    const byName = new Map(ALL.map((definition) => [definition.name, definition]));
    const { disburse, credit, correct } = byName.get('treasury')?.actions ?? {};
    const guards = ALL.flatMap(({ guards: declared = {} }) => Object.values(declared));

    for (const action of [disburse, credit, correct]) {
      expect(action?.approvals?.officers).to.be.at.least(2);
    }
    expect(guards).to.not.have.length(0);
    for (const { release } of guards) expect(release).to.include({ officers: 2, organisations: 2 });
  });
});
