/** Faults of validators as the tests of contracts need them: what no correct one signs both. */
import type { BodyEntry, EvidenceKind, Unsigned } from '@daybook/core';
import {
  asHash,
  assert,
  encodeEvidence,
  encodeUtf8,
  evidenceOf,
  proveEvidence,
  sha256,
  sign,
  signBytes,
} from '@daybook/core';
import type { TestChain } from './consortium.ts';
import { keyOf, secretOf, systemEntry } from './consortium.ts';

const hashOf = (text: string) => asHash(sha256(encodeUtf8(text)));

/** Contents of `kind` at a height. */
function contents(kind: EvidenceKind, height: number): readonly [Unsigned, Unsigned] {
  const [a, b] = [hashOf('a'), hashOf('b')];
  const at = (round: number) => ({ height, round });
  const justificationHash = hashOf('none');
  switch (kind) {
    case 'E1':
      return [
        { type: 'pre-prepare', ...at(0), blockHash: a, justificationHash },
        { type: 'pre-prepare', ...at(0), blockHash: b, justificationHash },
      ];
    case 'E2':
      return [
        { type: 'prepare', ...at(0), blockHash: a },
        { type: 'prepare', ...at(0), blockHash: b },
      ];
    case 'E3':
      return [
        { type: 'commit', ...at(0), blockHash: a },
        { type: 'commit', ...at(0), blockHash: b },
      ];
    case 'E4':
      return [
        { type: 'round-change', ...at(2) },
        { type: 'round-change', ...at(2), prepared: { round: 1, blockHash: a } },
      ];
    case 'E5':
      return [
        { type: 'commit', ...at(0), blockHash: a },
        { type: 'round-change', ...at(1) },
      ];
    case 'E6':
      return [
        { type: 'round-change', ...at(4), prepared: { round: 3, blockHash: a } },
        { type: 'round-change', ...at(5), prepared: { round: 2, blockHash: a } },
      ];
  }
}

/** Evidence that the holder of a consensus key signed two messages of this kind. */
export function evidenceEntry(
  chain: TestChain,
  key: string,
  { kind = 'E2', height = 1 }: { readonly kind?: EvidenceKind; readonly height?: number } = {},
): BodyEntry {
  const [one, other] = contents(kind, height).map((content) => ({
    content,
    sender: 0,
    signature: sign(secretOf(key), signBytes(chain.genesis.chain, content)),
  }));
  assert(one !== undefined && other !== undefined, 'two messages');
  const evidence = evidenceOf(one, other);
  assert(evidence?.kind === kind, `the two messages are ${kind}`);
  return systemEntry('evidence', encodeEvidence(proveEvidence(evidence, keyOf(key))));
}
