/**
 * The main job, `npm start`: four departments and an observer as processes of their own, three years
 * of real public spending imported with one validator killed on the way, then a report. Stays up
 * until Ctrl-C.
 *
 *   npm start                      run it, then explore
 *   npm start -- --once            stop after the report
 *   npm start -- --once --json     the report as one JSON object, the last line of the output;
 *                                  `{ "error": { "message", "logs" } }` if it came to no report
 *   npm start -- --files 3         only the newest three files of the large data set, and of the
 *                                  small one 300 lines
 *
 * `finalityMs` is measured on the smaller data set: each payment is a request of its own, timed from
 * handing it in over HTTP to the answer that it is final, four at a time.
 *
 * Measured on 2 cores of an EPYC that did nothing else, median of five runs: 83 s in all, 520
 * payments/s with the outage (490 to 559; without it up to 611), finality p50 77 ms, p99 127 ms, the
 * killed node level again after 15 s.
 */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Cluster } from '@daybook/testkit';
import { createCluster } from '@daybook/testkit';
import { answerHelp } from './options.ts';
import { DEPARTMENTS } from './start/departments.ts';
import type { JobResult, Samples } from './start/job.ts';
import { runJob } from './start/job.ts';
import type { Ledger } from './start/ledger.ts';
import { openLedger } from './start/ledger.ts';
import { showReport, showTrail, showUrls } from './start/narration.ts';
import type { Report } from './start/report.ts';
import { buildReport, checksOf } from './start/report.ts';
import { readSample } from './start/samples.ts';
import type { Screen } from './start/screen.ts';
import { createScreen, duration } from './start/screen.ts';

/** Blocks as fast as five processes on a small machine make them well. */
const PARAMETERS = { blockIntervalMs: 50, roundBaseMs: 1000, emptyIntervalMs: 10_000 };
const EXIT = { good: 0, bad: 1, usage: 2, interrupted: 130 } as const;
const JSON_FLAG = '--json';

interface Options {
  readonly once: boolean;
  readonly json: boolean;
  readonly filesMax: number | undefined;
}

function readOptions(): Options {
  answerHelp(import.meta.filename);
  const { values } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      files: { type: 'string' },
    },
  });
  const filesMax = values.files === undefined ? undefined : Number(values.files);
  if (filesMax !== undefined && !(Number.isInteger(filesMax) && filesMax > 0)) {
    throw new Error(`--files takes a number of files, not ${values.files}`);
  }
  return { once: values.once, json: values.json, filesMax };
}

/** Resolves with the first request to stop. */
function stopRequest(): Promise<'stop'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => resolve('stop'));
  });
}

async function startNodes(cluster: Cluster, screen: Screen): Promise<void> {
  screen.heading('Starting four validators and one observer, a process each');
  const startedMs = performance.now();
  await cluster.start();
  for (const node of cluster.nodes) {
    screen.fact(node.slug, `${node.role}, process ${node.process.pid()}`);
  }
  screen.fact('ready after', duration(performance.now() - startedMs));
}

/** @returns the report, and whether everything was as it should be */
async function judge(
  { findings, example }: JobResult,
  { ledger, screen }: { readonly ledger: Ledger; readonly screen: Screen },
): Promise<{ readonly report: Report; readonly good: boolean }> {
  const report = buildReport(findings);
  showReport(report, findings, screen);
  await showTrail(ledger.client, { example, proof: findings.proof }, screen);
  screen.heading('Verdict');
  const checks = checksOf(report, findings);
  for (const { title, holds } of checks) {
    if (holds) screen.good(title);
    else screen.bad(title);
  }
  return { report, good: checks.every(({ holds }) => holds) };
}

/** Everything between start and stop of the nodes. @returns the exit code */
async function work(cluster: Cluster, folder: string, options: Options): Promise<number> {
  // With --json the one line on stdout is the report; what people read goes to stderr.
  const screen = createScreen(options.json ? process.stderr : process.stdout);
  const stopped = stopRequest();
  const samples: Samples = {
    large: readSample('uk-cabinet-office-spend', options.filesMax),
    small: readSample('epsrc-spend', 1, (options.filesMax ?? Number.POSITIVE_INFINITY) * 100),
  };
  const ledger = openLedger(cluster);
  const job = async (): Promise<JobResult> => {
    await startNodes(cluster, screen);
    return await runJob(samples, { cluster, ledger, screen, folder });
  };
  const result = await Promise.race([job(), stopped]);
  if (result === 'stop')
    return giveUp('interrupted before the report', { exitCode: EXIT.interrupted });
  const { report, good } = await judge(result, { ledger, screen });
  const json = JSON.stringify(report);
  if (options.once) {
    await cluster.stop();
  } else {
    showUrls(cluster, result.example, screen);
    await stopped;
    screen.line('stopping …');
    await cluster.stop();
    screen.line('stopped');
  }
  if (options.json) process.stdout.write(`${json}\n`);
  return good ? EXIT.good : EXIT.bad;
}

interface GivingUp {
  readonly exitCode: number;
  /** Folder with what the nodes logged. */
  readonly logs?: string;
}

/** Ends without a report: in words on stderr and, where JSON is asked for, as its last line. */
function giveUp(message: string, { exitCode, logs }: GivingUp): number {
  process.stderr.write(`${message}\n`);
  if (logs !== undefined) process.stderr.write(`logs are kept in ${logs}\n`);
  if (process.argv.includes(JSON_FLAG)) {
    process.stdout.write(`${JSON.stringify({ error: { message, logs } })}\n`);
  }
  return exitCode;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function main(options: Options): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'daybook-start-'));
  const cluster = await createCluster({
    members: DEPARTMENTS,
    name: 'uk-public-spending',
    directory: folder,
    parameters: PARAMETERS,
  });
  try {
    await copyFile(cluster.genesisFile, path.join(folder, 'genesis.json'));
    const exitCode = await work(cluster, folder, options);
    if (exitCode !== EXIT.bad) await cluster.remove();
    // Without a report there is no proof file either.
    if (exitCode === EXIT.interrupted) await rm(folder, { recursive: true });
    return exitCode;
  } catch (error) {
    await cluster.stop();
    return giveUp(messageOf(error), { exitCode: EXIT.bad, logs: cluster.directory });
  }
}

/** Reads the command line, runs the job. @returns the exit code */
async function run(): Promise<number> {
  let options: Options;
  try {
    options = readOptions();
  } catch (error) {
    return giveUp(messageOf(error), { exitCode: EXIT.usage });
  }
  try {
    return await main(options);
  } catch (error) {
    return giveUp(messageOf(error), { exitCode: EXIT.bad });
  }
}

process.exitCode = await run();
// Sockets kept alive for more requests would hold the process for some seconds.
process.exit();
