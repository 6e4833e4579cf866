/**
 * Clients: officers hand transactions to running nodes and remember what became of them. A user of
 * the simulator brings its own workload with its own contracts.
 */

import type { Contract } from '@daybook/contracts';
import type { Call, Transaction, TransactionId } from '@daybook/core';
import {
  asPublicKey,
  assert,
  decodeTransaction,
  encodeBody,
  encodeTransaction,
  publicKeyOf,
  signBody,
} from '@daybook/core';
import type { Member } from './foundry.ts';
import type { Machine } from './node/machine.ts';
import type { Prng } from './world/prng.ts';
import type { World } from './world/world.ts';

export interface Workload {
  /** Contracts of the chain beside directory and governance. */
  readonly contracts: readonly Contract[];
  /** The calls of the next transaction by an officer of this organisation. */
  nextCalls(member: Member, prng: Prng): readonly Call[];
}

export interface SignedFor {
  readonly member: Member;
  readonly calls: readonly Call[];
  readonly validUntilMs: number;
  readonly nonce: Uint8Array;
}

/** A transaction signed by the first officer of a member. */
export function signFor(world: World, plan: SignedFor): Transaction {
  const [officer] = plan.member.keys.officers;
  assert(officer !== undefined, 'every member has an officer');
  const bodyBytes = encodeBody({
    version: 1,
    chain: world.genesis.chain,
    signers: [
      { publicKey: asPublicKey(publicKeyOf(officer.secretKey)), identity: officer.identity },
    ],
    nonce: plan.nonce,
    validUntilMs: plan.validUntilMs,
    calls: plan.calls,
  });
  const signature = signBody(bodyBytes, officer.secretKey);
  const decoded = decodeTransaction(encodeTransaction(bodyBytes, [signature]));
  assert(decoded.ok, 'a transaction of the workload decodes');
  return decoded.value;
}

/** Starts clients that hand in something at random distances until a time. */
export function startClients(
  world: World,
  workload: Workload,
  { prng, untilMs, meanMs }: { prng: Prng; untilMs: number; meanMs: number },
): void {
  const { timeline } = world;
  const next = (): void => {
    const atMs = timeline.now() + prng.between(1, 2 * meanMs);
    if (atMs > untilMs) return;
    timeline.at(atMs, () => {
      const machine = prng.pick(world.machines);
      const member = prng.pick(world.chain.members);
      const calls = workload.nextCalls(member, prng);
      const nonce = prng.bytes(16);
      const validMs = prng.between(20_000, 500_000);
      if (machine.state() === 'up' && machine.life()?.isPaused() === false) {
        submit(world, machine, {
          member,
          calls,
          nonce,
          validUntilMs: machine.clock.wall() + validMs,
        });
      }
      next();
    });
  };
  next();
}

/** Hands a transaction to a node as its API does; nothing happens when the node is down. */
export function submit(world: World, machine: Machine, plan: SignedFor): TransactionId {
  const transaction = signFor(world, plan);
  const desk = machine.replica()?.desk;
  if (desk === undefined) return transaction.id;
  const life = machine.life();
  desk
    .submit([transaction.bytes])
    .then(([outcome]) => {
      if (life?.isAlive() !== true || outcome?.ok !== true) return;
      const { validUntilMs } = plan;
      world.events.emit({ type: 'accepted', machine, id: transaction.id, validUntilMs });
    })
    // The API answers with an error of the server.
    .catch((error: unknown) => world.events.emit({ type: 'fault', machine, error }));
  return transaction.id;
}
