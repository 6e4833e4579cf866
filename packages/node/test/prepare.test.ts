/** The vote log of a new key: made once, and of the era where a recovery is installed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RecoveryPlan } from '@daybook/core';
import { asHash, asPublicKey, eraOf, publicKeyOf, sha256, validatorIdOf } from '@daybook/core';
import type { VoteLogOpening } from '@daybook/state';
import { createNodeDisk, openVoteLog, StateError } from '@daybook/state';
import { expect } from 'chai';
import { createVotes } from '../src/prepare.ts';
import { installRecovery } from '../src/recovery-files.ts';
import { namedVotesFolder } from '../src/vote-logs.ts';

const hashOf = (text: string) => asHash(sha256(new TextEncoder().encode(text)));
const chain = hashOf('chain');
const publicKey = asPublicKey(publicKeyOf(new Uint8Array(32).fill(7)));
const plan: RecoveryPlan = {
  chain,
  height: 41,
  blockHash: hashOf('block'),
  validators: [{ id: validatorIdOf(publicKey), publicKey, organisation: 'finance' }],
  reason: 'two sites burned down',
};

describe('node: vote log of a new key', () => {
  let dataDirectory: string;

  const opened = (folder: string, bound = chain): Promise<VoteLogOpening> =>
    openVoteLog(
      { directory: folder, chain: bound, validatorId: validatorIdOf(publicKey) },
      { disk: createNodeDisk() },
    );
  const guardOf = async (opening: VoteLogOpening): Promise<number | undefined> => {
    if (opening.kind !== 'open') return undefined;
    const { height } = opening.log.state().guard;
    await opening.log.close();
    return height;
  };
  const votes = (): string => path.join(dataDirectory, 'votes');

  beforeEach(() => {
    dataDirectory = mkdtempSync(path.join(tmpdir(), 'daybook-votes-'));
  });
  afterEach(() => rmSync(dataDirectory, { recursive: true }));

  it('spec C-23: given no recovery, then the log binds the chain, and a second one is refused', async () => {
    await createVotes({ dataDirectory, chain, publicKey });

    const second = await createVotes({ dataDirectory, chain, publicKey }).catch(
      (error: unknown) => error,
    );

    expect(await guardOf(await opened(votes()))).to.equal(0);
    expect(second).to.be.instanceOf(StateError);
  });

  it('spec C-33: given an installed recovery, then the log binds its era and signs above its block', async () => {
    const era = eraOf(plan);
    await createVotes({ dataDirectory, chain, publicKey });
    installRecovery(dataDirectory, { plan, consents: [] });

    await createVotes({ dataDirectory, chain, publicKey });

    const ofEra = await opened(namedVotesFolder(votes(), { chain: era, publicKey }), era);
    expect(await guardOf(ofEra)).to.equal(plan.height + 1);
    expect(await guardOf(await opened(votes())), 'the log of before stays').to.equal(0);
  });

  it('spec C-33: given a recovery of another chain, then it means nothing here', async () => {
    installRecovery(dataDirectory, { plan: { ...plan, chain: hashOf('other') }, consents: [] });

    await createVotes({ dataDirectory, chain, publicKey });

    expect(await guardOf(await opened(votes()))).to.equal(0);
  });
});
