/**
 * Loads every package and finds its tables by the end of their names (`STATE_ERRORS`,
 * `NETWORK_METRICS`), so that a new package appears in the reference without being listed here.
 */
import layers from '../../test/layers.json' with { type: 'json' };

export interface Table<Row> {
  readonly packageName: string;
  readonly title: string;
  readonly rows: readonly (readonly [string, Row])[];
}

/** Lower layers first, so that pages read from the vocabulary upwards. */
export const PACKAGE_NAMES: readonly string[] = Object.entries(layers.packages)
  .sort(([, a], [, b]) => a.layer - b.layer)
  .map(([name]) => name);

/** Tables exported by any package under a name that ends in `suffix`. */
export async function loadTables<Row>(
  suffix: string,
  isRow: (value: unknown) => value is Row,
): Promise<readonly Table<Row>[]> {
  const tables: Table<Row>[] = [];
  for (const packageName of PACKAGE_NAMES) {
    const module = (await import(`@daybook/${packageName}`)) as Record<string, unknown>;
    for (const [title, table] of Object.entries(module)) {
      if (!title.endsWith(suffix) || typeof table !== 'object' || table === null) continue;
      const rows = Object.entries(table).map(([key, row]): [string, Row] => {
        if (isRow(row)) return [key, row];
        throw new Error(`${title}.${key} of ${packageName} is not a row of a table`);
      });
      tables.push({ packageName, title, rows });
    }
  }
  return tables;
}

/** Heads every generated page. */
export function pageHead(title: string, intro: string): string {
  return `# ${title}\n\n<!-- Made by npm run generate; do not edit. -->\n\n${intro}\n`;
}

/** A Markdown table; cells must not hold line breaks. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
