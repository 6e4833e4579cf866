/**
 * What `#simulation` is under the import condition `simulation`, which only the simulator of the
 * test kit sets: settings that it may change between two runs. This file is in no release.
 */
import type { Simulation } from './simulation.ts';

export const simulation: Simulation = {
  signatures: 'ed25519',
  mutant: undefined,
  signatureChecks: 0,
  publicKeys: new Map(),
  verdicts: new Map(),
};
