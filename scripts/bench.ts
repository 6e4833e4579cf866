/**
 * `npm run bench`: how fast four validators and an observer take in real payments on this machine,
 * and how long one payment takes to be final, alone and beside a running import.
 *
 *   npm run bench                    three runs, a fresh cluster each
 *   npm run bench -- --runs 5        more runs
 *   npm run bench -- --files 38      more of the large data set (6 files by default)
 *   npm run bench -- --json          one JSON object as the last line
 *
 * Figures of different machines cannot be compared; their ratios to the signature checks that one
 * core of the same machine does in the same run can.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import type { Figure } from './bench/figures.ts';
import { renderFigure, summarise } from './bench/figures.ts';
import { describeMachine, verificationsPerSecond } from './bench/machine.ts';
import { numberOf, parseOptions } from './options.ts';
import { DEPARTMENTS } from './start/departments.ts';
import type { Ledger } from './start/ledger.ts';
import { openLedger } from './start/ledger.ts';
import { readSample } from './start/samples.ts';
import { percentile } from './start/survey.ts';

const PARAMETERS = { blockIntervalMs: 50, roundBaseMs: 1000 };
const SAMPLES = 50;

interface Options {
  readonly runs: number;
  readonly files: number;
  readonly json: boolean;
}

/** What one run measured. */
interface Run {
  readonly verifications: number;
  readonly imported: number;
  readonly idle: readonly number[];
  readonly loaded: readonly number[];
}

function readOptions(): Options {
  const { values } = parseOptions(import.meta.filename, {
    options: {
      runs: { type: 'string', default: '3' },
      files: { type: 'string', default: '6' },
      json: { type: 'boolean', default: false },
    },
  });
  return {
    runs: numberOf(values.runs, 'runs'),
    files: numberOf(values.files, 'files'),
    json: values.json,
  };
}

/** One small transaction of its own: an organisation says where its identity document lies. */
async function finalityOf(ledger: Ledger, cluster: Cluster, sample: number): Promise<number> {
  const [member] = cluster.genesis.document.organisations;
  const organisation = member?.slug ?? '';
  const author = ledger.authorFor({ organisation, role: 'directory.administrator' });
  const args = { organisation, did: `did:web:${organisation}.example:${sample}` };
  const call = { contract: 'directory', action: 'setAlias', args };
  const transaction = await ledger.client.sign([author], [call]);
  const sentMs = performance.now();
  const outcome = await ledger.client.submit(transaction, { startAt: sample });
  if (outcome.state !== 'committed') throw new Error(JSON.stringify(outcome));
  return performance.now() - sentMs;
}

/** As many as `SAMPLES`, or fewer when `isOver` says so. */
async function sampleFinality(
  ledger: Ledger,
  cluster: Cluster,
  isOver: () => boolean,
): Promise<readonly number[]> {
  const times: number[] = [];
  while (times.length < SAMPLES && !isOver()) {
    times.push(await finalityOf(ledger, cluster, times.length));
  }
  return times;
}

async function measure(cluster: Cluster, files: number): Promise<Run> {
  const ledger = openLedger(cluster);
  const verifications = verificationsPerSecond();
  const large = readSample('uk-cabinet-office-spend', files);
  const imported = await ledger.importSample(large, { batchCount: 128, inFlight: 6 });
  const idle = await sampleFinality(ledger, cluster, () => false);
  let isOver = false;
  const load = async (): Promise<void> => {
    try {
      await ledger.importSample(readSample('epsrc-spend'), { batchCount: 32, inFlight: 4 });
    } finally {
      isOver = true;
    }
  };
  const sampling = sampleFinality(ledger, cluster, () => isOver);
  const [loaded] = await Promise.all([sampling, load()]);
  return { verifications, imported: imported.perSecond, idle, loaded };
}

async function runOnce(folder: string, files: number): Promise<Run> {
  const cluster = await startCluster({
    members: DEPARTMENTS,
    name: 'bench',
    directory: folder,
    parameters: PARAMETERS,
  });
  try {
    return await measure(cluster, files);
  } finally {
    await cluster.remove();
  }
}

function figuresOf(runs: readonly Run[]): readonly Figure[] {
  const each = (pick: (run: Run) => number): readonly number[] => runs.map(pick);
  const at = (share: number, pick: (run: Run) => readonly number[]): readonly number[] =>
    each((run) => percentile(pick(run), share));
  return [
    { name: 'import, two signatures each', unit: 'payments/s', values: each((r) => r.imported) },
    { name: 'finality idle, p50', unit: 'ms', values: at(0.5, (r) => r.idle) },
    { name: 'finality idle, p99', unit: 'ms', values: at(0.99, (r) => r.idle) },
    { name: 'finality beside an import, p50', unit: 'ms', values: at(0.5, (r) => r.loaded) },
    { name: 'finality beside an import, p99', unit: 'ms', values: at(0.99, (r) => r.loaded) },
    { name: 'signature checks, one core', unit: 'checks/s', values: each((r) => r.verifications) },
    {
      name: 'import per 1000 checks',
      unit: 'payments',
      values: each((r) => (1000 * r.imported) / r.verifications),
    },
  ];
}

async function main(): Promise<void> {
  const { runs: count, files, json } = readOptions();
  const machine = describeMachine();
  const { cpu, cores, memoryGib, runtime, commit, load } = machine;
  const tell = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  tell(`${cpu}, ${cores} cores, ${memoryGib} GiB, Node.js ${runtime}, commit ${commit}`);
  if (load > 0.5)
    tell(`the machine is busy (load ${load.toFixed(1)}): these figures are not clean`);
  const folder = await mkdtemp(path.join(tmpdir(), 'daybook-bench-'));
  const runs: Run[] = [];
  try {
    for (let run = 1; run <= count; run++) {
      tell(`run ${run} of ${count}`);
      runs.push(await runOnce(folder, files));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const figures = figuresOf(runs);
  tell('\n  median of all runs, least to most, spread');
  for (const figure of figures) tell(renderFigure(figure));
  if (!json) return;
  const summaries = figures.map((figure) => ({ ...figure, ...summarise(figure.values) }));
  process.stdout.write(`${JSON.stringify({ machine, files, figures: summaries })}\n`);
}

await main();
// Sockets kept alive for more requests would hold the process for some seconds.
process.exit();
