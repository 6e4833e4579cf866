/** The end of the main job in words: the report, one payment's way, and where to look further. */
import type { Client } from '@daybook/client';
import { describeFacts, explainVerdict } from '@daybook/client';
import { describeAmount } from '@daybook/contracts';
import type { Cluster } from '@daybook/testkit';
import { VICTIM } from './departments.ts';
import type { Findings, Report } from './report.ts';
import type { Screen } from './screen.ts';
import { count, duration } from './screen.ts';
import type { PaymentKey, Proof } from './trail.ts';
import { readTrail } from './trail.ts';

const REFUSED_SHOWN = 5;

export function showReport(report: Report, findings: Findings, screen: Screen): void {
  const { totals, linesRefused, stateRoots, finalityMs } = report;
  screen.heading('Report');
  screen.fact('blocks', count(report.blocks));
  screen.fact('transactions', `${count(report.transactions)}, each payment signed by two officers`);
  screen.fact('lines imported', count(report.linesImported));
  screen.fact('lines refused', count(linesRefused.length));
  for (const { file, line, field, reason } of linesRefused.slice(0, REFUSED_SHOWN)) {
    screen.fact('', `${file}:${line} ${field === '' ? 'whole line' : field}: ${reason}`);
  }
  if (linesRefused.length > REFUSED_SHOWN) {
    screen.fact('', `… and ${linesRefused.length - REFUSED_SHOWN} more; --json lists all`);
  }
  for (const { currency, file, imported, refused } of [totals, ...totals.otherCurrencies]) {
    const [all, done, not] = [file, imported, refused].map((minor) =>
      describeAmount(String(minor), currency),
    );
    screen.fact(`money in ${currency}`, `files ${all} = imported ${done} + refused ${not}`);
  }
  screen.fact('second import added', count(report.secondImportAdded));
  screen.fact('import rate', `${count(report.importPerSecond)} payments/s`);
  const samples = count(findings.finalityMs.length);
  screen.fact(
    'finality',
    `p50 ${finalityMs.p50} ms, p99 ${finalityMs.p99} ms over ${samples} single payments`,
  );
  screen.fact('killed node', `${VICTIM} caught up in ${duration(report.killedNodeCaughtUpMs)}`);
  const root = stateRoots[0]?.slice(0, 16) ?? '';
  screen.fact(
    'state root',
    `${root}… on ${stateRoots.length} nodes at block ${findings.survey.height}`,
  );
}

/** One payment from the budget to the payee, and what its proof file proves. */
export async function showTrail(
  client: Client,
  { example, proof }: { readonly example: PaymentKey; readonly proof: Proof },
  screen: Screen,
): Promise<void> {
  screen.heading('The way of one payment');
  const steps = await readTrail(client, example);
  for (const [depth, { kind, title, facts }] of steps.entries()) {
    const branch = depth === 0 ? '' : `${'   '.repeat(depth - 1)}└─ `;
    screen.line(`  ${branch}${kind}: ${title} · ${facts}`);
  }
  screen.heading('Its proof, checked from the file without any node');
  screen.fact('file', `${proof.file} (${count(proof.bytes)} bytes)`);
  for (const line of explainVerdict(proof.verdict)) screen.fact('', line);
  if (proof.verdict.outcome !== 'valid') return;
  const shown = ['Last written', 'State of block', 'Sealed by'];
  for (const { title, text } of describeFacts(proof.verdict.facts)) {
    if (shown.includes(title)) screen.fact(title.toLowerCase(), text);
  }
}

/** Where to go from here; the nodes stay up. */
export function showUrls(cluster: Cluster, { fund, payment }: PaymentKey, screen: Screen): void {
  const [first] = cluster.nodes;
  if (first === undefined) return;
  const { apiUrl } = first;
  screen.heading('Explore');
  screen.fact('interactive reference', `${apiUrl}/docs`);
  screen.fact('status', `${apiUrl}/v1/status`);
  screen.fact('blocks', `${apiUrl}/v1/blocks`);
  screen.fact('payments of a fund', `${apiUrl}/v1/contracts/treasury/payment?fund=${fund}`);
  screen.fact('the payment above', `${apiUrl}/v1/contracts/treasury/payment/${fund}/${payment}`);
  screen.fact('why blocks advance', `${apiUrl}/v1/why`);
  screen.fact('metrics', `${apiUrl}/metrics`);
  for (const { slug, role, apiUrl: url } of cluster.nodes) screen.fact(slug, `${url}  ${role}`);
  screen.fact('cluster', cluster.descriptionFile);
  screen.line('');
  screen.line('  Ctrl-C stops all of it.');
}
