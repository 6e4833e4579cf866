/** What the tests of OCDS share: the fixtures, read with the validator, and all findings of a file. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding, OcdsPackage, OcdsRelease } from '../src/index.ts';
import { createOcdsValidator, explainFormats, readOcdsFile } from '../src/index.ts';

const FOLDER = join(import.meta.dirname, 'fixtures/ocds');
export const FILES = readdirSync(FOLDER).toSorted();
export const METADATA = {
  uri: 'https://example.org/package.json',
  publisher: { name: 'Daybook' },
  publishedDate: '2026-01-01T00:00:00Z',
  version: '1.1',
};

export const validate = createOcdsValidator();
export const bytesOf = (name: string): Uint8Array => readFileSync(join(FOLDER, name));

export function read(name: string, bytes: Uint8Array = bytesOf(name)): OcdsPackage {
  const file = readOcdsFile({ name, bytes }, validate);
  if (!file.ok) throw new Error(explainFormats(file.reason));
  return file.value;
}

export const readText = (text: string): OcdsPackage =>
  read('test.json', new TextEncoder().encode(text));

export function releasesOf({ releases, records }: OcdsPackage): readonly OcdsRelease[] {
  const inRecords = records.flatMap((record) => [
    ...record.releases,
    ...(record.compiled === undefined ? [] : [record.compiled]),
  ]);
  return [...releases, ...inRecords];
}

export function findingsOf(file: OcdsPackage): readonly Finding[] {
  const ofRecords = file.records.flatMap(({ findings }) => findings);
  return [...file.findings, ...ofRecords, ...releasesOf(file).flatMap(({ findings }) => findings)];
}
