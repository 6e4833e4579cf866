/** `daybook sql`: one SELECT over the SQL tables of a node, as a table, CSV or JSON. */
import type { SqlAnswer } from '@daybook/client';
import { timeText } from '@daybook/client';
import { connect, NODE_OPTIONS } from '../connect.ts';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import { printable, renderTable } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { answer, remark } from '../print.ts';

async function sql(input: Input, world: World): Promise<Exit> {
  const found = await (await connect(input)).query(input.operand('query'));
  if (input.text('format') === 'csv' && !input.flag('json')) {
    const csv = renderCsv(found);
    world.out.write(world.out.isTerminal ? printable(csv) : csv);
  } else {
    const titles = found.columns.map(({ name }) => name);
    const rows = found.rows.map((row) => row.map(cellText));
    answer(input, world, { json: found, lines: (paint) => renderTable(titles, rows, paint) });
  }
  const { head, rows, truncated } = found;
  if (!input.flag('json')) {
    const more = truncated ? ', and there are more' : '';
    remark(
      world,
      `${rows.length} rows${more}, after block ${head.height} of ${timeText(head.timestampMs)}`,
    );
  }
  return 'done';
}

/** What stands in a cell; nothing for NULL. */
function cellText(value: unknown): string {
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** RFC 4180, with a line of names first. NULL is empty, an empty text is `""`. */
function renderCsv({ columns, rows }: SqlAnswer): string {
  const names = columns.map(({ name }) => csvField(name));
  return [names, ...rows.map((row) => row.map(csvField))]
    .map((fields) => `${fields.join(',')}\r\n`)
    .join('');
}

function csvField(value: unknown): string {
  const text = cellText(value);
  const isPlain = !/[",\r\n]/.test(text) && (text !== '' || value === null);
  return isPlain ? text : `"${text.replaceAll('"', '""')}"`;
}

export const SQL_VERB: Verb = {
  words: ['sql'],
  title: 'Ask the SQL tables of a node.',
  help:
    'One SELECT over the tables that SHOW TABLES lists; DESCRIBE shows the columns of one. The node ' +
    'must keep tables (readmodel.state: on) and limits rows, time and memory. See docs/readmodel.md.',
  operands: [{ name: 'query', help: 'The query, in quotes.' }],
  options: {
    ...NODE_OPTIONS,
    format: {
      value: 'FORMAT',
      help: 'How rows are written; --json has them whole, with columns and block.',
      choices: ['table', 'csv'],
      default: 'table',
    },
  },
  examples: [
    'sql "SHOW TABLES"',
    'sql "SELECT payee_name, sum(amount_minor) FROM treasury_payment GROUP BY 1" --format csv',
  ],
  run: sql,
};
