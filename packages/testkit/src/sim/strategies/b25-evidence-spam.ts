/** B25: evidence that proves nothing against correct validators, and true evidence without end. */
import type { EvidenceProof, PublicKey, Unsigned } from '@daybook/core';
import {
  asHash,
  asSignature,
  createWriter,
  encodeEvidence,
  sign,
  signBytes,
  systemTransaction,
} from '@daybook/core';
import { whileAlive } from './false-round-changes.ts';
import type { Strategy } from './strategy.ts';
import type { Traitor } from './traitor.ts';

const EVERY_MS = [300, 1200] as const;

export const EVIDENCE_SPAMMER: Strategy = {
  name: 'B25',
  title: 'spreads false evidence against others, and endless true evidence against itself',
  begin: (traitor) => {
    let attempt = 0;
    whileAlive(traitor, EVERY_MS, () => {
      const set = traitor.validators() ?? [];
      const accused = traitor.prng.chance(700)
        ? set[traitor.prng.below(set.length)]
        : set[traitor.index() ?? 0];
      if (accused === undefined) return;
      attempt += 1;
      spread(traitor, proofAgainst(traitor, accused.publicKey), attempt);
      traitor.acted();
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
