/**
 * Fuzzing of one decoder (I19): damaged copies of what our own encoders made go in; what may come
 * out is a refusal or something whose encoding is these very bytes, soon and in little memory. An
 * input that is accepted, or refused in words not seen before, joins those that are damaged next.
 */
import { getHeapStatistics } from 'node:v8';
import { createContext, Script } from 'node:vm';
import type { Prng } from '@daybook/testkit';
import { mutate } from './mutate.ts';

/** What became of an input: the encoding of what was decoded, whether it was taken, or a result. */
export type Answer =
  | Uint8Array
  | boolean
  | undefined
  | { readonly ok: boolean; readonly reason?: unknown };

export interface FuzzTarget {
  readonly name: string;
  /** What our own encoders made; every one is accepted. */
  readonly samples: readonly Uint8Array[];
  /** Decodes, and encodes again where there is an encoder; never throws on foreign input. */
  again(bytes: Uint8Array): Answer;
  /** Repairs a checksum in a copy, so that damage reaches what stands behind it. */
  mend?(bytes: Uint8Array): Uint8Array;
}

export interface FuzzFault {
  /** What is wrong, in words. */
  readonly words: string;
  readonly input: Uint8Array;
}

export interface FuzzReport {
  readonly inputs: number;
  readonly accepted: number;
  /** Refusals that differ in more than their numbers. */
  readonly refusals: number;
  /** The first one: it ends the run. */
  readonly fault?: FuzzFault;
}

export interface FuzzOptions {
  readonly prng: Prng;
  /** How long to go on, by `nowMs`. */
  readonly budgetMs: number;
  readonly nowMs: () => number;
  /** Shorter ones are for the test of the harness. */
  readonly slowMs?: number;
}

/** Inputs are at most so long. */
const INPUT_BYTES_MAX = 64 * 1024;
/** Processor time of this thread, which other processes cannot use up: a thousand times what the slowest decoder takes. */
const SLOW_MS = 2000;
/** Nothing our decoders do takes this much, and a length believed before it is checked soon does. */
const MEMORY_BYTES_MAX = 32 * 1024 * 1024;
const MEMORY_PER_BYTE = 256;
const MEMORY_TRIALS = 4;
/** Inputs that are tried between two looks at the watchdog. */
const SLICE_MS = 500;
const POOL_MAX = 512;
const WORDS_MAX = 10_000;

/** Tries inputs until the time is over or one shows a fault. */
export function fuzz(target: FuzzTarget, options: FuzzOptions): FuzzReport {
  const run = new Run(target, options);
  return run.report(run.trySamples() ?? run.tryDamage());
}

/** What to do with a fault: its words, its input, and how to see it again. */
export function renderFault(
  { name }: FuzzTarget,
  { words, input }: FuzzFault,
  seed: number,
): string {
  const hex = Buffer.from(input).toString('hex');
  return `${name}: ${words}\ninput: ${hex}\nrepeat: npm run fuzz -- --only '${name}' --seed ${seed}`;
}

/** Processor time of this thread, in milliseconds. */
export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

class Run {
  readonly #target: FuzzTarget;
  readonly #options: FuzzOptions;
  readonly #slowMs: number;
  readonly #found: Uint8Array[] = [];
  readonly #words = new Set<string>();
  #inputs = 0;
  #accepted = 0;
  /** What is being decoded, and since when: read when the watchdog has ended it. */
  #input: Uint8Array = new Uint8Array();
  #sinceMs = 0;

  constructor(target: FuzzTarget, options: FuzzOptions) {
    this.#target = target;
    this.#options = options;
    this.#slowMs = options.slowMs ?? SLOW_MS;
  }

  report(fault: FuzzFault | undefined): FuzzReport {
    const counts = { inputs: this.#inputs, accepted: this.#accepted, refusals: this.#words.size };
    return { ...counts, ...(fault && { fault }) };
  }

  /** A target whose samples are refused would test nothing. */
  trySamples(): FuzzFault | undefined {
    if (this.#target.samples.length === 0) return { words: 'no samples', input: this.#input };
    for (const sample of this.#target.samples) {
      const before = this.#accepted;
      const fault = this.#watched(() => this.#try(sample));
      if (fault !== undefined) return fault;
      if (this.#accepted === before) return { words: 'a sample is refused', input: sample };
    }
    return undefined;
  }

  tryDamage(): FuzzFault | undefined {
    const { nowMs, budgetMs } = this.#options;
    const endMs = nowMs() + budgetMs;
    while (nowMs() < endMs) {
      const sliceEndMs = Math.min(endMs, nowMs() + SLICE_MS);
      const fault = this.#watched(() => {
        let found: FuzzFault | undefined;
        while (found === undefined && nowMs() < sliceEndMs) found = this.#try(this.#draw());
        return found;
      });
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /**
   * Work that is ended by force when one input does not come to an end by itself. A process that got
   * no processor is no fault: the same input gets twice the time.
   */
  #watched(
    work: () => FuzzFault | undefined,
    timeout = SLICE_MS + 5 * this.#slowMs,
  ): FuzzFault | undefined {
    const box: { fault?: FuzzFault | undefined } = {};
    const context = createContext({
      work: () => {
        box.fault = work();
      },
    });
    try {
      new Script('work()').runInContext(context, { timeout });
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      const input = this.#input;
      return this.#slowness() ?? this.#watched(() => this.#try(input), 2 * timeout);
    }
    return box.fault;
  }

  #slowness(): FuzzFault | undefined {
    const ms = Math.round(threadCpuMs() - this.#sinceMs);
    if (ms < this.#slowMs) return undefined;
    return { words: `takes more than ${this.#slowMs} ms`, input: this.#input };
  }

  #draw(): Uint8Array {
    const { prng } = this.#options;
    const { samples, mend } = this.#target;
    const pool = prng.chance(500) && this.#found.length > 0 ? this.#found : samples;
    const bytes = mutate(prng.pick(pool), { prng, other: prng.pick(samples) });
    const input = bytes.slice(0, INPUT_BYTES_MAX);
    // Some inputs stay with their broken checksum.
    return mend === undefined || prng.chance(100) ? input : mend(input);
  }

  #try(input: Uint8Array): FuzzFault | undefined {
    this.#inputs++;
    this.#input = input;
    let spent = Number.POSITIVE_INFINITY;
    // What the collector does meanwhile may look like memory that was taken, but not every time.
    for (let trial = 0; trial < MEMORY_TRIALS; trial++) {
      const before = memoryBytes();
      this.#sinceMs = threadCpuMs();
      let answer: Answer;
      try {
        answer = this.#target.again(input.slice());
      } catch (error) {
        const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
        return { words: `throws ${words}`, input };
      }
      spent = Math.min(spent, memoryBytes() - before);
      const slow = this.#slowness();
      if (slow !== undefined) return slow;
      if (spent <= MEMORY_BYTES_MAX + MEMORY_PER_BYTE * input.length) {
        return this.#judge(answer, input);
      }
    }
    return { words: `takes ${spent} bytes of memory for ${input.length}`, input };
  }

  #judge(answer: Answer, input: Uint8Array): FuzzFault | undefined {
    const isBytes = answer instanceof Uint8Array;
    if (isBytes && Buffer.compare(answer, input) !== 0) {
      const hex = Buffer.from(answer).toString('hex');
      return { words: `is not the encoding of what was decoded, which is ${hex}`, input };
    }
    const isAccepted = isBytes || (typeof answer === 'object' ? answer.ok : answer === true);
    if (isAccepted) this.#accepted++;
    const isNew = isAccepted ? this.#options.prng.chance(20) : this.#isNew(wordsOf(answer));
    if (!isNew) return undefined;
    if (this.#found.length < POOL_MAX) this.#found.push(input);
    else this.#found[this.#options.prng.below(POOL_MAX)] = input;
    return undefined;
  }

  #isNew(words: string): boolean {
    if (this.#words.has(words) || this.#words.size >= WORDS_MAX) return false;
    this.#words.add(words);
    return true;
  }
}

/** Bytes on the heap and behind it; garbage counts until it is collected. */
function memoryBytes(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

/** The words of a refusal; of its numbers only how long they are, which shows how deep it got. */
function wordsOf(answer: Answer): string {
  if (typeof answer !== 'object' || answer instanceof Uint8Array) return 'refused';
  const text = JSON.stringify(answer.reason, (_key, value: unknown) => {
    if (typeof value === 'bigint') return Number(value);
    return value instanceof Uint8Array ? value.length : value;
  });
  const short = (text ?? 'refused').slice(0, 400);
  return short.replaceAll(/\d+/g, (digits) => `#${bitsOf(Number(digits))}`);
}

function bitsOf(value: number): number {
  return Math.ceil(Math.log2(value + 1));
}
