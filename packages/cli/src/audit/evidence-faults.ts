/** What is wrong with an evidence folder by its names alone, and by what its findings cite. */
import type { Citations } from './citations.ts';
import type { CitedRecord } from './cited.ts';
import type { EvidenceFolder } from './evidence-folder.ts';
import type { Evidence, EvidenceFile, EvidenceRemark } from './evidence-index.ts';
import { ENGAGEMENT_FILE, INDEX_FILE, REPORT_FILE } from './evidence-index.ts';
import type { AlteredEvidence, EvidenceFact, EvidenceReason } from './evidence-words.ts';

/** Files that are named and not there, there and not named, named twice, or no plain files. */
export function faultsOfNames(
  { names, others }: Pick<EvidenceFolder, 'names' | 'others'>,
  { files }: Pick<Evidence, 'files'>,
): readonly EvidenceReason[] {
  const named = new Set([INDEX_FILE, REPORT_FILE, ...files.map(({ file }) => file)]);
  const there = new Set([...names, ...others]);
  const told = files.map(({ file }) => file);
  return [
    ...told.filter((file) => !there.has(file)).map((file) => altered(file, 'missing')),
    ...(new Set(told).size === told.length ? [] : [altered(INDEX_FILE, 'doubled')]),
    ...names.filter((file) => !named.has(file)).map((file) => altered(file, 'surplus')),
    ...others.map((file) => altered(file, 'foreign')),
  ];
}

/**
 * Every version that a finding cites is proven by a file, or the index owns up that it is not; and
 * every file is there for a citation.
 * @param proven  files that prove what the index says
 */
export function faultsOfCitations(
  proven: readonly EvidenceFile[],
  { cited, unreadable }: Citations,
  { remarks }: Pick<Evidence, 'remarks'>,
): readonly EvidenceReason[] {
  const versions = new Map<string, Set<string | undefined>>();
  for (const { valueHash, ...one } of proven) {
    const place = placeOf(one);
    versions.set(place, (versions.get(place) ?? new Set()).add(valueHash));
  }
  const states = new Map(remarks.map((one) => [nameOf(one), one.state]));
  const isProven = (one: CitedRecord): boolean => {
    const found = versions.get(placeOf(one));
    return found !== undefined && (one.valueHash === undefined || found.has(one.valueHash));
  };
  return [
    ...cited.filter((one) => !isProven(one)).map((one) => unprovenOr(one, states.get(nameOf(one)))),
    ...unreadable.map((one) => unproven(one, 'unreadable')),
    ...surplusOf(proven, { cited, unreadable }, { remarks }),
  ];
}

/** A record that the index admits to be unproven leaves doubt; one that it hides is left out. */
function unprovenOr(one: CitedRecord, state: EvidenceRemark['state'] | undefined): EvidenceReason {
  const isAdmitted = state === 'lost' || state === 'differs' || state === 'absent';
  return isAdmitted ? unproven(one, state) : altered(`${one.record} @${one.height}`, 'uncovered');
}

function surplusOf(
  proven: readonly EvidenceFile[],
  { cited, unreadable }: Citations,
  { remarks }: Pick<Evidence, 'remarks'>,
): readonly EvidenceReason[] {
  const places = new Set(cited.map(placeOf));
  const records = new Set(cited.map(({ record }) => record));
  const isCited = ({ file, record, height }: EvidenceFile): boolean => {
    if (file === ENGAGEMENT_FILE) return true;
    return height === undefined ? records.has(record) : places.has(placeOf({ record, height }));
  };
  const meant = new Set([...cited, ...unreadable].map(placeOf));
  return [
    ...proven.filter((one) => !isCited(one)).map(({ file }) => altered(file, 'uncited')),
    ...remarks
      .filter((one) => !meant.has(placeOf(one)))
      .map(({ record }) => altered(record, 'uncited')),
  ];
}

function placeOf({ record, height }: Pick<EvidenceFile, 'record' | 'height'>): string {
  return `${record} ${height ?? ''}`;
}

function nameOf(one: CitedRecord): string {
  return `${placeOf(one)} ${one.valueHash ?? ''}`;
}

function unproven(
  { record, height }: Pick<CitedRecord, 'record' | 'height'>,
  state: 'lost' | 'differs' | 'absent' | 'unreadable',
): EvidenceReason {
  return { code: 'CLI_EVIDENCE_UNPROVEN', record, height, state };
}

/** @param detail  why a proof does not hold */
export function altered(
  subject: string,
  fact: EvidenceFact,
  detail?: AlteredEvidence['detail'],
): AlteredEvidence {
  return { code: 'CLI_EVIDENCE_ALTERED', subject, fact, ...(detail && { detail }) };
}
