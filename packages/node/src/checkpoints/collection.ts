/**
 * The signature lines that were collected for one tree: pure book-keeping. A tree is served when a
 * quorum of its validators has signed; cosignatures of witnesses are added whenever they come.
 */
import type {
  CheckpointFailure,
  NoteKey,
  NoteSignature,
  Result,
  SignedNote,
  TreeHead,
  ValidatorSet,
} from '@daybook/core';
import {
  checkpointKeysOf,
  encodeNote,
  encodeTreeHead,
  encodeUtf8,
  equalBytes,
  ok,
  quorumOf,
  verifyNote,
} from '@daybook/core';

/** A tree of this node with the lines it has so far. */
export interface Collection {
  readonly head: TreeHead;
  readonly text: string;
  readonly validators: ValidatorSet;
  readonly signed: readonly NoteSignature[];
  readonly cosigned: readonly NoteSignature[];
}

/** What new lines did to a collection. */
export interface Added {
  readonly collection: Collection;
  /** Lines that were not there before. */
  readonly fresh: readonly NoteSignature[];
  /** Lines of known keys, fresh or not. */
  readonly known: number;
}

/** Lines that one tree takes of witnesses: as many as can be registered. */
const COSIGNED_MAX = 32;

export function openCollection(head: TreeHead, validators: ValidatorSet): Collection {
  return { head, text: encodeTreeHead(head), validators, signed: [], cosigned: [] };
}

export function isQuorate({ signed, validators }: Collection): boolean {
  return signed.length >= quorumOf(validators.length).quorum;
}

/** Whether so many witnesses have cosigned it, each counted once. */
export function isCosignedBy({ cosigned }: Collection, witnessesMin: number): boolean {
  return cosigned.length >= witnessesMin;
}

/**
 * Sizes of the newest tree for each number of witnesses: a witness that comes by once an hour leaves
 * a tree that is long out of date when the next one is cosigned.
 */
export function newestCosigned(collections: Iterable<Collection>): ReadonlySet<number> {
  const sizes = new Set<number>();
  let most = 0;
  const newestFirst = [...collections].sort((a, b) => b.head.size - a.head.size);
  for (const { head, cosigned } of newestFirst) {
    if (cosigned.length <= most) continue;
    most = cosigned.length;
    sizes.add(head.size);
  }
  return sizes;
}

/** The note as it is served, validators first. */
export function renderCollection({ text, signed, cosigned }: Collection): Uint8Array {
  return encodeUtf8(encodeNote({ text, signatures: [...signed, ...cosigned] }));
}

/**
 * Adds the lines of known keys; a wrong line of one of them spoils all. Lines that are held already
 * are not verified again: anybody can repeat them without end.
 */
export function addLines(
  collection: Collection,
  signatures: SignedNote['signatures'],
  witnesses: readonly NoteKey[],
): Result<Added, CheckpointFailure> {
  const { head, text, validators } = collection;
  const isHeld = isAmong([...collection.signed, ...collection.cosigned]);
  const unheld = signatures.filter((line) => !isHeld(line));
  const note = { text, signatures: unheld };
  const signed = verifyNote(note, checkpointKeysOf(head.origin, validators));
  if (!signed.ok) return signed;
  const cosigned = verifyNote(note, witnesses);
  if (!cosigned.ok) return cosigned;
  const freshSigned = signed.value.map(({ line }) => line).filter(isNewTo(collection.signed));
  const freshCosigned = cosigned.value
    .map(({ line }) => line)
    .filter(isNewTo(collection.cosigned))
    .slice(0, COSIGNED_MAX - collection.cosigned.length);
  return ok({
    collection: {
      ...collection,
      signed: [...collection.signed, ...freshSigned],
      cosigned: [...collection.cosigned, ...freshCosigned],
    },
    fresh: [...freshSigned, ...freshCosigned],
    known: signatures.length - unheld.length + signed.value.length + cosigned.value.length,
  });
}

function isAmong(lines: readonly NoteSignature[]): (line: NoteSignature) => boolean {
  return ({ name, keyId, signature }) =>
    lines.some(
      (line) => line.keyId === keyId && line.name === name && equalBytes(line.signature, signature),
    );
}

/** Validators are told apart by what they sign, witnesses by name and key: one line each. */
function isNewTo(lines: readonly NoteSignature[]): (line: NoteSignature) => boolean {
  return ({ name, keyId, signature }) =>
    !lines.some(
      (line) =>
        line.name === name &&
        line.keyId === keyId &&
        // Two validators may share a key id; the signature of Ed25519 is one for a key and a text.
        (signature.length > 64 || equalBytes(line.signature, signature)),
    );
}

/** A collection needs a text of its own chain at its own size. */
export function isOf({ head }: Collection, other: TreeHead): boolean {
  return head.size === other.size && equalBytes(head.root, other.root);
}
