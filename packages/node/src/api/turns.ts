/** Long walks over what the node has stored: reading it does not wait, so nobody else gets a turn. */
import { setImmediate as soon } from 'node:timers/promises';

/** Resolves when everything else that has come in meanwhile had its turn of the event loop. */
export async function nextTurn(): Promise<void> {
  await soon();
}
