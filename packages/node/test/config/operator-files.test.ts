import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { parseSettings, settingRows } from '../../src/config.ts';
import { renderSampleConfig } from '../../src/config-render.ts';
import { DAEMON_ENVIRONMENT } from '../../src/daemon-path.ts';
import { METRIC_TABLES, renderDashboard } from '../../src/dashboard-render.ts';
import { ERROR_TABLES } from '../../src/error-tables.ts';
import { EXIT_CODES } from '../../src/exit-codes.ts';
import { CAUSES, HEALTH_KINDS } from '../../src/health-causes.ts';

const ROOT = path.join(import.meta.dirname, '../../../..');

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

describe('config: files an operator copies', () => {
  it('given the sample and the dashboard, then they are what the tables render', () => {
    expect(read('config/daybookd.yaml')).to.equal(renderSampleConfig());
    expect(read('config/dashboard.json')).to.equal(renderDashboard());
  });

  it('given the dashboard, then every metric of every package is on it', () => {
    const dashboard = read('config/dashboard.json');

    const names = Object.values(METRIC_TABLES).flatMap((table) => Object.keys(table));
    expect(names.filter((name) => !dashboard.includes(name))).to.deep.equal([]);
  });

  const pages = readdirSync(path.join(ROOT, 'docs/operations')).map((page) => ({
    page,
    text: read(`docs/operations/${page}`),
  }));

  it('given pages for operators, then every setting on them exists', () => {
    const settings = new Set(settingRows().map(([name]) => name));
    const sections = new Set([...settings].map((name) => name.split('.')[0] ?? ''));

    const named = pages.flatMap(({ text }) => [...text.matchAll(/`([a-z]+)\.([a-zA-Z]+)`/g)]);
    const unknown = named
      .filter(([, section = '', key]) => sections.has(section) && key !== 'json')
      .map(([, section, key]) => `${section}.${key}`)
      .filter((name) => !settings.has(name));

    expect(unknown).to.deep.equal([]);
  });

  it('given pages for operators, then every code on them exists', () => {
    const codes = new Set(ERROR_TABLES.flatMap((table) => Object.keys(table)));
    const pattern = /`((?:NODE|STATE|CONSENSUS|NETWORK|CORE)_[A-Z_]+)`/g;

    const named = pages.flatMap(({ text }) => [...text.matchAll(pattern)].map(([, code]) => code));

    expect(named.filter((code = '') => !codes.has(code))).to.deep.equal([]);
  });

  it('given the snippets of settings in the pages, then a node accepts them', () => {
    const blocks = ['install', 'signer'].flatMap((page) => [
      ...read(`docs/operations/${page}.md`).matchAll(/```yaml\n(.*?)```/gs),
    ]);

    expect(blocks).to.have.length(4);
    for (const [, text = ''] of blocks) {
      expect(() => parseSettings(text, { file: 'install.md', env: {} })).not.to.throw();
    }
  });
});

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

/** Metrics that Prometheus or prom-client bring. */
const FOREIGN = ['up', 'process_start_time_seconds', 'process_resident_memory_bytes'];
const FOREIGN_LAG = 'nodejs_eventloop_lag_p99_seconds';

describe('config: alarms', () => {
  const { groups } = parse(read('config/alerts.yaml')) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap(({ rules: each }) => each);

  it('given each alarm, then the runbook has its section, and none more', () => {
    const headings = [...read('docs/operations/runbook.md').matchAll(/^## (\w+)$/gm)];

    expect(headings.map(([, name]) => name)).to.have.members(rules.map(({ alert }) => alert));
  });

  it('given each alarm, then it rests on metrics that exist and says how urgent it is', () => {
    const names = new Set([
      ...Object.values(METRIC_TABLES).flatMap((table) => Object.keys(table)),
      ...FOREIGN,
      FOREIGN_LAG,
    ]);
    for (const { alert, expr, labels, annotations } of rules) {
      const used = [...expr.matchAll(/\b((?:daybook|process|nodejs)_[a-z0-9_]+|up)\b(?=[{\s[])/g)];
      expect(used, alert).to.have.length.at.least(1);
      for (const [, name = ''] of used) {
        const row = name.replace(/_bucket$/, '');
        expect(names.has(row), `${alert}: ${name}`).to.equal(true);
      }
      expect(labels.severity, alert).to.be.oneOf(['page', 'ticket']);
      expect(annotations.summary, alert).to.match(/\.$/);
    }
  });

  it('given each kind of health reason, then an alarm watches it', () => {
    for (const kind of HEALTH_KINDS) {
      const rule = rules.find(({ alert }) => alert === CAUSES[kind].alarm);
      const kinds = /kind=~?"([a-z|-]+)"/.exec(rule?.expr ?? '')?.[1]?.split('|');
      expect(kinds, `${CAUSES[kind].alarm} watches ${kind}`).to.include(kind);
    }
  });
});

/** Exposure that `systemd-analyze security` may find, in tenths: 0 is none, 100 all. */
const EXPOSURE_MAX = 15;

const UNITS = [
  'daybookd.service',
  'daybook-signer.service',
  'daybook-signer.socket',
  'daybook-monitor@.service',
] as const;
const DAEMON_UNITS = ['daybookd.service', 'daybook-signer.service'] as const;
const SERVICES = [...DAEMON_UNITS, 'daybook-monitor@.service'] as const;

/** What is between the program and its first argument. */
const FLAGS = /\bnode ((?:--\S+ )+)/;

describe('config: the systemd units', () => {
  it('given the unit of the node, then Node takes its flags, and a block is measured with the same', () => {
    const [, unit = ''] = FLAGS.exec(read('config/daybookd.service')) ?? [];
    const flags = unit.trim().split(' ');

    const { status, stderr } = spawnSync(process.execPath, [...flags, '--eval', ''], {
      encoding: 'utf8',
    });

    expect([status, stderr]).to.deep.equal([0, '']);
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const [, bench = ''] = FLAGS.exec(scripts['bench:tree'] ?? '') ?? [];
    expect(bench.trim().split(' ')).to.include.members(flags);
  });

  it('given the units, then systemd takes every line of them', () => {
    const root = mkdtempSync(path.join(tmpdir(), 'daybook-unit-'));
    try {
      const add = (file: string, text: string, mode = 0o644): void => {
        mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
        writeFileSync(path.join(root, file), text);
        chmodSync(path.join(root, file), mode);
      };
      for (const unit of UNITS) add(`etc/systemd/system/${unit}`, read(`config/${unit}`));
      for (const program of ['opt/daybook/node_modules/.bin/node', 'bin/kill']) {
        add(program, '', 0o755);
      }
      const targets =
        'multi-user network-online time-sync sysinit basic shutdown sockets paths slices timers';
      for (const target of targets.split(' ')) {
        add(`usr/lib/systemd/system/${target}.target`, `[Unit]\nDescription=${target}\n`);
      }

      const { status, stderr } = spawnSync(
        'systemd-analyze',
        [
          ...['verify', '--man=no', `--root=${root}`],
          // A template is judged as one of those it makes.
          ...UNITS.map((unit) => unit.replace('@', '@roads-2026')),
        ],
        { encoding: 'utf8' },
      );

      expect([status, stderr]).to.deep.equal([0, '']);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  for (const unit of SERVICES) {
    const text = read(`config/${unit}`);

    it(`given the sandbox of ${unit}, then the exposure is at most ${EXPOSURE_MAX / 10} of 10`, () => {
      const { status, stdout, stderr } = spawnSync(
        'systemd-analyze',
        [
          'security',
          '--offline=true',
          '--no-pager',
          `--threshold=${EXPOSURE_MAX}`,
          path.join(ROOT, 'config', unit),
        ],
        { encoding: 'utf8' },
      );

      expect(status, stdout.slice(-2000) + stderr).to.equal(0);
    });

    it(`given the environment of ${unit}, then memory is given back as in every start of a node`, () => {
      const pairs = Object.entries(DAEMON_ENVIRONMENT).map(([name, value]) => `${name}=${value}`);

      expect(text).to.contain(`Environment=${pairs.join(' ')}\n`);
    });
  }

  it('given what a start of the node compiles, then it is kept where only the service writes', () => {
    const text = read('config/daybookd.service');

    expect(text).to.match(/^Environment=NODE_COMPILE_CACHE=\/var\/cache\/daybook\/\w+$/m);
    expect(text).to.contain('CacheDirectory=daybook\nCacheDirectoryMode=0700\n');
  });

  for (const unit of DAEMON_UNITS) {
    const text = read(`config/${unit}`);

    it(`given exit codes that a restart cannot mend, then systemd leaves ${unit} down`, () => {
      const { usage, identity, safety } = EXIT_CODES;

      expect(text).to.contain(`RestartPreventExitStatus=${usage} ${identity} ${safety}\n`);
    });

    it(`given the paths of ${unit}, then program and settings lie where the pages put them`, () => {
      expect(text).to.contain('/opt/daybook/packages/node/bin/daybookd.js');
      expect(readdirSync(path.join(ROOT, 'packages/node/bin'))).to.include('daybookd.js');
    });
  }

  it('given the monitor, then only what waiting mends starts it again, and its program is there', () => {
    const text = read('config/daybook-monitor@.service');

    expect(text).to.contain('RestartPreventExitStatus=2 4 7\n');
    expect(text).to.contain('/opt/daybook/packages/cli/bin/daybook.js monitor %i --follow ');
    expect(readdirSync(path.join(ROOT, 'packages/cli/bin'))).to.include('daybook.js');
    expect(text).to.contain('--keep %S/daybook-monitor/%i ');
    expect(text).to.contain('StateDirectory=daybook-monitor/%i\n');
    expect(text).not.to.match(/^User=/m);
  });

  it('given the signer, then it has no network, and only the node may connect', () => {
    const service = read('config/daybook-signer.service');
    const socket = read('config/daybook-signer.socket');

    expect(service).to.contain('PrivateNetwork=yes\n');
    expect(service).to.contain('RestrictAddressFamilies=AF_UNIX\n');
    expect(socket).to.contain('SocketMode=0600\n');
    expect(socket).to.contain('SocketUser=daybook\n');
    expect(read('docs/operations/signer.md')).to.contain('/run/daybook-signer/socket');
  });
});
