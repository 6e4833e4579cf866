/** What another process has used of the processor, as Linux tells it. */
import { readFileSync } from 'node:fs';

/** Clock ticks of a second in /proc, on every Linux that Node runs on. */
const TICKS = 100;

/** Seconds of CPU in all threads of a running process; NaN where there is no /proc. */
export function cpuSecondsOf(pid: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; user and system time are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return Number.NaN;
  }
}
