/**
 * Local clusters for trying out and for integration tests: real processes on free ports in a folder
 * of their own, any number side by side. The test kit does the work and is loaded only here.
 */
import { spawn } from 'node:child_process';
import { openSync, rmSync } from 'node:fs';
import path from 'node:path';
import { toHex } from '@daybook/core';
import type { RunningCluster } from '../clusters/registry.ts';
import {
  announceCluster,
  findCluster,
  forgetCluster,
  listClusters,
  logFileOf,
  waitForCluster,
  waitForEnd,
} from '../clusters/registry.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import { withPatience } from '../frame/progress.ts';
import { renderPairs, renderTable } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { answer, remark } from '../print.ts';

const NAMES = ['finance', 'health', 'education', 'audit', 'transport', 'justice', 'labour'];
const NODES_MAX = 30;

/** Officers for every role of the applications, so that everything can be tried. */
export const OFFICERS = [
  { name: 'admin', roles: ['directory.administrator', 'governance.delegate'] },
  { name: 'treasurer', roles: ['treasury.appropriator'] },
  { name: 'budgeter', roles: ['treasury.budgeter'] },
  { name: 'payer', roles: ['treasury.payer'] },
  { name: 'controller', roles: ['treasury.controller'] },
  { name: 'buyer', roles: ['procurement.buyer', 'procurement.publisher'] },
  { name: 'evaluator', roles: ['procurement.evaluator'] },
  { name: 'seller', roles: ['procurement.tenderer'] },
  { name: 'analyst', roles: ['risk.analyst'] },
  { name: 'releaser', roles: ['risk.releaser'] },
  { name: 'auditor', roles: ['audit.auditor', 'audit.monitor'] },
  // A report takes two of one organisation.
  { name: 'inspector', roles: ['audit.auditor'] },
  { name: 'respondent', roles: ['audit.respondent', 'oversight.respondent'] },
  {
    name: 'registrar',
    roles: ['oversight.registrar', 'oversight.custodian', 'timestamps.authority'],
  },
];

function memberOf(index: number, validators: number) {
  const slug = NAMES[index] ?? `department-${index + 1}`;
  const node = index < validators ? ('validator' as const) : ('observer' as const);
  return { slug, title: { en: slug, zh: slug }, officers: OFFICERS, node };
}

async function start(input: Input, world: World): Promise<Exit> {
  const name = input.text('name');
  if (!/^[a-z0-9-]{2,40}$/.test(name)) {
    const expected = '2 to 40 of a-z, 0-9 and -';
    throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--name', expected });
  }
  if (findCluster(name) !== undefined) {
    const expected = `another name: a cluster "${name}" runs already`;
    throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--name', expected });
  }
  return input.flag('detach')
    ? await startDetached(name, input, world)
    : await startHere(name, input, world);
}

async function startHere(name: string, input: Input, world: World): Promise<Exit> {
  const validators = input.integer('validators', { min: 1, max: NODES_MAX }) ?? 4;
  const observers = input.integer('observers', { min: 0, max: NODES_MAX }) ?? 0;
  const { createCluster } = await import('@daybook/testkit');
  const directory = input.optionalText('directory');
  const members = Array.from({ length: validators + observers }, (_, index) =>
    memberOf(index, validators),
  );
  // An observer, if there is one: tables take processor time that validators need.
  const tables = input.flag('sql') ? members[Math.min(validators, members.length - 1)] : undefined;
  const cluster = await createCluster({
    name,
    members,
    ...(directory !== undefined && { directory: path.resolve(directory) }),
    ...(tables !== undefined && { tables: [tables.slug] }),
  });
  try {
    await withPatience('Starting the nodes', world, cluster.start().catch(notStarted));
    const running = announceCluster({
      name,
      directory: cluster.directory,
      descriptionFile: cluster.descriptionFile,
      chain: toHex(cluster.genesis.chain),
      urls: cluster.nodes.map(({ apiUrl }) => apiUrl),
      ...(tables !== undefined && { sqlUrl: cluster.node(tables.slug).apiUrl }),
    });
    answerCluster(running, { input, world });
    remark(world, 'Ctrl-C stops it.');
    await untilAborted(world.signal);
  } finally {
    if (input.flag('keep')) await cluster.stop();
    else await cluster.remove();
    forgetCluster(name);
  }
  return 'done';
}

function notStarted(cause: unknown): never {
  const fact = cause instanceof Error ? cause.message : String(cause);
  throw new CliError({ code: 'CLI_CLUSTER_FAILED', fact }, { cause });
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Runs the same command without --detach as a process of its own, and waits until it is ready. */
async function startDetached(name: string, input: Input, world: World): Promise<Exit> {
  const words = ['cluster', 'start', '--name', name];
  for (const option of ['validators', 'observers', 'directory']) {
    const value = input.optionalText(option);
    if (value !== undefined) words.push(`--${option}`, value);
  }
  for (const flag of ['keep', 'sql']) if (input.flag(flag)) words.push(`--${flag}`);
  const logFile = logFileOf(name);
  const log = openSync(logFile, 'a');
  const [, program = ''] = process.argv;
  const child = spawn(process.execPath, [...process.execArgv, program, ...words], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  const ended = new Promise<'ended'>((resolve, reject) => {
    child.once('exit', () => resolve('ended'));
    child.once('error', reject);
  });
  const first = await withPatience(
    'Starting the nodes',
    world,
    Promise.race([waitForCluster(name, world.signal), ended.catch(notStarted)]),
  );
  child.unref();
  if (first === 'ended' || first === undefined) {
    throw new CliError({ code: 'CLI_CLUSTER_FAILED', fact: `See ${logFile}.` });
  }
  answerCluster(first, { input, world });
  return 'done';
}

function answerCluster(
  cluster: RunningCluster,
  { input, world }: { readonly input: Input; readonly world: World },
): void {
  answer(input, world, {
    json: cluster,
    lines: (paint) =>
      renderPairs(
        [
          { title: 'Name', text: cluster.name },
          { title: 'Chain', text: cluster.chain },
          { title: 'Folder', text: cluster.directory },
          { title: 'Description', text: cluster.descriptionFile },
          ...cluster.urls.map((url) => ({
            title: url === cluster.sqlUrl ? 'Node with SQL' : 'Node',
            text: url,
          })),
        ],
        paint,
      ),
  });
}

async function stop(input: Input, world: World): Promise<Exit> {
  const name = input.operand('name');
  const cluster = findCluster(name);
  if (cluster === undefined) throw new CliError({ code: 'CLI_CLUSTER_UNKNOWN', name });
  process.kill(cluster.pid, 'SIGTERM');
  await withPatience('Stopping the nodes', world, waitForEnd(name, world.signal));
  rmSync(logFileOf(name), { force: true });
  answer(input, world, { json: { name, stopped: true }, lines: () => `${name} has stopped.` });
  return 'done';
}

async function list(input: Input, world: World): Promise<Exit> {
  const clusters = listClusters();
  answer(input, world, {
    json: clusters,
    lines: (paint) => {
      const rows = clusters.map(({ name, pid, urls, directory }) => [
        name,
        String(pid),
        urls[0] ?? '',
        directory,
      ]);
      const titles = ['Name', 'Process', 'First node', 'Folder'];
      return rows.length === 0 ? 'None.' : renderTable(titles, rows, paint);
    },
  });
  return 'done';
}

export const CLUSTER_VERBS: readonly Verb[] = [
  {
    words: ['cluster', 'start'],
    title: 'Start a local cluster, for trying out and for tests.',
    help: 'Keys, genesis and ports are made for it; cluster.json in its folder describes it.',
    operands: [],
    options: {
      name: { value: 'NAME', help: 'To tell clusters apart.', default: 'local' },
      validators: { value: 'COUNT', help: 'Fewer than four tolerate no fault.', default: '4' },
      observers: { value: 'COUNT', help: 'Nodes without a vote.', default: '0' },
      directory: { value: 'FOLDER', help: 'Where to make its folder; that for temporary files.' },
      keep: { help: 'Keep the folder when it stops.' },
      sql: {
        help: 'One node keeps SQL tables: the first observer, or the last of the validators.',
      },
      detach: { help: 'Return when it runs; daybook cluster stop ends it.' },
    },
    examples: [
      'cluster start',
      'cluster start --name try --observers 1 --detach --json',
      'cluster start --sql',
    ],
    runsUntilTold: true,
    run: start,
  },
  {
    words: ['cluster', 'stop'],
    title: 'Stop a local cluster.',
    operands: [{ name: 'name', help: 'Its name.' }],
    options: {},
    run: stop,
  },
  {
    words: ['cluster', 'list'],
    title: 'List the local clusters that run.',
    operands: [],
    options: {},
    run: list,
  },
];
