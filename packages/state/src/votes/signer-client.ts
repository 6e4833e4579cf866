/**
 * The signer as the node sees it when the key lives in another process: the same port, answered over
 * a Unix socket. It connects again by itself; while the signer is away every request is refused for
 * the time being. What it is told is checked: signatures against the key, the log against what was
 * signed before, so that a signer that comes back with an older log is put into quarantine.
 */
import * as fs from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { Hash, Height, PublicKey, Result, Signature } from '@daybook/core';
import { asSignature, assert, equalBytes, fail, ok, verifyStrict } from '@daybook/core';
import { StateError } from '../errors.ts';
import { parseSignBytes } from './guard.ts';
import type { SigningRefusal, SigningRequest, VoteSigner } from './signer.ts';
import type { SignerAnswer, SignerRequest } from './signer-wire.ts';
import { createFrameReader, encodeSignerFrame, SIGNER_PROTOCOL_VERSION } from './signer-wire.ts';
import type { QuarantineReason, SignedVote, VoteState } from './vote-log.ts';
import { applyVoteRecord, EMPTY_VOTES, isBehind } from './vote-state.ts';

export interface RemoteSignerOptions {
  readonly path: string;
  readonly chain: Hash;
  /** How long the first connection may take. */
  readonly connectMsMax: number;
}

export interface RemoteSignerParts {
  /** Runs `task` once after `delayMs`; the result cancels it. */
  readonly schedule: (delayMs: number, task: () => void) => () => void;
  /** The connection came or went, or quarantine changed. */
  readonly onChange: (words: 'signer connected' | 'signer away', facts: Facts) => void;
}
interface Facts {
  readonly fact?: string;
}

/** A signer in another process. */
export interface RemoteSigner extends VoteSigner {
  /** Whether its process answers. */
  isConnected(): boolean;
}

const RETRY_MS = 250;
/**
 * A signer that has not answered by then counts as away: its process stands still, or its disk does.
 * Longer than a sync takes on any disk that still works, so that a slow one is not taken for a dead
 * one; what it logs after all is taken over at the next connection.
 */
const ANSWER_MS_MAX = 10_000;

type Answer = Extract<SignerAnswer, { readonly id: number }>;
type Asked = Exclude<SignerRequest, { readonly type: 'hello' }>;

/** What the signer shows after hello, while its votes are still coming. */
interface Showing {
  readonly welcome: Extract<SignerAnswer, { type: 'welcome' }>;
  readonly votes: SignedVote[];
}

class SocketSigner implements RemoteSigner {
  readonly chain: Hash;
  readonly #options: RemoteSignerOptions;
  readonly #parts: RemoteSignerParts;
  readonly #waiting = new Map<number, (answer: Answer | undefined) => void>();
  #publicKey: PublicKey | undefined;
  #state: VoteState = EMPTY_VOTES;
  #quarantine: QuarantineReason | undefined;
  #socket: Socket | undefined;
  #isReady = false;
  #showing: Showing | undefined;
  #lastFault = 'not connected yet';
  #nextId = 1;
  #cancelRetry: () => void = () => undefined;
  #isClosed = false;

  constructor(options: RemoteSignerOptions, parts: RemoteSignerParts) {
    this.#options = options;
    this.#parts = parts;
    this.chain = options.chain;
  }

  get publicKey(): PublicKey {
    assert(this.#publicKey !== undefined, 'a signer is handed out once it was connected');
    return this.#publicKey;
  }

  state(): VoteState {
    return this.#state;
  }

  quarantine(): QuarantineReason | undefined {
    return this.#quarantine;
  }

  isConnected(): boolean {
    return this.#isReady;
  }

  // --- the port ------------------------------------------------------------------------------

  async sign(request: SigningRequest): Promise<Result<SignedVote, SigningRefusal>> {
    const answer = await this.#ask((id) => ({ type: 'sign', id, request }));
    if (answer?.type === 'refused') return fail(answer.refusal);
    if (answer?.type !== 'signed') {
      return fail({ code: 'STATE_SIGNER_AWAY', fact: this.#lastFault });
    }
    const { signBytes, attachment, lock } = request;
    const known = this.#state.own.find((vote) => equalBytes(vote.signBytes, signBytes));
    if (known !== undefined) return ok(known);
    const parsed = parseSignBytes(signBytes);
    const { signature } = answer;
    if (!parsed.ok || !verifyStrict(this.publicKey, signBytes, signature)) {
      this.#drop('a signature that does not hold');
      return fail({ code: 'STATE_SIGNER_AWAY', fact: this.#lastFault });
    }
    const { type: step, height, round } = parsed.value.content;
    const vote: SignedVote = { height, round, step, signBytes, attachment, signature };
    if (lock !== undefined) this.#state = applyVoteRecord(this.#state, { type: 'lock', lock });
    this.#state = applyVoteRecord(this.#state, { type: 'signed', vote });
    return ok(vote);
  }

  async signStatement(bytes: Uint8Array): Promise<Signature | undefined> {
    const answer = await this.#ask((id) => ({ type: 'sign-statement', id, bytes }));
    return answer?.type === 'signed' ? asSignature(answer.signature) : undefined;
  }

  async enterHeight(height: Height): Promise<void> {
    if (this.#quarantine !== undefined) return;
    this.#state = applyVoteRecord(this.#state, { type: 'height', height });
    await this.#ask((id) => ({ type: 'enter-height', id, height }));
  }

  async withhold(reason: QuarantineReason): Promise<void> {
    if (this.#quarantine !== undefined) return;
    this.#quarantine = reason;
    await this.#ask((id) => ({ type: 'withhold', id, reason }));
  }

  /** Without effect while the signer is away: it is asked again after a later block. */
  async resume(above: Height): Promise<void> {
    await this.#ask((id) => ({ type: 'resume', id, above }));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry();
    this.#drop('closed');
  }

  // --- the connection ------------------------------------------------------------------------

  /** @throws StateError STATE_SIGNER_EXPOSED or STATE_SIGNER_REFUSED */
  async start(): Promise<void> {
    const { path, connectMsMax } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const cancel = this.#parts.schedule(connectMsMax, () => {
        this.#isClosed = true;
        reject(new StateError({ code: 'STATE_SIGNER_REFUSED', path, fact: this.#lastFault }));
      });
      this.#onReady = () => {
        cancel();
        resolve();
      };
      this.#connect();
    });
  }

  #onReady: () => void = () => undefined;

  #connect(): void {
    const { path, chain } = this.#options;
    const fault = exposureOf(path);
    if (fault !== undefined) {
      this.#lastFault = fault;
      this.#retry();
      return;
    }
    const reader = createFrameReader();
    const socket = connect(path);
    this.#socket = socket;
    socket.on('connect', () => {
      socket.write(encodeSignerFrame({ type: 'hello', version: SIGNER_PROTOCOL_VERSION, chain }));
    });
    socket.on('data', (bytes) => {
      const read = reader.push(bytes);
      if (!read.ok) {
        this.#drop(read.reason);
        return;
      }
      for (const message of read.value) {
        if (this.#socket === socket) this.#receive(message);
      }
    });
    socket.on('error', (error) => {
      this.#lastFault = error.message;
    });
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#lost();
      this.#retry();
    });
  }

  #retry(): void {
    if (this.#isClosed) return;
    this.#cancelRetry();
    this.#cancelRetry = this.#parts.schedule(RETRY_MS, () => {
      if (!this.#isClosed) this.#connect();
    });
  }

  #drop(fact: string): void {
    this.#lastFault = fact;
    this.#socket?.destroy();
    this.#lost();
  }

  #lost(): void {
    const wasReady = this.#isReady;
    this.#isReady = false;
    this.#showing = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const settle of waiting) settle(undefined);
    if (wasReady) this.#parts.onChange('signer away', { fact: this.#lastFault });
  }

  #ask(build: (id: number) => Asked): Promise<Answer | undefined> {
    if (!this.#isReady) return Promise.resolve(undefined);
    const id = this.#nextId;
    this.#nextId = id === 0xffff_ffff ? 1 : id + 1;
    return new Promise((resolve) => {
      const cancel = this.#parts.schedule(ANSWER_MS_MAX, () => {
        this.#drop(`no answer in ${ANSWER_MS_MAX} ms`);
      });
      this.#waiting.set(id, (answer) => {
        cancel();
        resolve(answer);
      });
      this.#socket?.write(encodeSignerFrame(build(id)));
    });
  }

  #receive(message: SignerAnswer | SignerRequest): void {
    switch (message.type) {
      case 'welcome':
        this.#showing = { welcome: message, votes: [] };
        this.#takeShown();
        return;
      case 'vote':
        this.#showing?.votes.push(message.vote);
        this.#takeShown();
        return;
      case 'turned-away':
        this.#lastFault = message.fact;
        return;
      case 'signed':
      case 'refused':
      case 'done': {
        const settle = this.#waiting.get(message.id);
        this.#waiting.delete(message.id);
        settle?.(message);
        return;
      }
      default:
        this.#drop('a request in place of an answer');
    }
  }

  /** Takes over what the signer shows, once it is complete. */
  #takeShown(): void {
    if (this.#showing === undefined) return;
    const { welcome, votes } = this.#showing;
    if (votes.length < welcome.ownCount + welcome.earlierCount) return;
    this.#showing = undefined;
    const { publicKey, guard, lock, quarantine } = welcome;
    if (this.#publicKey !== undefined && !equalBytes(publicKey, this.#publicKey)) {
      this.#drop('it holds another key now');
      return;
    }
    const own = votes.slice(0, welcome.ownCount);
    const shown = { guard, own, earlier: votes.slice(own.length), ...(lock && { lock }) };
    const isReconnection = this.#publicKey !== undefined && !this.#isReady;
    this.#publicKey = publicKey;
    this.#isReady = true;
    this.#adopt(shown, quarantine, isReconnection);
    this.#parts.onChange('signer connected', {});
    this.#onReady();
  }

  #adopt(shown: VoteState, quarantine: QuarantineReason | undefined, again: boolean): void {
    const known = this.#state;
    const withheld = this.#quarantine;
    this.#state = shown;
    this.#quarantine = quarantine;
    if (!again || quarantine !== undefined) return;
    const fact = 'the signer came back with an older log';
    const { height } = known.guard;
    const behind = { code: 'STATE_VOTES_BEHIND', height, guardHeight: shown.guard.height } as const;
    const reason = withheld ?? (isBehind(shown, known) ? { ...behind, fact } : undefined);
    if (reason !== undefined) this.withhold(reason).catch(() => undefined);
    else if (height > shown.guard.height) this.enterHeight(height).catch(() => undefined);
  }
}

/** Why the socket is not one that only this user, or the system, can have made. */
function exposureOf(path: string): string | undefined {
  let found: fs.Stats | undefined;
  try {
    found = fs.statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // A folder that this user may not enter, for example: the signer is away until somebody mends it.
    return error instanceof Error ? error.message : String(error);
  }
  if (found === undefined) return `there is no socket ${path}`;
  if (!found.isSocket()) return `${path} is no socket`;
  const self = process.getuid?.();
  if (found.uid !== 0 && found.uid !== self) return `${path} belongs to user ${found.uid}`;
  return (found.mode & 0o077) === 0 ? undefined : `others may connect to ${path}`;
}

/**
 * Connects to a signer process.
 * @throws StateError STATE_SIGNER_REFUSED when there is none in time, or it turns this node away
 */
export async function connectSigner(
  options: RemoteSignerOptions,
  parts: RemoteSignerParts,
): Promise<RemoteSigner> {
  const signer = new SocketSigner(options, parts);
  await signer.start();
  return signer;
}
