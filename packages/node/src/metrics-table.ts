/** Metrics of the node's own parts: chain, consensus, mempool, execution. */
import type { MetricTable } from './metrics.ts';

export const NODE_METRICS = {
  daybook_node_head_height: { type: 'gauge', help: 'Height of the newest final block.' },
  daybook_node_head_time_seconds: {
    type: 'gauge',
    help: 'Timestamp of the newest final block, in seconds since 1970.',
  },
  daybook_node_empty_interval_seconds: {
    type: 'gauge',
    help: 'Longest pause between blocks that the chain allows when nothing waits.',
  },
  daybook_node_join_fraction: {
    type: 'gauge',
    help: 'Share of a phase of joining by a snapshot that is done, 0 to 1.',
    labels: ['phase'],
  },
  daybook_node_round: { type: 'gauge', help: 'Consensus round at the height being decided.' },
  daybook_node_want_seconds: {
    type: 'gauge',
    help: 'How long a block has been due; 0 while none is.',
  },
  daybook_node_round_spread_count: {
    type: 'gauge',
    help: 'Rounds between the highest and the lowest that validators ask for.',
  },
  daybook_node_quorum_missing_count: {
    type: 'gauge',
    help: 'Validators within reach that are missing to a quorum; 0 while it is there.',
  },
  daybook_node_voters_silent_count: {
    type: 'gauge',
    help: 'Validators that are not connected, not heard of, or without a vote that is overdue.',
  },
  daybook_node_voter_silence_seconds: {
    type: 'gauge',
    help: 'How long ago a validator was last heard of.',
    labels: ['organisation'],
  },
  daybook_node_held_messages_count: {
    type: 'gauge',
    help: 'Consensus messages held: votes and proposals of three heights.',
  },
  daybook_node_held_blocks_count: {
    type: 'gauge',
    help: 'Blocks held in memory at the height being decided.',
  },
  daybook_node_clock_offset_seconds: {
    type: 'gauge',
    help: 'Own clock minus the median clock of the other validators.',
  },
  daybook_node_signing_seconds: {
    type: 'histogram',
    help: 'Time from asking the signer to its answer, writing the vote log included.',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 10],
  },
  daybook_node_signing_wait_seconds: {
    type: 'gauge',
    help: 'How long the signature under way has waited for the disk; 0 while none is.',
  },
  daybook_node_vote_sync_seconds: {
    type: 'histogram',
    help: 'Time of one sync of a vote log mirror.',
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 10],
  },
  daybook_node_guard_refusals_total: {
    type: 'counter',
    help: 'Signatures refused, by the code of the reason.',
    labels: ['code'],
  },
  daybook_node_blocks_total: { type: 'counter', help: 'Blocks made final since the start.' },
  daybook_node_transactions_total: {
    type: 'counter',
    help: 'Transactions made final since the start.',
    labels: ['outcome'],
  },
  daybook_node_block_seconds: {
    type: 'histogram',
    help: 'Time from one final block to the next.',
    buckets: [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120],
  },
  daybook_node_mempool_transactions: { type: 'gauge', help: 'Transactions that wait.' },
  daybook_node_mempool_bytes: { type: 'gauge', help: 'Bytes of the transactions that wait.' },
  daybook_node_links_count: {
    type: 'gauge',
    help: 'Connected peers.',
    labels: ['role'],
  },
  daybook_node_disk_free_ratio: {
    type: 'gauge',
    help: 'Free part of the file system of the data directory.',
  },
  daybook_node_state_records_count: { type: 'gauge', help: 'Records in the state.' },
  daybook_node_state_bytes: {
    type: 'gauge',
    help: 'Disk of the state: tree nodes, and values of records.',
    labels: ['part'],
  },
  daybook_node_state_written_bytes: {
    type: 'gauge',
    help: 'Ever written to the state, by part: its slope is what blocks cost the disk.',
    labels: ['part'],
  },
  daybook_node_state_cache_bytes: { type: 'gauge', help: 'Memory of cached tree nodes.' },
  daybook_node_state_segments_removed_total: {
    type: 'counter',
    help: 'Files of the state that old versions gave back to the disk since the start.',
  },
  daybook_node_state_history_from_height: {
    type: 'gauge',
    help: 'Height from which on every version of every record is kept; 0 while all are.',
  },
  daybook_node_evidence_total: {
    type: 'counter',
    help: 'Contradictions of validators: found by this node, and recorded on chain.',
    labels: ['stage'],
  },
  daybook_node_system_waiting: {
    type: 'gauge',
    help: 'System transactions that wait for a block.',
    labels: ['kind'],
  },
  daybook_node_ready_total: {
    type: 'counter',
    help: 'READYs of the own consensus keys since the start.',
  },
  daybook_node_checkpoint_size: {
    type: 'gauge',
    help: 'Blocks that the newest served checkpoint covers.',
  },
  daybook_node_checkpoint_lines_total: {
    type: 'counter',
    help: 'Signature lines of checkpoints: taken, or contradicting the own chain.',
    labels: ['outcome'],
  },
  daybook_node_archive_blocks_total: {
    type: 'counter',
    help: 'Blocks asked of the archive: served, damaged there, or not to be had.',
    labels: ['outcome'],
  },
  daybook_node_block_log_bytes: {
    type: 'gauge',
    help: 'Full segments of the block log on the own disk.',
  },
  daybook_node_notices_total: {
    type: 'counter',
    help: 'Notices of the consensus machine by code.',
    labels: ['code'],
  },
} as const satisfies MetricTable;
