import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import {
  ConfigError,
  loadSettings,
  mergeReload,
  parseSettings,
  settingRows,
  valueAt,
} from '../../src/config.ts';
import { variableOf } from '../../src/config-environment.ts';
import { renderConfigReference, renderSampleConfig } from '../../src/config-render.ts';

const FILE = '/etc/daybook/daybookd.yaml';

function parse(text: string, env: Record<string, string> = {}) {
  return parseSettings(text, { file: FILE, env });
}

/** The faults of a configuration that must be refused. */
function faultsOf(text: string, env: Record<string, string> = {}): readonly string[] {
  try {
    parse(text, env);
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.faults.map(
        ({ place, setting }) => `${place.replace(`${FILE}:`, '')} ${setting}`,
      );
    }
    throw error;
  }
  return [];
}

describe('config: the table of settings', () => {
  it('given the table, then it is short and each setting explains itself', () => {
    const rows = settingRows();

    // The aim is 30; nine more say where old blocks and values go and whom a node joins
    // by, which only operators can know.
    expect(rows.length).to.be.at.most(39);
    for (const [name, row] of rows) {
      expect(row.help, name).to.match(/^[A-Z].+\.$/s);
      expect(row.default !== undefined || row.example !== undefined, name).to.equal(true);
    }
    expect(new Set(rows.map(([name]) => variableOf(name))).size).to.equal(rows.length);
  });

  it('given an empty file, then every setting has its default and nothing can be changed', () => {
    const settings = parse('');

    expect(settings.api.port).to.equal(7780);
    expect(settings.keys.consensusFile).to.equal(undefined);
    expect(Object.isFrozen(settings) && Object.isFrozen(settings.network.listen)).to.equal(true);
  });

  it('given limits of the disk out of order, then the lower one is named', () => {
    expect(faultsOf('disk:\n  stopPercent: 5\n')).to.deep.equal(['2:3 disk.stopPercent']);
    expect(faultsOf('disk:\n  resumePercent: 12\n')).to.deep.equal(['2:3 disk.resumePercent']);
    expect(faultsOf('disk:\n  stopPercent: 3\n  lowPercent: 20\n')).to.deep.equal([]);
  });

  it('given the sample file, then it says exactly the defaults', () => {
    expect(parse(renderSampleConfig())).to.deep.equal(parse(''));
  });

  it('given the sample with its optional lines opened, then it is valid too', () => {
    const opened = renderSampleConfig().replace(/^ {2}# ([a-zA-Z]+: )/gm, '  $1');

    expect(parse(opened).keys.consensusFile).to.equal('/etc/daybook/keys/consensus.json');
  });

  it('given the reference page, then each setting and variable is on it', () => {
    const page = renderConfigReference();

    for (const [name] of settingRows()) {
      expect(page).to.contain(`\`${name}\``);
      expect(page).to.contain(`\`${variableOf(name)}\``);
    }
  });
});

describe('config: faults with their line', () => {
  it('given a mistyped name, then its line and the name that was meant', () => {
    try {
      parse('api:\n  prot: 80\n');
      expect.fail('refused');
    } catch (error) {
      expect(String(error)).to.contain(
        `${FILE}:2:3: api.prot: there is no such setting (did you mean api.port?)`,
      );
    }
  });

  it('given several faults, then all of them at once', () => {
    const text = 'api:\n  port: 99999\n  host: "a b"\nlog:\n  level: loud\nmore: {x: 1}\n';

    expect(faultsOf(text)).to.have.members([
      '2:3 api.port',
      '3:3 api.host',
      '5:3 log.level',
      '6:8 more.x',
    ]);
  });

  const bad: readonly (readonly [string, string])[] = [
    ['no YAML', 'api: ['],
    ['a repeated section', 'log: {level: info}\nlog: {level: warn}'],
    ['a repeated setting', 'log:\n  level: info\n  level: warn'],
    ['an anchor', 'log: &a {level: info}'],
    ['an alias', 'log:\n  level: &x info\n  format: *x'],
    ['a merge', 'log:\n  <<: {level: info}'],
    ['a tag', 'log:\n  level: !!binary aGk='],
    ['an own tag', 'log: !x\n  level: info'],
    ['a list at the top', '- log'],
    ['a section that is text', 'log: info'],
    ['a number with a fraction', 'api: {port: 1.5}'],
    ['a negative number', 'api: {port: -1}'],
    ['a number in quotes', 'api: {port: "80"}'],
    ['a list where text must be', 'api: {host: [a]}'],
    ['text where a list must be', 'network: {listen: /ip4/0.0.0.0/tcp/1}'],
    ['an item of another form', 'network: {listen: [/ip4/0.0.0.0/udp/1]}'],
    ['an item twice', 'network: {listen: [/ip4/0.0.0.0/tcp/1, /ip4/0.0.0.0/tcp/1]}'],
    ['an item that is a map', 'network: {listen: [{a: 1}]}'],
    ['a size without unit name', 'mempool: {bytesMax: 64 MB}'],
    ['a size out of bounds', 'mempool: {bytesMax: 1 KiB}'],
    ['an empty value without default', 'api: {port: }'],
    ['a key that is a list', '? [a]\n: 1'],
  ];
  for (const [words, text] of bad) {
    it(`given ${words}, then it is refused with a place`, () => {
      const faults = faultsOf(text);

      expect(faults).to.have.length.at.least(1);
      expect(faults[0]).to.match(/^\d+:\d+ /);
    });
  }

  it('given an alias bomb, then it costs nothing', () => {
    const lines = ['a0: &a0 [x, x]'];
    for (let n = 1; n < 40; n++) lines.push(`a${n}: &a${n} [*a${n - 1}, *a${n - 1}]`);

    expect(faultsOf(lines.join('\n'))).to.have.length.at.least(1);
  });

  it('given settings that contradict each other, then the relation is named', () => {
    expect(faultsOf('keys: {peerFile: /a, consensusFile: /a}')).to.deep.equal([
      '1:22 keys.consensusFile',
    ]);
    expect(faultsOf('api: {port: 7700}')).to.deep.equal(['1:7 api.port']);
    expect(faultsOf('state: {voteMirrorDirectory: /var/lib/daybook}')).to.have.length(1);
  });
});

describe('config: files and environment', () => {
  it('given relative paths, then they count from the directory of the file', () => {
    const settings = parse('node: {dataDirectory: ../data}');

    expect(settings.node.dataDirectory).to.equal('/etc/data');
  });

  it('given variables, then they override the file in the type of the setting', () => {
    const settings = parse('api: {port: 1}\nmempool: {bytesMax: 5 MiB}', {
      DAYBOOK_API_PORT: '0',
      DAYBOOK_MEMPOOL_BYTES_MAX: '8 MiB',
      DAYBOOK_NETWORK_LISTEN: '/ip4/127.0.0.1/tcp/0, /ip6/::1/tcp/0',
      DAYBOOK_KEYS_CONSENSUS_FILE: '/k',
      DAYBOOK_URL: 'for another program',
      PATH: '/bin',
    });

    expect(settings.api.port).to.equal(0);
    expect(settings.mempool.bytesMax).to.equal(8 * 1024 * 1024);
    expect(settings.network.listen).to.deep.equal(['/ip4/127.0.0.1/tcp/0', '/ip6/::1/tcp/0']);
    expect(settings.keys.consensusFile).to.equal('/k');
  });

  it('given a variable that names no setting, then it is a fault and not ignored', () => {
    expect(faultsOf('', { DAYBOOK_API_PROT: '1' })).to.deep.equal(['DAYBOOK_API_PROT ']);
    expect(faultsOf('', { DAYBOOK_API_PORT: 'x' })).to.deep.equal(['DAYBOOK_API_PORT api.port']);
  });

  it('given a file that is missing, too large or no text, then the code says it cannot be read', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'daybook-config-'));
    try {
      writeFileSync(path.join(directory, 'large'), 'x'.repeat(2 * 1024 * 1024));
      writeFileSync(path.join(directory, 'bytes'), Uint8Array.of(0xff, 0xfe));
      for (const name of ['missing', 'large', 'bytes', '.']) {
        const load = (): unknown => loadSettings(path.join(directory, name), {});
        expect(load, name).to.throw(ConfigError).with.property('code', 'NODE_CONFIG_UNREADABLE');
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('given a reload, then only what may change changes, and the rest is named', () => {
    const before = parse('');
    const after = parse('api: {port: 1, eventStreamsMax: 9}\nlog: {level: debug}');

    const { settings, needRestart } = mergeReload(before, after);

    expect(settings.api.port).to.equal(before.api.port);
    expect(valueAt(settings, 'api.eventStreamsMax')).to.equal(9);
    expect(settings.log.level).to.equal('debug');
    expect(needRestart).to.deep.equal(['api.port']);
  });
});
