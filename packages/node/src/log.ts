/**
 * The logger port and its pino adapter: one JSON object per line, or aligned text when standard
 * output is a terminal. Messages are constant phrases, data are flat facts; values whose names
 * speak of secrets are replaced before they are written.
 */

import type { DestinationStream } from 'pino';
import { pino } from 'pino';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Flat facts of a line. No foreign text without a bound, no secrets, no personal data. */
export type LogData = Readonly<Record<string, string | number | boolean | undefined>>;

/** error: an operator must act; warn: may need to; info: the story of the node; debug: the rest. */
export interface Logger {
  debug(message: string, data?: LogData): void;
  info(message: string, data?: LogData): void;
  warn(message: string, data?: LogData): void;
  error(message: string, data?: LogData): void;
  /** The same logger with a name for one module of the node. */
  child(module: string): Logger;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** 'auto' is text on a terminal and JSON otherwise. */
  readonly format: 'auto' | 'json' | 'text';
}

/** Where lines go; standard output fits. */
export interface LogSink {
  write(line: string): unknown;
  readonly isTTY?: boolean;
}

const SECRET_NAME = /secret|passphrase|password|seed|privatekey|authorization|cookie/i;
const TEXT_MAX = 2000;
/** What could move a terminal's cursor or reorder text: control and bidirectional characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

type Value = string | number | boolean;

function cleanValue(name: string, value: Value): Value {
  if (SECRET_NAME.test(name)) return '[removed]';
  if (typeof value !== 'string') return value;
  // A stack trace reads better with marks where its lines ended.
  const printable = value.replace(/\s*\n\s*/g, ' | ').replace(UNPRINTABLE, '\ufffd');
  return printable.length > TEXT_MAX ? `${printable.slice(0, TEXT_MAX)}…` : printable;
}

/** The data as they may be written: secrets removed, texts bounded and printable. */
export function cleanData(data: LogData): Record<string, Value> {
  const clean: Record<string, Value> = {};
  for (const [name, value] of Object.entries(data)) {
    if (value !== undefined) clean[name] = cleanValue(name, value);
  }
  return clean;
}

/** @param sink  standard output, or a collector in tests */
export function createLogger(options: LogOptions, sink: LogSink): Logger {
  const asText = options.format === 'text' || (options.format === 'auto' && sink.isTTY === true);
  const destination: DestinationStream = asText
    ? { write: (line) => sink.write(formatLine(line)) }
    : { write: (line) => sink.write(line) };
  const root = pino(
    {
      level: options.level,
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return wrap(root);
}

/** A logger that writes nothing. */
export const SILENT_LOGGER: Logger = Object.freeze({
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENT_LOGGER,
});

function wrap(target: pino.Logger): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, data?: LogData): void => {
      // Asked first, so that a debug line that nobody reads costs no copy.
      if (!target.isLevelEnabled(level)) return;
      target[level](data === undefined ? {} : cleanData(data), message);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (module) => wrap(target.child({ module })),
  };
}

const LEVEL_MARKS: Readonly<Record<string, string>> = {
  debug: '\u001b[2mdebug\u001b[0m',
  info: 'info ',
  warn: '\u001b[33mwarn \u001b[0m',
  error: '\u001b[31merror\u001b[0m',
};

/** `12:34:56.789 info  network  peer connected  peer=… role=validator` */
function formatLine(json: string): string {
  const line = JSON.parse(json) as Record<string, unknown>;
  const { level, time, module, message, ...data } = line;
  const facts = Object.entries(data).map(([name, value]) => `${name}=${String(value)}`);
  const words = [
    String(time).slice(11, 23),
    LEVEL_MARKS[String(level)] ?? String(level),
    ...(module === undefined ? [] : [String(module)]),
    String(message),
    ...facts,
  ];
  return `${words.join('  ')}\n`;
}
