/**
 * A chain of time-stamps made without consensus: a node without its key runs in this process, its
 * own ledger builds and commits every block, and the certificates are signed here with the key of
 * the only validator. What lies in the data directory afterwards is what a validator would have made
 * with time, the snapshots that are kept for others included.
 */
import type { Certificate, Genesis, Hash, Transaction } from '@daybook/core';
import {
  assert,
  createSigner,
  decodeTransaction,
  encodeBody,
  encodeTransaction,
  generateNonce,
  LIMITS,
  sha256,
  sign,
  signBody,
  signBytes,
} from '@daybook/core';
import type { Ledger } from '@daybook/node';
import type { Cluster, ClusterNode, OfficerKey } from '@daybook/testkit';
import { startInProcessNode } from '@daybook/testkit';

/** Between two blocks: a replay window of ten minutes then holds 300 of them. */
const BLOCK_MS = 2000;
const VALIDITY_MS = 300_000;
/** A record is more than its hash. */
const NOTE = 'Invoice, delivery note and order as they were received.';

export interface ChainPlan {
  /** Time-stamps that the snapshot holds; the last transaction up to it is filled up. */
  readonly records: number;
  /** When a slot of snapshots begins: the time of the snapshot. */
  readonly slotMs: number;
  /** Blocks of the chain behind the snapshot. */
  readonly blocksAfter: number;
}

/** Height at which the chain has so many records. */
function snapshotOf({ records }: ChainPlan): number {
  return Math.ceil(records / LIMITS.callsMax);
}

/** When a block of the chain is made; height 0 is the genesis. */
export function timeAt(height: number, plan: ChainPlan): number {
  return plan.slotMs + (height - snapshotOf(plan)) * BLOCK_MS;
}

/** As many time-stamps as a transaction may carry, numbered by the height of its block. */
function stampsAt(height: number, by: OfficerKey, place: PlaceInTime): Transaction {
  const calls = Array.from({ length: LIMITS.callsMax }, (_, index) => ({
    contract: 'timestamps',
    action: 'stamp',
    args: {
      hashAlgorithm: 'sha256',
      hashedMessage: sha256(new TextEncoder().encode(`document ${height}/${index}`)),
      note: NOTE,
    },
  }));
  const bodyBytes = encodeBody({
    version: 1,
    chain: place.chain,
    signers: [{ identity: by.identity, publicKey: createSigner(by.secretKey).publicKey }],
    nonce: generateNonce(),
    validUntilMs: place.timestampMs + VALIDITY_MS,
    calls,
  });
  const decoded = decodeTransaction(
    encodeTransaction(bodyBytes, [signBody(bodyBytes, by.secretKey)]),
  );
  assert(decoded.ok, 'what was encoded is a transaction');
  return decoded.value;
}

interface PlaceInTime {
  readonly chain: Hash;
  readonly timestampMs: number;
}

/** The COMMIT of the only validator. */
function certify(
  { chain }: Genesis,
  { height, hash }: { readonly height: number; readonly hash: Hash },
  secretKey: Uint8Array,
): Certificate {
  const slot = { height, round: 0, blockHash: hash };
  const signature = sign(secretKey, signBytes(chain, { type: 'commit', ...slot }));
  return { kind: 'commit', ...slot, validatorCount: 1, signers: [0], signatures: [signature] };
}

async function addBlock(
  ledger: Ledger,
  transaction: Transaction,
  made: { readonly timestampMs: number; readonly secretKey: Uint8Array },
): Promise<void> {
  const [proposer] = ledger.head().next.validators;
  assert(proposer !== undefined, 'a chain has a validator');
  const { timestampMs, secretKey } = made;
  const entries = [{ type: 'transaction', transaction }] as const;
  const block = ledger.build({ timestampMs, proposer: proposer.id, entries });
  const isDone = block.entries.length === 1 && block.outcomes[0]?.facts === undefined;
  assert(isDone, 'the stamps of a block are written');
  const { height } = block.header;
  const certificate = certify(ledger.genesis, { height, hash: block.hash }, secretKey);
  await ledger.commitRange([{ block, certificate }]);
}

/**
 * Fills the data directory of the only validator, whose process is down.
 * @returns heights whose state is kept for others, ascending
 */
export async function writeStampedChain(
  cluster: Pick<Cluster, 'genesis' | 'consortium'>,
  validator: ClusterNode,
  plan: ChainPlan & { readonly onProgress: (height: number, head: number) => void },
): Promise<readonly number[]> {
  const { genesis, consortium } = cluster;
  const keys = consortium.organisations.find(({ slug }) => slug === validator.slug);
  const officer = keys?.officers[0];
  assert(keys !== undefined && officer !== undefined, 'the validator has keys and an officer');
  const head = snapshotOf(plan) + plan.blocksAfter;
  // As an observer it makes no blocks of its own.
  const node = await startInProcessNode(cluster, { ...validator, role: 'observer' });
  try {
    for (let height = 1; height <= head; height++) {
      const timestampMs = timeAt(height, plan);
      const stamps = stampsAt(height, officer, { chain: genesis.chain, timestampMs });
      await addBlock(node.ledger, stamps, { timestampMs, secretKey: keys.consensus });
      plan.onProgress(height, head);
    }
    return node.report().snapshots;
  } finally {
    await node.stop();
  }
}
