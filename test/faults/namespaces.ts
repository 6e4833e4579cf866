/**
 * A network of its own for every node, made of Linux network namespaces; only root may.
 *
 *   node 0 ─┐                        ┌─ node 2
 *           ├─ switch ──cable── switch ┤
 *   node 1 ─┘                        └─ node 3
 *
 * Peers reach each other over the two switches, which stand in a namespace too. A second cable leads
 * from each node to this machine alone, so that its API answers whatever happens between the nodes.
 */
import { execFileSync } from 'node:child_process';
import type { NodeHosts } from '@daybook/testkit';
import type { Random } from './random.ts';

export interface Namespaces {
  /** For `ClusterOptions.hosts`. */
  readonly hosts: Readonly<Record<string, NodeHosts>>;
  /** For `ClusterOptions.wrappers`; `ip` becomes the node, so that the process is the node's own. */
  readonly wrappers: Readonly<Record<string, readonly string[]>>;
  /** Whether a process runs in the namespace of that node. */
  holds(slug: string, pid: number): boolean;
  /** Pulls the cable between a node and its switch. */
  pull(slug: string): void;
  /** Pulls the cable between the switches: the first half of the nodes, and the others. */
  pullBetweenHalves(): void;
  /** What one node sends to the other leads nowhere; the other way stays as it is. */
  loseWay(from: string, to: string): void;
  /** All cables and ways as they were at the beginning. */
  heal(): void;
  /** Ends what still runs inside and removes all that was made. @throws Error if something stays */
  remove(): void;
}

interface Place {
  readonly slug: string;
  readonly namespace: string;
  /** Name of the end of the API's cable on this machine. */
  readonly cable: string;
  readonly hosts: NodeHosts;
  /** Address of this machine on the API's cable. */
  readonly near: string;
}

const DRAWS_MAX = 50;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** The switches, and the ends of the cable between them. */
const SWITCHES = ['switch-1', 'switch-2'] as const;
const BETWEEN = ['between-1', 'between-2'] as const;

function ip(...words: readonly string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function tryIp(...words: readonly string[]): boolean {
  try {
    ip(...words);
    return true;
  } catch {
    // Whether that matters is for the caller to say.
    return false;
  }
}

/** Whether this machine knows no way to, or into, that network but the default one. */
function isUnused(network: string): boolean {
  const inside = ip('-4', 'route', 'show', 'table', 'all', 'root', network);
  const around = ip('-4', 'route', 'show', 'table', 'all', 'match', network);
  const lines = `${inside}\n${around}`.split('\n').filter((line) => line.trim() !== '');
  return lines.every((line) => line.startsWith('default'));
}

/** The namespace of the switches, whose name claims the addresses 10.x.y.0/23 for this run. */
function claim(random: Random): { readonly name: string; readonly x: number; readonly y: number } {
  for (let draw = 0; draw < DRAWS_MAX; draw += 1) {
    const x = random.integer(0, 256);
    const y = 2 * random.integer(0, 128);
    const name = `daybook-${x}-${y}`;
    if (!isUnused(`10.${x}.${y}.0/23`) || !tryIp('netns', 'add', name)) continue;
    return { name, x, y };
  }
  throw new Error(`no private network is free in ${DRAWS_MAX} draws`);
}

class KernelNamespaces implements Namespaces {
  readonly hosts: Readonly<Record<string, NodeHosts>>;
  readonly wrappers: Readonly<Record<string, readonly string[]>>;
  readonly #switches: string;
  readonly #places: readonly Place[];
  #mends: (() => void)[] = [];
  readonly #endBySignal = (signal: NodeJS.Signals): void => {
    this.remove();
    process.kill(process.pid, signal);
  };

  constructor(switches: string, places: readonly Place[]) {
    this.#switches = switches;
    this.#places = places;
    this.hosts = Object.fromEntries(places.map(({ slug, hosts }) => [slug, hosts]));
    this.wrappers = Object.fromEntries(
      places.map(({ slug, namespace }) => [slug, ['ip', 'netns', 'exec', namespace]]),
    );
  }

  build(): void {
    for (const signal of SIGNALS) process.once(signal, this.#endBySignal);
    for (const name of SWITCHES) {
      ip('-n', this.#switches, 'link', 'add', 'name', name, 'type', 'bridge');
      ip('-n', this.#switches, 'link', 'set', name, 'up');
    }
    const [one, other] = BETWEEN;
    ip('-n', this.#switches, 'link', 'add', 'name', one, 'type', 'veth', 'peer', 'name', other);
    for (const [index, end] of BETWEEN.entries()) this.#plugIn(end, index);
    for (const [index, place] of this.#places.entries()) {
      this.#buildNode(place, index < this.#places.length / 2 ? 0 : 1);
    }
  }

  #plugIn(end: string, half: number): void {
    ip('-n', this.#switches, 'link', 'set', end, 'master', SWITCHES[half] ?? '', 'up');
  }

  #buildNode({ slug, namespace, cable, hosts, near }: Place, half: number): void {
    ip('netns', 'add', namespace);
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    const peer = ['type', 'veth', 'peer', 'name'];
    ip('-n', this.#switches, 'link', 'add', 'name', slug, ...peer, 'peers', 'netns', namespace);
    this.#plugIn(slug, half);
    ip('link', 'add', 'name', cable, ...peer, 'api', 'netns', namespace);
    ip('addr', 'add', `${near}/30`, 'dev', cable);
    ip('link', 'set', cable, 'up');
    for (const [device, address] of [
      ['peers', `${hosts.peers}/24`],
      ['api', `${hosts.api}/30`],
    ] as const) {
      ip('-n', namespace, 'addr', 'add', address, 'dev', device);
      ip('-n', namespace, 'link', 'set', device, 'up');
    }
  }

  #placeOf(slug: string): Place {
    const found = this.#places.find((place) => place.slug === slug);
    if (found === undefined) throw new Error(`${slug} has a namespace`);
    return found;
  }

  holds(slug: string, pid: number): boolean {
    return ip('netns', 'identify', String(pid)).trim() === this.#placeOf(slug).namespace;
  }

  /** At the switch: the node sees that its cable is dead, and keeps its addresses and routes. */
  #pullAt(end: string): void {
    ip('-n', this.#switches, 'link', 'set', end, 'down');
    this.#mends.push(() => ip('-n', this.#switches, 'link', 'set', end, 'up'));
  }

  pull(slug: string): void {
    this.#pullAt(this.#placeOf(slug).slug);
  }

  pullBetweenHalves(): void {
    this.#pullAt(BETWEEN[0]);
  }

  loseWay(from: string, to: string): void {
    const { namespace } = this.#placeOf(from);
    const way = ['blackhole', `${this.#placeOf(to).hosts.peers}/32`];
    ip('-n', namespace, 'route', 'add', ...way);
    this.#mends.push(() => ip('-n', namespace, 'route', 'del', ...way));
  }

  heal(): void {
    const mends = this.#mends;
    this.#mends = [];
    for (const mend of mends) mend();
  }

  remove(): void {
    for (const signal of SIGNALS) process.off(signal, this.#endBySignal);
    const namespaces = [...this.#places.map(({ namespace }) => namespace), this.#switches];
    for (const { cable } of this.#places) tryIp('link', 'del', cable);
    for (const namespace of namespaces) {
      if (!tryIp('netns', 'pids', namespace)) continue;
      for (const pid of ip('netns', 'pids', namespace).split('\n').filter(Boolean)) {
        process.kill(Number(pid), 'SIGKILL');
      }
      tryIp('netns', 'del', namespace);
    }
    const left = [
      ...this.#places.map(({ cable }) => cable).filter((one) => tryIp('link', 'show', one)),
      ...namespaces.filter((one) => tryIp('netns', 'pids', one)),
    ];
    if (left.length > 0) throw new Error(`could not be removed: ${left.join(', ')}`);
  }
}

/**
 * Makes the networks, on private addresses that nobody on this machine uses.
 * @throws Error if the machine refuses; nothing is left then
 */
export function createNamespaces(slugs: readonly string[], random: Random): Namespaces {
  const { name, x, y } = claim(random);
  const places = slugs.map((slug, index) => ({
    slug,
    namespace: `${name}-${slug}`,
    cable: `db${x}-${y}-${index}`,
    hosts: { peers: `10.${x}.${y + 1}.${index + 1}`, api: `10.${x}.${y}.${4 * index + 2}` },
    near: `10.${x}.${y}.${4 * index + 1}`,
  }));
  const namespaces = new KernelNamespaces(name, places);
  try {
    namespaces.build();
    return namespaces;
  } catch (error) {
    namespaces.remove();
    throw error;
  }
}
