/**
 * A cluster under a fault: nodes as processes that each start may wrap differently, a load that must
 * survive, and everything seen on the way that must never be taken back.
 */
import { copyFile, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ChainParameters } from '@daybook/core';
import { asPublicKey, publicKeyOf, toHex, validatorIdOf } from '@daybook/core';
import { createReadingDisk, readVotes } from '@daybook/state';
import type {
  Cluster,
  ClusterNode,
  MemberPlan,
  NodeHosts,
  NodeProcess,
  ProcessEnd,
  Relays,
} from '@daybook/testkit';
import { createCluster, createNodeProcess } from '@daybook/testkit';
import type { HeadView } from '../e2e/support/api.ts';
import { getJson, heightOf, statusOf } from '../e2e/support/api.ts';
import { openingCalls } from '../e2e/support/fund.ts';
import { FOUR } from '../e2e/support/members.ts';
import { signedBy } from '../e2e/support/transactions.ts';
import { eventually } from '../e2e/support/waiting.ts';
import type { FaultLoad } from './load.ts';
import { startFaultLoad, untilFinal, VALID_MS } from './load.ts';
import { elapse } from './moments.ts';
import type { SignedHistory } from './signed.ts';
import { createSignedHistory } from './signed.ts';

export interface StageOptions {
  readonly members?: readonly MemberPlan[];
  readonly parameters?: Partial<ChainParameters>;
  /** Every link between the nodes runs through these. */
  readonly relays?: Relays;
  /** Where the nodes listen; on the loopback interface by default. */
  readonly hosts?: Readonly<Record<string, NodeHosts>>;
  /** Between the creation of the folders and the first start. */
  readonly prepare?: (cluster: Cluster) => Promise<void> | void;
  /** When everything has ended, before the folders are removed. */
  readonly release?: () => void;
  /** Put before the runtime of a node at its first start. */
  readonly wrappers?: Readonly<Record<string, readonly string[]>>;
  readonly clients?: number;
  readonly pauseMs?: number;
  /** Nodes that clients hand payments in at; all of them by default. */
  readonly served?: readonly string[];
}

/** Bounds of single steps on a machine that others use, too; not what is measured. */
export const PATIENCE_MS = 90_000;

const NOTE_MS = 50;

const PARAMETERS: Partial<ChainParameters> = {
  blockIntervalMs: 50,
  roundBaseMs: 1000,
  emptyIntervalMs: 2000,
  precisionMs: 2000,
  messageDelayMs: 2000,
  // Clocks that are an hour wrong are the fault of the clocks alone.
  validityMaxMs: 3 * VALID_MS,
};

export class Stage {
  readonly cluster: Cluster;
  readonly signed: SignedHistory = createSignedHistory();
  readonly load: FaultLoad;
  readonly #processes: Map<string, NodeProcess>;
  /** The highest head that each node has told anybody. */
  readonly #told = new Map<string, HeadView>();
  /** Nodes that were expected to stop by themselves, and why. */
  readonly #stops = new Map<string, RegExp>();

  readonly #release: () => void;

  constructor(
    cluster: Cluster,
    processes: Map<string, NodeProcess>,
    { load, release }: { readonly load: FaultLoad; readonly release: () => void },
  ) {
    this.cluster = cluster;
    this.#processes = processes;
    this.load = load;
    this.#release = release;
  }

  get slugs(): readonly string[] {
    return this.cluster.nodes.map(({ slug }) => slug);
  }

  urlOf(slug: string): string {
    return this.cluster.node(slug).apiUrl;
  }

  /** Hex of the validator id, from the key that the node was founded with. */
  validatorOf(slug: string): string {
    const keys = this.cluster.consortium.organisations.find((one) => one.slug === slug);
    if (keys === undefined) throw new Error(`${slug} is a member`);
    return toHex(validatorIdOf(asPublicKey(publicKeyOf(keys.consensus))));
  }

  process(slug: string): NodeProcess {
    const found = this.#processes.get(slug);
    if (found === undefined) throw new Error(`${slug} has been started before`);
    return found;
  }

  /** Starts a node that is down, with another wrapper if that is given. */
  async start(slug: string, wrapper: readonly string[] = []): Promise<void> {
    const process = processOf(this.cluster.node(slug), wrapper);
    this.#processes.set(slug, process);
    await process.start();
  }

  /**
   * Starts a node that is to end by itself, and notes what it tells until then.
   * @returns how it ended, or undefined when it had not by then; it is killed in that case
   */
  async startToEnd(
    slug: string,
    wrapper: readonly string[],
    withinMs: number = PATIENCE_MS,
  ): Promise<ProcessEnd | undefined> {
    let isOver = false;
    // A node that ends before it is ready ends all the same.
    await this.start(slug, wrapper).catch(() => undefined);
    const deadline = performance.now() + withinMs;
    const ended = this.process(slug).ended();
    const watch = async (): Promise<undefined> => {
      while (!isOver && performance.now() < deadline) {
        await this.note(slug).catch(this.#ignoreSilence);
        await elapse(NOTE_MS);
      }
    };
    const end = await Promise.race([ended, watch()]);
    isOver = true;
    if (end === undefined) await this.process(slug).kill();
    await this.readVotes(slug);
    return end;
  }

  /** A node that does not answer tells nothing; one that takes back what it told is a failure. */
  readonly #ignoreSilence = (error: unknown): void => {
    if (!(error instanceof TypeError)) throw error;
  };

  /** SIGKILL, after noting what the node has told and before anything of it is lost. */
  async kill(slug: string): Promise<ProcessEnd> {
    await this.note(slug);
    const end = await this.process(slug).kill();
    await this.readVotes(slug);
    return end;
  }

  /** Remembers the head that a node tells now. */
  async note(slug: string): Promise<void> {
    const { head } = await statusOf(this.urlOf(slug));
    const before = this.#told.get(slug);
    if (before !== undefined && head.height < before.height) {
      throw new Error(`I8: ${slug} told height ${before.height} and now ${head.height}`);
    }
    this.#told.set(slug, head);
  }

  told(): ReadonlyMap<string, HeadView> {
    return this.#told;
  }

  /** Takes the votes on the node's disk into the history. */
  async readVotes(slug: string, dataDirectory?: string): Promise<void> {
    const directory = dataDirectory ?? this.cluster.node(slug).dataDirectory;
    const names = await readdir(directory).catch(() => []);
    for (const name of names.filter((one) => /^votes(-|$)/.test(one))) {
      const votes = readVotes(path.join(directory, name), createReadingDisk());
      for (const vote of votes) this.signed.add(this.validatorOf(slug), vote);
    }
  }

  /** The node may log that it must stop, for this reason. */
  expectStop(slug: string, reason: RegExp): void {
    this.#stops.set(slug, reason);
  }

  expectedStop(slug: string): RegExp | undefined {
    return this.#stops.get(slug);
  }

  /** Until a node has grown by so many blocks. @returns milliseconds that took */
  async grows(slug: string, by: number, withinMs: number = PATIENCE_MS): Promise<number> {
    const startedMs = performance.now();
    const from = await heightOf(this.urlOf(slug));
    await eventually(async () => (await heightOf(this.urlOf(slug))) >= from + by, {
      what: `${slug} grows by ${by} from ${from}`,
      withinMs,
    });
    return performance.now() - startedMs;
  }

  /** Until the node votes at the head of the others. */
  async votes(slug: string, withinMs: number = PATIENCE_MS): Promise<void> {
    const isVoting = async (): Promise<boolean> => {
      const { body } = await getJson(this.urlOf(slug), '/v1/status');
      const signing = body.signing as { readonly state?: string } | undefined;
      return body.activity === 'voting' && (signing?.state ?? 'open') === 'open';
    };
    await eventually(isVoting, { what: `${slug} votes`, withinMs });
  }

  async close(): Promise<void> {
    // What failed before is told already; here everything only ends.
    await this.load.stop(0).catch(() => undefined);
    for (const process of this.#processes.values()) process.signal('SIGCONT');
    await Promise.all([...this.#processes.values()].map((process) => process.kill()));
    this.#release();
    await this.cluster.remove();
  }
}

/** A process of the built daemon; `strace` and the like stand before it. */
export function processOf(node: ClusterNode, wrapper: readonly string[] = []): NodeProcess {
  const { slug: name, configFile, logFile } = node;
  return createNodeProcess({ name, configFile, logFile, wrapper, flags: [] });
}

/** Starts the cluster and the load, and waits for the first payments. */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const { members = FOUR, relays, hosts, prepare, wrappers = {} } = options;
  const { clients = 3, pauseMs = 30 } = options;
  const release = options.release ?? (() => undefined);
  const cluster = await createCluster({
    members,
    parameters: { ...PARAMETERS, ...options.parameters },
    flags: [],
    ...(hosts && { hosts }),
    ...(relays && { announce: (slug, address) => relays.announce(slug, address) }),
  });
  const processes = new Map<string, NodeProcess>();
  try {
    await prepare?.(cluster);
    for (const node of cluster.nodes) {
      processes.set(node.slug, processOf(node, wrappers[node.slug]));
    }
    relays?.follow(
      cluster.nodes.map(({ slug }) => ({
        slug,
        process: { pid: () => processes.get(slug)?.pid() },
      })),
    );
    await Promise.all([...processes.values()].map((process) => process.start()));
    const apiUrls = cluster.nodes.map(({ apiUrl }) => apiUrl);
    const fund = signedBy(cluster, ['finance/treasurer', 'finance/budgeter'], openingCalls());
    const deadline = performance.now() + PATIENCE_MS;
    const opened = await untilFinal(fund, apiUrls, () => performance.now() > deadline);
    if (opened === undefined) throw new Error(`the fund is not open after ${PATIENCE_MS} ms`);
    const { served } = options;
    const entries = served?.map((slug) => cluster.node(slug).apiUrl) ?? apiUrls;
    const load = startFaultLoad(cluster, { apiUrls: entries, clients, pauseMs, prefix: 'fault' });
    const { finalityMs } = load;
    await eventually(() => finalityMs.length >= 3, {
      what: 'the first payments',
      withinMs: PATIENCE_MS,
    });
    return new Stage(cluster, processes, { load, release });
  } catch (error) {
    await Promise.all([...processes.values()].map((process) => process.kill()));
    release();
    await cluster.remove();
    throw error;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the nodes logged is all that is kept of a stage that failed. */
async function keepLogs({ cluster }: Stage): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'daybook-fault-'));
  for (const { slug, logFile } of cluster.nodes) {
    await copyFile(logFile, path.join(folder, `${slug}.log`));
  }
  return folder;
}

/** Opens a stage, plays on it, and leaves nothing behind but the logs of a failure. */
export async function onStage<T>(
  options: StageOptions,
  play: (stage: Stage) => Promise<T>,
): Promise<T> {
  const stage = await openStage(options);
  try {
    return await play(stage);
  } catch (error) {
    throw new Error(`${messageOf(error)}; logs are in ${await keepLogs(stage)}`, { cause: error });
  } finally {
    await stage.close();
  }
}
