/**
 * Which node of this machine has opened a TCP connection, as Linux tells it: by the inode of its
 * socket. On other systems nobody can be told, and relays refuse what they cannot name.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process that may have dialled. */
export interface DiallingNode {
  readonly slug: string;
  readonly process: { pid(): number | undefined };
}

/** Columns of /proc/net/tcp: local address and inode. */
const LOCAL = 1;
const INODE = 9;

function inodeOf(port: number): string | undefined {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of readText('/proc/net/tcp').split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (columns[LOCAL] === local) return columns[INODE];
  }
  return undefined;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The process has just ended, or the system has no /proc: nothing is known.
    return '';
  }
}

function holds(pid: number, socket: string): boolean {
  const folder = `/proc/${pid}/fd`;
  let names: readonly string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    // The process has just ended: it holds nothing.
  }
  return names.some((name) => {
    try {
      return readlinkSync(`${folder}/${name}`) === socket;
    } catch {
      // Closed since the folder was listed.
      return false;
    }
  });
}

/** The process and its children: a wrapper such as a tracer may stand before the node. */
function familyOf(pid: number): readonly number[] {
  const children = readText(`/proc/${pid}/task/${pid}/children`).trim();
  if (children === '') return [pid];
  return [pid, ...children.split(/\s+/).map(Number)];
}

/** The node whose connection comes from this port of the loopback interface. */
export function dialling(
  port: number | undefined,
  nodes: readonly DiallingNode[],
): string | undefined {
  const inode = port === undefined ? undefined : inodeOf(port);
  if (inode === undefined) return undefined;
  const owner = nodes.find(({ process }) => {
    const pid = process.pid();
    return pid !== undefined && familyOf(pid).some((one) => holds(one, `socket:[${inode}]`));
  });
  return owner?.slug;
}
