/**
 * Carries out the rules of an engagement for as long as it is let: whenever a block with transactions
 * came, and not more often than told. Nothing is remembered but two heights: every run looks at whole
 * tables, and what was found before is on the ledger. So a node that went away, or this process
 * itself, may start again at any time, and no finding is missed or opened twice.
 */
import type { Client, Clock } from '@daybook/client';
import { ClientError } from '@daybook/client';
import type { NewBlocks } from './new-blocks.ts';
import { watchBlocks } from './new-blocks.ts';
import type { RuleFault } from './rule-fault.ts';
import { faultOfError } from './rule-fault.ts';
import type { RuleOutcome, RuleRun } from './run-rules.ts';
import { runRules } from './run-rules.ts';

export interface FollowRules {
  /** Asked again whenever the nodes come back: keys and roles may have changed. */
  readonly prepare: () => Promise<RuleRun>;
  /** Shortest pause between two runs. */
  readonly everyMs: number;
  /** Ends it, without an error. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly tell: (event: RulesEvent) => void;
}

/** How it goes, told after each run and once a minute at least. */
export interface RulesHealth {
  readonly kind: 'health';
  /** Whether the rules saw every block with transactions that the node has told of. */
  readonly state: 'current' | 'behind';
  /** Height that every rule has seen, at least. */
  readonly judged: number;
  /** Newest block with transactions that the node has told of. */
  readonly newest: number;
  readonly lagBlocks: number;
  /** How long a block has waited for the rules. */
  readonly lagMs: number;
  readonly rules: number;
  /** Findings that the last run found, and those that this process opened since it started. */
  readonly found: number;
  readonly opened: number;
  /** Rules that did not run, or not whole. */
  readonly faults: number;
}

export type RulesEvent =
  | RulesHealth
  /** What keeps a rule from its findings, told when it begins or changes. */
  | (RuleFault & { readonly kind: 'fault'; readonly rule: string })
  /** No node answers as it must; it is tried again. */
  | (RuleFault & { readonly kind: 'away' });

/** A supervisor may expect a line in each of these, and restart what gives none. */
const HEALTH_MS = 60_000;
/** Pause before nodes that are away are tried again, and before a rule that failed is. */
const RETRY_MS = 2_000;
const FAULT_RETRY_MS = 15_000;

/** Kept over all connections. */
interface Progress {
  judged: number;
  opened: number;
  /** What was told of each rule, so that it is told once. */
  faults: ReadonlyMap<string, string>;
}

/**
 * Ends when the signal says so.
 * @throws CliError CLI_ENGAGEMENT_UNKNOWN, CLI_AUTHOR_MISSING; ClientError for another chain
 */
export async function followRules(client: Client, options: FollowRules): Promise<void> {
  const { signal, clock, tell } = options;
  const progress: Progress = { judged: -1, opened: 0, faults: new Map() };
  let toldMs = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    try {
      await followWhileReached(client, progress, options);
    } catch (error) {
      if (signal.aborted) return;
      if (!isPassing(error)) throw error;
      if (clock.nowMs() - toldMs >= HEALTH_MS) {
        toldMs = clock.nowMs();
        tell({ kind: 'away', ...faultOfError(error) });
      }
      await clock.wait(RETRY_MS, signal);
    }
  }
}

/** What may be over by itself: a node that is away, starts, or has its hands full. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof ClientError)) return false;
  const { failure } = error;
  if (failure.code === 'CLIENT_REFUSED') return failure.problem.status >= 429;
  return ['CLIENT_UNREACHABLE', 'CLIENT_ANSWER_MALFORMED', 'CLIENT_FEED_GAP'].includes(
    failure.code,
  );
}

async function followWhileReached(
  client: Client,
  progress: Progress,
  options: FollowRules,
): Promise<void> {
  const run = await options.prepare();
  const { head } = await client.status();
  const news = watchBlocks(client, head.height, options.clock);
  options.signal.addEventListener('abort', news.stop, { once: true });
  try {
    while (!options.signal.aborted) {
      const { newest } = news;
      const outcomes = await unlessAborted(runRules(client, run), options.signal);
      if (outcomes === undefined) return;
      progress.judged = judgedOf(outcomes, { before: progress.judged, newest });
      take(outcomes, news, { progress, options });
      await untilDue(outcomes, news, { progress, options });
    }
  } finally {
    options.signal.removeEventListener('abort', news.stop);
    news.stop();
  }
}

interface Ground {
  readonly progress: Progress;
  readonly options: FollowRules;
}

/** Remembers what a run saw, and tells it. */
function take(outcomes: readonly RuleOutcome[], news: NewBlocks, ground: Ground): void {
  const { progress, options } = ground;
  news.mark(progress.judged);
  progress.opened += outcomes.reduce((sum, { added }) => sum + added, 0);
  const faults = new Map<string, string>();
  for (const { rule, fault } of outcomes) {
    if (fault === undefined) continue;
    const text = `${fault.code} ${fault.detail}`;
    faults.set(rule, text);
    if (progress.faults.get(rule) !== text) options.tell({ kind: 'fault', rule, ...fault });
  }
  progress.faults = faults;
  options.tell(healthOf(outcomes, news, progress));
}

/** Waits until the rules have something to look at, telling once a minute that it lives. */
async function untilDue(
  outcomes: readonly RuleOutcome[],
  news: NewBlocks,
  { progress, options }: Ground,
): Promise<void> {
  const { everyMs, signal, clock, tell } = options;
  await clock.wait(everyMs, signal);
  const hasFaults = progress.faults.size > 0;
  while (!signal.aborted && news.newest <= progress.judged) {
    if (await news.next(hasFaults ? FAULT_RETRY_MS : HEALTH_MS)) continue;
    // What failed may work by now, without a block that says so.
    if (hasFaults) break;
    tell(healthOf(outcomes, news, progress));
  }
  news.refuseIfBroken();
}

/**
 * Height up to which every rule looked: that of the oldest tables that one of them saw.
 * @param before  of the run before; never goes back
 * @param newest  block that was known when the run began: a later one may have set a rule
 */
export function judgedOf(
  outcomes: readonly Pick<RuleOutcome, 'height'>[],
  { before, newest }: { readonly before: number; readonly newest: number },
): number {
  // A rule that cannot run looks at nothing: it is told as a fault and holds up no other.
  const heights = outcomes.map(({ height }) => height).filter((height) => height > 0);
  if (heights.length === 0 && outcomes.length > 0) return before;
  return Math.max(before, Math.min(newest, ...heights));
}

function healthOf(
  outcomes: readonly RuleOutcome[],
  news: NewBlocks,
  { judged, opened }: Progress,
): RulesHealth {
  const { newest } = news;
  const lagBlocks = Math.max(0, newest - judged);
  return {
    kind: 'health',
    state: lagBlocks === 0 ? 'current' : 'behind',
    judged,
    newest,
    lagBlocks,
    lagMs: news.waitingMs(),
    rules: outcomes.length,
    found: outcomes.reduce((sum, { found }) => sum + found, 0),
    opened,
    faults: outcomes.filter(({ fault }) => fault !== undefined).length,
  };
}

/** Undefined when the signal comes first; what was begun is left, and the ledger decides on it. */
export async function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  let leave = (): void => undefined;
  const left = new Promise<undefined>((resolve) => {
    leave = () => resolve(undefined);
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
  });
  try {
    return await Promise.race([work, left]);
  } finally {
    signal.removeEventListener('abort', leave);
    void work.catch(() => undefined); // told already where it was waited for
  }
}
