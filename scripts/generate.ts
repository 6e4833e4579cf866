/**
 * `npm run generate`: writes everything that is derived from tables in the code, above all
 * docs/reference/. With `--check` it writes nothing and fails if a file is out of date.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { applications } from '@daybook/applications';
import { renderCliReference } from '@daybook/cli';
import { createEngine } from '@daybook/contracts';
import { renderConfigReference, renderDashboard, renderSampleConfig } from '@daybook/node';
import { buildApiPage } from './generate/api.ts';
import { buildApprovalsPage } from './generate/approvals.ts';
import { buildErrorsPage } from './generate/errors.ts';
import { buildMetricsPage } from './generate/metrics.ts';
import { fillProtocolTables } from './generate/protocol.ts';

const ROOT = join(import.meta.dirname, '..');

/** Path and content of each generated file; a builder gets the present content. */
const FILES: Readonly<Record<string, (present: string) => string | Promise<string>>> = {
  'docs/reference/errors.md': buildErrorsPage,
  'config/daybookd.yaml': renderSampleConfig,
  'config/dashboard.json': renderDashboard,
  'docs/reference/api.md': buildApiPage,
  'docs/reference/approvals.md': buildApprovalsPage,
  'docs/reference/cli.md': () =>
    renderCliReference(createEngine(applications).manifest().contracts),
  'docs/reference/config.md': renderConfigReference,
  'docs/reference/metrics.md': buildMetricsPage,
  'docs/protocol/01-model.md': fillProtocolTables,
  'docs/protocol/02-data.md': fillProtocolTables,
  'docs/protocol/07-execution.md': fillProtocolTables,
};

/** Generators that stand alone and know `--check` themselves. */
const SCRIPTS = ['scripts/generate-applications.ts'];

function runScript(script: string, check: boolean): boolean {
  const args = ['--conditions=source', script, ...(check ? ['--check'] : [])];
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
  return status === 0;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const stale: string[] = [];
  // The applications index comes first: the pages below read the packages it is part of.
  for (const script of SCRIPTS) {
    if (!runScript(script, values.check)) stale.push(script);
  }
  for (const [path, build] of Object.entries(FILES)) {
    const file = join(ROOT, path);
    const present = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const wanted = await build(present);
    if (wanted === present) continue;
    stale.push(path);
    if (!values.check) writeFileSync(file, wanted);
  }
  if (values.check && stale.length > 0) {
    console.error(`out of date, run 'npm run generate': ${stale.join(', ')}`);
    process.exitCode = 1;
    return;
  }
  console.log(stale.length === 0 ? 'generated files are up to date' : `wrote ${stale.join(', ')}`);
}

await main();
