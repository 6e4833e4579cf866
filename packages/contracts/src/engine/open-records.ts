/**
 * Reading a contract's records straight from a state view, without a block: for the node's own
 * questions (who are the validators, which peers are admitted) and for tools.
 */
import type { Contract } from '../language/definition.ts';
import type { KeyOf, Records, RowOf } from '../language/parts.ts';
import { linkContract } from './link.ts';
import { readStored } from './rows.ts';
import { HostFault } from './signals.ts';
import type { StateView } from './state-view.ts';

/** One reader per record set: the row under a key, or undefined. */
export type RecordReaders<R extends Records> = {
  readonly [K in keyof R]: (view: StateView, key: KeyOf<R[K]>) => RowOf<R[K]> | undefined;
};

/**
 * Compiles readers for a contract's records.
 * @throws ContractsError (from a reader) for a stored value that is not what the set holds
 */
export function openRecords<R extends Records>(
  contract: Pick<Contract<R>, 'definition' | 'records'>,
): RecordReaders<R> {
  const { records } = linkContract(contract.definition);
  const readers = Object.entries(records).map(([name, record]) => [
    name,
    (view: StateView, key: Readonly<Record<string, unknown>>) => {
      try {
        return readStored(view, record, key)?.row;
      } catch (error) {
        throw error instanceof HostFault ? error.cause : error;
      }
    },
  ]);
  // The linked records check that rows have the fields that the types say.
  return Object.fromEntries(readers) as RecordReaders<R>;
}
