/** Who a node is: the keys and the genesis that its settings name, read from their files. */
import { readFile } from 'node:fs/promises';
import type { Genesis } from '@daybook/core';
import { readGenesisFile } from '@daybook/core';
import { readKeyFile } from '@daybook/keystore';
import type { Settings } from './config.ts';
import { NodeError } from './errors.ts';
import type { NodeKeys } from './node.ts';

export interface Identity {
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

/** The genesis that all founders signed. @throws NodeError NODE_GENESIS_INVALID */
export async function readGenesis(settings: Settings): Promise<Genesis> {
  return await readGenesisAt(settings.node.genesisFile);
}

/** A genesis file by its path. @throws NodeError NODE_GENESIS_INVALID */
export async function readGenesisAt(file: string): Promise<Genesis> {
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

/** Whoever names a passphrase wants encrypted keys; without one, only open files can be read. */
async function readUnlock(settings: Settings) {
  const passphrase = await readPassphrase(settings);
  return passphrase === undefined ? { allowUnprotected: true } : { passphrase };
}

/** The consensus keys that the settings name: none on an observer, and where a signer has them. */
export async function readConsensusKeys(settings: Settings): Promise<Omit<NodeKeys, 'peer'>> {
  const unlock = await readUnlock(settings);
  const { consensusFile, nextConsensusFile } = settings.keys;
  const read = async (file: string | undefined): Promise<Uint8Array | undefined> =>
    file === undefined
      ? undefined
      : (await readKeyFile(file, { purpose: 'consensus', ...unlock })).secretKey;
  const consensus = await read(consensusFile);
  const nextConsensus = await read(nextConsensusFile);
  return { ...(consensus && { consensus }), ...(nextConsensus && { nextConsensus }) };
}

/** Keys and genesis that the settings name. */
export async function readIdentity(settings: Settings): Promise<Identity> {
  const unlock = await readUnlock(settings);
  const peer = await readKeyFile(settings.keys.peerFile, { purpose: 'peer', ...unlock });
  const keys = { peer: peer.secretKey, ...(await readConsensusKeys(settings)) };
  return { genesis: await readGenesis(settings), keys };
}
