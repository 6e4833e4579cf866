/** Networks for F9 on this machine: nobody else's addresses, processes inside, nothing left behind. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { tellFigure } from './e2e/support/figures.ts';
import { lackOf } from './faults/machine.ts';
import type { Namespaces } from './faults/namespaces.ts';
import { createNamespaces } from './faults/namespaces.ts';
import { createRandom } from './faults/random.ts';

/** Another one in each process, as other tests of the same machine may look at the same moment. */
const SEED = process.pid;
const SLUGS = ['north', 'south'] as const;

const create = (slugs: readonly string[] = SLUGS): Namespaces =>
  createNamespaces(slugs, createRandom(SEED));

const namesOf = (...words: readonly string[]): readonly string[] => {
  const lines = execFileSync('ip', words, { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => line.split(/[ @]/).slice(0, 1)).filter((name) => name !== '');
};

/** Namespaces and links of this machine whose names a run with this seed gives. */
const made = (prefixes: readonly string[]): readonly string[] =>
  [...namesOf('netns', 'list'), ...namesOf('-br', 'link')].filter((name) =>
    prefixes.some((prefix) => name.startsWith(prefix)),
  );

const prefixesOf = ({ hosts }: Namespaces): readonly string[] => {
  const [, x, y] = hosts.north?.api.split('.') ?? [];
  return [`daybook-${x}-${y}`, `db${x}-${y}-`];
};

describe('networks of namespaces', () => {
  before(function () {
    const lack = lackOf(['linux', 'namespaces']);
    if (lack === undefined) return;
    tellFigure(`skipped: ${lack}`);
    this.skip();
  });

  it('given the same seed twice at once, then each has addresses of its own, and both are removed whole', () => {
    const networks: Namespaces[] = [];
    const prefixes: string[] = [];
    try {
      networks.push(create(), create());
      prefixes.push(...networks.flatMap(prefixesOf));

      expect(new Set(prefixes).size).to.equal(prefixes.length);
      // For each: the switches, and for each node its namespace and the end of a cable.
      expect(made(prefixes)).to.have.length(2 * (1 + 2 * SLUGS.length));
    } finally {
      for (const network of networks) network.remove();
    }

    expect(made(prefixes)).to.deep.equal([]);
  });

  it('given a process behind a wrapper, then it is inside under its own id, and removal ends it', async () => {
    const namespaces = create();
    try {
      const [file = '', ...words] = namespaces.wrappers.north ?? [];
      const program = 'process.stdout.write("up"); setInterval(() => undefined, 1000)';
      const child = spawn(file, [...words, process.execPath, '-e', program]);
      const ended = once(child, 'exit');
      await once(child.stdout, 'data');
      const pid = child.pid ?? 0;

      expect(namespaces.holds('north', pid)).to.equal(true);
      expect(namespaces.holds('south', pid)).to.equal(false);

      namespaces.remove();
      expect(await ended).to.deep.equal([null, 'SIGKILL']);
    } finally {
      namespaces.remove();
    }
  });

  it('given a link that cannot be made, then that is thrown and nothing stays', () => {
    const sound = create();
    const prefixes = prefixesOf(sound);
    sound.remove();

    expect(() => create(['north', 'a name longer than links have'])).to.throw('ip');
    expect(made(prefixes)).to.deep.equal([]);
  });
});
