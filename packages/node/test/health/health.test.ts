/** The diagnosis at its limits: one fact changed at a time. */
import { DEFAULT_PARAMETERS } from '@daybook/core';
import { expect } from 'chai';
import type { NodeReport, VoterReport, WaitingReport } from '../../src/api/ports.ts';
import type { Health } from '../../src/health.ts';
import { diagnose, isReady, patienceMs } from '../../src/health.ts';
import type { CauseRow, HealthKind, Words } from '../../src/health-causes.ts';
import { AWAITED, CAUSES, HEALTH_KINDS, STATES } from '../../src/health-causes.ts';
import { HEALTHY } from '../api/support/running-api.ts';

const PATIENCE = patienceMs(DEFAULT_PARAMETERS, 4);

function judge(change: Partial<NodeReport>, waiting?: WaitingReport): Health {
  const report = { ...HEALTHY, ...change };
  return diagnose({ report, waiting, parameters: DEFAULT_PARAMETERS, head: 8 });
}

function kinds({ reasons }: Health): readonly (readonly [HealthKind, string])[] {
  return reasons.map(({ kind, severity }) => [kind, severity]);
}

function voter(organisation: string, change: Partial<VoterReport> = {}): VoterReport {
  return {
    validator: 'aa',
    organisation,
    self: false,
    connected: true,
    round: 0,
    prepared: false,
    committed: false,
    silentMs: 1,
    ...change,
  };
}

function waitingFor(change: Partial<WaitingReport>): WaitingReport {
  return {
    height: 9,
    round: 1,
    inHeightMs: 9000,
    awaited: 'commits',
    votes: 1,
    roundEndsMs: 500,
    proposer: 'a',
    quorum: 3,
    voters: [],
    ...change,
  };
}

describe('health: blocks advance, or there is nothing to do', () => {
  it('given a chain at work, then it is healthy without a word', () => {
    const { healthy, reasons } = judge({});

    expect({ healthy, reasons }).to.deep.equal({ healthy: true, reasons: [] });
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

  it('given connected voters without votes, when a block is overdue, then they are named with the time', () => {
    const voters = [
      voter('a', { committed: true }),
      voter('b', { silentMs: 65_000 }),
      voter('c', { silentMs: undefined }),
      voter('d', { self: true }),
    ];

    const health = judge({ blockWantedMs: PATIENCE + 1 }, waitingFor({ voters }));

    const [reason] = health.reasons;
    expect(kinds(health)).to.deep.equal([['quorum-silent', 'fault']]);
    expect(reason?.words.en).to.contain('2 of the 3 votes');
    expect(reason?.words.en).to.contain('b (last heard 65 s ago), c (not heard since the start)');
    expect(reason?.words.zh).to.contain('b (65 s前收到)');
  });

  it('given a voter in our round without votes, when a block is overdue, then it is not silent', () => {
    const voters = [voter('a', { round: 1 }), voter('b', { round: 1 }), voter('c')];

    const health = judge({ blockWantedMs: PATIENCE + 1 }, waitingFor({ voters }));

    expect(kinds(health)).to.deep.equal([['stalled', 'fault']]);
    expect(health.reasons[0]?.words.en).to.contain('Silent: c');
  });

  it('given one validator unheard for longer than three signs of life, then a warning says how many more may fail', () => {
    const voters = [voter('a', { silentMs: 30_001 }), voter('b', { silentMs: 30_000 })];

    const health = judge({}, waitingFor({ round: 0, awaited: 'work', voters }));

    expect(kinds(health)).to.deep.equal([['validator-silent', 'warning']]);
    expect(health.reasons[0]?.words.en).to.contain('a (last heard 30 s ago)');
    expect(health.reasons[0]?.advice.en).to.contain('0 more');
  });

  it('given sync, then it is healthy while blocks come and a fault when none do', () => {
    const behind = { activity: 'syncing', sync: { target: 90, credible: true } } as const;
    const going = judge({ ...behind, headAgeMs: 59_000 });

    expect(going.healthy).to.equal(true);
    expect(going.state.words.en).to.contain('height 8 of 90');
    expect(kinds(judge({ ...behind, headAgeMs: 61_000 }))).to.deep.equal([
      ['sync-stalled', 'fault'],
    ]);
  });

  it('given blocks that did not come, when nothing is being fetched, then it is not well, and says pace, reason and peer', () => {
    const reason = 'NETWORK_REQUEST_REFUSED';
    const pace = { blocksPerSecond: 2.5, leftMs: 33_000 };
    const sync = { target: 90, credible: true, ...pace, reason, peer: 'audit' };
    const slow = judge({ sync, headAgeMs: 59_000 });
    const stuck = judge({ sync, headAgeMs: 61_000 });

    expect(slow.state.kind).to.equal('catching-up');
    expect(slow.state.words.en).to.equal(
      'The node catches up: height 8 of 90, 2.5 blocks per second, about 33 s left. The next blocks were not given by audit: NETWORK_REQUEST_REFUSED.',
    );
    expect(kinds(stuck)).to.deep.include(['sync-stalled', 'fault']);
    expect(stuck.reasons[0]?.words.zh).to.contain('audit 没有提供后续区块:NETWORK_REQUEST_REFUSED');
  });

  it('given a height that no more peers speak of than may lie, then nobody is ill of it', () => {
    const health = judge({ sync: { target: 2 ** 50, credible: false }, headAgeMs: 61_000 });

    expect(kinds(health)).not.to.deep.include(['sync-stalled', 'fault']);
    expect(health.state.kind).not.to.equal('catching-up');
  });

  it('given a join, then its progress is told, and a fault with the reason when nothing comes', () => {
    const join = { phase: 'records', height: 120, done: 43, total: 100, idleMs: 59_000 } as const;
    const going = judge({ activity: 'joining', join });

    expect(going.healthy).to.equal(true);
    expect(going.state.words.en).to.contain('120').and.contain('43 %');
    const stuck = judge({ activity: 'joining', join: { ...join, idleMs: 61_000, reason: 'Gone' } });
    expect(kinds(stuck)).to.deep.equal([['join-stalled', 'fault']]);
    expect(stuck.reasons[0]?.words.en).to.contain('Gone');
  });

  const cases: readonly (readonly [string, Partial<NodeReport>, HealthKind, string])[] = [
    ['a halted node', { activity: 'halted', hindrance: 'Fork.' }, 'halted', 'fault'],
    ['a validator in quarantine', { signing: { state: 'quarantine' } }, 'quarantined', 'fault'],
    ['a signer that is away', { signing: { state: 'away' } }, 'signer-away', 'fault'],
    [
      'a signature that its vote log holds up',
      { signingWait: { log: 'vote-log', forMs: 10_001 } },
      'signature-hangs',
      'fault',
    ],
    ['too few peers', { reachable: { count: 2, of: 4 } }, 'quorum-unreachable', 'fault'],
    ['no peer', { reachable: { count: 1, of: 4 } }, 'no-links', 'fault'],
    [
      'an observer with too few peers',
      { role: 'observer', reachable: { count: 2, of: 4 } },
      'quorum-unreachable',
      'warning',
    ],
    ['a full disk', { diskFree: 0.019 }, 'disk-full', 'fault'],
    [
      'a guard that waits for 5 %',
      { diskFree: 0.049, signing: { state: 'paused' } },
      'disk-full',
      'fault',
    ],
    ['a filling disk', { diskFree: 0.099 }, 'disk-low', 'warning'],
    [
      'a disk that its operator wants emptier',
      { diskFree: 0.099, diskLimits: { stop: 0.1, resume: 0.2, low: 0.3 } },
      'disk-full',
      'fault',
    ],
    ['a clock beyond PRECISION', { clockOffsetMs: -1001 }, 'clock-off', 'fault'],
    [
      'an observer with such a clock',
      { clockOffsetMs: -1001, role: 'observer' },
      'clock-off',
      'warning',
    ],
    ['a clock beyond half of it', { clockOffsetMs: 501 }, 'clock-drifting', 'warning'],
    [
      'a full mempool',
      { mempool: { transactions: 9, bytes: 95, bytesMax: 100 } },
      'mempool-full',
      'warning',
    ],
  ];
  for (const [words, change, kind, severity] of cases) {
    it(`given ${words}, then ${kind} is a ${severity} with advice`, () => {
      const health = judge(change);

      expect(kinds(health)).to.deep.equal([[kind, severity]]);
      expect(health.healthy).to.equal(severity === 'warning');
      expect(health.reasons[0]?.advice.en).to.match(/\.$/);
      expect(health.reasons[0]?.advice.zh).to.match(/。$/);
    });
  }

  it('given round 3 or higher, then a warning before the chain is late', () => {
    const health = judge({}, waitingFor({ round: 3, awaited: 'proposal' }));

    expect(kinds(health)).to.deep.equal([['rounds', 'warning']]);
    expect(health.state.words.en).to.contain('the proposal of a');
  });

  it('given several causes, then what explains the others comes first', () => {
    const health = judge({
      signing: { state: 'quarantine' },
      diskFree: 0.09,
      reachable: { count: 2, of: 4 },
      blockWantedMs: PATIENCE + 1,
    });

    expect(kinds(health).map(([kind]) => kind)).to.deep.equal([
      'quarantined',
      'quorum-unreachable',
      'stalled',
      'disk-low',
    ]);
  });

  it('given each activity, then only following and voting take clients', () => {
    const ready = (
      ['starting', 'syncing', 'following', 'voting', 'halted', 'stopping'] as const
    ).filter((activity) => isReady({ ...HEALTHY, activity }));

    expect(ready).to.deep.equal(['following', 'voting']);
  });
});

describe('health: the table of causes', () => {
  const placesIn = (text: string): readonly string[] =>
    [...text.matchAll(/\{(\w+?)(?:Zh)?\}/g)].map(([, name = '']) => name).sort();
  const rows: readonly (readonly [string, CauseRow])[] = Object.entries(CAUSES);
  const sentences: readonly (readonly [string, Words])[] = [
    ...rows.flatMap(([kind, { words, advice }]) => [
      [kind, words] as const,
      [`${kind} advice`, advice] as const,
    ]),
    ...Object.entries(STATES),
    ...Object.entries(AWAITED),
  ];

  for (const [name, { en, zh }] of sentences) {
    it(`given ${name}, then both languages say the same with the same facts`, () => {
      expect(placesIn(zh)).to.deep.equal(placesIn(en));
      expect(zh, 'in Chinese').to.match(/\p{Script=Han}/u);
      expect(en, 'in English').to.match(/^[\p{ASCII}]+$/u);
    });
  }

  it('given the table, then faults and warnings stand in it by name', () => {
    expect(HEALTH_KINDS).to.have.length(19);
    expect(rows.every(([, { alarm }]) => /^Daybook[A-Z]/.test(alarm))).to.equal(true);
  });
});
