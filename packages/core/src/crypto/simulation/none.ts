/** What `#simulation` is everywhere but in the simulator: nothing, so that nothing can be switched. */
import type { Simulation } from './simulation.ts';

export const simulation: Simulation | undefined = undefined;
