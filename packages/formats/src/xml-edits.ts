/**
 * Changes in the text of a document at the places where its elements stand, so that everything
 * else comes out as the publisher wrote it, comments and white space included. What is written is
 * ASCII, which every encoding has.
 */
import type { XmlElement, XmlSpan } from './xml.ts';

/** Characters from `start` up to `end` become `text`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};
/** What is not printable ASCII, whole code points; white space other than spaces with it. */
const REFERRED = /[&<>"]|[^ -~]/gu;
const ATTRIBUTE = /([^\s=/>]+)\s*=\s*("[^"]*"|'[^']*')/g;

/** Text as content or attribute: any character comes back as it was. */
export function escapeXml(text: string): string {
  return text.replace(
    REFERRED,
    (character) => ENTITIES[character] ?? `&#${character.codePointAt(0)};`,
  );
}

/** @param edits  that do not overlap, in any order */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let at = 0;
  const parts: string[] = [];
  for (const edit of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    parts.push(text.slice(at, edit.start), edit.text);
    at = edit.end;
  }
  return [...parts, text.slice(at)].join('');
}

/** Takes an element out, with the rest of its line where it stands on lines of its own. */
export function cutElement(document: string, { start, end }: XmlSpan): Edit {
  let from = start;
  while (from > 0 && ' \t'.includes(document[from - 1] ?? '')) from -= 1;
  const isOwnLine = document[from - 1] === '\n' && '\r\n'.includes(document[end] ?? '\n');
  if (!isOwnLine) return { start, end, text: '' };
  from -= document[from - 2] === '\r' ? 2 : 1;
  return { start: from, end, text: '' };
}

/** Replaces everything between the tags. */
export function setContent(document: string, { name, span }: XmlElement, content: string): Edit {
  const { start, opened, end } = span;
  if (opened !== end) {
    return { start: opened, end: document.lastIndexOf('</', end - 1), text: content };
  }
  const tag = document.slice(start, end).replace(/\s*\/>$/, '>');
  return { start, end, text: `${tag}${content}</${name}>` };
}

/** Puts an element behind another one. */
export function insertAfter({ span: { end } }: XmlElement, text: string): Edit {
  return { start: end, end, text };
}

/** Sets attributes of a start tag; others stay as they are. */
export function setAttributes(
  document: string,
  { name, span }: XmlElement,
  attributes: Readonly<Record<string, string>>,
): Edit {
  const names = span.start + 1 + name.length;
  const written = document.slice(names, span.opened);
  const missing = new Map(Object.entries(attributes));
  const replaced = written.replace(ATTRIBUTE, (whole, attribute: string) => {
    const value = missing.get(attribute);
    missing.delete(attribute);
    return value === undefined ? whole : `${attribute}="${escapeXml(value)}"`;
  });
  const added = [...missing].map(([attribute, value]) => ` ${attribute}="${escapeXml(value)}"`);
  return { start: names, end: span.opened, text: added.join('') + replaced };
}
