/**
 * When two names mean one party: case, width, spaces, punctuation, `and`, and the legal form at the
 * end are left out. The contract compares by the function, audit rules by the same steps in SQL; both
 * are made from the tables below, whose patterns read alike in JavaScript, DuckDB and PostgreSQL.
 */

/** Characters of East Asian width, and their narrow forms at the same place. */
const NARROW = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('');
const WIDE = Array.from({ length: 94 }, (_, index) => String.fromCharCode(65_281 + index)).join('');

/** At the end of a name, without points: how the law calls such a body, not who it is. */
const LEGAL_FORMS = [
  ...['limited', 'ltd', 'plc', 'llp', 'llc', 'lp', 'cic', 'cio', 'company', 'co'],
  ...['incorporated', 'inc', 'corporation', 'corp', 'pty', 'pte', 'gmbh', 'mbh', 'ag', 'kg', 'ug'],
  ...['sa', 'sas', 'sarl', 'srl', 'spa', 'bv', 'nv', 'oy', 'ab', 'aps', 'sro', 'sp z oo', 'kft'],
];
const FORMS_OF_CHINESE = ['股份有限公司', '有限责任公司', '有限公司'];

/** Pattern and what stands in its place, in this order. */
const STEPS: readonly (readonly [pattern: string, by: string])[] = [
  // Points and apostrophes join: S.A. is SA, O'Brien is OBrien.
  ["[.'’‘`´]+", ''],
  ['[!-/:-@[-^_{-~ \t\u00a0\u3000–—、。·“”「」《》【】-]+', ' '],
  ['^ | $', ''],
  [' and ', ' '],
  ['^the ', ''],
  [`( (${LEGAL_FORMS.join('|')}))+$`, ''],
  [`(${FORMS_OF_CHINESE.join('|')})$`, ''],
];
const PATTERNS = STEPS.map(([pattern, by]) => [new RegExp(pattern, 'g'), by] as const);

/**
 * What all ways of writing a name have in common: never longer than the name; the name itself where
 * nothing else is left of it.
 */
export function partyNameKey(name: string): string {
  const narrow = Array.from(name, (character) => {
    const at = WIDE.indexOf(character);
    return at < 0 ? character : (NARROW[at] ?? character);
  }).join('');
  const key = PATTERNS.reduce(
    (text, [pattern, by]) => text.replace(pattern, by),
    narrow.toLowerCase(),
  );
  // What is stored is in NFC, which leaving out characters may undo; and few letters grow when small.
  const composed = key.normalize('NFC');
  return composed === '' || composed.length > name.length ? name : composed;
}

/** The same of an SQL expression. */
export function partyNameKeySql(name: string): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const key = STEPS.reduce(
    (text, [pattern, by]) => `REGEXP_REPLACE(${text}, ${quoted(pattern)}, ${quoted(by)}, 'g')`,
    `LOWER(TRANSLATE(${name}, ${quoted(WIDE)}, ${quoted(NARROW)}))`,
  );
  return `COALESCE(NULLIF(${key}, ''), ${name})`;
}
