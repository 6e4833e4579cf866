import { DEFAULT_PARAMETERS } from '@daybook/core';
import { expect } from 'chai';
import type { NodeReport, WaitingReport } from '../../src/api/ports.ts';
import type { Health, HealthKind } from '../../src/health.ts';
import { isReady, judgeHealth, patienceMs } from '../../src/health.ts';
import { HEALTHY } from '../api/support/running-api.ts';

const PATIENCE = patienceMs(DEFAULT_PARAMETERS, 4);

function judge(change: Partial<NodeReport>, waiting?: WaitingReport): Health {
  const report = { ...HEALTHY, ...change };
  return judgeHealth({ report, waiting, parameters: DEFAULT_PARAMETERS });
}

function kinds({ reasons }: Health): readonly (readonly [HealthKind, string])[] {
  return reasons.map(({ kind, severity }) => [kind, severity]);
}

describe('health: blocks advance, or there is nothing to do', () => {
  it('given a chain at work, then it is healthy without a word', () => {
    expect(judge({})).to.deep.equal({ healthy: true, reasons: [] });
  });

  it('given an idle chain within the empty interval, then it is healthy', () => {
    expect(judge({ headAgeMs: DEFAULT_PARAMETERS.emptyIntervalMs }).healthy).to.equal(true);
  });

  it('given a block that is due, when f dead proposers in a row have passed, then not yet', () => {
    expect(judge({ headAgeMs: PATIENCE, blockWantedMs: PATIENCE }).healthy).to.equal(true);
  });

  it('given a block that is due for longer, then it is stalled', () => {
    const health = judge({ headAgeMs: PATIENCE + 1, blockWantedMs: PATIENCE + 1 });

    expect(kinds(health)).to.deep.equal([['stalled', 'fault']]);
    expect(health.healthy).to.equal(false);
  });

  it('given no block beyond the empty interval although none is wanted, then it is stalled', () => {
    const headAgeMs = DEFAULT_PARAMETERS.emptyIntervalMs + PATIENCE + 1;

    expect(kinds(judge({ headAgeMs }))).to.deep.equal([['stalled', 'fault']]);
  });

  it('given silent voters, then they are named with the quorum', () => {
    const voter = (organisation: string, prepared: boolean) => ({
      validator: 'aa',
      organisation,
      self: false,
      connected: true,
      round: 0,
      prepared,
      committed: false,
      silentMs: 1,
    });
    const waiting: WaitingReport = {
      height: 9,
      round: 1,
      waitsFor: ['2 more COMMIT'],
      proposer: 'a',
      quorum: 3,
      voters: [voter('a', true), voter('b', false), { ...voter('c', true), connected: false }],
    };

    const [reason] = judge({ blockWantedMs: PATIENCE + 1 }, waiting).reasons;

    expect(reason?.words).to.contain('Silent: b, c (quorum 3)');
    expect(reason?.words).to.contain('2 more COMMIT');
  });

  it('given sync, then it is healthy while blocks come and a fault when none do', () => {
    expect(judge({ activity: 'syncing', headAgeMs: 59_000 }).healthy).to.equal(true);
    expect(kinds(judge({ activity: 'syncing', headAgeMs: 61_000 }))).to.deep.equal([
      ['sync-stalled', 'fault'],
    ]);
  });

  const cases: readonly (readonly [string, Partial<NodeReport>, HealthKind, string])[] = [
    ['a halted node', { activity: 'halted', hindrance: 'Fork.' }, 'halted', 'fault'],
    ['a validator in quarantine', { hindrance: 'Vote log lost.' }, 'not-signing', 'fault'],
    ['too few peers', { reachable: { count: 2, of: 4 } }, 'quorum-unreachable', 'fault'],
    [
      'an observer with too few peers',
      { role: 'observer', reachable: { count: 2, of: 4 } },
      'quorum-unreachable',
      'warning',
    ],
    ['a full disk', { diskFree: 0.019 }, 'disk', 'fault'],
    ['a filling disk', { diskFree: 0.099 }, 'disk', 'warning'],
    ['a clock beyond PRECISION', { clockOffsetMs: -1001 }, 'clock', 'fault'],
    ['a clock beyond half of it', { clockOffsetMs: 501 }, 'clock', 'warning'],
    [
      'a full mempool',
      { mempool: { transactions: 9, bytes: 95, bytesMax: 100 } },
      'mempool',
      'warning',
    ],
  ];
  for (const [words, change, kind, severity] of cases) {
    it(`given ${words}, then ${kind} is a ${severity} with advice`, () => {
      const health = judge(change);

      expect(kinds(health)).to.deep.equal([[kind, severity]]);
      expect(health.healthy).to.equal(severity === 'warning');
      expect(health.reasons[0]?.advice).to.match(/\.$/);
    });
  }

  it('given round 3 or higher, then a warning before the chain is late', () => {
    const waiting = {
      height: 2,
      round: 3,
      waitsFor: [],
      proposer: undefined,
      quorum: 3,
      voters: [],
    };

    expect(kinds(judge({}, waiting))).to.deep.equal([['round', 'warning']]);
  });

  it('given each activity, then only following and voting take clients', () => {
    const ready = (
      ['starting', 'syncing', 'following', 'voting', 'halted', 'stopping'] as const
    ).filter((activity) => isReady({ ...HEALTHY, activity }));

    expect(ready).to.deep.equal(['following', 'voting']);
  });
});
