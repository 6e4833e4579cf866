/**
 * IATI activity files, 1.01 to 2.03, to activities with their budgets, commitments and payments.
 * Only a file that is not well-formed is refused; everything else is a finding of its activity.
 */
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import type { Finding, FormatsFailure } from '../errors.ts';
import { FOUND_SHOWN_MAX } from '../errors.ts';
import type { SourceFile } from '../records.ts';
import { readXmlRecords, XML_ELEMENTS_MAX } from '../xml.ts';
import type { IatiActivity } from './activity.ts';
import { readActivity } from './activity.ts';
import { IATI_VERSIONS } from './versions.ts';

export interface IatiFile {
  /** As the file says; '' if it does not. */
  readonly version: string;
  readonly activities: readonly IatiActivity[];
  /** Of the file itself; those of activities stand with them. */
  readonly findings: readonly Finding[];
}

/**
 * Reads a file of activities.
 * @returns its activities, or why it is no XML of this kind
 */
export function readIatiFile(file: SourceFile): Result<IatiFile, FormatsFailure> {
  const activities: IatiActivity[] = [];
  const findings: Finding[] = [];
  const seen = new Set<string>();
  let version = '';
  let count = 0;
  const read = readXmlRecords(file, {
    root: 'iati-activities',
    record: 'iati-activity',
    onRoot: ({ attributes, line }) => {
      version = attributes.version ?? '';
      if (!IATI_VERSIONS.has(version)) {
        const expected = 'a version from 1.01 to 2.03';
        const found = version.slice(0, FOUND_SHOWN_MAX);
        const code = 'FORMATS_SCHEMA_MISMATCH';
        findings.push({ file: file.name, line, pointer: '@version', code, expected, found });
      }
    },
    onRecord: (element, line) => {
      count += 1;
      const pointer = `iati-activity[${count}]`;
      if (element === undefined) {
        const code = 'FORMATS_RECORD_TOO_LARGE';
        const expected = `at most ${XML_ELEMENTS_MAX} elements`;
        findings.push({ file: file.name, line, pointer, code, expected, found: 'more' });
        return;
      }
      const activity = readActivity(element, file.name, pointer);
      if (activity.identifier !== '' && seen.has(activity.identifier)) {
        const code = 'FORMATS_RECORD_TWICE';
        const expected = 'each activity once in a file';
        const found = activity.identifier.slice(0, FOUND_SHOWN_MAX);
        findings.push({ file: file.name, line, pointer, code, expected, found });
        return;
      }
      seen.add(activity.identifier);
      activities.push(activity);
    },
  });
  return read.ok ? ok({ version, activities, findings }) : fail(read.reason);
}
