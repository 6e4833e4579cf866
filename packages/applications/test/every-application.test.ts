/** What holds for every application of this release, whoever writes the next one. */
import { applications } from '@daybook/applications';
import { ledger } from '@daybook/contracts';
import { expect } from 'chai';

const ALL = [ledger, ...applications].map(({ definition }) => definition);
const DISCRETION =
  /^(?:approve|reject|hold|release|refuse|freeze|correct|revoke|waive|withdraw|retire|suspend|cancel)/;
/** No decisions about others: agreeing by a signature, taking back what is one's own. */
const OWN = [
  'ledger.approve',
  'directory.retireNode',
  'oversight.withdrawComplaint',
  'procurement.withdrawBid',
];

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

  it('given an act of discretion, then it needs a reason and stands on the feed', () => {
    const silent = ALL.flatMap(({ name, actions }) =>
      Object.entries(actions)
        .filter(([action, { by, discretion }]) => {
          const isPersons = by !== 'contract' && DISCRETION.test(action);
          return isPersons && discretion !== true && !OWN.includes(`${name}.${action}`);
        })
        .map(([action]) => `${name}.${action}`),
    );

    expect(silent).to.deep.equal([]);
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
