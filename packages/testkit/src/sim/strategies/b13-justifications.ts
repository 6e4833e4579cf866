/**
 * B13: proposals of later rounds that nobody asked for, each with a justification that breaks one of
 * the rules of protocol §7, made of genuine votes as far as there are any.
 */
import type {
  asHash,
  Certificate,
  Justification,
  JustificationEntry,
  RoundChange,
} from '@daybook/core';
import { asSignature, quorumOf } from '@daybook/core';
import type { Sightings } from './sightings.ts';
import { watchVotes } from './sightings.ts';
import type { Strategy } from './strategy.ts';
import type { ForgedBlock, Traitor } from './traitor.ts';

const ROUNDS_AHEAD = 4;

interface Material {
  readonly traitor: Traitor;
  readonly seen: Sightings;
  readonly height: number;
  readonly round: number;
  readonly quorum: number;
  readonly block: ForgedBlock;
}

type Forge = (material: Material) => Justification;

function entryOf({ signed }: RoundChange): JustificationEntry {
  const { prepared } = signed.content;
  const { sender, signature } = signed;
  return { sender, signature, ...(prepared && { prepared }) };
}

/** Its own entry, then genuine ones of this slot, then made-up ones, up to so many. */
function entriesFor(material: Material, count: number): JustificationEntry[] {
  const { traitor, seen, height, round } = material;
  const own = traitor.sign({ type: 'round-change', height, round });
  const entries = new Map<number, JustificationEntry>([
    [own.sender, { sender: own.sender, signature: own.signature }],
  ]);
  for (const one of seen.roundChanges(height, round)) entries.set(one.signed.sender, entryOf(one));
  for (let sender = 0; entries.size < count; sender++) {
    const signature = asSignature(traitor.prng.bytes(64));
    if (!entries.has(sender)) entries.set(sender, { sender, signature });
  }
  return [...entries.values()].slice(0, count).sort((a, b) => a.sender - b.sender);
}

/** A genuine PREPARE certificate, of the height or of the one before. */
function someCertificate({ seen, height }: Material): Certificate | undefined {
  return seen.certificate('prepare', height) ?? seen.certificate('prepare', height - 1);
}

/** Entry of the traitor that claims a lock. */
function claim(
  { traitor, height, round }: Material,
  prepared: { readonly round: number; readonly blockHash: ReturnType<typeof asHash> },
): JustificationEntry {
  const own = traitor.sign({ type: 'round-change', height, round, prepared });
  return { sender: own.sender, signature: own.signature, prepared };
}

function replaceOwn(
  entries: readonly JustificationEntry[],
  own: JustificationEntry,
): JustificationEntry[] {
  return entries.map((entry) => (entry.sender === own.sender ? own : entry));
}

const FORGERIES: readonly Forge[] = [
  // Of an earlier round or of the height before.
  (material) => {
    const { seen, height, round, quorum } = material;
    const stale = [
      ...seen.roundChanges(height, round - 1),
      ...seen.roundChanges(height - 1, round),
      ...seen.roundChanges(height, round),
    ].map(entryOf);
    const bySender = new Map(stale.map((entry) => [entry.sender, entry] as const));
    const entries = [...bySender.values()].sort((a, b) => a.sender - b.sender);
    return { entries: entries.length === quorum ? entries : entriesFor(material, quorum) };
  },
  // One signer as often as it takes.
  (material) => {
    const [own] = entriesFor(material, 1);
    return {
      entries: Array.from({ length: material.quorum }, () => own).filter(
        (entry) => entry !== undefined,
      ),
    };
  },
  (material) => ({ entries: entriesFor(material, material.quorum - 1) }),
  () => ({ entries: [] }),
  // Somebody outside the set.
  (material) => {
    const { quorum, traitor } = material;
    const signature = asSignature(traitor.prng.bytes(64));
    const sender = traitor.validators()?.length ?? 0;
    return { entries: [...entriesFor(material, quorum - 1), { sender, signature }] };
  },
  // A lock named without a certificate.
  (material) => {
    const { quorum, block } = material;
    const own = claim(material, { round: 0, blockHash: block.hash });
    return { entries: replaceOwn(entriesFor(material, quorum), own) };
  },
  // A genuine certificate of another block, round or height, for the own claim.
  (material) => {
    const { quorum, block, round } = material;
    const own = claim(material, { round: round - 1, blockHash: block.hash });
    const certificate = someCertificate(material);
    const entries = replaceOwn(entriesFor(material, quorum), own);
    return { entries, ...(certificate && { certificate }) };
  },
  // A certificate that nobody claims.
  (material) => {
    const certificate = someCertificate(material);
    return { entries: entriesFor(material, material.quorum), ...(certificate && { certificate }) };
  },
  // The locks of the others left out, which their signatures do not allow.
  (material) => {
    const entries = entriesFor(material, material.quorum);
    return { entries: entries.map(({ sender, signature }) => ({ sender, signature })) };
  },
];

export const FALSE_JUSTIFICATIONS: Strategy = {
  name: 'B13',
  title: 'justifies proposals of later rounds with stale, doubled, missing or foreign votes',
  begin: (traitor) => {
    const seen = watchVotes(traitor.world);
    traitor.world.events.on('committed', ({ machine, block }) => {
      if (machine !== traitor.machine) return;
      const forged = traitor.forgeBlock(block.header.timestampMs + traitor.prng.between(1, 500));
      if (forged === undefined) return;
      for (let count = 0; count < 2; count++) {
        traitor.after(traitor.prng.between(0, 4000), () => attack(traitor, seen, forged));
      }
    });
    traitor.bend({});
  },
};

function attack(traitor: Traitor, seen: Sightings, block: ForgedBlock): void {
  const { height } = block.block.header;
  if (traitor.index() === undefined || traitor.machine.height() + 1 !== height) return;
  const { quorum } = quorumOf(traitor.validators()?.length ?? 1);
  for (let round = 1; round <= ROUNDS_AHEAD; round++) {
    if (traitor.proposerAt(round) !== traitor.index()) continue;
    const material = { traitor, seen, height, round, quorum, block };
    const forge = traitor.prng.pick(FORGERIES);
    traitor.sendToAll(traitor.propose(block, round, forge(material)));
    traitor.acted();
  }
}
