/**
 * `daybookd`: one process that runs one node. Reads settings, keys and genesis, starts the node,
 * answers signals, and ends with an exit code that says what an operator must do.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { applications } from '@daybook/applications';
import type { Genesis } from '@daybook/core';
import { asPublicKey, explainCore, publicKeyOf, readGenesisFile, runSelfTest } from '@daybook/core';
import { KeystoreError, readKeyFile } from '@daybook/keystore';
import { NetworkError } from '@daybook/network';
import { StateError } from '@daybook/state';
import { createSystemClock } from './clock.ts';
import type { Settings } from './config.ts';
import { ConfigError, loadSettings, mergeReload } from './config.ts';
import { NodeError } from './errors.ts';
import { collectAtRest, collectGarbage } from './idle-memory.ts';
import type { Logger } from './log.ts';
import { createLogger } from './log.ts';
import { createMetrics } from './metrics.ts';
import type { Node, NodeKeys } from './node.ts';
import { startNode } from './node.ts';
import { createVotes } from './prepare.ts';
import { connectServiceManager } from './systemd.ts';
import { VERSION } from './version.ts';

/** What the process ends with; systemd does not restart after those marked so in the unit. */
export const EXIT_CODES = {
  /** Stopped on request. */
  done: 0,
  /** A defect: please report it. */
  defect: 1,
  /** Wrong use, or faults in the configuration. */
  usage: 2,
  /** A key or the genesis file cannot be used. */
  identity: 3,
  /** The data directory is locked, damaged, or its disk failed. */
  storage: 4,
  /** An address cannot be listened on. */
  address: 5,
  /** Stopped to protect the chain: read the last log line before starting again. */
  safety: 10,
} as const;

const HELP = `daybookd ${VERSION}: runs a node of a Daybook chain

  daybookd --config FILE               run the node
  daybookd check --config FILE         check configuration, keys and genesis, then end
  daybookd create-votes --config FILE  create the vote log of a new validator key, once;
                                       with --above HEIGHT when leaving quarantine: signs only
                                       above that height, which must lie above the chain's head;
                                       with --next for the key in keys.nextConsensusFile

  --help, --version

Exit codes: 0 stopped, 1 defect, 2 usage or configuration, 3 keys or genesis, 4 data directory,
5 address in use, 10 stopped to protect the chain.
`;

const DEFAULT_CONFIG = '/etc/daybook/daybookd.yaml';

interface Identity {
  readonly genesis: Genesis;
  readonly keys: NodeKeys;
}

async function readPassphrase(settings: Settings): Promise<string | undefined> {
  const file = settings.keys.passphraseFile;
  if (file === undefined) return undefined;
  try {
    const text = await readFile(file, 'utf8');
    return text.split('\n', 1)[0] ?? '';
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NodeError('NODE_CONFIG_INVALID', {
      detail: `keys.passphraseFile: ${reason}.`,
      cause,
    });
  }
}

async function readGenesis(settings: Settings): Promise<Genesis> {
  const file = settings.node.genesisFile;
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NodeError('NODE_GENESIS_INVALID', { detail: `${file}: ${reason}.`, cause });
  }
  const genesis = readGenesisFile(json);
  if (genesis.ok) return genesis.value;
  const { reason } = genesis;
  const detail =
    reason.code === 'CORE_GENESIS_UNSIGNED'
      ? `not signed by ${reason.missing.join(', ')}`
      : reason.faults
          .map((f) => `${f.pointer}: expected ${f.expected}, found ${f.found}`)
          .join('; ');
  throw new NodeError('NODE_GENESIS_INVALID', { detail: `${file}: ${detail}.` });
}

/** Keys and genesis that the settings name. */
async function readIdentity(settings: Settings): Promise<Identity> {
  const passphrase = await readPassphrase(settings);
  // Whoever names a passphrase wants encrypted keys; without one, only open files can be read.
  const unlock = passphrase === undefined ? { allowUnprotected: true } : { passphrase };
  const peer = await readKeyFile(settings.keys.peerFile, { purpose: 'peer', ...unlock });
  const file = settings.keys.consensusFile;
  const consensus = file && (await readKeyFile(file, { purpose: 'consensus', ...unlock }));
  const nextFile = settings.keys.nextConsensusFile;
  const next = nextFile && (await readKeyFile(nextFile, { purpose: 'consensus', ...unlock }));
  const genesis = await readGenesis(settings);
  const keys = {
    peer: peer.secretKey,
    ...(consensus && { consensus: consensus.secretKey }),
    ...(next && { nextConsensus: next.secretKey }),
  };
  return { genesis, keys };
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return EXIT_CODES.usage;
  if (error instanceof KeystoreError) return EXIT_CODES.identity;
  if (error instanceof StateError) return EXIT_CODES.storage;
  if (error instanceof NetworkError) return EXIT_CODES.address;
  if (error instanceof NodeError) return exitCodeOfNode(error.code);
  return EXIT_CODES.defect;
}

function exitCodeOfNode(code: NodeError['code']): number {
  switch (code) {
    case 'NODE_CONFIG_INVALID':
    case 'NODE_CONFIG_UNREADABLE':
      return EXIT_CODES.usage;
    case 'NODE_GENESIS_INVALID':
    case 'NODE_GENESIS_MISMATCH':
      return EXIT_CODES.identity;
    case 'NODE_API_LISTEN_FAILED':
      return EXIT_CODES.address;
    default:
      return EXIT_CODES.storage;
  }
}

/** One line for people: code and sentence, and a stack only for defects. */
function describe(error: unknown): string {
  if (exitCodeOf(error) === EXIT_CODES.defect && error instanceof Error) {
    return error.stack ?? error.message;
  }
  return error instanceof Error ? error.message : JSON.stringify(error);
}

/** A value with a code that consensus or the driver gave as the reason to stop. */
function isSafetyStop(error: unknown): error is { readonly code: string } {
  return typeof error === 'object' && error !== null && !(error instanceof Error);
}

function createMainLogger(settings: Settings): Logger {
  return createLogger(settings.log, process.stdout);
}

async function run({ config: configFile }: Command): Promise<number> {
  let settings = loadSettings(configFile, process.env);
  const logger = createMainLogger(settings);
  const clock = createSystemClock();
  const metrics = createMetrics();
  metrics.collectProcess();
  const manager = connectServiceManager(process.env, {
    logger,
    pid: process.pid,
    every: (intervalMs, task) => {
      const timer = setInterval(task, intervalMs);
      return () => clearInterval(timer);
    },
  });
  logger.info('node starting', { version: VERSION, node: process.version, pid: process.pid });

  return await new Promise<number>((resolve) => {
    let node: Node | undefined;
    let stopCollecting: (() => void) | undefined;
    let ending = false;
    const end = (exitCode: number): void => {
      if (ending) return;
      ending = true;
      stopCollecting?.();
      const stopped = manager.stopping().then(() => node?.stop());
      stopped
        .catch((error: unknown) => logger.error('stop failed', { reason: describe(error) }))
        .finally(() => {
          logger.info('node stopped', { exitCode });
          resolve(exitCode);
        });
    };
    const onFatal = (error: unknown): void => {
      if (ending) return;
      const safety = isSafetyStop(error);
      logger.error('node must stop', { reason: safety ? error.code : describe(error) });
      end(safety ? EXIT_CODES.safety : exitCodeOf(error));
    };
    process.once('SIGTERM', () => end(EXIT_CODES.done));
    process.once('SIGINT', () => end(EXIT_CODES.done));
    process.on('uncaughtException', onFatal);
    process.on('unhandledRejection', onFatal);
    process.on('SIGHUP', () => {
      try {
        const merged = mergeReload(settings, loadSettings(configFile, process.env));
        settings = merged.settings;
        node?.reload(settings);
        logger.info('settings reloaded', { needRestart: merged.needRestart.join(', ') });
      } catch (error) {
        logger.error('settings not reloaded', { reason: describe(error) });
      }
    });

    const start = async (): Promise<void> => {
      const identity = await readIdentity(settings);
      if (settings.keys.passphraseFile === undefined) {
        logger.warn('keys unencrypted', {
          remedy: 'set keys.passphraseFile; tests may go without',
        });
      }
      const contracts = applications;
      const random = Math.random;
      const parts = { clock, logger, metrics, random, contracts, onFatal };
      const started = await startNode({ settings, ...identity }, parts);
      node = started;
      if (ending) {
        await started.stop();
        return;
      }
      stopCollecting = collectAtRest(started.ledger, { clock, collect: collectGarbage });
      const { role, organisation } = started.report();
      logger.info('node ready', { url: started.apiUrl, peer: started.peerId, role });
      await manager.ready(`${organisation ?? 'unknown organisation'}: ${role}`);
    };
    start().catch(onFatal);
  });
}

async function check({ config: configFile }: Command): Promise<number> {
  const settings = loadSettings(configFile, process.env);
  const { genesis, keys } = await readIdentity(settings);
  const role = keys.consensus === undefined ? 'observer' : 'validator';
  process.stdout.write(`${configFile}: ${role} of chain ${genesis.document.name}, all in order\n`);
  return EXIT_CODES.done;
}

async function prepareVotes({ config: configFile, above, isNext }: Command): Promise<number> {
  const settings = loadSettings(configFile, process.env);
  const { genesis, keys } = await readIdentity(settings);
  const secretKey = isNext ? keys.nextConsensus : keys.consensus;
  if (secretKey === undefined) {
    const setting = isNext ? 'keys.nextConsensusFile' : 'keys.consensusFile';
    const detail = `${setting} is not set: only a consensus key has a vote log.`;
    throw new NodeError('NODE_CONFIG_INVALID', { detail });
  }
  const { voteMirrorDirectory } = settings.state;
  await createVotes({
    dataDirectory: settings.node.dataDirectory,
    chain: genesis.chain,
    publicKey: asPublicKey(publicKeyOf(secretKey)),
    named: isNext,
    ...(voteMirrorDirectory !== undefined && { mirrorDirectory: voteMirrorDirectory }),
    ...(above !== undefined && { above }),
  });
  process.stdout.write(`vote log created in ${settings.node.dataDirectory}\n`);
  return EXIT_CODES.done;
}

interface Command {
  readonly verb: string;
  readonly config: string;
  /** Of `create-votes`. */
  readonly above: number | undefined;
  /** Of `create-votes`: for the key that is to take the place of the present one. */
  readonly isNext: boolean;
  readonly show: 'help' | 'version' | undefined;
}

const VERBS: Readonly<Record<string, (command: Command) => Promise<number>>> = {
  run,
  check,
  'create-votes': prepareVotes,
};

function readHeight(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const height = Number(text);
  if (/^[0-9]{1,15}$/.test(text)) return height;
  throw new NodeError('NODE_CONFIG_INVALID', { detail: `--above takes a height, not ${text}.` });
}

function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      config: { type: 'string', default: DEFAULT_CONFIG },
      above: { type: 'string' },
      next: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      version: { type: 'boolean', default: false },
    },
  });
  const show = (['help', 'version'] as const).find((flag) => values[flag]);
  const above = readHeight(values.above);
  const verb = positionals[0] ?? 'run';
  return { verb, config: values.config, above, isNext: values.next, show };
}

/**
 * Runs the daemon. @param args  command line without program names
 * @returns the exit code of the process
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const command = parseCommand(args);
    const { verb, show } = command;
    if (show !== undefined) {
      process.stdout.write(show === 'help' ? HELP : `${VERSION}\n`);
      return EXIT_CODES.done;
    }
    const tested = runSelfTest();
    if (!tested.ok) {
      process.stderr.write(`daybookd: ${explainCore(tested.reason)}\n`);
      return EXIT_CODES.safety;
    }
    const perform = VERBS[verb];
    if (perform === undefined) {
      process.stderr.write(`daybookd: there is no verb ${verb}\n${HELP}`);
      return EXIT_CODES.usage;
    }
    return await perform(command);
  } catch (error) {
    const isUsage = error instanceof TypeError && 'code' in error;
    process.stderr.write(`daybookd: ${describe(error)}\n`);
    return isUsage ? EXIT_CODES.usage : exitCodeOf(error);
  }
}
