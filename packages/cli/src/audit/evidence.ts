/**
 * The evidence of an engagement as a folder: the findings, proven to be all, and the proof of every
 * record that they cite, each checked before it is written. What is cited is taken from the proven
 * list, never from an answer that nobody checked. Nobody needs a node to check the files again.
 */
import path from 'node:path';
import type { Client, ListVerdict, ProvenRow, Trust } from '@daybook/client';
import { nextOfList, verifyListBundle } from '@daybook/client';
import { sha256, toHex } from '@daybook/core';
import { writeOut } from '../files.ts';
import type { World } from '../frame/world.ts';
import { readCitations } from './citations.ts';
import type { CitedRecord, CitedState, ProvenCitation } from './cited.ts';
import { proveCited } from './cited.ts';
import type { KeptProofs } from './kept-proofs.ts';

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

interface Place {
  readonly folder: string;
  /** Proofs kept when the findings were opened, for what no node keeps any longer. */
  readonly kept?: KeptProofs;
  readonly world: World;
  readonly trust: Trust;
}

/** Writes the folder. `index.json` in it lists the files with their hashes. */
export async function writeEvidence(
  client: Client,
  engagement: string,
  place: Place,
): Promise<Evidence> {
  const { cite } = await import('@daybook/applications');
  const { files: lists, rows } = await keepFindings(client, engagement, place);
  const files: EvidenceFile[] = [...lists];
  const citations = readCitations(rows, cite);
  const remarks = citations.unreadable.map(
    (one): EvidenceRemark => ({ ...one, state: 'unreadable' }),
  );
  for (const [index, cited] of citations.cited.entries()) {
    const proven = await proveOrRecall(client, cited, place);
    if (proven.state !== 'same') remarks.push({ ...cited, state: proven.state });
    files.push(...(await keepRecord(`record-${index + 1}`, cited, { proven, place })));
  }
  const evidence = { engagement, files, remarks };
  const index = `${JSON.stringify(evidence, undefined, 2)}\n`;
  await writeOut(path.join(place.folder, 'index.json'), index, place.world);
  return evidence;
}

/** A version that no node keeps is looked for among the proofs that were kept. */
async function proveOrRecall(
  client: Client,
  cited: CitedRecord,
  { kept, trust }: Place,
): Promise<ProvenCitation> {
  const proven = await proveCited(client, cited, trust);
  if (proven.state !== 'lost' && proven.state !== 'absent') return proven;
  const recalled = await kept?.recall(cited, trust);
  if (recalled === undefined) return proven;
  return proven.now === undefined ? recalled : { ...recalled, now: proven.now };
}

/** The list of findings, in as many files of one block as it takes. */
async function keepFindings(
  client: Client,
  engagement: string,
  place: Place,
): Promise<{ readonly files: readonly EvidenceFile[]; readonly rows: readonly ProvenRow[] }> {
  const { audit } = await import('@daybook/applications');
  const { finding } = client.contractOf(audit).records;
  const files: EvidenceFile[] = [];
  const rows: ProvenRow[] = [];
  let at: Parameters<typeof finding.proveList>[1] = {};
  for (let number = 1; ; number += 1) {
    const bytes = await finding.proveList({ engagement }, at);
    const verdict: ListVerdict = verifyListBundle(bytes, place.trust);
    const file = `findings-${number}.proof`;
    files.push(await keep({ file, record: 'audit.finding' }, { bytes, verdict, place }));
    if (verdict.outcome === 'invalid') return { files, rows };
    rows.push(...verdict.facts.rows);
    const from = nextOfList(verdict.facts);
    if (from === undefined) return { files, rows };
    at = { from, height: verdict.facts.block.header.height };
  }
}

async function keepRecord(
  name: string,
  { record, height }: CitedRecord,
  { proven, place }: { readonly proven: ProvenCitation; readonly place: Place },
): Promise<readonly EvidenceFile[]> {
  const { cited, now, valueHash } = proven;
  const files: EvidenceFile[] = [];
  if (cited !== undefined) {
    const told = { file: `${name}.proof`, record, height, ...(valueHash && { valueHash }) };
    files.push(await keep(told, { ...cited, place }));
  }
  if (now !== undefined) {
    files.push(await keep({ file: `${name}-now.proof`, record }, { ...now, place }));
  }
  return files;
}

async function keep(
  told: Omit<EvidenceFile, 'sha256' | 'outcome'>,
  {
    bytes,
    verdict,
    place,
  }: {
    readonly bytes: Uint8Array;
    readonly verdict: { readonly outcome: EvidenceFile['outcome'] };
    readonly place: Place;
  },
): Promise<EvidenceFile> {
  await writeOut(path.join(place.folder, told.file), bytes, place.world);
  return { ...told, sha256: toHex(sha256(bytes)), outcome: verdict.outcome };
}
