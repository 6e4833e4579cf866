/** Progress on the terminal: a bar for what can be counted, a sign of life for what cannot. */
import type { World } from './world.ts';

export interface ProgressBar {
  /** @param note  shown behind the numbers, for example a rate */
  update(done: number, total: number, note?: string): void;
  /** Clears the line. */
  end(): void;
}

const REDRAW_MS = 100;
const PATIENCE_MS = 1000;
const BAR_WIDTH_MAX = 30;
const CLEAR_LINE = '\r\u001b[2K';

const SILENT: ProgressBar = { update: () => undefined, end: () => undefined };

/** A bar where somebody watches; nothing elsewhere. */
export function createProgressBar(
  label: string,
  { errors, elapsedMs }: Pick<World, 'errors' | 'elapsedMs'>,
): ProgressBar {
  if (!errors.isTerminal) return SILENT;
  let drawnMs = Number.NEGATIVE_INFINITY;
  return {
    update: (done, total, note = '') => {
      const now = elapsedMs();
      if (now - drawnMs < REDRAW_MS && done < total) return;
      drawnMs = now;
      const share = total === 0 ? 1 : Math.min(1, done / total);
      const width = Math.min(BAR_WIDTH_MAX, Math.max(0, errors.columns - label.length - 40));
      const filled = Math.round(share * width);
      const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
      const percent = `${Math.floor(share * 100)}%`.padStart(4);
      const text = `${label} ${bar}${percent}  ${done}/${total}  ${note}`;
      errors.write(CLEAR_LINE + text.slice(0, errors.columns - 1));
    },
    end: () => errors.write(CLEAR_LINE),
  };
}

/** Waits for something; after a second it says what for, with the seconds. */
export async function withPatience<T>(
  label: string,
  world: Pick<World, 'errors' | 'elapsedMs'>,
  work: Promise<T>,
): Promise<T> {
  const { errors, elapsedMs } = world;
  if (!errors.isTerminal) return await work;
  const startedMs = elapsedMs();
  const timer = setInterval(() => {
    const seconds = Math.floor((elapsedMs() - startedMs) / 1000);
    errors.write(`${CLEAR_LINE}${label} … ${seconds} s`);
  }, PATIENCE_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (elapsedMs() - startedMs >= PATIENCE_MS) errors.write(CLEAR_LINE);
  }
}
