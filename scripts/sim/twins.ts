/** Twins from the command line: every case for four validators, or a sample for more. */
import type { TwinsReport } from '@daybook/testkit';
import { createFoundry, enumerateTwins, sampleTwins } from '@daybook/testkit';

export interface TwinsOptions {
  readonly validators: number;
  readonly rounds: number;
  /** So many cases, drawn; all of them when absent. */
  readonly count?: number | undefined;
  readonly seed: number;
}

/** @returns whether every case kept every invariant */
export async function runTwins({
  validators,
  rounds,
  count,
  seed,
}: TwinsOptions): Promise<boolean> {
  const startedMs = performance.now();
  const onProgress = (played: number, equal: number): void => {
    print(`${played} cases played, ${equal} equal to one of them`);
  };
  const plan = { validators, rounds, onProgress };
  const foundry = createFoundry();
  const report =
    count === undefined
      ? await enumerateTwins(plan, foundry)
      : await sampleTwins({ ...plan, count, seed }, foundry);
  tell(report, (performance.now() - startedMs) / 1000);
  return report.failed === undefined;
}

function tell({ played, equal, failed }: TwinsReport, seconds: number): void {
  if (failed !== undefined) {
    const { one, violation } = failed;
    print(`breaks ${violation.invariant}: ${violation.words}`);
    print(`  role ${one.role}, layouts ${one.layouts.join(' ')}, lost ${one.dropped ?? 'nothing'}`);
  }
  const violations = failed === undefined ? 0 : 1;
  const rate = (played / seconds).toFixed(1);
  print(
    `${played} cases, ${equal} equal to one of them, ${violations} violations, ${rate} cases/s`,
  );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
