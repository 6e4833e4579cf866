/** The table of this package's metrics, from which the node registers them and the docs are made. */

export const READMODEL_METRICS = {
  daybook_readmodel_height: {
    type: 'gauge',
    help: 'Height of the block whose state the SQL tables show.',
  },
  daybook_readmodel_lag_blocks: {
    type: 'gauge',
    help: 'Final blocks that are not in the SQL tables yet.',
  },
  daybook_readmodel_rows_total: {
    type: 'counter',
    help: 'Rows written to the SQL tables.',
  },
  daybook_readmodel_unreadable_total: {
    type: 'counter',
    help: 'Records left out because the present definitions do not read their stored fields.',
  },
  daybook_readmodel_rebuilds_total: {
    type: 'counter',
    help: 'How often the SQL tables were built anew from the state.',
  },
  daybook_readmodel_gaps_closed_total: {
    type: 'counter',
    help: 'How often blocks that the SQL tables had missed were read again from the chain.',
  },
  daybook_readmodel_reread_blocks_total: {
    type: 'counter',
    help: 'Blocks that were executed again because the SQL tables had missed them.',
  },
  daybook_readmodel_failures_total: {
    type: 'counter',
    help: 'How often writing to the SQL tables failed and was begun again.',
  },
} as const;

export type MetricName = keyof typeof READMODEL_METRICS;

/** Where figures go. */
export interface MetricsSink {
  set(name: MetricName, value: number): void;
  add(name: MetricName, amount: number): void;
}
