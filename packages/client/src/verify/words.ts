/** A verdict in words for people who know nothing of chains, in English and Simplified Chinese. */

import type { FieldSpec, FieldTable, JsonValue, Words } from '@daybook/contracts';
import { describeAmount, shiftDecimal } from '@daybook/contracts';
import { toHex } from '@daybook/core';
import { CLIENT_ERRORS, explainVerification } from '../errors.ts';
import { timeText } from '../time-text.ts';
import type { ListVerdict, ProvenList } from './list-proof.ts';
import type { ProvenFacts, ProvenFrame, Verdict, VerdictOf } from './proof.ts';

export type Language = keyof Words;

/** One line: a title and what stands beside it. */
export interface ShownLine {
  readonly title: string;
  readonly text: string;
}

const OUTCOMES: Readonly<Record<Verdict['outcome'], Words>> = {
  valid: { en: 'This record is genuine.', zh: '该记录真实有效。' },
  invalid: { en: 'This file proves nothing.', zh: '该文件不能证明任何内容。' },
  unknown: {
    en: 'It cannot be told whether this record is genuine.',
    zh: '无法判断该记录是否真实。',
  },
};

const GENUINE_ABSENCE: Words = {
  en: 'It is proven that there is no such record.',
  zh: '已证明不存在该记录。',
};

const GENUINE_LIST: Words = {
  en: 'This list is genuine and leaves no record out.',
  zh: '该列表真实有效,且没有遗漏任何记录。',
};

const GENUINE_PART: Words = {
  en: 'This is a genuine part of a list: check it together with the files of the rest.',
  zh: '这是列表中真实有效的一部分:请与其余文件一并核验。',
};

/** The outcome in one sentence, and why if it is not valid. */
export function explainVerdict(verdict: Verdict, language: Language = 'en'): readonly string[] {
  if (verdict.outcome !== 'valid') return explainDoubt(verdict, language);
  const { value } = verdict.facts;
  return [value === undefined ? GENUINE_ABSENCE[language] : OUTCOMES.valid[language]];
}

/** The same for the files of a list. */
export function explainList(verdict: ListVerdict, language: Language = 'en'): readonly string[] {
  if (verdict.outcome !== 'valid') return explainDoubt(verdict, language);
  return [verdict.facts.isWhole ? GENUINE_LIST[language] : GENUINE_PART[language]];
}

function explainDoubt(
  { outcome, reason }: Exclude<VerdictOf<object>, { readonly outcome: 'valid' }>,
  language: Language,
): readonly string[] {
  const { remedy } = CLIENT_ERRORS[reason.code];
  return [OUTCOMES[outcome][language], explainVerification(reason), remedy];
}

/** What list it is and how many records it has, then by whom and when. */
export function describeList(facts: ProvenList, language: Language = 'en'): readonly ShownLine[] {
  const { contract, spec, within, rows } = facts;
  const { length } = rows;
  const count = { en: `${length} record${length === 1 ? '' : 's'}`, zh: `${length}条记录` };
  return [
    ...describeRow(spec.key, within as Readonly<Record<string, JsonValue>>, language),
    { title: `${contract.title[language]}: ${spec.title[language]}`, text: count[language] },
    ...frameLines(facts, language),
  ];
}

/** What is proven, by the titles of the contract, then by whom and when. */
export function describeFacts(facts: ProvenFacts, language: Language = 'en'): readonly ShownLine[] {
  return [...recordLines(facts, language), ...proofLines(facts, language)];
}

function recordLines(facts: ProvenFacts, language: Language): readonly ShownLine[] {
  const { contract, spec, key } = facts.record;
  const title = `${contract.title[language]}: ${spec.title[language]}`;
  const keyLines = describeRow(spec.key, key as Readonly<Record<string, JsonValue>>, language);
  if (facts.value === undefined) {
    const none = { en: 'there is no such record', zh: '无此记录' };
    return [...keyLines, { title, text: none[language] }];
  }
  if (facts.stored === undefined) return [...keyLines, { title, text: toHex(facts.value) }];
  return [...keyLines, ...describeRow(spec.fields, facts.stored.fields, language)];
}

const PROOF_TITLES = {
  chain: { en: 'Chain', zh: '链' },
  block: { en: 'State of block', zh: '区块' },
  time: { en: 'Block time', zh: '出块时间' },
  seals: { en: 'Sealed by', zh: '签署方' },
  written: { en: 'Last written', zh: '最近写入' },
  older: { en: 'Older version', zh: '旧版本' },
} as const;

function proofLines(facts: ProvenFacts, language: Language): readonly ShownLine[] {
  const { stored } = facts;
  const written = stored && {
    en: `block ${stored.stamp.height} by ${stored.stamp.writer}`,
    zh: `区块${stored.stamp.height},${stored.stamp.writer}`,
  };
  const lines = [...olderLines(facts, language), ...frameLines(facts, language)];
  if (written === undefined) return lines;
  return [{ title: PROOF_TITLES.written[language], text: written[language] }, ...lines];
}

/** That a version is not of the state of the sealed block, and of which block it is. */
function olderLines({ writtenIn }: ProvenFacts, language: Language): readonly ShownLine[] {
  if (writtenIn === undefined) return [];
  const { height, timestampMs } = writtenIn;
  const time = new Date(timestampMs).toISOString();
  const text = {
    en: `as block ${height} wrote it at ${time}; what was written later is not told`,
    zh: `由区块${height}于${time}写入;此后的写入不在此证明之内`,
  };
  return [{ title: PROOF_TITLES.older[language], text: text[language] }];
}

/** By whom a proof is sealed, and when. */
function frameLines(facts: ProvenFrame, language: Language): readonly ShownLine[] {
  const { block, seals } = facts;
  const { height, timestampMs } = block.header;
  const of = {
    en: `${seals.signers} of ${seals.validators} validators (at least ${seals.quorum} needed)`,
    zh: `${seals.validators}个验证节点中的${seals.signers}个(至少需${seals.quorum}个)`,
  };
  return [
    { title: PROOF_TITLES.block[language], text: `${height} ${toHex(block.blockHash)}` },
    { title: PROOF_TITLES.time[language], text: timeText(timestampMs) },
    { title: PROOF_TITLES.seals[language], text: of[language] },
    { title: PROOF_TITLES.chain[language], text: `${facts.chainName} ${toHex(facts.chain)}` },
  ];
}

/** A row in JSON form by the titles of its fields; parts of objects one line each. */
export function describeRow(
  table: FieldTable,
  row: Readonly<Record<string, JsonValue>>,
  language: Language = 'en',
): readonly ShownLine[] {
  return Object.entries(table).flatMap(([name, spec]) => {
    const value = row[name];
    if (value === undefined) return [];
    const title = spec.title[language];
    if (spec.type !== 'object' || !isObject(value)) {
      return [{ title, text: describeValue(spec, value, { row, language }) }];
    }
    return describeRow(spec.fields, value, language).map((line) => ({
      title: `${title}: ${line.title}`,
      text: line.text,
    }));
  });
}

interface Surroundings {
  /** The row that the value stands in. */
  readonly row: Readonly<Record<string, JsonValue>>;
  readonly language: Language;
}

function describeValue(spec: FieldSpec, value: JsonValue, around: Surroundings): string {
  if (isList(value)) {
    const item = spec.type === 'list' ? spec.item : spec;
    return value.map((one) => describeValue(item, one, around)).join(', ');
  }
  if (!isObject(value)) return describeScalar(spec, value, around);
  switch (spec.type) {
    case 'money':
      return describeAmount(String(value.minor), String(value.currency));
    case 'period':
      return `${value.start} – ${value.end}`;
    case 'quantity':
      return `${shiftDecimal(String(value.value), spec.decimals)} ${value.unit}`;
    case 'object':
      return describeRow(spec.fields, value, around.language)
        .map(({ title, text }) => `${title}: ${text}`)
        .join('; ');
    default:
      return JSON.stringify(value);
  }
}

function describeScalar(
  spec: FieldSpec,
  value: string | number | boolean | null,
  { row, language }: Surroundings,
): string {
  const text = String(value);
  if (spec.type === 'choice') return spec.of[text]?.[language] ?? text;
  if (spec.type !== 'amount' || spec.currencyOf === undefined) return text;
  return describeAmount(text, String(row[spec.currencyOf] ?? ''));
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isObject(value: JsonValue): value is { readonly [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
