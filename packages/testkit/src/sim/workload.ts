/**
 * Clients: officers hand transactions to running nodes and remember what became of them. A user of
 * the simulator brings its own workload with its own contracts.
 */

import type { Contract } from '@daybook/contracts';
import type { Call, Transaction, TransactionId } from '@daybook/core';
import { assert, decodeTransaction, encodeBody, encodeTransaction, signBody } from '@daybook/core';
import type { OfficerKey } from '../consortium.ts';
import type { Member } from './foundry.ts';
import type { Machine } from './node/machine.ts';
import type { Prng } from './world/prng.ts';
import type { World } from './world/world.ts';

export interface Workload {
  /** Contracts of the chain beside directory and governance. */
  readonly contracts: readonly Contract[];
  /** The calls of the next transaction by an officer of this organisation. */
  nextCalls(member: Member, prng: Prng): readonly Call[];
  /** Whose officer signs the next transaction; any member's by default. */
  author?(members: readonly Member[], prng: Prng): Member;
  /** Members whose officers sign with the author; nobody by default. */
  cosigners?(author: Member, calls: readonly Call[], members: readonly Member[]): readonly Member[];
}

export interface SignedFor {
  readonly member: Member;
  /** Who signs beside it. */
  readonly cosigners?: readonly Member[];
  readonly calls: readonly Call[];
  readonly validUntilMs: number;
  readonly nonce: Uint8Array;
}

function officerOf({ keys, slug }: Member): OfficerKey {
  const [officer] = keys.officers;
  assert(officer !== undefined, `${slug} has an officer`);
  return officer;
}

/** A transaction signed by the first officer of each member. */
export function signFor(world: World, plan: SignedFor): Transaction {
  const officers = [plan.member, ...(plan.cosigners ?? [])].map(officerOf);
  const bodyBytes = encodeBody({
    version: 1,
    chain: world.genesis.chain,
    signers: officers.map(({ publicKey, identity }) => ({ publicKey, identity })),
    nonce: plan.nonce,
    validUntilMs: plan.validUntilMs,
    calls: plan.calls,
  });
  const signatures = officers.map(({ secretKey }) => signBody(bodyBytes, secretKey));
  const decoded = decodeTransaction(encodeTransaction(bodyBytes, signatures));
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
  let isDismissed = false;
  world.events.on('dismissed', () => {
    isDismissed = true;
  });
  const next = (): void => {
    const atMs = timeline.now() + prng.between(1, 2 * meanMs);
    if (atMs > untilMs) return;
    timeline.at(atMs, () => {
      if (isDismissed) return;
      const machine = prng.pick(world.machines);
      const { members } = world.chain;
      const member = workload.author?.(members, prng) ?? prng.pick(members);
      const calls = workload.nextCalls(member, prng);
      const cosigners = workload.cosigners?.(member, calls, members) ?? [];
      const nonce = prng.bytes(16);
      const validMs = prng.between(20_000, 500_000);
      if (machine.state() === 'up' && machine.life()?.isPaused() === false) {
        submit(world, machine, {
          member,
          cosigners,
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
