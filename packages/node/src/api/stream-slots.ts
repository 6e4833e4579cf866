/** Places for event streams: bounded over all clients, and per client so that none takes them all. */
import { API_LIMITS } from './limits.ts';

export interface StreamSlots {
  /** @returns what gives the place back (once), or undefined when there is none */
  take(client: string): (() => void) | undefined;
  /** Streams that are open. */
  count(): number;
  /** Changes the bound; open streams stay. */
  setMax(max: number): void;
}

export function createStreamSlots(initialMax: number): StreamSlots {
  let max = initialMax;
  let open = 0;
  const byClient = new Map<string, number>();
  return {
    take: (client) => {
      const mine = byClient.get(client) ?? 0;
      const share = Math.max(1, Math.floor(max * API_LIMITS.streamsPerClientShare));
      if (open >= max || mine >= share) return undefined;
      open += 1;
      byClient.set(client, mine + 1);
      let given = false;
      return () => {
        if (given) return;
        given = true;
        open -= 1;
        const left = (byClient.get(client) ?? 1) - 1;
        if (left === 0) byClient.delete(client);
        else byClient.set(client, left);
      };
    },
    count: () => open,
    setMax: (next) => {
      max = next;
    },
  };
}
