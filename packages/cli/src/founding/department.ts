/**
 * The keys of a department, made on its own machine: one file for each of the six purposes, account
 * keys for its officers, and the public card that goes to the others. Secrets never leave the folder.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { GenesisOfficer, PublicKey } from '@daybook/core';
import {
  asPublicKey,
  createSigner,
  generateSecretKey,
  peerIdFromPublicKey,
  possessionSignBytes,
  toHex,
  ZERO_HASH,
} from '@daybook/core';
import type { KeyPurpose, Protection } from '@daybook/keystore';
import { createKeyFile, publicHalfOf } from '@daybook/keystore';
import { writeNew } from '../files.ts';
import type { Card, CardNode, SignedCard } from './card.ts';
import { CARD_FORMAT, renderCard, signCard } from './card.ts';

export interface DepartmentPlan {
  readonly slug: string;
  readonly title: { readonly en: string; readonly zh: string };
  readonly officers: readonly { readonly name: string; readonly roles: readonly string[] }[];
  readonly node: 'validator' | 'observer' | 'none';
  /** Multiaddresses at which others reach the node. */
  readonly addresses: readonly string[];
}

export interface Department {
  readonly card: SignedCard;
  /** Path of every file that was made, by what it holds. */
  readonly files: Readonly<Record<string, string>>;
}

/** Makes keys and card in a folder. @throws KeystoreError or CliError if a file is there already */
export async function createDepartment(
  plan: DepartmentPlan,
  folder: string,
  protection: Protection,
): Promise<Department> {
  const files: Record<string, string> = {};
  const make = async (name: string, purpose: KeyPurpose): Promise<Uint8Array> => {
    const secretKey = generateSecretKey();
    const file = path.join(folder, `${name}.json`);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await createKeyFile(file, { ...protection, purpose, secretKey });
    files[name] = file;
    return secretKey;
  };
  const governance = await make('governance', 'governance');
  const officers: GenesisOfficer[] = [];
  for (const { name, roles } of plan.officers) {
    const secretKey = await make(path.join('officers', name), 'account');
    officers.push({ name, publicKey: toHex(createSigner(secretKey).publicKey), roles });
  }
  const logKey = toHex(publicHalfOf('log', await make('log', 'log')));
  const sealingKey = toHex(publicHalfOf('sealing', await make('sealing', 'sealing')));
  const node = await makeNode(plan, make);
  const { slug, title } = plan;
  const governanceKey = toHex(createSigner(governance).publicKey);
  const card: Card = {
    format: CARD_FORMAT,
    organisation: { slug, title, governanceKey, officers },
    ...(node !== undefined && { node }),
    logKey,
    sealingKey,
  };
  const signed = signCard(card, governance);
  const cardFile = path.join(folder, 'card.json');
  await writeNew(cardFile, renderCard(signed));
  return { card: signed, files: { ...files, card: cardFile } };
}

async function makeNode(
  { slug, node, addresses }: DepartmentPlan,
  make: (name: string, purpose: KeyPurpose) => Promise<Uint8Array>,
): Promise<CardNode | undefined> {
  if (node === 'none') return undefined;
  const peer = createSigner(await make('peer', 'peer')).publicKey;
  const place = { organisation: slug, peerId: peerIdFromPublicKey(peer), addresses };
  if (node === 'observer') return { role: 'observer', ...place };
  const consensus = createSigner(await make('consensus', 'consensus'));
  const publicKey: PublicKey = asPublicKey(consensus.publicKey);
  const possession = possessionSignBytes(ZERO_HASH, { purpose: 'consensus', publicKey }, slug);
  return {
    role: 'validator',
    ...place,
    consensusKey: toHex(publicKey),
    proofOfPossession: toHex(consensus.sign(possession)),
  };
}
