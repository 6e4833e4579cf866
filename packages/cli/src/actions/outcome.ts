/** What became of a transaction, for people and for scripts, and the exit code it means. */

import type { Client, Outcome, Problem, Receipt } from '@daybook/client';
import { timeText } from '@daybook/client';
import type { Call } from '@daybook/core';
import { toHex } from '@daybook/core';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import type { Paint } from '../frame/style.ts';
import { renderPairs } from '../frame/style.ts';
import type { World } from '../frame/world.ts';
import { answer } from '../print.ts';
import type { OpenCall } from './open-calls.ts';
import { openCallLines, openCallsOf } from './open-calls.ts';

/** Where an outcome came from, and where it goes. */
interface Handed {
  readonly input: Input;
  readonly world: World;
  readonly client: Client;
  /** What the transaction asked for. */
  readonly calls: readonly Call[];
}

/** Prints an outcome. @param optionAt  names the option of a JSON pointer, if it came from one */
export async function answerOutcome(
  outcome: Outcome,
  { input, world, client, calls }: Handed,
  optionAt: (pointer: string) => string | undefined = () => undefined,
): Promise<Exit> {
  const openCalls =
    outcome.state === 'committed' ? await openCallsOf(outcome.receipt, calls, client) : [];
  answer(input, world, {
    json: { ...outcome, ...(openCalls.length > 0 && { openCalls }) },
    lines: (paint) => outcomeLines(outcome, { openCalls, paint, optionAt }),
  });
  switch (outcome.state) {
    case 'committed':
      return openCalls.length === 0 ? 'done' : 'open';
    case 'pending':
      return 'pending';
    case 'refused':
    case 'expired':
      return 'refused';
  }
}

interface Shown {
  readonly openCalls: readonly OpenCall[];
  readonly paint: Paint;
  readonly optionAt: (pointer: string) => string | undefined;
}

function outcomeLines(outcome: Outcome, { openCalls, paint, optionAt }: Shown): string {
  switch (outcome.state) {
    case 'committed':
      return [
        openCalls.length === 0 ? paint('green', 'Final.') : openLines(openCalls, paint),
        receiptLines(outcome.receipt, paint),
      ].join('\n');
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

/** What was not carried out yet, and how it goes on. */
export function openLines(openCalls: readonly OpenCall[], paint: Paint): string {
  return openCalls
    .flatMap((open) => {
      const [head = '', ...rest] = openCallLines(open);
      return [paint('yellow', head), ...rest];
    })
    .join('\n');
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
