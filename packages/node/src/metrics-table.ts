/** Metrics of the node's own parts: chain, consensus, mempool, execution. */
import type { MetricTable } from './metrics.ts';

export const NODE_METRICS = {
  daybook_node_head_height: { type: 'gauge', help: 'Height of the newest final block.' },
  daybook_node_round: { type: 'gauge', help: 'Consensus round at the height being decided.' },
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
  daybook_node_notices_total: {
    type: 'counter',
    help: 'Notices of the consensus machine by code.',
    labels: ['code'],
  },
} as const satisfies MetricTable;
