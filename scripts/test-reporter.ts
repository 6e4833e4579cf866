/**
 * The mocha reporter of the gate: one line per suite, every failure in full as soon as it is
 * known, and a machine-readable summary for `scripts/test.ts` in the file named by the
 * environment variable TEST_SUMMARY_FILE. Works in serial and in parallel mode.
 */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import Mocha from 'mocha';

/** What one mocha run leaves behind; durations in milliseconds. */
export interface RunSummary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly slowest: readonly { readonly title: string; readonly ms: number }[];
}

const SLOWEST_MAX = 8;
const { constants } = Mocha.Runner;

class GateReporter extends Mocha.reporters.Base {
  readonly #timings: { title: string; ms: number }[] = [];
  readonly #failures: string[] = [];
  #passed = 0;
  #depth = 0;
  #suiteCount = 0;
  #suiteMs = 0;
  #suiteBeganMs = performance.now();

  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    runner.on(constants.EVENT_TEST_PASS, (test) => this.#onPass(test));
    runner.on(constants.EVENT_TEST_FAIL, (test, error) => this.#onFail(test, error));
    runner.on(constants.EVENT_TEST_PENDING, (test) => print(`  skip  ${test.fullTitle()}`));
    runner.on(constants.EVENT_SUITE_BEGIN, (suite) => this.#onSuiteBegin(suite));
    runner.on(constants.EVENT_SUITE_END, (suite) => this.#onSuiteEnd(suite));
    runner.on(constants.EVENT_RUN_END, () => this.#onRunEnd());
  }

  #onPass(test: Mocha.Test): void {
    const ms = test.duration ?? 0;
    this.#passed += 1;
    this.#suiteCount += 1;
    this.#suiteMs += ms;
    this.#timings.push({ title: test.fullTitle(), ms });
  }

  #onFail(test: Mocha.Test, error: unknown): void {
    const place = test.file === undefined ? '' : ` (${relative(process.cwd(), test.file)})`;
    const text = `  FAIL  ${test.fullTitle()}${place}\n${indent(describeError(error))}`;
    this.#failures.push(text);
    print(text);
  }

  #onSuiteBegin(suite: Mocha.Suite): void {
    if (suite.root) return;
    if (this.#depth === 0) this.#suiteBeganMs = performance.now();
    this.#depth += 1;
  }

  #onSuiteEnd(suite: Mocha.Suite): void {
    if (!suite.root) this.#depth -= 1;
    if (this.#depth > 0 || this.#suiteCount === 0) return;
    const title = suite.fullTitle() || 'tests outside a suite';
    // In parallel mode the suite has ended before it is told of: its hooks cannot be measured.
    const hooksMs = Math.max(0, performance.now() - this.#suiteBeganMs - this.#suiteMs);
    this.#timings.push({ title: `${title}: before and after`, ms: Math.round(hooksMs) });
    const ms = Math.round(this.#suiteMs + hooksMs);
    print(`  ok    ${title}: ${this.#suiteCount} in ${ms} ms`);
    this.#suiteCount = 0;
    this.#suiteMs = 0;
    this.#suiteBeganMs = performance.now();
  }

  #onRunEnd(): void {
    if (this.#failures.length > 0) print(`\nFailures again:\n${this.#failures.join('\n')}`);
    const file = process.env.TEST_SUMMARY_FILE;
    if (file !== undefined) writeFileSync(file, JSON.stringify(this.#summary()));
  }

  #summary(): RunSummary {
    const slowest = this.#timings.sort((a, b) => b.ms - a.ms).slice(0, SLOWEST_MAX);
    return {
      passed: this.#passed,
      failed: this.#failures.length,
      skipped: this.stats.pending,
      slowest,
    };
  }
}

function describeError(error: unknown): string {
  if (!(error instanceof Object)) return String(error);
  const { message, stack, cause, actual, expected } = error as Partial<Record<string, unknown>>;
  const lines = [String(stack ?? message ?? JSON.stringify(error))];
  if (expected !== undefined && typeof expected !== 'boolean') {
    lines.push(`expected: ${show(expected)}`, `actual:   ${show(actual)}`);
  }
  if (cause instanceof Error) lines.push(`cause: ${cause.stack ?? cause.message}`);
  return lines.join('\n');
}

const SHOWN_MAX = 2_000;

function show(value: unknown): string {
  const text = typeof value === 'string' ? value : Mocha.utils.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)} …` : text;
}

function indent(text: string): string {
  return text.replace(/^/gm, '        ');
}

function print(line: string): void {
  console.log(line);
}

// Mocha loads a reporter with `require`, which takes this name for `module.exports`.
export { GateReporter as 'module.exports' };
