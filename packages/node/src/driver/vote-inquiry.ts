/**
 * The question a validator asks its peers about itself (protocol §12): what is the newest message you
 * hold that my key signed, and how far is your chain? The answer carries the signed bytes, so that
 * nobody can make up a vote; the height is a hint like any other.
 */
import type { State } from '@daybook/consensus';
import { newestVoteOf } from '@daybook/consensus';
import type { Hash, Height, PublicKey, Result, Unsigned, ValidatorSet } from '@daybook/core';
import {
  asPublicKey,
  createWriter,
  decodeBinary,
  fail,
  indexOfKey,
  ok,
  PUBLIC_KEY_SIZE,
  SIGNATURE_SIZE,
  signBytes,
  verifyStrict,
} from '@daybook/core';
import { parseSignBytes } from '@daybook/state';

const SIGN_BYTES_MAX = 256;

export interface VoteAnswer {
  /** Height of the peer's newest final block, as it says. */
  readonly head: Height;
  /** The newest message of the own key that it holds; the signature was checked. */
  readonly newest?: { readonly content: Unsigned; readonly signBytes: Uint8Array };
}

/** Answers the request `votes`, whose bytes are the public key of who asks. */
export function answerVoteInquiry(
  request: Uint8Array,
  held: {
    readonly chain: Hash;
    readonly head: Height;
    /** The set that signs a height: the next one, or an earlier one. */
    readonly validatorsAt: (height: Height) => ValidatorSet | undefined;
    readonly state: State;
  },
): Uint8Array | undefined {
  if (request.length !== PUBLIC_KEY_SIZE) return undefined;
  const key = asPublicKey(request);
  const newest = newestVoteOf(held.state, (height) => {
    // As for what comes in: the set after the next height is not known, the next one stands in.
    const set = held.validatorsAt(Math.min(height, held.head + 1));
    return set && indexOfKey(set, key);
  });
  const writer = createWriter();
  writer.u64(held.head);
  writer.sized(newest === undefined ? new Uint8Array() : signBytes(held.chain, newest.content));
  if (newest !== undefined) writer.raw(newest.signature);
  return writer.finish();
}

/** Reads an answer about the own key. */
export function readVoteAnswer(
  bytes: Uint8Array,
  own: { readonly chain: Hash; readonly publicKey: PublicKey },
): Result<VoteAnswer, { readonly code: string }> {
  const decoded = decodeBinary(bytes, 'answer on votes', (reader) => {
    const head = reader.u64();
    const signed = reader.sized(SIGN_BYTES_MAX);
    const signature = signed.length === 0 ? undefined : reader.raw(SIGNATURE_SIZE);
    return { head, signed, signature };
  });
  if (!decoded.ok) return decoded;
  const { head, signed, signature } = decoded.value;
  if (signature === undefined) return ok({ head });
  const parsed = parseSignBytes(signed);
  if (!parsed.ok) return parsed;
  if (!verifyStrict(own.publicKey, signed, signature)) {
    return fail({ code: 'NODE_MESSAGE_UNSIGNED' });
  }
  const { content } = parsed.value;
  // The chain is part of what was signed: a vote for another one says nothing about this log.
  const again = signBytes(own.chain, content);
  const isOfChain = again.every((byte, index) => byte === signed[index]);
  return ok(isOfChain ? { head, newest: { content, signBytes: signed } } : { head });
}
