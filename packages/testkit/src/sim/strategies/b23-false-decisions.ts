/** B23: DECIDED with seals that do not decide: too few, doubled, of mixed rounds, of another set. */
import type { Certificate, Commit, Decided } from '@daybook/core';
import { encodeMessage, quorumOf } from '@daybook/core';
import { whileAlive } from './false-round-changes.ts';
import type { Sightings } from './sightings.ts';
import { watchVotes } from './sightings.ts';
import type { Strategy } from './strategy.ts';
import type { ForgedBlock, Traitor } from './traitor.ts';

const EVERY_MS = [200, 1000] as const;

export const FALSE_DECISIONS: Strategy = {
  name: 'B23',
  title: 'sends DECIDED with Q-1 seals, doubled ones, mixed rounds or another set',
  begin: (traitor) => {
    const seen = watchVotes(traitor.world);
    whileAlive(traitor, EVERY_MS, () => {
      const forged = traitor.forgeBlock(traitor.machine.clock.wall());
      if (forged === undefined) return;
      const { header, body } = forged.block;
      const certificate = traitor.prng.pick(FORGERIES)(traitor, seen, forged);
      const message: Decided = { type: 'decided', header, certificate, body };
      traitor.sendToAll(message);
      if (traitor.prng.chance(200)) gossip(traitor, message);
      traitor.acted();
    });
    traitor.bend({});
  },
};

function gossip(traitor: Traitor, message: Decided): void {
  traitor.machine
    .station()
    ?.publish('blocks', encodeMessage(message))
    // Its process died meanwhile.
    .catch(() => undefined);
}

type Forge = (traitor: Traitor, seen: Sightings, forged: ForgedBlock) => Certificate;

/** Its own seal on its own block. */
function ownSeal(traitor: Traitor, { block, hash }: ForgedBlock, round: number): Commit['signed'] {
  const { height } = block.header;
  return traitor.sign({ type: 'commit', height, round, blockHash: hash });
}

function certificateOf(
  traitor: Traitor,
  { block, hash }: ForgedBlock,
  seals: readonly Pick<Commit['signed'], 'sender' | 'signature'>[],
): Certificate {
  return {
    kind: 'commit',
    height: block.header.height,
    round: 0,
    blockHash: hash,
    validatorCount: traitor.validators()?.length ?? 1,
    signers: seals.map(({ sender }) => sender),
    signatures: seals.map(({ signature }) => signature),
  };
}

/** Seals of others of this height, whatever they are for. */
function borrowed(traitor: Traitor, seen: Sightings, height: number): readonly Commit['signed'][] {
  const bySender = new Map<number, Commit['signed']>();
  for (const message of seen.at(height)) {
    if (message.type === 'commit') bySender.set(message.signed.sender, message.signed);
  }
  bySender.delete(traitor.index() ?? -1);
  return [...bySender.values()];
}

function inOrder<T extends { readonly sender: number }>(seals: readonly T[]): readonly T[] {
  return [...seals].sort((a, b) => a.sender - b.sender);
}

const FORGERIES: readonly Forge[] = [
  (traitor, _seen, forged) => certificateOf(traitor, forged, [ownSeal(traitor, forged, 0)]),
  // One signer as often as it takes.
  (traitor, _seen, forged) => {
    const { quorum } = quorumOf(traitor.validators()?.length ?? 1);
    const own = ownSeal(traitor, forged, 0);
    return certificateOf(
      traitor,
      forged,
      Array.from({ length: quorum }, () => own),
    );
  },
  // Genuine seals for another block, of whatever rounds.
  (traitor, seen, forged) => {
    const others = borrowed(traitor, seen, forged.block.header.height);
    return certificateOf(traitor, forged, inOrder([ownSeal(traitor, forged, 1), ...others]));
  },
  // Everybody's index under its own signature.
  (traitor, _seen, forged) => {
    const { signature } = ownSeal(traitor, forged, 0);
    const set = traitor.validators() ?? [];
    return certificateOf(
      traitor,
      forged,
      set.map((_, sender) => ({ sender, signature })),
    );
  },
  // A set of one, in which it is a quorum.
  (traitor, _seen, forged) => {
    const { signature } = ownSeal(traitor, forged, 0);
    const alone = certificateOf(traitor, forged, [{ sender: 0, signature }]);
    return { ...alone, validatorCount: 1 };
  },
  // PREPAREs called COMMITs.
  (traitor, seen, forged) => {
    const { height } = forged.block.header;
    const prepared = seen.certificate('prepare', height);
    const own = certificateOf(traitor, forged, [ownSeal(traitor, forged, 0)]);
    return prepared === undefined ? own : { ...prepared, kind: 'commit' };
  },
  // A genuine one with one seal too few.
  (traitor, seen, forged) => {
    const genuine = seen.certificate('commit', forged.block.header.height);
    if (genuine === undefined) return certificateOf(traitor, forged, []);
    const { signers, signatures } = genuine;
    return { ...genuine, signers: signers.slice(1), signatures: signatures.slice(1) };
  },
];
