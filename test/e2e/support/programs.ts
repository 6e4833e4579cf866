/** Programs of this repository run to their end as processes of their own. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { daemonPath } from '@daybook/node';

export interface Run {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Only against hanging: programs start slowly where many tests run. */
const HANGING_MS = 300_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface ProgramOptions {
  /** Folder of a copy of the repository; this one by default. */
  readonly root?: string;
  readonly timeoutMs?: number;
  /** Added to the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs a file of the repository with this runtime and its flags: sources as sources. */
export function runProgram(
  file: string,
  words: readonly string[],
  { root = ROOT, timeoutMs = HANGING_MS, environment = {} }: ProgramOptions = {},
): Promise<Run> {
  const command = [...process.execArgv, file, ...words];
  const env = { ...process.env, ...environment };
  const options = { cwd: root, env, timeout: timeoutMs, maxBuffer: OUTPUT_BYTES_MAX };
  return new Promise((resolve) => {
    execFile(process.execPath, command, options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : Number(error.code ?? -1);
      resolve({ exitCode, stdout, stderr });
    });
  });
}

/** The command line `daybook`. */
export function runDaybook(words: readonly string[], options: ProgramOptions = {}): Promise<Run> {
  return runProgram('packages/cli/bin/daybook.js', words, options);
}

/** The daemon `daybookd`, to the end of its process: what it says, whichever stream it says it on. */
export async function runDaemon(
  ...words: readonly string[]
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const { exitCode, stdout, stderr } = await runProgram(daemonPath(), words);
  return { exitCode, output: `${stdout}${stderr}` };
}

/** A changed copy of a configuration file, beside it. @returns its path */
export async function changedConfig(
  file: string,
  change: (text: string) => string,
): Promise<string> {
  const changed = path.join(path.dirname(file), 'changed.yaml');
  await writeFile(changed, change(await readFile(file, 'utf8')));
  return changed;
}
