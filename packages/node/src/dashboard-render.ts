/**
 * The Grafana dashboard, rendered from the tables of metrics: what an operator looks at first on
 * top, then every metric of every package, so that none is kept that nobody can see. Pure.
 */
import { NETWORK_METRICS } from '@daybook/network';
import { READMODEL_METRICS } from '@daybook/readmodel';
import { API_METRICS } from './api/metrics-table.ts';
import type { MetricRow, MetricTable } from './metrics.ts';
import { NODE_METRICS } from './metrics-table.ts';

/** Tables of metrics by the heading under which people find them. */
export const METRIC_TABLES: Readonly<Record<string, MetricTable>> = {
  'Chain and consensus': NODE_METRICS,
  'HTTP API': API_METRICS,
  Network: NETWORK_METRICS,
  'SQL tables': READMODEL_METRICS,
};

interface Panel {
  readonly title: string;
  readonly type: 'timeseries' | 'stat' | 'row';
  readonly unit?: string;
  readonly targets: readonly Target[];
}

interface Target {
  readonly expr: string;
  readonly legend: string;
}

const FIRST: readonly Panel[] = [
  stat('Healthy', 'min by (instance) (daybook_node_healthy)', 'bool'),
  stat('Height', 'daybook_node_head_height', 'none'),
  stat('Reasons', 'daybook_node_health_reasons == 1', 'none', '{{instance}} {{kind}} {{severity}}'),
  series('Blocks per second', 'rate(daybook_node_blocks_total[1m])', 'ops'),
  series('Event loop delay p99', 'nodejs_eventloop_lag_p99_seconds', 's'),
  series('Resident memory', 'process_resident_memory_bytes', 'bytes'),
];

function stat(title: string, expr: string, unit: string, legend = '{{instance}}'): Panel {
  return { title, type: 'stat', unit, targets: [{ expr, legend }] };
}

function series(title: string, expr: string, unit: string): Panel {
  return { title, type: 'timeseries', unit, targets: [{ expr, legend: '{{instance}}' }] };
}

function unitOf(name: string): string {
  if (/_bytes(?:_total)?$/.test(name)) return 'bytes';
  if (name.endsWith('_seconds')) return 's';
  return name.endsWith('_ratio') ? 'percentunit' : 'short';
}

function panelOf(name: string, row: MetricRow): Panel {
  const labels = (row.labels ?? []).map((label) => `{{${label}}}`).join(' ');
  const legend = `{{instance}} ${labels}`.trim();
  const by = ['instance', ...(row.labels ?? [])].join(', ');
  const title = row.help.replace(/\.$/, '');
  const common = { title, type: 'timeseries', unit: unitOf(name) } as const;
  switch (row.type) {
    case 'gauge':
      return { ...common, targets: [{ expr: name, legend }] };
    case 'counter':
      return { ...common, targets: [{ expr: `sum by (${by}) (rate(${name}[5m]))`, legend }] };
    case 'histogram':
      return {
        ...common,
        targets: [0.5, 0.99].map((quantile) => ({
          expr: `histogram_quantile(${quantile}, sum by (${by}, le) (rate(${name}_bucket[5m])))`,
          legend: `p${quantile * 100} ${legend}`,
        })),
      };
  }
}

const COLUMNS = 24;
const PANEL = { width: 8, height: 8 } as const;

/** `config/dashboard.json`, to be imported into Grafana. */
export function renderDashboard(): string {
  const panels: unknown[] = [];
  let y = 0;
  const addSection = (title: string, members: readonly Panel[]): void => {
    panels.push(describePanel({ title, type: 'row', targets: [] }, { x: 0, y, w: COLUMNS, h: 1 }));
    y += 1;
    for (const [index, panel] of members.entries()) {
      const x = (index * PANEL.width) % COLUMNS;
      const line = Math.floor((index * PANEL.width) / COLUMNS) * PANEL.height;
      const place = { x, y: y + line, w: PANEL.width, h: PANEL.height };
      panels.push(describePanel(panel, place));
    }
    y += Math.ceil((members.length * PANEL.width) / COLUMNS) * PANEL.height;
  };
  addSection('At a glance', FIRST);
  for (const [title, table] of Object.entries(METRIC_TABLES)) {
    addSection(
      title,
      Object.entries(table).map(([name, row]) => panelOf(name, row)),
    );
  }
  const numbered = panels.map((panel, index) => ({ id: index + 1, ...(panel as object) }));
  return `${JSON.stringify({ ...DASHBOARD, panels: numbered }, null, 1)}\n`;
}

const DATASOURCE = { type: 'prometheus', uid: '$datasource' } as const;

const DASHBOARD = {
  uid: 'daybook-node',
  title: 'Daybook nodes',
  schemaVersion: 39,
  timezone: 'utc',
  refresh: '10s',
  time: { from: 'now-1h', to: 'now' },
  templating: {
    list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus' }],
  },
} as const;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

function describePanel(panel: Panel, gridPos: Place): object {
  const { title, type, unit, targets } = panel;
  if (type === 'row') return { title, type, gridPos, collapsed: false, panels: [] };
  return {
    title,
    type,
    gridPos,
    datasource: DATASOURCE,
    fieldConfig: { defaults: { unit }, overrides: [] },
    targets: targets.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
    })),
  };
}
