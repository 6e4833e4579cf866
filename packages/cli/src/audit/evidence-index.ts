/** `index.json` of an evidence folder: what lies in it, what each file proves, and what is not proven. */
import { decodeUtf8 } from '@daybook/core';
import type { CitedRecord, CitedState } from './cited.ts';

/** One file of the folder. */
export interface EvidenceFile {
  readonly file: string;
  /** `audit.finding` for the list of findings, else the record as a finding cites it. */
  readonly record: string;
  /** At which height a finding cites it; absent for a list, and for what a record is now. */
  readonly height?: number;
  /** In hex, of the version that the file proves, where a finding cites it. */
  readonly valueHash?: string;
  readonly sha256: string;
  readonly outcome: 'valid' | 'invalid' | 'unknown';
}

/** A citation that is not proven as it stands, whose record went on since, or that is none. */
export interface EvidenceRemark extends CitedRecord {
  /** `unreadable`: this finding has evidence that is no citation. */
  readonly state: Exclude<CitedState, 'same'> | 'unreadable';
}

export interface Evidence {
  readonly engagement: string;
  readonly files: readonly EvidenceFile[];
  readonly remarks: readonly EvidenceRemark[];
}

export const INDEX_FILE = 'index.json';
/** Beside the index, not in it: the report names the hash of the index, so that it comes later. */
export const REPORT_FILE = 'report.proof';
/** The engagement at the block of the list, with the number of its findings. */
export const ENGAGEMENT_FILE = 'engagement.proof';
/** What the index calls the files of the list of findings. */
export const FINDINGS = 'audit.finding';
/** The record set of the engagement itself. */
export const ENGAGEMENT = 'audit.engagement';

const FILE_NAME = /^[a-z]{1,20}(?:-\d{1,9})?(?:-now)?\.proof$/;
const HASH = /^[0-9a-f]{64}$/;
const OUTCOMES: readonly unknown[] = ['valid', 'invalid', 'unknown'];
const STATES: readonly unknown[] = [
  'changed',
  'lost',
  'kept',
  'differs',
  'absent',
  'unreadable',
] satisfies readonly EvidenceRemark['state'][];

/** @returns undefined for bytes that are none, also for names of files that `evidence` never gives */
export function readEvidenceIndex(bytes: Uint8Array): Evidence | undefined {
  const text = decodeUtf8(bytes, INDEX_FILE);
  const index: unknown = text.ok ? parse(text.value) : undefined;
  return isEvidence(index) ? index : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Text that is no JSON is no index either.
  }
}

function isEvidence(value: unknown): value is Evidence {
  if (!isObject<Evidence>(value)) return false;
  const { engagement, files, remarks } = value;
  return (
    typeof engagement === 'string' &&
    Array.isArray(files) &&
    files.every(isFile) &&
    Array.isArray(remarks) &&
    remarks.every(isRemark)
  );
}

function isFile(value: unknown): value is EvidenceFile {
  if (!isObject<EvidenceFile>(value)) return false;
  const { file, record, height, valueHash, sha256, outcome } = value;
  const isNamed = typeof file === 'string' && FILE_NAME.test(file) && file !== REPORT_FILE;
  const isMeant = typeof record === 'string' && (height === undefined || isHeight(height));
  const isHashed = isHash(sha256) && (valueHash === undefined || isHash(valueHash));
  return isNamed && isMeant && isHashed && OUTCOMES.includes(outcome);
}

function isRemark(value: unknown): value is EvidenceRemark {
  if (!isObject<EvidenceRemark>(value)) return false;
  const { record, height, valueHash, state } = value;
  const isMeant = typeof record === 'string' && isHeight(height);
  return isMeant && (valueHash === undefined || isHash(valueHash)) && STATES.includes(state);
}

/** The members that a value may have, each of any type. */
function isObject<T>(value: unknown): value is Readonly<Partial<Record<keyof T, unknown>>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isHeight(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isHash(value: unknown): boolean {
  return typeof value === 'string' && HASH.test(value);
}
