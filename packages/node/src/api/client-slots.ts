/** Places for streams or connections: bounded over all clients, and per client so that none takes them all. */

export interface ClientSlots {
  /** @returns what gives the place back (once), or undefined when there is none */
  take(client: string): (() => void) | undefined;
  /** Places that are taken. */
  count(): number;
  /** Changes the bound; whoever has a place keeps it. */
  setMax(max: number): void;
}

/**
 * @param initialMax  over all clients
 * @param clientShare  the part of them that one client may take, at least one
 */
export function createClientSlots(initialMax: number, clientShare: number): ClientSlots {
  let max = initialMax;
  let open = 0;
  const byClient = new Map<string, number>();
  return {
    take: (client) => {
      const mine = byClient.get(client) ?? 0;
      const share = Math.max(1, Math.floor(max * clientShare));
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
