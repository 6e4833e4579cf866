/** What `daybookd doctor` says of each thing it looks at, in one line for people or as JSON. */
import { describe, EXIT_CODES, exitCodeOf } from '../exit-codes.ts';
import { nameFileFault } from '../file-fault.ts';

export type Verdict =
  | 'ok'
  /** The node runs, and somebody should look at it. */
  | 'warn'
  /** The node does not start, or cannot do its duty. */
  | 'fail'
  /** Could not be looked at; the words say why. */
  | 'skipped';

export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  /** One sentence with the facts. */
  readonly words: string;
  /** What to do; absent when there is nothing to do. */
  readonly advice?: string;
  /** Of a failure: the code that a start of the node would end with. */
  readonly exitCode?: number;
}

export function good(check: string, words: string): Finding {
  return { check, verdict: 'ok', words };
}

export function warning(check: string, words: string, advice: string): Finding {
  return { check, verdict: 'warn', words, advice };
}

export function failure(
  check: string,
  words: string,
  advice: string,
  exitCode: number = EXIT_CODES.unwell,
): Finding {
  return { check, verdict: 'fail', words, advice, exitCode };
}

export function skipped(check: string, words: string): Finding {
  return { check, verdict: 'skipped', words };
}

/** A thing that was thrown; what a defect threw is shown with its stack. */
export function thrown(check: string, caught: unknown, advice: string): Finding {
  const error = nameFileFault(caught);
  return failure(check, describe(error), advice, exitCodeOf(error));
}

const MARKS = { ok: 'ok     ', warn: 'warn   ', fail: 'FAIL   ', skipped: 'skipped' } as const;

/** One line each; what to do follows after an arrow. */
export function renderFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.map(({ check, verdict, words, advice }) => {
    const todo = advice === undefined ? '' : ` -> ${advice}`;
    return `${MARKS[verdict]} ${check.padEnd(width)} ${words}${todo}`;
  });
  return `${lines.join('\n')}\n`;
}

/** 0 unless something fails; then the code of the first failure. */
export function exitCodeFor(findings: readonly Finding[]): number {
  const first = findings.find(({ verdict }) => verdict === 'fail');
  return first?.exitCode ?? EXIT_CODES.done;
}
