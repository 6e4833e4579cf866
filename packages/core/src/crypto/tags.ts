/**
 * Every domain tag of the protocol with the exact layout that follows it, so that bytes hashed or
 * signed for one purpose can never pass for another. A tag is `DBK1:` and a name, ASCII, padded
 * with zeros to 16 bytes. Names are never reused. (Merkle leaves and nodes carry the one-byte
 * prefixes of RFC 9162 instead.)
 */
import { assert } from '../codec/assert.ts';
import { encodeUtf8 } from '../codec/bytes.ts';

export const TAG_SIZE = 16;

/** What follows each tag; `|` joins, numbers are bytes, u16 to u64 are big-endian. */
export const TAG_LAYOUTS = {
  /** Chain id G. */
  GENESIS: 'canonical genesis bytes',
  /** A founder's consent, signed with the governance key. */
  FOUNDER: 'G 32',
  /** Validator id. */
  VALIDATOR: 'first consensus public key 32',
  /** Block hash. */
  HEADER: 'header bytes',
  /** Hash of a validator set. */
  VALIDATORS: 'count u16 | count x (id 32 | public key 32)',
  /** Transaction id. */
  TXBODY: 'transaction body bytes',
  /** What each signer of a transaction signs. */
  TXSIGN: 'transaction body bytes',
  /** Transaction hash: body and signatures. */
  TXWIRE: 'transaction wire bytes',
  /** Justification hash of a proposal. */
  JUST: 'justification bytes',
  /** Order of proposers in an epoch. */
  PERM: 'G 32 | epoch u64 | validator id 32',
  /** Signed by the proposer of a round. */
  PREPREPARE: 'G 32 | height u64 | round u32 | block hash 32 | justification hash 32',
  /** Signed by a validator that accepts a proposal. */
  PREPARE: 'G 32 | height u64 | round u32 | block hash 32',
  /** The seal. */
  COMMIT: 'G 32 | height u64 | round u32 | block hash 32',
  /** Signed by a validator that gives up a round. */
  ROUNDCHG: 'G 32 | height u64 | round u32 | flag u8 | prepared round u32 | prepared hash 32',
  /** Possession of a new key, signed with that key; G is zero for the founders' keys. */
  POP: 'G 32 | purpose u8 | public key 32 | holder',
  /** A validator, present or to come, is in step and can sign. */
  READY: 'G 32 | height u64 | block hash 32',
  /** Consent to a recovery, signed with governance keys; the hash of the same bytes is its era. */
  RECOVERY: 'G 32 | SHA-256 of the plan 32',
  /** Id of a system transaction. */
  SYSTEM: 'kind u8 | payload',
  /** Key of a record in the state tree. */
  KEY: 'record key bytes',
  /** Leaf of the state tree. */
  TREELEAF: 'tree key length u8 | tree key | value hash 32',
  /** Label of a bucket or node of the state tree: the right half of its hash. */
  TREENODE: 'kind u8 | depth or count u8 | prefix',
  /** Hash of a stored value. */
  VALUE: 'stored value bytes',
  /** Hash of one contract of the manifest, and of the manifest as the list of those hashes. */
  MANIFEST: 'canonical part of a contract, or canonical list of hashes of parts or of contracts',
  /** Commitment to what is kept off the chain until it is shown, or for ever. */
  SEAL: 'canonical [purpose, salt 32, value]',
  /** Last part of a proof bundle: no byte of the file can change unnoticed. */
  BUNDLE: 'canonical array of the parts before',
  /** A node's signed description of itself. */
  CARD: 'canonical card bytes',
} as const;

/** Name of a tag. */
export type TagName = keyof typeof TAG_LAYOUTS;

/** The 16 bytes of each tag; read only. */
export const TAGS: Readonly<Record<TagName, Uint8Array>> = buildTags();

function buildTags(): Record<TagName, Uint8Array> {
  const names = Object.keys(TAG_LAYOUTS) as TagName[];
  return Object.fromEntries(names.map((name) => [name, tagOf(name)])) as Record<
    TagName,
    Uint8Array
  >;
}

function tagOf(name: string): Uint8Array {
  const text = encodeUtf8(`DBK1:${name}`);
  assert(text.length <= TAG_SIZE, `the tag ${name} fits into ${TAG_SIZE} bytes`);
  const tag = new Uint8Array(TAG_SIZE);
  tag.set(text);
  return tag;
}
