/** The SQL tables of a node as a table, CSV or JSON: queries, lists, and what is asked of money. */
import type { SqlAnswer, TablePage } from '@daybook/client';
import { spreadsheetText, timeText } from '@daybook/client';
import { connect, NODE_OPTIONS } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import type { Paint } from '../frame/style.ts';
import { printable, renderTable } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { answer, answerNothing, remark } from '../print.ts';
import { withAmounts } from './money-columns.ts';

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
  const shown = only(page, input.optionalText('columns'));
  const exit = show(shown, page.next !== undefined, { input, world });
  if (page.next !== undefined && !input.flag('json')) {
    remark(world, `The next page: --cursor ${page.next}`);
  }
  return exit;
}

/** The columns that are named, in that order; all, if none is. */
function only(page: TablePage, names: string | undefined): TablePage {
  if (names === undefined) return page;
  const places = names.split(',').map((name) => {
    const place = page.columns.findIndex((column) => column.name === name.trim());
    if (place >= 0) return place;
    const expected = `columns joined by commas, of ${page.columns.map((one) => one.name).join(', ')}`;
    throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--columns', expected });
  });
  const pick = <T>(row: readonly T[]): readonly T[] =>
    places.flatMap((place) => row.slice(place, place + 1));
  return { ...page, columns: pick(page.columns), rows: page.rows.map(pick) };
}

type Reports = typeof import('@daybook/applications');

/**
 * A verb that shows what one query of the applications answers.
 * @param nothing  what it means that there is no row; where left out, a table without rows says it
 */
function report(
  sqlOf: (reports: Reports, input: Input) => string,
  nothing?: (input: Input) => string,
): Verb['run'] {
  return async (input, world) => {
    const query = sqlOf(await import('@daybook/applications'), input);
    const found = await (await connect(input)).query(query);
    if (found.rows.length === 0 && nothing !== undefined) {
      return answerNothing(input, world, nothing(input));
    }
    return show(found, found.truncated, { input, world }, withAmounts);
  };
}

function partOf(input: Input, { SPENDING_BY }: Reports): keyof typeof SPENDING_BY {
  const by = input.text('by');
  const known = Object.keys(SPENDING_BY) as (keyof typeof SPENDING_BY)[];
  // The option takes these choices only.
  return known.find((part) => part === by) ?? 'body';
}

/** Columns that name what a row is about: half a name leads nowhere. */
const WHOLE: ReadonlySet<string> = new Set(['record', 'source', 'target', 'part']);

function show(
  found: Omit<SqlAnswer, 'truncated'> | TablePage,
  isMore: boolean,
  { input, world }: { readonly input: Input; readonly world: World },
  forPeople: typeof withAmounts = (table) => table,
): Exit {
  if (input.text('format') === 'csv' && !input.flag('json')) {
    const csv = renderCsv(found);
    world.out.write(world.out.isTerminal ? printable(csv) : csv);
  } else {
    const lines = (paint: Paint) => {
      const names = found.columns.map(({ name }) => name);
      const { titles, rows } = forPeople({ titles: names, rows: found.rows });
      const cells = rows.map((row) => row.map(cellText));
      return renderTable(titles, cells, paint, WHOLE);
    };
    answer(input, world, { json: found, lines });
  }
  const { head, rows } = found;
  if (!input.flag('json')) {
    const more = isMore ? ', and there are more' : '';
    const count = rows.length === 1 ? '1 row' : `${rows.length} rows`;
    remark(world, `${count}${more}, after block ${head.height} of ${timeText(head.timestampMs)}`);
  }
  return 'done';
}

/** What stands in a cell; nothing for NULL. */
function cellText(value: unknown): string {
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/**
 * RFC 4180, with a line of names first. NULL is empty, an empty text is `""`; texts that a spreadsheet
 * would take for formulas begin with ', as in files of `export`.
 */
function renderCsv({ columns, rows }: Pick<SqlAnswer, 'columns' | 'rows'>): string {
  const names = columns.map(({ name }) => csvField(name));
  return [names, ...rows.map((row) => row.map(csvField))]
    .map((fields) => `${fields.join(',')}\r\n`)
    .join('');
}

function csvField(value: unknown): string {
  const text = typeof value === 'string' ? spreadsheetText(value) : cellText(value);
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

const FUND_OPTION = {
  fund: { value: 'FUND', help: 'Of this appropriation only.' },
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
      text: {
        value: 'WORDS',
        help: 'Words that all stand in the texts of a row; best fits first.',
      },
      columns: { value: 'COLUMNS', help: 'Joined by commas: only these, in this order.' },
      limit: { value: 'COUNT', help: 'Rows of a page.', default: String(LIMIT_DEFAULT) },
      cursor: { value: 'CURSOR', help: 'Of the page to show; each page names the next.' },
      ...NODE_OPTIONS,
      ...FORMAT_OPTION,
    },
    examples: [
      'find treasury_payment --where "amount_minor>=100000000;payee_name~college" --sort -date',
      'find procurement_tender --text "road repair" --limit 5',
      'find treasury_payment --sort -amount_minor --columns date,payee_name,amount_minor',
    ],
    run: find,
  },
  {
    words: ['flow'],
    title: 'Show the way of the money of a fund: to whom, through which allocations.',
    operands: [{ name: 'fund', help: 'Name of the appropriation.' }],
    options: { ...NODE_OPTIONS, ...FORMAT_OPTION },
    examples: ['flow water-2026', 'flow water-2026 --format csv'],
    run: report(
      (reports, input) => reports.treasuryFlowSql(input.operand('fund')),
      (input) => `There is no fund ${input.operand('fund')} of which anything was given or paid.`,
    ),
  },
  {
    words: ['spending'],
    title: 'Show what was spent, by body, month, year or purpose.',
    help: 'Net of what came back; --json and --format csv have minor units.',
    operands: [],
    options: {
      by: {
        value: 'PART',
        help: 'What a row stands for.',
        choices: ['body', 'month', 'year', 'purpose'],
        default: 'body',
      },
      ...FUND_OPTION,
      ...NODE_OPTIONS,
      ...FORMAT_OPTION,
    },
    examples: ['spending --by month', 'spending --by purpose --fund water-2026 --format csv'],
    run: report((reports, input) =>
      reports.treasurySpendingSql(partOf(input, reports), input.optionalText('fund')),
    ),
  },
  {
    words: ['unspent'],
    title: 'Show money that is left, on every level, and whether its time is over.',
    operands: [],
    options: { ...FUND_OPTION, ...NODE_OPTIONS, ...FORMAT_OPTION },
    examples: ['unspent', 'unspent --fund water-2026'],
    run: report((reports, input) => reports.treasuryUnspentSql(input.optionalText('fund'))),
  },
  {
    words: ['trail'],
    title: 'Show all that led to a payment, from the appropriation down, and what came of it.',
    help: 'Each row names its record in one word, as the verbs get, history and proof take it.',
    operands: [
      { name: 'fund', help: 'Name of the appropriation.' },
      { name: 'payment', help: 'Number of the payment.' },
    ],
    options: { ...NODE_OPTIONS, ...FORMAT_OPTION },
    examples: ['trail water-2026 inv-1'],
    run: report(
      (reports, input) => reports.treasuryTrailSql(input.operand('fund'), input.operand('payment')),
      (input) => `There is no payment ${input.operand('payment')} of ${input.operand('fund')}.`,
    ),
  },
];
