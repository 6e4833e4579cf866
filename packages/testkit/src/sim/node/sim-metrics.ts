/** The node's metrics port: what it tells operators is told to whoever listens, and nothing is kept. */
import type { MetricsSink } from '@daybook/node';

const NOTICES = 'daybook_node_notices_total';

/** @param onNotice  told the code of every notice to operators */
export function createSimMetrics(onNotice: (code: string) => void): MetricsSink {
  return {
    add: (name, _amount, labels = {}) => {
      if (name === NOTICES && labels.code !== undefined) onNotice(labels.code);
    },
    set: ignore,
    observe: ignore,
  };
}

function ignore(): void {
  // Gauges and histograms are of no use here.
}
