/** Whether keys and genesis can be used, and whether anybody else could read the keys. */
import { stat } from 'node:fs/promises';
import type { Genesis } from '@daybook/core';
import { asPublicKey, indexOfKey, toHex } from '@daybook/core';
import { readPublicKey } from '@daybook/keystore';
import type { Settings } from '../config.ts';
import { readConsensusKeys, readGenesis, readIdentity } from '../identity.ts';
import type { Finding } from './finding.ts';
import { good, thrown, warning } from './finding.ts';

const OTHERS = 0o077;

export async function checkGenesis(
  settings: Settings,
): Promise<{ readonly finding: Finding; readonly genesis?: Genesis }> {
  try {
    const genesis = await readGenesis(settings);
    const { name, validators } = genesis.document;
    const words = `chain ${name}, id ${toHex(genesis.chain)}, ${validators.length} founding validators`;
    return { finding: good('genesis', words), genesis };
  } catch (error) {
    const advice = 'get the file that all founders signed; `daybook init check` names each fault';
    return { finding: thrown('genesis', error, advice) };
  }
}

/** Opens every key as a start does, which checks form, purpose, mode and passphrase. */
export async function checkKeys(
  settings: Settings,
  genesis: Genesis | undefined,
): Promise<readonly Finding[]> {
  const { keys, signer } = settings;
  const findings: Finding[] = [];
  try {
    if (genesis === undefined) await readConsensusKeys(settings);
    else await readIdentity(settings);
    const { publicKey } = await readPublicKey(keys.peerFile);
    findings.push(good('keys', `peer key ${toHex(publicKey)} and all others open`));
  } catch (error) {
    return [thrown('keys', error, 'chmod 600, chown to the service user, or correct the path')];
  }
  if (keys.passphraseFile === undefined) {
    const advice = 'set keys.passphraseFile; only test chains may go without';
    findings.push(warning('passphrase', 'the key files are not encrypted', advice));
  } else findings.push(await checkPassphrase(keys.passphraseFile));
  if (keys.consensusFile !== undefined && genesis !== undefined) {
    findings.push(await checkRole(keys.consensusFile, genesis));
  } else if (signer.socket !== undefined) {
    findings.push(good('role', 'validator; the process daybook-signer holds its key'));
  } else if (keys.consensusFile === undefined) {
    findings.push(good('role', 'observer: no consensus key is configured'));
  }
  return findings;
}

async function checkPassphrase(file: string): Promise<Finding> {
  const { mode } = await stat(file);
  if ((mode & OTHERS) === 0) return good('passphrase', `${file} is its owner's alone`);
  const words = `${file} can be read by others (mode ${(mode & 0o777).toString(8)})`;
  return warning('passphrase', words, `chmod 600 ${file}, or use a systemd credential`);
}

async function checkRole(file: string, genesis: Genesis): Promise<Finding> {
  const { publicKey } = await readPublicKey(file);
  const founding = indexOfKey(genesis.validators, asPublicKey(publicKey));
  if (founding !== undefined) return good('role', 'validator; its key stands in the genesis file');
  return good('role', `validator once the consortium has admitted key ${toHex(publicKey)}`);
}
