/**
 * Tells systemd about the node (sd_notify): ready, stopping, status text, and the watchdog's sign of
 * life. Node has no datagram sockets of the Unix family, so the message goes through the program
 * `systemd-notify`, which is there wherever a service manager asks; the unit says NotifyAccess=all.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { NodeError } from './errors.ts';
import type { Logger } from './log.ts';

/** What the service manager passes in the environment. */
export interface ServiceVariables {
  readonly NOTIFY_SOCKET?: string | undefined;
  /** Interval in microseconds in which a sign of life is expected. */
  readonly WATCHDOG_USEC?: string | undefined;
  /** Process the watchdog means; another one must not answer. */
  readonly WATCHDOG_PID?: string | undefined;
}

export interface ServiceManager {
  /** The node works: systemd starts what depends on it. */
  ready(status: string): Promise<void>;
  /** One line for `systemctl status`. */
  status(text: string): Promise<void>;
  /** The node is on its way out; also ends the watchdog. Idempotent. */
  stopping(): Promise<void>;
}

export interface ServiceParts {
  readonly logger: Logger;
  /** Own process id. */
  readonly pid: number;
  /** Runs `task` every so often; the result ends it. */
  readonly every: (intervalMs: number, task: () => void) => () => void;
}

const PROGRAM_PATHS = ['/usr/bin/systemd-notify', '/bin/systemd-notify'] as const;
const TIMEOUT_MS = 5000;
/** Signs of life per watchdog interval: one may be late without harm. */
const SIGNS_PER_INTERVAL = 3;
const STATUS_MAX = 200;

/**
 * A face to the service manager; without one (no NOTIFY_SOCKET) every method does nothing.
 * @throws NodeError NODE_NOTIFY_FAILED if one asks and `systemd-notify` is missing
 */
export function connectServiceManager(
  variables: ServiceVariables,
  parts: ServiceParts,
): ServiceManager {
  const { NOTIFY_SOCKET } = variables;
  if (NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === '') return NO_MANAGER;
  const program = PROGRAM_PATHS.find((candidate) => existsSync(candidate));
  if (program === undefined) {
    throw new NodeError('NODE_NOTIFY_FAILED', { detail: 'systemd-notify is not installed.' });
  }
  const send = (...assignments: readonly string[]): Promise<void> =>
    notify(program, { socket: NOTIFY_SOCKET, assignments }, parts.logger);
  const stopWatchdog = startWatchdog(variables, parts, () => send('WATCHDOG=1'));
  let stopped = false;
  return {
    ready: (status) => send('READY=1', `STATUS=${oneLine(status)}`),
    status: (text) => send(`STATUS=${oneLine(text)}`),
    stopping: async () => {
      if (stopped) return;
      stopped = true;
      stopWatchdog();
      await send('STOPPING=1');
    },
  };
}

const NO_MANAGER: ServiceManager = Object.freeze({
  ready: async () => undefined,
  status: async () => undefined,
  stopping: async () => undefined,
});

/** Milliseconds between signs of life, or undefined when nobody watches this process. */
export function watchdogIntervalMs(variables: ServiceVariables, pid: number): number | undefined {
  const { WATCHDOG_USEC, WATCHDOG_PID } = variables;
  if (WATCHDOG_USEC === undefined || !/^[1-9][0-9]{0,14}$/.test(WATCHDOG_USEC)) return undefined;
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(pid)) return undefined;
  return Math.max(1, Math.floor(Number(WATCHDOG_USEC) / 1000 / SIGNS_PER_INTERVAL));
}

function startWatchdog(
  variables: ServiceVariables,
  parts: ServiceParts,
  sign: () => Promise<void>,
): () => void {
  const intervalMs = watchdogIntervalMs(variables, parts.pid);
  if (intervalMs === undefined) return () => undefined;
  // The timer runs on the event loop that consensus needs: a loop that hangs gives no sign.
  let sending = false;
  return parts.every(intervalMs, () => {
    if (sending) return;
    sending = true;
    void sign().finally(() => {
      sending = false;
    });
  });
}

function notify(
  program: string,
  message: { readonly socket: string; readonly assignments: readonly string[] },
  logger: Logger,
): Promise<void> {
  const env = { NOTIFY_SOCKET: message.socket };
  return new Promise((resolve) => {
    execFile(program, [...message.assignments], { env, timeout: TIMEOUT_MS }, (error) => {
      // The node works whether or not systemd hears of it; systemd's own timeouts do the rest.
      if (error !== null) logger.warn('service manager not reached', { reason: error.message });
      resolve();
    });
  });
}

/** A status is one line of bounded length. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, STATUS_MAX);
}
