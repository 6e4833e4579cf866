/** What a person sees of the main job: headings, facts, and a progress line that is rewritten. */

export interface Screen {
  heading(text: string): void;
  line(text: string): void;
  /** A fact with its title, aligned. */
  fact(title: string, text: string): void;
  /** Replaces the progress line of a terminal; elsewhere a line now and then. */
  progress(text: string): void;
  good(text: string): void;
  bad(text: string): void;
}

const QUIET_MS = 5000;
const REDRAW_MS = 100;
const TITLE_WIDTH = 22;
const CLEAR_LINE = '\r\u001b[2K';

const STYLES = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33' } as const;

class StreamScreen implements Screen {
  readonly #stream: NodeJS.WriteStream;
  readonly #isTerminal: boolean;
  readonly #hasColours: boolean;
  #lastMs = 0;
  #isProgressShown = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#isTerminal = stream.isTTY;
    this.#hasColours = stream.isTTY && stream.hasColors();
  }

  heading(text: string): void {
    this.line('');
    this.line(this.#style('bold', text));
  }

  line(text: string): void {
    if (this.#isProgressShown) this.#stream.write(CLEAR_LINE);
    this.#isProgressShown = false;
    this.#lastMs = 0;
    this.#stream.write(`${text}\n`);
  }

  fact(title: string, text: string): void {
    this.line(`  ${this.#style('dim', title.padEnd(TITLE_WIDTH))} ${text}`);
  }

  progress(text: string): void {
    const nowMs = performance.now();
    const quietMs = this.#isTerminal ? REDRAW_MS : QUIET_MS;
    if (this.#lastMs !== 0 && nowMs - this.#lastMs < quietMs) return;
    this.#lastMs = nowMs;
    if (this.#isTerminal) this.#stream.write(`${CLEAR_LINE}  ${text}`);
    else this.#stream.write(`  ${text}\n`);
    this.#isProgressShown = this.#isTerminal;
  }

  good(text: string): void {
    this.line(`  ${this.#style('green', '✓')} ${text}`);
  }

  bad(text: string): void {
    this.line(`  ${this.#style('red', '✗')} ${text}`);
  }

  #style(name: keyof typeof STYLES, text: string): string {
    return this.#hasColours ? `\u001b[${STYLES[name]}m${text}\u001b[0m` : text;
  }
}

/** Colours and rewriting only where the stream is a terminal. */
export function createScreen(stream: NodeJS.WriteStream): Screen {
  return new StreamScreen(stream);
}

/** `12,345` */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1.2 s` or `340 ms`. */
export function duration(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`;
}

/** `[#########.........]  48 %` */
export function bar(share: number, width = 28): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  const percent = Math.floor(share * 100);
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${String(percent).padStart(3)} %`;
}
