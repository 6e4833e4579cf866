/**
 * Everything the machine can be told (protocol §8). The driver turns the world into these events,
 * one at a time, in one queue. What arrives from other validators has been authenticated before it
 * becomes an event: the machine checks rules, never signatures, hashes or encodings.
 */
import type {
  Certificate,
  ChainParameters,
  Commit,
  Decided,
  Hash,
  Header,
  Height,
  PrePrepare,
  Prepare,
  Rotation,
  Round,
  RoundChange,
  Status,
  TimestampMs,
  Unsigned,
  ValidatorSet,
  VoteMessage,
} from '@daybook/core';

/** Read once per event by the driver. Timers and pacing use `monoMs`, timeliness uses `wallMs`. */
export interface Instant {
  /** Monotonic clock in whole ms from any origin; never goes back. */
  readonly monoMs: number;
  /** Local wall clock in ms since 1970; may jump. */
  readonly wallMs: TimestampMs;
}

/** What a height is decided under; all of it follows from the parent state and the local key. */
export interface HeightContext {
  /** G, or G_e after a recovery: bound into every signature. */
  readonly chain: Hash;
  readonly height: Height;
  /** V_h. */
  readonly validators: ValidatorSet;
  /** Position of the own key in V_h; absent for an observer, who follows and never signs. */
  readonly selfIndex?: number;
  readonly parent: { readonly hash: Hash; readonly timestampMs: TimestampMs };
  /** Rotation of the parent state, in set order. */
  readonly rotation: Rotation;
  readonly parameters: ChainParameters;
}

/** A block the node holds durably because a quorum prepared it in `round`. */
export interface Lock {
  readonly round: Round;
  readonly blockHash: Hash;
  /** PREPARE certificate of exactly Q seals for (height, round, blockHash). */
  readonly certificate: Certificate;
}

/** A step of signing in lexicographic order of (height, round, step), protocol §9. */
export interface Position {
  readonly height: Height;
  readonly round: Round;
  readonly step: SigningStep;
}
export type SigningStep = 'round-change' | 'pre-prepare' | 'prepare' | 'commit';

/** A block whose header hash and body the driver has checked against `hash` and `txRoot`. */
export interface BlockRef {
  readonly hash: Hash;
  readonly header: Header;
}

/** What the vote log and the block log hold of the height being decided (protocol §12). */
export interface Recovered {
  /** Every own message logged at this height, in the order it was signed. */
  readonly messages: readonly VoteMessage[];
  readonly lock?: Lock;
  /** Candidates of the block log that the lock or an own PRE-PREPARE names. */
  readonly blocks: readonly BlockRef[];
}

/**
 * The head moved, by a `commit` effect or by sync, or the node starts.
 * `context.height` is head + 1 and never smaller than before.
 */
export interface HeightEntered {
  readonly type: 'height-entered';
  readonly context: HeightContext;
  /** Only for the height of the signing guard, when it is first entered after a start. */
  readonly recovered?: Recovered;
}

/**
 * A PRE-PREPARE whose signature holds, whose header hashes to `blockHash`, whose body is assembled
 * and matches `txRoot`, and whose justification hashes to `justificationHash`. The driver may empty
 * `inlined` before handing it over: the machine keeps the message for resending and relay.
 */
export interface ProposalReceived {
  readonly type: 'proposal';
  readonly message: PrePrepare;
  /** Wall clock at the first complete reception, body included. */
  readonly receivedWallMs: TimestampMs;
  /**
   * Whether every signature of the justification holds for (height, round, entry) and its
   * certificate, if any, is a valid PREPARE certificate of its own round and hash. Counts, order,
   * senders and the choice of the highest round are checked by the machine. True in round 0.
   */
  readonly sound: boolean;
}

/**
 * A vote whose signature holds. For a ROUND-CHANGE also: its certificate is a valid PREPARE
 * certificate for exactly the height, round and hash it claims.
 */
export interface VoteReceived {
  readonly type: 'vote';
  readonly message: Prepare | Commit | RoundChange;
}

/**
 * An own message that is now durable in the vote log (a LOCK with it): the answer to a `sign`
 * effect. Nothing has been sent yet; the machine answers with `send`.
 */
export interface OwnSigned {
  readonly type: 'signed';
  readonly message: VoteMessage;
}

/**
 * The answer to a `sign` effect that was not granted. `guard`: rules G1 to G3 forbid it, for ever
 * unless a later `recalled` shows that the machine asked without knowing what the log holds.
 * `paused`: the signer cannot now (disk nearly full); asked again every RESEND while it matters.
 */
export interface SignRefused {
  readonly type: 'refused';
  /** The content of the refused request; a PRE-PREPARE is named by its slot. */
  readonly slot: Pick<Unsigned, 'type' | 'height' | 'round'>;
  readonly reason: 'guard' | 'paused';
}

/**
 * What the vote log holds of the present height, read again while it goes on: the signer has come
 * back, whose last answer may have been lost on the way, or the guard has just refused a request
 * (then this comes before `refused`). A height that is over is ignored.
 */
export interface VotesRecalled {
  readonly type: 'recalled';
  readonly height: Height;
  readonly recovered: Recovered;
}

/**
 * A message correctly signed by the own key that the own vote log does not hold. The machine
 * decides what follows (R15): it is fatal unless quarantined or below the guard.
 */
export interface StrangerSeen {
  readonly type: 'stranger';
  readonly message: VoteMessage;
}

/**
 * A finalised header whose COMMIT certificate is valid for V of its height (R12). For the head's
 * own height it serves fork detection; for a lower one it is sent only if the final block there is
 * another, and stops the node.
 */
export interface DecidedReceived {
  readonly type: 'decided';
  readonly message: Decided;
  readonly blockHash: Hash;
  /** The body came along, or was held already, and matches the header. */
  readonly bodyHeld: boolean;
  /** Who sent it, if a validator: asked first for the body. */
  readonly from?: number;
}

/** A body asked for by `fetch` is in the driver's hands and matches its header. */
export interface BlockAvailable {
  readonly type: 'block';
  readonly block: BlockRef;
}

/**
 * The answer to `judge`: `staticOk` without timeliness, and `execOk`, on the present parent state.
 * The reason is carried into notices and never interpreted.
 */
export interface BlockJudged {
  readonly type: 'judged';
  readonly hash: Hash;
  readonly verdict: Verdict;
}
export type Verdict =
  | { readonly valid: true }
  | { readonly valid: false; readonly reason: { readonly code: string } };

/** The answer to `build`: a block made, executed and hence valid. A stale answer is ignored. */
export interface BlockBuilt {
  readonly type: 'built';
  readonly height: Height;
  readonly round: Round;
  readonly block: BlockRef;
}

/** Fires at or after the time of the last `schedule` of the same timer. */
export interface TimerFired {
  readonly type: 'timer';
  readonly timer: TimerId;
}

/**
 * - `round`: the current round has lasted T(r) (R7)
 * - `pacing`: BLOCK_INTERVAL has passed (R2)
 * - `patience`: T(0) has passed since the height was entered while another asks for a block (R2)
 * - `empty`: EMPTY_INTERVAL has passed (R2)
 * - `hold`: an early proposal may be timely now (R4)
 * - `resend`: RESEND has passed (R11)
 */
export type TimerId = 'round' | 'pacing' | 'patience' | 'empty' | 'hold' | 'resend';

/**
 * Whether a block is wanted here: the mempool has an executable transaction, a system transaction
 * waits, or an epoch boundary with a scheduled change lies ahead. Sent on every change; the last
 * value holds over heights, so it is sent BEFORE `height-entered` when a block emptied the pool.
 */
export interface WorkChanged {
  readonly type: 'work';
  readonly pending: boolean;
}

/** A STATUS over an authenticated channel. */
export interface StatusReceived {
  readonly type: 'status';
  readonly peer: PeerName;
  /** Position of the peer in V of the machine's height, absent if it is no validator of it. */
  readonly validator?: number;
  readonly status: Status;
}
/** The driver's own name for a connected peer, at most 128 characters; returned in effects. */
export type PeerName = string;

/**
 * Validators of V_h with a live direct link, self excluded; sent on every change and per height.
 */
export interface LinksChanged {
  readonly type: 'links';
  readonly validators: readonly number[];
}

/** A peer without a consensus channel, as observers are, has come within reach. */
export interface PeerLinked {
  readonly type: 'peer-linked';
  readonly peer: PeerName;
}

/**
 * The signer may not sign for heights up to `resumeAbove`, for none at all while it is absent
 * (protocol §12). Sent before the first height when the vote log is missing, copied or restored,
 * and again when the end is known.
 */
export interface Quarantined {
  readonly type: 'quarantine';
  readonly resumeAbove?: Height;
}

export type Event = Instant &
  (
    | HeightEntered
    | ProposalReceived
    | VoteReceived
    | OwnSigned
    | SignRefused
    | VotesRecalled
    | StrangerSeen
    | DecidedReceived
    | BlockAvailable
    | BlockJudged
    | BlockBuilt
    | TimerFired
    | WorkChanged
    | StatusReceived
    | LinksChanged
    | PeerLinked
    | Quarantined
  );
