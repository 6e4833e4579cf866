/** The words that name a record or a set of them: contract, record and key, or one word that cites it. */
import { CliError } from '../errors.ts';
import type { Input } from '../frame/input.ts';

export const RECORD_OPERANDS = [
  { name: 'contract', help: 'Name of the contract, for example treasury.' },
  { name: 'record', help: 'Name of the record, for example payment.' },
] as const;

/** Of verbs about one record: it may stand in one word, too, as findings and trails cite it. */
export const ONE_RECORD = [
  {
    name: 'contract',
    help: 'Name of the contract; or the whole record as findings and trails cite it, in one word.',
  },
  { name: 'record', help: 'Name of the record, for example payment.', optional: true },
] as const;

export const KEY_OPERAND = {
  name: 'key',
  help: 'Key fields of the record, in order.',
  many: true,
  optional: true,
} as const;

/** A record, or a set of them, as it was named. */
export interface Named {
  readonly contract: string;
  readonly record: string;
  /** Key fields as text, in order. */
  readonly key: readonly string[];
}

export async function namedBy(input: Input): Promise<Named> {
  const contract = input.operand('contract');
  const record = input.optionalOperand('record');
  const key = input.operands('key');
  const cited = contract.includes('/') ? await readCited(contract) : undefined;
  if (cited === undefined) return { contract, record: input.operand('record'), key };
  if (record === undefined) return cited;
  throw new CliError({ code: 'CLI_OPERAND_SURPLUS', found: record });
}

async function readCited(text: string): Promise<Named | undefined> {
  const { readCitation } = await import('@daybook/applications');
  return readCitation(text);
}
