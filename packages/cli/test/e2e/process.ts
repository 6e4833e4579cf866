/** The binary as a process of its own. */
import { spawn } from 'node:child_process';
import path from 'node:path';

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
