/**
 * `npm test`, the single gate: lint, types, generated files, then every test, in that order.
 * Each of the first three counts as one test, and so do the seeds of the simulator and the bundle of
 * the daemon; a stage that dies counts as one failed test.
 * The time-out of a test (.mocharc.json) is only against hanging, and no measure of anything.
 * The last line is always `N passed, N failed, N skipped`; the exit code says whether N failed is 0.
 *
 *   npm test                          everything
 *   npm test -- consensus state       only the tests of these packages
 *   npm test -- test/tidy.test.ts     only this file
 *   npm test -- --grep 'spec R5'      only the tests whose full name matches
 *   npm test -- --stage lint,types    only these stages: lint types generated unit simulated
 *                                     seeds whole
 */
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseOptions } from './options.ts';
import type { RunSummary } from './test-reporter.ts';

const ROOT = join(import.meta.dirname, '..');
const STAGES = ['lint', 'types', 'generated', 'unit', 'simulated', 'seeds', 'whole'] as const;
type Stage = (typeof STAGES)[number];

/**
 * Tests that start real nodes or measure time: one file after the other, so that two clusters
 * never share two cores. Everything else runs in parallel.
 */
const SERIAL_GLOBS = [
  'test/e2e/**/*.test.ts',
  'test/readme.test.ts',
  'packages/*/test/e2e/**/*.test.ts',
];
/** Tests of the simulator: they switch what only the import condition `simulation` lets them. */
const SIMULATED_GLOBS = ['packages/testkit/test/sim/**/*.test.ts'];
/**
 * A thousand seeds must also have visited what a series of that length must, and a validator may
 * die at any point of its disk work (docs/simulator.md).
 */
const SIMULATOR = 'node --conditions=source --conditions=simulation scripts/sim.ts';
const ALL_GLOBS = ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'];
/**
 * Files that take longest, the longest first: begun last, one of them would run alone while the
 * other cores have nothing left to do.
 */
const LONGEST = [
  'test/fuzz.test.ts',
  'packages/testkit/test/sim/twins.test.ts',
  'packages/testkit/test/sim/seeds.test.ts',
  'packages/testkit/test/sim/strategies.test.ts',
  'packages/testkit/test/sim/scenarios/machines.test.ts',
  'test/audit/rules.test.ts',
];

/**
 * Only against hanging: what still runs so long after the start is stopped and counts as failed, so
 * that a report is given before the patience of a CI machine, thirty minutes, is over.
 */
const HANGING_MS = 28 * 60_000;
const STARTED_MS = performance.now();
/** After its summary a mocha run has this long to end; later means that it left something open. */
const LINGER_MS_MAX = 15_000;
const SLOWEST_MAX = 12;
/**
 * The tests start hundreds of processes from the same sources; compiled once, they take a third less
 * CPU (measured on two files that start clusters).
 */
const COMPILE_CACHE = join(ROOT, 'node_modules/.cache/compiled');

interface Run {
  readonly code: number | string;
  readonly ms: number;
}

interface Total {
  passed: number;
  failed: number;
  skipped: number;
  readonly slowest: { title: string; ms: number }[];
  readonly failedStages: string[];
}

async function main(): Promise<void> {
  const { values, positionals } = parseOptions(import.meta.filename, {
    allowPositionals: true,
    options: { grep: { type: 'string' }, stage: { type: 'string' } },
  });
  const filtered = positionals.length > 0 || values.grep !== undefined;
  const stages = chooseStages(values.stage, filtered);
  const files = testFiles(positionals);
  const total: Total = { passed: 0, failed: 0, skipped: 0, slowest: [], failedStages: [] };

  if (stages.includes('lint')) await runCheck(total, 'lint', ['biome check --error-on-warnings .']);
  if (stages.includes('types'))
    await runCheck(total, 'types', ['tsc -b', 'tsc -p tsconfig.test.json']);
  if (stages.includes('generated')) {
    await runCheck(total, 'generated files', [
      'node --conditions=source scripts/generate.ts --check',
    ]);
  }
  if (stages.includes('unit')) {
    await runMocha(total, 'unit', { files: files.parallel, grep: values.grep, parallel: true });
  }
  if (stages.includes('simulated')) {
    const run = { files: files.simulated, grep: values.grep, parallel: true };
    await runMocha(total, 'simulated', { ...run, conditions: 'simulation' });
  }
  if (stages.includes('seeds')) {
    await runCheck(
      total,
      'seeds',
      ['--seeds 1000', '--seeds 50 --twice', '--crash-points'].map(
        (options) => `${SIMULATOR} ${options}`,
      ),
    );
  }
  if (stages.includes('whole') && files.serial.length > 0) {
    // Real nodes start as operators start them, and with half the CPU.
    await runCheck(total, 'bundle', ['node scripts/bundle.ts']);
    const run = { files: files.serial, grep: values.grep, parallel: false };
    await runMocha(total, 'whole', { ...run, conditions: 'bundle' });
  }

  report(total, performance.now() - STARTED_MS);
}

function chooseStages(requested: string | undefined, filtered: boolean): readonly Stage[] {
  if (requested === undefined) return filtered ? ['unit', 'simulated', 'whole'] : STAGES;
  return requested.split(',').map((name) => {
    const stage = STAGES.find((known) => known === name);
    if (stage === undefined) fail(`there is no stage '${name}'; stages: ${STAGES.join(', ')}`);
    return stage;
  });
}

interface TestFiles {
  readonly serial: string[];
  readonly simulated: string[];
  readonly parallel: string[];
}

function testFiles(filters: readonly string[]): TestFiles {
  const globs = filters.length === 0 ? ALL_GLOBS : filters.map(toGlob);
  const chosen = globSync(globs, { cwd: ROOT }).sort();
  const slow = new Set(globSync(SERIAL_GLOBS, { cwd: ROOT }));
  const simulated = new Set(globSync(SIMULATED_GLOBS, { cwd: ROOT }));
  if (chosen.length === 0) fail(`no test file matches ${globs.join(' ')}`);
  return {
    serial: chosen.filter((file) => slow.has(file)),
    simulated: longestFirst(chosen.filter((file) => simulated.has(file))),
    parallel: longestFirst(chosen.filter((file) => !slow.has(file) && !simulated.has(file))),
  };
}

function longestFirst(files: readonly string[]): string[] {
  return [...new Set([...LONGEST.filter((file) => files.includes(file)), ...files])];
}

function toGlob(filter: string): string {
  const isPackage = existsSync(join(ROOT, 'packages', filter));
  return isPackage ? `packages/${filter}/test/**/*.test.ts` : filter;
}

/** Runs commands that prove one thing; together they count as one test. */
async function runCheck(total: Total, title: string, commands: readonly string[]): Promise<void> {
  const startedMs = performance.now();
  let failed = false;
  for (const command of commands) {
    console.log(`\n== ${title}: ${command}`);
    const run = await start(command.split(' '), {});
    failed ||= run.code !== 0;
  }
  total.slowest.push({ title, ms: Math.round(performance.now() - startedMs) });
  if (failed) {
    total.failed += 1;
    total.failedStages.push(title);
  } else {
    total.passed += 1;
  }
}

interface MochaRun {
  readonly files: readonly string[];
  readonly grep: string | undefined;
  readonly parallel: boolean;
  /** Import condition beside `source`, of this run and the nodes that it starts. */
  readonly conditions?: string;
}

async function runMocha(total: Total, title: string, run: MochaRun): Promise<void> {
  if (run.files.length === 0) return;
  console.log(`\n== ${title}: ${run.files.length} files${run.parallel ? ', in parallel' : ''}`);
  const folder = mkdtempSync(join(tmpdir(), 'daybook-test-'));
  const summaryFile = join(folder, 'summary.json');
  const env = {
    TEST_SUMMARY_FILE: summaryFile,
  };
  const { code } = await start(mochaCommand(run), env, summaryFile);
  const summary = existsSync(summaryFile)
    ? (JSON.parse(readFileSync(summaryFile, 'utf8')) as RunSummary)
    : undefined;
  rmSync(folder, { recursive: true, force: true });

  total.passed += summary?.passed ?? 0;
  total.failed += summary?.failed ?? 0;
  total.skipped += summary?.skipped ?? 0;
  total.slowest.push(...(summary?.slowest ?? []));
  if (code === 0 && summary !== undefined) return;
  if ((summary?.failed ?? 0) === 0) total.failed += 1;
  total.failedStages.push(`${title} (ended with ${code})`);
}

function mochaCommand({ files, grep, parallel, conditions }: MochaRun): string[] {
  const jobs = String(Math.max(2, availableParallelism()));
  return [
    'mocha',
    `--reporter=${join(ROOT, 'scripts/test-reporter.ts')}`,
    ...(conditions === undefined ? [] : [`--node-option=conditions=${conditions}`]),
    ...(grep === undefined ? [] : ['--grep', grep]),
    ...(parallel ? ['--parallel', '--jobs', jobs] : ['--forbid-only']),
    ...files,
  ];
}

/**
 * Starts a program of node_modules/.bin and waits for its end. Its output goes straight through.
 * A program that outlives its limit is stopped together with what it started.
 */
function start(
  [name = '', ...args]: readonly string[],
  env: Record<string, string>,
  summaryFile?: string,
): Promise<Run> {
  const startedMs = performance.now();
  const program = name === 'node' ? process.execPath : join(ROOT, 'node_modules/.bin', name);
  const path = `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH ?? ''}`;
  const child = spawn(program, args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PATH: path, NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
    detached: true,
  });
  const stopGroup = (): void => killGroup(child.pid);
  process.once('SIGINT', stopGroup).once('SIGTERM', stopGroup);
  return new Promise((resolve) => {
    const stopped = watch(child.pid, summaryFile);
    const end = (code: number | string): void => {
      clearInterval(stopped.timer);
      process.off('SIGINT', stopGroup).off('SIGTERM', stopGroup);
      resolve({ code: stopped.reason ?? code, ms: performance.now() - startedMs });
    };
    child.on('error', (error) => end(error.message));
    child.on('close', (code, signal) => end(code ?? signal ?? 'no exit code'));
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group has ended by itself in the meantime: nothing is left to stop.
  }
}

function watch(
  pid: number | undefined,
  summaryFile: string | undefined,
): { timer: NodeJS.Timeout; reason: string | undefined } {
  let summaryAtMs: number | undefined;
  const state = {
    reason: undefined as string | undefined,
    timer: setInterval(() => {
      const nowMs = performance.now();
      if (summaryFile !== undefined && existsSync(summaryFile)) summaryAtMs ??= nowMs;
      const lingers = summaryAtMs !== undefined && nowMs - summaryAtMs > LINGER_MS_MAX;
      if (!lingers && nowMs - STARTED_MS < HANGING_MS) return;
      state.reason = lingers ? 'tests that left something running' : 'a timeout';
      killGroup(pid);
    }, 500),
  };
  return state;
}

function report(total: Total, ms: number): void {
  const slowest = total.slowest.sort((a, b) => b.ms - a.ms).slice(0, SLOWEST_MAX);
  console.log(
    `\nSlowest:\n${slowest.map((t) => `  ${String(t.ms).padStart(6)} ms  ${t.title}`).join('\n')}`,
  );
  console.log(`Total: ${(ms / 1000).toFixed(1)} s`);
  if (total.failedStages.length > 0) console.log(`Failed: ${total.failedStages.join(', ')}`);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

await main();
