/**
 * The manifests of the contracts in force: now, and at any height whose state is kept. They change
 * only when governance activates a version, so one object serves until then.
 */
import type { Engine, Manifest } from '@daybook/contracts';
import { manifestRecordKey } from '@daybook/contracts';
import type { Height } from '@daybook/core';
import { equalBytes } from '@daybook/core';
import type { StateReader, StateStore } from '@daybook/state';
import type { Ledger } from './ledger/ledger.ts';

export interface Manifests {
  /** In force at the head: the same object until governance changes a version. */
  now(): Manifest;
  /** @throws StateError STATE_VERSION_PRUNED when the state of the height is no longer kept */
  at(height: Height): Manifest;
}

export function createManifests(
  engine: Engine,
  ledger: Ledger,
  stateStore: Pick<StateStore, 'view'>,
): Manifests {
  const key = manifestRecordKey();
  const stored = (reader: StateReader): Uint8Array => reader.get(key) ?? new Uint8Array();
  let current = {
    manifest: engine.manifestOf(ledger.head().reader),
    bytes: stored(ledger.head().reader),
  };
  const now = (): Manifest => {
    const { reader } = ledger.head();
    const bytes = stored(reader);
    if (!equalBytes(bytes, current.bytes)) current = { manifest: engine.manifestOf(reader), bytes };
    return current.manifest;
  };
  return {
    now,
    at: (height) => {
      const reader = stateStore.view(height);
      const present = now();
      return equalBytes(stored(reader), current.bytes) ? present : engine.manifestOf(reader);
    },
  };
}
