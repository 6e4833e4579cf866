/**
 * Who may connect, and who is which validator: the network's admission table, made from the node
 * records of the own head's directory and from the configured bootstrap addresses. An organisation
 * runs at most one validator, so its validator node is found by its name.
 */
import type { ValidatorSet } from '@daybook/core';
import { toHex } from '@daybook/core';
import type { Admission, Peer } from '@daybook/network';
import type { ValidatorPeers } from './driver/validators.ts';
import { mapValidatorPeers } from './driver/validators.ts';

/** A node as the directory announces it. */
export interface DirectoryNode {
  readonly organisation: string;
  readonly peerId: string;
  readonly addresses: readonly string[];
  readonly isValidator: boolean;
}

/** What a peer table is made of. */
export interface PeerSources {
  /** Own peer id. */
  readonly self: string;
  /** All active nodes of the directory. */
  readonly nodes: readonly DirectoryNode[];
  /** The set that signs the next height. */
  readonly validators: ValidatorSet;
  /** Slug of the organisation behind a validator, by hex of its id. */
  readonly organisations: ReadonlyMap<string, string>;
  /** Configured addresses; the directory's word on a peer takes precedence. */
  readonly bootstrap: readonly string[];
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

export function buildPeerTable(sources: PeerSources): PeerTable {
  const { self, nodes, validators, organisations, bootstrap } = sources;
  const voting = new Set(validators.map(({ id }) => organisations.get(toHex(id))));
  const announced = new Set(nodes.filter((one) => one.isValidator).map((one) => one.organisation));
  // After a recovery an organisation may sign with a node that was announced as an observer.
  const votes = ({ isValidator, organisation }: DirectoryNode): boolean =>
    voting.has(organisation) && (isValidator || !announced.has(organisation));
  const listed: Peer[] = nodes.map((node) => ({
    peerId: node.peerId,
    role: votes(node) ? 'validator' : 'observer',
    addresses: node.addresses,
  }));
  const known = new Set(listed.map(({ peerId }) => peerId));
  const extra = bootstrap
    .map(bootstrapPeer)
    .filter((peer) => peer !== undefined)
    .filter(({ peerId }) => !known.has(peerId));
  const own = listed.find(({ peerId }) => peerId === self);
  const role = own?.role === 'validator' ? 'validator' : 'observer';
  const nodeOf = new Map(nodes.filter(votes).map((node) => [node.organisation, node.peerId]));
  return {
    admission: { role, peers: [...listed, ...extra] },
    validators: mapValidatorPeers(
      validators.map(({ id }) => {
        const organisation = organisations.get(toHex(id));
        return { organisation, peerId: organisation && nodeOf.get(organisation) };
      }),
    ),
    organisations: new Map(nodes.map(({ peerId, organisation }) => [peerId, organisation])),
  };
}
