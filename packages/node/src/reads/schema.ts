/** Which words a record is shown in, and the state record that vouches for them. */
import type { Manifest } from '@daybook/contracts';
import { encodeSchemaPart, manifestRecordKey } from '@daybook/contracts';
import type { SchemaSource } from './proofs.ts';

const CONTRACT_SHIFT = 0x1_0000;

/** Encoded parts by contract number; making one costs milliseconds. */
const encoded = new WeakMap<Manifest, Map<number, Uint8Array>>();

/** @returns undefined when no contract owns the record set */
export function schemaSourceOf(manifest: Manifest, set: number): SchemaSource | undefined {
  const parts = encoded.get(manifest) ?? new Map<number, Uint8Array>();
  encoded.set(manifest, parts);
  const contract = Math.floor(set / CONTRACT_SHIFT);
  const isOwned = manifest.contracts.some(({ records }) =>
    Object.values(records).some((record) => record.set === set),
  );
  const bytes = isOwned ? (parts.get(contract) ?? encodeSchemaPart(manifest, set)) : undefined;
  if (bytes === undefined) return undefined;
  parts.set(contract, bytes);
  return { bytes, recordKey: manifestRecordKey() };
}
