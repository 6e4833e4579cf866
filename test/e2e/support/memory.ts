/** Memory of a process as the kernel counts it. */
import { readFile } from 'node:fs/promises';

const MIB = 1024;

/** Resident set of a process in MiB. @throws Error if there is no such process */
export async function residentMib(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has no resident set`);
  return Number(kib) / MIB;
}
