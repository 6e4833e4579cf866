/** Every kind of fault, by name. */
import {
  CRASH_POINTS,
  CRASHES,
  CRASHES_IN_BROADCAST,
  CRASHES_IN_RECOVERY,
  POWER_LOSS_AT_DECISION,
} from './crashes.ts';
import type { Fault } from './fault.ts';
import { MIXED_RELEASES, SET_CHANGES } from './governance.ts';
import { PAUSES, SLOW_EXECUTION, WRONG_CLOCKS } from './machines.ts';
import { DUPLICATES, LOSS, LOSS_BY_KIND, REPLAYS, SLOW_NETWORK, SPIKES } from './network.ts';
import { PARTITIONS, SWIZZLE } from './partitions.ts';
import { SIGNER_AWAY } from './signers.ts';
import {
  DAMAGED_STORAGE,
  DISK_ERRORS,
  FULL_DISK,
  MISDIRECTED_WRITES,
  RESTORED_BACKUP,
  SLOW_DISKS,
} from './storage.ts';

export const FAULTS: readonly Fault[] = [
  SLOW_NETWORK,
  SPIKES,
  LOSS,
  LOSS_BY_KIND,
  DUPLICATES,
  REPLAYS,
  PARTITIONS,
  SWIZZLE,
  CRASHES,
  CRASH_POINTS,
  CRASHES_IN_RECOVERY,
  CRASHES_IN_BROADCAST,
  POWER_LOSS_AT_DECISION,
  PAUSES,
  SLOW_EXECUTION,
  WRONG_CLOCKS,
  SLOW_DISKS,
  DISK_ERRORS,
  FULL_DISK,
  DAMAGED_STORAGE,
  RESTORED_BACKUP,
  MISDIRECTED_WRITES,
  SIGNER_AWAY,
  SET_CHANGES,
  MIXED_RELEASES,
];
