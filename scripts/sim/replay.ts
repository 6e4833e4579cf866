/** One seed with its full log. */
import { createFoundry, drawPlan, renderResult, simulate } from '@daybook/testkit';

/** @returns whether every invariant held */
export async function replay(seed: number): Promise<boolean> {
  const result = await simulate(drawPlan(seed), createFoundry(), { print: printLine });
  printLine(renderResult(result));
  return result.violation === undefined;
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}
