/**
 * The node's side of the read model in a process of its own: the same interface, every call a
 * message. A process that ends is started again by the next call; what it was asked for fails then.
 */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Manifest } from '@daybook/contracts';
import type { Result } from '@daybook/core';
import { fail } from '@daybook/core';
import type { DuckdbOptions } from '../duckdb/duckdb-store.ts';
import type { ReadmodelFailure } from '../errors.ts';
import { ReadmodelError } from '../errors.ts';
import type { Batch, ReadModel, Written } from '../read-model.ts';
import type { RecordChange } from '../rows.ts';
import type { Answer, Progress, QueryLimits } from '../sql-store.ts';
import type { Request, Response } from './messages.ts';

/** Queries at once; the next is refused. */
const QUERIES_MAX = 2;
/** How long after its time limit a query that does not heed it may live. */
const GRACE_MS = 2000;

/** Nothing runs before the first call. */
export function startReadModel(options: DuckdbOptions): ReadModel {
  return new StoreProcess(options);
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Running {
  readonly child: ChildProcess;
  readonly pending: Map<number, Pending>;
  /** Resolves when it has ended, or was never there. */
  readonly gone: Promise<void>;
}

class StoreProcess implements ReadModel {
  readonly #options: DuckdbOptions;
  #running: Running | undefined;
  #calls = 0;
  #queries = 0;

  constructor(options: DuckdbOptions) {
    this.#options = options;
  }

  open(manifest: Manifest): Promise<Progress | undefined> {
    return this.#call('open', [manifest]);
  }

  apply(batch: Batch): Promise<Written> {
    return this.#call('apply', [batch]);
  }

  rebuild(manifest: Manifest): Promise<void> {
    return this.#call('rebuild', [manifest]);
  }

  load(records: readonly RecordChange[]): Promise<Written> {
    return this.#call('load', [records]);
  }

  finish(progress: Progress): Promise<void> {
    return this.#call('finish', [progress]);
  }

  abandon(): Promise<void> {
    return this.#call('abandon', []);
  }

  async query(sql: string, limits: QueryLimits): Promise<Result<Answer, ReadmodelFailure>> {
    if (this.#queries === QUERIES_MAX) return fail({ code: 'READMODEL_BUSY' });
    this.#queries += 1;
    let isKilled = false;
    const { child } = this.#process();
    const timer = setTimeout(() => {
      isKilled = true;
      child.kill('SIGKILL');
    }, limits.timeMs + GRACE_MS);
    try {
      return await this.#call('query', [sql, limits]);
    } catch (error) {
      if (!(error instanceof ReadmodelError)) throw error;
      if (isKilled) return fail({ code: 'READMODEL_QUERY_TIMEOUT', timeMs: limits.timeMs });
      return fail({ code: 'READMODEL_DOWN' });
    } finally {
      clearTimeout(timer);
      this.#queries -= 1;
    }
  }

  async close(): Promise<void> {
    if (this.#running === undefined) return;
    const { child, gone } = this.#running;
    if (child.connected) child.disconnect();
    await gone;
  }

  #call<T>(method: keyof ReadModel, args: readonly unknown[]): Promise<T> {
    const { child, pending } = this.#process();
    this.#calls += 1;
    const request: Request = { id: this.#calls, method, args };
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    pending.set(request.id, { resolve, reject });
    // Without a channel nothing can be sent: that it is gone is told to all that is pending.
    if (child.connected) {
      child.send(request, (error) => {
        if (error !== null) reject(down(error));
      });
    }
    // The process carries out the same method of the same interface.
    return promise as Promise<T>;
  }

  #process(): Running {
    if (this.#running !== undefined) return this.#running;
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    const running: Running = { child: forkStore(), pending: new Map(), gone };
    const { child, pending } = running;
    child.on('message', (message) => settle(pending, message as Response));
    const onGone = (cause?: Error): void => {
      if (this.#running === running) this.#running = undefined;
      for (const { reject } of pending.values()) reject(down(cause));
      pending.clear();
      resolve();
    };
    child.once('exit', () => onGone());
    // One that was not started says so more than once: it cannot be written to, either.
    child.on('error', onGone);
    // Where this fails, the process is gone, or going.
    if (child.connected) child.send(this.#options, () => undefined);
    this.#running = running;
    return running;
  }
}

function forkStore(): ChildProcess {
  const program = fileURLToPath(import.meta.resolve('#store-process'));
  const child = fork(program, {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  // Consensus comes first where a machine has few cores.
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  return child;
}

function settle(pending: Map<number, Pending>, response: Response): void {
  const call = pending.get(response.id);
  pending.delete(response.id);
  if ('error' in response) call?.reject(new Error(response.error));
  else call?.resolve(response.value);
}

function down(cause: Error | undefined): ReadmodelError {
  return new ReadmodelError({ code: 'READMODEL_DOWN' }, { cause });
}
