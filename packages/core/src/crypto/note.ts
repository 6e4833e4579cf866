/**
 * Signed notes (C2SP signed-note): a text and lines that sign it. Two kinds of signature are known:
 * Ed25519 over the text, and the timestamped cosignature of a witness (C2SP tlog-cosignature). The
 * reader is strict and bounded; lines of unknown keys are kept and prove nothing.
 */
import { createWriter } from '../codec/binary.ts';
import {
  concatBytes,
  decodeUtf8,
  encodeUtf8,
  fromBase64,
  fromHex,
  toBase64,
  toHex,
} from '../codec/bytes.ts';
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import type { PublicKey } from './brands.ts';
import { asPublicKey, PUBLIC_KEY_SIZE, SIGNATURE_SIZE } from './brands.ts';
import type { Signer } from './ed25519.ts';
import { isGoodPublicKey, verifyStrict } from './ed25519.ts';
import { sha256 } from './hash.ts';

/** Bytes of a note: 30 validators and as many witnesses, and room for lines of others. */
export const NOTE_BYTES_MAX = 16 * 1024;
/** Signature lines of a note. */
export const NOTE_SIGNATURES_MAX = 64;
/** Characters of a key name. */
export const NOTE_NAME_CHARACTERS_MAX = 128;

const KEY_ID_SIZE = 4;
const TIME_SIZE = 8;
const SIGNATURE_START = '— ';

/** Signature types of C2SP signed-note; the byte goes into the key id. */
const TYPES = { ed25519: 0x01, cosignature: 0x04 } as const;

/** Whether a key signs the text itself, or vouches at a time to have seen it. */
export type NoteKeyType = keyof typeof TYPES;

/** A key with the name under which it signs notes. */
export interface NoteKey {
  readonly name: string;
  readonly type: NoteKeyType;
  readonly publicKey: PublicKey;
}

/** One signature line. */
export interface NoteSignature {
  readonly name: string;
  /** First four bytes of a hash over name, type and key: an identifier, no proof of anything. */
  readonly keyId: number;
  /** What follows the key id; its form depends on the type of the key. */
  readonly signature: Uint8Array;
}

export interface SignedNote {
  /** Ends with a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A line that was checked: who signed, and for a cosignature when. */
export interface VerifiedLine {
  readonly key: NoteKey;
  readonly line: NoteSignature;
  /** Seconds since 1970, as the witness says. */
  readonly timeS?: number;
}

export type NoteFault =
  | 'is longer than allowed'
  | 'is not UTF-8'
  | 'holds a control character'
  | 'does not end with a newline'
  | 'has no blank line before its signatures'
  | 'has no text'
  | 'has no signature'
  | 'has too many signatures'
  | 'has a signature line of another form'
  | 'has a key name that is empty, too long, or holds a space or plus'
  | 'has a signature that is not base64'
  | 'has a signature that is too short';

export type NoteFailure =
  | { readonly code: 'CORE_NOTE_MALFORMED'; readonly fault: NoteFault }
  | { readonly code: 'CORE_NOTE_KEY_MALFORMED'; readonly fact: string }
  | { readonly code: 'CORE_NOTE_SIGNATURE_WRONG'; readonly name: string; readonly keyId: string };

function malformed(fault: NoteFault): Result<never, NoteFailure> {
  return fail({ code: 'CORE_NOTE_MALFORMED', fault });
}

/** Not empty, bounded, no Unicode space, no plus, no control character. */
export function isNoteName(name: string): boolean {
  if (name.length === 0 || name.length > NOTE_NAME_CHARACTERS_MAX) return false;
  return !/[\s\u0085+]/u.test(name) && !hasControlCharacter(name);
}

/** Key id of a key: SHA-256(name, newline, type, key), the first four bytes, big-endian. */
export function noteKeyIdOf({ name, type, publicKey }: NoteKey): number {
  const hash = sha256(concatBytes(encodeUtf8(`${name}\n`), Uint8Array.of(TYPES[type]), publicKey));
  return readU32(hash);
}

/** A note as it is published. The caller's text ends with a newline. */
export function encodeNote({ text, signatures }: SignedNote): string {
  return `${text}\n${signatures.map(encodeNoteSignature).join('')}`;
}

/** One signature line, newline included. */
export function encodeNoteSignature({ name, keyId, signature }: NoteSignature): string {
  const writer = createWriter();
  writer.u32(keyId);
  writer.raw(signature);
  return `${SIGNATURE_START}${name} ${toBase64(writer.finish())}\n`;
}

/** Reads a note; whether anybody signed it is for `verifyNote`. */
export function readNote(bytes: Uint8Array): Result<SignedNote, NoteFailure> {
  const read = readLines(bytes);
  if (!read.ok) return read;
  const note = read.value;
  // The text may hold empty lines: the last one in the note separates.
  const split = note.lastIndexOf('\n\n');
  if (split < 0) return malformed('has no blank line before its signatures');
  if (split === 0) return malformed('has no text');
  const signatures = readSignatures(note.slice(split + 2));
  if (!signatures.ok) return signatures;
  return ok({ text: note.slice(0, split + 1), signatures: signatures.value });
}

/** Reads signature lines alone, as a witness answers with them. */
export function readNoteSignatures(
  bytes: Uint8Array,
): Result<readonly NoteSignature[], NoteFailure> {
  const read = readLines(bytes);
  return read.ok ? readSignatures(read.value) : read;
}

/** Text of nothing but lines, each with its newline. */
function readLines(bytes: Uint8Array): Result<string, NoteFailure> {
  if (bytes.length > NOTE_BYTES_MAX) return malformed('is longer than allowed');
  const decoded = decodeUtf8(bytes, 'note');
  if (!decoded.ok) return malformed('is not UTF-8');
  const text = decoded.value;
  if (hasControlCharacter(text.replaceAll('\n', ''))) return malformed('holds a control character');
  return text.endsWith('\n') ? ok(text) : malformed('does not end with a newline');
}

function readSignatures(lines: string): Result<readonly NoteSignature[], NoteFailure> {
  if (lines === '') return malformed('has no signature');
  const list = lines.slice(0, -1).split('\n');
  if (list.length > NOTE_SIGNATURES_MAX) return malformed('has too many signatures');
  const signatures: NoteSignature[] = [];
  for (const line of list) {
    const signature = readLine(line);
    if (!signature.ok) return signature;
    signatures.push(signature.value);
  }
  return ok(signatures);
}

function readLine(line: string): Result<NoteSignature, NoteFailure> {
  const parts = line.slice(SIGNATURE_START.length).split(' ');
  const [name, encoded] = parts;
  if (!line.startsWith(SIGNATURE_START) || name === undefined || encoded === undefined) {
    return malformed('has a signature line of another form');
  }
  if (parts.length > 2) return malformed('has a signature line of another form');
  if (!isNoteName(name)) {
    return malformed('has a key name that is empty, too long, or holds a space or plus');
  }
  const bytes = fromBase64(encoded);
  if (bytes === undefined) return malformed('has a signature that is not base64');
  if (bytes.length <= KEY_ID_SIZE) return malformed('has a signature that is too short');
  return ok({ name, keyId: readU32(bytes), signature: bytes.subarray(KEY_ID_SIZE) });
}

/**
 * Checks a note against known keys. Lines of unknown keys are ignored; a line of a known key that
 * does not hold spoils the whole note. A key counts once.
 * @returns one entry for each known key that signed; empty if none did
 */
export function verifyNote(
  note: SignedNote,
  keys: readonly NoteKey[],
): Result<readonly VerifiedLine[], NoteFailure> {
  const verified: VerifiedLine[] = [];
  const known = keys.map((key) => ({ key, keyId: noteKeyIdOf(key) }));
  for (const line of note.signatures) {
    const named = known.filter(({ key, keyId }) => key.name === line.name && keyId === line.keyId);
    if (named.length === 0) continue;
    const checked = named
      .map(({ key }) => verifyLine(note.text, line, key))
      .find((one) => one !== undefined);
    if (checked === undefined) {
      const keyId = line.keyId.toString(16).padStart(8, '0');
      return fail({ code: 'CORE_NOTE_SIGNATURE_WRONG', name: line.name, keyId });
    }
    if (!verified.some(({ key }) => key === checked.key)) verified.push(checked);
  }
  return ok(verified);
}

/** What a line says if it is of this key and holds; undefined otherwise. */
function verifyLine(text: string, line: NoteSignature, key: NoteKey): VerifiedLine | undefined {
  const { signature } = line;
  if (key.type === 'ed25519') {
    const holds = verifyStrict(key.publicKey, encodeUtf8(text), signature);
    return holds ? { key, line } : undefined;
  }
  if (signature.length !== TIME_SIZE + SIGNATURE_SIZE) return undefined;
  const timeS = readTime(signature);
  if (timeS === undefined) return undefined;
  const message = cosignedMessage(text, timeS);
  if (!verifyStrict(key.publicKey, message, signature.subarray(TIME_SIZE))) return undefined;
  return { key, line, timeS };
}

/** Signs the text of a note. @param sign  of the key itself, wherever it is kept */
export function signNote(text: string, name: string, { publicKey, sign }: Signer): NoteSignature {
  const keyId = noteKeyIdOf({ name, type: 'ed25519', publicKey });
  return { name, keyId, signature: sign(encodeUtf8(text)) };
}

/** Vouches, as a witness, to have seen the text. @param timeS  seconds since 1970 */
export function cosignNote(
  { text, timeS }: { readonly text: string; readonly timeS: number },
  name: string,
  { publicKey, sign }: Signer,
): NoteSignature {
  const keyId = noteKeyIdOf({ name, type: 'cosignature', publicKey });
  const writer = createWriter();
  writer.u64(timeS);
  writer.raw(sign(cosignedMessage(text, timeS)));
  return { name, keyId, signature: writer.finish() };
}

function cosignedMessage(text: string, timeS: number): Uint8Array {
  return encodeUtf8(`cosignature/v1\ntime ${timeS}\n${text}`);
}

/** A verifier key as text: name, key id in hex, and base64 of type and key, joined by plus. */
export function encodeNoteKey(key: NoteKey): string {
  const writer = createWriter();
  writer.u32(noteKeyIdOf(key));
  const material = concatBytes(Uint8Array.of(TYPES[key.type]), key.publicKey);
  return `${key.name}+${toHex(writer.finish())}+${toBase64(material)}`;
}

/** Reads a verifier key; a key id that is not that of the key is refused. */
export function readNoteKey(text: string): Result<NoteKey, NoteFailure> {
  const refuse = (fact: string) => fail({ code: 'CORE_NOTE_KEY_MALFORMED', fact } as const);
  // Base64 has plus signs, too: only the first two separate.
  const [, name = '', id = '', encoded = ''] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text) ?? [];
  if (!isNoteName(name)) return refuse('not NAME+ID+KEY with a name without spaces');
  const keyId = fromHex(id);
  if (keyId?.length !== KEY_ID_SIZE) return refuse('its id is not eight hex digits');
  const material = fromBase64(encoded);
  if (material?.length !== 1 + PUBLIC_KEY_SIZE) return refuse('its key is not base64 of 33 bytes');
  const type = typeOf(material[0] ?? 0);
  if (type === undefined) return refuse(`signature type ${material[0]} is not supported`);
  const publicKey = material.subarray(1);
  if (!isGoodPublicKey(publicKey)) return refuse('not a sound Ed25519 key');
  const key: NoteKey = { name, type, publicKey: asPublicKey(publicKey) };
  return noteKeyIdOf(key) === readU32(keyId) ? ok(key) : refuse('its id is of another key');
}

function typeOf(byte: number): NoteKeyType | undefined {
  const types = Object.keys(TYPES) as NoteKeyType[];
  return types.find((type) => TYPES[type] === byte);
}

function readU32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, KEY_ID_SIZE).getUint32(0);
}

/** Seconds in the first eight bytes; undefined beyond 2^53 - 1. */
function readTime(bytes: Uint8Array): number | undefined {
  const seconds = new DataView(bytes.buffer, bytes.byteOffset, TIME_SIZE).getBigUint64(0);
  return seconds <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(seconds) : undefined;
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) < 0x20) return true;
  }
  return false;
}
