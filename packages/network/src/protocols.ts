/**
 * The one table of what travels: channels (long-lived streams), requests (multiplexed over a
 * channel) and gossip topics, each with its limits. Nothing else is spoken between nodes.
 */
import { LIMITS } from '@daybook/core';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Room for the envelope and for what an answer says around its content. */
const MARGIN_BYTES = 64 * KIB;

/** A proposal with the largest block that governance may allow. */
const CONSENSUS_FRAME_BYTES_MAX =
  LIMITS.blockBytesHardMax + LIMITS.proposalOverheadBytesMax + MARGIN_BYTES;

/** One long-lived stream per pair of peers. */
export interface ChannelRow {
  /** libp2p protocol id; its number changes only with an incompatible frame layout. */
  readonly id: string;
  /** `validators`: only between validators; `all`: between any two admitted peers. */
  readonly between: 'validators' | 'all';
  /** Largest frame, in bytes, checked against the length prefix before anything is kept. */
  readonly frameBytesMax: number;
  /** Frames per second and peer, and how many may come at once. */
  readonly rate: number;
  readonly burst: number;
  /** Bytes per second and peer, and how many may come at once. */
  readonly bytesRate: number;
  readonly bytesBurst: number;
  /** Over the rate: `drop` the frame and penalise, or `wait` (stop reading: the sender slows down). */
  readonly overRate: 'drop' | 'wait';
  /** Frames and bytes that may wait to be written to one peer; beyond, the oldest is dropped. */
  readonly queueFramesMax: number;
  readonly queueBytesMax: number;
}

export type ChannelName = 'consensus' | 'transactions' | 'sync';

export type ChannelTable = Readonly<Record<ChannelName, ChannelRow>>;

/** In order of priority: an earlier channel is written before a later one. */
export const CHANNELS: ChannelTable = {
  consensus: {
    id: '/daybook/1/consensus',
    between: 'validators',
    frameBytesMax: CONSENSUS_FRAME_BYTES_MAX,
    rate: 200,
    burst: 400,
    bytesRate: 8 * MIB,
    bytesBurst: 16 * MIB,
    overRate: 'drop',
    queueFramesMax: 1024,
    queueBytesMax: 8 * MIB,
  },
  transactions: {
    id: '/daybook/1/transactions',
    between: 'all',
    frameBytesMax: 1 * MIB,
    rate: 2000,
    burst: 4000,
    bytesRate: 32 * MIB,
    bytesBurst: 32 * MIB,
    overRate: 'wait',
    queueFramesMax: 4096,
    queueBytesMax: 16 * MIB,
  },
  sync: {
    id: '/daybook/1/sync',
    between: 'all',
    frameBytesMax: LIMITS.rangeBytesMax + 2 * MARGIN_BYTES,
    rate: 200,
    burst: 400,
    bytesRate: 64 * MIB,
    bytesBurst: 64 * MIB,
    overRate: 'wait',
    queueFramesMax: 256,
    queueBytesMax: 32 * MIB,
  },
};

/** The table for a chain whose blocks come so fast that the default rate would drop votes. */
export function channelTable(consensusRate = CHANNELS.consensus.rate): ChannelTable {
  const consensus = { ...CHANNELS.consensus, rate: consensusRate, burst: 2 * consensusRate };
  return { ...CHANNELS, consensus };
}

/** A question with one answer. */
export interface RequestRow {
  /** Number on the wire; never reused. */
  readonly number: number;
  readonly channel: ChannelName;
  readonly requestBytesMax: number;
  readonly responseBytesMax: number;
  readonly timeoutMs: number;
}

export type RequestName = 'blocks' | 'bodies' | 'transactions' | 'snapshot' | 'votes';

/**
 * `blocks` and `snapshot` serve catching up (spec §18), `votes` a validator that starts (spec §12);
 * the others fill gaps in a proposal.
 */
export const REQUESTS: Readonly<Record<RequestName, RequestRow>> = {
  blocks: {
    number: 1,
    channel: 'sync',
    requestBytesMax: 1 * KIB,
    responseBytesMax: LIMITS.rangeBytesMax + MARGIN_BYTES,
    timeoutMs: 10_000,
  },
  bodies: {
    number: 2,
    channel: 'sync',
    requestBytesMax: 16 * KIB,
    responseBytesMax: 4 * MIB,
    timeoutMs: 5_000,
  },
  /** Over `sync`: a proposal that waits for bodies must not queue behind batches of others. */
  transactions: {
    number: 3,
    channel: 'sync',
    requestBytesMax: 256 * KIB,
    responseBytesMax: 1 * MIB - MARGIN_BYTES,
    timeoutMs: 2_000,
  },
  snapshot: {
    number: 4,
    channel: 'sync',
    requestBytesMax: 4 * KIB,
    responseBytesMax: LIMITS.rangeBytesMax + MARGIN_BYTES,
    timeoutMs: 10_000,
  },
  /** What is held of the asker's own votes. */
  votes: {
    number: 5,
    channel: 'sync',
    requestBytesMax: 64,
    responseBytesMax: 1 * KIB,
    timeoutMs: 2_000,
  },
};

/** A gossip topic; the real name also carries the chain. */
export interface TopicRow {
  readonly id: string;
  readonly bytesMax: number;
  /**
   * Messages per second and peer that are judged, and how many at once. What comes beyond is
   * ignored without blame: a peer passes on what others send it, and cannot know that they flood.
   */
  readonly rate: number;
  readonly burst: number;
}

export type TopicName = 'blocks' | 'checkpoints' | 'system';

export const TOPICS: Readonly<Record<TopicName, TopicRow>> = {
  /** Finalised header and certificate, the body inline up to 64 KiB (spec §20). */
  blocks: { id: '/daybook/1/blocks', bytesMax: 128 * KIB, rate: 1000, burst: 2000 },
  /** Signed checkpoints (tlog-checkpoint notes): one line of each validator in two seconds. */
  checkpoints: { id: '/daybook/1/checkpoints', bytesMax: 16 * KIB, rate: 50, burst: 200 },
  /** Evidence and READYs that wait for a block (spec §15, §16), behind a count of attempts. */
  system: { id: '/daybook/1/system', bytesMax: 8 * KIB, rate: 50, burst: 500 },
};

/** Requests of one peer that run at a time, in each direction (spec §18). */
export const REQUESTS_IN_FLIGHT_MAX = 2;

/** Requests to one peer that wait for their turn; one more is refused as busy. */
export const REQUESTS_WAITING_MAX = 16;

/** Lines of an admission table. */
export const PEERS_MAX = 1024;
