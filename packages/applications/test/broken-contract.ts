/** Contracts with a handler that writes other rows than it should, as a mistake in it would. */
import { defineContract } from '@daybook/contracts';

export type Row = Readonly<Record<string, unknown>>;
export type Change = (row: Row) => Row;
type Tables = Readonly<
  Record<string, { put(row: Row): void; insert(row: Row, code: string): void }>
>;
interface Broken {
  readonly definition: {
    readonly name: string;
    readonly actions: Readonly<
      Record<string, { handler(context: { readonly records: Tables }, input: never): unknown }>
    >;
  };
}

/**
 * A contract with an action whose handler is spoilt.
 * @param changes  by record, what the handler writes instead; `left alone`: it writes no such row
 */
export function brokenContract<C>(
  contract: C,
  action: string,
  changes: Readonly<Record<string, Change | 'left alone'>>,
): C {
  // The types of a definition say nothing about handlers that are called with other tables.
  const { definition } = contract as unknown as Broken;
  const spoilt = definition.actions[action];
  const handler = (context: { readonly records: Tables }, input: never): unknown => {
    const whole = Object.entries(changes).map(([record, change]) => {
      const { [record]: table } = context.records;
      if (table === undefined) throw new Error(`${definition.name} keeps no ${record}`);
      const { put, insert } = table;
      const isLeft = change === 'left alone';
      Object.assign(table, {
        put: (row: Row) => isLeft || put(change(row)),
        insert: (row: Row, code: string) => isLeft || insert(change(row), code),
      });
      return () => Object.assign(table, { put, insert });
    });
    try {
      return spoilt?.handler(context, input);
    } finally {
      for (const restore of whole) restore();
    }
  };
  const actions = { ...definition.actions, [action]: { ...spoilt, handler } };
  return defineContract({ ...definition, actions } as never) as C;
}
