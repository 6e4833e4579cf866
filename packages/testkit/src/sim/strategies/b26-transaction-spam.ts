/** B26: floods the mempools of the others with doubles, conflicts, rubbish and far too much. */
import { createWriter } from '@daybook/core';
import { TALLY_WORKLOAD } from '../tally-workload.ts';
import { signFor } from '../workload.ts';
import { whileAlive } from './false-round-changes.ts';
import type { Strategy } from './strategy.ts';
import type { Traitor } from './traitor.ts';

const EVERY_MS = [300, 1000] as const;
const BATCH = 6;
/** Frames of the transactions channel, as nodes write them. */
const FRAME_BATCH = 1;
const FRAME_HELD = 2;

export const TRANSACTION_SPAMMER: Strategy = {
  name: 'B26',
  title: 'floods mempools with doubled, conflicting and invalid transactions',
  begin: (traitor) => {
    const sent: Uint8Array[] = [];
    whileAlive(traitor, EVERY_MS, () => {
      const wires = Array.from({ length: BATCH }, () => nextWire(traitor, sent));
      const frame = traitor.prng.chance(100) ? lyingFrame(traitor) : batchOf(wires);
      for (const { member } of traitor.honest()) {
        traitor.machine.station()?.inject(member.peerId, 'transactions', frame);
      }
      traitor.acted();
    });
    traitor.bend({});
  },
};

function batchOf(wires: readonly Uint8Array[]): Uint8Array {
  const writer = createWriter();
  writer.u8(FRAME_BATCH);
  writer.u32(wires.length);
  for (const wire of wires) writer.sized(wire);
  return writer.finish();
}

/** Says that it holds what does not exist, or that more entries follow than do. */
function lyingFrame(traitor: Traitor): Uint8Array {
  const writer = createWriter();
  writer.u8(traitor.prng.pick([FRAME_HELD, FRAME_BATCH, 9]));
  writer.u32(traitor.prng.pick([1, 100, 0xffff_ffff]));
  writer.raw(traitor.prng.bytes(32));
  return writer.finish();
}

function nextWire(traitor: Traitor, sent: Uint8Array[]): Uint8Array {
  const { prng, world, machine } = traitor;
  const known = sent.length > 0 && prng.chance(300) ? prng.pick(sent) : undefined;
  if (known !== undefined) return known;
  const wire = signFor(world, {
    member: machine.member,
    calls: TALLY_WORKLOAD.nextCalls(machine.member, prng),
    nonce: prng.bytes(16),
    validUntilMs: machine.clock.wall() + prng.pick([-5000, 500, 60_000, 60_000, 10_000_000_000]),
  }).bytes.slice();
  // Some signatures are wrong.
  if (prng.chance(300)) wire[wire.length - 1] = (wire.at(-1) ?? 0) ^ 1;
  sent.push(wire);
  sent.splice(0, sent.length - 32);
  return wire;
}
