/** The guard in this process, and the same guard behind a socket (protocol §9). */
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
