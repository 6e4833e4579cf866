/**
 * The table of this package's metrics, from which the node registers them and the docs are made.
 * Labels come from closed sets: channels, requests, topics, codes; never peers.
 */

/** One metric; `labels` are its label names in order. */
export interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
}

export const NETWORK_METRICS = {
  daybook_network_links: {
    type: 'gauge',
    help: 'Connected and admitted peers.',
    labels: ['role'],
  },
  daybook_network_dials_total: {
    type: 'counter',
    help: 'Dials to known peers by outcome: connected or failed.',
    labels: ['outcome'],
  },
  daybook_network_frames_total: {
    type: 'counter',
    help: 'Frames sent and received.',
    labels: ['channel', 'direction'],
  },
  daybook_network_bytes_total: {
    type: 'counter',
    help: 'Bytes of frames sent and received.',
    labels: ['channel', 'direction'],
  },
  daybook_network_dropped_total: {
    type: 'counter',
    help: 'Frames dropped: queue full (overflow), link ended (closed), over the rate (rate), or of a size that is refused (oversized, empty).',
    labels: ['channel', 'why'],
  },
  daybook_network_queued_bytes: {
    type: 'gauge',
    help: 'Bytes that wait to be written, over all peers.',
    labels: [],
  },
  daybook_network_refusals_total: {
    type: 'counter',
    help: 'Links and channels refused or cut, by the code of the reason.',
    labels: ['code'],
  },
  daybook_network_offences_total: {
    type: 'counter',
    help: 'What peers did wrong.',
    labels: ['offence'],
  },
  daybook_network_own_faults_total: {
    type: 'counter',
    help: 'Listeners of this node that threw over what a peer sent: the message is dropped, the peer is not to blame, the log names the error.',
    labels: ['place'],
  },
  daybook_network_requests_total: {
    type: 'counter',
    help: 'Requests asked, by outcome: answered, refused or failed.',
    labels: ['request', 'outcome'],
  },
  daybook_network_request_seconds: {
    type: 'histogram',
    help: 'Time from asking to the answer.',
    labels: ['request'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
  },
  daybook_network_gossip_total: {
    type: 'counter',
    help: 'Gossiped messages: published, or received with the verdict.',
    labels: ['topic', 'verdict'],
  },
} as const satisfies Readonly<Record<string, MetricRow>>;

export type MetricName = keyof typeof NETWORK_METRICS;
