/**
 * IATI activity files, 1.01 to 2.03, to activities with their budgets, commitments and payments.
 * Only a file that is not well-formed is refused; everything else is a finding of its activity.
 */
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import type { Finding, FormatsFailure } from '../errors.ts';
import { FOUND_SHOWN_MAX } from '../errors.ts';
import type { SourceFile } from '../records.ts';
import type { XmlElement, XmlSpan, XmlText } from '../xml.ts';
import { readXmlRecords, XML_ELEMENTS_MAX } from '../xml.ts';
import type { ActivityReading, IatiActivity } from './activity.ts';
import { readActivity } from './activity.ts';
import { IATI_VERSIONS } from './versions.ts';

export interface IatiFile {
  /** As the file says; '' if it does not. */
  readonly version: string;
  readonly activities: readonly IatiActivity[];
  /** Of the file itself; those of activities stand with them. */
  readonly findings: readonly Finding[];
  /** Those of `findings` for which a whole activity was not read. */
  readonly passedOver: readonly Finding[];
}

/** Takes what stands in a file, in its order. */
export interface IatiVisitor {
  readonly onVersion: (version: string, root: XmlElement) => void;
  readonly onActivity: (reading: ActivityReading, element: XmlElement) => void;
  /** An activity that is not read. */
  readonly onPassedOver: (finding: Finding, span: XmlSpan) => void;
}

/**
 * Reads a file of activities.
 * @returns its activities, or why it is no XML of this kind
 */
export function readIatiFile(file: SourceFile): Result<IatiFile, FormatsFailure> {
  const activities: IatiActivity[] = [];
  const findings: Finding[] = [];
  const passedOver: Finding[] = [];
  let version = '';
  const read = visitIatiFile(file, {
    onVersion: (stated, { line, column }) => {
      version = stated;
      if (IATI_VERSIONS.has(version)) return;
      const expected = 'a version from 1.01 to 2.03';
      const found = version.slice(0, FOUND_SHOWN_MAX);
      const code = 'FORMATS_SCHEMA_MISMATCH';
      findings.push({ file: file.name, line, column, pointer: '@version', code, expected, found });
    },
    onActivity: ({ activity }) => activities.push(activity),
    onPassedOver: (finding) => {
      findings.push(finding);
      passedOver.push(finding);
    },
  });
  return read.ok ? ok({ version, activities, findings, passedOver }) : fail(read.reason);
}

/**
 * Reads a file one activity at a time; only that one is held as a tree.
 * @returns its text, or why it is no XML of this kind
 */
export function visitIatiFile(
  file: SourceFile,
  { onVersion, onActivity, onPassedOver }: IatiVisitor,
): Result<XmlText, FormatsFailure> {
  const seen = new Set<string>();
  let count = 0;
  return readXmlRecords(file, {
    root: 'iati-activities',
    record: 'iati-activity',
    onRoot: (root) => onVersion(root.attributes.version ?? '', root),
    onRecord: (element, { line, column, span }) => {
      count += 1;
      const pointer = `iati-activity[${count}]`;
      const place = { file: file.name, line, column, pointer };
      if (element === undefined) {
        const code = 'FORMATS_RECORD_TOO_LARGE';
        const expected = `at most ${XML_ELEMENTS_MAX} elements`;
        onPassedOver({ ...place, code, expected, found: 'more' }, span);
        return;
      }
      const reading = readActivity(element, file.name, pointer);
      const { identifier } = reading.activity;
      if (identifier !== '' && seen.has(identifier)) {
        const code = 'FORMATS_RECORD_TWICE';
        const expected = 'each activity once in a file';
        const found = identifier.slice(0, FOUND_SHOWN_MAX);
        onPassedOver({ ...place, code, expected, found }, span);
        return;
      }
      seen.add(identifier);
      onActivity(reading, element);
    },
  });
}
