/**
 * B23: DECIDED with seals that do not decide: too few, doubled, of mixed rounds, of another set. Each
 * certificate stands beside the block that it names, so that only its one fault is left; a coverage
 * counter per form says how often it was sent.
 */
import type { Certificate, Commit, Decided } from '@daybook/core';
import { encodeMessage, equalBytes, quorumOf } from '@daybook/core';
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
      const { prng } = traitor;
      // What needs votes of others is possible for a moment only: half of the turns try that first.
      const genuine = prng.chance(500) ? prng.pick(OF_GENUINE)(traitor, seen) : undefined;
      const { form, message } = genuine ?? ofForged(traitor, seen, forged);
      traitor.sendToAll(message);
      if (prng.chance(200)) gossip(traitor, message);
      traitor.world.coverage.add(`DECIDED with ${form}`);
      traitor.acted();
    });
    traitor.bend({});
  },
};

interface False {
  readonly form: string;
  readonly message: Decided;
}

function ofForged(traitor: Traitor, seen: Sightings, forged: ForgedBlock): False {
  const [form, forge] = traitor.prng.pick(OF_FORGED);
  const { header, body } = forged.block;
  const certificate = forge(traitor, seen, forged);
  return { form, message: { type: 'decided', header, certificate, body } };
}

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

const OF_FORGED: readonly (readonly [string, Forge])[] = [
  [
    'the own seal alone',
    (traitor, _seen, forged) => {
      return certificateOf(traitor, forged, [ownSeal(traitor, forged, 0)]);
    },
  ],
  [
    'one seal Q times',
    (traitor, _seen, forged) => {
      const { quorum } = quorumOf(traitor.validators()?.length ?? 1);
      const own = ownSeal(traitor, forged, 0);
      return certificateOf(
        traitor,
        forged,
        Array.from({ length: quorum }, () => own),
      );
    },
  ],
  [
    'seals for another block',
    (traitor, seen, forged) => {
      const others = borrowed(traitor, seen, forged.block.header.height);
      return certificateOf(traitor, forged, inOrder([ownSeal(traitor, forged, 0), ...others]));
    },
  ],
  [
    'one signature for all',
    (traitor, _seen, forged) => {
      const { signature } = ownSeal(traitor, forged, 0);
      const set = traitor.validators() ?? [];
      return certificateOf(
        traitor,
        forged,
        set.map((_, sender) => ({ sender, signature })),
      );
    },
  ],
  // In which it is a quorum.
  [
    'a set of one',
    (traitor, _seen, forged) => {
      const { signature } = ownSeal(traitor, forged, 0);
      const alone = certificateOf(traitor, forged, [{ sender: 0, signature }]);
      return { ...alone, validatorCount: 1 };
    },
  ],
];

type ForgeGenuine = (traitor: Traitor, seen: Sightings) => False | undefined;

/** Forms made of a certificate that others have earned, beside the block that they have voted for. */
const OF_GENUINE: readonly ForgeGenuine[] = [
  (traitor, seen) => {
    const prepared = seen.certificate('prepare', traitor.machine.height() + 1);
    return prepared && beside(seen, { ...prepared, kind: 'commit' }, 'PREPAREs for seals');
  },
  (traitor, seen) => {
    const genuine = seen.certificate('commit', traitor.machine.height() + 1);
    if (genuine === undefined) return undefined;
    const { signers, signatures } = genuine;
    const short = { ...genuine, signers: signers.slice(1), signatures: signatures.slice(1) };
    return beside(seen, short, 'one seal too few');
  },
  (traitor, seen) => {
    const genuine = seen.certificate('commit', traitor.machine.height() + 1);
    const index = traitor.index();
    if (genuine === undefined || index === undefined) return undefined;
    const { height, round, blockHash, signers, signatures } = genuine;
    const later = traitor.sign({ type: 'commit', height, round: round + 1, blockHash });
    const others = signers
      .map((sender, at) => ({ sender, signature: signatures[at] ?? later.signature }))
      .filter(({ sender }) => sender !== index)
      .slice(0, signers.length - 1);
    const seals = inOrder([later, ...others]);
    const mixed = {
      ...genuine,
      signers: seals.map(({ sender }) => sender),
      signatures: seals.map(({ signature }) => signature),
    };
    return beside(seen, mixed, 'seals of two rounds');
  },
];

/** DECIDED for the block that a certificate names, if its proposal was seen; bodies are fetched. */
function beside(seen: Sightings, certificate: Certificate, form: string): False | undefined {
  for (const vote of seen.at(certificate.height)) {
    if (vote.type !== 'pre-prepare') continue;
    if (!equalBytes(vote.signed.content.blockHash, certificate.blockHash)) continue;
    return { form, message: { type: 'decided', header: vote.header, certificate } };
  }
  return undefined;
}
