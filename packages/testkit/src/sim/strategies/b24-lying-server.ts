/**
 * B24: draws everybody who is behind to itself with false claims, and serves what is of no use:
 * wrong blocks, half of a range, old heights, damaged bytes, or nothing until the time is up.
 */
import { encodeMessage } from '@daybook/core';
import { whileAlive } from './false-round-changes.ts';
import type { Strategy } from './strategy.ts';
import type { Traitor } from './traitor.ts';

const EVERY_MS = [300, 1500] as const;

type Serve = (traitor: Traitor, honest: Uint8Array, before: Uint8Array) => Uint8Array | undefined;

const SERVICES: readonly Serve[] = [
  (traitor, honest) => flipped(traitor, honest),
  (traitor, honest) => honest.subarray(0, traitor.prng.below(honest.length + 1)),
  // The count says more than comes.
  (_traitor, honest) => {
    const more = honest.slice();
    more[1] = (more[1] ?? 0) + 1;
    return more;
  },
  // What was answered to somebody else before: of old heights.
  (_traitor, _honest, before) => before,
  () => new Uint8Array(2),
  (traitor) => traitor.prng.bytes(300),
  () => undefined,
];

function flipped(traitor: Traitor, honest: Uint8Array): Uint8Array {
  const bytes = honest.slice();
  if (bytes.length === 0) return bytes;
  const at = traitor.prng.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << traitor.prng.below(8));
  return bytes;
}

export const LYING_SERVER: Strategy = {
  name: 'B24',
  title: 'claims to be ahead and serves wrong, cut, old or no blocks',
  begin: (traitor) => {
    let before: Uint8Array = new Uint8Array([0, 1]);
    const { prng } = traitor;
    whileAlive(traitor, EVERY_MS, () => tellOfHeights(traitor));
    traitor.bend({
      hears: () => prng.chance(700),
      answer: (_from, _request, honest) => {
        traitor.acted();
        const answer = prng.pick(SERVICES)(traitor, honest ?? new Uint8Array(), before);
        if (honest !== undefined) before = honest;
        return answer;
      },
    });
  },
};

/** A STATUS of a height that nobody has reached, or of one long past. */
function tellOfHeights(traitor: Traitor): void {
  const { machine, prng, world } = traitor;
  const head = machine.replica()?.ledger.head();
  if (head === undefined) return;
  const none = new Uint8Array();
  const bytes = encodeMessage({
    type: 'status',
    height: prng.pick([1, machine.height() + prng.between(2, 1000), 2 ** 45]),
    round: prng.between(0, 5),
    headHash: head.hash,
    wallMs: machine.clock.wall() + prng.between(-100_000, 100_000),
    links: none,
    held: { prePrepare: none, prepare: none, commit: none, roundChange: none },
  });
  for (const { member } of world.machines) {
    const channel = traitor.prng.chance(500) ? 'sync' : 'consensus';
    machine.station()?.inject(member.peerId, channel, bytes);
  }
}
