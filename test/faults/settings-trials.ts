/**
 * F7 for what people write or keep apart: configuration, genesis and key files. A damaged one is
 * named by `daybookd check`, or the node is still the same: of the same chain, with the same keys.
 * Nothing can tell a port from another port, so a configuration may only not end in a defect; where
 * a path in it was damaged, that path is what is named.
 */
import { cpSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createSigner, toHex } from '@daybook/core';
import type { KeyPurpose } from '@daybook/keystore';
import { readKeyFile } from '@daybook/keystore';
import { main } from '@daybook/node';
import type { Cluster, ClusterNode } from '@daybook/testkit';
import { damageContent, overwrite } from './damaging.ts';
import type { Random } from './random.ts';
import type { Outcome, Tally } from './tally.ts';
import type { TrialRun } from './trial-run.ts';
import { isChosen } from './trial-run.ts';

const CODES = { harmless: 0, usage: 2, identity: 3, storage: 4 } as const;

interface Kind {
  readonly title: string;
  readonly file: string;
  /** Who the node is by this file, when it is accepted; a configuration says nothing of that. */
  readonly identity?: (said: string) => Promise<string>;
}

export async function trySettings(
  { cluster, node }: { readonly cluster: Cluster; readonly node: ClusterNode },
  run: TrialRun,
  tally: Tally,
): Promise<void> {
  const folder = path.join(cluster.directory, 'settings-trials');
  cpSync(path.join(node.directory, 'keys'), path.join(folder, 'keys'), { recursive: true });
  cpSync(cluster.genesisFile, path.join(folder, 'genesis.json'));
  const configFile = path.join(folder, 'daybookd.yaml');
  cpSync(node.configFile, configFile);
  const text = readFileSync(configFile, 'utf8')
    .replaceAll(path.join(node.directory, 'keys'), path.join(folder, 'keys'))
    .replaceAll(cluster.genesisFile, path.join(folder, 'genesis.json'));
  overwrite(configFile, Buffer.from(text));
  for (const kind of kindsIn(folder).filter(({ title }) => isChosen(title, run))) {
    for (const position of run.positions) {
      const random = run.random.fork(`${kind.title} ${position}`);
      await tally.take(kind.title, position, () => tryOnce(kind, configFile, random));
    }
    run.tell([tally.line(kind.title), ...tally.faults].join('; '));
  }
  rmSync(folder, { recursive: true });
}

function kindsIn(folder: string): readonly Kind[] {
  const key = (purpose: KeyPurpose): Kind => {
    const file = path.join(folder, 'keys', `${purpose}.json`);
    const identity = async (): Promise<string> => {
      const { secretKey } = await readKeyFile(file, { purpose, allowUnprotected: true });
      return toHex(createSigner(secretKey).publicKey);
    };
    return { title: `${purpose} key`, file, identity };
  };
  const genesis = path.join(folder, 'genesis.json');
  return [
    { title: 'configuration', file: path.join(folder, 'daybookd.yaml') },
    { title: 'genesis file', file: genesis, identity: async (said) => chainIn(said) },
    key('consensus'),
    key('peer'),
  ];
}

function chainIn(said: string): string {
  return /id ([0-9a-f]{64})/.exec(said)?.[1] ?? 'no chain';
}

async function tryOnce(kind: Kind, configFile: string, random: Random): Promise<Outcome> {
  const { file, identity } = kind;
  const good = readFileSync(file);
  const before = await identity?.((await check(configFile)).said);
  const words = damageContent(file, random);
  try {
    const { exitCode, said } = await check(configFile);
    if (exitCode !== CODES.harmless) {
      if (!Object.values<number>(CODES).includes(exitCode)) throw new Error(`${words}: ${said}`);
      const isNamed = identity === undefined || said.includes(path.basename(file));
      if (!isNamed) throw new Error(`${words}: not named: ${said}`);
      return 'refused';
    }
    const after = await identity?.(said);
    if (after !== before) throw new Error(`I22: ${words}: ${after} is not ${before}`);
    return 'harmless';
  } finally {
    overwrite(file, good);
  }
}

/** `daybookd check` in this process, and what it says. */
async function check(configFile: string): Promise<{ exitCode: number; said: string }> {
  const said: string[] = [];
  const streams = [process.stdout, process.stderr];
  const writers = streams.map(({ write }) => write);
  const take = (text: string | Uint8Array): boolean => said.push(String(text)) > 0;
  for (const stream of streams) stream.write = take;
  try {
    return { exitCode: await main(['check', '--config', configFile]), said: said.join('') };
  } finally {
    for (const [index, stream] of streams.entries()) {
      stream.write = writers[index] ?? stream.write;
    }
  }
}
