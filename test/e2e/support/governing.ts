/** Decisions of a cluster's organisations, and keys put into the folders of its nodes. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CallArguments, PublicKey } from '@daybook/core';
import {
  asPublicKey,
  generateSecretKey,
  possessionSignBytes,
  publicKeyOf,
  sign,
} from '@daybook/core';
import { createKeyFile } from '@daybook/keystore';
import { createVotes } from '@daybook/node';
import type { Cluster } from '@daybook/testkit';
import { commitTransaction, getJson } from './api.ts';
import { signedBy } from './transactions.ts';

/**
 * Proposes and adopts in one transaction that delegates of enough organisations sign.
 * @returns number of the proposal
 */
export async function adopt(
  cluster: Cluster,
  apiUrl: string,
  {
    delegates,
    action,
    args,
  }: {
    readonly delegates: readonly string[];
    readonly action: string;
    readonly args: CallArguments;
  },
): Promise<number> {
  const call = { contract: 'governance', action, args: { reason: 'for the test', ...args } };
  const { bytes } = signedBy(cluster, delegates, [call]);
  const { status, body } = await commitTransaction(apiUrl, bytes);
  if (status !== 200) throw new Error(`${action}: ${JSON.stringify(body)}`);
  const events = (body as { readonly events?: readonly { fields?: { proposal?: number } }[] })
    .events;
  const number = events?.find(({ fields }) => fields?.proposal !== undefined)?.fields?.proposal;
  if (number === undefined) throw new Error(`no proposal in ${JSON.stringify(body)}`);
  return number;
}

export async function proposalStatus(apiUrl: string, number: number): Promise<string> {
  const { body } = await getJson(apiUrl, `/v1/contracts/governance/proposal/${number}`);
  const { record } = body as { readonly record?: { readonly row: { readonly status: string } } };
  return String(record?.row.status);
}

export interface NewKey {
  readonly secretKey: Uint8Array;
  readonly publicKey: PublicKey;
  /** For the proposal that brings it. */
  readonly proof: Uint8Array;
}

export function newConsensusKey({ genesis }: Cluster, organisation: string): NewKey {
  const secretKey = generateSecretKey();
  const publicKey = asPublicKey(publicKeyOf(secretKey));
  const claim = { purpose: 'consensus', publicKey } as const;
  const proof = sign(secretKey, possessionSignBytes(genesis.chain, claim, organisation));
  return { secretKey, publicKey, proof };
}

/** Writes a key file beside the others of a node, and its vote log; the node must be down. */
export async function installConsensusKey(
  cluster: Cluster,
  slug: string,
  {
    key,
    setting,
  }: { readonly key: NewKey; readonly setting: 'consensusFile' | 'nextConsensusFile' },
): Promise<void> {
  const { directory, dataDirectory } = cluster.node(slug);
  const file = path.join(directory, 'keys', `${setting}.json`);
  const { secretKey, publicKey } = key;
  await createKeyFile(file, { protection: 'none', purpose: 'consensus', secretKey });
  const named = setting === 'nextConsensusFile';
  await createVotes({ dataDirectory, chain: cluster.genesis.chain, publicKey, named });
  await changeKeys(cluster, slug, { [setting]: file });
}

/** Sets, or with undefined removes, settings of the section `keys`. */
export async function changeKeys(
  cluster: Cluster,
  slug: string,
  changes: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const { configFile } = cluster.node(slug);
  const lines = (await readFile(configFile, 'utf8')).split('\n');
  const kept = lines.filter(
    (line) => !Object.keys(changes).some((name) => line.startsWith(`  ${name}:`)),
  );
  const added = Object.entries(changes).flatMap(([name, value]) =>
    value === undefined ? [] : [`  ${name}: ${JSON.stringify(value)}`],
  );
  kept.splice(kept.indexOf('keys:') + 1, 0, ...added);
  await writeFile(configFile, kept.join('\n'));
}
