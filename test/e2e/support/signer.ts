/** A node's connection to a signer process, made by a test. */
import type { Genesis } from '@daybook/core';
import type { RemoteSigner } from '@daybook/state';
import { connectSigner } from '@daybook/state';

/** A signer that has just been started needs some seconds of a processor until it answers. */
const HANGING_MS = 120_000;

export interface Door {
  /** Path of the socket. */
  readonly path: string;
  readonly chain: Genesis['chain'];
  readonly connectMsMax?: number;
}

export async function connectTo({
  path,
  chain,
  connectMsMax = HANGING_MS,
}: Door): Promise<RemoteSigner> {
  return await connectSigner(
    { path, chain, connectMsMax },
    {
      schedule: (delayMs, task) => {
        const timer = setTimeout(task, delayMs);
        return () => clearTimeout(timer);
      },
      onChange: () => undefined,
    },
  );
}
