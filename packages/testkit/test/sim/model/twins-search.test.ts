/** Twins, complete: that merging loses nothing, and that the search sees what is planted. */
import type { MutantName } from '@daybook/core';
import { simulationSwitches } from '@daybook/core';
import { expect } from 'chai';
import { openCluster, playRound, swapped, waysOf } from '../../../src/sim/model/twins-round.ts';
import type { TwinsOptions, TwinsProgress } from '../../../src/sim/model/twins-search.ts';
import { searchTwins } from '../../../src/sim/model/twins-search.ts';

const UNIT = { validators: 4, rounds: 2, role: 0, dropped: undefined } as const;

function endsOf(options: TwinsOptions) {
  const ends = new Set<string>();
  const found = searchTwins(UNIT, { ...options, onEnd: (fingerprint) => ends.add(fingerprint) });
  return { ends, found };
}

describe('twins search', () => {
  it('given two rounds, when scenarios are merged or not, then they end at the same clusters', () => {
    const merged = endsOf({});
    const unmerged = endsOf({ isMerging: false });

    expect(merged.found.failed).to.equal(undefined);
    expect(merged.ends).to.deep.equal(unmerged.ends);
    expect(merged.found.scenarios).to.equal(waysOf(UNIT).length ** 2);
    expect(unmerged.found.scenarios).to.equal(merged.found.scenarios);
    expect(merged.found.states[2]).to.be.lessThan(unmerged.found.states[2] ?? 0);
  });

  it('given twins under each other’s names, then the validators decide in the same rounds', () => {
    for (const way of waysOf(UNIT)) {
      const again = swapped(swapped(way, UNIT), UNIT);
      expect(again).to.deep.equal(way);
      const [one, other] = [way, swapped(way, UNIT)].map((round) => {
        const { cluster } = playRound(openCluster(UNIT), round, UNIT, 0);
        return cluster.replicas.map(({ state, chain, votes }) => {
          return [chain.length, state.current?.round, votes.guard, votes.own.length];
        });
      });

      expect(one?.slice(1, 4)).to.deep.equal(other?.slice(1, 4));
      expect([one?.[0], one?.[4]]).to.deep.equal([other?.[4], other?.[0]]);
    }
  });

  it('given a search that was stopped, when it goes on, then it comes to the same end', () => {
    const told: TwinsProgress[] = [];
    const whole = searchTwins(UNIT, { onProgress: (progress) => told.push(progress) });
    const [first] = told;

    const resumed = searchTwins(UNIT, { from: first });

    expect(first?.next).to.be.lessThan(whole.next);
    expect(resumed.scenarios).to.equal(whole.scenarios);
    expect(resumed.passages).to.equal(whole.passages);
  });
});

describe('twins search: a planted bug', () => {
  function plant(mutant: MutantName | undefined): void {
    const switches = simulationSwitches();
    if (switches === undefined) throw new Error('run with --conditions=simulation');
    switches.mutant = mutant;
  }

  afterEach(() => plant(undefined));

  const bugs = [
    { mutant: 'quorum-1', dropped: undefined, invariant: 'I1' },
    // Whoever hears a quorum hears it whole: only without COMMITs is a lock left undecided.
    { mutant: 'round-change-forgets-lock', dropped: 'commit', invariant: 'I4' },
  ] as const;
  for (const { mutant, dropped, invariant } of bugs) {
    for (const isMerging of [true, false]) {
      const how = isMerging ? 'merged' : 'unmerged';
      it(`given the mutant ${mutant}, then the ${how} search finds that ${invariant} breaks`, () => {
        plant(mutant);

        const { failed } = searchTwins({ ...UNIT, dropped }, { isMerging });

        expect(failed?.violation.invariant).to.equal(invariant);
      });
    }
  }
});
