/**
 * A chain in memory: a genesis of some validators whose keys are at hand, and ledgers over memory
 * disks that open it. Blocks are built by a ledger and certified here, without consensus.
 */
import { applications } from '@daybook/applications';
import { createEngine, foundingContractsOf } from '@daybook/contracts';
import type { Certificate, Genesis, PublicKey, Transaction } from '@daybook/core';
import {
  asPublicKey,
  completeParameters,
  decodeTransaction,
  encodeBody,
  encodeTransaction,
  GENESIS_FORMAT,
  generateNonce,
  indexOfKey,
  peerIdFromPublicKey,
  possessionSignBytes,
  publicKeyOf,
  quorumOf,
  readGenesis,
  sha256,
  sign,
  signAsFounder,
  signBody,
  signBytes,
  toHex,
  transactionSignBytes,
  verifyStrict,
  ZERO_HASH,
} from '@daybook/core';
import type { BlockLog, MemoryDisk, MemoryKeyValue, StateStore } from '@daybook/state';
import {
  createMemoryDisk,
  createMemoryKeyValue,
  openBlockLog,
  openStateStore,
} from '@daybook/state';
import type { AnchoredChain } from '../../src/ledger/anchored.ts';
import type { Executor } from '../../src/ledger/executor.ts';
import { createExecutor } from '../../src/ledger/executor.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { LedgerOpening } from '../../src/ledger/open-ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { ExecutedBlock } from '../../src/ledger/tip.ts';
import type { SignatureVerifier } from '../../src/signatures.ts';
import { notebook } from '../api/support/notebook.ts';

export const GENESIS_MS = 1_750_000_000_000;
export const VALIDITY_MS = 600_000;

const OFFICER = sha256(Uint8Array.of(7));

function seed(purpose: number, index: number): Uint8Array {
  return sha256(Uint8Array.of(purpose, index));
}

export const peerSeed = (index: number): Uint8Array => seed(1, index);
export const consensusSeed = (index: number): Uint8Array => seed(2, index);
export const peerIdOf = (index: number): string =>
  peerIdFromPublicKey(publicKeyOf(peerSeed(index)));

function validatorOf(index: number, isReachable: boolean): Record<string, unknown> {
  const secret = consensusSeed(index);
  const publicKey = asPublicKey(publicKeyOf(secret));
  const slug = `office-${index}`;
  const proof = sign(
    secret,
    possessionSignBytes(ZERO_HASH, { purpose: 'consensus', publicKey }, slug),
  );
  return {
    organisation: slug,
    peerId: peerIdOf(index),
    addresses: isReachable ? [`/ip4/127.0.0.1/tcp/${7700 + index}`] : [],
    consensusKey: toHex(publicKey),
    proofOfPossession: toHex(proof),
  };
}

export interface GenesisOptions {
  readonly validators?: number;
  readonly name?: string;
  /** Validators have addresses, so that others dial them; nobody listens there in memory. */
  readonly isReachable?: boolean;
  /** Roles of the officer of each office. */
  readonly roles?: readonly string[];
  readonly blockBytesMax?: number;
}

export function makeGenesis(options: GenesisOptions = {}): Genesis {
  const { isReachable = false, blockBytesMax } = options;
  const { validators = 4, name = 'memory', roles = ['directory.administrator'] } = options;
  const parameters = completeParameters({
    blockIntervalMs: 1,
    ...(blockBytesMax !== undefined && { blockBytesMax }),
  });
  if (!parameters.ok) throw new Error(parameters.reason.code);
  const indices = [...Array(validators).keys()];
  const genesis = readGenesis({
    format: GENESIS_FORMAT,
    name,
    timeMs: GENESIS_MS,
    developmentMode: validators < 4,
    parameters: parameters.value,
    contracts: foundingContractsOf([...applications, notebook]),
    organisations: indices.map((index) => ({
      slug: `office-${index}`,
      title: { en: 'Office', zh: '处' },
      governanceKey: toHex(publicKeyOf(seed(3, index))),
      officers: [
        {
          name: 'jane',
          publicKey: toHex(officerOf(index).publicKey),
          roles,
        },
      ],
    })),
    validators: indices.map((index) => validatorOf(index, isReachable)),
    observers: [],
  });
  if (!genesis.ok) throw new Error(JSON.stringify(genesis.reason));
  return genesis.value;
}

/** The text of a genesis file that all founders of `makeGenesis` have signed. */
export function signedGenesisFile({ document, chain }: Genesis): string {
  const signatures = document.organisations.map(({ slug }, index) => ({
    organisation: slug,
    signature: toHex(signAsFounder(chain, seed(3, index))),
  }));
  return JSON.stringify({ genesis: document, signatures });
}

/** The officer of an office, as signers of transactions are named. */
export function officerOf(index: number): { publicKey: PublicKey; identity: string } {
  const secret = index === 0 ? OFFICER : seed(4, index);
  return { publicKey: asPublicKey(publicKeyOf(secret)), identity: `office-${index}/jane` };
}

export interface NoteOptions {
  readonly validUntilMs?: number;
  readonly chain?: Genesis['chain'];
  /** Breaks the signature. */
  readonly forged?: boolean;
}

/** One note in the red book, signed by jane. */
export function noteOf(genesis: Genesis, number: number, options: NoteOptions = {}): Transaction {
  return notesOf(genesis, number, 1, options);
}

/** A transaction that writes so many notes, numbered from the first on. */
export function notesOf(
  genesis: Genesis,
  first: number,
  count: number,
  options: NoteOptions = {},
): Transaction {
  const bodyBytes = encodeBody({
    version: 1,
    chain: options.chain ?? genesis.chain,
    signers: [officerOf(0)],
    nonce: generateNonce(),
    validUntilMs: options.validUntilMs ?? GENESIS_MS + VALIDITY_MS,
    calls: Array.from({ length: count }, (_, index) => ({
      contract: 'notebook',
      action: 'write',
      args: {
        book: 'red',
        number: first + index,
        text: 'hello',
        cost: { minor: 100n, currency: 'GBP' },
        due: '2030-01-01',
      },
    })),
  });
  const signature = signBody(bodyBytes, options.forged === true ? seed(9, 9) : OFFICER);
  const decoded = decodeTransaction(encodeTransaction(bodyBytes, [signature]));
  if (!decoded.ok) throw new Error(decoded.reason.code);
  return decoded.value;
}

/** Disks of one node. */
export interface Disks {
  readonly blocks: MemoryDisk;
  readonly state: MemoryDisk;
  readonly keyValue: MemoryKeyValue;
}

export function freshDisks(): Disks {
  return {
    blocks: createMemoryDisk(),
    state: createMemoryDisk(),
    keyValue: createMemoryKeyValue(),
  };
}

/** Every signature in place, nothing remembered. */
export const PLAIN_VERIFIER: SignatureVerifier = {
  isKnown: () => false,
  remember: () => undefined,
  verify: async ({ body, bodyBytes, signatures }) => {
    const message = transactionSignBytes(bodyBytes);
    return body.signers.every(({ publicKey }, index) => {
      const signature = signatures[index];
      return signature !== undefined && verifyStrict(publicKey, message, signature);
    });
  },
};

export interface OpenChain extends LedgerOpening {
  readonly blockLog: BlockLog;
  readonly stateStore: StateStore;
  readonly executor: Executor;
  close(): Promise<void>;
}

export interface ChainOptions {
  /** Size at which a segment of the block log is sealed. */
  readonly segmentBytes?: number;
  /** States that stay readable, the newest included. */
  readonly retainedHeights?: number;
  readonly signatures?: SignatureVerifier;
  /** What the chain must go through. */
  readonly anchored?: AnchoredChain | undefined;
}

export async function openChain(
  genesis: Genesis,
  disks: Disks,
  options: ChainOptions = {},
): Promise<OpenChain> {
  const { segmentBytes = 64 * 1024 * 1024, signatures = PLAIN_VERIFIER } = options;
  const { retainedHeights = 1000, anchored } = options;
  const blocks = { directory: '/blocks', segmentBytes };
  const blockLog = await openBlockLog(blocks, { disk: disks.blocks });
  const stateStore = await openStateStore(
    { directory: '/state', retainedHeights },
    { disk: disks.state, openKeyValue: async () => disks.keyValue },
  );
  const executor = createExecutor(createEngine([...applications, notebook]), genesis);
  const known = (): undefined => undefined;
  const parts = { blockLog, stateStore, executor, signatures, known, anchored };
  const opening = await openLedger(genesis, parts);
  return {
    ...opening,
    blockLog,
    stateStore,
    executor,
    close: async () => {
      await blockLog.close();
      await stateStore.close();
    },
  };
}

/** COMMITs of a quorum, in round 0, for a block on the head of the ledger. */
export function certify(
  ledger: Ledger,
  { header, hash }: Pick<ExecutedBlock, 'header' | 'hash'>,
): Certificate {
  const { validators } = ledger.head().next;
  const slot = { height: header.height, round: 0, blockHash: hash };
  const bytes = signBytes(ledger.genesis.chain, { type: 'commit', ...slot });
  const keys = validators.map((_, key) => consensusSeed(key));
  const seals = keys
    .map((key) => ({
      index: indexOfKey(validators, asPublicKey(publicKeyOf(key))) ?? -1,
      signature: sign(key, bytes),
    }))
    .sort((a, b) => a.index - b.index);
  const chosen = seals.slice(0, quorumOf(validators.length).quorum);
  return {
    kind: 'commit',
    ...slot,
    validatorCount: validators.length,
    signers: chosen.map(({ index }) => index),
    signatures: chosen.map(({ signature }) => signature),
  };
}

/** The next block of the ledger with these transactions, not committed. */
export function buildNext(
  ledger: Ledger,
  transactions: readonly Transaction[] = [],
): ExecutedBlock {
  const { header, next } = ledger.head();
  const [proposer] = next.validators;
  if (proposer === undefined) throw new Error('a chain has a validator');
  return ledger.build({
    timestampMs: header.timestampMs + 100,
    proposer: proposer.id,
    entries: transactions.map((transaction) => ({ type: 'transaction', transaction })),
  });
}

/** Builds, certifies and commits so many blocks, one note in each. */
export async function grow(ledger: Ledger, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const number = ledger.head().header.height + 1;
    const block = buildNext(ledger, [noteOf(ledger.genesis, number)]);
    await ledger.commit(block, certify(ledger, block));
  }
}
