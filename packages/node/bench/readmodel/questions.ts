/** What is asked of the tables, as SQL: lists and searches, each a little different from the last. */
import { applications } from '@daybook/applications';
import { buildManifest } from '@daybook/contracts';
import { assert } from '@daybook/core';
import { listSql, readConditions, readSort, tablesOf } from '@daybook/readmodel';
import { commitmentOf } from './fund.ts';

const PAGE = 50;
const tables = tablesOf(buildManifest(applications.map(({ definition }) => definition)));

/** Filter, sort and first page. */
export function listOf(index: number): string {
  const lists = [
    { where: `amount_minor>=${index * 1000};kind=disbursement`, sort: '-amount_minor' },
    { where: `commitment=${commitmentOf(index * 13)}`, sort: 'date' },
    { where: `date>=2026-06-01;date<=2026-06-${10 + (index % 18)}`, sort: '-date,amount_minor' },
    { where: `payee_name~Contractor ${index}`, sort: 'payment' },
  ];
  return payments(lists[index % lists.length]);
}

/** Words, the rows that they fit best first: rare ones, common ones, several, and none that is there. */
export function searchOf(index: number): string {
  const texts = [
    `${1000 + index * 97}`,
    'invoice',
    `contractor ${index} works`,
    `invoice ${index * 31} pumps`,
    'ltd',
    `bridge ${index}`,
  ];
  return payments({ text: texts[index % texts.length] ?? '' });
}

function payments({ where = '', sort = '', text = '' } = {}): string {
  const table = tables.find(({ name }) => name === 'treasury_payment');
  const conditions = readConditions(where);
  const keys = readSort(sort);
  assert(table !== undefined && conditions.ok && keys.ok, 'the lists are written rightly');
  const sql = listSql(table, { where: conditions.value, sort: keys.value, text, limit: PAGE });
  assert(sql.ok, 'the list is one of this table');
  return sql.value;
}
