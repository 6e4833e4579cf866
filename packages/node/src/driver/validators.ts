/**
 * Which peer is which validator: the link between positions in V_h, consensus keys and libp2p peers,
 * read from the directory of the own head.
 */
import type { ValidatorSet } from '@daybook/core';
import { toHex } from '@daybook/core';

/** A validator's node as the directory announces it. */
export interface ValidatorNode {
  /** Hex of the validator id. */
  readonly validatorId: string;
  readonly organisation: string;
  readonly peerId: string;
}

export interface ValidatorPeers {
  /** Peer of the validator at this position; undefined when the directory names none. */
  peerOf(index: number): string | undefined;
  indexOf(peerId: string): number | undefined;
  /** Slug of the organisation at this position. */
  organisationOf(index: number): string | undefined;
}

export function mapValidatorPeers(
  validators: ValidatorSet,
  nodes: readonly ValidatorNode[],
): ValidatorPeers {
  const byId = new Map(nodes.map((node) => [node.validatorId, node] as const));
  const inOrder = validators.map(({ id }) => byId.get(toHex(id)));
  const indices = new Map<string, number>();
  for (const [index, node] of inOrder.entries()) {
    if (node !== undefined) indices.set(node.peerId, index);
  }
  return {
    peerOf: (index) => inOrder[index]?.peerId,
    indexOf: (peerId) => indices.get(peerId),
    organisationOf: (index) => inOrder[index]?.organisation,
  };
}
