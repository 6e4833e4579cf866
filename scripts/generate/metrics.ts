/** `docs/reference/metrics.md`: every metric of every package. */
import { loadTables, markdownTable, pageHead } from './packages.ts';

interface MetricRow {
  readonly type: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

const INTRO = `Served as text at \`/metrics\` in the Prometheus format. Units are base units (seconds, bytes) and
stand at the end of the name; labels take values from closed sets.`;

function isRow(value: unknown): value is MetricRow {
  return value instanceof Object && 'type' in value && 'help' in value;
}

export async function buildMetricsPage(): Promise<string> {
  const tables = await loadTables('_METRICS', isRow);
  const sections = tables.map(({ packageName, rows }) => {
    const lines = rows.map(([name, { type, labels, help }]) => [
      `\`${name}\``,
      type,
      labels?.join(', ') ?? '',
      help,
    ]);
    return `## ${packageName}\n\n${markdownTable(['metric', 'type', 'labels', 'meaning'], lines)}\n`;
  });
  return [pageHead('Metrics', INTRO), ...sections].join('\n');
}
