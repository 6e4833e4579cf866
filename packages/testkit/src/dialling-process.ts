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

/** A connection on the loopback interface, as the one who dialled sees it. */
export interface Dialled {
  readonly localPort: number | undefined;
  readonly remotePort: number | undefined;
}

/** Columns of /proc/net/tcp: local and remote address, inode. */
const LOCAL = 1;
const REMOTE = 2;
const INODE = 9;
/** The kernel shows the table piece by piece: a line may be missed while others come and go. */
const READS_MAX = 5;

/** Both ports are asked for: one local port may serve several connections, some of them over. */
function inodeOf({ localPort, remotePort }: Dialled): string | undefined {
  if (localPort === undefined || remotePort === undefined) return undefined;
  const [local, remote] = [loopbackAddress(localPort), loopbackAddress(remotePort)];
  for (let reading = 0; reading < READS_MAX; reading += 1) {
    for (const line of readText('/proc/net/tcp').split('\n')) {
      const columns = line.trim().split(/\s+/);
      if (columns[LOCAL] === local && columns[REMOTE] === remote) return columns[INODE];
    }
  }
  return undefined;
}

function loopbackAddress(port: number): string {
  return `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
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

/** The node that dialled this connection. */
export function dialling(dialled: Dialled, nodes: readonly DiallingNode[]): string | undefined {
  const inode = inodeOf(dialled);
  if (inode === undefined) return undefined;
  const owner = nodes.find(({ process }) => {
    const pid = process.pid();
    return pid !== undefined && familyOf(pid).some((one) => holds(one, `socket:[${inode}]`));
  });
  return owner?.slug;
}
