/** `daybook sql`, `find` and `flow`: the SQL tables of a node, as a table, CSV or JSON. */
import type { SqlAnswer, TablePage } from '@daybook/client';
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
  return show(found, found.truncated, { input, world });
}

const LIMIT_MAX = 200;
const LIMIT_DEFAULT = 20;

async function find(input: Input, world: World): Promise<Exit> {
  const cursor = input.optionalText('cursor');
  const request = {
    where: input.optionalText('where') ?? '',
    sort: input.optionalText('sort') ?? '',
    text: input.optionalText('text') ?? '',
    limit: input.integer('limit', { min: 1, max: LIMIT_MAX }) ?? LIMIT_DEFAULT,
    ...(cursor !== undefined && { cursor }),
  };
  const page = await (await connect(input)).find(input.operand('table'), request);
  const exit = show(page, page.next !== undefined, { input, world });
  if (page.next !== undefined && !input.flag('json')) {
    remark(world, `The next page: --cursor ${page.next}`);
  }
  return exit;
}

async function flow(input: Input, world: World): Promise<Exit> {
  const { treasuryFlowSql } = await import('@daybook/applications');
  const client = await connect(input);
  const found = await client.query(treasuryFlowSql(input.operand('fund')));
  return show(found, found.truncated, { input, world });
}

function show(
  found: Omit<SqlAnswer, 'truncated'> | TablePage,
  isMore: boolean,
  { input, world }: { readonly input: Input; readonly world: World },
): Exit {
  if (input.text('format') === 'csv' && !input.flag('json')) {
    const csv = renderCsv(found);
    world.out.write(world.out.isTerminal ? printable(csv) : csv);
  } else {
    const titles = found.columns.map(({ name }) => name);
    const rows = found.rows.map((row) => row.map(cellText));
    answer(input, world, { json: found, lines: (paint) => renderTable(titles, rows, paint) });
  }
  const { head, rows } = found;
  if (!input.flag('json')) {
    const more = isMore ? ', and there are more' : '';
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
function renderCsv({ columns, rows }: Pick<SqlAnswer, 'columns' | 'rows'>): string {
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

const FORMAT_OPTION = {
  format: {
    value: 'FORMAT',
    help: 'How rows are written; --json has them whole, with columns and block.',
    choices: ['table', 'csv'],
    default: 'table',
  },
} as const;

export const SQL_VERBS: readonly Verb[] = [
  {
    words: ['sql'],
    title: 'Ask the SQL tables of a node.',
    help:
      'One SELECT over the tables that SHOW TABLES lists; DESCRIBE shows the columns of one. The ' +
      'node must keep tables (readmodel.state: on) and limits rows, time and memory. See ' +
      'docs/readmodel.md.',
    operands: [{ name: 'query', help: 'The query, in quotes.' }],
    options: { ...NODE_OPTIONS, ...FORMAT_OPTION },
    examples: [
      'sql "SHOW TABLES"',
      'sql "SELECT payee_name, sum(amount_minor) FROM treasury_payment GROUP BY 1" --format csv',
    ],
    run: sql,
  },
  {
    words: ['find'],
    title: 'Find rows of a record set: filtered, sorted, searched, page by page.',
    help: 'Tables are named after contract and record: treasury_payment. See docs/readmodel.md.',
    operands: [{ name: 'table', help: 'For example treasury_payment.' }],
    options: {
      where: { value: 'CONDITIONS', help: 'Joined by ;, for example "amount_minor>=100000".' },
      sort: { value: 'COLUMNS', help: 'Joined by commas, - before one that descends.' },
      text: { value: 'WORDS', help: 'Words that all stand in the texts of a row.' },
      limit: { value: 'COUNT', help: 'Rows of a page.', default: String(LIMIT_DEFAULT) },
      cursor: { value: 'CURSOR', help: 'Of the page to show; each page names the next.' },
      ...NODE_OPTIONS,
      ...FORMAT_OPTION,
    },
    examples: [
      'find treasury_payment --where "amount_minor>=100000000;payee_name~college" --sort -date',
      'find procurement_tender --text "road repair" --limit 5',
    ],
    run: find,
  },
  {
    words: ['flow'],
    title: 'Show the way of the money of a fund: to whom, through which allocations.',
    operands: [{ name: 'fund', help: 'Name of the appropriation.' }],
    options: { ...NODE_OPTIONS, ...FORMAT_OPTION },
    examples: ['flow water-2026', 'flow water-2026 --format csv'],
    run: flow,
  },
];
