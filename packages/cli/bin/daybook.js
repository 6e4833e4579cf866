#!/usr/bin/env node
// Runs the command line of this package; everything is in src/main.ts. In a checkout that was not
// built yet it runs the sources, in a process of its own, because conditions hold from the start.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CONDITION = '--conditions=source';
const words = process.argv.slice(2);
const isBuilt = existsSync(new URL('../dist/index.js', import.meta.url));
const isSource = [...process.execArgv, process.env.NODE_OPTIONS ?? '']
  .join(' ')
  .includes(CONDITION);

if (isBuilt || isSource) {
  const { main } = await import('@daybook/cli');
  process.exitCode = await main(words);
  // Whatever was asked for has been answered: what a library may still hold open is not waited for.
  setTimeout(() => process.exit(), 1000).unref();
} else {
  const program = fileURLToPath(import.meta.url);
  const command = [...process.execArgv, CONDITION, program, ...words];
  const child = spawn(process.execPath, command, { stdio: 'inherit' });
  // Ctrl-C reaches both; the child decides how to end.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 70);
  });
}
