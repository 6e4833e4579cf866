/**
 * How a compliance test gets its networks.
 */
import type { Cluster, ClusterOptions, TestNode } from './cluster.ts';

/** Starts a cluster that is stopped after the test. */
export type Start = (options: ClusterOptions) => Promise<Cluster>;

/** Two validators, which most tests need. */
export async function pair(start: Start): Promise<{ cluster: Cluster; a: TestNode; b: TestNode }> {
  const cluster = await start({ validators: 2 });
  const [a, b] = cluster.nodes;
  if (a === undefined || b === undefined) {
    throw new Error('a cluster of two has two nodes');
  }
  return { cluster, a, b };
}
