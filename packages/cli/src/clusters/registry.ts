/**
 * Which local clusters run on this machine: one file each in the folder for temporary files, naming
 * the process that keeps the cluster. A file whose process has ended is removed by whoever sees it;
 * a process is known by its id and its start time, because ids are used again.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A cluster that is up. */
export interface RunningCluster {
  readonly name: string;
  /** The process that started it and stops it. */
  readonly pid: number;
  readonly directory: string;
  readonly descriptionFile: string;
  /** Hex of the chain id. */
  readonly chain: string;
  readonly urls: readonly string[];
  /** The one of them that keeps SQL tables, if any does. */
  readonly sqlUrl?: string;
}

interface Entry extends RunningCluster {
  /** Start of the process in clock ticks since boot; empty where the system does not tell. */
  readonly startedTicks: string;
}

const POLL_MS = 200;

/** Made when it is first needed. */
export function registryFolder(): string {
  const folder = path.join(tmpdir(), 'daybook-clusters');
  mkdirSync(folder, { recursive: true });
  return folder;
}

function fileOf(name: string): string {
  return path.join(registryFolder(), `${name}.json`);
}

/** What a cluster that was started apart writes; kept when it did not start. */
export function logFileOf(name: string): string {
  return path.join(registryFolder(), `${name}.log`);
}

/** The 22nd field of /proc/PID/stat, behind the name, which may hold spaces. */
function startedTicksOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    // Not Linux, or the process has ended: isAlive tells the two apart.
    return '';
  }
}

function isAlive({ pid, startedTicks }: Entry): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    // No such process.
    return false;
  }
  return startedTicks === '' || startedTicks === startedTicksOf(pid);
}

/** Says that this process keeps a cluster. */
export function announceCluster(cluster: Omit<RunningCluster, 'pid'>): RunningCluster {
  const running = { ...cluster, pid: process.pid };
  const entry: Entry = { ...running, startedTicks: startedTicksOf(process.pid) };
  writeFileSync(fileOf(cluster.name), `${JSON.stringify(entry, undefined, 2)}\n`);
  return running;
}

/** Takes the word back. */
export function forgetCluster(name: string): void {
  rmSync(fileOf(name), { force: true });
}

function readEntry(name: string): Entry | undefined {
  try {
    // Written by announceCluster, which is the only definition of this file.
    return JSON.parse(readFileSync(fileOf(name), 'utf8')) as Entry;
  } catch {
    // There is none, or it is being written at this moment.
    return undefined;
  }
}

/** A running cluster by its name. */
export function findCluster(name: string): RunningCluster | undefined {
  const entry = readEntry(name);
  if (entry === undefined) return undefined;
  if (isAlive(entry)) {
    const { startedTicks: _startedTicks, ...running } = entry;
    return running;
  }
  forgetCluster(name);
  return undefined;
}

/** All that run, by name. */
export function listClusters(): readonly RunningCluster[] {
  const names = readdirSync(registryFolder())
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
  return names.flatMap((name) => findCluster(name) ?? []);
}

/** Resolves when the cluster has announced itself; undefined when the signal came first. */
export async function waitForCluster(
  name: string,
  signal: AbortSignal,
): Promise<RunningCluster | undefined> {
  while (!signal.aborted) {
    const found = findCluster(name);
    if (found !== undefined) return found;
    await pause();
  }
  return undefined;
}

/** Resolves when the cluster's process is gone. */
export async function waitForEnd(name: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && findCluster(name) !== undefined) await pause();
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, POLL_MS);
  });
}
