/** Figures of benchmarks: time of the processor, sizes of folders, and how both are printed. */
import * as fs from 'node:fs';
import * as path from 'node:path';

/** Milliseconds of CPU that all threads used since `start`, of `process.cpuUsage()`. */
export function cpuMs(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** Bytes of the files in a folder whose names begin with `part`. */
export function directorySize(folder: string, part: string): number {
  return fs
    .readdirSync(folder)
    .filter((name) => name.startsWith(part))
    .reduce((sum, name) => sum + fs.statSync(path.join(folder, name)).size, 0);
}

export function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}

const quantile = (sorted: readonly number[], part: number): number =>
  sorted[Math.floor((sorted.length - 1) * part)] ?? 0;

/** Prints mean, 10th, 50th and 95th percentile and maximum: on a busy machine the 10th says most. */
export function show(title: string, figures: readonly number[]): void {
  const sorted = figures.toSorted((a, b) => a - b);
  const mean = figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
  const places = mean < 1 ? 2 : 1;
  const parts = [
    mean,
    quantile(sorted, 0.1),
    quantile(sorted, 0.5),
    quantile(sorted, 0.95),
    quantile(sorted, 1),
  ];
  const words = ['mean', 'p10', 'p50', 'p95', 'max'].map(
    (name, index) => `${name} ${(parts[index] ?? 0).toFixed(places)}`,
  );
  console.log(`${title.padEnd(25)} ${words.join('  ')}`);
}
