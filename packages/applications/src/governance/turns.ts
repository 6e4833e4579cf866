/** Turns of proposers (protocol §6), kept in the state so that everybody computes the same one. */
import type { RowOf } from '@daybook/contracts';
import type { Rotation, ValidatorId, ValidatorSet } from '@daybook/core';
import { asHash, asValidatorId, carryRotation, updateRotation } from '@daybook/core';
import type { Keeper } from './context.ts';
import { epochOf } from './ground.ts';
import type { records } from './records.ts';

export function turnRotation(
  context: Keeper,
  validators: ValidatorSet,
  proposer: ValidatorId,
): void {
  const rotation = carryRotation(rotationOf(context.records.rotation.get({})), validators);
  const { chain, height: at } = context;
  const place = { chain: asHash(chain), height: at, epochBlocks: epochOf(context) };
  const turned = updateRotation({ ...place, validators, rotation }, proposer);
  const isSame = turned.every(
    (entry, index) =>
      entry.score === rotation[index]?.score && entry.restUntil === rotation[index]?.restUntil,
  );
  if (!isSame) putRotation(context, turned);
}

export function rotationOf(row: RowOf<typeof records.rotation> | undefined): Rotation {
  return (row?.entries ?? []).map(({ id, score, restUntil }) => ({
    id: asValidatorId(id),
    score,
    restUntil,
  }));
}

export function putRotation(context: Keeper, rotation: Rotation): void {
  const entries = rotation.map(({ id, score, restUntil }) => ({ id, score, restUntil }));
  context.records.rotation.put({ entries });
}
