/**
 * `daybookd`: one process that runs one node. Reads settings, keys and genesis, starts the node,
 * answers signals, and ends with an exit code that says what an operator must do.
 */
import { parseArgs } from 'node:util';
import { applications } from '@daybook/applications';
import { asPublicKey, explainCore, publicKeyOf, runSelfTest, toHex } from '@daybook/core';
import { runBackup, runRestore, runVerify, runWrite } from './archive/archive-verbs.ts';
import { refuseOwnSource } from './archive/own-folders.ts';
import { createSystemClock } from './clock.ts';
import { DEFAULT_CONFIG, renderHelp, renderVerbHelp } from './command-help.ts';
import type { Settings } from './config.ts';
import { loadSettings, mergeReload } from './config.ts';
import { checkDeeply } from './deep-check.ts';
import { runDoctor } from './doctor/doctor.ts';
import { ERROR_TABLES } from './error-tables.ts';
import { NodeError } from './errors.ts';
import { describe, EXIT_CODES, exitCodeOf } from './exit-codes.ts';
import { nameFileFault } from './file-fault.ts';
import { collectGarbage } from './garbage.ts';
import { readConsensusKeys, readGenesis, readIdentity } from './identity.ts';
import type { Logger } from './log.ts';
import { createLogger } from './log.ts';
import { createMetrics } from './metrics.ts';
import type { Node } from './node.ts';
import { startNode } from './node.ts';
import { createVotes } from './prepare.ts';
import { createProcessEnd } from './process-end.ts';
import { recover } from './recover.ts';
import { repair } from './repair/repair.ts';
import { runSigner } from './signer-daemon.ts';
import { readAnchored } from './snapshot/wiring.ts';
import { connectServiceManager } from './systemd.ts';
import { VERSION } from './version.ts';

function createMainLogger(settings: Settings): Logger {
  return createLogger(settings.log, process.stdout);
}

/** The settings after a reload: those from before if the file has faults. */
function reloadSettings(before: Settings, configFile: string, logger: Logger): Settings {
  try {
    const merged = mergeReload(before, loadSettings(configFile, process.env));
    logger.info('settings reloaded', { needRestart: merged.needRestart.join(', ') });
    return merged.settings;
  } catch (error) {
    logger.error('settings not reloaded', { reason: describe(error) });
    return before;
  }
}

function warnUnprotected({ keys }: Settings, logger: Logger): void {
  if (keys.passphraseFile !== undefined) return;
  logger.warn('keys unencrypted', { remedy: 'set keys.passphraseFile; tests may go without' });
}

function connectManager(logger: Logger): ReturnType<typeof connectServiceManager> {
  return connectServiceManager(process.env, {
    logger,
    pid: process.pid,
    every: (intervalMs, task) => {
      const timer = setInterval(task, intervalMs);
      return () => clearInterval(timer);
    },
  });
}

async function run({ config: configFile, quarantine }: Command): Promise<number> {
  let settings = loadSettings(configFile, process.env);
  const logger = createMainLogger(settings);
  const clock = createSystemClock();
  const manager = connectManager(logger);
  logger.info('node starting', { version: VERSION, node: process.version, pid: process.pid });

  return await new Promise<number>((resolve) => {
    let node: Node | undefined;
    let stopCollecting: (() => void) | undefined;
    let isReady = false;
    /** Resolved but while an empty node ends, for the one that starts on a snapshot. */
    let leaving: Promise<void> = Promise.resolve();
    const end = createProcessEnd({
      logger,
      stop: async () => {
        stopCollecting?.();
        await manager.stopping();
        await leaving;
        await node?.stop();
      },
      ended: resolve,
    });
    /** Of the node or of nobody: a node that runs ends its voting before anything is closed. */
    const onDefect = (error: unknown): void => {
      if (node === undefined) end.fail(error);
      else node.fail(error);
    };
    process.once('SIGTERM', () => end.request());
    process.once('SIGINT', () => end.request());
    process.on('uncaughtException', onDefect);
    process.on('unhandledRejection', onDefect);
    process.on('SIGHUP', () => {
      settings = reloadSettings(settings, configFile, logger);
      node?.reload(settings);
    });

    /** A snapshot lies ready: the same process starts anew on it. */
    const onJoined = (): void => {
      if (end.isNear()) return;
      const empty = node;
      node = undefined;
      stopCollecting?.();
      logger.info('snapshot complete, starting on it');
      leaving = Promise.resolve(empty?.stop());
      leaving.then(start).catch(end.fail);
    };

    const start = async (): Promise<void> => {
      const metrics = createMetrics();
      metrics.collectProcess();
      const identity = await readIdentity(settings);
      warnUnprotected(settings, logger);
      const contracts = applications;
      const random = Math.random;
      const parts = { clock, logger, metrics, random, contracts, onFatal: end.fail, onJoined };
      const started = await startNode({ settings, quarantine, ...identity }, parts);
      node = started;
      if (end.isNear()) {
        await started.stop();
        return;
      }
      stopCollecting = collectGarbage(started.ledger, { clock, logger });
      const { role, organisation } = started.report();
      logger.info('node ready', { url: started.apiUrl, peer: started.peerId, role });
      if (!isReady) await manager.ready(`${organisation ?? 'unknown organisation'}: ${role}`);
      isReady = true;
    };
    start().catch(end.fail);
  });
}

async function check({ config: configFile, deep }: Command): Promise<number> {
  const settings = loadSettings(configFile, process.env);
  refuseOwnSource(settings);
  const { genesis, keys } = await readIdentity(settings);
  readAnchored(settings, genesis, Date.now());
  const { socket } = settings.signer;
  const role = keys.consensus === undefined && socket === undefined ? 'observer' : 'validator';
  if (deep) {
    const { height, records } = await checkDeeply(settings, genesis);
    process.stdout.write(`height ${height}: ${records} records proven by the state root\n`);
  }
  const chain = `${genesis.document.name}, id ${toHex(genesis.chain)}`;
  process.stdout.write(`${configFile}: ${role} of chain ${chain}, all in order\n`);
  return EXIT_CODES.done;
}

async function prepareVotes({ config: configFile, above, isNext }: Command): Promise<number> {
  const settings = loadSettings(configFile, process.env);
  const genesis = await readGenesis(settings);
  const keys = await readConsensusKeys(settings);
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

async function recoverChain({ config: configFile, file, dryRun }: Command): Promise<number> {
  if (file === undefined) {
    const detail = 'recover needs --file, the recovery file that the departments signed.';
    throw new NodeError('NODE_COMMAND_WRONG', { detail });
  }
  const settings = loadSettings(configFile, process.env);
  const { verdict, lines } = await recover({ settings, file, dryRun });
  process.stdout.write(`${lines.join('\n')}\n`);
  return verdict.kind === 'refused' ? EXIT_CODES.safety : EXIT_CODES.done;
}

/** The folder that a verb names. */
function folderOf([folder]: readonly string[], verb: string): string {
  if (folder !== undefined) return folder;
  throw new NodeError('NODE_COMMAND_WRONG', { detail: `${verb} needs a folder.` });
}

async function repairData({ config, dryRun }: Command): Promise<number> {
  const settings = loadSettings(config, process.env);
  const genesis = await readGenesis(settings);
  const stamp = new Date()
    .toISOString()
    .replaceAll(/[^0-9]/g, '')
    .slice(0, 14);
  const parts = { contracts: applications, stamp };
  const { lines, isDamaged } = await repair({ settings, genesis, dryRun }, parts);
  process.stdout.write(`${lines.join('\n')}\n`);
  return dryRun && isDamaged ? EXIT_CODES.storage : EXIT_CODES.done;
}

async function archive({ config, rest, genesis, json }: Command): Promise<number> {
  const [action, ...folders] = rest;
  if (action !== 'verify' && action !== 'write') {
    const detail = `archive needs write or verify, and a folder; found ${action ?? 'neither'}.`;
    throw new NodeError('NODE_COMMAND_WRONG', { detail });
  }
  const directory = folderOf(folders, `archive ${action}`);
  if (action === 'verify') return await runVerify({ directory, genesisFile: genesis, json });
  return await runWrite(loadSettings(config, process.env), directory);
}

async function backup({ config, rest }: Command): Promise<number> {
  const target = folderOf(rest, 'backup');
  return await runBackup(loadSettings(config, process.env), config, target);
}

async function restore({ config, rest }: Command): Promise<number> {
  return await runRestore(loadSettings(config, process.env), folderOf(rest, 'restore'));
}

interface Command {
  readonly verb: string;
  /** The verb and what follows it, as they were written: none where the node runs without a verb. */
  readonly words: readonly string[];
  /** Words after the verb. */
  readonly rest: readonly string[];
  readonly config: string;
  /** Of `create-votes`. */
  readonly above: number | undefined;
  /** Of `create-votes`: for the key that is to take the place of the present one. */
  readonly isNext: boolean;
  /** Of `recover`. */
  readonly file: string | undefined;
  /** Of `recover` and `repair`. */
  readonly dryRun: boolean;
  /** Of `check`. */
  readonly deep: boolean;
  /** Of `archive verify`: a file. */
  readonly genesis: string | undefined;
  readonly json: boolean;
  /** Of `run` and `signer`. */
  readonly quarantine: boolean;
  readonly show: 'help' | 'version' | undefined;
}

/** What each verb does; without a verb the daemon runs. */
export const VERBS: Readonly<Record<string, (command: Command) => Promise<number>>> = {
  run,
  check,
  'create-votes': prepareVotes,
  doctor: async ({ config: configFile, json }) =>
    await runDoctor({ configFile, json, environment: process.env }),
  recover: recoverChain,
  repair: repairData,
  archive,
  backup,
  restore,
  signer: async (command) => await runSigner(command, process.env),
};

function readHeight(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const height = Number(text);
  if (/^[0-9]{1,15}$/.test(text)) return height;
  throw new NodeError('NODE_COMMAND_WRONG', { detail: `--above takes a height, not ${text}.` });
}

/** @throws TypeError when an option is unknown or lacks its value; NodeError when a value is wrong */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      config: { type: 'string', default: DEFAULT_CONFIG },
      above: { type: 'string' },
      next: { type: 'boolean', default: false },
      quarantine: { type: 'boolean', default: false },
      deep: { type: 'boolean', default: false },
      file: { type: 'string' },
      genesis: { type: 'string' },
      json: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      version: { type: 'boolean', default: false },
    },
  });
  const show = (['help', 'version'] as const).find((flag) => values[flag]);
  const above = readHeight(values.above);
  const verb = positionals[0] ?? 'run';
  const { config, next: isNext, quarantine, deep, file, 'dry-run': dryRun, genesis, json } = values;
  const rest = positionals.slice(1);
  const flags = { isNext, quarantine, deep, dryRun, json };
  return { verb, words: positionals, rest, config, above, file, genesis, ...flags, show };
}

/** What to do about a named failure, on a line of its own; nothing for what has no name. */
function adviceFor(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const entry = ERROR_TABLES.map((table) => table[code]).find((one) => one !== undefined);
  const isTold = entry === undefined || describe(error).includes(entry.remedy);
  return isTold ? '' : `\n${entry.remedy} (${code})`;
}

/**
 * Runs the daemon. @param args  command line without program names
 * @returns the exit code of the process
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const command = parseCommand(args);
    const { verb, words, show } = command;
    const help = words.length === 0 ? renderHelp() : renderVerbHelp(words);
    if (show === 'version' || (show === 'help' && help !== undefined)) {
      process.stdout.write(show === 'version' ? `${VERSION}\n` : (help ?? ''));
      return EXIT_CODES.done;
    }
    const tested = runSelfTest();
    if (!tested.ok) {
      process.stderr.write(`daybookd: ${explainCore(tested.reason)}\n`);
      return EXIT_CODES.safety;
    }
    const perform = VERBS[verb];
    if (perform === undefined) {
      process.stderr.write(`daybookd: there is no verb ${verb}\n${renderHelp()}`);
      return EXIT_CODES.usage;
    }
    return await perform(command);
  } catch (thrown) {
    const error = nameFileFault(thrown);
    const isUsage = error instanceof TypeError && 'code' in error;
    process.stderr.write(`daybookd: ${describe(error)}${adviceFor(error)}\n`);
    return isUsage ? EXIT_CODES.usage : exitCodeOf(error);
  }
}
