/**
 * Which of the snapshots that peers offer is taken: the newest, but not for ever that of a peer whose
 * header is genuine and who then gives nothing. An offer costs its sender one message, and others
 * need not have what it speaks of.
 */
import type { Snapshot } from './snapshot.ts';

export interface Offers {
  /** @param offered  by peer id. @returns undefined when there is none */
  choose(offered: ReadonlyMap<string, Snapshot>): Snapshot | undefined;
  /** What was chosen last came to nothing: those who offered it come after all others. */
  inVain(): void;
}

export function createOffers(): Offers {
  /** Who offered what was chosen last. */
  let offerers: readonly string[] = [];
  /** Of peers with a link at some time, and emptied when it holds all who offer something. */
  const unhelpful = new Set<string>();

  return {
    choose: (offered) => {
      const all = [...offered];
      if (all.every(([peerId]) => unhelpful.has(peerId))) unhelpful.clear();
      const best = all
        .filter(([peerId]) => !unhelpful.has(peerId))
        .map(([, snapshot]) => snapshot)
        .reduce<Snapshot | undefined>((newest, one) => {
          return newest === undefined || isNewer(one, newest) ? one : newest;
        }, undefined);
      offerers = all
        .filter(([, { header }]) => header.height === best?.header.height)
        .map(([peerId]) => peerId);
      return best;
    },
    inVain: () => {
      for (const peerId of offerers) unhelpful.add(peerId);
    },
  };
}

function isNewer({ header: one }: Snapshot, { header: other }: Snapshot): boolean {
  return one.height > other.height;
}
