/**
 * Block log, state and vote log, opened as a start opens them and closed again. They belong to one
 * process at a time: beside a running node they are left alone, and it is asked instead.
 */
import * as fs from 'node:fs';
import path from 'node:path';
import { applications as contracts } from '@daybook/applications';
import type { Genesis, PublicKey, TimestampMs } from '@daybook/core';
import { asPublicKey, decodeBlock, equalBytes, toHex, validatorIdOf } from '@daybook/core';
import { readPublicKey } from '@daybook/keystore';
import type { DataDirectory } from '@daybook/state';
import {
  createNodeDisk,
  explainState,
  openDataDirectory,
  openVoteLog,
  StateError,
} from '@daybook/state';
import type { Settings } from '../config.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { refuseStored } from '../ledger/anchored.ts';
import type { OfflineChain } from '../offline.ts';
import { withOfflineChain } from '../offline.ts';
import { stateKeepingOf } from '../open-state.ts';
import { installedRecoveries, signingChainOf } from '../recovery-files.ts';
import { readAnchored } from '../snapshot/wiring.ts';
import { votesFolderOf } from '../vote-logs.ts';
import { recordSetsOf } from '../walk-lists.ts';
import type { Finding } from './finding.ts';
import { failure, good, skipped, thrown, warning } from './finding.ts';

export interface DataChecks {
  readonly findings: readonly Finding[];
  /** Another process has the data directory: the node runs. */
  readonly isRunning: boolean;
  /** Time of the newest block, as far as one could be read. */
  readonly newestMs?: TimestampMs;
}

export async function checkData(settings: Settings, genesis: Genesis): Promise<DataChecks> {
  const { dataDirectory } = settings.node;
  try {
    fs.statSync(path.join(dataDirectory, 'format.json'));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
      return {
        findings: [thrown('database', error, 'run doctor as the service user')],
        isRunning: false,
      };
    }
    const words = 'there are no data yet: the first start makes them';
    return { findings: [skipped('database', words)], isRunning: false };
  }
  let directory: DataDirectory;
  try {
    directory = await openDataDirectory(dataDirectory);
  } catch (error) {
    const failed = error instanceof StateError ? error.failure : undefined;
    if (failed?.code !== 'STATE_DIRECTORY_LOCKED') {
      const advice = 'check disk and permissions';
      return { findings: [thrown('database', error, advice)], isRunning: false };
    }
    const who = failed.pid === undefined ? 'another process' : `process ${failed.pid}`;
    const words = `${who} has it open and checked it when it started; stop it for a check here`;
    return {
      findings: [skipped('database', words), skipped('vote log', words)],
      isRunning: true,
    };
  }
  try {
    const { findings: chain, newestMs } = await checkDatabase(settings, genesis, directory);
    const findings = [...chain, await checkVotes(settings, genesis, directory)];
    return { findings, isRunning: false, ...(newestMs !== undefined && { newestMs }) };
  } finally {
    await directory.close();
  }
}

interface DatabaseCheck {
  readonly findings: readonly Finding[];
  readonly newestMs?: TimestampMs | undefined;
}

async function checkDatabase(
  settings: Settings,
  genesis: Genesis,
  directory: DataDirectory,
): Promise<DatabaseCheck> {
  try {
    const recoveries = installedRecoveries(settings.node.dataDirectory, genesis);
    const place = { directory, genesis, recoveries, contracts, keeping: stateKeepingOf(settings) };
    return await withOfflineChain(place, async (chain) => {
      await checkLists(chain);
      const newestMs = chain.blockLog.head()?.timestampMs;
      const findings = [compareChain(chain, genesis), ...checkAnchor(settings, genesis, chain)];
      return { findings, newestMs };
    });
  } catch (error) {
    const advice = 'daybookd repair rebuilds what can be rebuilt';
    return { findings: [thrown('database', error, advice)] };
  }
}

/** What the operator named that the chain must go through; nothing where nothing was named. */
function checkAnchor(
  settings: Settings,
  genesis: Genesis,
  { blockLog }: OfflineChain,
): readonly Finding[] {
  const check = 'checkpoint';
  try {
    const anchored = readAnchored(settings, genesis, Date.now());
    if (anchored.block === undefined && anchored.tree === undefined) return [];
    refuseStored(blockLog, anchored);
    const height = Math.max(anchored.block?.height ?? 0, (anchored.tree?.size ?? 0) - 1);
    if (blockLog.blockHashAt(height) !== undefined) {
      return [good(check, `the stored chain goes through what is named, up to ${height}`)];
    }
    return [skipped(check, `it speaks of block ${height}, which is not here yet`)];
  } catch (error) {
    const advice = 'ask those who gave the checkpoint: it or this chain is not the true one';
    return [thrown(check, error, advice)];
  }
}

/** The index of each record set against tree and value log. @throws StateError STATE_DAMAGED */
async function checkLists({ engine, stateStore }: OfflineChain): Promise<void> {
  if (stateStore.appliedHeight() === undefined) return;
  for (const set of recordSetsOf(engine.manifestOf(stateStore.view()))) {
    await stateStore.list({ set }, { limit: 1 });
  }
  await stateStore.checkRemovals();
}

function compareChain({ blockLog, stateStore }: OfflineChain, genesis: Genesis): Finding {
  const head = blockLog.head();
  const stored = head && blockLog.readBlock(head.height);
  const block = stored && decodeBlock(stored.bytes);
  if (head === undefined || block === undefined) {
    return good('database', 'opens; it holds no block yet');
  }
  if (!block.ok || !equalBytes(block.value.header.chain, genesis.chain)) {
    const found = block.ok ? toHex(block.value.header.chain) : 'something that is no block';
    const advice = 'point node.genesisFile at the file this directory was started with';
    return failure('database', `its blocks are of chain ${found}`, advice, EXIT_CODES.identity);
  }
  const applied = stateStore.appliedHeight();
  const from = stateStore.historyFrom();
  const history = from === 0 ? 'all of it' : `whole from ${from} on`;
  const state =
    applied === undefined ? 'no state yet' : `state of ${applied}, lists whole, history ${history}`;
  const words = `opens; blocks to ${head.height}, ${state}`;
  return good('database', `${words}, of the chain of the genesis file`);
}

async function checkVotes(
  settings: Settings,
  genesis: Genesis,
  directory: DataDirectory,
): Promise<Finding> {
  const { consensusFile } = settings.keys;
  if (consensusFile === undefined) {
    const { socket } = settings.signer;
    return socket === undefined
      ? good('vote log', 'an observer needs none')
      : skipped('vote log', 'the signer keeps it: run doctor with its configuration');
  }
  try {
    const publicKey = asPublicKey((await readPublicKey(consensusFile)).publicKey);
    return await openVotes({ settings, genesis, directory }, publicKey);
  } catch (error) {
    return thrown('vote log', error, 'check the disk; never copy a vote log from elsewhere');
  }
}

interface VotesPlace {
  readonly settings: Settings;
  readonly genesis: Genesis;
  readonly directory: DataDirectory;
}

async function openVotes(
  { settings, genesis, directory }: VotesPlace,
  publicKey: PublicKey,
): Promise<Finding> {
  const disk = createNodeDisk();
  const { voteMirrorDirectory: mirror } = settings.state;
  const recoveries = installedRecoveries(settings.node.dataDirectory, genesis);
  const owner = { chain: signingChainOf(genesis, recoveries), publicKey };
  const opening = await openVoteLog(
    {
      directory: votesFolderOf(directory.paths.votes, owner, disk),
      chain: owner.chain,
      validatorId: validatorIdOf(publicKey),
      ...(mirror !== undefined && { mirrorDirectory: votesFolderOf(mirror, owner, disk) }),
    },
    { disk },
  );
  if (opening.kind === 'quarantine') {
    const advice = 'start the node: quarantine ends by itself; see docs/operations/runbook.md';
    return warning('vote log', explainState(opening.reason), advice);
  }
  const { height } = opening.log.state().guard;
  await opening.log.close();
  const mended = opening.repairs.length === 0 ? '' : `; ${opening.repairs.length} copies mended`;
  return good('vote log', `both copies open, signed up to height ${height}${mended}`);
}
