/** Bugs in what keeps a validator silent whose vote log lacks what it signed. */
import type { Killer } from './killer.ts';
import type { Loss } from './twice-proposing.ts';
import { proposeTwice } from './twice-proposing.ts';

const losesVotes: Loss = ({ disk }) => {
  for (const path of disk.pathsBelow('/data/votes')) disk.remove(path);
};

const SKIPPED: Killer = {
  mutant: 'quarantine-skipped',
  scenario: 'given a proposer whose vote log is lost, then it signs nothing for that height',
  invariants: ['I16'],
  play: (foundry) => proposeTwice(foundry, 'kill', losesVotes),
};

const COPY_TRUSTED: Killer = {
  mutant: 'copied-log-trusted',
  scenario: 'given a proposer with a copy of its log put back, then it proposes nothing else',
  invariants: ['I3'],
  play: (foundry) => proposeTwice(foundry, 'kill', ({ disk }, copy) => disk.restore(copy)),
};

export const QUARANTINE_KILLERS: readonly Killer[] = [SKIPPED, COPY_TRUSTED];
