/**
 * A kept IATI file as it comes out again: its own text, without the activities and transactions that
 * are not on the ledger, and with the ledger's word where it has changed since. Nothing else is
 * touched, so that a file of which everything was imported comes out byte for byte.
 */
import { assert } from '@daybook/core';
import { formatAmount } from '../amount.ts';
import type { ActivityReading, IatiActivity, TransactionReading } from '../iati/activity.ts';
import { childOf } from '../iati/activity.ts';
import { visitIatiFile } from '../iati/file.ts';
import { INCOMING_TYPES, OCCURRENCE_NAME, OCCURRENCE_NAMESPACE } from '../iati/versions.ts';
import type { SourceFile } from '../records.ts';
import { encodeText } from '../text.ts';
import type { XmlElement, XmlSpan } from '../xml.ts';
import type { Edit } from '../xml-edits.ts';
import {
  applyEdits,
  cutElement,
  escapeXml,
  insertAfter,
  setAttributes,
  setContent,
} from '../xml-edits.ts';
import { activitySource, iatiSource, implementing } from './iati.ts';
import type { KeptFinding } from './kept.ts';
import type { Correction, LedgerWord } from './ledger-word.ts';
import { differs, wordOf } from './ledger-word.ts';
import type { KeptSeries, MergedFiles, MergePass } from './merged-file.ts';
import { settle } from './merged-file.ts';

/** What is done to the text, told before the text itself is known. */
type Change = (text: string) => Edit;

/** The file with the ledger's word in it. */
export function mergeIati(file: SourceFile, series: KeptSeries): MergedFiles {
  return settle([file], series, ([own = file]) => mergeOnce(own, series));
}

function mergeOnce(file: SourceFile, series: KeptSeries): MergePass {
  const merge = new FileMerge(series);
  const read = visitIatiFile(file, {
    onVersion: (version) => merge.setVersion(version),
    onActivity: (reading, element) => merge.addActivity(reading, element),
    onPassedOver: (_finding, span) => merge.cut(span),
  });
  const { changes, findings, activities } = merge;
  if (!read.ok || activities === 0) return { files: [], findings, isChanged: false };
  if (changes.length === 0) return { files: [file], findings, isChanged: false };
  const { text, encoding } = read.value;
  const edits = changes.map((change) => change(text));
  const bytes = encodeText(applyEdits(text, edits), { encoding, like: file.bytes });
  assert(bytes !== undefined, 'what is put into a document is ASCII');
  return { files: [{ name: file.name, bytes }], findings, isChanged: true };
}

class FileMerge {
  readonly #series: KeptSeries;
  readonly changes: Change[] = [];
  readonly findings: KeptFinding[] = [];
  /** Those that come out. */
  activities = 0;
  /** Version 1 has no narratives. */
  #isNarrated = true;
  /** Transactions that get another date. */
  readonly #redated = new Set<XmlElement>();

  constructor(series: KeptSeries) {
    this.#series = series;
  }

  setVersion(version: string): void {
    this.#isNarrated = !version.startsWith('1.');
  }

  cut(span: XmlSpan): void {
    this.changes.push((text) => cutElement(text, span));
  }

  addActivity({ activity, transactions }: ActivityReading, element: XmlElement): void {
    const source = activitySource(activity, this.#series);
    const title = childOf(element, 'title');
    const found = wordOf(activity, this.#series.lineOf(source));
    const word = title === undefined ? withoutTitle(found, activity) : found;
    if (word.kind !== 'there') {
      if (word.kind === 'differs') this.findings.push({ source, ...word.fault });
      this.cut(element.span);
      return;
    }
    this.activities += 1;
    const { title: named } = word.correction;
    if (title !== undefined && named !== undefined) this.#setText(title, named);
    this.#addTransactions(transactions, activity);
  }

  #addTransactions(transactions: readonly TransactionReading[], activity: IatiActivity): void {
    const kept: TransactionReading[] = [];
    const gone = new Set<string>();
    for (const reading of transactions) {
      if (this.#isKept(reading, activity)) {
        kept.push(reading);
        continue;
      }
      this.cut(reading.element.span);
      gone.add(reading.source.number);
    }
    for (const reading of kept) {
      const attributes = this.#identityOf(reading, gone);
      const { element } = reading;
      if (Object.keys(attributes).length === 0) continue;
      this.changes.push((text) => setAttributes(text, element, attributes));
    }
  }

  /** What a transaction has to state so that it keeps the identity that the ledger knows it by. */
  #identityOf(
    { element, source }: TransactionReading,
    gone: ReadonlySet<string>,
  ): Readonly<Record<string, string>> {
    const occurrence = String(source.occurrence);
    const isStated = element.attributes[OCCURRENCE_NAME]?.trim() === occurrence;
    // Reading counts how often a number came: what is gone would make it count less.
    const counted =
      gone.has(source.number) && !isStated
        ? {
            [`xmlns:${OCCURRENCE_NAMESPACE.prefix}`]: OCCURRENCE_NAMESPACE.uri,
            [OCCURRENCE_NAME]: occurrence,
          }
        : {};
    // Without a number of the publisher it is made of the date, which is another one now.
    const isNumbered = (element.attributes.ref ?? '').trim() !== '' || !this.#redated.has(element);
    return isNumbered ? counted : { ...counted, ref: source.number };
  }

  #isKept({ element, record }: TransactionReading, activity: IatiActivity): boolean {
    if (record === undefined) return false;
    // Money that comes in is none of this fund: it is part of what the activity says.
    if (record.kind === 'payment' && INCOMING_TYPES.has(record.type ?? '')) return true;
    const source = iatiSource(record.source, this.#series);
    const word = wordOf(record, this.#series.lineOf(source), implementing(activity.parties));
    if (word.kind === 'there') this.#correct(element, word.correction);
    if (word.kind === 'differs') this.findings.push({ source, ...word.fault });
    return word.kind === 'there';
  }

  #correct(element: XmlElement, { money, date, purpose }: Correction): void {
    const value = childOf(element, 'value');
    if (money !== undefined && value !== undefined) {
      const amount = formatAmount(money.minor, money.currency);
      const { currency } = money;
      this.changes.push((text) => setContent(text, value, amount));
      this.changes.push((text) => setAttributes(text, value, { currency }));
    }
    const dated = childOf(element, 'transaction-date');
    if (date !== undefined && dated !== undefined) {
      this.#setDate(dated, date);
      this.#redated.add(element);
    }
    if (purpose === undefined) return;
    const described = childOf(element, 'description');
    if (described !== undefined) {
      this.#setText(described, purpose);
    } else if (value !== undefined) {
      const content = escapeXml(purpose);
      const inside = this.#isNarrated ? `<narrative>${content}</narrative>` : content;
      this.changes.push(() => insertAfter(value, `<description>${inside}</description>`));
    }
  }

  #setDate(element: XmlElement, date: string): void {
    const isText = (element.attributes['iso-date'] ?? '').trim() === '';
    this.changes.push((text) =>
      isText ? setContent(text, element, date) : setAttributes(text, element, { 'iso-date': date }),
    );
  }

  /** Other languages go: they say what the ledger says no more. */
  #setText(element: XmlElement, content: string): void {
    const narrative = childOf(element, 'narrative');
    this.changes.push((text) => {
      if (narrative === undefined) return setContent(text, element, escapeXml(content));
      const tag = text.slice(narrative.span.start, narrative.span.opened).replace(/\s*\/>$/, '>');
      return setContent(text, element, `${tag}${escapeXml(content)}</narrative>`);
    });
  }
}

/** There is no place for a name where the file has none. */
function withoutTitle(word: LedgerWord, { identifier }: IatiActivity): LedgerWord {
  const title = word.kind === 'there' ? word.correction.title : undefined;
  return title === undefined ? word : differs('title', title, identifier);
}
