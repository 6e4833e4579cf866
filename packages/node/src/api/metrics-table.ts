/** Metrics of the HTTP API, and of the health it reports. */
import type { MetricTable } from '../metrics.ts';

export const API_METRICS = {
  daybook_node_healthy: {
    type: 'gauge',
    help: '1 while GET /healthz succeeds, else 0.',
  },
  daybook_node_health_reasons: {
    type: 'gauge',
    labels: ['kind', 'severity'],
    help: '1 while the health judgement names this reason; the runbook has a section per kind.',
  },
  daybook_node_api_requests_total: {
    type: 'counter',
    labels: ['route', 'status'],
    help: 'Requests answered, by route id and HTTP status.',
  },
  daybook_node_api_problems_total: {
    type: 'counter',
    labels: ['code'],
    help: 'Answers that were problems, by code.',
  },
  daybook_node_api_request_seconds: {
    type: 'histogram',
    labels: ['route'],
    buckets: [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    help: 'Time from the head of a request to its answer, waiting for finality included.',
  },
  daybook_node_api_event_streams: {
    type: 'gauge',
    help: 'Event streams open.',
  },
  daybook_node_api_held_bytes: {
    type: 'gauge',
    help: 'Bytes of request bodies in memory.',
  },
} as const satisfies MetricTable;
