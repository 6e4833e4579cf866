/**
 * F7 at many random positions of every kind of file. A whole node with its API is opened on each
 * damaged folder, in this process, and asked for everything it can be asked; the vote log, which must
 * not be copied, is made anew for each trial. Damage is named, or harmless; no answer is another one
 * than before, and nothing is signed over.
 */
import { execFileSync } from 'node:child_process';
import { globSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from '@daybook/node';
import { createNodeDisk, openKeepsakes, readThrough } from '@daybook/state';
import type { Cluster, ClusterNode, InProcessNode } from '@daybook/testkit';
import { startInProcessNode } from '@daybook/testkit';
import { damageContent } from './damaging.ts';
import type { Random } from './random.ts';
import { trySettings } from './settings-trials.ts';
import type { Outcome } from './tally.ts';
import { Tally } from './tally.ts';
import type { Answers } from './trial-answers.ts';
import { askEverything, compareAnswers } from './trial-answers.ts';
import { createTrialCluster, JOINED, PAID, VALIDATOR } from './trial-cluster.ts';
import type { TrialRun } from './trial-run.ts';
import { isChosen } from './trial-run.ts';
import { tryVoteLogs } from './vote-trials.ts';

/** Files by what they are; patterns below the data directory. */
const OF_VALIDATOR = {
  'segments of blocks': 'blocks/blocks-*.log',
  'indexes of blocks': 'blocks/*.idx',
  'tree nodes': 'state/nodes-*.seg',
  values: 'state/values-*.seg',
  'LevelDB log': 'state/index/*.log',
  'LevelDB table': 'state/index/*.ldb',
  MANIFEST: 'state/index/MANIFEST-*',
  CURRENT: 'state/index/CURRENT',
  LOCK: 'state/index/LOCK',
  'directory lock': 'lock/*',
  format: 'format.json',
  checkpoint: 'checkpoint.txt',
  evidence: 'evidence/*',
} as const;
const INDEX = 'state/index';
const OF_JOINED = {
  'earlier hashes of a joined node': 'blocks/earlier-hashes.bin',
  'beginning of a joined node': 'blocks/beginning.cbor',
  'segments of a joined node': 'blocks/blocks-*.log',
  'values of a joined node': 'state/values-*.seg',
} as const;

/**
 * @returns counts by kind of file, none for a `kind` that is no part of a title
 * @throws Error I22 or I3 with file, damage and what was wrong
 */
export async function tryDamage(run: TrialRun): Promise<readonly string[]> {
  const tally = new Tally();
  const cluster = await createTrialCluster();
  try {
    await tryVoteLogs(path.join(cluster.directory, 'vote-trials'), run, tally);
    await trySettings({ cluster, node: cluster.node(VALIDATOR) }, run, tally);
    const places = [
      [VALIDATOR, OF_VALIDATOR],
      [JOINED, OF_JOINED],
    ] as const;
    for (const [slug, kinds] of places) {
      const chosen = Object.entries(kinds).filter(([title]) => isChosen(title, run));
      if (chosen.length === 0) continue;
      const folder = await openFolder(cluster, cluster.node(slug));
      for (const [title, pattern] of chosen) {
        for (const position of run.positions) {
          const random = run.random.fork(`${title} ${position}`);
          await tally.take(title, position, () => tryOnce(folder, pattern, random));
        }
        run.tell([tally.line(title), ...tally.faults].join('; '));
      }
    }
    if (tally.faults.length > 0) throw new Error(tally.faults.join('\n'));
    return tally.lines();
  } finally {
    await cluster.remove();
  }
}

/** The folder of a node that is down, with a sound copy and what a sound node answers. */
interface Folder {
  readonly cluster: Cluster;
  readonly node: ClusterNode;
  readonly copy: string;
  readonly sound: Answers;
}

async function openFolder(cluster: Cluster, node: ClusterNode): Promise<Folder> {
  const copy = path.join(cluster.directory, `sound-${node.slug}`);
  // What a crash has left is tidied first: a trial is to find nothing but its own damage.
  await (await startInProcessNode(cluster, node)).stop();
  copyAll([node.dataDirectory], copy);
  await keepEvidence(copy);
  const running = await startInProcessNode(cluster, node);
  try {
    const { height } = running.ledger.head().header;
    return { cluster, node, copy, sound: await askEverything(running.apiUrl, height, PAID) };
  } finally {
    await running.stop();
  }
}

/** Evidence that no block has taken lies in files of this form; what it says matters not here. */
async function keepEvidence(dataDirectory: string): Promise<void> {
  const kept = openKeepsakes(path.join(dataDirectory, 'evidence'), createNodeDisk());
  await kept.keep({ name: 'ab'.repeat(32), bytes: new Uint8Array(400).fill(7) });
}

/** Holes stay holes: files are longer than what is in them. */
function copyAll(from: readonly string[], to: string): void {
  execFileSync('cp', ['-a', '--sparse=always', ...from, to]);
}

/** Everything but the votes, which know the files they were written to. */
function restore({ node: { dataDirectory }, copy }: Folder): void {
  for (const name of readdirSync(dataDirectory)) {
    if (!isVotes(name)) rmSync(path.join(dataDirectory, name), { recursive: true });
  }
  const names = readdirSync(copy).filter((name) => !isVotes(name));
  copyAll(
    names.map((name) => path.join(copy, name)),
    dataDirectory,
  );
}

function isVotes(name: string): boolean {
  return name.startsWith('votes');
}

async function tryOnce(folder: Folder, pattern: string, random: Random): Promise<Outcome> {
  const { node } = folder;
  restore(folder);
  const files = globSync(path.join(node.dataDirectory, pattern)).sort();
  if (files.length === 0) throw new Error(`${node.slug} has no ${pattern}`);
  const file = random.pick(files);
  const what = `${path.relative(node.dataDirectory, file)}: ${damageContent(file, random)}`;
  if (pattern.startsWith(INDEX) && (await endsReader(folder))) return 'ended';
  const said: string[] = [];
  const words = [path.basename(file), path.dirname(file), ...wordsFor(pattern)];
  const isNamed = (): boolean => words.some((name) => said.join('\n').includes(name));
  try {
    const outcome = await outcomeOf(folder, said);
    if (outcome !== 'harmless' && !isNamed()) throw new Error(`${outcome}, and it is not named`);
    return outcome === 'harmless' && isNamed() ? 'named' : outcome;
  } catch (cause) {
    throw new Error(`I22: ${what}: ${String(cause)}; it said: ${said.join(' | ')}`, { cause });
  }
}

/**
 * Whether the damage ends whoever reads it, which must not be this process; then it is named. On a
 * copy: a reader mends and writes, too.
 */
async function endsReader({ cluster, node }: Folder): Promise<boolean> {
  const probe = path.join(cluster.directory, 'probe');
  rmSync(probe, { recursive: true, force: true });
  copyAll([path.join(node.dataDirectory, INDEX)], probe);
  try {
    await readThrough(probe);
    return false;
  } catch (error) {
    if (ownErrorOf(error).includes(probe)) return true;
    throw error;
  }
}

/** Other names of what lies there. */
function wordsFor(pattern: string): readonly string[] {
  return pattern.startsWith('blocks/') ? ['block log'] : [];
}

/** @param said  takes what the node says of it */
async function outcomeOf(
  { cluster, node, sound }: Folder,
  said: string[],
): Promise<'refused' | 'harmless' | 'shorter'> {
  let running: InProcessNode;
  try {
    running = await startInProcessNode(cluster, node, { logger: listenerOf(said) });
  } catch (error) {
    said.push(ownErrorOf(error));
    return 'refused';
  }
  try {
    const ended = running.failed.catch((error: unknown) => ({ error }));
    const height = running.ledger.head().header.height;
    const read = await Promise.race([compareAnswers(running.apiUrl, sound, height), ended]);
    if ('error' in read) {
      said.push(ownErrorOf(read.error));
      return 'refused';
    }
    said.push(...read.refusals);
    if (read.wrong !== undefined) throw new Error(read.wrong);
    if (read.refusals.length > 0) return 'refused';
    return read.isShorter ? 'shorter' : 'harmless';
  } finally {
    // It may be the stop that meets the damage: nobody was answered then.
    await running.stop().catch((error: unknown) => said.push(ownErrorOf(error)));
  }
}

/** What a failure of disk or node says. @throws anything else: no damage may lead to a defect */
function ownErrorOf(error: unknown): string {
  const isOwn = error instanceof Error && 'code' in error && /^(STATE|NODE)_/.test(`${error.code}`);
  if (!isOwn) throw error;
  return error.message;
}

/** Takes warnings and errors. */
function listenerOf(said: string[]): Logger {
  const take = (message: string, data?: object): void => {
    said.push(`${message} ${JSON.stringify(data ?? {})}`);
  };
  const pass = (): void => undefined;
  const logger: Logger = { debug: pass, info: pass, warn: take, error: take, child: () => logger };
  return logger;
}
