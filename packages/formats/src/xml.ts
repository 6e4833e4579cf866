/**
 * XML from strangers, one record at a time: strict, without document types (so no entity is ever
 * defined, expanded or fetched), bounded in bytes, depth and elements of a record. Only the record
 * that is being read is held as a tree.
 */
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import { SaxesParser } from 'saxes';
import type { FormatsFailure } from './errors.ts';
import { FOUND_SHOWN_MAX } from './errors.ts';
import { checkSize } from './file-size.ts';
import type { SourceFile } from './records.ts';
import type { Encoding } from './text.ts';
import { cleanText, decodeText } from './text.ts';

/** Levels of nesting; IATI needs seven. */
export const XML_DEPTH_MAX = 32;
/** Elements of one record; the largest activities known to us have some ten thousand. */
export const XML_ELEMENTS_MAX = 200_000;

/** An element with what stands in it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Its own text, cleaned; that of its children not included. */
  readonly text: string;
  readonly children: readonly XmlElement[];
  /** Physical line of its start tag, from 1. */
  readonly line: number;
  /** Column of its start tag in that line, from 1, in UTF-16 units. */
  readonly column: number;
  readonly span: XmlSpan;
}

/** Where an element stands in the text, in UTF-16 units. */
export interface XmlSpan {
  readonly start: number;
  /** Behind its start tag; `end` where that closes itself. */
  readonly opened: number;
  /** Behind its end tag. */
  readonly end: number;
}

/** A document as text. */
export interface XmlText {
  readonly text: string;
  readonly encoding: Encoding;
}

/** What a document of records looks like, and who takes them. */
export interface XmlRecords {
  readonly root: string;
  readonly record: string;
  readonly onRoot: (root: XmlElement) => void;
  /** `element` is undefined if it has more than XML_ELEMENTS_MAX elements. */
  readonly onRecord: (
    element: XmlElement | undefined,
    place: Pick<XmlElement, 'line' | 'column' | 'span'>,
  ) => void;
}

interface Building {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  text: string;
  readonly children: XmlElement[];
  readonly line: number;
  readonly column: number;
  readonly start: number;
  readonly opened: number;
}

const CHUNK_CHARACTERS = 65_536;

/** Encodings an XML declaration may name; ISO 8859-1 is read as its superset, as browsers do. */
const DECLARED: Readonly<Record<string, Encoding>> = {
  'iso-8859-1': 'windows-1252',
  'us-ascii': 'utf-8',
  'utf-8': 'utf-8',
  'windows-1252': 'windows-1252',
};

/**
 * Reads the records of a document in order.
 * @returns its text, or why it is not well-formed or not of this kind
 */
export function readXmlRecords(
  file: SourceFile,
  records: XmlRecords,
): Result<XmlText, FormatsFailure> {
  const tooLarge = checkSize(file);
  if (tooLarge !== undefined) {
    return fail(tooLarge);
  }
  const head = new TextDecoder('latin1').decode(file.bytes.subarray(0, 200));
  const declared = /^[^<]*<\?xml[^>]*encoding=["']([A-Za-z0-9._-]+)["']/.exec(head)?.[1];
  const encoding = DECLARED[declared?.toLowerCase() ?? 'utf-8'];
  const decoded = encoding && decodeText(file.bytes, [encoding]);
  if (decoded === undefined) {
    const encodings = Object.keys(DECLARED);
    return fail({ code: 'FORMATS_ENCODING_UNKNOWN', file: file.name, encodings });
  }
  const { text } = decoded;
  const reader = new RecordReader({ name: file.name, text }, records);
  for (let at = 0; at < text.length && reader.failure === undefined; at += CHUNK_CHARACTERS) {
    reader.write(text.slice(at, at + CHUNK_CHARACTERS));
  }
  const failure = reader.finish();
  return failure === undefined ? ok(decoded) : fail(failure);
}

/** XML 1.1 takes control characters that XML 1.0 and our records do not. */
const PARSING = { xmlns: false, defaultXMLVersion: '1.0', forceXMLVersion: true } as const;

class RecordReader {
  readonly #parser = new SaxesParser<typeof PARSING>(PARSING);
  readonly #file: string;
  readonly #text: string;
  readonly #records: XmlRecords;
  /** Open elements of the record, the record itself first; empty between records. */
  readonly #open: Building[] = [];
  #depth = 0;
  #elements = 0;
  failure: FormatsFailure | undefined;

  constructor(file: { readonly name: string; readonly text: string }, records: XmlRecords) {
    this.#file = file.name;
    this.#text = file.text;
    this.#records = records;
    this.#parser.on('error', ({ message }) => this.#invalid(message));
    this.#parser.on('doctype', () => this.#invalid('a document type declaration'));
    this.#parser.on('opentag', ({ name, attributes }) => this.#openTag(name, attributes));
    this.#parser.on('closetag', () => this.#closeTag());
    this.#parser.on('text', (text) => this.#addText(text));
    this.#parser.on('cdata', (text) => this.#addText(text));
  }

  write(text: string): void {
    this.#parser.write(text);
  }

  finish(): FormatsFailure | undefined {
    if (this.failure === undefined) this.#parser.close();
    return this.failure;
  }

  #invalid(message: string): void {
    const found = message.slice(0, FOUND_SHOWN_MAX);
    const { line } = this.#parser;
    this.failure ??= { code: 'FORMATS_XML_INVALID', file: this.#file, line, found };
  }

  #openTag(name: string, attributes: Readonly<Record<string, string>>): void {
    this.#depth += 1;
    if (this.failure !== undefined) return;
    if (this.#depth > XML_DEPTH_MAX) {
      const file = this.#file;
      this.failure = { code: 'FORMATS_NESTED_TOO_DEEP', file, depthMax: XML_DEPTH_MAX };
      return;
    }
    const { line, columnIndex, position: opened } = this.#parser;
    // No tag holds a bracket that opens another, not even in an attribute.
    const start = this.#text.lastIndexOf('<', opened - 1);
    // A tag of several lines counts where it ends, from the first column of that line.
    const column = Math.max(1, columnIndex - (opened - start) + 1);
    const place = { line, column, start, opened };
    const element: Building = { name, attributes, text: '', children: [], ...place };
    const { root, record } = this.#records;
    if (this.#depth === 1 && name !== root) {
      const expected = `a document of ${root}`;
      this.failure = { code: 'FORMATS_PACKAGE_UNKNOWN', file: this.#file, expected };
    } else if (this.#depth === 1) {
      this.#records.onRoot(built(element, opened));
    } else if (this.#open.length > 0 || (this.#depth === 2 && name === record)) {
      this.#elements += 1;
      this.#open.push(element);
    }
  }

  #closeTag(): void {
    this.#depth -= 1;
    const element = this.#open.pop();
    if (element === undefined || this.failure !== undefined) return;
    const parent = this.#open.at(-1);
    const tooLarge = this.#elements > XML_ELEMENTS_MAX;
    const whole = built(element, this.#parser.position);
    if (parent === undefined) {
      this.#elements = 0;
      this.#records.onRecord(tooLarge ? undefined : whole, whole);
    } else if (!tooLarge) {
      parent.children.push(whole);
    }
  }

  #addText(text: string): void {
    const element = this.#open.at(-1);
    if (element !== undefined) element.text += text;
  }
}

function built({ start, opened, text, ...element }: Building, end: number): XmlElement {
  return { ...element, text: cleanText(text), span: { start, opened, end } };
}
