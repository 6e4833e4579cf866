/**
 * B11: bodies that no block may have. The header is built from the body, so that every root is right
 * and nothing but the one fault speaks against the block.
 */
import type { Body, PrePrepare, TransactionId } from '@daybook/core';
import {
  asTransactionId,
  decodeBodyEntry,
  encodeTransaction,
  refOf,
  sha256,
  transactionHashOf,
  transactionRoot,
} from '@daybook/core';
import { TALLY_WORKLOAD } from '../tally-workload.ts';
import { signFor } from '../workload.ts';
import type { Strategy } from './strategy.ts';
import type { Traitor } from './traitor.ts';
import type { Altered } from './wrong-blocks.ts';
import { altering, resigned } from './wrong-blocks.ts';

/** Well within the validity of every chain that is simulated. */
const VALID_MS = 60_000;
/** Characters of a call: few transactions fill a block, and none of them is too large itself. */
const FILLER_LENGTH = 60_000;

type Signed = ReturnType<typeof signFor>;

/** A transaction of its own officer, valid but for what it is asked to be. */
export function ownTransaction(traitor: Traitor, validUntilMs: number, note?: string): Signed {
  const { world, machine, prng } = traitor;
  const args = { name: 'filler', amount: 1, note: note ?? '' };
  const calls =
    note === undefined
      ? TALLY_WORKLOAD.nextCalls(machine.member, prng)
      : [{ contract: 'tally', action: 'add', args }];
  return signFor(world, { member: machine.member, calls, nonce: prng.bytes(16), validUntilMs });
}

/** The same bytes, but for one bit of the first signature. */
export function withWrongSignature({ bodyBytes, signatures }: Signed): Uint8Array {
  const [first = new Uint8Array(64), ...others] = signatures;
  const wrong = first.slice();
  wrong[0] = (wrong[0] ?? 0) ^ 1;
  return encodeTransaction(bodyBytes, [wrong, ...others]);
}

interface Moment {
  /** Time of the block. */
  readonly timestampMs: number;
  readonly validityMaxMs: number;
  readonly blockBytesMax: number;
  /** The newest transactions on the chain, in their order. */
  readonly included: readonly Uint8Array[];
}

type MakeBody = (traitor: Traitor, moment: Moment) => Body;

const WRONG_BODIES: readonly MakeBody[] = [
  (traitor, { timestampMs }) => [
    withWrongSignature(ownTransaction(traitor, timestampMs + VALID_MS)),
  ],
  (traitor, { timestampMs }) => {
    const agoMs = traitor.prng.pick([0, 1000]);
    return [ownTransaction(traitor, timestampMs - agoMs).bytes];
  },
  (traitor, { timestampMs, validityMaxMs }) => {
    const beyondMs = traitor.prng.pick([1, 100_000_000]);
    return [ownTransaction(traitor, timestampMs + validityMaxMs + beyondMs).bytes];
  },
  (traitor, { timestampMs, included }) => [
    included.at(-1) ?? ownTransaction(traitor, timestampMs).bytes,
  ],
  (traitor, { timestampMs }) => {
    const once = ownTransaction(traitor, timestampMs + VALID_MS).bytes;
    return [once, once];
  },
  // Not canonical: a byte after the end.
  (traitor, { timestampMs }) => [
    Uint8Array.from([...ownTransaction(traitor, timestampMs + VALID_MS).bytes, 0]),
  ],
  (traitor) => [traitor.prng.bytes(200)],
  (traitor, { timestampMs, blockBytesMax }) => {
    const note = '.'.repeat(FILLER_LENGTH);
    const count = Math.floor(blockBytesMax / FILLER_LENGTH) + 1;
    return Array.from({ length: count }, () => {
      return ownTransaction(traitor, timestampMs + VALID_MS, note).bytes;
    });
  },
];

/** What does not decode executes nowhere: its header has the root of the bytes at least. */
function rootOnly(traitor: Traitor, first: PrePrepare, body: Body): Altered {
  const refs = body.map((bytes) => {
    const entry = decodeBodyEntry(bytes);
    if (entry.ok) return refOf(entry.value);
    const id: TransactionId = asTransactionId(sha256(bytes));
    return { id, hash: transactionHashOf(bytes) };
  });
  return resigned(traitor, first, { txRoot: transactionRoot(refs) }, body);
}

function withBody(traitor: Traitor, first: PrePrepare, body: Body): Altered {
  const decoded = body.map(decodeBodyEntry);
  const entries = decoded.flatMap((entry) => (entry.ok ? [entry.value] : []));
  const { timestampMs } = first.header;
  const built =
    entries.length === body.length ? traitor.buildBlock({ timestampMs, entries }) : undefined;
  if (built === undefined) return rootOnly(traitor, first, body);
  traitor.world.coverage.add('wrong body under the right roots');
  return resigned(traitor, first, built.block.header, built.block.body);
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
      const parameters =
        traitor.machine.replica()?.ledger.head().next.parameters ??
        traitor.world.genesis.document.parameters;
      const moment = { ...parameters, timestampMs: first.header.timestampMs, included };
      return withBody(traitor, first, traitor.prng.pick(WRONG_BODIES)(traitor, moment));
    })(traitor);
  },
};
