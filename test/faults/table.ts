/** The faults that run on real processes, in the order of docs/reliability.md; P for pace. */
import { clocks } from './clocks.ts';
import { damagedFiles } from './damage.ts';
import type { Fault } from './fault.ts';
import { fullDisk } from './full-disk.ts';
import { damagedPeer, joinUnderLoad } from './join.ts';
import { killAtSync } from './kill-at-sync.ts';
import { killLoop } from './kill-loop.ts';
import { lostDisk } from './lost-disk.ts';
import { outage } from './outage.ts';
import { oneBad, oneDead } from './pace-under-fault.ts';
import { partitions } from './partitions.ts';
import { pause } from './pause.ts';
import { pulledCables } from './pulled-cables.ts';
import { restoredBackup } from './restored-backup.ts';
import { sameKey } from './same-key.ts';
import { slowDisk } from './slow-disk.ts';
import { syncError } from './sync-error.ts';

export const FAULTS: readonly Fault[] = [
  killLoop,
  killAtSync,
  syncError,
  slowDisk,
  fullDisk,
  lostDisk,
  damagedFiles,
  pause,
  partitions,
  pulledCables,
  clocks,
  joinUnderLoad,
  sameKey,
  restoredBackup,
  damagedPeer,
  outage,
  oneDead,
  oneBad,
];

/** Those whose short form runs with every submission. */
export const CHOSEN_FAULTS: readonly string[] = ['F1', 'F2'];
