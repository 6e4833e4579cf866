/** The node's logger port: accusations are heard, and all of it is the log of a replay. */
import type { Logger } from '@daybook/node';

type Data = NonNullable<Parameters<Logger['info']>[1]>;

/** What a node has found out about a validator. */
export interface Accusation {
  readonly kind: string;
  /** Id in hex. */
  readonly validator: string;
  readonly height: number;
}

/**
 * @param print     takes every line; absent when nobody reads them
 * @param onAccuse  told of every validator that contradicts itself
 */
export function createSimLogger(
  print: ((line: string) => void) | undefined,
  onAccuse: (accusation: Accusation) => void,
  module = '',
): Logger {
  const write =
    (level: string) =>
    (message: string, data: Data = {}): void => {
      if (message === 'a validator contradicts itself') onAccuse(accusationIn(data));
      if (print === undefined) return;
      const facts = Object.entries(data).map(([name, value]) => `${name}=${String(value)}`);
      print([level, module, message, ...facts].filter((word) => word !== '').join(' '));
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (name) => createSimLogger(print, onAccuse, name),
  };
}

function accusationIn({ kind, validator, height }: Data): Accusation {
  return { kind: String(kind), validator: String(validator), height: Number(height) };
}
