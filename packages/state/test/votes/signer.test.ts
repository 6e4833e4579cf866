/** The guard in this process, and the same guard behind a socket (protocol §9). */
import { asHash, concatBytes, sha256, TAGS, verifyStrict } from '@daybook/core';
import { expect } from 'chai';
import { openVoteSigner } from '../../src/index.ts';
import { describeSigner } from './support/signer-suite.ts';
import { connectTo, makeSocketPlace, serve } from './support/socket-signer.ts';
import { blockA, freshDisk, options, prepare, request, secretKey } from './support/votes.ts';

describeSigner('in this process', async (disk, freeFraction) => {
  const { signer } = await openVoteSigner({ ...options, secretKey }, { disk, freeFraction });
  return { signer, close: async () => await signer.close() };
});

describeSigner('behind a socket', async (disk, freeFraction) => {
  const guard = await openVoteSigner({ ...options, secretKey }, { disk, freeFraction });
  const place = makeSocketPlace();
  const { server } = await serve(place, guard.signer);
  const { signer } = await connectTo(place);
  return {
    signer,
    close: async () => {
      await signer.close();
      await server.stop();
      await guard.signer.close();
      place.remove();
    },
  };
});

describe('state: signer with limits of its own', () => {
  it('spec G4: given other free shares, when the disk fills and empties, then it stops and resumes at those', async () => {
    let free = 1;
    const { signer } = await openVoteSigner(
      { ...options, secretKey },
      { disk: await freshDisk(), freeFraction: () => free, pause: { stop: 0.2, resume: 0.4 } },
    );
    const codes: string[] = [];
    for (free of [0.2, 0.19, 0.39, 0.4, 0.2]) {
      const signed = await signer.sign(request(prepare(5, codes.length, blockA)));
      codes.push(signed.ok ? 'signed' : signed.reason.code);
    }
    await signer.close();

    const low = 'STATE_SIGNING_DISK_LOW';
    expect(codes).to.deep.equal(['signed', low, low, 'signed', 'signed']);
  });
});

describe('state: signer after a recovery', () => {
  it('spec C-33: given the log of an era, then votes bind the era, and READYs the chain as it was founded', async () => {
    const founding = asHash(sha256(Uint8Array.of(7)));
    const { signer } = await openVoteSigner(
      { ...options, secretKey, founding },
      { disk: await freshDisk(), freeFraction: () => 1 },
    );
    const ready = (chain: Uint8Array) => concatBytes(TAGS.READY, chain, new Uint8Array(40));

    const voted = await signer.sign(request(prepare(5, 0, blockA)));
    const said = await signer.signStatement(ready(founding));
    const ofEra = await signer.signStatement(ready(options.chain));
    await signer.close();

    expect(voted.ok).to.equal(true);
    expect(verifyStrict(signer.publicKey, ready(founding), said ?? new Uint8Array(64))).to.equal(
      true,
    );
    expect(ofEra).to.equal(undefined);
  });
});
