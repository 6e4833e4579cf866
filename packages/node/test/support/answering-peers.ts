/** The part of the network that asks: peers that answer as a test says. */
import type { Link, Network, Offence } from '@daybook/network';

export interface AnsweringPeers {
  readonly validators: readonly string[];
  readonly observers?: readonly string[];
  /** Undefined is what a peer answers that has not what it is asked for. */
  readonly answer: (peerId: string, question: Uint8Array) => Promise<Uint8Array | undefined>;
  readonly onPenalty?: (peerId: string, offence: Offence) => void;
}

/** With links, open for questions of synchronisation, to all that are in the lists at the moment. */
export function answeringPeers({
  validators,
  observers = [],
  answer,
  onPenalty = () => undefined,
}: AnsweringPeers): Pick<Network, 'links' | 'request' | 'penalise'> {
  const linked =
    (role: Link['role']) =>
    (peerId: string): Link => ({
      ...{ peerId, role, direction: 'outbound', address: '', latencyMs: undefined },
      ...{ channels: ['sync'], queued: 0 },
    });
  return {
    links: () => [...validators.map(linked('validator')), ...observers.map(linked('observer'))],
    penalise: onPenalty,
    request: async (peerId, _name, question) => {
      const value = await answer(peerId, question);
      if (value !== undefined) return { ok: true, value };
      return { ok: false, reason: { code: 'NETWORK_REQUEST_REFUSED', peerId, why: 'absent' } };
    },
  };
}
