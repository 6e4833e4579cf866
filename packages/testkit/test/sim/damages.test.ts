/** Damage of storage: it hits what was written, and counts where it did. */
import { assert } from '@daybook/core';
import { expect } from 'chai';
import type { Struck } from '../../src/sim/faults/damages.ts';
import { areSameFiles, DAMAGES, drawPlace, writtenSize } from '../../src/sim/faults/damages.ts';
import { createFoundry } from '../../src/sim/foundry.ts';
import type { Machine } from '../../src/sim/node/machine.ts';
import type { Scenario } from '../../src/sim/scenario.ts';
import { openScenario } from '../../src/sim/scenario.ts';
import { createPrng } from '../../src/sim/world/prng.ts';

const foundry = createFoundry();
const [MIRROR, MIRRORS, ELSEWHERE, DATABASE, LOST] = DAMAGES;
const DRAWS = 50;

/** A file of records, with zeros behind them that were only allocated. */
function fileOf(written: number, size: number): Uint8Array {
  return new Uint8Array(size).fill(7, 0, written);
}

/** Which bytes of a file differ from before. */
function changedIn(before: Uint8Array, after: Uint8Array | undefined): readonly number[] {
  assert(after?.length === before.length, 'a flip leaves a file as long as it was');
  return [...before.keys()].filter((at) => before[at] !== after[at]);
}

describe('damage of storage', () => {
  it('given a file that is allocated far ahead, then nine of ten flips hit what was written', () => {
    const prng = createPrng(1);
    const bytes = fileOf(5000, 65_536);

    const places = Array.from({ length: 2000 }, () => drawPlace(bytes, prng));

    const share = places.filter((at) => at < writtenSize(bytes)).length / places.length;
    expect(share).to.be.within(0.88, 0.94);
    expect(places.some((at) => at < 4488)).to.equal(true);
  });

  it('given a file with one written byte, then it is drawn', () => {
    const places = Array.from({ length: 50 }, (_, seed) => {
      return drawPlace(fileOf(1, 100), createPrng(seed));
    });
    expect(places).to.include(0);
  });

  it('given two backups, then they are the same where all files are, byte for byte', () => {
    const files = new Map([['/data/a', fileOf(3, 4)]]);

    expect(areSameFiles(files, new Map([['/data/a', fileOf(3, 4)]]))).to.equal(true);
    expect(areSameFiles(files, new Map([['/data/a', fileOf(4, 4)]]))).to.equal(false);
    expect(areSameFiles(files, new Map([['/data/b', fileOf(3, 4)]]))).to.equal(false);
    expect(areSameFiles(files, new Map())).to.equal(false);
  });

  describe('of a validator with some votes', () => {
    let scenario: Scenario;
    let machine: Machine;

    beforeEach(async () => {
      scenario = await openScenario({ validators: 4, observers: 1 }, foundry);
      scenario.submit(0);
      await scenario.run(10_000);
      machine = scenario.machine(0);
      machine.crash('kill', 'to be damaged');
      machine.disk.settle();
    });

    function strike(
      damage: (typeof DAMAGES)[number] | undefined,
      seed: number,
    ): Struck | undefined {
      assert(damage !== undefined, 'there is such a damage');
      return damage(machine, createPrng(seed));
    }

    const durable = (path: string): Uint8Array => {
      return (machine.disk.durable(path) ?? new Uint8Array()).slice();
    };

    it('given a flip in one mirror, then it counts where a written byte of it changed, and there only', () => {
      const written = writtenSize(durable('/data/votes/wal-A'));
      let counted = 0;
      for (let seed = 0; seed < DRAWS; seed++) {
        const [a, b] = ['/data/votes/wal-A', '/data/votes/wal-B'].map(durable);
        assert(a !== undefined && b !== undefined, 'there are two mirrors');

        const struck = strike(MIRROR, seed);

        const places = [
          ...changedIn(a, machine.disk.durable('/data/votes/wal-A')),
          ...changedIn(b, machine.disk.durable('/data/votes/wal-B')),
        ];
        expect(places.length).to.equal(1);
        // A flip behind the end moves the end; those before it are within what was there.
        if (struck?.counter === undefined) expect(places[0]).to.be.at.least(written);
        else counted += 1;
      }
      expect(counted / DRAWS).to.be.at.least(0.7);
    });

    it('given flips in both mirrors, then each has one, near the same place', () => {
      const [a, b] = ['/data/votes/wal-A', '/data/votes/wal-B'].map(durable);
      assert(a !== undefined && b !== undefined, 'there are two mirrors');

      strike(MIRRORS, 3);

      const [one, ...more] = changedIn(a, machine.disk.durable('/data/votes/wal-A'));
      const [other, ...others] = changedIn(b, machine.disk.durable('/data/votes/wal-B'));
      expect([...more, ...others]).to.deep.equal([]);
      expect(Math.abs((one ?? 0) - (other ?? Number.POSITIVE_INFINITY))).to.be.at.most(64);
    });

    it('given no vote log, as on an observer, then nothing is struck and nothing counts', () => {
      machine = scenario.machine(4);
      expect(machine.disk.pathsBelow('/data/votes')).to.deep.equal([]);

      for (const damage of [MIRROR, MIRRORS]) expect(strike(damage, 1)).to.equal(undefined);
    });

    it('given a lost mirror, then the other one is no pair', () => {
      machine.disk.remove('/data/votes/wal-B');

      expect(strike(MIRRORS, 1)).to.equal(undefined);
    });

    it('given the log of another key, then it is hit, too', async () => {
      machine.disk.remove('/data/votes/wal-A');
      machine.disk.remove('/data/votes/wal-B');
      machine.nextConsensusKey = machine.member.keys.consensus;
      await machine.prepareNext();

      expect(strike(MIRRORS, 5)?.counter).to.equal('bit flips in both mirrors');
    });

    it('given blocks, database and files, then each damage changes something', () => {
      const before = machine.disk.backup();
      expect(strike(ELSEWHERE, 1)?.counter).to.equal('bit flip in blocks or state');
      expect(areSameFiles(before, machine.disk.backup())).to.equal(false);

      expect(strike(DATABASE, 1)?.counter).to.equal('bit flip in the database');

      const count = machine.disk.paths().length;
      expect(strike(LOST, 1)?.counter).to.equal('lost file');
      expect(machine.disk.paths().length).to.equal(count - 1);
    });
  });
});
