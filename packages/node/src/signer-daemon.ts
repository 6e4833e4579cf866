/**
 * `daybookd signer`: the process that holds a validator key and nothing else. It has the guard, the
 * vote log and a Unix socket, no network and no chain, so that whoever breaks into the node that
 * faces the network finds no key.
 */
import { toHex } from '@daybook/core';
import type { SignerServer, VoteSigner } from '@daybook/state';
import { createNodeDisk, explainState, openDataDirectory, startSignerServer } from '@daybook/state';
import { createSystemClock } from './clock.ts';
import type { Settings } from './config.ts';
import { loadSettings } from './config.ts';
import { NodeError } from './errors.ts';
import { describe, EXIT_CODES, exitCodeOf } from './exit-codes.ts';
import { diskLimitsOf, watchFreeSpace } from './free-space.ts';
import { readConsensusKeys, readGenesis } from './identity.ts';
import { openLocalSigner } from './local-signer.ts';
import type { Logger } from './log.ts';
import { createLogger } from './log.ts';
import { installedRecoveries, signingChainOf } from './recovery-files.ts';
import { connectServiceManager } from './systemd.ts';
import { VERSION } from './version.ts';

export interface SignerCommand {
  readonly config: string;
  /** The operator distrusts the vote log. */
  readonly quarantine: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The first descriptor that a service manager hands over. */
const HANDED_DESCRIPTOR = 3;

/** What has been opened, in order, to be closed backwards. */
type Closers = (() => Promise<void>)[];

function requireSettings({ keys, signer }: Settings): { readonly path: string } {
  const missing = keys.consensusFile === undefined ? 'keys.consensusFile' : 'signer.socket';
  if (keys.consensusFile === undefined || signer.socket === undefined) {
    throw new NodeError('NODE_CONFIG_INVALID', { detail: `${missing} is not set.` });
  }
  return { path: signer.socket };
}

/** A socket that systemd made and listens on for us, see sd_listen_fds(3). */
function handedDescriptor({ LISTEN_PID, LISTEN_FDS }: Environment): { descriptor?: number } {
  const isOurs = LISTEN_PID === String(process.pid) && LISTEN_FDS === '1';
  return isOurs ? { descriptor: HANDED_DESCRIPTOR } : {};
}

interface GuardParts {
  readonly logger: Logger;
  readonly closers: Closers;
  readonly onFatal: (error: unknown) => void;
}

async function openGuard(
  settings: Settings,
  command: SignerCommand,
  { logger, closers, onFatal }: GuardParts,
): Promise<VoteSigner> {
  const genesis = await readGenesis(settings);
  const { consensus: secretKey } = await readConsensusKeys(settings);
  if (secretKey === undefined) {
    throw new NodeError('NODE_CONFIG_INVALID', { detail: 'keys.consensusFile is not set.' });
  }
  const { dataDirectory } = settings.node;
  const directory = await openDataDirectory(dataDirectory);
  closers.push(() => directory.close());
  const freeSpace = await watchFreeSpace(
    { directory: dataDirectory, limits: diskLimitsOf(settings.disk) },
    { clock: createSystemClock(), onGone: onFatal },
  );
  closers.push(async () => freeSpace.stop());
  const signer = await openLocalSigner(
    {
      secretKey,
      chain: signingChainOf(genesis, installedRecoveries(dataDirectory, genesis)),
      founding: genesis.chain,
      votes: directory.paths.votes,
      mirror: settings.state.voteMirrorDirectory,
      isDistrusted: command.quarantine,
    },
    { logger, disk: createNodeDisk(), freeSpace },
  );
  closers.push(() => signer.close());
  const reason = signer.quarantine();
  if (reason !== undefined) {
    logger.error('signing withheld', { code: reason.code, reason: explainState(reason) });
  }
  logger.info('vote log open', {
    key: toHex(signer.publicKey),
    height: signer.state().guard.height,
  });
  return signer;
}

/**
 * Runs the signer until it is told to end, or its log cannot be written.
 * @param environment  what the service manager says, if there is one
 * @returns the exit code of the process
 */
export async function runSigner(command: SignerCommand, environment: Environment): Promise<number> {
  const settings = loadSettings(command.config, environment);
  const socket = requireSettings(settings);
  const logger = createLogger(settings.log, process.stdout);
  const manager = connectServiceManager(environment, {
    logger,
    pid: process.pid,
    every: (intervalMs, task) => {
      const timer = setInterval(task, intervalMs);
      return () => clearInterval(timer);
    },
  });
  logger.info('signer starting', { version: VERSION, node: process.version, pid: process.pid });
  const closers: Closers = [];
  const ended = Promise.withResolvers<number>();
  const onFatal = (error: unknown): void => {
    logger.error('signer must stop', { reason: describe(error) });
    ended.resolve(exitCodeOf(error));
  };
  process.once('SIGTERM', () => ended.resolve(EXIT_CODES.done));
  process.once('SIGINT', () => ended.resolve(EXIT_CODES.done));
  process.on('uncaughtException', onFatal);
  process.on('unhandledRejection', onFatal);
  try {
    const signer = await openGuard(settings, command, { logger, closers, onFatal });
    const server: SignerServer = await startSignerServer(
      { ...socket, ...handedDescriptor(environment) },
      {
        signer,
        onEvent: (event, facts) => logger.info(event, facts),
        onFatal,
      },
    );
    closers.push(() => server.stop());
    logger.info('signer ready', { socket: socket.path });
    await manager.ready('signer');
  } catch (error) {
    onFatal(error);
  }
  const exitCode = await ended.promise;
  await manager.stopping();
  for (const close of closers.reverse()) {
    await close().catch((error: unknown) => {
      logger.error('stop failed', { reason: describe(error) });
    });
  }
  logger.info('signer stopped', { exitCode });
  return exitCode;
}
