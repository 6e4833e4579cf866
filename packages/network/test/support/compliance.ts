/**
 * What every adapter of the `Network` port must do. Run it with a maker of networks that can meet.
 */
import type { Cluster, NetworkMaker } from './cluster.ts';
import { startCluster } from './cluster.ts';
import { limitTests, stopTests } from './compliance-limits.ts';
import { linkTests } from './compliance-links.ts';
import { gossipTests, messageTests } from './compliance-messages.ts';
import { requestTests } from './compliance-requests.ts';
import type { Start } from './compliance-start.ts';

/** Registers the suite. @param fresh  a maker whose networks meet nobody else's */
export function networkCompliance(name: string, fresh: () => NetworkMaker): void {
  describe(`network compliance: ${name}`, () => {
    let cluster: Cluster | undefined;

    const start: Start = async (options) => {
      cluster = await startCluster(fresh(), options);
      return cluster;
    };

    afterEach(async () => {
      await cluster?.stop();
      cluster = undefined;
    });

    linkTests(start);
    messageTests(start);
    requestTests(start);
    gossipTests(start);
    limitTests(start);
    stopTests(start);
  });
}
