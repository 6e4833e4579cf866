/**
 * Answers that their clients have not taken yet. What the system has no room for stays in the memory
 * of the node, so that a client that asks and does not read could fill it: all of them together are
 * bounded, and the one that has waited longest gives way.
 */
import type { ServerResponse } from 'node:http';

type Closable = Pick<ServerResponse, 'once' | 'destroy'>;

export interface UnreadAnswers {
  /** Counts an answer until its client has taken it or is cut off; beyond the bound the oldest is. */
  add(response: Closable, bytes: number): void;
  /** Bytes of those that are counted. */
  held(): number;
}

/** @param bytesMax  of all answers together; at least that of the largest one */
export function createUnreadAnswers(bytesMax: number): UnreadAnswers {
  // In order of coming: a Map keeps the order of insertion.
  const answers = new Map<Closable, number>();
  let held = 0;
  const remove = (response: Closable): void => {
    held -= answers.get(response) ?? 0;
    answers.delete(response);
  };
  return {
    add: (response, bytes) => {
      answers.set(response, bytes);
      held += bytes;
      response.once('close', () => remove(response));
      for (const oldest of answers.keys()) {
        if (held <= bytesMax || oldest === response) return;
        remove(oldest);
        oldest.destroy();
      }
    },
    held: () => held,
  };
}
