/** B10 to B12: the same wrong proposal for everybody: wrong roots, a wrong body, a wrong time. */
import type { Body, Hash, Header, PrePrepare } from '@daybook/core';
import {
  asHash,
  asTransactionId,
  blockHash,
  decodeBodyEntry,
  decodeTransaction,
  encodeTransaction,
  messageDelayMs,
  refOf,
  sha256,
  transactionHashOf,
  transactionRoot,
} from '@daybook/core';
import { TALLY_WORKLOAD } from '../tally-workload.ts';
import { signFor } from '../workload.ts';
import { voteForOther } from './b01-split-proposals.ts';
import type { Strategy } from './strategy.ts';
import type { Traitor } from './traitor.ts';
import { inlineAll } from './traitor.ts';

interface Altered {
  readonly hash: Hash;
  readonly message: PrePrepare;
}

/** The proposal with another header and body, signed. */
function resigned(
  traitor: Traitor,
  first: PrePrepare,
  change: Partial<Header>,
  body?: Body,
): Altered {
  const header = { ...first.header, ...change };
  const hash = blockHash(header);
  const signed = traitor.sign({ ...first.signed.content, blockHash: hash });
  return { hash, message: { ...first, signed, header, ...(body && inlineAll(body)) } };
}

/** Fresh proposals of the own node leave in another form, and its votes for them follow. */
function altering(alter: (traitor: Traitor, first: PrePrepare) => Altered): Strategy['begin'] {
  return (traitor) => {
    const altered = new Map<string, Altered>();
    traitor.bend({
      outgoing: ({ message }) => {
        if (!('signed' in message)) return [message];
        const { height, round } = message.signed.content;
        const slot = `${height}/${round}`;
        if (message.type === 'pre-prepare') {
          if (message.justification?.certificate !== undefined) return [message];
          const other = altered.get(slot) ?? alter(traitor, message);
          altered.set(slot, other);
          traitor.acted();
          return [other.message];
        }
        const other = altered.get(slot);
        return [other === undefined ? message : voteForOther(traitor, message, other.hash)];
      },
    });
  };
}

export const WRONG_ROOTS: Strategy = {
  name: 'B10',
  title: 'proposes blocks with a wrong state root, result root or next set',
  begin: altering((traitor, first) => {
    const field = traitor.prng.pick([
      'stateRoot',
      'stateRoot',
      'resultRoot',
      'nextValidatorsHash',
      'historyRoot',
    ] as const);
    return resigned(traitor, first, { [field]: asHash(traitor.prng.bytes(32)) });
  }),
};

// --- B11 -------------------------------------------------------------------------------------

const OVERSIZED_COUNT = 20;
const OVERSIZED_BYTES = 60_000;

/** A transaction of its own officer, valid but for what the plan says. */
function ownTransaction(traitor: Traitor, validForMs: number): Uint8Array {
  const { world, machine, prng } = traitor;
  const plan = {
    member: machine.member,
    calls: TALLY_WORKLOAD.nextCalls(machine.member, prng),
    nonce: prng.bytes(16),
    validUntilMs: machine.clock.wall() + validForMs,
  };
  return signFor(world, plan).bytes;
}

function wronglySigned(traitor: Traitor): Uint8Array {
  const decoded = decodeTransaction(ownTransaction(traitor, 60_000));
  if (!decoded.ok) return new Uint8Array();
  const { bodyBytes, signatures } = decoded.value;
  const [first = new Uint8Array(64)] = signatures;
  const wrong = first.slice();
  wrong[0] = (wrong[0] ?? 0) ^ 1;
  return encodeTransaction(bodyBytes, [wrong]);
}

type MakeBody = (traitor: Traitor, included: readonly Uint8Array[]) => Body;

const WRONG_BODIES: readonly MakeBody[] = [
  (traitor) => [wronglySigned(traitor)],
  (traitor) => [ownTransaction(traitor, -1000)],
  (traitor) => [ownTransaction(traitor, 100_000_000)],
  (traitor, included) => [included.at(-1) ?? ownTransaction(traitor, -1)],
  (traitor) => {
    const once = ownTransaction(traitor, 60_000);
    return [once, once];
  },
  // Not canonical: a byte after the end.
  (traitor) => [Uint8Array.from([...ownTransaction(traitor, 60_000), 0])],
  (traitor) => [traitor.prng.bytes(200)],
  (traitor) => {
    const filler = traitor.prng.bytes(16);
    return Array.from({ length: OVERSIZED_COUNT }, (_, index) => {
      const bytes = new Uint8Array(OVERSIZED_BYTES).fill(index);
      bytes.set(filler);
      return bytes;
    });
  },
];

function withBody(traitor: Traitor, first: PrePrepare, body: Body): Altered {
  const refs = body.map((bytes) => {
    const entry = decodeBodyEntry(bytes);
    if (entry.ok) return refOf(entry.value);
    return { id: asTransactionId(sha256(bytes)), hash: transactionHashOf(bytes) };
  });
  return resigned(traitor, first, { txRoot: transactionRoot(refs) }, body);
}

export const WRONG_BODIES_PROPOSER: Strategy = {
  name: 'B11',
  title: 'proposes invalid, expired, repeated, oversized or non-canonical transactions',
  begin: (traitor) => {
    const included: Uint8Array[] = [];
    traitor.world.events.on('committed', ({ machine, block }) => {
      if (machine !== traitor.machine) return;
      for (const entry of block.entries) {
        if (entry.type === 'transaction') included.push(entry.transaction.bytes);
      }
      included.splice(0, included.length - 8);
    });
    altering((_traitor, first) => {
      const body = traitor.prng.pick(WRONG_BODIES)(traitor, included);
      return withBody(traitor, first, body);
    })(traitor);
  },
};

// --- B12 -------------------------------------------------------------------------------------

/** A time at one of the limits of protocol §14, on either side of it, or far beyond. */
function wrongTime(traitor: Traitor, { header, signed }: PrePrepare): number {
  const { parameters } = traitor.world.genesis.document;
  const parentMs = traitor.machine.replica()?.ledger.head().header.timestampMs ?? 0;
  const nowMs = traitor.machine.clock.wall();
  const delayMs = messageDelayMs(parameters, signed.content.round);
  const limits = [nowMs + parameters.precisionMs, nowMs - delayMs - parameters.precisionMs];
  const nearMs = traitor.prng.pick(limits) + traitor.prng.between(-30, 30);
  return traitor.prng.pick([
    nearMs,
    nearMs,
    parentMs,
    parentMs - 1,
    parentMs + 1,
    nowMs + 3_600_000,
    header.timestampMs + 2 * parameters.precisionMs,
  ]);
}

export const WRONG_TIMES: Strategy = {
  name: 'B12',
  title: 'dates its blocks at the limits of what is timely, and beyond',
  begin: altering((traitor, first) => {
    const timestampMs = Math.max(0, wrongTime(traitor, first));
    const forged = traitor.forgeBlock(timestampMs);
    if (forged === undefined) return resigned(traitor, first, { timestampMs });
    return resigned(traitor, first, forged.block.header, forged.block.body);
  }),
};
