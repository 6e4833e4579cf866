/** R15: the machine stops for good; no event changes it any more. */
import type { Draft } from './draft.ts';
import { emit } from './draft.ts';
import type { ConsensusFatal } from './errors.ts';

export function stop(draft: Draft, failure: ConsensusFatal): void {
  draft.state.phase = 'stopped';
  draft.state.timers = {};
  emit(draft, { type: 'fatal', failure });
}
