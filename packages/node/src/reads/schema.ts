/** Which words a record is shown in, and the state record that vouches for them. */
import type { Manifest } from '@daybook/contracts';
import { encodeSchemaPart, manifestRecordKey } from '@daybook/contracts';
import type { SchemaSource } from './proofs.ts';

/** Encoded parts by record set; making one costs milliseconds. */
const encoded = new WeakMap<Manifest, Map<number, Uint8Array>>();

/** @returns undefined when no contract owns the record set */
export function schemaSourceOf(manifest: Manifest, set: number): SchemaSource | undefined {
  const parts = encoded.get(manifest) ?? new Map<number, Uint8Array>();
  encoded.set(manifest, parts);
  const bytes = parts.get(set) ?? encodeSchemaPart(manifest, set);
  if (bytes === undefined) return undefined;
  parts.set(set, bytes);
  return { bytes, recordKey: manifestRecordKey() };
}
