/**
 * B20: the block is withheld behind a genuine certificate. Just enough validators get it to prepare
 * it; the others get hashes only, and the traitor answers nobody who asks for the rest.
 */
import type { PrePrepare } from '@daybook/core';
import { quorumOf } from '@daybook/core';
import { TALLY_WORKLOAD } from '../tally-workload.ts';
import { signFor } from '../workload.ts';
import type { Strategy } from './strategy.ts';
import type { Traitor } from './traitor.ts';

const BODY_REQUESTS: ReadonlySet<string> = new Set(['bodies', 'transactions']);
const VALID_MS = 60_000;

export const BODY_WITHHOLDER: Strategy = {
  name: 'B20',
  title: 'withholds blocks that a genuine certificate makes necessary',
  begin: (traitor) => {
    const fed = new Map<number, ReadonlySet<number>>();
    traitor.world.events.on('booted', ({ machine }) => {
      if (machine === traitor.machine) keepSecret(traitor);
    });
    traitor.world.events.on('committed', ({ machine }) => {
      if (machine === traitor.machine) keepSecret(traitor);
    });
    traitor.bend({
      outgoing: ({ to, message }) => {
        if (message.type !== 'pre-prepare') return [message];
        const { height } = message.signed.content;
        const chosen = fed.get(height) ?? receivers(traitor);
        fed.set(height, chosen);
        if (chosen.has(to)) return [whole(traitor, message)];
        if (message.transactionHashes.length > 0) traitor.acted();
        return [{ ...message, inlined: [] }];
      },
      hears: (_from, request) => !BODY_REQUESTS.has(request),
    });
  },
};

/** With every transaction that its node holds inlined. */
function whole(traitor: Traitor, message: PrePrepare): PrePrepare {
  const mempool = traitor.machine.replica()?.mempool;
  const inlined = message.transactionHashes.flatMap((hash, index) => {
    const known = message.inlined.find((one) => one.index === index)?.bytes;
    const bytes = known ?? mempool?.byHash(hash)?.bytes;
    return bytes === undefined ? [] : [{ index, bytes }];
  });
  return { ...message, inlined };
}

function receivers(traitor: Traitor): ReadonlySet<number> {
  const { quorum } = quorumOf(traitor.validators()?.length ?? 1);
  const others = traitor.honest().filter(({ isValidator }) => isValidator);
  return new Set(
    traitor.prng
      .shuffle(others)
      .slice(0, quorum - 1)
      .map(({ index }) => index),
  );
}

/** A transaction in its own mempool that is never spread: nobody else can have it. */
function keepSecret(traitor: Traitor): void {
  const { machine, world, prng } = traitor;
  const replica = machine.replica();
  if (replica === undefined) return;
  const transaction = signFor(world, {
    member: machine.member,
    calls: TALLY_WORKLOAD.nextCalls(machine.member, prng),
    nonce: prng.bytes(16),
    validUntilMs: machine.clock.wall() + VALID_MS,
  });
  replica.mempool.add(transaction, machine.member.slug);
  replica.consensus.onWork();
}
