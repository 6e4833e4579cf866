/** Every crash point of a short history (scenario 14), over several processes. */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { CrashPoint } from '@daybook/testkit';
import { createFoundry, listCrashPoints, runCrashPoint } from '@daybook/testkit';

/** What broke at one point; absent when nothing did. */
interface Verdict {
  readonly words: string | undefined;
}

/** @returns whether everybody went on after each of them */
export async function runCrashPoints(jobs: number): Promise<boolean> {
  const startedMs = performance.now();
  const points = await listCrashPoints(createFoundry());
  const waiting = [...points];
  let violations = 0;
  const onVerdict = (point: CrashPoint, { words }: Verdict): void => {
    if (words === undefined) return;
    violations += 1;
    print(`${JSON.stringify(point)}\n${words}`);
  };
  await Promise.all(Array.from({ length: jobs }, () => work(waiting, onVerdict)));
  const rate = (points.length / ((performance.now() - startedMs) / 1000)).toFixed(1);
  print(`${points.length} crash points, ${violations} violations, ${rate} points/s`);
  return violations === 0;
}

/** Hands points to one process, one at a time, until none is left. */
function work(
  waiting: CrashPoint[],
  onVerdict: (point: CrashPoint, verdict: Verdict) => void,
): Promise<void> {
  const worker = startWorker();
  return new Promise((resolve, reject) => {
    let present: CrashPoint | undefined;
    const next = (): void => {
      present = waiting.shift();
      if (present === undefined) worker.disconnect();
      else worker.send(present);
    };
    worker.on('message', (verdict: Verdict) => {
      if (present !== undefined) onVerdict(present, verdict);
      next();
    });
    worker.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`a simulator process ended with ${code}`));
    });
    next();
  });
}

function startWorker(): ChildProcess {
  const script = join(import.meta.dirname, '..', 'sim.ts');
  return fork(script, ['--crash-points', '--worker'], { serialization: 'advanced' });
}

/** A process that lives through one point after the other, until the parent lets go. */
export async function servePoints(): Promise<void> {
  const foundry = createFoundry();
  const done = new Promise<void>((resolve) => process.once('disconnect', resolve));
  process.on('message', (point: CrashPoint) => {
    runCrashPoint(point, foundry).then(
      () => process.send?.({ words: undefined } satisfies Verdict),
      (error: unknown) => {
        const words = error instanceof Error ? error.message : String(error);
        process.send?.({ words } satisfies Verdict);
      },
    );
  });
  await done;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
