/**
 * F7: bytes of every file of a validator flipped, zeroed and cut off, while it is down. At the next
 * start the damage is named and the node refuses, or it does no harm: then every answer is right.
 */
import { execFile } from 'node:child_process';
import { cpSync, globSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { daemonPath } from '@daybook/node';
import { getJson, heightOf } from '../e2e/support/api.ts';
import { paymentPath } from '../e2e/support/fund.ts';
import { eventually } from '../e2e/support/waiting.ts';
import { tryDamage } from './damage-trials.ts';
import { damage, overwrite } from './damaging.ts';
import type { Fault } from './fault.ts';
import { placesOf } from './fault.ts';
import { inspect, outlinesOf, renderInspection } from './inspection.ts';
import type { Random } from './random.ts';
import type { Stage } from './stage.ts';
import { onStage, PATIENCE_MS } from './stage.ts';
import type { Outcome } from './tally.ts';
import { Tally } from './tally.ts';

const VICTIM = 'audit';
const WITNESS = 'finance';
/** Of each kind of file on real processes; the long form tries many more in one process. */
const POSITIONS = 5;
const TRIALS = { short: POSITIONS, long: 200 } as const;
/** Exit code of a defect: what no damage may cause. */
const DEFECT = 1;

/** Files of the data directory that are rebuilt from peers; a copy of them is no danger. */
const STORED = {
  blocks: 'data/blocks/*.log',
  'indexes of blocks': 'data/blocks/*.idx',
  frontier: 'data/blocks/frontier',
  'tree nodes': 'data/state/nodes-*.seg',
  values: 'data/state/values-*.seg',
  'LevelDB log': 'data/state/index/*.log',
  'LevelDB table': 'data/state/index/*.ldb',
  MANIFEST: 'data/state/index/MANIFEST-*',
  CURRENT: 'data/state/index/CURRENT',
  LOCK: 'data/state/index/LOCK',
  'directory lock': 'data/lock/*',
  format: 'data/format.json',
} as const;
const WRITTEN_BY_PEOPLE = {
  configuration: 'daybookd.yaml',
  'consensus key': 'keys/consensus.json',
  'peer key': 'keys/peer.json',
} as const;
const VOTES = { 'WAL A': ['wal-A'], 'WAL B': ['wal-B'], 'both WALs': ['wal-A', 'wal-B'] } as const;
const COPIED = ['data/blocks', 'data/state', 'data/lock', 'data/format.json'] as const;

/** Payments as the victim tells them are those of the witness, and so is every block. */
async function compareAnswers(stage: Stage, words: string): Promise<void> {
  const [own, other] = [stage.urlOf(VICTIM), stage.urlOf(WITNESS)];
  const goal = await heightOf(other);
  await eventually(async () => (await heightOf(own)) >= goal - 1, {
    what: `${VICTIM} follows after ${words}`,
    withinMs: PATIENCE_MS,
  });
  const [here, there] = [await outlinesOf(own), await outlinesOf(other)];
  for (const [height, { blockHash }] of here.entries()) {
    if (height < there.length && there[height]?.blockHash !== blockHash) {
      throw new Error(`I22: ${words}: another block at ${height}`);
    }
  }
  for (const name of ['fault-0-0', 'fault-0-1', 'fault-0-2']) {
    const asked = [own, other].map((url) => getJson(url, paymentPath(name)));
    const [mine, theirs] = (await Promise.all(asked)).map(({ status, body }) =>
      JSON.stringify({ status, ...body, head: undefined }),
    );
    if (mine !== theirs) throw new Error(`I22: ${words}: ${mine} is not ${theirs}`);
  }
}

/**
 * Starts on damaged files. What is read late may be refused late: the log says so, and names it.
 * @throws Error when damage is not named, or answers are wrong
 */
async function judge(stage: Stage, files: readonly string[], words: string): Promise<Outcome> {
  const { logFile, apiUrl } = stage.cluster.node(VICTIM);
  const before = readFileSync(logFile).length;
  try {
    await stage.start(VICTIM);
    const ended = stage.process(VICTIM).ended();
    const end = await Promise.race([ended, compareAnswers(stage, words)]);
    if (end !== undefined) throw new Error(`${words}: ended with ${end.exitCode} when it was read`);
  } catch (error) {
    // Asked of a live node, too: then the damage concerns a single answer, which was refused.
    const isRunning = stage.process(VICTIM).pid() !== undefined;
    const exitCode = isRunning ? undefined : (await stage.process(VICTIM).ended()).exitCode;
    const said = `${String(error)}\n${readFileSync(logFile).subarray(before).toString()}`;
    const names = files.flatMap((file) => [path.basename(file), path.dirname(file)]);
    const isNamed = names.some((name) => said.includes(name)) && !String(error).includes('I22');
    if (isNamed && exitCode !== DEFECT && exitCode !== null) return 'refused';
    throw new Error(`I22: ${words} is not named (exit code ${exitCode}): ${String(error)}`, {
      cause: error,
    });
  }
  const { body } = await getJson(apiUrl, '/v1/status');
  return String(body.hindrance ?? '').includes('STATE_VOTES') ? 'quarantine' : 'harmless';
}

async function damageStored(stage: Stage, run: Trials): Promise<void> {
  const { directory } = stage.cluster.node(VICTIM);
  const copies = path.join(stage.cluster.directory, 'copies');
  for (const name of COPIED) {
    cpSync(path.join(directory, name), path.join(copies, name), { recursive: true });
  }
  for (const [title, pattern] of Object.entries(STORED)) {
    for (let position = 0; position < run.positions; position += 1) {
      const files = globSync(path.join(directory, pattern)).sort();
      if (files.length === 0) {
        run.tally.add(title, 'absent');
        break;
      }
      const file = run.random.pick(files);
      const words = `${path.relative(directory, file)}: ${damage(file, run.random)}`;
      run.tally.add(title, await judge(stage, [file], words));
      await stage.process(VICTIM).kill();
      await stage.readVotes(VICTIM);
      for (const name of COPIED) {
        rmSync(path.join(directory, name), { recursive: true, force: true });
        cpSync(path.join(copies, name), path.join(directory, name), { recursive: true });
      }
    }
  }
}

/** Nothing of a vote log is ever put back: what the node makes of it is what it goes on with. */
async function damageVotes(stage: Stage, run: Trials): Promise<void> {
  const { dataDirectory } = stage.cluster.node(VICTIM);
  for (const [title, names] of Object.entries(VOTES)) {
    // Each ends in quarantine, which takes its time: one is enough for the short form.
    const positions = names.length > 1 ? Math.ceil(run.positions / 5) : run.positions;
    for (let position = 0; position < positions; position += 1) {
      const files = names.map((name) => path.join(dataDirectory, 'votes', name));
      const what = files.map((file) => `${path.basename(file)}: ${damage(file, run.random)}`);
      run.tally.add(title, await judge(stage, files, what.join(', ')));
      await stage.votes(VICTIM);
      await stage.kill(VICTIM);
    }
  }
}

function checkConfiguration(configFile: string): Promise<{ exitCode: number; said: string }> {
  const command = [daemonPath(), 'check', '--config', configFile];
  return new Promise((resolve) => {
    execFile(process.execPath, command, (error, stdout, stderr) => {
      resolve({ exitCode: Number(error?.code ?? 0), said: stdout + stderr });
    });
  });
}

async function damageSettings(stage: Stage, run: Trials): Promise<void> {
  const { directory, configFile } = stage.cluster.node(VICTIM);
  for (const [title, name] of Object.entries(WRITTEN_BY_PEOPLE)) {
    const file = path.join(directory, name);
    const good = readFileSync(file);
    for (let position = 0; position < run.positions; position += 1) {
      const words = damage(file, run.random);
      const { exitCode, said } = await checkConfiguration(configFile);
      overwrite(file, good);
      if (exitCode === DEFECT) throw new Error(`I22: ${name}: ${words}: ${said}`);
      run.tally.add(title, exitCode === 0 ? 'harmless' : 'refused');
    }
  }
}

interface Trials {
  readonly positions: number;
  readonly random: Random;
  readonly tally: Tally;
}

export const damagedFiles: Fault = {
  id: 'F7',
  title: 'damaged files: named, or harmless, and never a wrong answer or a second vote',
  needs: [],
  places: TRIALS,
  run: async (options) => {
    const { short, part, random, tell } = options;
    const tally = new Tally();
    const run = { positions: POSITIONS, random, tally };
    if (!short || part !== undefined) {
      const kind = part?.kind === undefined ? {} : { kind: part.kind };
      const positions = placesOf({ places: TRIALS }, options);
      const lines = await tryDamage({ positions, random, tell, ...kind });
      if (lines.length === 0) throw new Error(`no kind of file is called ${part?.kind}`);
      // A part of the positions is one of those trials alone; the processes play as a whole.
      if (part !== undefined) return lines.join('; ');
    }
    return await onStage({ clients: 1, pauseMs: 200 }, async (stage) => {
      await stage.votes(VICTIM);
      await stage.grows(VICTIM, 10);
      await stage.kill(VICTIM);
      await damageSettings(stage, run);
      await damageStored(stage, run);
      await damageVotes(stage, run);
      for (const line of tally.lines()) tell(line);
      stage.expectStop(VICTIM, /STATE_|\/data\b/);

      const { dataDirectory } = stage.cluster.node(VICTIM);
      for (const name of ['blocks', 'state']) {
        rmSync(path.join(dataDirectory, name), { recursive: true });
      }
      await stage.start(VICTIM);
      await compareAnswers(stage, 'everything but the votes lost');
      return `rebuilt from peers; ${renderInspection(await inspect(stage))}`;
    });
  },
};
