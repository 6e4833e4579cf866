/**
 * What the machine remembers (protocol §8): plain objects that can be printed, compared, stored and
 * replayed. Nothing is changed in place; states share what they have in common. The volatile part
 * of a height stands in `HeightState`; what outlives a height stands in `State`.
 */
import type {
  Certificate,
  Commit,
  Hash,
  Height,
  PrePrepare,
  Prepare,
  Quorum,
  Round,
  RoundChange,
  Signed,
  Status,
  TimestampMs,
  UnsignedPrePrepare,
  VoteMessage,
} from '@daybook/core';
import { quorumOf } from '@daybook/core';
import type { SignRequest } from './effect.ts';
import type { BlockRef, HeightContext, Lock, PeerName, Position, TimerId } from './event.ts';
import type { Held, Row, Table } from './votes.ts';
import { emptyRow } from './votes.ts';

/**
 * How far a proposal has come in R4: `held` is early and waits for the clock, `judging` waits for
 * the block's verdict, `accepted` is or was `acc`, `rejected` broke a rule, `refused` would
 * contradict an own PREPARE.
 */
export type ProposalStage = 'held' | 'judging' | 'accepted' | 'rejected' | 'refused';

export interface Proposal extends Held<PrePrepare> {
  readonly receivedWallMs: TimestampMs;
  readonly sound: boolean;
  /** Absent until the proposal is examined, that is while it waits for its height. */
  readonly stage?: ProposalStage;
  /** `fresh` was made for this round, `repeat` re-proposes a prepared block. */
  readonly origin?: 'fresh' | 'repeat';
}

/** A block whose bytes the driver holds. */
export interface BlockEntry {
  readonly block: BlockRef;
  readonly verdict: 'unjudged' | 'judging' | 'valid' | 'invalid';
  /** Why it is invalid, in the driver's words. */
  readonly reason?: { readonly code: string };
  /** Whether the one repetition of R15 was asked for. */
  readonly judgedAgain: boolean;
  /** Whether it was handed to the block log as a candidate. */
  readonly stored: boolean;
}

/** A block to be obtained, and who should have it. */
export interface Missing {
  readonly hash: Hash;
  readonly from: readonly number[];
}

/** A block that Q COMMITs of one round, or a certificate, have decided (R6, R12). */
export interface Decision {
  readonly round: Round;
  readonly blockHash: Hash;
  /** Present if it came with a DECIDED; otherwise made of the COMMITs held. */
  readonly certificate?: Certificate;
}

/** The own PRE-PREPARE of a round in the making. */
export interface Proposing {
  readonly round: Round;
  /** Absent while the driver builds. */
  readonly blockHash?: Hash;
}

/** Everything about the height that is being decided; forgotten when it ends. */
export interface HeightState {
  readonly context: HeightContext;
  readonly quorum: Quorum;
  readonly enteredMonoMs: number;
  /** R2: a block is wanted. */
  readonly want: boolean;
  readonly round: Round;
  /** `acc`: hash of the proposal accepted in `round`. */
  readonly accepted: Hash | undefined;
  readonly proposals: Readonly<Record<Round, Proposal>>;
  readonly prepares: Table<Prepare>;
  readonly commits: Table<Commit>;
  readonly roundChanges: Table<RoundChange>;
  /** `maxRC`: highest round each validator has asked for; everybody asks for round 0. */
  readonly maxRoundChange: readonly Round[];
  /** By hex of the hash. */
  readonly blocks: Readonly<Record<string, BlockEntry>>;
  /** By hex of the hash: being fetched. */
  readonly missing: Readonly<Record<string, Missing>>;
  /** Durable. */
  readonly lock: Lock | undefined;
  /** Sign requests without an answer, by slot key. */
  readonly pending: Readonly<Record<string, SignRequest>>;
  /** Slot keys the guard refused: not asked for again, unless the log is found to hold more. */
  readonly refused: readonly string[];
  /** Slot keys the signer could not serve; asked again at the next RESEND. */
  readonly paused: readonly string[];
  /** The round was entered by `moveTo`, so a ROUND-CHANGE of one's own belongs to it. */
  readonly asking: boolean;
  readonly proposing: Proposing | undefined;
  readonly decision: Decision | undefined;
  /** Proposer by place in the cycle of rounds, filled when asked for. */
  readonly proposers: Readonly<Record<number, number>>;
}

/** Votes for the height after the present one (§11). */
export interface NextHeight {
  readonly proposals: Readonly<Record<Round, Proposal>>;
  readonly prepares: Row<Prepare>;
  readonly commits: Row<Commit>;
  readonly roundChanges: Row<RoundChange>;
}

/** What is held of everybody's votes at one height. */
export interface VotesOfHeight {
  readonly proposals: Readonly<Record<Round, Signed<UnsignedPrePrepare>>>;
  readonly prepares: Table<Prepare>;
  readonly commits: Table<Commit>;
  readonly roundChanges: Table<RoundChange>;
}

/** Votes of the height before the present one, kept one height longer to recognise evidence. */
export interface PastHeight extends VotesOfHeight {
  readonly height: Height;
}

/** The last STATUS of a validator. */
export interface PeerView {
  readonly status: Status;
  readonly atMonoMs: number;
  /** When it was last sent what its STATUS lacked (R14). */
  readonly suppliedMonoMs?: number;
  /** How often, in the present height: rotates who supplies a lost proposal. */
  readonly supplies: number;
}

export interface HelpGiven {
  readonly height: Height;
  readonly atMonoMs: number;
}

/**
 * `waiting` for the first height, `running`, `finalising` after `commit` until the next height,
 * `stopped` by R15.
 */
export type Phase = 'waiting' | 'running' | 'finalising' | 'stopped';

/** Signing is forbidden up to a height, or altogether while none is named. */
export interface Quarantine {
  readonly resumeAbove: Height | undefined;
}

export interface State {
  readonly phase: Phase;
  /** Seeded generator for the jitter of R11, a non-zero u32. */
  readonly jitter: number;
  /** Highest position known to be signed by the own key. */
  readonly guard: Position | undefined;
  readonly quarantine: Quarantine | undefined;
  readonly workPending: boolean;
  /** Validators with a direct link, ascending. */
  readonly links: readonly number[];
  /** When each armed timer is due. */
  readonly timers: Readonly<Partial<Record<TimerId, number>>>;
  readonly current: HeightState | undefined;
  readonly next: NextHeight;
  readonly past: PastHeight | undefined;
  /** Certificate of the head as decided here; absent after sync. */
  readonly headCertificate: Certificate | undefined;
  /** By index in V of the present height. */
  readonly peers: readonly (PeerView | undefined)[];
  /** When each validator was last heard of, by any message. */
  readonly heardMonoMs: readonly (number | undefined)[];
  readonly helped: Readonly<Record<PeerName, readonly HelpGiven[]>>;
  /** Own logged COMMITs above the head, after the block log lost blocks (§12, recovery 6). */
  readonly carried: readonly VoteMessage[];
  /** Evidence already reported, as height/validator/kind, of the last heights. */
  readonly reported: readonly string[];
}

export interface StateOptions {
  /** Any integer; different per node, so that resending nodes do not march in step. */
  readonly seed: number;
  /** Position of the last signature in the vote log. */
  readonly guard?: Position;
  /** Own COMMITs in the vote log for heights above the first height that will be entered. */
  readonly carried?: readonly VoteMessage[];
}

export function emptyNextHeight(count: number): NextHeight {
  return {
    proposals: {},
    prepares: emptyRow(count),
    commits: emptyRow(count),
    roundChanges: emptyRow(count),
  };
}

/** The machine before its first height: it knows nothing and does nothing. */
export function createState({ seed, guard, carried = [] }: StateOptions): State {
  return {
    phase: 'waiting',
    jitter: seed >>> 0 === 0 ? 1 : seed >>> 0,
    workPending: false,
    links: [],
    timers: {},
    next: emptyNextHeight(0),
    peers: [],
    heardMonoMs: [],
    helped: {},
    carried,
    reported: [],
    guard,
    quarantine: undefined,
    current: undefined,
    past: undefined,
    headCertificate: undefined,
  };
}

/** A height just entered (R1): round 0, nothing seen, nothing wanted. */
export function createHeight(context: HeightContext, monoMs: number): HeightState {
  return {
    context,
    quorum: quorumOf(context.validators.length),
    enteredMonoMs: monoMs,
    want: false,
    round: 0,
    proposals: {},
    prepares: {},
    commits: {},
    roundChanges: {},
    maxRoundChange: context.validators.map(() => 0),
    blocks: {},
    missing: {},
    pending: {},
    refused: [],
    paused: [],
    asking: false,
    proposers: {},
    accepted: undefined,
    lock: undefined,
    proposing: undefined,
    decision: undefined,
  };
}
