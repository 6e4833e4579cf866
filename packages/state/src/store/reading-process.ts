/**
 * A process that reads one database from end to end, in the ways in which a store reads, and ends.
 * The first message is its folder. What the database refuses in words it refuses again where it is
 * opened to be used; only how this process ends tells something new.
 */
import { StateError } from '../errors.ts';
import { keyAfter } from './key-space.ts';
import { openLevel } from './level.ts';

const PAGE = 1000;
/** Longer than any key, also one that is damaged. */
const END = new Uint8Array(65_536).fill(0xff);

async function readAll(path: string): Promise<void> {
  const database = await openLevel(path);
  let from: Uint8Array = new Uint8Array();
  while (true) {
    const page = await database.scan({ from, to: END, limit: PAGE });
    // Looking a key up takes another way through a block than walking over it.
    await database.getMany(page.map(([key]) => key));
    const last = page.at(-1);
    if (last === undefined) break;
    from = keyAfter(last[0]);
  }
  await database.close();
}

// Nobody waits for the answer any more, and the database is to be free for the next start. Every page
// comes from a thread, so that this is seen between two of them. Code 0 is of a database read whole.
process.once('disconnect', () => process.exit(1));
process.once('message', (path) => {
  readAll(String(path)).then(
    () => process.exit(),
    (error: unknown) => {
      if (error instanceof StateError) process.exit();
      throw error;
    },
  );
});
