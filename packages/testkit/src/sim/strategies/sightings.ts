/** What an omniscient adversary remembers of everybody's votes: the last heights, by slot. */
import type { Certificate, RoundChange, VoteMessage } from '@daybook/core';
import { decodeMessage, quorumOf, toHex } from '@daybook/core';
import type { World } from '../world/world.ts';

const HEIGHTS_KEPT = 4;

export interface Sightings {
  /** Votes of a height, at most one per sender, type, round and block; oldest first. */
  at(height: number): readonly VoteMessage[];
  /** All that is remembered. */
  all(): readonly VoteMessage[];
  /** Correctly signed ROUND-CHANGEs for exactly this slot. */
  roundChanges(height: number, round: number): readonly RoundChange[];
  /** A genuine certificate of this kind that can be made of the votes of a height, if any. */
  certificate(kind: Certificate['kind'], height: number): Certificate | undefined;
}

const KINDS: ReadonlySet<string> = new Set(['pre-prepare', 'prepare', 'commit', 'round-change']);

class Memory implements Sightings {
  readonly #heights = new Map<number, Map<string, VoteMessage>>();
  readonly #validatorCount: () => number;
  #newest = 0;
  #last: Uint8Array | undefined;

  constructor(validatorCount: () => number) {
    this.#validatorCount = validatorCount;
  }

  note(bytes: Uint8Array): void {
    // A broadcast hands the same bytes to the wire once per peer.
    if (bytes === this.#last) return;
    this.#last = bytes;
    const decoded = decodeMessage(bytes);
    if (!decoded.ok || !('signed' in decoded.value)) return;
    const message = decoded.value;
    const { content, sender } = message.signed;
    const block = 'blockHash' in content ? toHex(content.blockHash) : '';
    const votes = this.#heights.get(content.height) ?? new Map<string, VoteMessage>();
    this.#heights.set(content.height, votes);
    votes.set(`${content.round}/${content.type}/${sender}/${block}`, message);
    this.#newest = Math.max(this.#newest, content.height);
    this.#heights.delete(this.#newest - HEIGHTS_KEPT);
  }

  at(height: number): readonly VoteMessage[] {
    return [...(this.#heights.get(height)?.values() ?? [])];
  }

  all(): readonly VoteMessage[] {
    return [...this.#heights.keys()].flatMap((height) => this.at(height));
  }

  roundChanges(height: number, round: number): readonly RoundChange[] {
    return this.at(height).filter(
      (message): message is RoundChange =>
        message.type === 'round-change' && message.signed.content.round === round,
    );
  }

  certificate(kind: Certificate['kind'], height: number): Certificate | undefined {
    const groups = new Map<string, VoteMessage[]>();
    for (const message of this.at(height)) {
      if (message.type !== kind) continue;
      const { round, blockHash } = message.signed.content;
      const name = `${round}/${toHex(blockHash)}`;
      groups.set(name, [...(groups.get(name) ?? []), message]);
    }
    const validatorCount = this.#validatorCount();
    const { quorum } = quorumOf(validatorCount);
    const [votes] = [...groups.values()].filter(({ length }) => length >= quorum);
    const [first] = votes ?? [];
    if (votes === undefined || first?.type !== kind) return undefined;
    const chosen = votes.slice(0, quorum).sort((a, b) => a.signed.sender - b.signed.sender);
    const { round, blockHash } = first.signed.content;
    return {
      kind,
      height,
      round,
      blockHash,
      validatorCount,
      signers: chosen.map(({ signed }) => signed.sender),
      signatures: chosen.map(({ signed }) => signed.signature),
    };
  }
}

/** Listens to every vote that any node hands to the wire. */
export function watchVotes(world: World): Sightings {
  const memory = new Memory(() => world.genesis.validators.length);
  world.events.on('sent', ({ kind, bytes }) => {
    if (KINDS.has(kind)) memory.note(bytes);
  });
  return memory;
}
