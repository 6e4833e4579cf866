/**
 * Random faults for a while, then healing: agreement always, growth in the end (reliability
 * I1-I26).
 */
import { expect } from 'chai';
import type { StormReport } from './harness/storm.ts';
import { runStorm } from './harness/storm.ts';

const SEEDS_PER_TEST = 40;
const TESTS = 6;

function checkReport(report: StormReport): void {
  const accused = new Set(report.evidence.map(({ first }) => first.sender));
  const title = `seed ${report.seed}`;
  expect([...accused], `I14, ${title}`).to.have.members(accused.size === 0 ? [] : [report.twinned]);
  expect(report.fatals, `I18, ${title}`).to.deep.equal([]);
}

describe('consensus: storms', () => {
  const reports: StormReport[] = [];

  for (let part = 0; part < TESTS; part++) {
    const first = part * SEEDS_PER_TEST + 1;
    const last = first + SEEDS_PER_TEST - 1;

    it(`spec §1: given seeds ${first} to ${last}, nothing forks and the chain recovers`, () => {
      for (let seed = first; seed <= last; seed++) {
        const report = runStorm(seed);

        checkReport(report);
        reports.push(report);
      }
    });
  }

  it('given all storms, what they should reach was reached sometimes', () => {
    const decidedLate = reports.filter(({ highestDecidedRound }) => highestDecidedRound > 0);
    const kinds = new Set(reports.flatMap(({ evidence }) => evidence.map(({ kind }) => kind)));

    expect(Math.max(...reports.map(({ highestRound }) => highestRound))).to.be.at.least(4);
    expect(decidedLate.length).to.be.at.least(reports.length / 4);
    expect([...kinds]).to.include.members(['E1', 'E2', 'E4', 'E5']);
  });

  it('I32: given the same seed twice, then both runs are the same', () => {
    expect(runStorm(17)).to.deep.equal(runStorm(17));
  });
});
