/** F6: the file system turns read-only, or is taken away under the open files of a node. */
import type { Cluster } from '@daybook/testkit';
import type { Fault } from './fault.ts';
import { moveToSmallDisk, VICTIM } from './full-disk.ts';
import { inspect, renderInspection } from './inspection.ts';
import type { SmallDisk } from './machine.ts';
import { within } from './moments.ts';
import { onStage, PATIENCE_MS } from './stage.ts';
import { injecting } from './tracer.ts';

const WITNESS = 'finance';
/** Exit code of a data directory whose disk failed. */
const STORAGE = 4;

export const lostDisk: Fault = {
  id: 'F6',
  title: 'a file system that turns read-only, and one that vanishes',
  needs: ['strace', 'mount'],
  run: async ({ tell }) => {
    let disk: SmallDisk | undefined;
    const prepare = async (cluster: Cluster): Promise<void> => {
      disk = await moveToSmallDisk(cluster, VICTIM);
    };
    return await onStage(
      { prepare, release: () => disk?.remove(), clients: 2, pauseMs: 100 },
      async (stage) => {
        stage.expectStop(VICTIM, /refused to read or write|did not confirm|EROFS|Read-only/);
        await stage.kill(VICTIM);
        // A mount with files open for writing cannot be remounted; a failing disk does it all the same.
        const readOnly = injecting('pwrite64', 'error=EROFS:when=30+');
        const end = await stage.startToEnd(VICTIM, readOnly);
        if (end?.exitCode !== STORAGE) throw new Error(`read-only: ${JSON.stringify(end)}`);
        disk?.remount('ro');
        const refused = await stage.startToEnd(VICTIM, [], 30_000);
        if (refused?.exitCode !== STORAGE) throw new Error(`starts on it: ${refused?.exitCode}`);
        disk?.remount('rw');
        tell('read-only: ends with 4, and refuses to start');

        await stage.start(VICTIM);
        await stage.votes(VICTIM);
        const ended = stage.process(VICTIM).ended();
        disk?.vanish();
        const gone = await within(PATIENCE_MS, 'the end without a disk', ended);
        if (gone.exitCode !== STORAGE) throw new Error(`vanished: ${JSON.stringify(gone)}`);
        await stage.grows(WITNESS, 5);
        disk?.mount();
        tell('vanished: ends with 4');
        await stage.start(VICTIM);
        await stage.votes(VICTIM);
        return renderInspection(await inspect(stage));
      },
    );
  },
};
