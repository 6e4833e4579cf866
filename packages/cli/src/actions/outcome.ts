/** What became of a transaction, for people and for scripts, and the exit code it means. */

import type { Outcome, Problem, Receipt } from '@daybook/client';
import { timeText } from '@daybook/client';
import { toHex } from '@daybook/core';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import type { Paint } from '../frame/style.ts';
import { renderPairs } from '../frame/style.ts';
import type { World } from '../frame/world.ts';
import { answer } from '../print.ts';

/** Prints an outcome. @param optionAt  names the option of a JSON pointer, if it came from one */
export function answerOutcome(
  outcome: Outcome,
  { input, world }: { readonly input: Input; readonly world: World },
  optionAt: (pointer: string) => string | undefined = () => undefined,
): Exit {
  answer(input, world, {
    json: outcome,
    lines: (paint) => outcomeLines(outcome, paint, optionAt),
  });
  switch (outcome.state) {
    case 'committed':
      return 'done';
    case 'pending':
      return 'pending';
    case 'refused':
    case 'expired':
      return 'refused';
  }
}

function outcomeLines(
  outcome: Outcome,
  paint: Paint,
  optionAt: (pointer: string) => string | undefined,
): string {
  switch (outcome.state) {
    case 'committed':
      return `${paint('green', 'Final.')}\n${receiptLines(outcome.receipt, paint)}`;
    case 'refused':
      return problemLines(outcome.problem, paint, optionAt);
    case 'pending':
      return (
        `${paint('yellow', 'Not final yet.')} It was ${outcome.progress}; ask for ` +
        `daybook receipt ${toHex(outcome.id)}`
      );
    case 'expired':
      return `${paint('red', 'Expired.')} No block included it in time; it had no effect.`;
  }
}

/** A receipt as lines: where it stands, and what happened. */
export function receiptLines(receipt: Receipt, paint: Paint): string {
  const { id, height, index, timestampMs, events } = receipt;
  return renderPairs(
    [
      { title: 'Transaction', text: toHex(id) },
      { title: 'Block', text: `${height}, position ${index}` },
      { title: 'Time', text: timeText(timestampMs) },
      ...events.map(({ contract, name, fields }) => ({
        title: 'Event',
        text: `${contract}.${name} ${JSON.stringify(fields)}`,
      })),
    ],
    paint,
  );
}

/** A refusal as lines: code, what happened, each field, what to do. */
export function problemLines(
  { code, detail, remedy, errors = [], receipt }: Problem,
  paint: Paint,
  optionAt: (pointer: string) => string | undefined = () => undefined,
): string {
  const faults = errors.map(({ pointer, parameter, expected, found }) => {
    const inArguments = pointer?.replace(/^\/calls\/0\/args/, '');
    const where = (inArguments && optionAt(inArguments)) ?? pointer ?? parameter ?? 'input';
    return `  ${where}: expected ${expected}${found === undefined ? '' : `, found ${found}`}`;
  });
  const place =
    receipt === undefined
      ? []
      : [`It stands refused in block ${receipt.height} and had no effect.`];
  return [`${paint('red', code)} ${detail}`, ...faults, remedy, ...place].join('\n');
}
