/**
 * Free TCP ports for clusters that run side by side. Addresses of nodes stand in the genesis file,
 * so ports must be known before the nodes start. They are taken below the range that the kernel
 * gives to outgoing connections, and each is claimed by a file that names the claiming process, so
 * that two clusters on one machine never choose the same one.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { assert } from '@daybook/core';

/** Ports this process holds until `release`. */
export interface PortClaim {
  readonly ports: readonly number[];
  release(): void;
}

const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;
const ATTEMPTS_MAX = 2000;

function claimDirectory(): string {
  const directory = path.join(tmpdir(), 'daybook-ports');
  mkdirSync(directory, { recursive: true });
  return directory;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // No such process (or not ours, which cannot be: the claim would be owned by another user).
    return false;
  }
}

/** Creates the claim file, or takes over one whose process has ended. */
function claimFile(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    // Somebody claimed it first: is that process still there?
  }
  const pid = Number(readFileSync(file, 'utf8'));
  if (Number.isInteger(pid) && pid > 0 && isAlive(pid)) return false;
  writeFileSync(file, String(process.pid));
  return true;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Claims `count` free ports on the loopback interface. */
export async function claimPorts(count: number): Promise<PortClaim> {
  const directory = claimDirectory();
  const ports: number[] = [];
  const files: string[] = [];
  const start = Math.floor(Math.random() * PORT_COUNT);
  for (let attempt = 0; ports.length < count; attempt++) {
    assert(attempt < ATTEMPTS_MAX, 'there are free ports on this machine');
    const port = FIRST_PORT + ((start + attempt) % PORT_COUNT);
    const file = path.join(directory, String(port));
    if (!claimFile(file)) continue;
    if (await isFree(port)) {
      ports.push(port);
      files.push(file);
    } else {
      rmSync(file, { force: true });
    }
  }
  return {
    ports,
    release: () => {
      for (const file of files) rmSync(file, { force: true });
    },
  };
}
