/** What governance keeps: records, roles, parameters and sums. */
import type { ParameterDefinition } from '@daybook/contracts';
import { field } from '@daybook/contracts';
import type { ParameterName } from '@daybook/core';
import { LIMITS, PARAMETER_NAMES, PARAMETERS } from '@daybook/core';
import {
  change,
  choice,
  consensusKey,
  evidenceKind,
  height,
  KINDS,
  kind,
  notBeforeHeight,
  outcome,
  proposalNumber,
  reason,
  setField,
  slug,
  validator,
} from './fields.ts';

export const PENDING_MAX = 64;
export const PROPOSALS_PER_HEIGHT_MAX = 64;
/** Organisations that may vote on one proposal: all of them are read whenever votes are counted. */
export const BALLOTS_MAX = 500;

export const records = {
  proposal: {
    number: 1,
    title: { en: 'Proposal', zh: '提案' },
    help: {
      en: 'Votes as last counted: those of organisations that are suspended do not count until they are reinstated.',
      zh: '票数为最近一次计票结果;被暂停机构的表决在恢复前不计。',
    },
    key: { number: proposalNumber },
    fields: {
      kind,
      change,
      reason,
      proposer: field.identity({ en: 'Proposed by', zh: '提案人' }),
      status: field.choice({
        en: 'Status',
        zh: '状态',
        of: {
          open: { en: 'open for votes', zh: '表决中' },
          adopted: { en: 'adopted, waits to take effect', zh: '已通过,待生效' },
          done: { en: 'in effect', zh: '已生效' },
          rejected: { en: 'rejected', zh: '未通过' },
          lapsed: { en: 'lapsed without quorum', zh: '未达法定人数' },
          failed: { en: 'could not take effect', zh: '未能生效' },
        },
      }),
      yes: field.integer({ en: 'Yes', zh: '赞成' }),
      no: field.integer({ en: 'No', zh: '反对' }),
      abstain: field.integer({ en: 'Abstentions', zh: '弃权' }),
      closes: field.instant({ en: 'Votes until', zh: '表决截止' }),
      notBeforeHeight,
      effectiveHeight: field.optional(field.integer({ en: 'Takes effect at', zh: '生效高度' })),
      outcome: field.optional(outcome),
    },
    states: {
      field: 'status',
      initial: ['open'],
      transitions: {
        open: ['adopted', 'done', 'rejected', 'lapsed', 'failed'],
        adopted: ['done', 'failed'],
        done: [],
        rejected: [],
        lapsed: [],
        failed: [],
      },
    },
    deadlines: [{ field: 'closes', open: ['open'] }],
  },
  vote: {
    number: 2,
    title: { en: 'Vote', zh: '表决' },
    key: { proposal: proposalNumber, organisation: slug },
    partition: ['proposal'],
    fields: {
      choice,
      officer: field.identity({ en: 'Cast by', zh: '投票人' }),
    },
  },
  schedule: {
    number: 3,
    title: { en: 'What takes effect at a height', zh: '某高度生效的提案' },
    key: { height },
    fields: {
      proposals: field.list(proposalNumber, {
        en: 'Proposals',
        zh: '提案',
        max: PROPOSALS_PER_HEIGHT_MAX,
      }),
    },
    erasable: true,
  },
  chain: {
    number: 4,
    title: { en: 'The chain', zh: '本链' },
    key: {},
    fields: {
      developmentMode: field.boolean({ en: 'May have fewer than four validators', zh: '开发模式' }),
      epochBlocks: field.integer({ en: 'Blocks of an epoch', zh: '每期区块数', min: 1 }),
    },
  },
  validators: {
    number: 5,
    title: { en: 'Validator set', zh: '验证节点集' },
    help: {
      en: 'The set that signs, and from `nextFrom` on the one after it.',
      zh: '现任签名集合,以及自 nextFrom 起的下一集合。',
    },
    key: {},
    fields: {
      present: setField,
      next: field.optional(setField),
      nextFrom: field.optional(height),
    },
  },
  rotation: {
    number: 6,
    title: { en: 'Order of proposers', zh: '提议轮次' },
    key: {},
    fields: {
      entries: field.list(
        field.object(
          {
            id: validator,
            score: field.integer({ en: 'Score', zh: '计分', max: 40 }),
            restUntil: field.integer({ en: 'Rests until', zh: '休息至' }),
          },
          { en: 'Validator', zh: '验证节点' },
        ),
        { en: 'Validators', zh: '验证节点', max: LIMITS.validatorsMax },
      ),
    },
  },
  validator: {
    number: 7,
    title: { en: 'Validator', zh: '验证节点' },
    key: { id: validator },
    fields: {
      organisation: slug,
      publicKey: consensusKey,
      status: field.choice({
        en: 'Status',
        zh: '状态',
        of: {
          active: { en: 'in the set', zh: '在任' },
          removed: { en: 'removed', zh: '已移除' },
        },
      }),
      sinceHeight: field.integer({ en: 'Since height', zh: '起始高度' }),
    },
    states: {
      field: 'status',
      initial: ['active'],
      transitions: { active: ['removed'], removed: [] },
    },
  },
  consensusKey: {
    number: 8,
    title: { en: 'Consensus key ever used', zh: '曾用共识公钥' },
    key: { publicKey: consensusKey },
    fields: {
      id: validator,
      fromHeight: field.integer({ en: 'Signs from height', zh: '起始签名高度' }),
      untilHeight: field.optional(
        field.integer({ en: 'Signs below height', zh: '终止签名高度(不含)' }),
      ),
    },
  },
  pending: {
    number: 9,
    title: { en: 'Changes of the validator set that wait', zh: '待生效的验证节点变更' },
    key: {},
    fields: {
      changes: field.list(
        field.object(
          {
            proposal: proposalNumber,
            kind: field.choice({
              en: 'Kind',
              zh: '类别',
              of: {
                addValidator: KINDS.addValidator,
                removeValidator: KINDS.removeValidator,
                rotateValidator: KINDS.rotateValidator,
              },
            }),
            id: validator,
            organisation: slug,
            publicKey: field.optional(consensusKey),
            boundary: field.integer({ en: 'Boundary', zh: '边界高度' }),
            tries: field.integer({ en: 'Boundaries missed', zh: '错过的边界数' }),
            until: field.instant({ en: 'Given up after', zh: '逾期作废时间' }),
            rule: field.optional(outcome),
          },
          { en: 'Change', zh: '变更' },
        ),
        { en: 'Changes in the order decided', zh: '按决定次序的变更', max: PENDING_MAX },
      ),
    },
  },
  seenBlock: {
    number: 10,
    title: { en: 'Recent block', zh: '近期区块' },
    help: {
      en: 'Kept while a change of the set waits: what a READY may name.',
      zh: '有待生效的变更时保留,供 READY 引用。',
    },
    key: { slot: field.integer({ en: 'Height modulo the window', zh: '高度取模' }) },
    fields: { height, hash: field.hash({ en: 'Block hash', zh: '区块哈希' }) },
  },
  ready: {
    number: 11,
    title: { en: 'READY of a validator', zh: '验证节点就绪' },
    key: { publicKey: consensusKey },
    fields: { height },
  },
  recovery: {
    number: 15,
    title: { en: 'Recovery from the loss of validators', zh: '验证节点丢失后的恢复' },
    help: {
      en: 'The departments went on from a block with another set, by keys kept offline.',
      zh: '各部门以离线密钥同意,从某区块起由新的验证节点集继续。',
    },
    key: { fromHeight: field.integer({ en: 'From height', zh: '起始高度' }) },
    fields: {
      era: field.hash({ en: 'What votes bind from here', zh: '此后签名绑定的恢复期标识' }),
      blockHash: field.hash({ en: 'Block it goes on from', zh: '所接续的区块' }),
      reason: field.text({ en: 'Reason', zh: '理由', min: 0, max: 1000 }),
      departments: field.list(slug, {
        en: 'Departments that consented',
        zh: '同意的部门',
        max: 256,
      }),
      file: field.bytes({ en: 'Plan and consents', zh: '恢复方案与签名', max: 65_536 }),
    },
  },
  ballots: {
    number: 17,
    title: { en: 'Who voted on a proposal', zh: '提案的表决机构' },
    help: {
      en: 'The votes once more in one row, so that they are counted by who is in good standing.',
      zh: '各机构表决汇总于一行,以便按机构当前状态计票。',
    },
    key: { proposal: proposalNumber },
    fields: {
      cast: field.list(field.object({ organisation: slug, choice }, { en: 'Vote', zh: '表决' }), {
        en: 'Votes in the order cast',
        zh: '按次序的表决',
        max: BALLOTS_MAX,
      }),
    },
  },
  eras: {
    number: 16,
    title: { en: 'What signatures bind, by height', zh: '各高度签名绑定的标识' },
    key: {},
    fields: {
      eras: field.list(
        field.object(
          {
            fromHeight: field.integer({ en: 'From height', zh: '起始高度' }),
            era: field.hash({ en: 'Era', zh: '恢复期标识' }),
          },
          { en: 'Era', zh: '恢复期' },
        ),
        { en: 'Eras, ascending', zh: '恢复期(按高度升序)', max: 256 },
      ),
    },
  },
  evidence: {
    number: 14,
    title: { en: 'Proven fault of a validator', zh: '验证节点违规证据' },
    help: {
      en: 'Two messages that no correct validator signs both; once per validator, height and kind.',
      zh: '正常验证节点不会同时签署的两条消息;每个验证节点、高度与类别记录一次。',
    },
    key: { validator, height, kind: evidenceKind },
    partition: ['validator'],
    fields: {
      organisation: slug,
      publicKey: consensusKey,
      firstRound: field.integer({ en: 'Round of the first message', zh: '第一条消息的轮次' }),
      secondRound: field.integer({ en: 'Round of the second message', zh: '第二条消息的轮次' }),
      proof: field.bytes({
        en: 'The two signed messages',
        zh: '两条签名消息',
        help: {
          en: 'Canonical CBOR as in docs/protocol, for anybody to check again.',
          zh: '规范 CBOR 编码,见 docs/protocol,可供任何人复核。',
        },
        max: 1024,
      }),
    },
  },
} as const;

export const roles = {
  delegate: {
    title: { en: 'Delegate of a member organisation', zh: '成员机构代表' },
    help: {
      en: 'Proposes and votes for its organisation.',
      zh: '代表本机构提案与表决。',
    },
    grantedBy: 'organisation',
  },
} as const;

/** Titles of the chain parameters in Chinese; the English ones are the help of core's table. */
export const PARAMETER_TITLES: Readonly<Record<ParameterName, string>> = {
  blockIntervalMs: '出块间隔(毫秒)',
  emptyIntervalMs: '空块间隔(毫秒)',
  roundBaseMs: '首轮时长(毫秒)',
  roundStepMs: '每轮增加时长(毫秒)',
  roundMaxMs: '最长轮时长(毫秒)',
  precisionMs: '允许的时钟偏差(毫秒)',
  messageDelayMs: '提议允许的延迟(毫秒)',
  messageDelayStepMs: '每轮增加的允许延迟(毫秒)',
  blockBytesMax: '区块最大字节数',
  validityMaxMs: '交易有效期上限(毫秒)',
  epochBlocks: '每期区块数(创世时固定)',
  activationDelayBlocks: '变更生效的最少间隔区块数',
  roundWindow: '保留投票的轮次范围',
};

export type ChainParameterTable = {
  readonly [N in ParameterName]: ParameterDefinition<number>;
};

/** The chain parameters of core's table, as parameters of this contract. */
export const chainParameters = Object.fromEntries(
  PARAMETER_NAMES.map((name) => {
    const { help, min, max } = PARAMETERS[name];
    const declared = field.integer({ en: help, zh: PARAMETER_TITLES[name], min, max });
    return [name, { field: declared, default: PARAMETERS[name].default }];
  }),
  // Every name of the table was mapped.
) as ChainParameterTable;

export const parameters = {
  approvalPercent: {
    field: field.integer({
      en: 'Share of all members that must say yes, percent',
      zh: '通过所需赞成成员比例(%)',
      min: 51,
      max: 100,
    }),
    default: 67,
  },
  quorumPercent: {
    field: field.integer({
      en: 'Share of all members that must take part, percent',
      zh: '参与表决的法定成员比例(%)',
      min: 1,
      max: 100,
    }),
    default: 50,
  },
  votingHours: {
    field: field.integer({
      en: 'Hours a vote stays open',
      zh: '表决时长(小时)',
      min: 1,
      max: 2160,
    }),
    default: 168,
  },
  delayBlocks: {
    field: field.integer({
      en: 'Time lock: blocks between adoption and effect',
      zh: '时间锁:通过至生效的区块数',
      min: 2,
      max: 100_000,
    }),
    default: 2,
  },
  ...chainParameters,
};

export const sums = {
  proposalCount: {
    number: 12,
    title: { en: 'Proposals ever made', zh: '提案总数' },
    record: 'proposal',
    by: [],
  },
  votes: {
    number: 13,
    title: { en: 'Votes by choice', zh: '表决统计' },
    record: 'vote',
    by: ['proposal', 'choice'],
  },
} as const;
