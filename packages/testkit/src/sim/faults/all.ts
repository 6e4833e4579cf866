/** Every kind of fault, by name. */
import { CRASHES } from './crashes.ts';
import type { Fault } from './fault.ts';
import { DUPLICATES, LOSS, LOSS_BY_KIND, REPLAYS, SLOW_NETWORK, SPIKES } from './network.ts';

export const FAULTS: readonly Fault[] = [
  SLOW_NETWORK,
  SPIKES,
  LOSS,
  LOSS_BY_KIND,
  DUPLICATES,
  REPLAYS,
  CRASHES,
];
