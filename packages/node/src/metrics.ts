/**
 * Where figures go: each package hands in its table of metrics, the registry keeps the numbers and
 * renders them for Prometheus. There is no global registry; tests make their own. Using a name or
 * label that no table declares is our own bug and stops the process.
 */
import { assert } from '@daybook/core';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** One row of a package's table. Names are `daybook_<package>_<noun>_<unit>`. */
export interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Label names; their values come from closed sets. */
  readonly labels?: readonly string[];
  /** Upper bounds of a histogram, ascending, in the metric's unit. */
  readonly buckets?: readonly number[];
}
export type MetricTable = Readonly<Record<string, MetricRow>>;

export type Labels = Readonly<Record<string, string>>;

/** What packages write to. */
export interface MetricsSink {
  /** Adds to a counter. */
  add(name: string, amount: number, labels?: Labels): void;
  /** Sets a gauge. */
  set(name: string, value: number, labels?: Labels): void;
  /** Records one value of a histogram. */
  observe(name: string, value: number, labels?: Labels): void;
}

export interface Metrics extends MetricsSink {
  /**
   * Declares a package's metrics; counters and gauges without labels start at 0.
   * @throws AssertionError on a name declared twice or not named by the rule
   */
  register(table: MetricTable): void;
  /** Runs before each rendering: the place to set gauges that are read, not pushed. */
  onRender(collect: () => void): void;
  /**
   * Adds what prom-client knows of the process: memory, processor time, open files, garbage
   * collection and the delay of the event loop. Once, and only where the process is the node.
   */
  collectProcess(): void;
  /** The text of `/metrics` and its media type. */
  render(): Promise<{ readonly text: string; readonly mediaType: string }>;
}

type Instrument =
  | { readonly type: 'counter'; readonly counter: Counter }
  | { readonly type: 'gauge'; readonly gauge: Gauge }
  | { readonly type: 'histogram'; readonly histogram: Histogram };

const NAME_PATTERN = /^(?:daybook|process|nodejs)(?:_[a-z0-9]+)+$/;

export function createMetrics(): Metrics {
  const registry = new Registry();
  const instruments = new Map<string, Instrument>();
  const collectors: (() => void)[] = [];

  const need = (name: string): Instrument => {
    const instrument = instruments.get(name);
    assert(instrument !== undefined, `the metric ${name} is declared in a table`);
    return instrument;
  };

  return {
    register: (table) => {
      for (const [name, row] of Object.entries(table)) {
        checkRow(name, row);
        assert(!instruments.has(name), `the metric ${name} is declared once`);
        instruments.set(name, build(name, row, registry));
      }
    },
    add: (name, amount, labels = {}) => {
      const found = need(name);
      assert(found.type === 'counter', `${name} is a counter`);
      found.counter.inc(labels, amount);
    },
    set: (name, value, labels = {}) => {
      const found = need(name);
      assert(found.type === 'gauge', `${name} is a gauge`);
      found.gauge.set(labels, value);
    },
    observe: (name, value, labels = {}) => {
      const found = need(name);
      assert(found.type === 'histogram', `${name} is a histogram`);
      found.histogram.observe(labels, value);
    },
    onRender: (collect) => {
      collectors.push(collect);
    },
    collectProcess: () => collectDefaultMetrics({ register: registry }),
    render: async () => {
      for (const collect of collectors) collect();
      return { text: await registry.metrics(), mediaType: registry.contentType };
    },
  };
}

function checkRow(name: string, row: MetricRow): void {
  assert(NAME_PATTERN.test(name), `${name} is named daybook_<package>_<noun>_<unit>`);
  assert(row.help.length > 0, `${name} has a sentence of help`);
  assert((row.type === 'counter') === name.endsWith('_total'), `${name}: counters end in _total`);
  assert(row.type === 'histogram' || row.buckets === undefined, `${name} has no use for buckets`);
}

function build(name: string, row: MetricRow, registry: Registry): Instrument {
  const common = {
    name,
    help: row.help,
    labelNames: [...(row.labels ?? [])],
    registers: [registry],
  };
  switch (row.type) {
    case 'counter':
      return { type: 'counter', counter: new Counter(common) };
    case 'gauge':
      return { type: 'gauge', gauge: new Gauge(common) };
    case 'histogram': {
      const buckets = row.buckets === undefined ? {} : { buckets: [...row.buckets] };
      return { type: 'histogram', histogram: new Histogram({ ...common, ...buckets }) };
    }
  }
}
