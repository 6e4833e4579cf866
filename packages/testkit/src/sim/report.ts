/** A run in words: one line when it went well, everything needed to repeat it when it did not. */
import type { RunResult } from './simulation.ts';

/** The plan in one line, as options that repeat the run. */
export function describePlan({ plan }: Pick<RunResult, 'plan'>): string {
  const traitors = plan.traitors.map(({ machine, strategy }) => `n${machine}:${strategy}`);
  const words = [
    `n=${plan.validators}`,
    ...(plan.observers > 0 ? [`observers=${plan.observers}`] : []),
    ...(traitors.length > 0 ? [`traitors=${traitors.join(',')}`] : []),
    `signatures=${plan.signatures}`,
    `contracts=${plan.workload}`,
    `faults=[${plan.faults.join(', ')}]`,
  ];
  return words.join(' ');
}

/** One line. */
export function renderResult(result: RunResult): string {
  const { plan, violation, traceHash, height } = result;
  const outcome = violation === undefined ? 'ok' : `${violation.invariant}: ${violation.words}`;
  return `seed ${plan.seed}  ${outcome}  height ${height}  trace ${traceHash}  ${describePlan(result)}`;
}

/** Seed, commit, options, the broken invariant and the last events. */
export function renderFailure(result: RunResult, commit: string): string {
  const { plan, violation, recent } = result;
  return [
    `seed ${plan.seed} breaks ${violation?.invariant} at ${violation?.atMs} ms`,
    `  ${violation?.words}`,
    `  ${describePlan(result)}`,
    `  plan ${JSON.stringify(plan)}`,
    `  commit ${commit}`,
    ...recent.map((line) => `  ${line}`),
    `  replay: npm run sim -- --seed ${plan.seed}; smaller: --seed ${plan.seed} --shrink`,
  ].join('\n');
}
