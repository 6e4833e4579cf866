/** Quorums, validator sets, and who proposes (protocol §2, §5, §6). */
import { expect } from 'chai';
import type { ProposerContext, Rotation, ValidatorSet } from '../../src/index.ts';
import {
  asHash,
  asPublicKey,
  buildValidatorSet,
  carryRotation,
  freshRotation,
  indexOfKey,
  indexOfValidator,
  proposerOf,
  quorumOf,
  sha256,
  toHex,
  updateRotation,
  validatorIdOf,
  validatorsHash,
} from '../../src/index.ts';

/** n, f, Q, f+1, most that may be down, fewest equivocators that can fork: the table of protocol §2. */
const TABLE: readonly (readonly number[])[] = [
  [1, 0, 1, 1, 0, 1],
  [2, 0, 2, 1, 0, 2],
  [3, 0, 2, 1, 1, 1],
  [4, 1, 3, 2, 1, 2],
  [5, 1, 4, 2, 1, 3],
  [6, 1, 4, 2, 2, 2],
  [7, 2, 5, 3, 2, 3],
  [10, 3, 7, 4, 3, 4],
  [13, 4, 9, 5, 4, 5],
  [16, 5, 11, 6, 5, 6],
  [19, 6, 13, 7, 6, 7],
  [22, 7, 15, 8, 7, 8],
  [25, 8, 17, 9, 8, 9],
  [28, 9, 19, 10, 9, 10],
  [30, 9, 20, 10, 10, 10],
];

function setOf(count: number): ValidatorSet {
  return buildValidatorSet(
    Array.from({ length: count }, (_, index) => {
      const publicKey = asPublicKey(sha256(Uint8Array.of(index)));
      return { id: validatorIdOf(publicKey), publicKey };
    }),
  );
}

function contextAt(height: number, validators: ValidatorSet, rotation?: Rotation): ProposerContext {
  return {
    chain: asHash(new Uint8Array(32).fill(3)),
    height,
    epochBlocks: 100,
    validators,
    rotation: rotation ?? freshRotation(validators),
  };
}

describe('core: quorum', () => {
  for (const [count = 0, f, quorum = 0, oneCorrect, crash, fork] of TABLE) {
    it(`spec §2: given ${count} validators, then f, Q, F1 and what follows are those of the table`, () => {
      const found = quorumOf(count);

      expect(found).to.deep.equal({ faultyMax: f, quorum, oneCorrect });
      expect(count - found.quorum).to.equal(crash);
      expect(2 * found.quorum - count).to.equal(fork);
    });
  }

  it('given no or too many validators, then asking for a quorum is a defect', () => {
    expect(() => quorumOf(0)).to.throw('not empty');
    expect(() => quorumOf(31)).to.throw('bounded');
  });
});

describe('core: validator set', () => {
  it('spec §5: given validators in any order, when a set is built, then it ascends by id and hashes the same', () => {
    const set = setOf(7);

    const shuffled = buildValidatorSet([...set].reverse());

    expect(shuffled).to.deep.equal(set);
    expect(validatorsHash(shuffled)).to.deep.equal(validatorsHash(set));
    expect(validatorsHash(setOf(6))).to.not.deep.equal(validatorsHash(set));
  });

  it('given a member twice, when a set is built, then it is refused', () => {
    const [first] = setOf(4);
    if (first === undefined) throw new Error('a set has members');

    expect(() => buildValidatorSet([first, first])).to.throw('unique');
  });

  it('given an id or a key, when looked up, then the position is found', () => {
    const set = setOf(4);

    for (const [index, { id, publicKey }] of set.entries()) {
      expect(indexOfValidator(set, id)).to.equal(index);
      expect(indexOfKey(set, publicKey)).to.equal(index);
    }
    expect(indexOfValidator(set, new Uint8Array(32))).to.equal(undefined);
  });
});

describe('core: rotation', () => {
  it('spec §6: given nobody resting, when n heights pass, then each validator proposes once', () => {
    const validators = setOf(7);

    const proposers = Array.from({ length: 7 }, (_, index) =>
      proposerOf(contextAt(index, validators), 0),
    );

    expect(new Set(proposers).size).to.equal(7);
  });

  it('spec §6: given one height, when rounds pass, then everybody gets a turn within n rounds', () => {
    for (const count of [1, 2, 4, 7, 10]) {
      const validators = setOf(count);
      const rounds = Array.from({ length: count }, (_, round) =>
        proposerOf(contextAt(17, validators), round),
      );

      expect(new Set(rounds).size, `n=${count}`).to.equal(count);
    }
  });

  it('spec §6: given a missed turn, when the block is executed, then the validator rests and others take round 0', () => {
    const validators = setOf(4);
    const context = contextAt(8, validators);
    const missed = proposerOf(context, 0);
    const other = validators[proposerOf(context, 1)];
    if (other === undefined) throw new Error('there is another proposer');

    const rotation = updateRotation(context, other.id);

    expect(rotation[missed]).to.deep.include({ score: 4, restUntil: 8 + 4 * 2 });
    for (let height = 9; height < 16; height++) {
      expect(proposerOf(contextAt(height, validators, rotation), 0), `${height}`).to.not.equal(
        missed,
      );
    }
    const later = Array.from({ length: 4 }, (_, step) =>
      proposerOf(contextAt(16 + step, validators, rotation), 0),
    );
    expect(later).to.include(missed);
  });

  it('spec §6: given a kept turn, when the block is executed, then the score falls and never below zero', () => {
    const validators = setOf(4);
    const context = contextAt(8, validators);
    const index = proposerOf(context, 0);
    const proposer = validators[index];
    if (proposer === undefined) throw new Error('there is a proposer');

    expect(updateRotation(context, proposer.id)[index]?.score).to.equal(0);
  });

  it('spec §6: given everybody resting, then at least a quorum stays in turn, those who rest shortest', () => {
    const validators = setOf(4);
    const rotation = validators.map(({ id }, index) => ({ id, score: 40, restUntil: 100 + index }));

    const proposers = Array.from({ length: 12 }, (_, height) =>
      proposerOf(contextAt(height, validators, rotation), 0),
    );

    expect([...new Set(proposers)].sort()).to.deep.equal([0, 1, 2]);
  });

  it('spec §6: given a changed set, when scores are carried over, then leavers are forgotten and newcomers start fresh', () => {
    const before = setOf(4);
    const after = setOf(5);
    const rotation = before.map(({ id }) => ({ id, score: 8, restUntil: 50 }));

    const carried = carryRotation(rotation, after);

    expect(carried.map(({ id }) => toHex(id))).to.deep.equal(after.map(({ id }) => toHex(id)));
    expect(carried.filter(({ score }) => score === 8)).to.have.length(4);
    expect(carried.filter(({ score }) => score === 0)).to.have.length(1);
  });
});
