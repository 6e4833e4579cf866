/**
 * Reads the lists of all record sets, a page now and then, so that an index which lost entries is
 * named in the diagnosis before somebody asks for the list. The store checks each page against the
 * state tree; damage is all that this looks for.
 */
import type { Manifest } from '@daybook/contracts';
import { manifestRecordKey } from '@daybook/contracts';
import type { RecordKey } from '@daybook/core';
import type { StateStore } from '@daybook/state';
import type { Clock } from './clock.ts';
import type { FoundDamage } from './found-damage.ts';

/** A page takes some milliseconds: about a thousandth of a core, and a million records in a day. */
const EVERY_MS = 10_000;
const PAGE = 200;

export interface WalkParts {
  readonly clock: Clock;
  readonly stateStore: Pick<StateStore, 'list'>;
  readonly manifest: () => Manifest;
  readonly damage: Pick<FoundDamage, 'note'>;
  /** What stops the node: a failure other than damage. */
  readonly onFatal: (error: unknown) => void;
}

/** The numbers of all record sets that a chain has. */
export function recordSetsOf({ contracts }: Manifest): readonly number[] {
  const sets = contracts.flatMap(({ records }) => Object.values(records).map(({ set }) => set));
  return [...new Set([...sets, manifestRecordKey().set])];
}

/** @returns ends the walk; resolves when the page that is being read is done */
export function walkLists(parts: WalkParts): () => Promise<void> {
  const { clock, stateStore, manifest, damage, onFatal } = parts;
  let place: { readonly set: number; readonly after: RecordKey | undefined } | undefined;
  let reading: Promise<void> = Promise.resolve();
  let isStopped = false;
  const step = async (): Promise<void> => {
    const sets = recordSetsOf(manifest());
    const { set, after } = place ?? { set: sets[0] ?? 0, after: undefined };
    const next = sets[(sets.indexOf(set) + 1) % sets.length] ?? 0;
    place = { set: next, after: undefined };
    const page = await stateStore.list({ set }, { limit: PAGE, ...(after && { after }) });
    if (page.length === PAGE) place = { set, after: page.at(-1)?.key };
  };
  const run = (): void => {
    reading = step()
      .catch((error: unknown) => {
        if (!damage.note(error)) onFatal(error);
      })
      .finally(() => {
        if (!isStopped) cancel = clock.schedule(EVERY_MS, run);
      });
  };
  let cancel = clock.schedule(EVERY_MS, run);
  return async () => {
    isStopped = true;
    cancel();
    await reading;
  };
}
