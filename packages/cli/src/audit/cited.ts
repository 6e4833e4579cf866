/**
 * Proves a record as a finding cites it: the version that was in force at the height it names. A
 * record that changed since is proven twice, as it was and as it is, while nodes keep that state.
 */
import type { AtHeight, Client, JsonRow, NamedRecord, Trust, Verdict } from '@daybook/client';
import { ClientError, isRefusal, verifyProofBundle } from '@daybook/client';
import { toHex, valueHashOf } from '@daybook/core';
import { contractNamed } from '../actions/contracts.ts';

/** A record as a finding names it. */
export interface CitedRecord {
  readonly record: string;
  readonly height: number;
  /** In hex; of the version that is meant. */
  readonly valueHash?: string;
}

/**
 * What became of the record: `same` since the cited height, `changed` since, or `lost`: changed, and
 * no node keeps the state of that height; `kept`: lost, but its proof was kept; `differs` from the cited hash; `absent`, also where the
 * text names no record of this chain.
 */
export type CitedState = 'same' | 'changed' | 'lost' | 'kept' | 'differs' | 'absent';

export interface Proof {
  readonly bytes: Uint8Array;
  readonly verdict: Verdict;
}

export interface ProvenCitation {
  readonly state: CitedState;
  /** In hex, of the version in force at the cited height. */
  readonly valueHash?: string;
  /** The record at the cited height, or the same version later. */
  readonly cited?: Proof;
  /** The record now, if it changed since. */
  readonly now?: Proof;
}

/** Where the record is kept. */
interface Kept {
  readonly records: ReturnType<ReturnType<Client['contractBy']>['records']>;
  readonly key: JsonRow;
  readonly trust: TrustNow;
}

/** Asked anew for each proof: a block that came after the first is not ahead of the clock. */
export type TrustNow = () => Trust;

/**
 * @param at  block that stands for now, so that proofs which are gathered together show one state;
 *   the head where no node keeps that of the block any longer
 * @throws ClientError when no node answers
 */
export async function proveCited(
  client: Client,
  cited: CitedRecord,
  { trust, at }: { readonly trust: TrustNow; readonly at: AtHeight },
): Promise<ProvenCitation> {
  const kept = await keptAt(client, cited.record, trust);
  if (kept === undefined) return { state: 'absent' };
  const pinned = await proofAt(kept, at);
  const now = pinned ?? (at.height === undefined ? undefined : await proofAt(kept, {}));
  if (now === undefined) return { state: 'absent' };
  if (isInForce(now.verdict, cited.height)) return judge('same', now, cited);
  const then = await proofAt(kept, { height: cited.height });
  const hasNow = storedBytes(now.verdict) !== undefined;
  if (then === undefined) return hasNow ? { state: 'lost', now } : { state: 'absent' };
  const judged = judge('changed', then, cited);
  return judged.state === 'absent' ? judged : { ...judged, now };
}

/** Whether the version of now is the one of the height; the stamp of each tells its first height. */
export function isInForce(verdict: Verdict, height: number): boolean {
  if (verdict.outcome === 'invalid') return true;
  const { stored, block } = verdict.facts;
  return stored !== undefined && stored.stamp.height <= height && height <= block.header.height;
}

/** What a proof of the version in force says of what is meant. */
export function judge(state: CitedState, proof: Proof, { valueHash }: CitedRecord): ProvenCitation {
  if (proof.verdict.outcome === 'invalid') return { state, cited: proof };
  const value = storedBytes(proof.verdict);
  if (value === undefined) return { state: 'absent' };
  const found = toHex(valueHashOf(value));
  const isMeant = valueHash === undefined || valueHash === found;
  return { state: isMeant ? state : 'differs', valueHash: found, cited: proof };
}

/** A proven record as a finding cites it. */
export async function citeProven({ contract, spec, key }: NamedRecord): Promise<string> {
  const { cite } = await import('@daybook/applications');
  const names = Object.keys(spec.key);
  return cite(`${contract.name}.${spec.name}`, ...names.map((name) => String(key[name])));
}

function storedBytes(verdict: Verdict): Uint8Array | undefined {
  return verdict.outcome === 'invalid' ? undefined : verdict.facts.value;
}

/** Undefined for a text that names no record set of the chain, or no key of it. */
async function keptAt(client: Client, text: string, trust: TrustNow): Promise<Kept | undefined> {
  const { readCitation } = await import('@daybook/applications');
  const citation = readCitation(text);
  if (citation === undefined) return undefined;
  const contract = await contractNamed(citation.contract, client).catch(unlessUnknown);
  const spec = contract?.records[citation.record];
  const names = Object.keys(spec?.key ?? {});
  if (contract === undefined || spec === undefined) return undefined;
  if (names.length !== citation.key.length) return undefined;
  const key: JsonRow = Object.fromEntries(
    names.map((name, index) => {
      const part = citation.key[index] ?? '';
      return [name, spec.key[name]?.type === 'integer' ? Number(part) : part];
    }),
  );
  const records = client.contractBy(contract).records(citation.record);
  return { records, key, trust };
}

async function proofAt({ records, key, trust }: Kept, at: AtHeight): Promise<Proof | undefined> {
  const bytes = await records.prove(key, at).catch(unlessUnknown);
  return bytes && { bytes, verdict: verifyProofBundle(bytes, trust()) };
}

/** What cannot be there, or is no longer kept, is undefined. */
function unlessUnknown(error: unknown): undefined {
  const isGone = ['NODE_STATE_PRUNED', 'NODE_STATE_UNKNOWN'].some((code) => isRefusal(error, code));
  if (isGone || isUnknown(error)) return undefined;
  throw error;
}

function isUnknown(error: unknown): boolean {
  if (!(error instanceof ClientError)) return false;
  return error.code === 'CLIENT_INPUT_INVALID' || error.code === 'CLIENT_CONTRACT_UNKNOWN';
}
