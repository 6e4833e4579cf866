/** Where a node's own API is asked by verbs that run beside it. */
import type { Settings } from './config.ts';

/** An address that stands for all of this machine's is asked at its loopback. */
const LOOPBACKS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Without a slash at its end. */
export function ownApiUrl({ api: { host, port } }: Pick<Settings, 'api'>): string {
  const own = LOOPBACKS[host] ?? host;
  return `http://${own.includes(':') ? `[${own}]` : own}:${port}`;
}
