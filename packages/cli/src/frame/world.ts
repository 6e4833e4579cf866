/** Everything outside the program that a verb may touch, so that a test can put its own in place. */

/** A stream that people or scripts read. */
export interface Output {
  write(text: string): void;
  /** Somebody is watching: colours and progress bars make sense. */
  readonly isTerminal: boolean;
  readonly columns: number;
}

export interface World {
  readonly out: Output;
  /** Progress, warnings and errors; never mixed with what scripts read. */
  readonly errors: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Monotonic milliseconds. */
  elapsedMs(): number;
  /** Asks at the terminal; undefined when nobody is there. `secret` does not show what is typed. */
  ask(question: string, options?: { readonly secret?: boolean }): Promise<string | undefined>;
}

const COLUMNS = 100;

/** Asks at the terminal of this process. */
async function ask(
  question: string,
  { secret = false }: { readonly secret?: boolean } = {},
): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  const { createInterface } = await import('node:readline');
  const { Writable } = await import('node:stream');
  const echo = new Writable({
    write: (chunk, _encoding, done) => {
      if (!secret) process.stderr.write(chunk);
      done();
    },
  });
  process.stderr.write(question);
  const reader = createInterface({ input: process.stdin, output: echo, terminal: true });
  try {
    return await new Promise((resolve) => {
      reader.once('line', resolve);
      reader.once('close', () => resolve(undefined));
    });
  } finally {
    reader.close();
    if (secret) process.stderr.write('\n');
  }
}

function outputOf(stream: NodeJS.WriteStream): Output {
  return {
    write: (text) => {
      stream.write(text);
    },
    isTerminal: stream.isTTY === true,
    columns: stream.columns ?? COLUMNS,
  };
}

/** The world of this process. */
export function createWorld(signal: AbortSignal): World {
  return {
    out: outputOf(process.stdout),
    errors: outputOf(process.stderr),
    environment: process.env,
    signal,
    nowMs: () => Date.now(),
    elapsedMs: () => performance.now(),
    ask,
  };
}
