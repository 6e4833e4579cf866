/**
 * What a node and its signer process say to each other: frames of a length u32, a type u8 and a fixed
 * layout, each with one encoding only, bounded before anything is kept. The client speaks first; the
 * signer answers with what its log holds, then every request gets one answer, in order.
 */
import type { BinaryReader, Hash, PublicKey, Result } from '@daybook/core';
import {
  asHash,
  asPublicKey,
  assert,
  assertNever,
  concatBytes,
  createWriter,
  decodeBinary,
  encodeUtf8,
  equalBytes,
  fail,
  MESSAGE_BYTES_MAX,
  ok,
} from '@daybook/core';
import type { SigningRefusal, SigningRequest } from './signer.ts';
import type { FactsWriter } from './signer-facts.ts';
import { readFacts, writeFacts } from './signer-facts.ts';
import type { Lock, QuarantineReason, SignedVote, VoteState } from './vote-log.ts';
import { encodeVotePayload, readVotePayload } from './vote-record.ts';

/** Grows with every change that another release could not read. */
export const SIGNER_PROTOCOL_VERSION = 2;

/** The largest frame: a request for the largest PRE-PREPARE, and what stands around it. */
export const SIGNER_FRAME_BYTES_MAX = MESSAGE_BYTES_MAX['pre-prepare'] + 64 * 1024;
const FACT_BYTES_MAX = 4096;
const MAGIC = encodeUtf8('DBSIGN\n\0');

/** From the node. `id` comes back with the answer. */
export type SignerRequest =
  | { readonly type: 'hello'; readonly version: number; readonly chain: Hash }
  | { readonly type: 'sign'; readonly id: number; readonly request: SigningRequest }
  | { readonly type: 'sign-statement'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly type: 'enter-height'; readonly id: number; readonly height: number }
  | { readonly type: 'withhold'; readonly id: number; readonly reason: QuarantineReason }
  | { readonly type: 'resume'; readonly id: number; readonly above: number };

/** From the signer. */
export type SignerAnswer =
  /** After `hello`, and again after `withhold` and `resume`; `votes` frames follow. */
  | {
      readonly type: 'welcome';
      readonly version: number;
      readonly chain: Hash;
      readonly publicKey: PublicKey;
      readonly guard: VoteState['guard'];
      readonly lock?: Lock;
      readonly quarantine?: QuarantineReason;
      readonly ownCount: number;
      readonly earlierCount: number;
    }
  | { readonly type: 'vote'; readonly vote: SignedVote }
  | { readonly type: 'signed'; readonly id: number; readonly signature: Uint8Array }
  | { readonly type: 'refused'; readonly id: number; readonly refusal: SigningRefusal }
  | { readonly type: 'done'; readonly id: number }
  /** The connection is closed after it. */
  | { readonly type: 'turned-away'; readonly fact: string };

type Message = SignerRequest | SignerAnswer;

const TYPES: Readonly<Record<Message['type'], number>> = {
  hello: 1,
  sign: 2,
  'enter-height': 3,
  withhold: 4,
  resume: 5,
  'sign-statement': 6,
  welcome: 16,
  vote: 17,
  signed: 18,
  refused: 19,
  done: 20,
  'turned-away': 21,
};

const STEPS = ['round-change', 'pre-prepare', 'prepare', 'commit'] as const;
/** In place of a step: nothing was signed at the guard's height. */
const NO_STEP = 255;

type Writer = FactsWriter;

function writeLock(writer: Writer, lock: Lock | undefined): void {
  writer.u8(lock === undefined ? 0 : 1);
  if (lock !== undefined) writer.sized(encodeVotePayload({ type: 'lock', lock })[1]);
}

function isPresent(reader: BinaryReader): boolean {
  const flag = reader.u8();
  return flag > 1 ? reader.refuse('has a flag that is neither 0 nor 1') : flag === 1;
}

function readRecord(reader: BinaryReader, type: number): ReturnType<typeof readVotePayload> {
  const payload = reader.sized(SIGNER_FRAME_BYTES_MAX);
  const record = decodeBinary(payload, 'vote record', (inner) => readVotePayload(inner, type));
  return record.ok ? record.value : reader.refuse('holds a broken record');
}

function readLock(reader: BinaryReader): { readonly lock: Lock } | undefined {
  if (!isPresent(reader)) return undefined;
  const record = readRecord(reader, 2);
  return record.type === 'lock' ? { lock: record.lock } : reader.refuse('holds no lock');
}

function writeMessage(writer: Writer, message: Message): void {
  switch (message.type) {
    case 'hello':
      writer.raw(MAGIC);
      writer.u16(message.version);
      writer.raw(message.chain);
      return;
    case 'sign':
      writer.u32(message.id);
      writer.sized(message.request.signBytes);
      writer.sized(message.request.attachment);
      writeLock(writer, message.request.lock);
      return;
    case 'sign-statement':
      writer.u32(message.id);
      writer.sized(message.bytes);
      return;
    case 'enter-height':
      writer.u32(message.id);
      writer.u64(message.height);
      return;
    case 'withhold':
      writer.u32(message.id);
      writeFacts(writer, message.reason);
      return;
    case 'resume':
      writer.u32(message.id);
      writer.u64(message.above);
      return;
    case 'welcome':
      writeWelcome(writer, message);
      return;
    case 'vote':
      writer.sized(encodeVotePayload({ type: 'signed', vote: message.vote })[1]);
      return;
    case 'signed':
      writer.u32(message.id);
      writer.raw(message.signature);
      return;
    case 'refused':
      writer.u32(message.id);
      writeFacts(writer, message.refusal);
      return;
    case 'done':
      writer.u32(message.id);
      return;
    case 'turned-away':
      writer.sized(encodeUtf8(message.fact).subarray(0, FACT_BYTES_MAX));
      return;
    default:
      assertNever(message);
  }
}

function writeWelcome(writer: Writer, welcome: Extract<SignerAnswer, { type: 'welcome' }>): void {
  const { version, chain, publicKey, guard, lock, quarantine } = welcome;
  writer.u16(version);
  writer.raw(chain);
  writer.raw(publicKey);
  writer.u64(guard.height);
  writer.u32(guard.round);
  writer.u8(guard.step === undefined ? NO_STEP : STEPS.indexOf(guard.step));
  writeLock(writer, lock);
  writer.u8(quarantine === undefined ? 0 : 1);
  if (quarantine !== undefined) writeFacts(writer, quarantine);
  writer.u32(welcome.ownCount);
  writer.u32(welcome.earlierCount);
}

function readWelcome(reader: BinaryReader): SignerAnswer {
  const version = reader.u16();
  const chain = asHash(reader.raw(32));
  const publicKey = asPublicKey(reader.raw(32));
  const slot = { height: reader.u64(), round: reader.u32() };
  const code = reader.u8();
  const step = STEPS[code];
  if (step === undefined && code !== NO_STEP) reader.refuse('has an unknown step');
  const lock = readLock(reader);
  const quarantine = isPresent(reader) ? { quarantine: readFacts(reader, 'quarantine') } : {};
  return {
    type: 'welcome',
    version,
    chain,
    publicKey,
    guard: { ...slot, ...(step && { step }) },
    ...lock,
    ...quarantine,
    ownCount: reader.u32(),
    earlierCount: reader.u32(),
  };
}

function readSign(reader: BinaryReader): SignerRequest {
  const id = reader.u32();
  const signBytes = reader.sized(FACT_BYTES_MAX);
  const attachment = reader.sized(SIGNER_FRAME_BYTES_MAX);
  return { type: 'sign', id, request: { signBytes, attachment, ...readLock(reader) } };
}

function readHello(reader: BinaryReader): SignerRequest {
  if (!equalBytes(reader.raw(MAGIC.length), MAGIC)) reader.refuse('is no signer protocol');
  return { type: 'hello', version: reader.u16(), chain: asHash(reader.raw(32)) };
}

/** One reader for each type, in the order of the table. */
const READERS: Readonly<Record<Message['type'], (reader: BinaryReader) => Message>> = {
  hello: readHello,
  sign: readSign,
  'sign-statement': (reader) => {
    return { type: 'sign-statement', id: reader.u32(), bytes: reader.sized(FACT_BYTES_MAX) };
  },
  'enter-height': (reader) => ({ type: 'enter-height', id: reader.u32(), height: reader.u64() }),
  withhold: (reader) => {
    return { type: 'withhold', id: reader.u32(), reason: readFacts(reader, 'quarantine') };
  },
  resume: (reader) => ({ type: 'resume', id: reader.u32(), above: reader.u64() }),
  welcome: readWelcome,
  vote: (reader) => {
    const record = readRecord(reader, 1);
    if (record.type !== 'signed') return reader.refuse('holds no vote');
    return { type: 'vote', vote: record.vote };
  },
  signed: (reader) => ({ type: 'signed', id: reader.u32(), signature: reader.raw(64) }),
  refused: (reader) => {
    return { type: 'refused', id: reader.u32(), refusal: readFacts(reader, 'refusal') };
  },
  done: (reader) => ({ type: 'done', id: reader.u32() }),
  'turned-away': (reader) => {
    const fact = new TextDecoder().decode(reader.sized(FACT_BYTES_MAX));
    return { type: 'turned-away', fact };
  },
};

export function encodeSignerFrame(message: Message): Uint8Array {
  const body = createWriter();
  body.u8(TYPES[message.type]);
  writeMessage(body, message);
  const frame = createWriter();
  frame.sized(body.finish());
  const bytes = frame.finish();
  assert(bytes.length - 4 <= SIGNER_FRAME_BYTES_MAX, 'a frame keeps to its limit');
  return bytes;
}

function decodeBody(body: Uint8Array): Result<Message, string> {
  const decoded = decodeBinary(body, 'signer frame', (reader) => {
    const number = reader.u8();
    const found = Object.entries(TYPES).find(([, value]) => value === number);
    const type = found?.[0] as Message['type'] | undefined;
    return type === undefined ? reader.refuse('has an unknown type') : READERS[type](reader);
  });
  if (!decoded.ok) return fail(decoded.reason.code);
  // One encoding for each message: anything else is refused.
  const again = encodeSignerFrame(decoded.value).subarray(4);
  return equalBytes(again, body) ? ok(decoded.value) : fail('CORE_NOT_CANONICAL');
}

/** Cuts what arrives into messages. */
export interface FrameReader {
  /** Messages that are complete now, or what is wrong: the connection must be closed then. */
  push(bytes: Uint8Array): Result<readonly Message[], string>;
}

export function createFrameReader(): FrameReader {
  let held: Uint8Array = new Uint8Array();
  let parts: Uint8Array[] = [];
  let size = 0;
  let needed = 4;
  const lengthOf = (bytes: Uint8Array): number =>
    new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  return {
    push: (bytes) => {
      parts.push(bytes);
      size += bytes.length;
      if (size < needed) return ok([]);
      held = concatBytes(...parts);
      const messages: Message[] = [];
      for (needed = 4; held.length >= 4; needed = 4) {
        const length = lengthOf(held);
        if (length === 0 || length > SIGNER_FRAME_BYTES_MAX) return fail('the frame is too large');
        needed = 4 + length;
        if (held.length < needed) break;
        const decoded = decodeBody(held.slice(4, needed));
        if (!decoded.ok) return fail(decoded.reason);
        messages.push(decoded.value);
        held = held.subarray(needed);
      }
      parts = [held];
      size = held.length;
      return ok(messages);
    },
  };
}
