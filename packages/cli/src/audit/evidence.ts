/**
 * The evidence of an engagement as a folder: the findings, proven to be all, and the proof of every
 * record that they cite, each checked before it is written. Nobody needs a node to check them again.
 */
import path from 'node:path';
import type { Client, Trust } from '@daybook/client';
import { nextOfList, verifyListBundle, verifyProofBundle } from '@daybook/client';
import { sha256, toHex } from '@daybook/core';
import { contractNamed } from '../actions/contracts.ts';
import { writeOut } from '../files.ts';
import type { World } from '../frame/world.ts';

/** One file of the folder. */
export interface EvidenceFile {
  readonly file: string;
  /** `audit.finding` for the list of findings, else the record as a finding cites it. */
  readonly record: string;
  readonly sha256: string;
  readonly outcome: 'valid' | 'invalid' | 'unknown';
}

export interface Evidence {
  readonly engagement: string;
  readonly files: readonly EvidenceFile[];
  /** Cited records whose text names no record of this chain. */
  readonly unresolved: readonly string[];
}

interface Place {
  readonly folder: string;
  readonly world: World;
  readonly trust: Trust;
}

/** Writes the folder. `index.json` in it lists the files with their hashes. */
export async function writeEvidence(
  client: Client,
  engagement: string,
  place: Place,
): Promise<Evidence> {
  const { audit } = await import('@daybook/applications');
  const { finding } = client.contractOf(audit).records;
  const files: EvidenceFile[] = [];
  const cited = new Set<string>();
  for await (const { row } of finding.list({ engagement })) {
    for (const { record } of row.evidence) cited.add(record);
  }
  for (let from: Uint8Array | undefined, number = 1; ; number += 1) {
    const bytes = await finding.proveList({ engagement }, from === undefined ? {} : { from });
    const verdict = verifyListBundle(bytes, place.trust);
    files.push(await keep(`findings-${number}.proof`, 'audit.finding', { bytes, verdict, place }));
    from = verdict.outcome === 'invalid' ? undefined : nextOfList(verdict.facts);
    if (from === undefined) break;
  }
  const unresolved: string[] = [];
  for (const [index, record] of [...cited].sort().entries()) {
    const bytes = await prove(client, record);
    if (bytes === undefined) {
      unresolved.push(record);
      continue;
    }
    const verdict = verifyProofBundle(bytes, place.trust);
    files.push(await keep(`record-${index + 1}.proof`, record, { bytes, verdict, place }));
  }
  const evidence = { engagement, files, unresolved };
  const index = `${JSON.stringify(evidence, undefined, 2)}\n`;
  await writeOut(path.join(place.folder, 'index.json'), index, place.world);
  return evidence;
}

async function keep(
  file: string,
  record: string,
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
  await writeOut(path.join(place.folder, file), bytes, place.world);
  return { file, record, sha256: toHex(sha256(bytes)), outcome: verdict.outcome };
}

/** The proof of `contract.record/key/key`; undefined where that names no record set of the chain. */
async function prove(client: Client, cited: string): Promise<Uint8Array | undefined> {
  const [, contractName = '', name = '', keys = ''] =
    /^([^./]+)\.([^/]+)\/(.+)$/s.exec(cited) ?? [];
  if (contractName === '') return undefined;
  const contract = await contractNamed(contractName, client);
  const spec = contract.records[name];
  const parts = keys.split('/');
  const names = Object.keys(spec?.key ?? {});
  if (spec === undefined || parts.length !== names.length) return undefined;
  const key = Object.fromEntries(
    names.map((field, index) => {
      const part = parts[index] ?? '';
      return [field, spec.key[field]?.type === 'integer' ? Number(part) : part];
    }),
  );
  return await client.contractBy(contract).records(name).prove(key);
}
