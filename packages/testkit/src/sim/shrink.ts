/**
 * A smaller plan that still breaks the same invariant: faults, traitors and observers are left out
 * one at a time, and the run is cut short. Streams are forked by name, so that what is left out
 * shifts nothing in the rest.
 */
import type { Foundry } from './foundry.ts';
import type { RunPlan } from './plan.ts';
import { simulate } from './simulate.ts';
import type { RunResult } from './simulation.ts';

/** Every way to make a plan a little smaller, the greatest savings first. */
function smallerPlans(plan: RunPlan, brokenAtMs: number): readonly RunPlan[] {
  const plans: RunPlan[] = [];
  const untilMs = Math.min(plan.safetyMs, brokenAtMs + 1);
  if (untilMs < plan.safetyMs) plans.push({ ...plan, safetyMs: untilMs });
  for (const fault of plan.faults) {
    plans.push({ ...plan, faults: plan.faults.filter((one) => one !== fault) });
  }
  for (const traitor of plan.traitors) {
    plans.push({ ...plan, traitors: plan.traitors.filter((one) => one !== traitor) });
  }
  if (plan.observers > 0) plans.push({ ...plan, observers: 0 });
  const isUsed = plan.traitors.some(({ machine }) => machine === plan.validators - 1);
  if (plan.validators > 4 && !isUsed) plans.push({ ...plan, validators: plan.validators - 1 });
  return plans;
}

/** @param onSmaller  told of every smaller plan that still fails */
export async function shrink(
  failed: RunResult,
  foundry: Foundry,
  onSmaller: (result: RunResult) => void = () => undefined,
): Promise<RunResult> {
  let best = failed;
  for (let improved = true; improved; ) {
    improved = false;
    for (const plan of smallerPlans(best.plan, best.violation?.atMs ?? best.plan.safetyMs)) {
      const result = await simulate(plan, foundry);
      if (result.violation?.invariant !== failed.violation?.invariant) continue;
      best = result;
      improved = true;
      onSmaller(result);
      break;
    }
  }
  return best;
}
