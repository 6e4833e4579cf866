/**
 * One `daybookd` as a process of its own: started with its configuration, watched through the JSON
 * lines it logs, stopped by process id and never by name.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { DAEMON_ENVIRONMENT, daemonPath } from '@daybook/node';

export interface NodeProcessOptions {
  readonly name: string;
  readonly configFile: string;
  /** Everything the process logs is appended here. */
  readonly logFile: string;
  /** Added to the environment of the process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Command and arguments put before the runtime: `strace …`, `faketime …`. */
  readonly wrapper?: readonly string[];
  /** Flags of the runtime; by default those of this process that decide what is loaded. */
  readonly flags?: readonly string[];
  /** What the daemon is to be: a node by default. */
  readonly verb?: 'signer';
  /** Program of another release; the daemon of this one by default. */
  readonly daemon?: string;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface NodeProcess {
  readonly name: string;
  /** Process id of the running daemon; undefined while it is down. */
  pid(): number | undefined;
  /** Resolves when the daemon logs that it is ready. @throws Error with its last lines if it ends */
  start(): Promise<void>;
  /** SIGTERM, and waits for the clean end. */
  stop(): Promise<ProcessEnd>;
  /** SIGKILL: no chance to finish anything. */
  kill(): Promise<ProcessEnd>;
  /** Resolves when the process ends by itself or by anybody's hand; at once while it is down. */
  ended(): Promise<ProcessEnd>;
  /** Any other signal, for example SIGSTOP and SIGCONT. */
  signal(signal: NodeJS.Signals): void;
  /** Resolves with the first later log line whose message is this. */
  logged(message: string): Promise<Readonly<Record<string, unknown>>>;
}

const READY_MESSAGES = { node: 'node ready', signer: 'signer ready' } as const;
const LAST_LINES = 20;

/** Flags of this process that its nodes run with, too: sources run as sources. */
const INHERITED = /^--(conditions|disable-warning|enable-source-maps)(=|$)/;

function inheritedFlags(): readonly string[] {
  return process.execArgv.filter((flag) => INHERITED.test(flag));
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<ProcessEnd>;
}

class DaemonProcess implements NodeProcess {
  readonly name: string;
  readonly #options: NodeProcessOptions;
  readonly #watchers = new Map<string, ((line: Readonly<Record<string, unknown>>) => void)[]>();
  readonly #lastLines: string[] = [];
  #running: Running | undefined;
  #lastEnd: ProcessEnd = { exitCode: null, signal: null };

  constructor(options: NodeProcessOptions) {
    this.name = options.name;
    this.#options = options;
  }

  pid(): number | undefined {
    return this.#running?.child.pid;
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) throw new Error(`${this.name} runs already`);
    const ready = this.logged(READY_MESSAGES[this.#options.verb ?? 'node']);
    const running = this.#spawn();
    this.#running = running;
    const end = await Promise.race([ready.then(() => undefined), running.ended]);
    if (end === undefined) return;
    const how = `exit code ${end.exitCode}, signal ${end.signal}`;
    throw new Error(
      `${this.name} ended before it was ready (${how})\n${this.#lastLines.join('\n')}`,
    );
  }

  #spawn(): Running {
    const {
      configFile,
      environment = {},
      logFile,
      wrapper = [],
      daemon: other,
      flags,
      verb,
    } = this.#options;
    const daemon = [process.execPath, ...(flags ?? inheritedFlags()), other ?? daemonPath()];
    const variables = Object.entries({ ...DAEMON_ENVIRONMENT, ...environment }).map(
      ([name, value]) => `${name}=${value}`,
    );
    const command = ['env', ...variables, ...wrapper, ...daemon];
    const [file, ...args] = [...command, ...(verb ? [verb] : []), '--config', configFile];
    if (file === undefined) throw new Error('a command has a file');
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(logFile, { flags: 'a' });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        log.write(`${line}\n`);
        this.#read(line);
      });
    }
    const ended = new Promise<ProcessEnd>((resolve) => {
      child.once('error', (error) => {
        this.#lastLines.push(error.message);
        this.#running = undefined;
        resolve({ exitCode: null, signal: null });
      });
      child.once('close', (exitCode, signal) => {
        this.#running = undefined;
        log.end();
        this.#lastEnd = { exitCode, signal };
        resolve(this.#lastEnd);
      });
    });
    return { child, ended };
  }

  #read(line: string): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift();
    const data = parseLine(line);
    const message = data?.message;
    if (data === undefined || typeof message !== 'string') return;
    const watchers = this.#watchers.get(message) ?? [];
    this.#watchers.delete(message);
    for (const watcher of watchers) watcher(data);
  }

  logged(message: string): Promise<Readonly<Record<string, unknown>>> {
    return new Promise((resolve) => {
      const watchers = this.#watchers.get(message) ?? [];
      watchers.push(resolve);
      this.#watchers.set(message, watchers);
    });
  }

  async stop(): Promise<ProcessEnd> {
    return await this.#end('SIGTERM');
  }

  async kill(): Promise<ProcessEnd> {
    return await this.#end('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<ProcessEnd> {
    const running = this.#running;
    if (running === undefined) return { exitCode: null, signal: null };
    running.child.kill(signal);
    return await running.ended;
  }

  async ended(): Promise<ProcessEnd> {
    return await (this.#running?.ended ?? this.#lastEnd);
  }

  signal(signal: NodeJS.Signals): void {
    this.#running?.child.kill(signal);
  }
}

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    // A line that only looks like JSON is kept in the log file and watched by nobody.
    return undefined;
  }
}

export function createNodeProcess(options: NodeProcessOptions): NodeProcess {
  return new DaemonProcess(options);
}
