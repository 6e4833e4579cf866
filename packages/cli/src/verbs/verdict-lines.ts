/** What all verdicts have in common: their exit codes, and how they look. */
import type { Verdict } from '@daybook/client';
import type { Exit } from '../exit-codes.ts';
import type { Paint } from '../frame/style.ts';
import { renderPairs } from '../frame/style.ts';

const COLOURS = { valid: 'green', invalid: 'red', unknown: 'yellow' } as const;

/** The exit code of a verdict. */
export function exitOfVerdict({ outcome }: Pick<Verdict, 'outcome'>): Exit {
  if (outcome === 'valid') return 'done';
  return outcome === 'unknown' ? 'undecided' : 'invalid';
}

/** The outcome in its colour, what follows from it, and what is proven. */
export function verdictLines(
  { outcome }: Pick<Verdict, 'outcome'>,
  [first = '', ...rest]: readonly string[],
  { facts, paint }: { readonly facts: Parameters<typeof renderPairs>[0]; readonly paint: Paint },
): string {
  const table = facts.length === 0 ? [] : ['', renderPairs(facts, paint)];
  return [paint(COLOURS[outcome], first), ...rest, ...table].join('\n');
}
