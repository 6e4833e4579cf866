/**
 * One verdict on an evidence folder, with no node and no network. Nothing of the folder vouches for
 * itself: which findings there are is taken from their proven list, what they cite from the proven
 * findings, and whether this is the folder that was reported from the engagement on the ledger.
 */
import type { ListVerdict, ProvenFrame, ProvenList, Trust, Verdict } from '@daybook/client';
import { createProofMemory, verifyListBundles, verifyProofBundle } from '@daybook/client';
import type { Hash } from '@daybook/core';
import { equalBytes, sha256, toHex } from '@daybook/core';
import { readCitations } from './citations.ts';
import { citeProven, isInForce, judge } from './cited.ts';
import { altered, faultsOfCitations, faultsOfNames } from './evidence-faults.ts';
import type { EvidenceFolder } from './evidence-folder.ts';
import type { Evidence, EvidenceFile } from './evidence-index.ts';
import {
  ENGAGEMENT,
  ENGAGEMENT_FILE,
  FINDINGS,
  INDEX_FILE,
  REPORT_FILE,
  readEvidenceIndex,
} from './evidence-index.ts';
import type { EvidenceFacts, EvidenceReason, EvidenceVerdict } from './evidence-words.ts';

/** Bytes of all files of the list of findings, which are joined in memory. */
const LISTS_BYTES_MAX = 256 * 1024 * 1024;

/** A file that proves what the index says, without its bytes and facts: there may be many. */
interface ProvenFile extends EvidenceFile {
  readonly trusted: Trusted;
}

/** Of which chain a proof is, and why nobody can tell whether it is the one that is meant. */
interface Trusted {
  readonly chain: Hash;
  readonly reason: Undecided | undefined;
}

type Decided = Exclude<Verdict, { readonly outcome: 'invalid' }>;
type Undecided = Extract<Verdict | ListVerdict, { readonly outcome: 'unknown' }>['reason'];

/** @throws CliError CLI_FILE_FAILED when a file cannot be read */
export async function verifyEvidence(
  folder: EvidenceFolder,
  given: Trust,
): Promise<EvidenceVerdict> {
  const trust = { memory: createProofMemory(), ...given };
  const isThere = folder.names.includes(INDEX_FILE);
  const bytes = isThere ? await folder.read(INDEX_FILE) : undefined;
  const index = bytes && readEvidenceIndex(bytes);
  if (bytes === undefined || index === undefined) {
    return decide([altered(INDEX_FILE, isThere ? 'malformed' : 'missing')]);
  }
  const { cite } = await import('@daybook/applications');
  const own = cite(ENGAGEMENT, index.engagement);
  const names = new Set(folder.names);
  const there = index.files.filter(({ file }) => names.has(file));
  const listed = there.filter(({ record }) => record === FINDINGS);
  const single = there.filter(({ record }) => record !== FINDINGS);
  const read = await readLists(folder, listed);
  const judged = await judgeFiles(folder, single, { trust, own });
  const faults = [...faultsOfNames(folder, index), ...read.faults, ...judged.faults];
  const findings = verifyListBundles(read.lists, trust);
  const wrong = faultOfList(findings, index.engagement);
  if (wrong !== undefined || findings.outcome === 'invalid')
    return decide([...faults, ...(wrong ?? [])]);
  const list = findings.facts;
  const report = await readReport(folder, own, trust);
  const hash = toHex(sha256(bytes));
  const citations = readCitations(list.rows, cite);
  const shown = [...judged.proven.map(({ trusted }) => trusted), trustedOf(findings)];
  const trusted = [...shown, ...report.verdicts.map(trustedOf)];
  const reasons = [
    ...faults,
    ...faultsOfChains(trusted, list),
    ...faultsOfEngagement(judged.itself, list),
    ...faultsOfCitations(judged.proven, citations, index),
    ...report.faults,
    ...faultsOfReport(report.verdicts[0] ?? judged.itself, hash, { list, index }),
    ...undecidedOf(trusted),
  ];
  return decide(reasons, {
    engagement: index.engagement,
    index: hash,
    files: index.files.length,
    findings: list.rows.length,
    citations: citations.cited.length,
    frame: list,
  });
}

/** One proof that is altered spoils the folder; without, every doubt leaves it undecided. */
function decide(found: readonly EvidenceReason[], facts?: EvidenceFacts): EvidenceVerdict {
  const isAltered = ({ code }: EvidenceReason): boolean => code === 'CLI_EVIDENCE_ALTERED';
  const reasons = [...found.filter(isAltered), ...found.filter((one) => !isAltered(one))];
  const doubt = found.some(isAltered) ? 'invalid' : 'unknown';
  const outcome = found.length === 0 ? 'valid' : doubt;
  return { outcome, reasons, ...(facts && { facts }) };
}

interface ReadLists {
  readonly lists: readonly Uint8Array[];
  readonly faults: readonly EvidenceReason[];
}

/** The files of the list of findings, which are joined in memory. */
async function readLists(
  folder: EvidenceFolder,
  files: readonly EvidenceFile[],
): Promise<ReadLists> {
  const lists: Uint8Array[] = [];
  const faults: EvidenceReason[] = [];
  let left = LISTS_BYTES_MAX;
  for (const entry of files) {
    const bytes = await folder.read(entry.file);
    left -= bytes?.length ?? 0;
    const fault = faultOfBytes(entry, left < 0 ? undefined : bytes);
    if (fault !== undefined) faults.push(fault);
    else if (bytes !== undefined) lists.push(bytes);
  }
  return { lists, faults };
}

interface JudgedFiles {
  readonly proven: readonly ProvenFile[];
  /** The engagement itself. */
  readonly itself: Decided | undefined;
  readonly faults: readonly EvidenceReason[];
}

/** One file after the other, so that a large folder is never in memory as a whole. */
async function judgeFiles(
  folder: EvidenceFolder,
  files: readonly EvidenceFile[],
  { trust, own }: { readonly trust: Trust; readonly own: string },
): Promise<JudgedFiles> {
  const proven: ProvenFile[] = [];
  const faults: EvidenceReason[] = [];
  let itself: Decided | undefined;
  for (const entry of files) {
    const bytes = await folder.read(entry.file);
    const fault = faultOfBytes(entry, bytes);
    const judged =
      fault ?? (await judgeProof(entry, verifyProofBundle(bytes ?? new Uint8Array(), trust), own));
    if ('code' in judged) {
      faults.push(judged);
      continue;
    }
    proven.push({ ...entry, trusted: trustedOf(judged) });
    if (entry.file === ENGAGEMENT_FILE) itself = judged;
  }
  return { proven, itself, faults };
}

function faultOfBytes(
  { file, sha256: expected }: EvidenceFile,
  bytes: Uint8Array | undefined,
): EvidenceReason | undefined {
  if (bytes === undefined) return altered(file, 'large');
  return toHex(sha256(bytes)) === expected ? undefined : altered(file, 'changed');
}

/** @param own  the engagement itself, which one file proves whatever the index says */
async function judgeProof(
  entry: EvidenceFile,
  verdict: Verdict,
  own: string,
): Promise<Decided | EvidenceReason> {
  const { file } = entry;
  if (verdict.outcome === 'invalid') return altered(file, 'unproven', verdict.reason);
  const meant = file === ENGAGEMENT_FILE ? { file, record: own } : entry;
  return (await faultOfProof(meant, verdict)) ?? verdict;
}

/** Whether a file proves the record, and where it is cited the version, that the index says. */
async function faultOfProof(
  {
    file,
    record,
    height,
    valueHash,
  }: Pick<EvidenceFile, 'file' | 'record' | 'height' | 'valueHash'>,
  verdict: Decided,
): Promise<EvidenceReason | undefined> {
  const text = await citeProven(verdict.facts.record);
  if (text !== record) return altered(file, 'other');
  if (height === undefined) return undefined;
  if (!isInForce(verdict, height)) return altered(file, 'other');
  const cited = { record, height, ...(valueHash !== undefined && { valueHash }) };
  const { valueHash: found } = judge('same', { bytes: new Uint8Array(), verdict }, cited);
  return found === valueHash ? undefined : altered(file, 'other');
}

/** The list must be the whole list of findings of the engagement that the index names. */
function faultOfList(
  verdict: ListVerdict,
  engagement: string,
): readonly EvidenceReason[] | undefined {
  if (verdict.outcome === 'invalid') return [altered(FINDINGS, 'unproven', verdict.reason)];
  const { contract, spec, within, isWhole } = verdict.facts;
  const isMeant = `${contract.name}.${spec.name}` === FINDINGS && within.engagement === engagement;
  if (!isMeant) return [altered(FINDINGS, 'other')];
  return isWhole ? undefined : [altered(FINDINGS, 'incomplete')];
}

/** Without anything trusted, too, all proofs must at least be of one chain. */
function faultsOfChains(trusted: readonly Trusted[], list: ProvenFrame): readonly EvidenceReason[] {
  const isOne = trusted.every(({ chain }) => equalBytes(chain, list.chain));
  return isOne ? [] : [altered(INDEX_FILE, 'chains')];
}

/** The engagement is there, at the block of the list, and counts the findings of the list. */
function faultsOfEngagement(
  itself: Decided | undefined,
  list: ProvenList,
): readonly EvidenceReason[] {
  if (itself === undefined) return [altered(ENGAGEMENT_FILE, 'unlisted')];
  const { block, stored } = itself.facts;
  if (!equalBytes(block.blockHash, list.block.blockHash))
    return [altered(ENGAGEMENT_FILE, 'moment')];
  if (stored === undefined) return [altered(ENGAGEMENT_FILE, 'other')];
  const isCounted = stored.fields.findings === list.rows.length;
  return isCounted ? [] : [altered(ENGAGEMENT_FILE, 'leftOut')];
}

interface Report {
  readonly verdicts: readonly Decided[];
  readonly faults: readonly EvidenceReason[];
}

async function readReport(folder: EvidenceFolder, own: string, trust: Trust): Promise<Report> {
  if (!folder.names.includes(REPORT_FILE)) return { verdicts: [], faults: [] };
  const bytes = await folder.read(REPORT_FILE);
  if (bytes === undefined) return { verdicts: [], faults: [altered(REPORT_FILE, 'large')] };
  const verdict = verifyProofBundle(bytes, trust);
  if (verdict.outcome === 'invalid') {
    return { verdicts: [], faults: [altered(REPORT_FILE, 'unproven', verdict.reason)] };
  }
  const fault = await faultOfProof({ file: REPORT_FILE, record: own }, verdict);
  return fault === undefined
    ? { verdicts: [verdict], faults: [] }
    : { verdicts: [], faults: [fault] };
}

/** The report names this index, and was issued over the findings that the list has. */
function faultsOfReport(
  engagement: Decided | undefined,
  hash: string,
  { list, index }: { readonly list: ProvenList; readonly index: Evidence },
): readonly EvidenceReason[] {
  const fields = engagement?.facts.stored?.fields;
  if (fields?.report === undefined) {
    return [{ code: 'CLI_EVIDENCE_UNREPORTED', engagement: index.engagement }];
  }
  if (fields.report !== hash) return [altered(INDEX_FILE, 'report')];
  return fields.findings === list.rows.length ? [] : [altered(FINDINGS, 'leftOut')];
}

function trustedOf(
  verdict: Decided | Exclude<ListVerdict, { readonly outcome: 'invalid' }>,
): Trusted {
  const reason = verdict.outcome === 'unknown' ? verdict.reason : undefined;
  return { chain: verdict.facts.chain, reason };
}

/** Why nobody can tell whether the proofs are of the chain that is meant; each reason once. */
function undecidedOf(trusted: readonly Trusted[]): readonly Undecided[] {
  const reasons = trusted.flatMap(({ reason }) => reason ?? []);
  return [...new Map(reasons.map((reason) => [reason.code, reason])).values()];
}
