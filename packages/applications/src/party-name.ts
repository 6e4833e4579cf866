/**
 * When two names mean one party: case, width, spaces, punctuation, `and`, and the legal form at the
 * end are left out. The contract compares by the function, audit rules by the same steps in SQL; both
 * are made from the tables below, whose patterns read alike in JavaScript, DuckDB and PostgreSQL.
 */

/** Characters of East Asian width, and their narrow forms at the same place. */
const NARROW = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('');
const WIDE = Array.from({ length: 94 }, (_, index) => String.fromCharCode(65_281 + index)).join('');

/**
 * Capitals of Latin, Greek, Cyrillic and Armenian: from, to, how far their small letters are, and the
 * step. A table of our own, because keys are records of the chain: what `toLowerCase` knows depends on
 * the runtime's Unicode, what `LOWER` knows on the database, and both may make two characters of one.
 * Other scripts stay as written.
 */
const CAPITALS: readonly (readonly [from: number, to: number, away: number, step: number])[] = [
  [0x41, 0x5a, 32, 1],
  [0xc0, 0xd6, 32, 1],
  [0xd8, 0xde, 32, 1],
  [0x100, 0x12e, 1, 2],
  [0x130, 0x130, 0x69 - 0x130, 1],
  [0x132, 0x136, 1, 2],
  [0x139, 0x147, 1, 2],
  [0x14a, 0x176, 1, 2],
  [0x178, 0x178, 0xff - 0x178, 1],
  [0x179, 0x17d, 1, 2],
  [0x1cd, 0x1db, 1, 2],
  [0x1de, 0x1ee, 1, 2],
  [0x1f8, 0x21e, 1, 2],
  [0x222, 0x232, 1, 2],
  [0x1e00, 0x1e94, 1, 2],
  [0x1e9e, 0x1e9e, 0xdf - 0x1e9e, 1],
  [0x1ea0, 0x1efe, 1, 2],
  [0x386, 0x386, 38, 1],
  [0x388, 0x38a, 37, 1],
  [0x38c, 0x38c, 64, 1],
  [0x38e, 0x38f, 63, 1],
  [0x391, 0x3a1, 32, 1],
  [0x3a3, 0x3ab, 32, 1],
  // Sigma at the end of a word is sigma.
  [0x3c2, 0x3c2, 1, 1],
  [0x400, 0x40f, 80, 1],
  [0x410, 0x42f, 32, 1],
  [0x460, 0x480, 1, 2],
  [0x48a, 0x4be, 1, 2],
  [0x4c0, 0x4c0, 15, 1],
  [0x4c1, 0x4cd, 1, 2],
  [0x4d0, 0x52e, 1, 2],
  [0x531, 0x556, 48, 1],
];
const LETTERS = CAPITALS.flatMap(([from, to, away, step]) =>
  Array.from({ length: (to - from) / step + 1 }, (_, index) => from + index * step).map(
    (capital) => [String.fromCharCode(capital), String.fromCharCode(capital + away)] as const,
  ),
);
const SMALL: ReadonlyMap<string, string> = new Map(LETTERS);

/** What is replaced one by one, and by what, at the same place. */
const FROM = WIDE + LETTERS.map(([capital]) => capital).join('');
const TO =
  Array.from(NARROW, (character) => SMALL.get(character) ?? character).join('') +
  LETTERS.map(([, small]) => small).join('');
const FOLDED: ReadonlyMap<string, string> = new Map(
  Array.from(FROM, (character, at) => [character, TO.charAt(at)]),
);

/** Ranges in which all of them are, but for ASCII; and those of ASCII. */
const FOLDING = 'À-ɏͰ-֏Ḁ-ỿ！-～';
const CAPITAL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const SMALLER = CAPITAL.toLowerCase();

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
 * nothing else is left of it. In NFC as the name is: what stood apart may compose.
 */
export function partyNameKey(name: string): string {
  const folded = Array.from(name, (character) => FOLDED.get(character) ?? character).join('');
  const key = PATTERNS.reduce((text, [pattern, by]) => text.replace(pattern, by), folded);
  return key === '' ? name : key.normalize('NFC');
}

/**
 * The same of an SQL expression. A database without DuckDB's `NFC_NORMALIZE` is given it by its adapter,
 * in PostgreSQL as `NORMALIZE(…, NFC)`.
 */
export function partyNameKeySql(name: string): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const key = STEPS.reduce(
    (text, [pattern, by]) => `REGEXP_REPLACE(${text}, ${quoted(pattern)}, ${quoted(by)}, 'g')`,
    // Most names, all in Chinese among them, need the short table alone, in a tenth of the time.
    `CASE WHEN ${name} SIMILAR TO '[^${FOLDING}]*' THEN TRANSLATE(${name}, '${CAPITAL}', '${SMALLER}')
      ELSE TRANSLATE(${name}, ${quoted(FROM)}, ${quoted(TO)}) END`,
  );
  return `COALESCE(NULLIF(NFC_NORMALIZE(${key}), ''), ${name})`;
}
