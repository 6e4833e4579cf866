/**
 * The signer over a vote log: judge, log durably, and only then give the signature out (G4). One
 * request at a time; with less than 2 % of the disk free it pauses until 5 % are free again, so that
 * a full disk is met before it is an error.
 */
import type { Hash, Result } from '@daybook/core';
import { asPublicKey, createSigner, equalBytes, fail, ok } from '@daybook/core';
import { judgeSigning, parseSignBytes } from './guard.ts';
import type { SigningRefusal, SigningRequest, VoteSigner } from './signer.ts';
import type { SignedVote, VoteLog } from './vote-log.ts';

export interface VoteSignerOptions {
  readonly chain: Hash;
  /** 32-byte seed of the CONSENSUS key. */
  readonly secretKey: Uint8Array;
}

export interface VoteSignerParts {
  readonly log: VoteLog;
  /** Free part of the disk that holds the log, 0 to 1. */
  readonly freeFraction: () => number;
}

const PAUSE_BELOW = 0.02;
const RESUME_FROM = 0.05;

/** @throws StateError from `sign` when the log cannot be written; the process must then end */
export function createVoteSigner(options: VoteSignerOptions, parts: VoteSignerParts): VoteSigner {
  const { chain } = options;
  const { log, freeFraction } = parts;
  const key = createSigner(options.secretKey);
  let isPaused = false;
  let last: Promise<unknown> = Promise.resolve();

  const isDiskLow = (): boolean => {
    isPaused = freeFraction() < (isPaused ? RESUME_FROM : PAUSE_BELOW);
    return isPaused;
  };

  const signNow = async (request: SigningRequest): Promise<Result<SignedVote, SigningRefusal>> => {
    const parsed = parseSignBytes(request.signBytes);
    if (!parsed.ok) return parsed;
    if (!equalBytes(parsed.value.chain, chain))
      return fail({ code: 'STATE_SIGNING_FOREIGN_CHAIN' });
    const judged = judgeSigning(log.state(), request);
    if (!judged.ok) return judged;
    if (judged.value === 'repeat') return ok(logged(log, request.signBytes));
    if (isDiskLow()) {
      return fail({ code: 'STATE_SIGNING_DISK_LOW', freeFraction: freeFraction() });
    }
    const { type: step, height, round } = parsed.value.content;
    const { signBytes, attachment, lock } = request;
    const vote = { height, round, step, signBytes, attachment, signature: key.sign(signBytes) };
    await log.appendVote(vote, lock);
    return ok(vote);
  };

  /** In the order of the calls; a failure is the caller's and does not stop later ones. */
  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const result = last.then(task);
    last = result.catch(() => undefined);
    return result;
  };

  return {
    publicKey: asPublicKey(key.publicKey),
    chain,
    state: () => log.state(),
    sign: (request) => inTurn(() => signNow(request)),
    enterHeight: (height) => inTurn(() => log.enterHeight(height)),
    close: () => inTurn(() => log.close()),
  };
}

function logged(log: VoteLog, signBytes: Uint8Array): SignedVote {
  const vote = log.state().own.find((own) => equalBytes(own.signBytes, signBytes));
  if (vote === undefined) throw new Error('a vote judged as repeated is in the log');
  return vote;
}
