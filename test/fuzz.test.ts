/**
 * Five seconds of damaged bytes for every decoder of foreign bytes (I19), other ones in each run;
 * and decoders that are wrong on purpose, which must be noticed. `npm run fuzz` goes on for longer.
 */
import { randomInt } from 'node:crypto';
import { createPrng } from '@daybook/testkit';
import { expect } from 'chai';
import type { FuzzTarget } from './fuzz/fuzz.ts';
import { fuzz, renderFault, threadCpuMs } from './fuzz/fuzz.ts';
import { gatherTargets } from './fuzz/targets.ts';

const BUDGET_MS = 5000;

const nowMs = () => performance.now();
const seed = randomInt(2 ** 31);
const targets = await gatherTargets();

describe('fuzz: every decoder (I19)', () => {
  for (const target of targets) {
    it(`given damaged bytes for ${target.name}, then each is refused or encodes to itself`, () => {
      const prng = createPrng(seed).fork(target.name);
      const { inputs, fault } = fuzz(target, { prng, budgetMs: BUDGET_MS, nowMs });

      expect(fault && renderFault(target, fault, seed)).to.equal(undefined);
      expect(inputs).to.be.above(target.samples.length);
    });
  }

  it('given the list, then no name stands twice', () => {
    const names = targets.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
  });
});

describe('fuzz: decoders that are wrong', () => {
  const SAMPLE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

  function wordsFor(again: FuzzTarget['again'], more: Partial<FuzzTarget> = {}): string {
    const target = { name: 'wrong', samples: [SAMPLE], again, ...more };
    const options = { prng: createPrng(1), budgetMs: 2000, nowMs: threadCpuMs, slowMs: 200 };
    return fuzz(target, options).fault?.words ?? 'no fault';
  }

  it('given one that throws, then that is the fault, with the input that did it', () => {
    const words = wordsFor((bytes) => {
      if (bytes.length < 8) throw new RangeError('offset is out of bounds');
      return bytes;
    });

    expect(words).to.match(/^throws RangeError: offset is out of bounds/);
  });

  it('given one that takes bytes which it would write otherwise, then that is the fault', () => {
    expect(wordsFor((bytes) => bytes.slice(0, 8))).to.match(/^is not the encoding/);
  });

  it('given one that never ends, then it is ended and that is the fault', () => {
    const words = wordsFor((bytes) => {
      while (bytes[0] === 255) bytes[1] = 0;
      return true;
    });

    expect(words).to.equal('takes more than 200 ms');
  });

  it('given one that believes a length, then what it takes is the fault', () => {
    const held: Uint8Array[] = [];
    const words = wordsFor((bytes) => {
      if (bytes.length < 8) return false;
      held[0] = new Uint8Array(new DataView(bytes.buffer).getUint32(0) & 0x03ff_ffff);
      return true;
    });

    expect(words).to.match(/^takes \d+ bytes of memory for /);
  });

  it('given one behind a checksum, then only mended damage reaches it', () => {
    const sum = (bytes: Uint8Array) => bytes.slice(0, -1).reduce((a, b) => (a + b) & 255, 0);
    const mend = (bytes: Uint8Array) => Uint8Array.of(...bytes.slice(0, -1), sum(bytes));
    const again = (bytes: Uint8Array) => {
      if (bytes.at(-1) !== sum(bytes)) return false;
      if (bytes.length > 8) throw new Error('behind the checksum');
      return bytes.length === 8;
    };

    expect(wordsFor(again, { samples: [mend(SAMPLE)], mend })).to.match(/behind the checksum/);
  });

  it('given samples that are refused, or none, then the target itself is the fault', () => {
    expect(wordsFor(() => false)).to.equal('a sample is refused');
    expect(wordsFor(() => true, { samples: [] })).to.equal('no samples');
  });

  it('given a seed, then the same inputs are tried again', () => {
    const tried = [0, 1].map(() => {
      const inputs: string[] = [];
      const again = (bytes: Uint8Array) => {
        const hex = Buffer.from(bytes).toString('hex');
        // One that seemed to take much memory is tried again.
        if (inputs.at(-1) !== hex) inputs.push(hex);
        if (inputs.length === 500) throw new Error('enough');
        return bytes[0] === 1;
      };
      wordsFor(again);
      return inputs;
    });

    expect(tried[0]).to.deep.equal(tried[1]);
    expect(new Set(tried[0]).size).to.be.above(300);
  });
});
