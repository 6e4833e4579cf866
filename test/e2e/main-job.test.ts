/**
 * The main job as a newcomer runs it: `npm start -- --once --json`, in full. Its report is checked
 * against the shipped files, its proof file by the command line after every node has gone.
 */
import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { tellFigure } from './support/figures.ts';
import type { Run } from './support/programs.ts';
import { runDaybook } from './support/programs.ts';

const ROOT = path.join(import.meta.dirname, '../..');
/** Only against hanging. */
const HANGING_MS = 900_000;
const FIELDS = [
  'validators',
  'observers',
  'blocks',
  'transactions',
  'linesImported',
  'linesRefused',
  'secondImportAdded',
  'importPerSecond',
  'finalityMs',
  'stateRoots',
  'killedNodeCaughtUpMs',
  'proof',
  'totals',
];

/** What the test reads of the report. */
interface Report {
  readonly validators: number;
  readonly observers: number;
  readonly blocks: number;
  readonly transactions: number;
  readonly linesImported: number;
  readonly linesRefused: readonly { line: number; field: string; reason: string }[];
  readonly secondImportAdded: number;
  readonly importPerSecond: number;
  readonly finalityMs: { readonly p50: number; readonly p99: number };
  readonly stateRoots: readonly string[];
  readonly killedNodeCaughtUpMs: number;
  readonly proof: { readonly file: string; readonly valid: boolean; readonly bytes: number };
  readonly totals: { readonly file: number; readonly imported: number; readonly refused: number };
}

function npmStart(...words: readonly string[]): Promise<Run> {
  const args = ['start', '--silent', '--', ...words];
  return new Promise((resolve) => {
    execFile('npm', args, { cwd: ROOT, timeout: HANGING_MS }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : Number(error.code ?? -1);
      resolve({ exitCode, stdout, stderr });
    });
  });
}

/** Payment lines of the shipped files: every line but headers. */
function shippedLines(): number {
  const files = globSync('config/samples/*/*.csv', { cwd: ROOT });
  const counts = files.map((file) => {
    const text = readFileSync(path.join(ROOT, file), 'latin1');
    return text.trimEnd().split('\n').length - 1;
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

describe('the main job', function () {
  this.timeout(HANGING_MS + 60_000);
  let run: Run;
  let report: Report;

  before(async () => {
    const startedMs = performance.now();
    run = await npmStart('--once', '--json');
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    tellFigure(`${seconds} s in all`);
    const last = run.stdout.trimEnd().split('\n').at(-1) ?? '';
    expect(run.exitCode, run.stderr.slice(-4000)).to.equal(0);
    report = JSON.parse(last) as Report;
  });

  it('given --json, when it has ended, then the last line has exactly the promised fields', () => {
    expect(Object.keys(report)).to.have.members(FIELDS);
    expect([report.validators, report.observers]).to.deep.equal([4, 1]);
  });

  it('given the shipped files, when added up, then every line was imported or refused by name', () => {
    const { linesImported, linesRefused, transactions, totals } = report;

    expect(linesImported + linesRefused.length).to.equal(shippedLines());
    expect(linesImported).to.be.above(15_000);
    expect(transactions).to.be.above(linesImported);
    expect(linesRefused.every(({ line, reason }) => line > 1 && /^[A-Z_]+$/.test(reason))).to.equal(
      true,
    );
    expect(totals.file).to.equal(totals.imported + totals.refused);
  });

  it('given the same files again, when imported, then nothing was added', () => {
    expect(report.secondImportAdded).to.equal(0);
  });

  it('given all nodes, when compared, then they hold one state and the killed one caught up', () => {
    expect(report.stateRoots).to.have.length(5);
    expect(new Set(report.stateRoots).size).to.equal(1);
    expect(report.killedNodeCaughtUpMs).to.be.above(0);
  });

  it('given its proof file, when no node runs, then the command line finds it valid', async () => {
    const { file, bytes } = report.proof;
    const genesis = path.join(path.dirname(file), 'genesis.json');

    const { exitCode, stdout } = await runDaybook(['verify', file, '--genesis', genesis, '--json']);

    expect(existsSync(file)).to.equal(true);
    expect(exitCode).to.equal(0);
    expect(JSON.parse(stdout)).to.include({ outcome: 'valid', bytes });
  });

  it('given its figures, when told, then they are positive', () => {
    const { importPerSecond, finalityMs, killedNodeCaughtUpMs, blocks } = report;

    tellFigure(
      `${importPerSecond} payments/s, finality p50 ${finalityMs.p50} ms p99 ${finalityMs.p99} ms, ` +
        `caught up in ${killedNodeCaughtUpMs} ms, ${blocks} blocks`,
    );
    expect(Math.min(importPerSecond, finalityMs.p50, blocks)).to.be.above(0);
    expect(finalityMs.p99).to.be.at.least(finalityMs.p50);
  });
});
