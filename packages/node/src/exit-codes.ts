/** How a process of the node ends: exit codes, and the words before them. */
import type { ConsensusFatal } from '@daybook/consensus';
import { CONSENSUS_ERRORS, explainConsensus } from '@daybook/consensus';
import { CONTRACTS_ERRORS, ContractsError } from '@daybook/contracts';
import { KeystoreError } from '@daybook/keystore';
import { NetworkError } from '@daybook/network';
import { StateError } from '@daybook/state';
import { ConfigError } from './config.ts';
import { NodeError } from './errors.ts';
import { nameFileFault } from './file-fault.ts';

/** What the process ends with; systemd does not restart after those marked so in the unit. */
export const EXIT_CODES = {
  /** Stopped on request. */
  done: 0,
  /** A defect: please report it. */
  defect: 1,
  /** Wrong use, or faults in the configuration. */
  usage: 2,
  /** A key or the genesis file cannot be used. */
  identity: 3,
  /** The data directory is locked, damaged, or its disk failed. */
  storage: 4,
  /** An address cannot be listened on. */
  address: 5,
  /** What was to be checked holds as far as it goes, but something needed for the rest is missing. */
  unproven: 6,
  /** `doctor` found what hinders the node in its duty, though it would start. */
  unwell: 7,
  /** Stopped to protect the chain: read the last log line before starting again. */
  safety: 10,
} as const;

export function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return EXIT_CODES.usage;
  if (error instanceof KeystoreError) return EXIT_CODES.identity;
  if (error instanceof StateError) return EXIT_CODES.storage;
  if (error instanceof NetworkError) return EXIT_CODES.address;
  if (error instanceof NodeError) return exitCodeOfNode(error.code);
  if (error instanceof ContractsError && isOtherRelease(error)) return EXIT_CODES.safety;
  return EXIT_CODES.defect;
}

/** The chain goes on with what this release does not bring; a restart would not help. */
function isOtherRelease({ failure: { code } }: ContractsError): boolean {
  return code === 'CONTRACTS_VERSION_MISSING' || code === 'CONTRACTS_MANIFEST_DIFFERS';
}

function exitCodeOfNode(code: NodeError['code']): number {
  switch (code) {
    case 'NODE_COMMAND_WRONG':
    case 'NODE_CONFIG_INVALID':
    case 'NODE_CONFIG_UNREADABLE':
    case 'NODE_ARCHIVE_OWN':
      return EXIT_CODES.usage;
    case 'NODE_GENESIS_INVALID':
    case 'NODE_GENESIS_MISMATCH':
    case 'NODE_ARCHIVE_GENESIS':
      return EXIT_CODES.identity;
    case 'NODE_API_LISTEN_FAILED':
      return EXIT_CODES.address;
    case 'NODE_FORK_PROOF_PRESENT':
    case 'NODE_CHECKPOINT_CONTRADICTED':
      return EXIT_CODES.safety;
    default:
      return EXIT_CODES.storage;
  }
}

/** One line for people: code and sentence, and a stack only for defects. */
export function describe(error: unknown): string {
  if (exitCodeOf(error) === EXIT_CODES.defect && error instanceof Error) {
    return error.stack ?? error.message;
  }
  if (error instanceof ContractsError) {
    const { code } = error.failure;
    return `${code}: ${error.message} ${CONTRACTS_ERRORS[code].remedy}`;
  }
  return error instanceof Error ? error.message : JSON.stringify(error);
}

function isConsensusFatal(error: { readonly code?: string }): error is ConsensusFatal {
  return error.code !== undefined && error.code in CONSENSUS_ERRORS;
}

/** What happened and what to do, for who stopped to protect the chain. */
export function explainStop(error: { readonly code: string }): string {
  if (!isConsensusFatal(error)) return error.code;
  return `${error.code}: ${explainConsensus(error)} ${CONSENSUS_ERRORS[error.code].remedy}`;
}

/** A value with a code that consensus or the driver gave as the reason to stop. */
export function isSafetyStop(error: unknown): error is { readonly code: string } {
  return typeof error === 'object' && error !== null && !(error instanceof Error);
}

/** How the process ends for an error, and what its last line says; a defect has no code. */
export function endOf(thrown: unknown): {
  readonly exitCode: number;
  readonly facts: { readonly code?: string; readonly reason: string };
} {
  const error = nameFileFault(thrown);
  if (isSafetyStop(error)) {
    return { exitCode: EXIT_CODES.safety, facts: { code: error.code, reason: explainStop(error) } };
  }
  const exitCode = exitCodeOf(error);
  const isNamed = exitCode !== EXIT_CODES.defect && error instanceof Error && 'code' in error;
  const reason = describe(error);
  return { exitCode, facts: isNamed ? { code: String(error.code), reason } : { reason } };
}
