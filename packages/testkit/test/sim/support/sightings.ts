/** What scenarios watch on the wire and at the signers, and frames that they lose. */
import type { Message, RoundChange } from '@daybook/core';
import { decodeMessage } from '@daybook/core';
import type { Step } from '@daybook/state';
import { parseSignBytes } from '@daybook/state';
import type { Scenario } from '../../../src/sim/scenario.ts';
import type { Frame } from '../../../src/sim/world/wire.ts';

/** Calls back for every consensus message that a machine sends, once per receiver. */
export function onSent(
  { world }: Scenario,
  listener: (message: Message, machine: number) => void,
): void {
  world.events.on('sent', ({ machine, kind, bytes }) => {
    if (kind === 'transactions' || kind === 'status') return;
    const decoded = decodeMessage(bytes);
    if (decoded.ok) listener(decoded.value, machine.index);
  });
}

/** Calls back when a machine has been given a signature for a vote of this kind. */
export function onSigned(
  { world }: Scenario,
  {
    machine,
    step,
    round,
  }: { readonly machine: number; readonly step: Step; readonly round: number },
  then: () => void,
): void {
  let isOver = false;
  world.events.on('signed', (event) => {
    const parsed = parseSignBytes(event.request.signBytes);
    if (isOver || event.machine.index !== machine || !parsed.ok) return;
    if (parsed.value.content.type !== step || parsed.value.content.round !== round) return;
    isOver = true;
    then();
  });
}

/** The ROUND-CHANGEs that machines have sent for a height, by round and machine. */
export function watchRoundChanges(
  scenario: Scenario,
): (height: number, round: number) => ReadonlyMap<number, RoundChange> {
  const seen = new Map<string, Map<number, RoundChange>>();
  onSent(scenario, (message, machine) => {
    if (message.type !== 'round-change') return;
    const { height, round } = message.signed.content;
    const key = `${height}/${round}`;
    seen.set(key, (seen.get(key) ?? new Map<number, RoundChange>()).set(machine, message));
  });
  return (height, round) => seen.get(`${height}/${round}`) ?? new Map<number, RoundChange>();
}

/** Loses the frames that a scenario names; the result ends that. */
export function loseFrames(
  { conditions }: Scenario,
  isLost: (frame: Frame) => boolean,
): () => void {
  const before = conditions.fate;
  conditions.fate = (frame) => (isLost(frame) ? [] : before(frame));
  return () => {
    conditions.fate = before;
  };
}
