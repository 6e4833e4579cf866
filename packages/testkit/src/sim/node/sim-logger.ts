/** The node's logger port: told to whoever listens, and as plain lines for the log of a replay. */
import type { Logger } from '@daybook/node';

type Data = NonNullable<Parameters<Logger['info']>[1]>;

/**
 * @param print   takes every line; absent when nobody reads them
 * @param listen  takes every warning
 */
export function createSimLogger(
  print: ((line: string) => void) | undefined,
  listen: (message: string, data: Data) => void,
  module = '',
): Logger {
  const write =
    (level: string) =>
    (message: string, data: Data = {}): void => {
      if (level === 'warn') listen(message, data);
      if (print === undefined) return;
      const facts = Object.entries(data).map(([name, value]) => `${name}=${String(value)}`);
      print([level, module, message, ...facts].filter((word) => word !== '').join(' '));
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (name) => createSimLogger(print, listen, name),
  };
}
