/**
 * What a long series of seeds must have visited: faults that prove harmless prove it only where they
 * struck. A series that is long enough for a goal and has not reached it has failed.
 */
import { FAULTS } from './faults/all.ts';
import { STRATEGIES } from './strategies/all.ts';

/** A counter, how high it must be, and the length of a series from which on that is asked. */
export interface CoverageGoal {
  readonly counter: string;
  readonly least: number;
  readonly seeds: number;
}

/** From so many seeds on, what is common must have happened. */
export const COMMON_SEEDS = 1000;
/** From so many on, also what is rare. */
export const RARE_SEEDS = 20_000;
/** Heights for which each strategy of the adversary must have been at work in a long series. */
const STRATEGY_HEIGHTS = 100;

const MIRRORS = ['wal-A', 'wal-B'] as const;

/** Points at which a validator can die: of disk work, and within a broadcast. */
const DEATHS: readonly string[] = [
  ...[...MIRRORS, 'blocks'].flatMap((file) => {
    return ['write', 'sync', 'synced'].map((at) => `died at ${at} of ${file}`);
  }),
  ...['votes', 'blocks'].map((folder) => `died at sync-directory of ${folder}`),
  ...['batch', 'batch-written'].map((at) => `died at ${at} of index`),
  ...['pre-prepare', 'prepare', 'commit', 'round-change'].map((kind) => {
    return `died while sending ${kind}`;
  }),
];

const COMMON: readonly string[] = [
  // The deeds of every fault; below stands what came of them.
  ...FAULTS.flatMap(({ counters }) => counters),
  // Rounds.
  'round 5 or later',
  'decided in a later round',
  'decided after leaving the round',
  'block of an earlier round decided',
  'jump over a round',
  'bodies fetched',
  'blocks fetched',
  // Signing, at every point of the vote log: the death, and a start after it that got through.
  ...DEATHS.flatMap((death) => [death, `restart after it ${death}`]),
  'restart',
  'guard refusal',
  'quarantine entered',
  'quarantine left',
  // Evidence.
  ...['E1', 'E2', 'E3', 'E4', 'E5', 'E6'].map((kind) => `evidence ${kind}`),
  // Which a correct node has found itself: what liars bring is no proof that its way works.
  'found evidence recorded',
  'found evidence awaited',
  'evidence of one at its bound',
  // The set.
  'set grew',
  'set shrank',
  'key rotated',
  'light client across a change',
  // Releases.
  'block final among mixed releases',
  'contract version in force',
  // How nodes end that must end. What no seed can reach, and why, says docs/simulator.md.
  'fatal STATE_DISK_FAILED',
  'fatal STATE_SYNC_FAILED',
  'fatal STATE_DISK_FULL',
  'fatal STATE_DAMAGED',
  'fatal STATE_BLOCK_DAMAGED',
  'fatal NODE_BLOCK_MISSING',
  // What the newest checkers look at.
  'age of a final block judged',
  'block executed again from genesis',
  'idle block',
  'admission to a set judged',
  ...['message', 'block', 'certificate'].flatMap((one) => [
    `${one} decoded as it was encoded`,
    `damaged ${one} refused`,
  ]),
  // The adversary.
  'justification judged',
  'two or more colluders at work',
  'wrong body under the right roots',
  // Transactions.
  'transaction done',
  'transaction refused',
];

/** Forms of B13 and B23: each breaks one rule. */
const FORMS: readonly string[] = [
  ...[
    'a ROUND-CHANGE of another round',
    'one signer twice',
    'Q-1 entries',
    'no entries',
    'somebody outside the set',
    'a lock without its certificate',
    'a certificate of another block',
    'a certificate nobody claims',
    'a lock left out',
  ].map((form) => `justified by ${form}`),
  ...[
    'the own seal alone',
    'one seal Q times',
    'seals for another block',
    'one signature for all',
    'a set of one',
    'PREPAREs for seals',
    'one seal too few',
    'seals of two rounds',
  ].map((form) => `DECIDED with ${form}`),
];

export const COVERAGE_GOALS: readonly CoverageGoal[] = [
  ...COMMON.map((counter) => ({ counter, least: 1, seeds: COMMON_SEEDS })),
  ...FORMS.map((counter) => ({ counter, least: 1, seeds: RARE_SEEDS })),
  ...STRATEGIES.flatMap(({ name }) => [
    { counter: `strategy ${name}`, least: 1, seeds: COMMON_SEEDS },
    { counter: `heights under ${name}`, least: STRATEGY_HEIGHTS, seeds: RARE_SEEDS },
  ]),
];

/** Goals that a series of so many seeds had to reach and has not. */
export function missedGoals(
  counts: ReadonlyMap<string, number>,
  seeds: number,
): readonly CoverageGoal[] {
  return COVERAGE_GOALS.filter((goal) => {
    return seeds >= goal.seeds && (counts.get(goal.counter) ?? 0) < goal.least;
  });
}
