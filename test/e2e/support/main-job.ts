/** The main job as a process of its own, in a folder for what it would leave behind. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '../../..');

export interface MainJob {
  readonly process: ChildProcess;
  /** Stands for the temporary folder of the system. */
  readonly folder: string;
  /** All it has printed so far. */
  readonly output: Readonly<Record<'stdout' | 'stderr', string>>;
  /** Its exit code, once all it printed has been read. */
  readonly ended: Promise<number | null>;
  /** Ends it, if it still runs, and removes the folder. */
  stop(): Promise<void>;
}

/** @param words  options of `scripts/start.ts` */
export async function startMainJob(...words: readonly string[]): Promise<MainJob> {
  const folder = await mkdtemp(path.join(tmpdir(), 'daybook-main-job-'));
  const child = spawn(process.execPath, ['--conditions=source', 'scripts/start.ts', ...words], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close').then(([code]: readonly (number | null)[]) => code ?? null);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true });
  };
  return { process: child, folder, output, ended, stop };
}
