/** How full a simulated disk is, as the production node asks. */
import type { FreeSpace } from '@daybook/node';
import { DISK_LIMITS } from '@daybook/node';
import type { SimulatedDisk } from '../world/disk.ts';

export function freeSpaceOf(disk: SimulatedDisk): FreeSpace {
  return { limits: DISK_LIMITS, fraction: () => disk.free, stop: () => undefined };
}
