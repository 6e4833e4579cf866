/**
 * What the simulator sees of all nodes at once: checkers, coverage counters and omniscient
 * adversaries listen here. Nothing a listener learns reaches an honest node.
 */
import type { Certificate, Hash, Height, TransactionId } from '@daybook/core';
import type { RequestName } from '@daybook/network';
import type { ExecutedBlock } from '@daybook/node';
import type { SignedVote, SigningRequest, VoteSigner } from '@daybook/state';
import type { Machine } from '../node/machine.ts';
import type { FrameKind } from './wire.ts';

export type WorldEvent =
  /** A process has started, recovered and joined the network. */
  | { readonly type: 'booted'; readonly machine: Machine; readonly height: number }
  /** A process died by a fault of the run. */
  | { readonly type: 'crashed'; readonly machine: Machine; readonly why: string }
  /** A node met what it must end over. Its process may live on until it has closed its parts. */
  | {
      readonly type: 'failed';
      readonly machine: Machine;
      readonly code: string;
      readonly error: unknown;
    }
  /** Its process is gone, over what it had failed with; not told when it was killed before. */
  | {
      readonly type: 'fatal';
      readonly machine: Machine;
      readonly code: string;
      readonly error: unknown;
    }
  /** A listener of the node threw, which the network logs, or a part that it closed at its end. */
  | { readonly type: 'fault'; readonly machine: Machine; readonly error: unknown }
  /** The guard gave a signature out; it is durable. */
  | {
      readonly type: 'signed';
      readonly machine: Machine;
      /** Of this key and log: while a key takes over, the machine has two. */
      readonly signer: VoteSigner;
      readonly request: SigningRequest;
      readonly vote: SignedVote;
    }
  | { readonly type: 'sign-refused'; readonly machine: Machine; readonly code: string }
  /** A signer has left quarantine: a new log, in which nothing up to this height is signed. */
  | {
      readonly type: 'resumed';
      readonly machine: Machine;
      readonly signer: VoteSigner;
      readonly above: Height;
    }
  /** A frame of the node's own making is handed to the wire. */
  | {
      readonly type: 'sent';
      readonly machine: Machine;
      readonly to: string;
      readonly kind: FrameKind;
      readonly bytes: Uint8Array;
    }
  /** A message has reached a running process. */
  | {
      readonly type: 'arrived';
      readonly machine: Machine;
      readonly kind: FrameKind;
      readonly bytes: Uint8Array;
      /** Signatures that were verified on its arrival; 0 where nobody counts them. */
      readonly checks: number;
    }
  /** A node has executed a block of this height. */
  | { readonly type: 'executed'; readonly machine: Machine; readonly height: number }
  /** A question of a node to a peer was answered. */
  | { readonly type: 'answered'; readonly machine: Machine; readonly name: RequestName }
  /** A block is final at a node. */
  | {
      readonly type: 'committed';
      readonly machine: Machine;
      readonly block: ExecutedBlock;
      readonly certificate: Certificate;
    }
  /** A node's API took a transaction. */
  | {
      readonly type: 'accepted';
      readonly machine: Machine;
      readonly id: TransactionId;
      readonly validUntilMs: number;
    }
  | {
      readonly type: 'offence';
      readonly machine: Machine;
      readonly peerId: string;
      readonly offence: string;
    }
  /** A validator was found to contradict itself. */
  | {
      readonly type: 'evidence';
      readonly machine: Machine;
      readonly kind: string;
      /** Hex of its id. */
      readonly validator: string;
      readonly height: number;
    }
  | { readonly type: 'notice'; readonly machine: Machine; readonly code: string }
  /** Faults have stopped; a core of correct validators is connected. */
  | { readonly type: 'healed'; readonly core: readonly Machine[] }
  /** Clients are to hand in nothing any more. */
  | { readonly type: 'dismissed' }
  /** All validators are at work and nothing is left to do, until the run ends. */
  | { readonly type: 'resting' }
  /** Every so often, for what must hold at any time. */
  | { readonly type: 'sampled' }
  /** The run is over. */
  | { readonly type: 'ended' };

export type EventOf<Type extends WorldEvent['type']> = Extract<WorldEvent, { type: Type }>;

export interface EventBus {
  emit(event: WorldEvent): void;
  on<Type extends WorldEvent['type']>(type: Type, listener: (event: EventOf<Type>) => void): void;
}

export function createEventBus(): EventBus {
  const listeners = new Map<string, ((event: WorldEvent) => void)[]>();
  return {
    emit: (event) => {
      for (const listener of listeners.get(event.type) ?? []) listener(event);
    },
    on: (type, listener) => {
      const list = listeners.get(type) ?? [];
      listeners.set(type, list);
      // Emitted only under its own type.
      list.push(listener as (event: WorldEvent) => void);
    },
  };
}

/** A hash in the eight digits that fit into a line. */
export function short(hash: Hash | Uint8Array): string {
  return Buffer.from(hash.subarray(0, 4)).toString('hex');
}
