/**
 * Bytes of consensus messages (protocol §5): type u8, then a fixed layout per type. Decoders are
 * bounded before they allocate and check form only; signatures, hashes and rules are judged later.
 */
import type { BinaryReader, BinaryWriter } from '../codec/binary.ts';
import { createWriter, decodeBinary } from '../codec/binary.ts';
import type { DecodeFailure } from '../codec/failure.ts';
import type { Result } from '../codec/result.ts';
import { hashTagged } from '../crypto/hash.ts';
import { isPlanted } from '../crypto/simulation/simulation.ts';
import { TAGS } from '../crypto/tags.ts';
import type { Body } from './block.ts';
import { readBody } from './block.ts';
import type { Certificate } from './certificate.ts';
import { encodeCertificate, readCertificate } from './certificate.ts';
import { encodeHeader, readHeader } from './header.ts';
import type { Hash, Height, Round, Signature } from './ids.ts';
import { asHash, asSignature, SIGNATURE_SIZE, ZERO_HASH } from './ids.ts';
import { LIMITS } from './limits.ts';
import type {
  Commit,
  Decided,
  InlinedTransaction,
  Justification,
  JustificationEntry,
  Message,
  MessageType,
  PrePrepare,
  Prepare,
  RoundChange,
  Signed,
  Status,
} from './messages.ts';
import type {
  PreparedRef,
  Unsigned,
  UnsignedPrePrepare,
  UnsignedRoundChange,
} from './sign-bytes.ts';

const TYPE_CODES: Readonly<Record<MessageType, number>> = {
  'pre-prepare': 1,
  prepare: 2,
  commit: 3,
  'round-change': 4,
  decided: 5,
  status: 6,
  'get-block': 7,
  block: 8,
};

const PROPOSAL_BYTES_MAX = LIMITS.blockBytesHardMax + LIMITS.proposalOverheadBytesMax;

/** Largest encoding per type, enforced before decoding. */
export const MESSAGE_BYTES_MAX: Readonly<Record<MessageType, number>> = {
  'pre-prepare': PROPOSAL_BYTES_MAX,
  prepare: LIMITS.voteBytesMax,
  commit: LIMITS.voteBytesMax,
  'round-change': LIMITS.roundChangeBytesMax,
  decided: PROPOSAL_BYTES_MAX,
  status: LIMITS.statusBytesMax,
  'get-block': 64,
  block: PROPOSAL_BYTES_MAX,
};

const BITMAP_BYTES_MAX = Math.ceil(LIMITS.validatorsMax / 8);

// --- justification -------------------------------------------------------------------------

function writePrepared(writer: BinaryWriter, prepared: PreparedRef | undefined): void {
  writer.u8(prepared === undefined ? 0 : 1);
  writer.u32(prepared?.round ?? 0);
  writer.raw(prepared?.blockHash ?? ZERO_HASH);
}

/** Flag rules of §4: flag 0 requires round 0 and a zero hash, flag 1 a round below `round`. */
function readPrepared(reader: BinaryReader, round: Round): PreparedRef | undefined {
  const flag = reader.u8();
  const preparedRound = reader.u32();
  const blockHash = asHash(reader.raw(32));
  if (flag === 1) {
    if (preparedRound >= round) reader.refuse('prepared round is not below the round');
    return { round: preparedRound, blockHash };
  }
  const empty = preparedRound === 0 && blockHash.every((byte) => byte === 0);
  if (flag !== 0 || !empty) reader.refuse('prepared fields contradict their flag');
  return undefined;
}

function writeCertificate(writer: BinaryWriter, certificate: Certificate | undefined): void {
  writer.u8(certificate === undefined ? 0 : 1);
  if (certificate !== undefined) writer.raw(encodeCertificate(certificate));
}

function readFlag(reader: BinaryReader): boolean {
  const flag = reader.u8();
  if (flag > 1) reader.refuse('a presence flag is neither 0 nor 1');
  return flag === 1;
}

function writeJustification(writer: BinaryWriter, justification: Justification): void {
  writer.u16(justification.entries.length);
  for (const entry of justification.entries) {
    writer.u16(entry.sender);
    writePrepared(writer, entry.prepared);
    writer.raw(entry.signature);
  }
  writeCertificate(writer, justification.certificate);
}

function readJustification(reader: BinaryReader, round: Round): Justification {
  const count = reader.u16();
  if (count > LIMITS.validatorsMax) reader.refuse('more entries than validators');
  const entries: JustificationEntry[] = [];
  for (let index = 0; index < count; index++) {
    const sender = reader.u16();
    const prepared = readPrepared(reader, round);
    const signature = asSignature(reader.raw(SIGNATURE_SIZE));
    entries.push({ sender, signature, ...(prepared && { prepared }) });
  }
  const certificate = readFlag(reader) ? readCertificate(reader) : undefined;
  return { entries, ...(certificate && { certificate }) };
}

/** Hash that binds a justification to its proposal; zero for none. */
export function justificationHash(justification: Justification | undefined): Hash {
  if (justification === undefined) return ZERO_HASH;
  const writer = createWriter();
  writeJustification(writer, justification);
  return hashTagged(TAGS.JUST, writer.finish());
}

// --- one codec per type --------------------------------------------------------------------

function writeSlot(writer: BinaryWriter, signed: Signed<Unsigned>): void {
  writer.u16(signed.sender);
  writer.raw(signed.signature);
  writer.u64(signed.content.height);
  writer.u32(signed.content.round);
}

interface SlotFields {
  readonly sender: number;
  readonly signature: Signature;
  readonly height: Height;
  readonly round: Round;
}

function readSlot(reader: BinaryReader): SlotFields {
  const sender = reader.u16();
  const signature = asSignature(reader.raw(SIGNATURE_SIZE));
  const height = reader.u64();
  const round = reader.u32();
  if (sender >= LIMITS.validatorsMax) reader.refuse('sender index out of range');
  if (round > LIMITS.roundMax) reader.refuse('round out of range');
  return { sender, signature, height, round };
}

function writeVote(writer: BinaryWriter, { signed }: Prepare | Commit): void {
  writeSlot(writer, signed);
  writer.raw(signed.content.blockHash);
}

function writePrePrepare(writer: BinaryWriter, message: PrePrepare): void {
  writeSlot(writer, message.signed);
  writer.raw(message.signed.content.blockHash);
  writer.raw(message.signed.content.justificationHash);
  writer.raw(encodeHeader(message.header));
  writer.u32(message.transactionHashes.length);
  for (const hash of message.transactionHashes) writer.raw(hash);
  writer.u32(message.inlined.length);
  for (const { index, bytes } of message.inlined) {
    writer.u32(index);
    writer.sized(bytes);
  }
  writer.u8(message.justification === undefined ? 0 : 1);
  if (message.justification !== undefined) writeJustification(writer, message.justification);
}

function readTransactionHashes(reader: BinaryReader): readonly Hash[] {
  const count = reader.u32();
  if (count > LIMITS.blockTransactionsMax) reader.refuse('more transactions than a block may hold');
  return Array.from({ length: count }, () => asHash(reader.raw(32)));
}

function readInlined(reader: BinaryReader, total: number): readonly InlinedTransaction[] {
  const count = reader.u32();
  if (count > total) reader.refuse('more inlined transactions than the proposal names');
  const inlined: InlinedTransaction[] = [];
  let previous = -1;
  for (let position = 0; position < count; position++) {
    const index = reader.u32();
    if (index <= previous || index >= total) reader.refuse('inlined positions do not ascend');
    previous = index;
    inlined.push({ index, bytes: reader.sized(LIMITS.transactionBytesMax) });
  }
  return inlined;
}

function readPrePrepare(reader: BinaryReader): PrePrepare {
  const { sender, signature, height, round } = readSlot(reader);
  const blockHash = asHash(reader.raw(32));
  const declaredHash = asHash(reader.raw(32));
  const header = readHeader(reader);
  const transactionHashes = readTransactionHashes(reader);
  const inlined = readInlined(reader, transactionHashes.length);
  const justification = readFlag(reader) ? readJustification(reader, round) : undefined;
  const content: UnsignedPrePrepare = {
    type: 'pre-prepare',
    height,
    round,
    blockHash,
    justificationHash: declaredHash,
  };
  return {
    type: 'pre-prepare',
    signed: { content, sender, signature },
    header,
    transactionHashes,
    inlined,
    ...(justification && { justification }),
  };
}

function readVote(reader: BinaryReader, type: 'prepare' | 'commit'): Prepare | Commit {
  const { sender, signature, height, round } = readSlot(reader);
  const blockHash = asHash(reader.raw(32));
  if (type === 'prepare') {
    return { type, signed: { content: { type, height, round, blockHash }, sender, signature } };
  }
  return { type, signed: { content: { type, height, round, blockHash }, sender, signature } };
}

function readRoundChange(reader: BinaryReader): RoundChange {
  const { sender, signature, height, round } = readSlot(reader);
  const prepared = readPrepared(reader, round);
  const certificate = readFlag(reader) ? readCertificate(reader) : undefined;
  const isWhole = (prepared === undefined) === (certificate === undefined);
  if (!isWhole && !isPlanted('round-change-uncertified')) {
    reader.refuse('a prepared block and its certificate go together');
  }
  const content: UnsignedRoundChange = {
    type: 'round-change',
    height,
    round,
    ...(prepared && { prepared }),
  };
  return {
    type: 'round-change',
    signed: { content, sender, signature },
    ...(certificate && { certificate }),
  };
}

function writeBody(writer: BinaryWriter, body: Body): void {
  writer.u32(body.length);
  for (const bytes of body) writer.sized(bytes);
}

function writeDecided(writer: BinaryWriter, message: Decided): void {
  writer.raw(encodeHeader(message.header));
  writer.raw(encodeCertificate(message.certificate));
  writer.u8(message.body === undefined ? 0 : 1);
  if (message.body !== undefined) writeBody(writer, message.body);
}

function readDecided(reader: BinaryReader): Decided {
  const header = readHeader(reader);
  const certificate = readCertificate(reader);
  const body = readFlag(reader) ? readBody(reader) : undefined;
  return { type: 'decided', header, certificate, ...(body && { body }) };
}

function writeStatus(writer: BinaryWriter, message: Status): void {
  writer.u64(message.height);
  writer.u32(message.round);
  writer.raw(message.headHash);
  writer.u64(message.wallMs);
  const { prePrepare, prepare, commit, roundChange } = message.held;
  for (const bitmap of [message.links, prePrepare, prepare, commit, roundChange]) {
    writer.sized(bitmap);
  }
}

function readStatus(reader: BinaryReader): Status {
  const height = reader.u64();
  const round = reader.u32();
  if (round > LIMITS.roundMax) reader.refuse('round out of range');
  const headHash = asHash(reader.raw(32));
  const wallMs = reader.u64();
  const bitmap = (): Uint8Array => reader.sized(BITMAP_BYTES_MAX);
  const links = bitmap();
  const held = {
    prePrepare: bitmap(),
    prepare: bitmap(),
    commit: bitmap(),
    roundChange: bitmap(),
  };
  return { type: 'status', height, round, headHash, wallMs, links, held };
}

type Writers = {
  readonly [Type in MessageType]: (
    writer: BinaryWriter,
    message: Extract<Message, { readonly type: Type }>,
  ) => void;
};

const WRITERS: Writers = {
  'pre-prepare': writePrePrepare,
  prepare: writeVote,
  commit: writeVote,
  'round-change': (writer, message) => {
    writeSlot(writer, message.signed);
    writePrepared(writer, message.signed.content.prepared);
    writeCertificate(writer, message.certificate);
  },
  decided: writeDecided,
  status: writeStatus,
  'get-block': (writer, message) => writer.raw(message.blockHash),
  block: (writer, message) => {
    writer.raw(encodeHeader(message.block.header));
    writeBody(writer, message.block.body);
  },
};

/** Type u8, then the layout of the type. */
export function encodeMessage(message: Message): Uint8Array {
  const writer = createWriter();
  writer.u8(TYPE_CODES[message.type]);
  const write = WRITERS[message.type] as (writer: BinaryWriter, message: Message) => void;
  write(writer, message);
  return writer.finish();
}

const READERS: Readonly<Record<MessageType, (reader: BinaryReader) => Message>> = {
  'pre-prepare': readPrePrepare,
  prepare: (reader) => readVote(reader, 'prepare'),
  commit: (reader) => readVote(reader, 'commit'),
  'round-change': readRoundChange,
  decided: readDecided,
  status: readStatus,
  'get-block': (reader) => ({ type: 'get-block', blockHash: asHash(reader.raw(32)) }),
  block: (reader) => ({
    type: 'block',
    block: { header: readHeader(reader), body: readBody(reader) },
  }),
};

const TYPE_NAMES = new Map(
  (Object.keys(TYPE_CODES) as MessageType[]).map((type) => [TYPE_CODES[type], type] as const),
);

/** Decodes one message; the size limit of its type is enforced before anything is allocated. */
export function decodeMessage(bytes: Uint8Array): Result<Message, DecodeFailure> {
  return decodeBinary(bytes, 'message', (reader) => {
    const type = TYPE_NAMES.get(reader.u8());
    if (type === undefined) return reader.refuse('unknown message type');
    if (bytes.length > MESSAGE_BYTES_MAX[type]) reader.refuse('larger than its type allows');
    return READERS[type](reader);
  });
}
