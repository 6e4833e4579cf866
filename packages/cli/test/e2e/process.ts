/** The binary as a process of its own. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
  json<T = Record<string, unknown>>(): T;
}

const PROGRAM = path.join(import.meta.dirname, '..', '..', 'bin', 'daybook.js');

/** Runs `daybook` with some words and waits for its end. */
export async function daybook(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = spawn(process.execPath, ['--conditions=source', PROGRAM, ...words], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, errors, json: <T>() => JSON.parse(out) as T };
}

/** A `daybook` that runs until it is told to end. */
export interface Running {
  readonly child: ChildProcess;
  /** The next line of standard output, as JSON, that is meant; fails when it ends before. */
  next<T extends object>(isMeant: (line: T) => boolean): Promise<T>;
  /** SIGTERM. @returns the exit code */
  stop(): Promise<number | null>;
}

/** Starts `daybook` with some words, which end in `--json`. */
export function startDaybook(words: readonly string[]): Running {
  const child = spawn(process.execPath, ['--conditions=source', PROGRAM, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    next: async <T extends object>(isMeant: (line: T) => boolean) => {
      while (true) {
        const { done, value } = await lines.next();
        if (done === true) throw new Error(`daybook ended with ${String(await ended)}`);
        const line = JSON.parse(value) as T;
        if (isMeant(line)) return line;
      }
    },
    stop: async () => {
      child.kill('SIGTERM');
      return await ended;
    },
  };
}
