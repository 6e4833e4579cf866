/**
 * Input that people write as JSON: files, entries of lists, and the acts that members adopt. Money,
 * quantities and periods may stand there as they stand behind an option ("1234.56 GBP"), so that
 * nobody has to count minor units.
 */
import type { FieldSpec, FieldTable, ManifestAction } from '@daybook/contracts';
import { validateInput } from '@daybook/contracts';
import type { InputFault } from '@daybook/core';
import type { Option } from '../frame/verb.ts';
import { knownContracts } from './contracts.ts';
import type { Flag } from './flags.ts';
import { jsonOf } from './flags.ts';

type Members = Readonly<Record<string, unknown>>;

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The input with each text for money, a quantity or a period in its JSON form. */
export function readableInput(table: FieldTable, value: unknown): unknown {
  if (!isMembers(value)) return value;
  const members = Object.entries(value).map(([name, member]) => {
    const spec = Object.hasOwn(table, name) ? table[name] : undefined;
    return [name, spec === undefined ? member : readable(spec, member)] as const;
  });
  return Object.fromEntries(members);
}

function readable(spec: FieldSpec, value: unknown): unknown {
  switch (spec.type) {
    case 'money':
    case 'quantity':
    case 'period':
      return typeof value === 'string' ? jsonOf(spec, [value]) : value;
    case 'list':
      return Array.isArray(value) ? value.map((item) => readable(spec.item, item)) : value;
    case 'object':
      return readableInput(spec.fields, value);
    default:
      return value;
  }
}

/** Whether the action proposes another one, whose input is a text of JSON in its own. */
function isProposedAct({ contract, name }: Pick<ManifestAction, 'contract' | 'name'>): boolean {
  return contract === 'governance' && name === 'proposeAct';
}

const ACT_HELP =
  ' Money as "1234.56 GBP", or whole minor units: {"minor": "123456", "currency": "GBP"}.';

export function withActHelp(action: ManifestAction, { path }: Flag, option: Option): Option {
  const isAct = isProposedAct(action) && path.join() === 'input';
  return isAct ? { ...option, help: option.help + ACT_HELP } : option;
}

/**
 * Judges the input of a proposed act before it is signed, by the contract that this release ships;
 * one of another contract is judged on the ledger only.
 * @returns the input with that of the act in its JSON form, and what is wrong with the act's
 */
export async function readAct(
  action: ManifestAction,
  value: unknown,
): Promise<{ readonly value: unknown; readonly faults: readonly InputFault[] }> {
  const known = isProposedAct(action) && isMembers(value) ? value : undefined;
  if (known === undefined || typeof known.input !== 'string') return { value, faults: [] };
  const contracts = await knownContracts();
  const actions = contracts.find(({ name }) => name === known.contract)?.actions ?? {};
  const act = Object.values(actions).find(({ name }) => name === known.action);
  const json = parsed(known.input);
  if (act === undefined || json === undefined) return { value, faults: [] };
  const input = readableInput(act.input, json);
  const checked = validateInput(act, input, '/input');
  return {
    value: { ...known, input: JSON.stringify(input) },
    faults: checked.ok ? [] : checked.reason,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON: the ledger refuses it with the reason.
    return undefined;
  }
}

/** How people write what the JSON form of a field is expected as. */
const WRITTEN: readonly (readonly [form: string, written: string])[] = [
  ['{minor, currency}', 'money such as "1234.56 GBP"'],
  ['{value, unit}', 'a quantity such as "12.5 KGM"'],
];

/** What is expected, in the words of those who write input by hand. */
export function expectedByHand(pointer: string, expected: string): string {
  if (pointer.endsWith('/minor')) return `${expected} of minor units, or money as "1234.56 GBP"`;
  const [, written] = WRITTEN.find(([form]) => expected.includes(form)) ?? [];
  return written === undefined ? expected : `${written}, or in JSON ${expected}`;
}
