/**
 * The evidence of an engagement as a folder: the findings, proven to be all, and the proof of every
 * record that they cite, each checked before it is written. What is cited is taken from the proven
 * list, never from an answer that nobody checked. Nobody needs a node to check the files again.
 */
import path from 'node:path';
import type { AtHeight, Client, ListVerdict, ProvenRow } from '@daybook/client';
import { nextOfList, verifyListBundle, verifyProofBundle } from '@daybook/client';
import { encodeUtf8, sha256, toHex } from '@daybook/core';
import { writeOut } from '../files.ts';
import type { World } from '../frame/world.ts';
import { readCitations } from './citations.ts';
import type { CitedRecord, Proof, ProvenCitation, TrustNow } from './cited.ts';
import { proveCited } from './cited.ts';
import type { Evidence, EvidenceFile, EvidenceRemark } from './evidence-index.ts';
import {
  ENGAGEMENT,
  ENGAGEMENT_FILE,
  FINDINGS,
  INDEX_FILE,
  REPORT_FILE,
} from './evidence-index.ts';
import type { KeptProofs } from './kept-proofs.ts';

interface Place {
  readonly folder: string;
  /** Proofs kept when the findings were opened, for what no node keeps any longer. */
  readonly kept?: KeptProofs;
  readonly world: World;
  readonly trust: TrustNow;
}

/** What was written, and the SHA-256 of `index.json` in hex, which a report names. */
export interface WrittenEvidence extends Evidence {
  readonly index: string;
}

/** Writes the folder. `index.json` in it lists the files with their hashes. */
export async function writeEvidence(
  client: Client,
  engagement: string,
  place: Place,
): Promise<WrittenEvidence> {
  const { cite } = await import('@daybook/applications');
  const { files: lists, rows, height } = await keepFindings(client, engagement, place);
  const at = height === undefined ? {} : { height };
  const itself = await proveEngagement(client, engagement, { place, at });
  const told = { file: ENGAGEMENT_FILE, record: cite(ENGAGEMENT, engagement) };
  const files: EvidenceFile[] = [...lists, await keep(told, { ...itself, place })];
  const citations = readCitations(rows, cite);
  const remarks = citations.unreadable.map(
    (one): EvidenceRemark => ({ ...one, state: 'unreadable' }),
  );
  for (const [index, cited] of citations.cited.entries()) {
    const proven = await proveOrRecall(client, cited, { place, at });
    if (proven.state !== 'same') remarks.push({ ...cited, state: proven.state });
    files.push(...(await keepRecord(`record-${index + 1}`, cited, { proven, place })));
  }
  const evidence = { engagement, files, remarks };
  const index = `${JSON.stringify(evidence, undefined, 2)}\n`;
  await writeOut(path.join(place.folder, INDEX_FILE), index, place.world);
  return { ...evidence, index: toHex(sha256(encodeUtf8(index))) };
}

/**
 * Adds the proof of the report, which names the hash of the index, to a folder that was reported; to
 * one that was not, nothing is added.
 */
export async function writeReportProof(
  client: Client,
  engagement: string,
  place: Place,
): Promise<void> {
  const { bytes, verdict } = await proveEngagement(client, engagement, { place, at: {} });
  const facts = verdict.outcome === 'invalid' ? undefined : verdict.facts;
  if (facts !== undefined && facts.stored?.fields.report === undefined) return;
  await writeOut(path.join(place.folder, REPORT_FILE), bytes, place.world);
}

async function proveEngagement(
  client: Client,
  engagement: string,
  { place, at }: { readonly place: Place; readonly at: AtHeight },
): Promise<Proof> {
  const { audit } = await import('@daybook/applications');
  const bytes = await client.contractOf(audit).records.engagement.prove({ engagement }, at);
  return { bytes, verdict: verifyProofBundle(bytes, place.trust()) };
}

/** A version that no node keeps is looked for among the proofs that were kept. */
async function proveOrRecall(
  client: Client,
  cited: CitedRecord,
  { place: { kept, trust }, at }: { readonly place: Place; readonly at: AtHeight },
): Promise<ProvenCitation> {
  const proven = await proveCited(client, cited, { trust, at });
  if (proven.state !== 'lost' && proven.state !== 'absent') return proven;
  const recalled = await kept?.recall(cited, trust());
  if (recalled === undefined) return proven;
  return proven.now === undefined ? recalled : { ...recalled, now: proven.now };
}

interface ProvenFindings {
  readonly files: readonly EvidenceFile[];
  readonly rows: readonly ProvenRow[];
  /** Of the block that all files are proven by. */
  readonly height: number | undefined;
}

/** The list of findings, in as many files of one block as it takes. */
async function keepFindings(
  client: Client,
  engagement: string,
  place: Place,
): Promise<ProvenFindings> {
  const { audit } = await import('@daybook/applications');
  const { finding } = client.contractOf(audit).records;
  const files: EvidenceFile[] = [];
  const rows: ProvenRow[] = [];
  let at: Parameters<typeof finding.proveList>[1] = {};
  for (let number = 1; ; number += 1) {
    const bytes = await finding.proveList({ engagement }, at);
    const verdict: ListVerdict = verifyListBundle(bytes, place.trust());
    const file = `findings-${number}.proof`;
    files.push(await keep({ file, record: FINDINGS }, { bytes, verdict, place }));
    if (verdict.outcome === 'invalid') return { files, rows, height: at.height };
    rows.push(...verdict.facts.rows);
    const { height } = verdict.facts.block.header;
    const from = nextOfList(verdict.facts);
    if (from === undefined) return { files, rows, height };
    at = { from, height };
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
