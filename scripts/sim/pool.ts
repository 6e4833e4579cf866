/**
 * Seeds over several processes, one seed at a time each. Some seeds run once more, soon after the
 * first time and in another process; such a seed is done when both runs are.
 */
import type { ChildProcess } from 'node:child_process';
import type { Task } from './worker.ts';

/** What a process gives back for a seed: at least which one it was. */
export interface Answer {
  readonly seed: number;
}

export interface PoolOptions<Report extends Answer> {
  /** How many processes work at the same time. One more is kept where one alone would repeat itself. */
  readonly jobs: number;
  readonly taskOf: (seed: number) => Task;
  readonly isRepeated: (seed: number) => boolean;
  readonly startWorker: () => ChildProcess;
  /** `again` is what the second run of a seed gave; undefined where there is one run only. */
  readonly onDone: (first: Report, again: Report | undefined) => void;
}

/** What a process is at: the second run of a seed knows the first. */
interface Present<Report> {
  readonly seed: number;
  readonly first: Report | undefined;
}

interface Repeat<Report> {
  readonly first: Report;
  readonly by: ChildProcess;
}

export class SeedPool<Report extends Answer> {
  readonly #options: PoolOptions<Report>;
  readonly #waiting: number[];
  readonly #repeats: Repeat<Report>[] = [];
  readonly #workers: ChildProcess[] = [];
  readonly #present = new Map<ChildProcess, Present<Report>>();
  readonly #ended = Promise.withResolvers<void>();
  #isOver = false;

  constructor(seeds: readonly number[], options: PoolOptions<Report>) {
    this.#waiting = [...seeds];
    this.#options = options;
  }

  /** @throws Error if a process ends before all seeds are done */
  async run(): Promise<void> {
    this.#goOn();
    await this.#ended.promise;
  }

  /** Ends all processes at once, whatever they are at. */
  kill(): void {
    this.#isOver = true;
    for (const worker of this.#workers) worker.kill('SIGKILL');
  }

  #goOn(): void {
    while (this.#present.size < Math.max(1, this.#options.jobs) && this.#beginOne());
    if (this.#present.size > 0) return;
    this.#isOver = true;
    for (const worker of this.#workers) worker.disconnect();
    if (this.#workers.length === 0) this.#ended.resolve();
  }

  /** Repeats come first. @returns false if there is nothing to do, or nobody who may do it */
  #beginOne(): boolean {
    for (const [index, { first, by }] of this.#repeats.entries()) {
      const worker = this.#workerBut(by);
      if (worker === undefined) continue;
      this.#repeats.splice(index, 1);
      this.#hand(worker, { seed: first.seed, first });
      return true;
    }
    const [seed] = this.#waiting;
    const worker = seed === undefined ? undefined : this.#workerBut(undefined);
    if (seed === undefined || worker === undefined) return false;
    this.#waiting.shift();
    this.#hand(worker, { seed, first: undefined });
    return true;
  }

  /** A process without work that is another one; started if there are few. */
  #workerBut(other: ChildProcess | undefined): ChildProcess | undefined {
    const idle = this.#workers.find((one) => one !== other && !this.#present.has(one));
    if (idle !== undefined || this.#workers.length >= Math.max(2, this.#options.jobs)) return idle;
    return this.#start();
  }

  #hand(worker: ChildProcess, present: Present<Report>): void {
    this.#present.set(worker, present);
    worker.send(this.#options.taskOf(present.seed));
  }

  #start(): ChildProcess {
    const worker = this.#options.startWorker();
    this.#workers.push(worker);
    worker.on('message', (report: Report) => this.#take(worker, report));
    worker.once('exit', (code) => this.#onExit(worker, code));
    return worker;
  }

  #take(worker: ChildProcess, report: Report): void {
    const present = this.#present.get(worker);
    if (present === undefined || this.#isOver) return;
    this.#present.delete(worker);
    const { seed, first } = present;
    const { isRepeated, onDone } = this.#options;
    if (first !== undefined) onDone(first, report);
    else if (isRepeated(seed)) this.#repeats.push({ first: report, by: worker });
    else onDone(report, undefined);
    this.#goOn();
  }

  #onExit(worker: ChildProcess, code: number | null): void {
    this.#workers.splice(this.#workers.indexOf(worker), 1);
    if (!this.#isOver || code !== 0) {
      this.#ended.reject(new Error(`a simulator process ended with ${code}`));
    } else if (this.#workers.length === 0) {
      this.#ended.resolve();
    }
  }
}
