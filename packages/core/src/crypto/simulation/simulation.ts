/**
 * The two things that a simulator must be able to change below the ports: signatures that cost next
 * to nothing, and planted bugs that show that its checkers see. Which form of `#simulation` is
 * loaded is decided when the process starts (`imports` in package.json); a release has only the
 * empty one.
 */
import { simulation } from '#simulation';
import { equalBytes, toHex } from '../../codec/bytes.ts';
import { sha256OfParts } from '../hash.ts';

/** Bugs that can be planted in the code of the protocol, see docs/simulator.md. */
export const MUTANTS = [
  'quorum-1',
  'quorum-2f+1',
  'jump-at-f',
  'no-guard',
  'guard-not-durable',
  'lock-not-durable',
  'round-change-forgets-lock',
  'round-change-uncertified',
  'justification-skipped',
  'any-prepared-round',
  'justification-q-1',
  'duplicate-signer',
  'mixed-rounds',
  'old-validator-set',
  'send-before-sync',
  'torn-tail-of-one-mirror',
  'own-votes-forgotten',
  'no-timer-gate',
  'no-resend',
  'decide-in-current-round',
  'timestamp-unchecked',
  'state-root-unchecked',
  'map-order',
  'evidence-unsigned',
  'checksum-unchecked',
  'certificate-per-entry',
  'quarantine-skipped',
  'copied-log-trusted',
  'failed-and-voting',
  'evidence-dropped',
  'candidate-not-durable',
  'stop-hangs',
  'block-signatures-unchecked',
  'validity-unbounded',
  'set-change-unbounded',
  'bodies-kept',
] as const;
export type MutantName = (typeof MUTANTS)[number];

/** What the simulator may set. */
export interface Simulation {
  /**
   * `keyed-hash`: a signature is a hash under the public key, some fifty times as fast. Everybody in
   * the process could forge it; the simulator signs only with seeds it has given out.
   */
  signatures: 'ed25519' | 'keyed-hash';
  /** The one planted bug. */
  mutant: MutantName | undefined;
  /** Signatures verified so far: what a message may cost is bounded. */
  signatureChecks: number;
  /** Public keys by secret key in hex: the same few nodes start again and again. */
  readonly publicKeys: Map<string, Uint8Array>;
  /** Verdicts on real signatures and keys by all that they are about, for one run. */
  readonly verdicts: Map<string, boolean>;
}

/** The switches; undefined where there are none, that is in every release. */
export function simulationSwitches(): Simulation | undefined {
  return simulation;
}

/** Whether this bug is planted; always false in a release. */
export function isPlanted(name: MutantName): boolean {
  return simulation !== undefined && simulation.mutant === name;
}

/** Tells the simulator of one more signature that is verified; nothing in a release. */
export function countSignatureCheck(): void {
  if (simulation !== undefined) simulation.signatureChecks += 1;
}

/** Whether signatures are keyed hashes at present. */
export function isKeyedHash(): boolean {
  return simulation !== undefined && simulation.signatures === 'keyed-hash';
}

/** The public key of a secret one; in a simulation it is derived once. */
export function derivedOnce(
  secretKey: Uint8Array,
  derive: (secretKey: Uint8Array) => Uint8Array,
): Uint8Array {
  if (simulation === undefined) return derive(secretKey);
  const name = toHex(secretKey);
  const publicKey = simulation.publicKeys.get(name) ?? derive(secretKey);
  simulation.publicKeys.set(name, publicKey);
  return publicKey;
}

/**
 * A verdict on some bytes, and on nothing else. In a simulation it is asked for once: all nodes are
 * in one process, and each would verify the same signature.
 */
export function judgedOnce(parts: readonly Uint8Array[], judge: () => boolean): boolean {
  if (simulation === undefined) return judge();
  const name = parts.map(toHex).join(' ');
  const verdict = simulation.verdicts.get(name) ?? judge();
  simulation.verdicts.set(name, verdict);
  return verdict;
}

/** 64 bytes that pass the rules of encoding: a point's R below 2^254 and an S below L. */
export function signWithHash(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const hash = sha256OfParts([publicKey, message]);
  const signature = new Uint8Array(64);
  signature.set(hash);
  signature.set(hash, 32);
  signature[31] = (hash[31] ?? 0) & 0x3f;
  signature[63] = (hash[31] ?? 0) & 0x0f;
  return signature;
}

export function holdsByHash(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return equalBytes(signature, signWithHash(publicKey, message));
}
