/** One plan: with its full log, or made as small as it still fails. */
import { readFileSync } from 'node:fs';
import type { RunPlan } from '@daybook/testkit';
import { createFoundry, renderResult, shrink, simulate } from '@daybook/testkit';

/** A plan as a failure printed it. */
export function readPlan(file: string): RunPlan {
  // Written by `renderFailure`, the only place of this format.
  return JSON.parse(readFileSync(file, 'utf8')) as RunPlan;
}

/** @returns whether every invariant held */
export async function replay(plan: RunPlan): Promise<boolean> {
  const result = await simulate(plan, createFoundry(), { print: printLine });
  printLine(renderResult(result));
  return result.violation === undefined;
}

export async function shrinkPlan(plan: RunPlan): Promise<boolean> {
  const foundry = createFoundry();
  const first = await simulate(plan, foundry);
  printLine(renderResult(first));
  if (first.violation === undefined) return true;
  const smallest = await shrink(first, foundry, (result) => printLine(renderResult(result)));
  printLine(JSON.stringify(smallest.plan));
  return false;
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}
