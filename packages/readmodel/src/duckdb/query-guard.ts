/**
 * Which queries DuckDB may be given. Its own lockdown does not hold everything that a SELECT can
 * name: `SELECT * FROM enable_logging(storage = 'file')` is one, and ends the process (measured with
 * 1.5.6, see docs/adr/0011-read-model-on-duckdb.md). So the database's parser gives the tree of
 * the query, and only trees of known tables and harmless table functions go on.
 */

/** Table functions that compute from their arguments alone. */
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  'generate_series',
  'json_each',
  'json_tree',
  'range',
  'repeat_row',
  'unnest',
]);

/** Scalar functions with an effect on, or an insight into, the process that runs them. */
const REFUSED_FUNCTIONS: ReadonlySet<string> = new Set([
  'current_setting',
  'currval',
  'getvariable',
  'json_deserialize_sql',
  'json_serialize_plan',
  'nextval',
  'query',
  'query_table',
  'setseed',
  'write_log',
]);

const CATALOGUE_TABLES: ReadonlySet<string> = new Set(['columns', 'tables']);
const SHOWN: ReadonlySet<string> = new Set(['', '"tables"']);

type Node = Readonly<Record<string, unknown>>;

/**
 * Judges the tree that `json_serialize_sql` gives.
 * @param tables  names of the tables that may be read
 * @returns       what is wrong, to stand behind "The query"; undefined for a query that may run
 */
export function judgeQuery(tree: unknown, tables: ReadonlySet<string>): string | undefined {
  if (!isNode(tree)) return 'cannot be read';
  if (tree.error !== false) return `is no single SELECT${faultIn(tree)}`;
  const { statements } = tree;
  if (!Array.isArray(statements) || statements.length === 0) return 'is empty';
  if (statements.length > 1) return 'is more than one statement';
  const nodes = nodesOf(statements);
  const known = new Set([...tables, ...nodes.flatMap(cteNames)]);
  for (const node of nodes) {
    const fault = faultOf(node, known);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Where a text cannot be read; nothing for one that is another statement. */
function faultIn({ error_type: kind, error_message: fault }: Node): string {
  return kind === 'parser' ? `: ${String(fault)}` : '';
}

function faultOf(node: Node, known: ReadonlySet<string>): string | undefined {
  switch (node.type) {
    case 'BASE_TABLE':
      return tableFault(node, known);
    case 'TABLE_FUNCTION':
      return tableFunctionFault(node);
    case 'SHOW_REF':
      return SHOWN.has(String(node.table_name)) ? undefined : 'shows what is not a table';
    default:
      return functionFault(node);
  }
}

function tableFault(node: Node, known: ReadonlySet<string>): string | undefined {
  const schema = String(node.schema_name).toLowerCase();
  const name = String(node.table_name).toLowerCase();
  const isKnown =
    schema === 'information_schema'
      ? CATALOGUE_TABLES.has(name)
      : (schema === '' || schema === 'main') && known.has(name);
  if (isKnown && node.catalog_name === '') return undefined;
  return `reads ${name}, which is no table of the read model`;
}

function tableFunctionFault(node: Node): string | undefined {
  const called = isNode(node.function) ? node.function.function_name : undefined;
  if (typeof called === 'string' && TABLE_FUNCTIONS.has(called.toLowerCase())) return undefined;
  return `calls ${String(called)}, which is not open to queries`;
}

function functionFault(node: Node): string | undefined {
  if (node.class !== 'FUNCTION' && node.class !== 'WINDOW') return undefined;
  const name = String(node.function_name).toLowerCase();
  return REFUSED_FUNCTIONS.has(name) ? `calls ${name}, which is not open to queries` : undefined;
}

/**
 * Names that WITH gives to parts of the query. They count for the whole of it, so that none may be
 * a file's or a name of the database's own.
 */
function cteNames(node: Node): readonly string[] {
  const { cte_map: ctes } = node;
  const map = isNode(ctes) ? ctes.map : undefined;
  if (!Array.isArray(map)) return [];
  return map
    .map((entry: unknown) => (isNode(entry) ? String(entry.key).toLowerCase() : ''))
    .filter((name) => /^[a-z_][a-z0-9_]*$/.test(name) && !/^(?:duckdb|pg|sqlite)_/.test(name));
}

/** Every object of the tree, without recursion: a stranger decides how deep it is. */
function nodesOf(tree: unknown): readonly Node[] {
  const nodes: Node[] = [];
  const waiting: unknown[] = [tree];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (Array.isArray(value)) {
      for (const item of value) waiting.push(item);
    } else if (isNode(value)) {
      nodes.push(value);
      for (const member of Object.values(value)) waiting.push(member);
    }
  }
  return nodes;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
