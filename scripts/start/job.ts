/**
 * The steps of the main job on a running consortium: import with an accident in the middle, single
 * payments for the finality, the import again, and the survey. Tells what it does; judges nothing.
 */
import path from 'node:path';
import type { ImportReport } from '@daybook/cli';
import { createClient } from '@daybook/client';
import type { Cluster } from '@daybook/testkit';
import { VICTIM } from './departments.ts';
import type { Ledger } from './ledger.ts';
import type { Outage } from './outage.ts';
import { createOutage } from './outage.ts';
import type { Findings } from './report.ts';
import type { Sample } from './samples.ts';
import type { Screen } from './screen.ts';
import { bar, count, duration } from './screen.ts';
import { sumSpent, surveyChain } from './survey.ts';
import type { PaymentKey } from './trail.ts';
import { saveProof, verifyFile } from './trail.ts';

export interface JobParts {
  readonly cluster: Cluster;
  readonly ledger: Ledger;
  readonly screen: Screen;
  /** Where the proof file is written. */
  readonly folder: string;
}

export interface Samples {
  /** Imported in batches, with the accident in the middle. */
  readonly large: Sample;
  /** Imported payment by payment, for the finality. */
  readonly small: Sample;
}

export interface JobResult {
  readonly findings: Findings;
  /** The payment whose trail and proof are shown. */
  readonly example: PaymentKey;
}

const BATCH_COUNT = 128;
const IN_FLIGHT = 6;
/** Single payments under way at a time: enough to end soon, too few to fill blocks. */
const SINGLES_IN_FLIGHT = 4;

export async function runJob(samples: Samples, parts: JobParts): Promise<JobResult> {
  const { cluster, ledger, screen } = parts;
  const outage = createOutage({
    victim: cluster.node(VICTIM),
    statusOf: async (apiUrl) => await statusOf(cluster, apiUrl),
    others: cluster.nodes.filter(({ slug }) => slug !== VICTIM).map(({ apiUrl }) => apiUrl),
    tell: (text) => screen.line(`  ! ${text}`),
  });

  screen.heading(`Importing: ${samples.large.title}, ${samples.large.files.length} files`);
  const large = await importLarge(samples.large, { ...parts, outage });
  const killedNodeCaughtUpMs = await outage.finish();
  screen.heading(`Importing: ${samples.small.title}, payment by payment`);
  const { report: small, finalityMs } = await importSmall(samples.small, parts);
  screen.heading('Importing everything a second time');
  const second = await importAgain(samples, parts);

  const example = largestPayment(large);
  const file = path.join(parts.folder, 'payment.daybook-proof');
  await saveProof(ledger.client, example, file);
  const findings: Findings = {
    validators: cluster.nodes.filter(({ role }) => role === 'validator').length,
    observers: cluster.nodes.filter(({ role }) => role === 'observer').length,
    survey: await surveyChain(cluster, ledger.client),
    first: [large, small],
    second,
    importPerSecond: large.perSecond,
    finalityMs,
    killedNodeCaughtUpMs,
    proof: await verifyFile(file, cluster.genesisFile),
    spent: await sumSpent(ledger.client),
  };
  return { findings, example };
}

async function statusOf({ genesis: { chain } }: Cluster, apiUrl: string) {
  return await createClient({ urls: [apiUrl], chain, timeoutMs: 2000 }).status();
}

async function importLarge(
  sample: Sample,
  { ledger, screen, outage }: JobParts & { readonly outage: Outage },
): Promise<ImportReport> {
  let startedMs: number | undefined;
  const report = await ledger.importSample(sample, {
    batchCount: BATCH_COUNT,
    inFlight: IN_FLIGHT,
    onProgress: ({ phase, done, total }) => {
      const share = total === 0 ? 1 : done / total;
      if (phase !== 'lines') {
        screen.progress(`${phase.padEnd(9)} ${bar(share)}  ${count(done)} of ${count(total)}`);
        return;
      }
      startedMs ??= performance.now();
      const seconds = (performance.now() - startedMs) / 1000;
      const rate = seconds === 0 ? 0 : done / seconds;
      screen.progress(`payments  ${bar(share)}  ${count(done)}  ${count(rate)}/s`);
      outage.at(share);
    },
  });
  screen.fact('lines on the ledger', count(report.linesImported));
  screen.fact('rate', `${count(report.perSecond)} payments/s, the outage included`);
  return report;
}

async function importSmall(
  sample: Sample,
  { ledger, screen }: JobParts,
): Promise<{ readonly report: ImportReport; readonly finalityMs: readonly number[] }> {
  const finalityMs: number[] = [];
  let isPaying = false;
  const report = await ledger.importSample(sample, {
    batchCount: 1,
    inFlight: SINGLES_IN_FLIGHT,
    onProgress: ({ phase, done, total }) => {
      isPaying = phase === 'lines';
      screen.progress(`${phase.padEnd(9)} ${bar(total === 0 ? 1 : done / total)}  ${count(done)}`);
    },
    onSettled: (ms) => {
      if (isPaying) finalityMs.push(ms);
    },
  });
  const credits = report.totals.reduce((sum, one) => sum + one.credits, 0);
  screen.fact('lines on the ledger', `${count(report.linesImported)}, ${credits} of them credits`);
  return { report, finalityMs };
}

async function importAgain(
  { large, small }: Samples,
  { ledger, screen }: JobParts,
): Promise<readonly ImportReport[]> {
  const startedMs = performance.now();
  const width = { batchCount: BATCH_COUNT, inFlight: IN_FLIGHT };
  const reports = [
    await ledger.importSample(large, width),
    await ledger.importSample(small, width),
  ];
  const added = reports.reduce((sum, report) => sum + report.added, 0);
  screen.fact('added', `${count(added)}, found out in ${duration(performance.now() - startedMs)}`);
  return reports;
}

/** The largest payment of an import: the one that somebody will ask about. */
function largestPayment({ plan }: ImportReport): PaymentKey {
  let largest = { minor: 0n, fund: '', payment: '' };
  for (const { target, amount } of plan.lines.flat()) {
    if (amount > largest.minor) {
      largest = { minor: amount, fund: target.fund, payment: target.name };
    }
  }
  if (largest.minor === 0n) throw new Error('the import made no payment');
  return { fund: largest.fund, payment: largest.payment };
}
