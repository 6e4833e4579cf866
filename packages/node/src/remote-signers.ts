/**
 * The signers of a node whose validator keys are held by other processes: connected before anything
 * else is opened, since without them the node does not know which validator it is.
 */
import type { Hash } from '@daybook/core';
import type { RemoteSigner } from '@daybook/state';
import { connectSigner } from '@daybook/state';
import type { Clock } from './clock.ts';
import type { Settings } from './config.ts';
import { NodeError } from './errors.ts';
import type { Logger } from './log.ts';
import type { NodeKeys } from './node.ts';

export interface ConnectedSigners {
  readonly signer: RemoteSigner;
  readonly nextSigner: RemoteSigner | undefined;
  /** Told when a connection came or went, or quarantine changed. */
  onChange(listener: () => void): void;
  close(): Promise<void>;
}

export interface SignerPlace {
  readonly settings: Settings;
  readonly chain: Hash;
  readonly keys: NodeKeys;
}

/** A signer that is just being started gets this long. */
const CONNECT_MS_MAX = 30_000;

/**
 * Connects to the signers that the settings name; undefined if they name none.
 * @throws NodeError when keys are named besides; StateError STATE_SIGNER_REFUSED
 */
export async function connectSigners(
  { settings, chain, keys }: SignerPlace,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<ConnectedSigners | undefined> {
  const { socket, nextSocket } = settings.signer;
  if (socket === undefined) return undefined;
  if (keys.consensus !== undefined || keys.nextConsensus !== undefined) {
    const detail = 'The key of signer.socket is the signer’s: leave out keys.consensusFile.';
    throw new NodeError('NODE_CONFIG_INVALID', { detail });
  }
  const listeners: (() => void)[] = [];
  const connect = (path: string): Promise<RemoteSigner> =>
    connectSigner(
      { path, chain, connectMsMax: CONNECT_MS_MAX },
      {
        schedule: (delayMs, task) => clock.schedule(delayMs, task),
        onChange: (words, facts) => {
          if (words === 'signer away') logger.error(words, { socket: path, ...facts });
          else logger.info(words, { socket: path, ...facts });
          for (const listener of listeners) listener();
        },
      },
    );
  const signer = await connect(socket);
  const nextSigner = nextSocket === undefined ? undefined : await connect(nextSocket);
  return {
    signer,
    nextSigner,
    onChange: (listener) => listeners.push(listener),
    close: async () => {
      await signer.close();
      await nextSigner?.close();
    },
  };
}
