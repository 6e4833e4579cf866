/**
 * Times of a process that a busy machine does not spoil: by the wall, and by the processor time of
 * all its threads. Where others need the machine, the wall tells of them and the second of the
 * process; on a quiet machine the wall is the shorter one, and it is what a user sees.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { ClusterNode } from '@daybook/testkit';

/** What follows the name in `/proc/PID/stat`: 11 fields, then user and system time in ticks. */
const STAT = /\) (?:\S+ ){11}(?<user>\d+) (?<system>\d+) /;
/** USER_HZ, which is 100 on every architecture that Node runs on. */
const TICK_MS = 10;

/** @returns undefined where the system does not tell, as outside Linux */
function processorMs(node: ClusterNode): number | undefined {
  const file = `/proc/${node.process.pid()}/stat`;
  if (!existsSync(file)) return undefined;
  const times = STAT.exec(readFileSync(file, 'utf8'))?.groups;
  return times && (Number(times.user) + Number(times.system)) * TICK_MS;
}

export interface Elapsed {
  /** By a clock on the wall. */
  readonly wallMs: number;
  /** Of all threads since the process began; that of the wall where it cannot be had. */
  readonly processorMs: number;
}

/** Starts to measure a process that is about to start; the result tells how long it has been. */
export function startStopwatch(node: ClusterNode): () => Elapsed {
  const startedMs = performance.now();
  return () => {
    const wallMs = performance.now() - startedMs;
    return { wallMs, processorMs: processorMs(node) ?? wallMs };
  };
}

/** What the process needed, whatever else the machine did. */
export function neededMs({ wallMs, processorMs }: Elapsed): number {
  return Math.min(wallMs, processorMs);
}

export function tellElapsed({ wallMs, processorMs }: Elapsed): string {
  return `${Math.round(wallMs)} ms (processor ${Math.round(processorMs)} ms)`;
}
