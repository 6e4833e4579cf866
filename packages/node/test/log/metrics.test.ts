import { AssertionError } from '@daybook/core';
import { expect } from 'chai';
import { createMetrics } from '../../src/metrics.ts';

const TABLE = {
  daybook_test_things_total: { type: 'counter', labels: ['kind'], help: 'Things.' },
  daybook_test_size_bytes: { type: 'gauge', help: 'Size.' },
  daybook_test_wait_seconds: { type: 'histogram', buckets: [0.1, 1], help: 'Wait.' },
} as const;

describe('metrics: tables in, Prometheus text out', () => {
  it('given a table, when values are written, then they are rendered', async () => {
    const metrics = createMetrics();
    metrics.register(TABLE);

    metrics.add('daybook_test_things_total', 2, { kind: 'a' });
    metrics.observe('daybook_test_wait_seconds', 0.5);
    metrics.onRender(() => metrics.set('daybook_test_size_bytes', 7));

    const { text } = await metrics.render();
    expect(text).to.contain('daybook_test_things_total{kind="a"} 2');
    expect(text).to.contain('daybook_test_size_bytes 7');
    expect(text).to.contain('daybook_test_wait_seconds_bucket{le="1"} 1');
  });

  it('given two registries, then they share nothing', async () => {
    const [one, two] = [createMetrics(), createMetrics()];
    one.register(TABLE);
    two.register(TABLE);

    one.set('daybook_test_size_bytes', 1);

    expect((await two.render()).text).to.contain('daybook_test_size_bytes 0');
  });

  it('given a name of no table, twice, or against the rule, then it is our bug', () => {
    const metrics = createMetrics();
    metrics.register(TABLE);

    expect(() => metrics.add('daybook_test_other_total', 1)).to.throw(AssertionError);
    expect(() => metrics.set('daybook_test_things_total', 1)).to.throw(AssertionError);
    expect(() => metrics.register(TABLE)).to.throw(AssertionError);
    for (const name of ['things_total', 'daybook_Things_total', 'daybook_test_things']) {
      const table = { [name]: { type: 'counter', help: 'x' } } as const;
      expect(() => createMetrics().register(table), name).to.throw(AssertionError);
    }
  });
});
