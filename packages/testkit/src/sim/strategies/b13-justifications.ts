/**
 * B13: proposals of later rounds, each with a justification that breaks one of the rules of protocol
 * §7 and no other. It waits until so many have asked for a round in which it proposes that their
 * genuine ROUND-CHANGEs and its own would do, and is silent in round 0, so that this happens.
 */
import type { Certificate, Justification, JustificationEntry, RoundChange } from '@daybook/core';
import { quorumOf } from '@daybook/core';
import type { Sightings } from './sightings.ts';
import { watchVotes } from './sightings.ts';
import type { Strategy } from './strategy.ts';
import type { ForgedBlock, Traitor } from './traitor.ts';

interface Material {
  readonly traitor: Traitor;
  readonly height: number;
  readonly round: number;
  readonly quorum: number;
  readonly block: ForgedBlock;
  /** Genuine ones of others without a lock for this slot; Q-1 of them at least. */
  readonly free: readonly JustificationEntry[];
  /** Genuine ones of others with a lock. */
  readonly locked: readonly JustificationEntry[];
  /** A genuine PREPARE certificate of this height or the one before. */
  readonly certificate: Certificate | undefined;
}

/** What a forgery makes, or undefined where the votes for it are missing. */
type Forge = (material: Material) => Justification | undefined;
type Lock = NonNullable<JustificationEntry['prepared']>;

function entryOf({ signed }: Pick<RoundChange, 'signed'>): JustificationEntry {
  const { prepared } = signed.content;
  const { sender, signature } = signed;
  return { sender, signature, ...(prepared && { prepared }) };
}

/** Its own entry, for this round or another one, with a lock or without. */
function own(
  { traitor, height, round }: Material,
  { prepared, at }: { readonly prepared?: Lock; readonly at?: number } = {},
): JustificationEntry {
  const content = { type: 'round-change', height, round: at ?? round } as const;
  return entryOf({ signed: traitor.sign({ ...content, ...(prepared && { prepared }) }) });
}

function inOrder(entries: readonly JustificationEntry[]): readonly JustificationEntry[] {
  return [...entries].sort((a, b) => a.sender - b.sender);
}

/** As many genuine ones of others as a quorum takes beside these. */
function filled(
  { free, quorum }: Material,
  ...entries: readonly JustificationEntry[]
): readonly JustificationEntry[] {
  return inOrder([...entries, ...free.slice(0, quorum - entries.length)]);
}

const FORGERIES: readonly (readonly [string, Forge])[] = [
  [
    'a ROUND-CHANGE of another round',
    (material) => ({ entries: filled(material, own(material, { at: material.round + 1 })) }),
  ],
  ['one signer twice', (material) => ({ entries: filled(material, own(material), own(material)) })],
  ['Q-1 entries', (material) => ({ entries: filled(material, own(material)).slice(1) })],
  ['no entries', () => ({ entries: [] })],
  [
    'somebody outside the set',
    (material) => {
      const sender = material.traitor.validators()?.length ?? 0;
      return { entries: filled(material, { ...own(material), sender }) };
    },
  ],
  [
    'a lock without its certificate',
    (material) => {
      const prepared = { round: material.round - 1, blockHash: material.block.hash };
      return { entries: filled(material, own(material, { prepared })) };
    },
  ],
  [
    'a certificate of another block',
    (material) => {
      const { round, block, certificate } = material;
      if (certificate === undefined) return undefined;
      const prepared = { round: round - 1, blockHash: block.hash };
      return { entries: filled(material, own(material, { prepared })), certificate };
    },
  ],
  [
    'a certificate nobody claims',
    (material) => {
      const { certificate } = material;
      return certificate && { entries: filled(material, own(material)), certificate };
    },
  ],
  [
    'a lock left out',
    (material) => {
      const [locked] = material.locked;
      if (locked === undefined) return undefined;
      const { sender, signature } = locked;
      return { entries: filled(material, own(material), { sender, signature }) };
    },
  ],
];

export const FALSE_JUSTIFICATIONS: Strategy = {
  name: 'B13',
  title: 'justifies proposals of later rounds with stale, doubled, missing or foreign votes',
  begin: (traitor) => {
    const seen = watchVotes(traitor.world);
    const done = new Set<string>();
    traitor.world.events.on('sent', ({ kind }) => {
      if (kind !== 'round-change' || traitor.machine.state() !== 'up') return;
      const height = traitor.machine.height() + 1;
      const round = Math.max(0, ...seen.at(height).map(({ signed }) => signed.content.round));
      if (round === 0 || done.has(`${height}/${round}`)) return;
      if (attack(traitor, seen, round)) done.add(`${height}/${round}`);
    });
    traitor.bend({
      outgoing: ({ message }) => {
        if (message.type !== 'pre-prepare') return [message];
        // Who waits for it asks for the next round; its own later proposals would be in the way.
        return [];
      },
    });
  },
};

/** @returns whether it has proposed */
function attack(traitor: Traitor, seen: Sightings, round: number): boolean {
  const index = traitor.index();
  if (index === undefined || traitor.proposerAt(round) !== index) return false;
  const height = traitor.machine.height() + 1;
  const { quorum } = quorumOf(traitor.validators()?.length ?? 1);
  const others = seen.roundChanges(height, round).filter(({ signed }) => signed.sender !== index);
  const entries = others.map(entryOf);
  const free = entries.filter(({ prepared }) => prepared === undefined);
  const locked = entries.filter(({ prepared }) => prepared !== undefined);
  if (free.length < quorum - 1 && (locked.length === 0 || free.length < quorum - 2)) return false;
  const block = traitor.forgeBlock(traitor.machine.clock.wall());
  if (block === undefined) return false;
  const certificate =
    seen.certificate('prepare', height) ?? seen.certificate('prepare', height - 1);
  const material = { traitor, height, round, quorum, block, free, locked, certificate };
  const possible = FORGERIES.flatMap(([form, forge]) => {
    const isLeftOut = form === 'a lock left out';
    if (!isLeftOut && free.length < quorum - 1) return [];
    const justification = forge(material);
    return justification === undefined ? [] : [{ form, justification }];
  });
  if (possible.length === 0) return false;
  // A node judges one proposal of a slot: everybody gets one of its own.
  for (const { index: to, isValidator } of traitor.honest()) {
    if (!isValidator) continue;
    const { form, justification } = traitor.prng.pick(possible);
    traitor.send(to, traitor.propose(block, round, justification));
    traitor.world.coverage.add(`justified by ${form}`);
  }
  traitor.acted();
  return true;
}
