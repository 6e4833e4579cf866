/**
 * Consensus messages (protocol §5) in three tiers: content (`UnsignedPrepare`), content with
 * signature (`Signed`), message on the wire (`Prepare`). Their bytes are in `message-codec.ts`.
 */
import type { Block, Body } from './block.ts';
import type { Certificate } from './certificate.ts';
import type { Header } from './header.ts';
import type { Hash, Height, Round, Signature, TimestampMs } from './ids.ts';
import type {
  PreparedRef,
  Unsigned,
  UnsignedCommit,
  UnsignedPrePrepare,
  UnsignedPrepare,
  UnsignedRoundChange,
} from './sign-bytes.ts';

/** Content with the index of its sender in V_h and the sender's signature. */
export interface Signed<Content extends Unsigned> {
  readonly content: Content;
  readonly sender: number;
  readonly signature: Signature;
}

/** One round change inside a justification: height and round are those of the proposal. */
export interface JustificationEntry {
  readonly sender: number;
  readonly prepared?: PreparedRef;
  readonly signature: Signature;
}

/** J: exactly Q entries ascending by sender, and the certificate of the highest prepared block. */
export interface Justification {
  readonly entries: readonly JustificationEntry[];
  readonly certificate?: Certificate;
}

/** Complete bytes of a transaction of the proposal, by its position in the body. */
export interface InlinedTransaction {
  readonly index: number;
  readonly bytes: Uint8Array;
}

export interface PrePrepare {
  readonly type: 'pre-prepare';
  readonly signed: Signed<UnsignedPrePrepare>;
  readonly header: Header;
  /** Hashes of the complete transaction bytes, in body order. */
  readonly transactionHashes: readonly Hash[];
  readonly inlined: readonly InlinedTransaction[];
  /** Absent exactly in round 0. */
  readonly justification?: Justification;
}

export interface Prepare {
  readonly type: 'prepare';
  readonly signed: Signed<UnsignedPrepare>;
}

export interface Commit {
  readonly type: 'commit';
  readonly signed: Signed<UnsignedCommit>;
}

export interface RoundChange {
  readonly type: 'round-change';
  readonly signed: Signed<UnsignedRoundChange>;
  /** PREPARE certificate of `prepared`, present exactly with it. */
  readonly certificate?: Certificate;
}

/** Self-proving: a finalised header with its COMMIT certificate. */
export interface Decided {
  readonly type: 'decided';
  readonly header: Header;
  readonly certificate: Certificate;
  readonly body?: Body;
}

/** Bitmaps over V_h (LSB first, ceil(n/8) bytes, at most 4) of what the sender holds. */
export interface HeldVotes {
  readonly prePrepare: Uint8Array;
  readonly prepare: Uint8Array;
  readonly commit: Uint8Array;
  readonly roundChange: Uint8Array;
}

/** Hints only: authenticated by the channel, proves nothing. */
export interface Status {
  readonly type: 'status';
  /** The height the sender works on: its head plus one. */
  readonly height: Height;
  readonly round: Round;
  readonly headHash: Hash;
  readonly wallMs: TimestampMs;
  /** Bitmap of validators the sender has a direct link to. */
  readonly links: Uint8Array;
  readonly held: HeldVotes;
}

export interface GetBlock {
  readonly type: 'get-block';
  readonly blockHash: Hash;
}

export interface BlockReply {
  readonly type: 'block';
  readonly block: Block;
}

export type VoteMessage = PrePrepare | Prepare | Commit | RoundChange;
export type Message = VoteMessage | Decided | Status | GetBlock | BlockReply;
export type MessageType = Message['type'];
