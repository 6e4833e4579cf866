/** `daybook monitor` and `daybook evidence`: the rules of an engagement, and what proves their findings. */
import type { Client, TransactionAuthor, Trust } from '@daybook/client';
import { createProofMemory, SYSTEM_CLOCK } from '@daybook/client';
import { assertNever } from '@daybook/core';
import { writeEvidence, writeReportProof } from '../audit/evidence.ts';
import { isFresh } from '../audit/evidence-folder.ts';
import type { EvidenceFile, EvidenceRemark } from '../audit/evidence-index.ts';
import type { RulesEvent } from '../audit/follow-rules.ts';
import { followRules, unlessAborted } from '../audit/follow-rules.ts';
import { keptProofsIn } from '../audit/kept-proofs.ts';
import type { RuleOutcome, RuleRun } from '../audit/run-rules.ts';
import { runRules } from '../audit/run-rules.ts';
import { connect, LANGUAGE_OPTION, NODE_OPTIONS, trustedErasOf } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import type { Paint } from '../frame/style.ts';
import { printable, renderPairs, renderTable } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { createAuthorFinder } from '../imports/authors.ts';
import { openSigners, SIGNER_OPTIONS } from '../officers.ts';
import { answer, jsonLine, remark } from '../print.ts';
import { verifyFolder } from './verify-folder.ts';

/** Rules look at whole tables: on a busy chain this keeps them from running at every block. */
const EVERY_SECONDS = 10;
const EVERY_SECONDS_MAX = 3600;

async function monitor(input: Input, world: World): Promise<Exit> {
  const everySeconds = input.integer('every', { min: 1, max: EVERY_SECONDS_MAX });
  const authors = await openSigners(input, world);
  const client = await connect(input);
  const prepare = () => prepareRun(client, authors, { input, world });
  if (input.flag('follow')) {
    await followRules(client, {
      prepare,
      everyMs: (everySeconds ?? EVERY_SECONDS) * 1000,
      signal: world.signal,
      clock: { ...SYSTEM_CLOCK, nowMs: () => world.nowMs() },
      tell: (event) => tell(event, input, world),
    });
    return 'done';
  }
  if (everySeconds !== undefined) {
    const expected = 'it beside --follow';
    throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--every', expected });
  }
  const run = prepare().then((prepared) => runRules(client, prepared));
  const outcomes = await unlessAborted(run, world.signal);
  if (outcomes === undefined) return 'interrupted';
  answer(input, world, {
    json: outcomes,
    lines: (paint) =>
      outcomes.length === 0 ? 'No rule of this engagement runs.' : outcomeLines(outcomes, paint),
  });
  return outcomes.some(({ fault }) => fault !== undefined) ? 'refused' : 'done';
}

/** What a run needs of the chain. @throws CliError CLI_AUTHOR_MISSING; ClientError */
async function prepareRun(
  client: Client,
  authors: readonly TransactionAuthor[],
  { input, world }: { readonly input: Input; readonly world: World },
): Promise<RuleRun> {
  const { document } = await client.genesis();
  const validMs = Math.floor(document.parameters.validityMaxMs / 2);
  const authorFor = await createAuthorFinder(authors, client);
  const organisation = input.text('auditor');
  const chain = await client.chain();
  const eras = await trustedErasOf(input);
  const folder = input.optionalText('keep');
  const memory = createProofMemory();
  return {
    ...(folder !== undefined && { keep: keptProofsIn(folder, world) }),
    engagement: input.operand('engagement'),
    author: authorFor({ organisation, role: 'audit.monitor' }),
    validUntilMs: () => world.nowMs() + validMs,
    trust: () => ({ chain, eras, memory, nowMs: world.nowMs() }),
  };
}

/** One line for each event, so that a supervisor can read the last one. */
function tell(event: RulesEvent, input: Input, world: World): void {
  const text = input.flag('json') ? jsonLine(event) : `${printable(sentenceOf(event))}\n`;
  world.out.write(text);
}

function sentenceOf(event: RulesEvent): string {
  switch (event.kind) {
    case 'health': {
      const { state, judged, lagBlocks, lagMs, rules, found, opened, faults } = event;
      const lag = `lag ${lagBlocks} blocks, ${Math.round(lagMs / 1000)} s`;
      return (
        `${state} at block ${judged}, ${lag}: ${rules} rules, ${faults} with faults, ` +
        `${found} found, ${opened} opened since the start`
      );
    }
    case 'fault':
      return `${event.rule}: ${event.code} ${event.detail} ${event.remedy}`;
    case 'away':
      return `no node answers: ${event.code} ${event.detail} ${event.remedy}`;
    default:
      return assertNever(event);
  }
}

/** A table of all rules, then what kept some of them from running whole. */
function outcomeLines(outcomes: readonly RuleOutcome[], paint: Paint): string {
  const rows = outcomes.map(({ rule, kind, fault, ...numbers }) => {
    const { height, found, added, continued } = numbers;
    return [rule, kind, ...[height, found, added, continued].map(String), fault?.code ?? ''];
  });
  const faults = outcomes.flatMap(({ rule, fault }) =>
    fault === undefined
      ? []
      : [`${rule}: ${paint('red', fault.code)} ${fault.detail}\n${paint('dim', fault.remedy)}`],
  );
  const table = renderTable(['Rule', 'Kind', 'Block', 'Found', 'New', 'Went on', ''], rows, paint);
  return [table, ...faults].join('\n');
}

async function evidence(input: Input, world: World): Promise<Exit> {
  const client = await connect(input);
  const folder = input.text('out');
  const chain = await client.chain();
  const eras = await trustedErasOf(input);
  const memory = createProofMemory();
  const trust = (): Trust => ({ chain, eras, memory, nowMs: world.nowMs() });
  const keptIn = input.optionalText('kept');
  const kept = keptIn === undefined ? {} : { kept: keptProofsIn(keptIn, world) };
  const place = { folder, world, trust, ...kept };
  const engagement = input.operand('engagement');
  await checkEngagement(client, engagement);
  if (input.flag('add-report')) {
    await writeReportProof(client, engagement, place);
    return await verifyFolder(folder, trust(), { input, world });
  }
  if (!(await isFresh(folder))) {
    const expected = 'a folder that is empty or not there yet';
    throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--out', expected });
  }
  const found = await writeEvidence(client, engagement, place);
  const { files, remarks, index } = found;
  const count = (wanted: EvidenceFile['outcome']): number =>
    files.filter(({ outcome }) => outcome === wanted).length;
  const [wrong, untold] = [count('invalid'), count('unknown')];
  answer(input, world, {
    json: { folder, ...found },
    lines: (paint) =>
      renderPairs(
        [
          { title: 'Files', text: `${files.length} in ${folder}, listed in index.json` },
          { title: 'Hash of the index', text: index },
          { title: 'Not valid', text: String(wrong) },
          ...(untold === 0 ? [] : [{ title: 'Cannot be told', text: String(untold) }]),
          ...remarks.map(({ record, height, state }) => ({
            title: REMARKS[state],
            text: `${record} at ${height}`,
          })),
        ],
        paint,
      ),
  });
  const isProven = remarks.every(({ state }) => state === 'changed' || state === 'kept');
  const isWhole = wrong + untold === 0 && isProven;
  if (isWhole && !input.flag('json')) {
    remark(world, `Report it: daybook audit report --engagement ${engagement} --report ${index}`);
    remark(world, `Then add that: daybook evidence ${engagement} --out ${folder} --add-report`);
  }
  return isWhole ? 'done' : 'refused';
}

/** A proof that there is no engagement would be evidence of nothing. @throws CliError */
async function checkEngagement(client: Client, engagement: string): Promise<void> {
  const { audit } = await import('@daybook/applications');
  const found = await client.contractOf(audit).records.engagement.get({ engagement });
  if (found !== undefined) return;
  throw new CliError({ code: 'CLI_ENGAGEMENT_UNKNOWN', name: engagement });
}

const REMARKS: Readonly<Record<EvidenceRemark['state'], string>> = {
  changed: 'Proven, but changed since',
  kept: 'Changed since, proven by what the monitor kept',
  lost: 'Changed since, and no node keeps what was cited',
  differs: 'Not the version that is cited',
  absent: 'Cited, but no record',
  unreadable: 'Finding with evidence that cites nothing',
};

export const AUDIT_VERBS: readonly Verb[] = [
  {
    words: ['monitor'],
    title: 'Carry out the rules of an audit engagement, and open what they find.',
    help:
      'Asks the SQL tables of a node that keeps them. What was found before is not opened again, so ' +
      'it may run as often as one likes: once, or with --follow for as long as it is let, whenever ' +
      'blocks came. Then it tells how it goes after each run and once a minute, in one line; nodes ' +
      'that are away are asked again. Rules are set by audit set-rule; see docs/audit.md.',
    operands: [{ name: 'engagement', help: 'Its name.' }],
    options: {
      auditor: {
        value: 'SLUG',
        help: 'Organisation whose service has the role audit.monitor.',
        required: true,
      },
      follow: { help: 'Run again whenever blocks came, until Ctrl-C or SIGTERM.' },
      every: {
        value: 'SECONDS',
        help: `With --follow: shortest pause between two runs, ${EVERY_SECONDS} if left out.`,
      },
      keep: {
        value: 'FOLDER',
        help: 'Keep the proof of each record that a finding cites, for the time when no node has it.',
      },
      ...SIGNER_OPTIONS,
      ...NODE_OPTIONS,
    },
    examples: [
      'monitor roads-2026 --auditor audit-office --signer audit-office/robot=robot.json',
      'monitor roads-2026 --follow --auditor audit-office --signer audit-office/robot=robot.json',
    ],
    runsUntilTold: true,
    run: monitor,
  },
  {
    words: ['evidence'],
    title: 'Keep the findings of an engagement with the proof of every record they cite.',
    help:
      'Each file is checked before it is written. Nobody needs a node to check them again: daybook ' +
      'verify FOLDER does it anywhere. index.json lists the files with their hashes; its own hash is ' +
      'what audit report records. The folder must be empty.',
    operands: [{ name: 'engagement', help: 'Its name.' }],
    options: {
      out: { value: 'FOLDER', help: 'Where to keep them.', required: true },
      kept: {
        value: 'FOLDER',
        help: 'Folder of monitor --keep, for versions that no node keeps any longer.',
      },
      'add-report': {
        help: 'After audit report: add its proof to the folder, change nothing else, and verify all.',
      },
      ...LANGUAGE_OPTION,
      ...NODE_OPTIONS,
    },
    examples: [
      'evidence roads-2026 --out roads-2026-evidence',
      'evidence roads-2026 --out roads-2026-evidence --add-report',
    ],
    run: evidence,
  },
];
