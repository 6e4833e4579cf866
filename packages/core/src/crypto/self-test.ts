/**
 * Holds the implementations in use to the shipped vectors. A node runs it at every start and stays
 * down if one answer differs: with another opinion on a hash, a signature or an encoding it would
 * leave the chain of the others (protocol §4, §21).
 */
import { assert } from '../codec/assert.ts';
import { concatBytes, equalBytes, fromHex } from '../codec/bytes.ts';
import { decodeCanonical, encodeCanonical } from '../codec/cbor.ts';
import { crc32c } from '../codec/crc32c.ts';
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import { isGoodPublicKey, publicKeyOf, sign, verifyStrict } from './ed25519.ts';
import { sha256 } from './hash.ts';
import { leafHash, merkleRoot } from './merkle.ts';
import type { CborVector, HashVector, SignatureVector, SigningVector } from './vectors.ts';
import {
  CBOR_VECTORS,
  CRC32C_VECTOR,
  HASH_VECTORS,
  MERKLE_LEAVES,
  MERKLE_ROOTS,
  MIXED_ORDER_KEY,
  SIGNATURE_VECTORS,
  SIGNING_VECTORS,
  SMALL_ORDER_ENCODINGS,
} from './vectors.ts';

/** The first vector with another answer than the protocol demands. */
export interface SelfTestFailure {
  readonly code: 'CORE_SELF_TEST_FAILED';
  readonly suite: SelfTestSuite;
  /** Name of the vector. */
  readonly vector: string;
}

/** What is tested, in this order. */
export type SelfTestSuite = 'hash' | 'checksum' | 'merkle' | 'encoding' | 'signing' | 'signature';

interface Answer {
  readonly suite: SelfTestSuite;
  readonly vector: string;
  readonly isRight: () => boolean;
}

const LIMITS = { bytesMax: 1024, depthMax: 8 };

/**
 * Runs all vectors; takes a few milliseconds with native functions and half a second with the
 * portable ones.
 * @returns nothing, or the first vector that failed
 */
export function runSelfTest(): Result<undefined, SelfTestFailure> {
  for (const { suite, vector, isRight } of allAnswers()) {
    if (!isRight()) {
      return fail({ code: 'CORE_SELF_TEST_FAILED', suite, vector });
    }
  }
  return ok(undefined);
}

function allAnswers(): readonly Answer[] {
  return [
    ...HASH_VECTORS.map(answerHash),
    {
      suite: 'checksum',
      vector: 'nine digits',
      isRight: () => crc32c(bytesOf(CRC32C_VECTOR.message)) === CRC32C_VECTOR.checksum,
    },
    ...MERKLE_ROOTS.map(answerMerkle),
    ...CBOR_VECTORS.map(answerCbor),
    ...SIGNING_VECTORS.map(answerSigning),
    ...SIGNATURE_VECTORS.map(answerSignature),
    ...SMALL_ORDER_ENCODINGS.map(answerSmallOrder),
    {
      suite: 'signature',
      vector: 'mixed-order key',
      isRight: () => !isGoodPublicKey(bytesOf(MIXED_ORDER_KEY)),
    },
  ];
}

function answerHash(vector: HashVector): Answer {
  const isRight = () => equalBytes(sha256(bytesOf(vector.message)), bytesOf(vector.digest));
  return { suite: 'hash', vector: vector.name, isRight };
}

function answerMerkle(root: string, count: number): Answer {
  const isRight = () => {
    const leaves = MERKLE_LEAVES.slice(0, count).map((leaf) => leafHash(bytesOf(leaf)));
    return equalBytes(merkleRoot(leaves), bytesOf(root));
  };
  return { suite: 'merkle', vector: `${count} leaves`, isRight };
}

function answerCbor(vector: CborVector): Answer {
  const isRight = () => {
    const bytes = bytesOf(vector.bytes);
    const decoded = decodeCanonical(bytes, LIMITS);
    if (!decoded.ok) {
      return !vector.isCanonical;
    }
    return vector.isCanonical && equalBytes(encodeCanonical(decoded.value), bytes);
  };
  return { suite: 'encoding', vector: vector.name, isRight };
}

function answerSigning(vector: SigningVector): Answer {
  const isRight = () => {
    const secretKey = bytesOf(vector.secretKey);
    const message = bytesOf(vector.message);
    const publicKey = publicKeyOf(secretKey);
    return (
      equalBytes(publicKey, bytesOf(vector.publicKey)) &&
      equalBytes(sign(secretKey, message), bytesOf(vector.signature)) &&
      verifyStrict(publicKey, message, bytesOf(vector.signature))
    );
  };
  return { suite: 'signing', vector: vector.name, isRight };
}

function answerSignature(vector: SignatureVector): Answer {
  const isRight = () => {
    const { publicKey, message, signature } = vector;
    const isValid = verifyStrict(bytesOf(publicKey), bytesOf(message), bytesOf(signature));
    return isValid === vector.isValid;
  };
  return { suite: 'signature', vector: vector.name, isRight };
}

/** One encoding as the key, against all of them as R with S = 0: none may verify. */
function answerSmallOrder(encoding: string): Answer {
  const isRight = () => {
    const zero = new Uint8Array(32);
    const signatures = SMALL_ORDER_ENCODINGS.map((r) => concatBytes(bytesOf(r), zero));
    return signatures.every((signature) => !verifyStrict(bytesOf(encoding), zero, signature));
  };
  return { suite: 'signature', vector: `small order ${encoding.slice(0, 8)}`, isRight };
}

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  assert(bytes !== undefined, 'vectors are hex');
  return bytes;
}
