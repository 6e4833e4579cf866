/** B25: evidence that proves nothing against correct validators, and true evidence without end. */
import type { EvidenceProof, PublicKey, Unsigned } from '@daybook/core';
import {
  asHash,
  asPublicKey,
  asSignature,
  createWriter,
  encodeEvidence,
  evidenceOf,
  proveEvidence,
  publicKeyOf,
  sign,
  signBytes,
  systemTransaction,
  ZERO_HASH,
} from '@daybook/core';
import type { Prng } from '../world/prng.ts';
import { whileAlive } from './false-round-changes.ts';
import type { Strategy } from './strategy.ts';
import type { Traitor } from './traitor.ts';

const EVERY_MS = [300, 1200] as const;
/** Six kinds at each of so many heights are more than a node keeps of one validator. */
const BURST_HEIGHTS = 6;

export const EVIDENCE_SPAMMER: Strategy = {
  name: 'B25',
  title: 'spreads false evidence against others, and endless true evidence against itself',
  begin: (traitor) => {
    let attempt = 0;
    let confessedTo = 0;
    const prng = traitor.prng.fork('confessions');
    whileAlive(traitor, EVERY_MS, () => {
      const set = traitor.validators() ?? [];
      const accused = traitor.prng.chance(700)
        ? set[traitor.prng.below(set.length)]
        : set[traitor.index() ?? 0];
      if (accused === undefined) return;
      attempt += 1;
      spread(traitor, proofAgainst(traitor, accused.publicKey), attempt);
      traitor.acted();
      const height = traitor.machine.height();
      if (height < confessedTo + BURST_HEIGHTS) return;
      while (confessedTo < height) {
        confessedTo += 1;
        for (const proof of confessions(traitor, confessedTo, prng)) spread(traitor, proof, 0);
      }
    });
    traitor.bend({});
  },
};

/** Two PREPAREs or COMMITs of one slot, both signed with its own key. */
function proofAgainst(traitor: Traitor, publicKey: PublicKey): EvidenceProof {
  const { prng, machine } = traitor;
  const height = Math.max(1, machine.height() + prng.between(-5, 3));
  const type = prng.pick(['prepare', 'commit'] as const);
  const slot = { type, height, round: prng.below(3) };
  const hashes = [asHash(prng.bytes(32)), asHash(prng.bytes(32))] as const;
  const message = (index: 0 | 1): EvidenceProof['first'] => {
    const content: Unsigned = { ...slot, blockHash: hashes[index] };
    const bytes = signBytes(traitor.world.genesis.chain, content);
    // A signature of somebody else cannot be had.
    const signature = prng.chance(800)
      ? sign(machine.member.keys.consensus, bytes)
      : asSignature(prng.bytes(64));
    return { content, signature };
  };
  // In either order: only one of them is canonical.
  return { publicKey, height, first: message(0), second: message(1) };
}

/** All six kinds of fault of its own at one height: each takes a place of its own. */
function confessions(traitor: Traitor, height: number, prng: Prng): readonly EvidenceProof[] {
  const sender = traitor.index();
  if (sender === undefined) return [];
  const [one, other] = [asHash(prng.bytes(32)), asHash(prng.bytes(32))];
  const slot = { height, round: 0 } as const;
  const prepared = { round: 0, blockHash: one } as const;
  const asks = (round: number): Unsigned => ({ type: 'round-change', height, round });
  const proposes = (blockHash: typeof one): Unsigned => {
    return { type: 'pre-prepare', ...slot, blockHash, justificationHash: ZERO_HASH };
  };
  const locked: Unsigned = { type: 'round-change', height, round: 1, prepared };
  const commits: Unsigned = { type: 'commit', ...slot, blockHash: one };
  const pairs: readonly (readonly [Unsigned, Unsigned])[] = [
    [proposes(one), proposes(other)],
    [
      { type: 'prepare', ...slot, blockHash: one },
      { type: 'prepare', ...slot, blockHash: other },
    ],
    [commits, { type: 'commit', ...slot, blockHash: other }],
    [locked, asks(1)],
    [commits, asks(1)],
    [locked, asks(2)],
  ];
  const { consensus } = traitor.machine.member.keys;
  return pairs.flatMap(([first, second]) => {
    const evidence = evidenceOf(traitor.sign(first), traitor.sign(second));
    return evidence === undefined
      ? []
      : [proveEvidence(evidence, asPublicKey(publicKeyOf(consensus)))];
  });
}

/** As nodes gossip system transactions: a count of attempts, then the bytes. */
function spread(traitor: Traitor, proof: EvidenceProof, attempt: number): void {
  const { bytes } = systemTransaction('evidence', encodeEvidence(proof));
  const writer = createWriter();
  writer.u32(attempt);
  writer.sized(bytes);
  traitor.machine
    .station()
    ?.publish('system', writer.finish())
    // Its process died meanwhile.
    .catch(() => undefined);
}
