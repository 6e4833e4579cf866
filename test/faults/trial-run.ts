/** Which damage is tried: kinds of files, and numbered positions in each. */
import type { Random } from './random.ts';

export interface TrialRun {
  /** Numbers of the positions in each kind of file; the same number is the same position. */
  readonly positions: readonly number[];
  readonly random: Random;
  /** Only kinds whose title contains this; all of them by default. */
  readonly kind?: string;
  tell(text: string): void;
}

export function isChosen(title: string, { kind }: Pick<TrialRun, 'kind'>): boolean {
  return kind === undefined || title.includes(kind);
}
