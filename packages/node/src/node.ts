/**
 * The composition root: one function builds a node out of its parts, top to bottom, and one stops
 * it. Nothing else in the project knows all of them. `daemon.ts` runs it as a process; the test kit
 * also runs it inside one.
 */
import path from 'node:path';
import type { Genesis, Height } from '@daybook/core';
import { asPublicKey, publicKeyOf, validatorIdOf } from '@daybook/core';
import type { Network } from '@daybook/network';
import { createNetwork, NETWORK_METRICS } from '@daybook/network';
import type { BlockLog, DataDirectory, StateStore, VoteSigner } from '@daybook/state';
import {
  createNodeDisk,
  createVoteSigner,
  explainState,
  openBlockLog,
  openDataDirectory,
  openLevel,
  openStateStore,
  openVoteLog,
} from '@daybook/state';
import type { Api } from './api/server.ts';
import { createApi } from './api/server.ts';
import type { Clock } from './clock.ts';
import type { Settings } from './config.ts';
import { createConsensus } from './driver/consensus.ts';
import type { Consensus } from './driver/consensus.ts';
import { createExclusive } from './exclusive.ts';
import type { Executor } from './ledger/executor.ts';
import type { Ledger } from './ledger/ledger.ts';
import { openLedger } from './ledger/open-ledger.ts';
import type { Logger } from './log.ts';
import { createMempool } from './mempool.ts';
import type { Metrics } from './metrics.ts';
import { NODE_METRICS } from './node-metrics.ts';
import type { PeerTable } from './peers.ts';
import { createPeerDirectory } from './peer-directory.ts';
import { createReads } from './reads/reads.ts';
import { createSignatureVerifier } from './signatures.ts';
import { createStatus } from './status.ts';
import { createSubmissionDesk } from './submissions.ts';
import { createTransactionJudge } from './transaction-judge.ts';
import { createValidatorHistory } from './validator-history.ts';

/** Secrets of a node, opened by the caller. */
export interface NodeKeys {
  /** 32-byte seed of the PEER key. */
  readonly peer: Uint8Array;
  /** 32-byte seed of the CONSENSUS key; absent on an observer. */
  readonly consensus?: Uint8Array;
}

export interface NodeOptions {
  readonly settings: Settings;
  readonly genesis: Genesis;
  readonly keys: NodeKeys;
}

export interface NodeParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly executor: Executor;
  /** Uniform in [0, 1): jitter only. */
  readonly random: () => number;
  /** A proof of more than f faults, a disk error or a defect: the process must end. */
  readonly onFatal: (error: unknown) => void;
}

export interface Node {
  readonly network: Network;
  /** Base URL of the HTTP API, with the port that was bound. */
  readonly apiUrl: string;
  readonly ledger: Ledger;
  readonly api: Api;
  /** Stops serving, finishes what is being written, closes everything. Idempotent. */
  stop(): Promise<void>;
}
