/** Proof files of records and lists: what may be asked for, and how they are handed out. */
import type { ManifestContract, ManifestRecord } from '@daybook/contracts';
import { keyPrefixOf } from '@daybook/contracts';
import type { RecordPlace, Result } from '@daybook/core';
import { fail, isInRange, ok, toHex, treePrefixOf } from '@daybook/core';
import { PROOF_TYPE } from '../media-type.ts';
import type { Refusal } from '../ports.ts';
import type { Problem } from '../problem.ts';
import { problemOf, showFound } from '../problem.ts';
import type { Freshness, Reply } from '../reply.ts';
import { refuse } from '../reply.ts';
import { parameterName } from './key-parameters.ts';

/** What can be proven whole: a record set, or a partition of it. */
export function readPlace(
  spec: ManifestRecord,
  leading: Readonly<Record<string, unknown>>,
): Result<RecordPlace, Problem> {
  const names = Object.keys(spec.key).slice(0, spec.partition);
  const isWhole = Object.keys(leading).length === 0;
  const isPartition =
    names.length > 0 && Object.keys(leading).sort().join() === names.toSorted().join();
  if (!isWhole && !isPartition) {
    const expected = names.length === 0 ? 'no key fields' : `no key fields, or ${names.join(', ')}`;
    const [first = ''] = Object.keys(leading);
    const errors = [
      {
        parameter: parameterName(first),
        expected: `${expected}, with proof=bundle`,
        found: showFound(Object.keys(leading).join(', ')),
      },
    ];
    return fail({ code: 'NODE_INPUT_INVALID', errors });
  }
  if (isWhole) return ok({ set: spec.set });
  const found = keyPrefixOf(spec, leading);
  if (found.ok) return ok({ set: spec.set, partition: found.value.prefix });
  const errors = found.reason.map(({ pointer, expected, found: what }) => ({
    parameter: parameterName(pointer.slice(1)),
    expected,
    found: what,
  }));
  return fail({ code: 'NODE_INPUT_INVALID', errors });
}

/** Where the next file of a list begins must lie in it. */
export function readFrom(
  place: RecordPlace,
  from: Uint8Array | undefined,
): Result<Uint8Array | undefined, Problem> {
  const prefix = treePrefixOf(place);
  const isInside = from === undefined || isInRange(from, { from: prefix, to: prefix });
  if (isInside) return ok(from);
  const found = toHex(from);
  const errors = [{ parameter: 'from', expected: 'a tree key of this list', found }];
  return fail({ code: 'NODE_INPUT_INVALID', errors });
}

/**
 * How a proof file is called.
 * @param key  key fields in JSON form, as many as there are
 */
export function proofName(
  contract: ManifestContract,
  spec: ManifestRecord,
  key: Readonly<Record<string, unknown>>,
): string {
  const values = Object.values(key).map(String);
  const name = [contract.name, spec.name, ...values].join('-');
  return `${name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 120)}.daybook-proof`;
}

export function proofReply(proof: Result<Uint8Array, Refusal>, fileName: string): Reply {
  if (!proof.ok) return refuse(problemOf(proof.reason));
  const freshness: Freshness = { kind: 'never' };
  const bytes = proof.value;
  return { kind: 'bytes', status: 200, mediaType: PROOF_TYPE, bytes, freshness, fileName };
}
