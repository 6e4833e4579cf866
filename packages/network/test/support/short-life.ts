/**
 * A process with two networks that link and stop: it must end by itself soon after.
 */
import { libp2pMaker, startCluster } from './cluster.ts';

const cluster = await startCluster(libp2pMaker(), { validators: 2 });
process.stdout.write('linked\n');
await cluster.stop();
process.stdout.write('stopped\n');
