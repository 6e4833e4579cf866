/**
 * The parts a network is given in tests: the real clock, a log that is kept, figures that are kept.
 */
import { performance } from 'node:perf_hooks';
import type { Clock, LogData, Logger, MetricsSink, NetworkParts } from '../../src/network.ts';

export interface KeptParts extends NetworkParts {
  /** Log lines as `level message {data}`. */
  readonly lines: readonly string[];
  /** Sum or last value of a metric over the labels that match. */
  figure(name: string, labels?: Readonly<Record<string, string>>): number;
}

export const realClock: Clock = {
  now: () => performance.now(),
  schedule(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

/** A clock that runs `factor` times as fast, for timeouts that are too long to sit through. */
export function fastClock(factor: number): Clock {
  return {
    now: () => performance.now() * factor,
    schedule: (delayMs, task) => realClock.schedule(delayMs / factor, task),
  };
}

let seed = 0x2545f491;

/** Jitter of tests: the same in every run, different for every call. */
function random(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}

export function keptParts(clock: Clock = realClock): KeptParts {
  const lines: string[] = [];
  const figures = new Map<string, number>();
  const write =
    (level: string) =>
    (message: string, data: LogData = {}): void => {
      lines.push(`${level} ${message} ${JSON.stringify(data)}`);
    };
  const logger: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
  const key = (name: string, labels: Readonly<Record<string, string>>): string =>
    `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
  const metrics: MetricsSink = {
    add: (name, amount, labels = {}) => {
      figures.set(key(name, labels), (figures.get(key(name, labels)) ?? 0) + amount);
    },
    set: (name, value, labels = {}) => {
      figures.set(key(name, labels), value);
    },
    observe: (name, _, labels = {}) => {
      figures.set(key(name, labels), (figures.get(key(name, labels)) ?? 0) + 1);
    },
  };
  return {
    clock,
    random,
    logger,
    metrics,
    lines,
    figure(name, labels = {}) {
      let sum = 0;
      for (const [entry, value] of figures) {
        const wanted = Object.entries(labels).every((pair) => entry.includes(JSON.stringify(pair)));
        sum += entry.startsWith(`${name} `) && wanted ? value : 0;
      }
      return sum;
    },
  };
}
