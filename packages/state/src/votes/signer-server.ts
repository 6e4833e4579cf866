/**
 * The signer behind a Unix socket: the same guard over the same log, for one node at a time. Who may
 * connect is decided by the kernel: the socket belongs to this user, has mode 0600, and lies in a
 * directory that nobody else can write to (Node.js tells no credentials of a peer). Inside, a client
 * says hello with version and chain before it is told anything.
 */
import * as fs from 'node:fs';
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { Hash } from '@daybook/core';
import { equalBytes } from '@daybook/core';
import { StateError } from '../errors.ts';
import type { VoteSigner } from './signer.ts';
import type { SignerAnswer, SignerRequest } from './signer-wire.ts';
import { createFrameReader, encodeSignerFrame, SIGNER_PROTOCOL_VERSION } from './signer-wire.ts';

export interface SignerServerOptions {
  /** Path of the socket; a file left behind by a process that died is replaced. */
  readonly path: string;
  /** A socket that listens already, handed over by a service manager, in place of the path. */
  readonly descriptor?: number;
}

export interface SignerServerParts {
  readonly signer: VoteSigner;
  /** Told what happens at the door, in constant words. */
  readonly onEvent: (event: SignerServerEvent, facts: { readonly fact?: string }) => void;
  /** The log cannot be written: the process must end (G4). */
  readonly onFatal: (error: unknown) => void;
}

export type SignerServerEvent = 'client connected' | 'client gone' | 'client turned away';

export interface SignerServer {
  /** Ends the connection; the signer stays open. */
  stop(): Promise<void>;
}

const OTHERS_MAY_WRITE = 0o022;
const SOCKET_MODE = 0o600;
/** A client that has not said hello by then makes room. */
const HELLO_MS_MAX = 5000;

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

/** Refuses a place where somebody else could put another socket in the way, or has one. */
async function prepare(path: string): Promise<void> {
  const directory = path.slice(0, path.lastIndexOf('/')) || '/';
  const { mode } = fs.statSync(directory);
  if ((mode & OTHERS_MAY_WRITE) !== 0) {
    const fact = `others may write to ${directory}`;
    throw new StateError({ code: 'STATE_SIGNER_EXPOSED', path, fact });
  }
  const there = fs.lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isSocket()) {
    const fact = 'something that is no socket is there';
    throw new StateError({ code: 'STATE_SIGNER_EXPOSED', path, fact });
  }
  if (await isAnswered(path)) {
    const fact = 'another process listens on it';
    throw new StateError({ code: 'STATE_SIGNER_REFUSED', path, fact });
  }
  // Left behind by a process that was killed.
  fs.unlinkSync(path);
}

async function listen(server: Server, options: SignerServerOptions): Promise<void> {
  const { path, descriptor } = options;
  if (descriptor === undefined) await prepare(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (descriptor !== undefined) {
      server.listen({ fd: descriptor }, resolve);
      return;
    }
    // The socket is made before `listen` returns: there is no moment in which others could connect.
    const before = process.umask(0o777 & ~SOCKET_MODE);
    try {
      server.listen(path, resolve);
    } finally {
      process.umask(before);
    }
  });
  if (descriptor === undefined) fs.chmodSync(path, SOCKET_MODE);
}

/** One connection: hello, then requests in order. */
class Session {
  readonly #socket: Socket;
  readonly #parts: SignerServerParts;
  readonly #reader = createFrameReader();
  #isWelcome = false;
  #isTurnedAway = false;
  #work: Promise<void> = Promise.resolve();

  constructor(socket: Socket, parts: SignerServerParts) {
    this.#socket = socket;
    this.#parts = parts;
    socket.setTimeout(HELLO_MS_MAX, () => this.#turnAway('no hello in time'));
    socket.on('data', (bytes) => this.#receive(bytes));
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isTurnedAway) return;
    const read = this.#reader.push(bytes);
    if (!read.ok) {
      this.#turnAway(read.reason);
      return;
    }
    if (read.value.length === 0) return;
    // What comes while these are worked on waits with the client, not in the memory of the signer.
    this.#socket.pause();
    for (const message of read.value) {
      this.#work = this.#work
        .then(() => this.#drained())
        .then(() => this.#answer(message))
        .catch((error: unknown) => {
          this.#socket.destroy();
          this.#parts.onFatal(error);
        });
    }
    this.#work = this.#work.then(() => {
      this.#socket.resume();
    });
  }

  #send(answer: SignerAnswer): void {
    if (this.#socket.writable) this.#socket.write(encodeSignerFrame(answer));
  }

  /** Resolves when the client has taken its answers, or is gone. */
  #drained(): Promise<void> | undefined {
    const socket = this.#socket;
    if (!socket.writableNeedDrain || socket.destroyed) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
    return promise;
  }

  #turnAway(fact: string): void {
    if (this.#isTurnedAway) return;
    this.#isTurnedAway = true;
    this.#parts.onEvent('client turned away', { fact });
    this.#send({ type: 'turned-away', fact });
    // Whether it goes or not: the place is free for the next one.
    this.#socket.destroySoon();
  }

  async #answer(message: SignerRequest | SignerAnswer): Promise<void> {
    if (this.#isTurnedAway) return;
    if (message.type === 'hello') {
      this.#welcome(message.version, message.chain);
      return;
    }
    if (!this.#isWelcome || this.#socket.destroyed) {
      this.#turnAway('no hello first');
      return;
    }
    const { signer } = this.#parts;
    switch (message.type) {
      case 'sign': {
        const { id } = message;
        const signed = await signer.sign(message.request);
        if (signed.ok) this.#send({ type: 'signed', id, signature: signed.value.signature });
        else this.#send({ type: 'refused', id, refusal: signed.reason });
        return;
      }
      case 'sign-statement': {
        const signature = await signer.signStatement(message.bytes);
        const { id } = message;
        this.#send(
          signature === undefined ? { type: 'done', id } : { type: 'signed', id, signature },
        );
        return;
      }
      case 'enter-height':
        await signer.enterHeight(message.height);
        break;
      case 'withhold':
        await signer.withhold(message.reason);
        this.#show();
        break;
      case 'resume':
        await signer.resume(message.above);
        this.#show();
        break;
      default:
        this.#turnAway('an answer in place of a request');
        return;
    }
    this.#send({ type: 'done', id: message.id });
  }

  #welcome(version: number, chain: Hash): void {
    const { signer } = this.#parts;
    if (version !== SIGNER_PROTOCOL_VERSION) {
      this.#turnAway(`version ${version}, this signer speaks ${SIGNER_PROTOCOL_VERSION}`);
      return;
    }
    if (!equalBytes(chain, signer.chain)) {
      this.#turnAway('another chain');
      return;
    }
    this.#isWelcome = true;
    this.#socket.setTimeout(0);
    this.#show();
  }

  /** What the log holds, vote by vote: there is no limit to rounds. */
  #show(): void {
    const { signer } = this.#parts;
    const { guard, lock, own, earlier } = signer.state();
    const quarantine = signer.quarantine();
    this.#send({
      type: 'welcome',
      version: SIGNER_PROTOCOL_VERSION,
      chain: signer.chain,
      publicKey: signer.publicKey,
      guard,
      ...(lock && { lock }),
      ...(quarantine && { quarantine }),
      ownCount: own.length,
      earlierCount: earlier.length,
    });
    for (const vote of [...own, ...earlier]) this.#send({ type: 'vote', vote });
  }

  /** Resolves when nothing of this session is being signed any more. */
  async settled(): Promise<void> {
    await this.#work;
  }
}

/** @throws StateError STATE_SIGNER_EXPOSED, or the system's error when the socket cannot be made */
export async function startSignerServer(
  options: SignerServerOptions,
  parts: SignerServerParts,
): Promise<SignerServer> {
  let client: { readonly socket: Socket; readonly session: Session } | undefined;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    if (client !== undefined) {
      const fact = 'another client is connected';
      parts.onEvent('client turned away', { fact });
      socket.end(encodeSignerFrame({ type: 'turned-away', fact }));
      // What it says is not read; a client that does not go is cut.
      socket.setTimeout(HELLO_MS_MAX, () => socket.destroy());
      socket.resume();
      return;
    }
    const opened = { socket, session: new Session(socket, parts) };
    client = opened;
    parts.onEvent('client connected', {});
    socket.once('close', () => {
      // What was asked last is finished first, so that the next client finds it in the log.
      opened.session
        .settled()
        .then(() => {
          client = undefined;
          parts.onEvent('client gone', {});
        })
        .catch(parts.onFatal);
    });
  });
  await listen(server, options);
  server.on('error', parts.onFatal);
  return {
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      client?.socket.destroy();
      await client?.session.settled();
      await closed;
    },
  };
}
