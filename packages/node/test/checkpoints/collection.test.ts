/** The book-keeping of checkpoint lines: what is held is not verified again. */
import type { NoteSignature } from '@daybook/core';
import { asHash, checkpointOriginOf, createSigner, encodeTreeHead, signNote } from '@daybook/core';
import { expect } from 'chai';
import { addLines, openCollection } from '../../src/checkpoints/collection.ts';
import { consensusSeed, makeGenesis } from '../support/chain.ts';

const genesis = makeGenesis();
const origin = checkpointOriginOf(genesis.chain);
const head = { origin, size: 2, root: asHash(new Uint8Array(32)) };
const lineOf = (index: number): NoteSignature =>
  signNote(encodeTreeHead(head), origin, createSigner(consensusSeed(index)));

describe('node: collection of checkpoint lines', () => {
  it('given a line that is held, when it comes again, then it counts as known and is not verified', () => {
    // A wrong line cannot get in: that one is held shows that nobody verifies it again.
    const wrong = { ...lineOf(0), signature: lineOf(1).signature };
    const empty = openCollection(head, genesis.validators);
    const held = { ...empty, signed: [wrong], cosigned: [] };

    const again = addLines(held, [wrong, lineOf(2)], []);

    expect(addLines(empty, [wrong], []).ok).to.equal(false);
    expect(again.ok && again.value.known).to.equal(2);
    expect(again.ok && again.value.fresh).to.deep.equal([lineOf(2)]);
  });

  it('given a wrong line beside one that is held, then all are refused', () => {
    const held = addLines(openCollection(head, genesis.validators), [lineOf(0)], []);
    const wrong = { ...lineOf(1), signature: lineOf(2).signature };

    if (!held.ok) expect.fail('the line is right');
    const added = addLines(held.value.collection, [lineOf(0), wrong], []);

    expect(added.ok).to.equal(false);
  });
});
