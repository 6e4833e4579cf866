/**
 * The signer over a vote log: judge, log durably, and only then give the signature out (G4). One
 * request at a time; with less than 2 % of the disk free it pauses until 5 % are free again, so that
 * a full disk is met before it is an error. Without a log it can trust it is in quarantine.
 */
import type { Hash, Height, Result, Signature } from '@daybook/core';
import { asPublicKey, createSigner, equalBytes, fail, ok } from '@daybook/core';
import type { VoteLogOptions, VoteLogParts } from './file-vote-log.ts';
import { createVoteLog, openVoteLog, setVoteLogAside } from './file-vote-log.ts';
import { isStatementOf, judgeSigning, parseSignBytes } from './guard.ts';
import type { SigningRefusal, SigningRequest, VoteSigner } from './signer.ts';
import type {
  QuarantineReason,
  SignedVote,
  VoteLog,
  VoteLogOpening,
  VoteRepair,
  VoteState,
} from './vote-log.ts';
import { EMPTY_VOTES } from './vote-state.ts';

export interface VoteSignerOptions extends VoteLogOptions {
  /** 32-byte seed of the CONSENSUS key. */
  readonly secretKey: Uint8Array;
  /** Salt of a log made when quarantine ends; see `createVoteLog`. */
  readonly salt?: Uint8Array;
  /** G, when `chain` is an era: votes bind the era, statements bind G (protocol C-33). */
  readonly founding?: Hash;
}

export interface VoteSignerParts extends VoteLogParts {
  /** Free part of the disk that holds the log, 0 to 1. */
  readonly freeFraction: () => number;
  /** Free shares below which signing stops, and from which it goes on; 0.02 and 0.05 by default. */
  readonly pause?: { readonly stop: number; readonly resume: number };
}

export interface VoteSignerOpening {
  readonly signer: VoteSigner;
  /** What was mended in the log. */
  readonly repairs: readonly VoteRepair[];
}

const PAUSE = { stop: 0.02, resume: 0.05 };

type Opened = { readonly log: VoteLog } | { readonly reason: QuarantineReason };

function openedOf(opening: VoteLogOpening): Opened {
  return opening.kind === 'open' ? { log: opening.log } : { reason: opening.reason };
}

class GuardedSigner implements VoteSigner {
  readonly publicKey: VoteSigner['publicKey'];
  readonly chain: Hash;
  readonly #options: VoteSignerOptions;
  readonly #parts: VoteSignerParts;
  readonly #key: ReturnType<typeof createSigner>;
  #opened: Opened;
  #isPaused = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: VoteSignerOptions, parts: VoteSignerParts, opened: Opened) {
    this.#options = options;
    this.#parts = parts;
    this.#opened = opened;
    this.#key = createSigner(options.secretKey);
    this.publicKey = asPublicKey(this.#key.publicKey);
    this.chain = options.chain;
  }

  state(): VoteState {
    return 'log' in this.#opened ? this.#opened.log.state() : EMPTY_VOTES;
  }

  quarantine(): QuarantineReason | undefined {
    return 'reason' in this.#opened ? this.#opened.reason : undefined;
  }

  sign(request: SigningRequest): Promise<Result<SignedVote, SigningRefusal>> {
    return this.#inTurn(() => this.#sign(request));
  }

  async signStatement(bytes: Uint8Array): Promise<Signature | undefined> {
    if ('reason' in this.#opened || !isStatementOf(this.#options.founding ?? this.chain, bytes))
      return undefined;
    return this.#key.sign(bytes);
  }

  enterHeight(height: Height): Promise<void> {
    return this.#inTurn(async () => {
      if ('log' in this.#opened) await this.#opened.log.enterHeight(height);
    });
  }

  withhold(reason: QuarantineReason): Promise<void> {
    return this.#inTurn(async () => {
      if ('reason' in this.#opened) return;
      const { log } = this.#opened;
      this.#opened = { reason };
      await log.close();
      await setVoteLogAside(this.#options, this.#parts);
    });
  }

  resume(above: Height): Promise<void> {
    return this.#inTurn(async () => {
      if ('log' in this.#opened) return;
      await setVoteLogAside(this.#options, this.#parts);
      await createVoteLog({ ...this.#options, above }, this.#parts);
      this.#opened = openedOf(await openVoteLog(this.#options, this.#parts));
    });
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      if ('log' in this.#opened) await this.#opened.log.close();
    });
  }

  async #sign(request: SigningRequest): Promise<Result<SignedVote, SigningRefusal>> {
    if ('reason' in this.#opened) {
      return fail({ code: 'STATE_SIGNING_QUARANTINED', reason: this.#opened.reason.code });
    }
    const { log } = this.#opened;
    const parsed = parseSignBytes(request.signBytes);
    if (!parsed.ok) return parsed;
    if (!equalBytes(parsed.value.chain, this.chain)) {
      return fail({ code: 'STATE_SIGNING_FOREIGN_CHAIN' });
    }
    const judged = judgeSigning(log.state(), request);
    if (!judged.ok) return judged;
    if (judged.value === 'repeat') return ok(logged(log, request.signBytes));
    if (this.#isDiskLow()) {
      const freeFraction = this.#parts.freeFraction();
      return fail({ code: 'STATE_SIGNING_DISK_LOW', freeFraction });
    }
    const { type: step, height, round } = parsed.value.content;
    const { signBytes, attachment, lock } = request;
    const signature = this.#key.sign(signBytes);
    const vote = { height, round, step, signBytes, attachment, signature };
    await log.appendVote(vote, lock);
    return ok(vote);
  }

  #isDiskLow(): boolean {
    const { freeFraction, pause = PAUSE } = this.#parts;
    this.#isPaused = freeFraction() < (this.#isPaused ? pause.resume : pause.stop);
    return this.#isPaused;
  }

  /** In the order of the calls; a failure is the caller's and does not stop later ones. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

function logged(log: VoteLog, signBytes: Uint8Array): SignedVote {
  const vote = log.state().own.find((own) => equalBytes(own.signBytes, signBytes));
  if (vote === undefined) throw new Error('a vote judged as repeated is in the log');
  return vote;
}

/**
 * Opens the vote log of a key and the signer over it; in quarantine when the log cannot be trusted.
 * @throws StateError when the disk fails
 */
export async function openVoteSigner(
  options: VoteSignerOptions,
  parts: VoteSignerParts,
): Promise<VoteSignerOpening> {
  const opening = await openVoteLog(options, parts);
  const guarded = new GuardedSigner(options, parts, openedOf(opening));
  // A plain object, so that it can be wrapped by spreading it.
  const signer: VoteSigner = {
    publicKey: guarded.publicKey,
    chain: guarded.chain,
    state: () => guarded.state(),
    quarantine: () => guarded.quarantine(),
    sign: (request) => guarded.sign(request),
    signStatement: (bytes) => guarded.signStatement(bytes),
    enterHeight: (height) => guarded.enterHeight(height),
    withhold: (reason) => guarded.withhold(reason),
    resume: (above) => guarded.resume(above),
    close: () => guarded.close(),
  };
  return { signer, repairs: opening.kind === 'open' ? opening.repairs : [] };
}
