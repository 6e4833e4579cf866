/** A verdict on an evidence folder, and its words in English and Simplified Chinese. */
import type {
  Language,
  ProvenFrame,
  ShownLine,
  UndecidedReason,
  VerifyFailure,
} from '@daybook/client';
import { CLIENT_ERRORS, explainVerification, timeText } from '@daybook/client';
import type { Words } from '@daybook/contracts';
import { toHex } from '@daybook/core';
import { CLI_ERRORS } from '../errors.ts';

/** What is wrong with a file of the folder, with the index, or with what is cited. */
const FACTS = {
  missing: { en: 'it is not there', zh: '文件不存在' },
  malformed: { en: 'it is no index of evidence', zh: '不是证据索引' },
  surplus: { en: 'the index does not name it', zh: '索引未列出该文件' },
  doubled: { en: 'it names a file twice', zh: '重复列出同一文件' },
  foreign: { en: 'it is no plain file', zh: '不是普通文件' },
  large: { en: 'it is larger than proofs are', zh: '大于证明文件的上限' },
  changed: { en: 'its hash is not the one in the index', zh: '哈希与索引不符' },
  unproven: { en: 'it proves nothing', zh: '不能证明任何内容' },
  other: { en: 'it proves something else than the index says', zh: '所证明的内容与索引不符' },
  incomplete: { en: 'its files do not cover the whole list', zh: '文件未覆盖整个列表' },
  chains: { en: 'its files are of several chains', zh: '文件属于不同的链' },
  unlisted: { en: 'no file proves it', zh: '没有文件证明该记录' },
  moment: { en: 'it is of another block than the findings', zh: '与问题列表不属于同一区块' },
  leftOut: { en: 'the ledger counts other findings than the folder has', zh: '问题数与账本不符' },
  uncovered: {
    en: 'a finding cites it, and no file proves it',
    zh: '问题引用了该记录,但没有文件证明',
  },
  uncited: { en: 'no finding cites it', zh: '没有问题引用该记录' },
  report: { en: 'the report on the ledger names another hash', zh: '账本上的报告登记了另一个哈希' },
} as const satisfies Readonly<Record<string, Words>>;

export type EvidenceFact = keyof typeof FACTS;

export interface AlteredEvidence {
  readonly code: 'CLI_EVIDENCE_ALTERED';
  /** The file, or the record. */
  readonly subject: string;
  readonly fact: EvidenceFact;
  /** Why a proof does not hold. */
  readonly detail?: VerifyFailure;
}

export type EvidenceReason =
  | AlteredEvidence
  | {
      readonly code: 'CLI_EVIDENCE_UNPROVEN';
      readonly record: string;
      readonly height: number;
      readonly state: keyof typeof STATES;
    }
  | { readonly code: 'CLI_EVIDENCE_UNREPORTED'; readonly engagement: string }
  | UndecidedReason;

export interface EvidenceFacts {
  readonly engagement: string;
  /** SHA-256 of the index in hex, which `audit report` records. */
  readonly index: string;
  readonly files: number;
  readonly findings: number;
  /** Versions of records that the findings cite. */
  readonly citations: number;
  /** Of the list of findings. */
  readonly frame: ProvenFrame;
}

/** `facts` only where the list of findings holds; every reason that was found, the worst first. */
export interface EvidenceVerdict {
  readonly outcome: 'valid' | 'invalid' | 'unknown';
  readonly reasons: readonly EvidenceReason[];
  readonly facts?: EvidenceFacts;
}

const STATES = {
  lost: { en: 'no node kept what was cited', zh: '没有节点保存被引用的版本' },
  differs: { en: 'it is not the version that is cited', zh: '不是被引用的版本' },
  absent: { en: 'there is no such record', zh: '不存在该记录' },
  unreadable: { en: 'this finding cites nothing that can be read', zh: '该问题的引用无法读取' },
} as const satisfies Readonly<Record<string, Words>>;

const OUTCOMES: Readonly<Record<EvidenceVerdict['outcome'], Words>> = {
  valid: {
    en: 'This evidence is genuine, is whole, and is what the report on the ledger names.',
    zh: '该证据真实完整,且与账本上登记的报告一致。',
  },
  invalid: {
    en: 'This folder is not the evidence that it claims to be.',
    zh: '该文件夹不是其所声称的证据。',
  },
  unknown: {
    en: 'It cannot be told whether this folder is the whole evidence that was reported.',
    zh: '无法判断该文件夹是否为已报告的完整证据。',
  },
};

const REASONS_SHOWN_MAX = 20;

/** The outcome in one sentence, why if it is not valid, and what to do, each said once. */
export function explainEvidence(
  { outcome, reasons }: Pick<EvidenceVerdict, 'outcome' | 'reasons'>,
  language: Language,
): readonly string[] {
  const shown = reasons.slice(0, REASONS_SHOWN_MAX);
  const left = reasons.length - shown.length;
  const more = { en: `And ${left} more.`, zh: `另有${left}项。` };
  return [
    OUTCOMES[outcome][language],
    ...shown.map((reason) => explainReason(reason, language)),
    ...(left > 0 ? [more[language]] : []),
    ...new Set(shown.map(remedyOf)),
  ];
}

function explainReason(reason: EvidenceReason, language: Language): string {
  switch (reason.code) {
    case 'CLI_EVIDENCE_ALTERED': {
      const { subject, fact, detail } = reason;
      const why = detail === undefined ? '' : ` (${explainVerification(detail)})`;
      return `${subject}: ${FACTS[fact][language]}${why}`;
    }
    case 'CLI_EVIDENCE_UNPROVEN':
      return `${reason.record} @${reason.height}: ${STATES[reason.state][language]}`;
    case 'CLI_EVIDENCE_UNREPORTED': {
      const none = { en: 'nothing here proves a report', zh: '没有文件证明已出具报告' };
      return `${reason.engagement}: ${none[language]}`;
    }
    default:
      return explainVerification(reason);
  }
}

function remedyOf({ code }: EvidenceReason): string {
  const isOwn =
    code === 'CLI_EVIDENCE_ALTERED' ||
    code === 'CLI_EVIDENCE_UNPROVEN' ||
    code === 'CLI_EVIDENCE_UNREPORTED';
  return (isOwn ? CLI_ERRORS[code] : CLIENT_ERRORS[code]).remedy;
}

const TITLES = {
  engagement: { en: 'Engagement', zh: '审计项目' },
  findings: { en: 'Findings', zh: '问题' },
  citations: { en: 'Records cited', zh: '引用的记录' },
  files: { en: 'Files', zh: '文件' },
  index: { en: 'Hash of the index', zh: '索引哈希' },
  block: { en: 'Findings as of block', zh: '问题列表所在区块' },
  chain: { en: 'Chain', zh: '链' },
} as const satisfies Readonly<Record<string, Words>>;

/** What the folder holds, and of which chain and block. */
export function describeEvidence(facts: EvidenceFacts, language: Language): readonly ShownLine[] {
  const { engagement, findings, citations, files, index, frame } = facts;
  const { height, timestampMs } = frame.block.header;
  const texts = {
    engagement,
    findings: String(findings),
    citations: String(citations),
    files: String(files),
    index,
    block: `${height}, ${timeText(timestampMs)}`,
    chain: `${frame.chainName} ${toHex(frame.chain)}`,
  };
  const names = Object.keys(TITLES) as (keyof typeof TITLES)[];
  return names.map((name) => ({ title: TITLES[name][language], text: texts[name] }));
}
