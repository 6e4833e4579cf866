/** `daybook why`: why blocks do or do not advance, in the words of the node, in English or Chinese. */
import type { HealthReason, VoterAnswer, WhyAnswer } from '@daybook/client';
import { connect, LANGUAGE_OPTION, languageOf, NODE_OPTIONS } from '../connect.ts';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import type { Paint } from '../frame/style.ts';
import { renderPairs, renderTable } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { answer } from '../print.ts';

type Language = ReturnType<typeof languageOf>;

/** What this verb says itself; the sentences are the node's. */
const LABELS = {
  en: {
    fault: 'fault',
    warning: 'warning',
    advice: 'do',
    height: 'Height',
    round: 'Round',
    proposer: 'Proposer',
    awaited: 'Waits for',
    silent: 'Silent',
    voters: ['Validator', 'Connected', 'Round', 'Prepared', 'Committed', 'Last heard'],
    yes: 'yes',
    no: 'no',
    self: 'this node',
    never: 'never',
    ago: (seconds: number) => `${seconds} s ago`,
    since: (seconds: number) => `for ${seconds} s`,
    ends: (seconds: number) => `ends in ${seconds} s`,
  },
  zh: {
    fault: '故障',
    warning: '警告',
    advice: '处理',
    height: '高度',
    round: '轮次',
    proposer: '提案者',
    awaited: '等待',
    silent: '未投票',
    voters: ['验证者', '已连接', '轮次', '已准备', '已提交', '最近消息'],
    yes: '是',
    no: '否',
    self: '本节点',
    never: '从未',
    ago: (seconds: number) => `${seconds} 秒前`,
    since: (seconds: number) => `已 ${seconds} 秒`,
    ends: (seconds: number) => `${seconds} 秒后结束`,
  },
} as const;

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 1000);
}

function reasonLines(reason: HealthReason, language: Language, paint: Paint): string {
  const { severity, words, advice } = reason;
  const labels = LABELS[language];
  const colour = severity === 'fault' ? 'red' : 'yellow';
  const first = `${paint(colour, labels[severity])}: ${words[language]}`;
  return `${first}\n  ${paint('bold', labels.advice)}: ${advice[language]}`;
}

function placeLines(found: WhyAnswer, language: Language, paint: Paint): string {
  const { consensus } = found;
  if (consensus === undefined) return '';
  const labels = LABELS[language];
  const { height, round, inHeightMs, roundEndsMs, proposer, awaitedWords, silent } = consensus;
  const ends = roundEndsMs === undefined ? '' : `, ${labels.ends(seconds(roundEndsMs))}`;
  const pairs = [
    { title: labels.height, text: `${height}, ${labels.since(seconds(inHeightMs))}` },
    { title: labels.round, text: `${round}${ends}` },
    ...(proposer === undefined ? [] : [{ title: labels.proposer, text: proposer }]),
    ...(awaitedWords === undefined
      ? []
      : [{ title: labels.awaited, text: awaitedWords[language] }]),
    ...(silent.length === 0 ? [] : [{ title: labels.silent, text: silent.join(', ') }]),
  ];
  const { voters } = consensus;
  return `${renderPairs(pairs, paint)}\n\n${votersTable(voters, language, paint)}`;
}

function votersTable(voters: readonly VoterAnswer[], language: Language, paint: Paint): string {
  const labels = LABELS[language];
  const yes = (is: boolean): string => (is ? labels.yes : labels.no);
  const heard = ({ self, silentMs }: VoterAnswer): string => {
    if (self) return '';
    return silentMs === undefined ? labels.never : labels.ago(seconds(silentMs));
  };
  const rows = voters.map((voter) => [
    voter.self ? `${voter.organisation} (${labels.self})` : voter.organisation,
    yes(voter.connected),
    voter.round === undefined ? '' : String(voter.round),
    yes(voter.prepared),
    yes(voter.committed),
    heard(voter),
  ]);
  return renderTable(labels.voters, rows, paint);
}

async function why(input: Input, world: World): Promise<Exit> {
  const client = await connect(input);
  const found = await client.why();
  const language = languageOf(input);
  answer(input, world, {
    json: found,
    lines: (paint) =>
      [
        ...found.reasons.map((reason) => reasonLines(reason, language, paint)),
        found.state.words[language],
        '',
        placeLines(found, language, paint),
      ]
        .join('\n')
        .trimEnd(),
  });
  return found.healthy ? 'done' : 'refused';
}

export const WHY_VERB: Verb = {
  words: ['why'],
  title: 'Say why blocks do or do not advance, who is silent, and what to do.',
  help:
    'Height, round, who voted, who is silent and since when, what the node waits for, and what its ' +
    'operator should do. Ends with the code of a refusal while something is wrong.',
  operands: [],
  options: { ...LANGUAGE_OPTION, ...NODE_OPTIONS },
  examples: ['why --url http://127.0.0.1:7780 --language zh'],
  run: why,
};
