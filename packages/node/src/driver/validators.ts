/**
 * Which peer is which validator: the link between positions in V_h and libp2p peers, read from the
 * directory of the own head.
 */

/** The node of the validator at one position; absent as far as the directory does not say. */
export interface ValidatorNode {
  readonly organisation: string | undefined;
  readonly peerId: string | undefined;
}

export interface ValidatorPeers {
  /** Peer of the validator at this position; undefined when the directory names none. */
  peerOf(index: number): string | undefined;
  indexOf(peerId: string): number | undefined;
  /** Slug of the organisation at this position. */
  organisationOf(index: number): string | undefined;
  /** Peers of all validators, in the order of the set. */
  all(): readonly string[];
}

/** @param inOrder  one entry per member of the set, in its order */
export function mapValidatorPeers(inOrder: readonly ValidatorNode[]): ValidatorPeers {
  const indices = new Map<string, number>();
  for (const [index, { peerId }] of inOrder.entries()) {
    if (peerId !== undefined) indices.set(peerId, index);
  }
  return {
    peerOf: (index) => inOrder[index]?.peerId,
    indexOf: (peerId) => indices.get(peerId),
    organisationOf: (index) => inOrder[index]?.organisation,
    all: () => [...indices.keys()],
  };
}
