/** The guard in this process, and the same guard behind a socket (protocol §9). */
import { openVoteSigner } from '../../src/index.ts';
import { describeSigner } from './support/signer-suite.ts';
import { connectTo, makeSocketPlace, serve } from './support/socket-signer.ts';
import { options, secretKey } from './support/votes.ts';

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
