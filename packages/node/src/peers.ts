/**
 * Who may connect, and who is which validator: the network's admission table, made from the node
 * records of the own head's directory and from the configured bootstrap addresses.
 */
import type { ValidatorSet } from '@daybook/core';
import { toHex } from '@daybook/core';
import type { Admission, Peer } from '@daybook/network';
import type { ValidatorNode, ValidatorPeers } from './driver/validators.ts';
import { mapValidatorPeers } from './driver/validators.ts';

/** A node as the directory announces it. */
export interface DirectoryNode {
  readonly organisation: string;
  readonly peerId: string;
  readonly addresses: readonly string[];
  /** Hex of the validator id, for the node of a validator. */
  readonly validatorId?: string;
}

/** What follows from the directory of one head. */
export interface PeerTable {
  readonly admission: Admission;
  readonly validators: ValidatorPeers;
  /** Organisation by peer id. */
  readonly organisations: ReadonlyMap<string, string>;
}

/** `/ip4/…/tcp/…/p2p/<peer id>` as configured, taken apart. */
function bootstrapPeer(address: string): Peer | undefined {
  const at = address.lastIndexOf('/p2p/');
  if (at < 0) return undefined;
  const peerId = address.slice(at + '/p2p/'.length);
  return { peerId, role: 'bootstrap', addresses: [address.slice(0, at)] };
}

/**
 * @param self       own peer id
 * @param nodes      all nodes of the directory
 * @param set        the set that signs the next height
 * @param bootstrap  configured addresses; the directory's word on a peer takes precedence
 */
export function buildPeerTable(
  self: string,
  nodes: readonly DirectoryNode[],
  set: ValidatorSet,
  bootstrap: readonly string[],
): PeerTable {
  const inSet = new Set(set.map(({ id }) => toHex(id)));
  const isValidator = ({ validatorId }: DirectoryNode): boolean =>
    validatorId !== undefined && inSet.has(validatorId);
  const listed: Peer[] = nodes.map((node) => ({
    peerId: node.peerId,
    role: isValidator(node) ? 'validator' : 'observer',
    addresses: node.addresses,
  }));
  const known = new Set(listed.map(({ peerId }) => peerId));
  const extra = bootstrap
    .map(bootstrapPeer)
    .filter((peer) => peer !== undefined)
    .filter(({ peerId }) => !known.has(peerId));
  const own = listed.find(({ peerId }) => peerId === self);
  const role = own?.role === 'validator' ? 'validator' : 'observer';
  const validatorNodes: readonly ValidatorNode[] = nodes.flatMap((node) =>
    node.validatorId === undefined
      ? []
      : [{ validatorId: node.validatorId, organisation: node.organisation, peerId: node.peerId }],
  );
  return {
    admission: { role, peers: [...listed, ...extra] },
    validators: mapValidatorPeers(set, validatorNodes),
    organisations: new Map(nodes.map(({ peerId, organisation }) => [peerId, organisation])),
  };
}
