/**
 * What can be wrong with a file from outside: the whole file or its mapping (a failure, nothing is
 * read), or one line of it (a fault: the line is refused, the others are read).
 */
import type { InputFault } from '@daybook/core';
import { assertNever, defineErrors } from '@daybook/core';

export const FORMATS_ERRORS = defineErrors({
  FORMATS_MAPPING_INVALID: {
    summary: 'The file that maps the columns has a wrong or missing entry.',
    remedy: 'Correct the entries at the JSON pointers.',
  },
  FORMATS_FILE_TOO_LARGE: {
    summary: 'The file is larger than an importer takes at once.',
    remedy: 'Split the file and import the parts under names of their own.',
  },
  FORMATS_FILE_EMPTY: {
    summary: 'The file has no header line.',
    remedy: 'Check that the download is complete.',
  },
  FORMATS_ENCODING_UNKNOWN: {
    summary: 'The bytes of the file fit none of the encodings of the mapping.',
    remedy: 'Add the encoding of the file to the mapping.',
  },
  FORMATS_COLUMN_MISSING: {
    summary: 'A column that the mapping requires is not in the header line.',
    remedy: 'Add the spelling of this header to the mapping.',
  },
  FORMATS_JSON_INVALID: {
    summary: 'The file is not JSON.',
    remedy: 'Check that the download is complete, or ask the publisher for a corrected file.',
  },
  FORMATS_XML_INVALID: {
    summary: 'The file is not well-formed XML, or it has a document type declaration.',
    remedy: 'Check that the download is complete, or ask the publisher for a corrected file.',
  },
  FORMATS_NESTED_TOO_DEEP: {
    summary: 'The file is nested deeper than any record of its format.',
    remedy: 'Ask the publisher for a corrected file.',
  },
  FORMATS_PACKAGE_UNKNOWN: {
    summary: 'The file is none of the packages that the format knows.',
    remedy: 'Check that the file is what its name says.',
  },
  FORMATS_NAME_TWICE: {
    summary: 'A name comes twice in one object; the last value was read.',
    remedy: 'Ask the publisher which value is right.',
  },
  FORMATS_SCHEMA_MISMATCH: {
    summary: 'The value is not what the schema of the format asks for.',
    remedy: 'Nothing else is refused for it; ask the publisher to correct the value.',
  },
  FORMATS_RECORD_TOO_LARGE: {
    summary: 'A list or a name inside the record is too long to be checked; it was not read.',
    remedy: 'Ask the publisher to split the record.',
  },
  FORMATS_RECORD_TWICE: {
    summary: 'A record with this identifier stands in the file already.',
    remedy: 'Nothing is lost: the first was read. Ask the publisher if the two differ.',
  },
  FORMATS_REFERENCE_UNKNOWN: {
    summary: 'The value names something that is not in the record.',
    remedy: 'Ask the publisher what is meant.',
  },
  FORMATS_RELEASES_LINKED: {
    summary: 'Releases of the record stand in it as links only, so they could not be read.',
    remedy: 'Download the files that the links name, and import them, too.',
  },
  FORMATS_LINE_BLANK: {
    summary: 'The line has no content.',
    remedy: 'Nothing is lost: the publisher left a blank line.',
  },
  FORMATS_LINE_QUOTING: {
    summary: 'The quotes of the line are not balanced.',
    remedy: 'Ask the publisher for a corrected file.',
  },
  FORMATS_LINE_WIDTH: {
    summary: 'The line has not as many cells as the header.',
    remedy: 'Ask the publisher for a corrected file.',
  },
  FORMATS_FIELD_MISSING: {
    summary: 'A cell that is needed is empty.',
    remedy: 'Ask the publisher for the missing value.',
  },
  FORMATS_FIELD_TOO_LONG: {
    summary: 'The text of a cell is longer than a record can hold.',
    remedy: 'Check that the columns are mapped rightly.',
  },
  FORMATS_BODY_UNKNOWN: {
    summary: 'The spending body is not in the table of bodies of the mapping.',
    remedy: 'Add this spelling to a body of the mapping, or add the body.',
  },
  FORMATS_DATE_UNREADABLE: {
    summary: 'The date fits none of the patterns of the mapping or does not exist.',
    remedy: 'Add the pattern to the mapping, or ask the publisher for the date.',
  },
  FORMATS_CURRENCY_UNREADABLE: {
    summary: 'The currency is not an ISO 4217 code in use.',
    remedy: 'Ask the publisher for the currency.',
  },
  FORMATS_AMOUNT_UNREADABLE: {
    summary: 'The amount is not a decimal number as the mapping describes it.',
    remedy: 'Check the decimal and group signs of the mapping.',
  },
  FORMATS_AMOUNT_PRECISION: {
    summary: 'The amount has more decimals than the currency.',
    remedy: 'Ask the publisher for the exact amount; nothing is rounded here.',
  },
  FORMATS_AMOUNT_RANGE: {
    summary: 'The amount is larger than one payment may be.',
    remedy: 'Check that the amount is given in single units of the currency.',
  },
  FORMATS_AMOUNT_NEGATIVE: {
    summary: 'The amount is negative where money can only be promised.',
    remedy: 'Ask the publisher what the amount stands for.',
  },
  FORMATS_AMOUNT_ZERO: {
    summary: 'The amount is zero, so no money moved.',
    remedy: 'Nothing is lost: there is nothing to record.',
  },
  FORMATS_DETAILS_INVALID: {
    summary: 'What is kept of an imported line or release is not what its format writes.',
    remedy:
      'It was written by hand, or parts are missing: it stays on the ledger, out of publications.',
  },
  FORMATS_DETAILS_DIFFER: {
    summary: 'What is kept of an imported line or release tells other than the ledger.',
    remedy: 'The ledger is right, and it stays out of publications: ask who signed it.',
  },
});

export type FormatsCode = keyof typeof FORMATS_ERRORS;

/** Why a file or a mapping as a whole could not be read. */
export type FormatsFailure =
  | {
      readonly code: 'FORMATS_MAPPING_INVALID';
      /** Every entry that is wrong, with its JSON pointer. */
      readonly faults: readonly InputFault[];
    }
  | {
      readonly code: 'FORMATS_FILE_TOO_LARGE';
      readonly file: string;
      readonly size: number;
      readonly sizeMax: number;
    }
  | { readonly code: 'FORMATS_FILE_EMPTY'; readonly file: string }
  | {
      readonly code: 'FORMATS_JSON_INVALID' | 'FORMATS_XML_INVALID';
      readonly file: string;
      readonly line: number;
      /** Column of that line from 1, where the parser knows it. */
      readonly column?: number;
      /** What the parser says. */
      readonly found: string;
    }
  | { readonly code: 'FORMATS_NESTED_TOO_DEEP'; readonly file: string; readonly depthMax: number }
  | { readonly code: 'FORMATS_PACKAGE_UNKNOWN'; readonly file: string; readonly expected: string }
  | {
      readonly code: 'FORMATS_ENCODING_UNKNOWN';
      readonly file: string;
      readonly encodings: readonly string[];
    }
  | {
      readonly code: 'FORMATS_COLUMN_MISSING';
      readonly file: string;
      readonly column: string;
      readonly headers: readonly string[];
    };

/** Longest part of a faulty value that a fault repeats, in UTF-16 units. */
export const FOUND_SHOWN_MAX = 80;

/** One fault of one line. `field` is the header of the column, or empty for the whole line. */
export interface LineFault {
  readonly field: string;
  readonly code: Exclude<FormatsCode, FormatsFailure['code']>;
  readonly expected: string;
  readonly found: string;
}

/** One thing that is wrong in a structured file; what it concerns is read as far as it goes. */
export interface Finding {
  readonly file: string;
  /** Physical line from 1, where the parser knows it. */
  readonly line?: number;
  /** Column of that line from 1, where lines may be long: in XML. */
  readonly column?: number;
  /** RFC 6901 pointer into JSON, path of an XML element; '' for the whole file. */
  readonly pointer: string;
  readonly code: LineFault['code'];
  readonly expected: string;
  /** What came, shortened. */
  readonly found: string;
}

/** The failure in one sentence with its facts. */
export function explainFormats(failure: FormatsFailure): string {
  switch (failure.code) {
    case 'FORMATS_MAPPING_INVALID':
      return failure.faults
        .map(({ pointer, expected, found }) => `${pointer}: expected ${expected}, found ${found}`)
        .join('\n');
    case 'FORMATS_FILE_TOO_LARGE':
      return `${failure.file} has ${failure.size} bytes, at most ${failure.sizeMax} are read`;
    case 'FORMATS_FILE_EMPTY':
      return `${failure.file} has no header line`;
    case 'FORMATS_JSON_INVALID':
    case 'FORMATS_XML_INVALID':
      return `${[failure.file, failure.line, failure.column].filter((part) => part !== undefined).join(':')}: ${failure.found}`;
    case 'FORMATS_NESTED_TOO_DEEP':
      return `${failure.file} is nested deeper than ${failure.depthMax} levels`;
    case 'FORMATS_PACKAGE_UNKNOWN':
      return `${failure.file} is not ${failure.expected}`;
    case 'FORMATS_ENCODING_UNKNOWN':
      return `${failure.file} is not in ${failure.encodings.join(' or ')}`;
    case 'FORMATS_COLUMN_MISSING':
      return (
        `${failure.file} has no column for ${failure.column}; ` +
        `its headers are ${failure.headers.join(', ')}`
      );
    default:
      return assertNever(failure);
  }
}

/** The fault in one sentence; the caller puts file and line before it. */
export function explainFault(fault: LineFault): string {
  const where = fault.field === '' ? '' : `${fault.field}: `;
  return `${where}expected ${fault.expected}, found ${fault.found === '' ? 'nothing' : fault.found}`;
}

/** The finding in one sentence with its place. */
export function explainFinding({ file, line, column, pointer, expected, found }: Finding): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  const where = pointer === '' ? place : `${place} ${pointer}`;
  return `${where}: expected ${expected}, found ${found === '' ? 'nothing' : found}`;
}
