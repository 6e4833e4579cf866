/** Reading checkpoints and the proofs between them, and handing in cosignatures. */
import type { Height, SetChange } from '@daybook/core';
import { decodeProofBundle } from '@daybook/core';
import { ClientError, isRefusal } from '../errors.ts';
import type { Requester } from '../transport/requester.ts';
import { buildPath } from '../transport/url.ts';
import type { ConsistencyAnswer, InclusionAnswer } from '../wire/checkpoint.ts';
import { decodeAdded, decodeConsistency, decodeInclusion } from '../wire/checkpoint.ts';

/** Everything here is as a node says it: `verifyCheckpoint` in core and its like check it. */
export interface HistoryReader {
  /**
   * The newest checkpoint as a signed note, or the smallest kept one that covers a block.
   * @param witnesses  only one that so many registered witnesses have cosigned
   * @returns undefined if the node has none yet
   */
  checkpoint(height?: Height, witnesses?: number): Promise<Uint8Array | undefined>;
  /** Sizes of two trees, the smaller one first. */
  consistency(from: number, to: number): Promise<ConsistencyAnswer>;
  /** @param size  of the tree, as a checkpoint names it */
  inclusion(height: Height, size: number): Promise<InclusionAnswer>;
  /** Hands in signature lines of a witness. @returns how many were new */
  cosign(size: number, lines: Uint8Array): Promise<number>;
  /** Changes of the validator set since genesis, each with its certificate. */
  setChanges(): Promise<readonly SetChange[]>;
}

const NOTE_TYPE = 'text/plain';
const PROOF_TYPE = 'application/vnd.daybook.proof+cbor';
/** A record that every chain has; its proof carries the changes. */
const PROVEN_PATH = '/v1/contracts/ledger/activation';

export function createHistoryReader(requester: Requester): HistoryReader {
  return {
    checkpoint: async (height, witnesses) => {
      try {
        const spec = { path: '/v1/checkpoint', query: { height, witnesses } };
        return (await requester.send(spec, NOTE_TYPE)).bytes;
      } catch (error) {
        if (isRefusal(error, 'NODE_CHECKPOINT_UNKNOWN')) return undefined;
        throw error;
      }
    },
    consistency: (from, to) =>
      requester.json({ path: '/v1/consistency', query: { from, to } }, decodeConsistency),
    inclusion: (height, size) => {
      const path = `/v1/blocks${buildPath(String(height), 'inclusion')}`;
      return requester.json({ path, query: { size } }, decodeInclusion);
    },
    cosign: async (size, lines) => {
      const path = `/v1/checkpoint${buildPath(String(size), 'cosignatures')}`;
      const spec = { path, body: lines, bodyType: NOTE_TYPE };
      return (await requester.json(spec, decodeAdded)).added;
    },
    setChanges: async () => {
      const spec = { path: PROVEN_PATH, query: { proof: 'bundle' } };
      const { url, bytes } = await requester.send(spec, PROOF_TYPE);
      const bundle = decodeProofBundle(bytes);
      if (bundle.ok) return bundle.value.changes;
      throw new ClientError({ code: 'CLIENT_ANSWER_MALFORMED', url, fact: bundle.reason.code });
    },
  };
}
