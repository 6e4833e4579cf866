/** `daybook monitor` and `daybook evidence`: the rules of an engagement, and what proves their findings. */
import type { EvidenceRemark } from '../audit/evidence.ts';
import { writeEvidence } from '../audit/evidence.ts';
import type { RuleOutcome } from '../audit/run-rules.ts';
import { runRules } from '../audit/run-rules.ts';
import { connect, NODE_OPTIONS, trustedErasOf } from '../connect.ts';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import type { Paint } from '../frame/style.ts';
import { renderPairs, renderTable } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { createAuthorFinder } from '../imports/authors.ts';
import { openSigners, SIGNER_OPTIONS } from '../officers.ts';
import { answer } from '../print.ts';

async function monitor(input: Input, world: World): Promise<Exit> {
  const authors = await openSigners(input, world);
  const client = await connect(input);
  const { document } = await client.genesis();
  const validMs = Math.floor(document.parameters.validityMaxMs / 2);
  const authorFor = await createAuthorFinder(authors, client);
  const organisation = input.text('auditor');
  const chain = await client.chain();
  const eras = await trustedErasOf(input);
  const outcomes = await runRules(client, {
    engagement: input.operand('engagement'),
    author: authorFor({ organisation, role: 'audit.monitor' }),
    validUntilMs: () => world.nowMs() + validMs,
    trust: () => ({ chain, eras, nowMs: world.nowMs() }),
  });
  answer(input, world, {
    json: outcomes,
    lines: (paint) =>
      outcomes.length === 0 ? 'No rule of this engagement runs.' : outcomeLines(outcomes, paint),
  });
  return outcomes.some(({ fault }) => fault !== undefined) ? 'refused' : 'done';
}

/** A table of all rules, then what kept some of them from running whole. */
function outcomeLines(outcomes: readonly RuleOutcome[], paint: Paint): string {
  const rows = outcomes.map(({ rule, kind, height, found, added, fault }) => {
    return [rule, kind, String(height), String(found), String(added), fault?.code ?? ''];
  });
  const faults = outcomes.flatMap(({ rule, fault }) =>
    fault === undefined
      ? []
      : [`${rule}: ${paint('red', fault.code)} ${fault.detail}\n${paint('dim', fault.remedy)}`],
  );
  const table = renderTable(['Rule', 'Kind', 'Block', 'Found', 'New', ''], rows, paint);
  return [table, ...faults].join('\n');
}

async function evidence(input: Input, world: World): Promise<Exit> {
  const client = await connect(input);
  const folder = input.text('out');
  const trust = {
    chain: await client.chain(),
    eras: await trustedErasOf(input),
    nowMs: world.nowMs(),
  };
  const found = await writeEvidence(client, input.operand('engagement'), { folder, world, trust });
  const { files, remarks } = found;
  const wrong = files.filter(({ outcome }) => outcome !== 'valid');
  answer(input, world, {
    json: { folder, ...found },
    lines: (paint) =>
      renderPairs(
        [
          { title: 'Files', text: `${files.length} in ${folder}, listed in index.json` },
          { title: 'Not valid', text: String(wrong.length) },
          ...remarks.map(({ record, height, state }) => ({
            title: REMARKS[state],
            text: `${record} at ${height}`,
          })),
        ],
        paint,
      ),
  });
  const isProven = remarks.every(({ state }) => state === 'changed');
  return wrong.length === 0 && isProven ? 'done' : 'refused';
}

const REMARKS: Readonly<Record<EvidenceRemark['state'], string>> = {
  changed: 'Proven, but changed since',
  lost: 'Changed since, and no node keeps what was cited',
  differs: 'Not the version that is cited',
  absent: 'Cited, but no record',
};

export const AUDIT_VERBS: readonly Verb[] = [
  {
    words: ['monitor'],
    title: 'Carry out the rules of an audit engagement, and open what they find.',
    help:
      'Asks the SQL tables of a node that keeps them. What was found before is not opened again, so ' +
      'a timer may run it as often as it likes. Rules are set by audit set-rule; see docs/audit.md.',
    operands: [{ name: 'engagement', help: 'Its name.' }],
    options: {
      auditor: {
        value: 'SLUG',
        help: 'Organisation whose service has the role audit.monitor.',
        required: true,
      },
      ...SIGNER_OPTIONS,
      ...NODE_OPTIONS,
    },
    examples: ['monitor roads-2026 --auditor audit-office --signer audit-office/robot=robot.json'],
    run: monitor,
  },
  {
    words: ['evidence'],
    title: 'Keep the findings of an engagement with the proof of every record they cite.',
    help:
      'Each file is checked before it is written. Nobody needs a node to check them again: daybook ' +
      'verify does it anywhere. index.json lists the files with their hashes.',
    operands: [{ name: 'engagement', help: 'Its name.' }],
    options: {
      out: { value: 'FOLDER', help: 'Where to keep them.', required: true },
      ...NODE_OPTIONS,
    },
    examples: ['evidence roads-2026 --out roads-2026-evidence'],
    run: evidence,
  },
];
