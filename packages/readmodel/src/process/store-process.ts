/**
 * The process that holds the database: carries out what the node asks for by IPC, and ends with it.
 * It also ends itself when a query takes more memory than the database can count, so that the
 * machine stays with the node. The first message says how to open the database.
 */
import type { DuckdbOptions } from '../duckdb/duckdb-store.ts';
import { openDuckdb } from '../duckdb/duckdb-store.ts';
import type { ReadModel } from '../read-model.ts';
import { createReadModel } from '../read-model.ts';
import type { Request, Response } from './messages.ts';

const WATCH_EVERY_MS = 100;
/** Beside the database's own bound: the runtime, and what the database does not count. */
const OVERHEAD_BYTES = 384 * 1024 * 1024;

function serve(options: DuckdbOptions): void {
  // Where the file cannot be opened, for example since the process before has not let go of it yet,
  // the first caller is told, and the next call finds a new process.
  const opening = openDuckdb(options).then(createReadModel);
  /** Writes go one after the other, queries beside them. */
  let writing: Promise<unknown> = Promise.resolve();

  process.on('message', (message) => {
    const request = message as Request;
    const isQuery = request.method === 'query';
    const done = isQuery
      ? perform(opening, request)
      : writing.then(() => perform(opening, request));
    if (!isQuery) writing = done;
    done
      .then((response) => process.send?.(response, () => opening.catch(() => process.exit(1))))
      // The node is gone, and with it the reader of the answer.
      .catch(() => process.exit());
  });
  process.once('disconnect', () => {
    writing
      .then(() => opening)
      .then((model) => model.close())
      .then(
        () => process.exit(),
        () => process.exit(1),
      );
  });
  setInterval(() => {
    if (process.memoryUsage.rss() > options.memoryBytesMax + OVERHEAD_BYTES) {
      process.kill(process.pid, 'SIGKILL');
    }
  }, WATCH_EVERY_MS);
}

async function perform(
  opening: Promise<ReadModel>,
  { id, method, args }: Request,
): Promise<Response> {
  try {
    const model = await opening;
    // The node's side is typed by the same interface.
    const call = model[method] as (...values: unknown[]) => Promise<unknown>;
    return { id, value: await call.apply(model, [...args]) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}

// The node decides when to end; a terminal's Ctrl-C reaches its whole group.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.once('message', (message) => serve(message as DuckdbOptions));
