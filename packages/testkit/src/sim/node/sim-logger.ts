/** The node's logger port as plain lines, for the full log of a replayed seed. */
import type { Logger } from '@daybook/node';

type Data = Parameters<Logger['info']>[1];

export function createSimLogger(print: (line: string) => void, module = ''): Logger {
  const write =
    (level: string) =>
    (message: string, data?: Data): void => {
      const facts = Object.entries(data ?? {}).map(([name, value]) => `${name}=${String(value)}`);
      print([level, module, message, ...facts].filter((word) => word !== '').join(' '));
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (name) => createSimLogger(print, name),
  };
}
