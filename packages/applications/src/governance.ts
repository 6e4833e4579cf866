/**
 * Governance: member organisations propose and vote; what they adopt takes effect at a stated later
 * height. It keeps the validator set, the order of proposers and the chain parameters, and applies
 * the admission rules of protocol §15, so that no decision can leave the chain without a quorum.
 */
import type {
  BlockFacts,
  Context,
  Infer,
  ParameterDefinition,
  RowOf,
  StateView,
  SystemContext,
} from '@daybook/contracts';
import {
  defineContract,
  field,
  instantText,
  ledger,
  openRecords,
  textAt,
} from '@daybook/contracts';
import type {
  CborValue,
  ChainParameters,
  ParameterName,
  PublicKey,
  Rotation,
  Validator,
  ValidatorId,
  ValidatorSet,
} from '@daybook/core';
import {
  asHash,
  asPublicKey,
  asSignature,
  assert,
  asValidatorId,
  buildValidatorSet,
  carryRotation,
  concatBytes,
  createWriter,
  equalBytes,
  freshRotation,
  fromHex,
  indexOfValidator,
  isGoodPublicKey,
  LIMITS,
  PARAMETER_NAMES,
  PARAMETERS,
  possessionSignBytes,
  quorumOf,
  TAGS,
  toHex,
  updateRotation,
  validatorIdOf,
  verifyStrict,
  ZERO_HASH,
} from '@daybook/core';
import { directory } from './directory.ts';

const PENDING_MAX = 64;
const PROPOSALS_PER_HEIGHT_MAX = 64;
/** A change that no boundary admits is given up after so many. */
const BOUNDARIES_MAX = 20;
const HOUR_MS = 3_600_000;
/** How many epochs back a READY may name a block. */
const READY_EPOCHS = 2;

// --- fields ----------------------------------------------------------------------------------------

const organisation = field.reference({
  en: 'Organisation',
  zh: '机构',
  record: 'directory.organisation',
});
const slug = field.slug({ en: 'Organisation', zh: '机构' });
const officerName = field.slug({ en: 'Officer', zh: '经办人' });
const publicKey = field.publicKey({ en: 'Public key', zh: '公钥' });
const consensusKey = field.publicKey({ en: 'Consensus key', zh: '共识公钥' });
const validator = field.hash({ en: 'Validator', zh: '验证节点' });
const reason = field.reason();
const proof = field.bytes({
  en: 'Proof of possession',
  zh: '持有证明',
  help: {
    en: 'A signature of the new key, as daybook key prove makes it.',
    zh: '新密钥的签名,由 daybook key prove 生成。',
  },
  min: 64,
  max: 64,
});
const titleField = field.object(
  {
    en: field.text({ en: 'English', zh: '英文', max: 200 }),
    zh: field.text({ en: 'Chinese', zh: '中文', max: 200 }),
  },
  { en: 'Title', zh: '名称' },
);
const role = field.text({ en: 'Role', zh: '角色', min: 3, max: 100, characters: 'ascii' });
const scope = field.optional(field.text({ en: 'Scope', zh: '范围', max: 200, characters: 'path' }));
const contractName = field.text({ en: 'Contract', zh: '合约', max: 32, characters: 'name' });
const parameterName = field.text({ en: 'Parameter', zh: '参数', max: 64, characters: 'name' });
const value = field.text({ en: 'Value', zh: '值', min: 0, max: 1000 });
const version = field.integer({ en: 'Version', zh: '版本', min: 1, max: 65_535 });
const height = field.integer({ en: 'Height', zh: '高度' });
const notBeforeHeight = field.optional(
  field.integer({
    en: 'Takes effect at this height or later',
    zh: '最早生效高度',
    help: { en: 'Left out, as soon as the time lock allows.', zh: '不填则时间锁期满即生效。' },
  }),
);
const proposalNumber = field.integer({ en: 'Proposal', zh: '提案', min: 1 });
const outcome = field.text({ en: 'Outcome', zh: '结果', max: 300 });

const KINDS = {
  admitOrganisation: { en: 'admit an organisation', zh: '接纳机构' },
  suspendOrganisation: { en: 'suspend an organisation', zh: '暂停机构' },
  reinstateOrganisation: { en: 'lift a suspension', zh: '恢复机构' },
  assignRole: { en: 'grant a reserved role', zh: '授予保留角色' },
  withdrawRole: { en: 'withdraw a reserved role', zh: '收回保留角色' },
  addValidator: { en: 'add a validator', zh: '增加验证节点' },
  removeValidator: { en: 'remove a validator', zh: '移除验证节点' },
  rotateValidator: { en: 'replace the key of a validator', zh: '更换验证节点密钥' },
  changeParameter: { en: 'change a parameter', zh: '变更参数' },
  activateContract: { en: 'activate a contract version', zh: '启用合约版本' },
} as const;
const kind = field.choice({ en: 'Kind', zh: '类别', of: KINDS });

/** What a proposal would do; which fields are there follows from its kind. */
const change = field.object(
  {
    organisation: field.optional(slug),
    title: field.optional(titleField),
    governanceKey: field.optional(publicKey),
    name: field.optional(officerName),
    publicKey: field.optional(publicKey),
    role: field.optional(role),
    scope,
    validator: field.optional(validator),
    contract: field.optional(contractName),
    parameter: field.optional(parameterName),
    value: field.optional(value),
    version: field.optional(version),
  },
  { en: 'Change', zh: '变更内容' },
);

const setField = field.list(
  field.object({ id: validator, publicKey: consensusKey }, { en: 'Validator', zh: '验证节点' }),
  { en: 'Validators, ascending by id', zh: '验证节点(按标识升序)', max: LIMITS.validatorsMax },
);

type Kind = keyof typeof KINDS;
type Change = Infer<typeof change>;
type StoredSet = Infer<typeof setField>;

// --- records ---------------------------------------------------------------------------------------

const records = {
  proposal: {
    number: 1,
    title: { en: 'Proposal', zh: '提案' },
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
      choice: field.choice({
        en: 'Vote',
        zh: '表决',
        of: {
          yes: { en: 'yes', zh: '赞成' },
          no: { en: 'no', zh: '反对' },
          abstain: { en: 'abstention', zh: '弃权' },
        },
      }),
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
    fields: { id: validator },
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
} as const;

const roles = {
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
const PARAMETER_TITLES: Readonly<Record<ParameterName, string>> = {
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

type ChainParameterTable = {
  readonly [N in ParameterName]: ParameterDefinition<number>;
};

/** The chain parameters of core's table, as parameters of this contract. */
const chainParameters = Object.fromEntries(
  PARAMETER_NAMES.map((name) => {
    const { help, min, max } = PARAMETERS[name];
    const declared = field.integer({ en: help, zh: PARAMETER_TITLES[name], min, max });
    return [name, { field: declared, default: PARAMETERS[name].default }];
  }),
  // Every name of the table was mapped.
) as ChainParameterTable;

const parameters = {
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

const sums = {
  proposals: {
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

const failures = {
  PROPOSAL_UNKNOWN: {
    code: 1,
    en: 'There is no proposal {key}.',
    zh: '没有提案{key}。',
    remedy: { en: 'List the proposals and check the number.', zh: '请查看提案列表并核对编号。' },
  },
  VOTING_CLOSED: {
    code: 2,
    en: 'The proposal is {status}; votes were taken until {closes}.',
    zh: '提案状态为{status},表决截止于{closes}。',
    remedy: { en: 'Propose the change anew if it is still wanted.', zh: '如仍需要,请重新提案。' },
  },
  VOTED_ALREADY: {
    code: 3,
    en: 'The organisations of all signers have voted.',
    zh: '签名人所属机构均已表决。',
    remedy: { en: 'A vote stands; nothing is left to do.', zh: '表决不可更改,无须再做。' },
  },
  VOTING_OPEN: {
    code: 4,
    en: 'Votes are taken until {closes}.',
    zh: '表决截止于{closes},尚未结束。',
    remedy: { en: 'Close the proposal after that time.', zh: '请在截止后关闭提案。' },
  },
  ORGANISATION_EXISTS: {
    code: 5,
    en: 'The slug {organisation} is taken.',
    zh: '标识{organisation}已被使用。',
    remedy: { en: 'Choose another slug.', zh: '请另选标识。' },
  },
  KEY_UNUSABLE: {
    code: 6,
    en: 'These bytes are not a safe Ed25519 public key.',
    zh: '该字节串不是安全的 Ed25519 公钥。',
    remedy: { en: 'Create the key with daybook key new.', zh: '请用 daybook key new 生成密钥。' },
  },
  KEY_USED: {
    code: 7,
    en: 'This consensus key is or was in use.',
    zh: '该共识公钥正在使用或曾被使用。',
    remedy: { en: 'Create a new consensus key.', zh: '请生成新的共识密钥。' },
  },
  KEY_NOT_POSSESSED: {
    code: 8,
    en: 'The proof of possession is not a signature of the new key for this organisation.',
    zh: '持有证明不是该机构新密钥的有效签名。',
    remedy: {
      en: 'Make the proof with the new key, for this chain and organisation.',
      zh: '请用新密钥针对本链和本机构生成证明。',
    },
  },
  VALIDATOR_UNKNOWN: {
    code: 9,
    en: 'No validator of the set has this id.',
    zh: '验证节点集中没有此标识。',
    remedy: { en: 'List the validators and copy the id.', zh: '请查看验证节点列表并复制标识。' },
  },
  VALIDATORS_TOO_FEW: {
    code: 10,
    en: 'The set would have {count} validators; the chain needs {min}.',
    zh: '验证节点将为{count}个,少于所需的{min}个。',
    remedy: { en: 'Add a validator before removing one.', zh: '请先增加验证节点再移除。' },
  },
  VALIDATORS_TOO_MANY: {
    code: 11,
    en: 'The set would have {count} validators; {max} is the most.',
    zh: '验证节点将为{count}个,超过上限{max}个。',
    remedy: { en: 'Remove a validator first.', zh: '请先移除一个验证节点。' },
  },
  CHANGES_FULL: {
    code: 12,
    en: 'Already {max} changes wait for this.',
    zh: '已有{max}项变更等待生效。',
    remedy: { en: 'Wait until some have taken effect.', zh: '请等待部分变更生效。' },
  },
  PARAMETER_REFUSED: {
    code: 13,
    en: 'The parameter {contract}.{parameter} can not be {value}: {fact}.',
    zh: '参数{contract}.{parameter}不能设为{value}:{fact}。',
    remedy: {
      en: 'Choose a parameter and value that the manifest allows.',
      zh: '请按清单选择参数与取值。',
    },
  },
  VERSION_UNKNOWN: {
    code: 14,
    en: 'This release does not know version {version} of {contract}.',
    zh: '当前软件版本不含{contract}的第{version}版。',
    remedy: {
      en: 'Install the release that brings it on every node first.',
      zh: '请先在所有节点安装包含该版本的软件。',
    },
  },
  ROLE_REFUSED: {
    code: 15,
    en: 'The role {role} is not one that the consortium grants.',
    zh: '角色{role}不由联盟授予。',
    remedy: {
      en: 'Choose a role that the manifest reserves for governance.',
      zh: '请选择清单中由治理授予的角色。',
    },
  },
  STATUS_WRONG: {
    code: 16,
    en: 'The organisation is {status}.',
    zh: '该机构状态为{status}。',
    remedy: { en: 'Look at its record in the directory.', zh: '请查看名录中的记录。' },
  },
  PARAMETER_FIXED: {
    code: 17,
    en: 'The parameter {parameter} is fixed in genesis.',
    zh: '参数{parameter}在创世时固定。',
    remedy: { en: 'It can not be changed.', zh: '不可变更。' },
  },
  OFFICER_UNKNOWN: {
    code: 18,
    en: 'There is no officer {name} of {organisation}.',
    zh: '{organisation}没有经办人{name}。',
    remedy: { en: 'Check organisation and name.', zh: '请核对机构与名称。' },
  },
  LAST_MEMBER: {
    code: 19,
    en: 'The last active organisation can not be suspended.',
    zh: '不能暂停最后一个正常机构。',
    remedy: {
      en: 'Admit or reinstate another organisation first.',
      zh: '请先接纳或恢复其他机构。',
    },
  },
} as const;

const events = {
  proposed: {
    title: { en: 'Proposal made', zh: '提出提案' },
    fields: { proposal: proposalNumber, kind },
  },
  voted: {
    title: { en: 'Vote cast', zh: '投票' },
    fields: {
      proposal: proposalNumber,
      organisation: slug,
      choice: field.text({ en: 'Vote', zh: '表决', max: 10 }),
    },
  },
  decided: {
    title: { en: 'Proposal decided', zh: '提案有结果' },
    fields: {
      proposal: proposalNumber,
      status: field.text({ en: 'Status', zh: '状态', max: 10 }),
      effectiveHeight: field.optional(height),
      outcome: field.optional(outcome),
    },
  },
  setChanged: {
    title: { en: 'Validator set changes', zh: '验证节点集变更' },
    fields: { fromHeight: height, count: field.integer({ en: 'Validators', zh: '验证节点数' }) },
  },
  changeDelayed: {
    title: {
      en: 'Change of the set waits for the next boundary',
      zh: '验证节点变更推迟至下一边界',
    },
    fields: { proposal: proposalNumber, boundary: height, rule: outcome },
  },
} as const;

const because = { reason, notBeforeHeight };

export const governance = defineContract({
  number: 2,
  name: 'governance',
  version: 1,
  title: { en: 'Governance', zh: '治理' },
  help: {
    en: 'Proposals and votes of member organisations, the validator set, and parameters.',
    zh: '成员机构的提案与表决、验证节点集以及参数。',
  },
  records,
  roles,
  parameters,
  sums,
  uses: { directory },
  failures,
  events,

  actions: {
    proposeAdmission: {
      title: { en: 'Propose to admit an organisation', zh: '提议接纳机构' },
      by: { role: 'delegate' },
      discretion: true,
      input: {
        organisation: slug,
        title: titleField,
        governanceKey: publicKey,
        administrator: officerName,
        publicKey,
        ...because,
      },
      handler(context, input) {
        const { organisation: name, title, governanceKey, administrator, publicKey: key } = input;
        const isTaken = context.contracts.directory.records.organisation.has({ slug: name });
        context.check(!isTaken, 'ORGANISATION_EXISTS', { organisation: name });
        context.check(isGoodPublicKey(governanceKey) && isGoodPublicKey(key), 'KEY_UNUSABLE');
        const wanted = {
          organisation: name,
          title,
          governanceKey,
          name: administrator,
          publicKey: key,
        };
        propose(context, 'admitOrganisation', wanted, input);
      },
    },
    proposeSuspension: {
      title: { en: 'Propose to suspend an organisation', zh: '提议暂停机构' },
      by: { role: 'delegate' },
      discretion: true,
      input: { organisation, ...because },
      handler(context, input) {
        checkStanding(context, input.organisation, 'active');
        context.check(memberCount(context) > 1, 'LAST_MEMBER');
        propose(context, 'suspendOrganisation', { organisation: input.organisation }, input);
      },
    },
    proposeReinstatement: {
      title: { en: 'Propose to lift a suspension', zh: '提议恢复机构' },
      by: { role: 'delegate' },
      discretion: true,
      input: { organisation, ...because },
      handler(context, input) {
        checkStanding(context, input.organisation, 'suspended');
        propose(context, 'reinstateOrganisation', { organisation: input.organisation }, input);
      },
    },
    proposeRole: {
      title: { en: 'Propose to grant a reserved role', zh: '提议授予保留角色' },
      by: { role: 'delegate' },
      discretion: true,
      input: { organisation, name: officerName, role, scope, ...because },
      handler(context, input) {
        checkReservedRole(context, input);
        const { organisation: owner, name, role: given, scope: reach } = input;
        propose(
          context,
          'assignRole',
          { organisation: owner, name, role: given, scope: reach },
          input,
        );
      },
    },
    proposeRoleWithdrawal: {
      title: { en: 'Propose to withdraw a reserved role', zh: '提议收回保留角色' },
      by: { role: 'delegate' },
      discretion: true,
      input: { organisation, name: officerName, role, scope, ...because },
      handler(context, input) {
        checkReservedRole(context, input);
        const { organisation: owner, name, role: given, scope: reach } = input;
        propose(
          context,
          'withdrawRole',
          { organisation: owner, name, role: given, scope: reach },
          input,
        );
      },
    },
    proposeValidator: {
      title: { en: 'Propose a new validator', zh: '提议增加验证节点' },
      by: { role: 'delegate' },
      discretion: true,
      input: { organisation, consensusKey, proof, ...because },
      handler(context, input) {
        checkStanding(context, input.organisation, 'active');
        checkConsensusKey(context, input.consensusKey, input);
        checkSetSize(context, 1);
        const wanted = { organisation: input.organisation, publicKey: input.consensusKey };
        propose(context, 'addValidator', wanted, input);
      },
    },
    proposeValidatorRemoval: {
      title: { en: 'Propose to remove a validator', zh: '提议移除验证节点' },
      by: { role: 'delegate' },
      discretion: true,
      input: { validator, ...because },
      handler(context, input) {
        const row = needValidator(context, input.validator);
        checkSetSize(context, -1);
        const wanted = { validator: input.validator, organisation: row.organisation };
        propose(context, 'removeValidator', wanted, input);
      },
    },
    proposeKeyRotation: {
      title: { en: 'Propose a new key for a validator', zh: '提议更换验证节点密钥' },
      by: { role: 'delegate' },
      discretion: true,
      input: { validator, consensusKey, proof, ...because },
      handler(context, input) {
        const { organisation: owner } = needValidator(context, input.validator);
        checkConsensusKey(context, input.consensusKey, { organisation: owner, proof: input.proof });
        const wanted = {
          validator: input.validator,
          organisation: owner,
          publicKey: input.consensusKey,
        };
        propose(context, 'rotateValidator', wanted, input);
      },
    },
    proposeParameter: {
      title: { en: 'Propose to change a parameter', zh: '提议变更参数' },
      by: { role: 'delegate' },
      discretion: true,
      input: { contract: contractName, parameter: parameterName, value, ...because },
      handler(context, input) {
        const { contract, parameter, value: text } = input;
        const isFixed = contract === 'governance' && parameter === 'epochBlocks';
        context.check(!isFixed, 'PARAMETER_FIXED', { parameter });
        const fact = context.ledger.faultOfParameter(contract, parameter, text);
        const facts = { contract, parameter, value: text, fact: fact ?? '' };
        context.check(fact === undefined, 'PARAMETER_REFUSED', facts);
        propose(context, 'changeParameter', { contract, parameter, value: text }, input);
      },
    },
    proposeContract: {
      title: { en: 'Propose to activate a contract version', zh: '提议启用合约版本' },
      by: { role: 'delegate' },
      discretion: true,
      input: { contract: contractName, version, ...because },
      handler(context, input) {
        const { contract, version: wanted } = input;
        const isKnown = context.ledger.knowsVersion(contract, wanted);
        context.check(isKnown, 'VERSION_UNKNOWN', { contract, version: wanted });
        propose(context, 'activateContract', { contract, version: wanted }, input);
      },
    },
    vote: {
      title: { en: 'Vote on a proposal', zh: '表决提案' },
      help: {
        en: 'One vote per member organisation; delegates of several may sign together.',
        zh: '每个成员机构一票;多个机构的代表可共同签名。',
      },
      by: { role: 'delegate' },
      discretion: true,
      input: { proposal: proposalNumber, choice: records.vote.fields.choice, reason },
      handler(context, input) {
        const row = needOpen(context, input.proposal);
        const cast = castVotes(context, row.number, input.choice);
        context.check(cast > 0, 'VOTED_ALREADY');
        decide(context, row);
      },
    },
    close: {
      title: { en: 'Close a proposal whose time is over', zh: '关闭到期提案' },
      by: 'officer',
      input: { proposal: proposalNumber },
      handler(context, { proposal }) {
        const row = context.records.proposal.need({ number: proposal }, 'PROPOSAL_UNKNOWN');
        const facts = { status: row.status, closes: instantText(row.closes) };
        context.check(row.status === 'open', 'VOTING_CLOSED', facts);
        context.check(row.closes < context.timestampMs, 'VOTING_OPEN', facts);
        const { yes, no, abstain } = row;
        const share = (yes + no + abstain) * 100;
        const isQuorate = share >= context.parameters.quorumPercent * memberCount(context);
        // A tie is not enough yes votes: rejected like any other lack of them.
        settleProposal(context, { ...row, status: isQuorate ? 'rejected' : 'lapsed' });
      },
    },
  },

  invariants: {
    setIsUsable: {
      title: { en: 'The validator set is sorted and not empty', zh: '验证节点集有序且非空' },
      record: 'validators',
      holds: ({ after }) =>
        after !== undefined && isOrdered(after.present) && isOrdered(after.next ?? after.present),
    },
    votesCounted: {
      title: { en: 'A proposal shows the votes that were cast', zh: '提案票数与表决记录一致' },
      record: 'proposal',
      holds: ({ after }, { sums: kept }) => {
        if (after === undefined) return false;
        const count = (choice: string): number =>
          kept.votes.get({ proposal: after.number, choice }).count;
        const { yes, no, abstain } = after;
        return yes === count('yes') && no === count('no') && abstain === count('abstain');
      },
    },
  },

  queries: {
    proposals: { title: { en: 'Proposals', zh: '提案' }, record: 'proposal' },
    open: {
      title: { en: 'Proposals open for votes', zh: '表决中的提案' },
      record: 'proposal',
      where: { field: 'status', is: ['open'] },
    },
    overdue: {
      title: { en: 'Proposals whose time is over', zh: '已到期的提案' },
      record: 'proposal',
      overdue: 'closes',
    },
    votesOf: {
      title: { en: 'Votes on a proposal', zh: '提案的表决' },
      record: 'vote',
      by: ['proposal'],
    },
    validators: { title: { en: 'Validators ever', zh: '历任验证节点' }, record: 'validator' },
  },

  system: {
    onGenesis(context, { document, validators: founders }) {
      const { developmentMode, parameters: chosen } = document;
      context.records.chain.insert({ developmentMode, epochBlocks: chosen.epochBlocks });
      for (const name of PARAMETER_NAMES) {
        if (chosen[name] === PARAMETERS[name].default) continue;
        const setting = { contract: 'governance', name, value: String(chosen[name]) };
        context.ledger.setParameter({ ...setting, fromHeight: 1 });
      }
      if (founders.length === 0) return;
      context.records.validators.insert({ present: storedSetOf(founders) });
      putRotation(context, freshRotation(founders));
      for (const { organisation: owner, consensusKey: keyHex } of document.validators) {
        const key = asPublicKey(fromHex(keyHex) ?? ZERO_HASH);
        const id = validatorIdOf(key);
        const row = { id, organisation: owner, publicKey: key, sinceHeight: 1 };
        context.records.validator.insert({ ...row, status: 'active' });
        context.records.consensusKey.insert({ publicKey: key, id });
      }
    },
    onBlock(context, block) {
      const row = context.records.validators.get({});
      if (row !== undefined) turnRotation(context, setAt(row, block.height), block.proposer);
      runSchedule(context, block.height + 1);
      rememberBlock(context, block);
      const epoch = epochOf(context);
      if ((block.height + 1) % epoch === 0) crossBoundary(context, block.height + 1);
    },
    transactions: {
      ready: (context, payload) => recordReady(context, payload),
    },
  },
});

// --- for the node: who signs, who proposes, by which parameters ------------------------------------

const stored = openRecords(governance);
const ledgerRecords = openRecords(ledger);

/**
 * The set that must sign `height`.
 * @param view  state after a block of height - 1 or, as far as it knows already, earlier
 */
export function readValidatorSet(view: StateView, height: number): ValidatorSet {
  const row = stored.validators(view, {});
  assert(row !== undefined, 'genesis names the validators');
  return setAt(row, height);
}

/** The scores by which proposers take turns, in the order of `validators`. */
export function readRotation(view: StateView, validators: ValidatorSet): Rotation {
  return carryRotation(rotationOf(stored.rotation(view, {})), validators);
}

/** The chain parameters in effect at `height`. */
export function readParameters(view: StateView, height: number): ChainParameters {
  const values = PARAMETER_NAMES.map((name) => {
    const row = ledgerRecords.parameter(view, { contract: 'governance', name });
    const text = textAt(row, height);
    return [name, text === undefined ? PARAMETERS[name].default : Number(text)] as const;
  });
  // Every name of the table was mapped.
  return Object.freeze(Object.fromEntries(values)) as ChainParameters;
}

/** What a validator signs with its consensus key to say that it is in step and can vote. */
export function readySignBytes(
  chain: Uint8Array,
  height: number,
  blockHash: Uint8Array,
): Uint8Array {
  const writer = createWriter();
  writer.u64(height);
  return concatBytes(TAGS.READY, chain, writer.finish(), blockHash);
}

// --- proposals and votes ---------------------------------------------------------------------------

type Uses = { readonly directory: typeof directory };
type Hall = Context<
  typeof records,
  typeof failures,
  typeof events,
  keyof typeof roles,
  typeof parameters,
  typeof sums,
  Uses
>;
type Keeper = SystemContext<
  typeof records,
  typeof failures,
  typeof events,
  typeof parameters,
  typeof sums,
  Uses
>;
type Proposal = RowOf<typeof records.proposal>;
type PendingChange = RowOf<typeof records.pending>['changes'][number];
type Sets = RowOf<typeof records.validators>;

interface Because {
  readonly reason: string;
  readonly notBeforeHeight?: number | undefined;
}

function propose(context: Hall, wanted: Kind, what: Change, why: Because): void {
  const { reason: because, notBeforeHeight: earliest } = why;
  const row: Proposal = {
    number: context.sums.proposals.get({}).count + 1,
    kind: wanted,
    change: what,
    reason: because,
    proposer: context.actor.identity,
    status: 'open',
    ...{ yes: 0, no: 0, abstain: 0 },
    closes: context.timestampMs + context.parameters.votingHours * HOUR_MS,
    notBeforeHeight: earliest,
  };
  context.records.proposal.insert(row);
  context.emit('proposed', { proposal: row.number, kind: wanted });
  castVotes(context, row.number, 'yes');
  decide(context, row);
}

function needOpen(context: Hall, proposal: number): Proposal {
  const row = context.records.proposal.need({ number: proposal }, 'PROPOSAL_UNKNOWN');
  const isOpen = row.status === 'open' && row.closes >= context.timestampMs;
  const facts = { status: row.status, closes: instantText(row.closes) };
  context.check(isOpen, 'VOTING_CLOSED', facts);
  return row;
}

/** One vote for each organisation among the delegates who signed. @returns how many are new */
function castVotes(context: Hall, proposal: number, choice: 'yes' | 'no' | 'abstain'): number {
  let cast = 0;
  for (const { organisation: member, identity } of context.entitled({ role: 'delegate' })) {
    if (member === undefined) continue;
    const key = { proposal, organisation: member };
    if (context.records.vote.has(key)) continue;
    context.records.vote.insert({ ...key, choice, officer: identity });
    context.emit('voted', { ...key, choice });
    cast += 1;
  }
  return cast;
}

/** Counts, and settles the proposal as soon as the outcome can not change any more. */
function decide(context: Hall, row: Proposal): void {
  const count = (choice: string): number =>
    context.sums.votes.get({ proposal: row.number, choice }).count;
  const counted = { ...row, yes: count('yes'), no: count('no'), abstain: count('abstain') };
  const members = memberCount(context);
  const needed = context.parameters.approvalPercent * members;
  if (counted.yes * 100 >= needed) {
    adopt(context, counted);
  } else if ((members - counted.no - counted.abstain) * 100 < needed) {
    settleProposal(context, { ...counted, status: 'rejected' });
  } else {
    context.records.proposal.put(counted);
  }
}

function memberCount(context: Pick<Hall, 'contracts'>): number {
  return context.contracts.directory.sums.organisations.get({ status: 'active' }).count;
}

function settleProposal(context: Pick<Keeper, 'records' | 'emit'>, row: Proposal): void {
  context.records.proposal.put(row);
  const { number: proposal, status, effectiveHeight, outcome: result } = row;
  context.emit('decided', { proposal, status, effectiveHeight, outcome: result });
}

/** Decides when an adopted change takes effect, and arranges it. */
function adopt(context: Hall, row: Proposal): void {
  switch (row.kind) {
    case 'addValidator':
    case 'removeValidator':
    case 'rotateValidator':
      adoptSetChange(context, row, row.kind);
      return;
    case 'changeParameter': {
      const { contract = '', parameter: name = '', value: text = '' } = row.change;
      const fromHeight = boundaryAfter(context, row);
      context.ledger.setParameter({ contract, name, value: text, fromHeight });
      settleProposal(context, { ...row, status: 'done', effectiveHeight: fromHeight });
      return;
    }
    case 'activateContract': {
      const { contract = '', version: wanted = 0 } = row.change;
      const fromHeight = lockedUntil(context, row);
      context.ledger.activate(contract, wanted, fromHeight);
      settleProposal(context, { ...row, status: 'done', effectiveHeight: fromHeight });
      return;
    }
    default:
      schedule(context, row, lockedUntil(context, row));
  }
}

/** The end of the time lock, or the later height that the proposal states. */
function lockedUntil(context: Hall, { notBeforeHeight: earliest }: Proposal): number {
  return Math.max(context.height + context.parameters.delayBlocks, earliest ?? 0);
}

/** spec: the first boundary that leaves the activation delay and the time lock. */
function boundaryAfter(context: Hall, row: Proposal): number {
  const earliest = Math.max(
    context.height + context.parameters.activationDelayBlocks,
    lockedUntil(context, row),
  );
  const epoch = epochOf(context);
  return Math.ceil(earliest / epoch) * epoch;
}

function schedule(context: Hall, row: Proposal, effectiveHeight: number): void {
  const key = { height: effectiveHeight };
  const planned = context.records.schedule.get(key)?.proposals ?? [];
  const facts = { max: PROPOSALS_PER_HEIGHT_MAX };
  context.check(planned.length < PROPOSALS_PER_HEIGHT_MAX, 'CHANGES_FULL', facts);
  context.records.schedule.put({ ...key, proposals: [...planned, row.number] });
  settleProposal(context, { ...row, status: 'adopted', effectiveHeight });
}

function checkStanding(context: Hall, name: string, wanted: 'active' | 'suspended'): void {
  const row = context.contracts.directory.records.organisation.get({ slug: name });
  const status = row?.status ?? 'unknown';
  context.check(status === wanted, 'STATUS_WRONG', { status });
}

function checkReservedRole(
  context: Hall,
  input: { readonly organisation: string; readonly name: string; readonly role: string },
): void {
  const { organisation: owner, name, role: wanted } = input;
  const isReserved = context.ledger.roleOf(wanted)?.grantedBy === 'governance';
  context.check(isReserved, 'ROLE_REFUSED', { role: wanted });
  const officers = context.contracts.directory.records.officer;
  const facts = { organisation: owner, name };
  context.check(officers.has({ organisation: owner, name }), 'OFFICER_UNKNOWN', facts);
}

// --- what adopted proposals do ---------------------------------------------------------------------

/** Runs what takes effect at `next`, at the end of the block before it. */
function runSchedule(context: Keeper, next: number): void {
  const planned = context.records.schedule.get({ height: next });
  if (planned === undefined) return;
  for (const number of planned.proposals) {
    const row = context.records.proposal.need({ number });
    const failed = context.attempt(() => carryOut(context, row));
    const status = failed === undefined ? 'done' : 'failed';
    settleProposal(context, { ...row, status, outcome: failed?.refused });
  }
  context.records.schedule.remove({ height: next });
}

function carryOut(context: Keeper, { kind: what, change: wanted }: Proposal): void {
  const { directory: target } = context.contracts;
  const { organisation: name = '', title, governanceKey, name: officer = '' } = wanted;
  switch (what) {
    case 'admitOrganisation': {
      assert(title !== undefined && governanceKey !== undefined, 'an admission names its title');
      assert(wanted.publicKey !== undefined, 'an admission names a key');
      const keys = { governanceKey, publicKey: wanted.publicKey };
      target.call('admit', { slug: name, title, administrator: officer, ...keys });
      return;
    }
    case 'suspendOrganisation':
      // Decided while others were active; they may have been suspended since.
      context.check(memberCount(context) > 1, 'LAST_MEMBER');
      target.call('suspendOrganisation', { organisation: name });
      return;
    case 'reinstateOrganisation':
      target.call('reinstateOrganisation', { organisation: name });
      return;
    case 'assignRole':
    case 'withdrawRole': {
      const grant = {
        organisation: name,
        name: officer,
        role: wanted.role ?? '',
        scope: wanted.scope,
      };
      target.call(what === 'assignRole' ? 'assignRole' : 'withdrawAssignedRole', grant);
      return;
    }
    default:
      assert(false, 'only scheduled kinds are carried out');
  }
}

// --- the validator set (protocol §15) --------------------------------------------------------------

function setAt({ present, next, nextFrom }: Sets, at: number): ValidatorSet {
  const isNext = next !== undefined && nextFrom !== undefined && at >= nextFrom;
  const chosen = isNext ? next : present;
  return chosen.map(({ id, publicKey: key }) => ({
    id: asValidatorId(id),
    publicKey: asPublicKey(key),
  }));
}

function storedSetOf(set: ValidatorSet): StoredSet {
  return set.map(({ id, publicKey: key }) => ({ id, publicKey: key }));
}

function isOrdered(set: StoredSet): boolean {
  const ids = set.map(({ id }) => toHex(id));
  return ids.length > 0 && ids.every((id, index) => index === 0 || (ids[index - 1] ?? '') < id);
}

function epochOf(context: Pick<Keeper, 'records'>): number {
  const row = context.records.chain.get({});
  assert(row !== undefined, 'genesis fixes the epoch');
  return row.epochBlocks;
}

function needValidator(context: Hall, id: Uint8Array): RowOf<typeof records.validator> {
  const row = context.records.validator.get({ id });
  context.check(row?.status === 'active', 'VALIDATOR_UNKNOWN');
  assert(row !== undefined, 'a check ends the transaction');
  return row;
}

/** spec X-13 (2), and the proof that whoever proposes the key holds it. */
function checkConsensusKey(
  context: Hall,
  key: Uint8Array,
  holder: { readonly organisation: string; readonly proof: Uint8Array },
): void {
  context.check(isGoodPublicKey(key), 'KEY_UNUSABLE');
  context.check(!context.records.consensusKey.has({ publicKey: key }), 'KEY_USED');
  const publicKey = asPublicKey(key);
  const claim = { purpose: 'consensus', publicKey } as const;
  const message = possessionSignBytes(asHash(context.chain), claim, holder.organisation);
  const isHeld = verifyStrict(publicKey, message, asSignature(holder.proof));
  context.check(isHeld, 'KEY_NOT_POSSESSED');
}

/** A change that could never be admitted is refused before anybody votes. */
function checkSetSize(context: Hall, difference: 1 | -1): void {
  const row = context.records.validators.get({});
  const present = row === undefined ? [] : setAt(row, context.height);
  const waiting = context.records.pending.get({})?.changes ?? [];
  const joining = waiting.filter((one) => one.kind === 'addValidator').length;
  const leaving = waiting.filter((one) => one.kind === 'removeValidator').length;
  const count = present.length + joining - leaving + difference;
  const min = validatorsMin(context);
  const max = LIMITS.validatorsMax;
  context.check(difference > 0 || count >= min, 'VALIDATORS_TOO_FEW', { count, min });
  context.check(difference < 0 || count <= max, 'VALIDATORS_TOO_MANY', { count, max });
}

function validatorsMin(context: Pick<Keeper, 'records'>): number {
  const isDevelopment = context.records.chain.get({})?.developmentMode === true;
  return isDevelopment ? 1 : LIMITS.validatorsMin;
}

function adoptSetChange(context: Hall, row: Proposal, what: PendingChange['kind']): void {
  const changes = context.records.pending.get({})?.changes ?? [];
  context.check(changes.length < PENDING_MAX, 'CHANGES_FULL', { max: PENDING_MAX });
  const { organisation: owner = '', publicKey: key, validator: existing } = row.change;
  const id = existing ?? (key === undefined ? ZERO_HASH : validatorIdOf(asPublicKey(key)));
  const boundary = boundaryAfter(context, row);
  const waiting = { proposal: row.number, kind: what, id, organisation: owner, publicKey: key };
  context.records.pending.put({ changes: [...changes, { ...waiting, boundary, tries: 0 }] });
  settleProposal(context, { ...row, status: 'adopted', effectiveHeight: boundary });
}

/** A set under construction at one boundary. */
interface Draft {
  readonly set: ValidatorSet;
  readonly changes: number;
  readonly newcomers: number;
}

/**
 * At A-1: applies the waiting changes in the order they were decided, each admitted against the set
 * that the one before it produced; what a rule refuses waits for the next boundary.
 */
function crossBoundary(context: Keeper, boundary: number): void {
  const sets = context.records.validators.get({});
  const waiting = context.records.pending.get({})?.changes ?? [];
  if (sets === undefined || waiting.length === 0) return;
  const present = setAt(sets, boundary - 1);
  const kept: PendingChange[] = [];
  let draft: Draft = { set: present, changes: 0, newcomers: 0 };
  for (const waitingChange of waiting) {
    if (waitingChange.boundary > boundary) {
      kept.push(waitingChange);
      continue;
    }
    const judged = judgeChange(context, waitingChange, { present, draft, boundary });
    if ('draft' in judged) {
      draft = judged.draft;
      enact(context, waitingChange, boundary);
    } else {
      const delayed = delay(context, waitingChange, { ...judged, boundary });
      if (delayed !== undefined) kept.push(delayed);
    }
  }
  context.records.pending.put({ changes: kept });
  if (draft.changes > 0) installSet(context, present, { set: draft.set, boundary });
}

function installSet(
  context: Keeper,
  present: ValidatorSet,
  { set, boundary }: { readonly set: ValidatorSet; readonly boundary: number },
): void {
  const next = storedSetOf(set);
  context.records.validators.put({ present: storedSetOf(present), next, nextFrom: boundary });
  putRotation(context, carryRotation(rotationOf(context.records.rotation.get({})), set));
  context.emit('setChanged', { fromHeight: boundary, count: set.length });
}

/** Why a change is not admitted; `forEver` when no later boundary could admit it either. */
interface Refused {
  readonly rule: string;
  readonly forEver?: true;
}

interface Judging {
  readonly present: ValidatorSet;
  readonly draft: Draft;
  readonly boundary: number;
}

/** spec X-13: the admission rules of protocol §15, by their numbers. */
function judgeChange(
  context: Keeper,
  waiting: PendingChange,
  { present, draft, boundary }: Judging,
): { readonly draft: Draft } | Refused {
  const applied = applyChange(draft.set, waiting);
  if (applied === undefined) return { rule: 'the validator is not in the set', forEver: true };
  const { kind: what, publicKey: key } = waiting;
  const count = applied.length;
  const min = validatorsMin(context);
  // (1)
  if (count < min && what === 'removeValidator')
    return { rule: `(1) fewer than ${min} validators` };
  if (count > LIMITS.validatorsMax)
    return { rule: `(1) more than ${LIMITS.validatorsMax} validators` };
  // (2) Possession and torsion were proven when it was proposed; another may have taken the key.
  if (key !== undefined && context.records.consensusKey.has({ publicKey: key })) {
    return { rule: '(2) the key is or was in use', forEver: true };
  }
  // (3)
  const changesMax = Math.max(1, quorumOf(present.length).faultyMax);
  if (draft.changes + 1 > changesMax)
    return { rule: `(3) more than ${changesMax} changes at once` };
  // (4)
  const since = boundary - READY_EPOCHS * epochOf(context);
  const isReady = (one: Uint8Array): boolean =>
    (context.records.ready.get({ publicKey: one })?.height ?? -1) >= Math.max(since, 0);
  if (key !== undefined && !isReady(key)) return { rule: '(4) no fresh READY of the newcomer' };
  // (5)
  const newcomers = draft.newcomers + (key === undefined ? 0 : 1);
  const { quorum } = quorumOf(count);
  if (present.length >= LIMITS.validatorsMin && newcomers > count - quorum) {
    return { rule: '(5) too many newcomers for the quorum' };
  }
  // (6)
  const readyCount = applied.filter((one) => isReady(one.publicKey)).length;
  if (readyCount < quorum) return { rule: `(6) ${readyCount} of ${quorum} validators are READY` };
  return { draft: { set: applied, changes: draft.changes + 1, newcomers } };
}

/** The set after a change; undefined if the change no longer fits it. */
function applyChange(set: ValidatorSet, waiting: PendingChange): ValidatorSet | undefined {
  const id: ValidatorId = asValidatorId(waiting.id);
  const { kind: what, publicKey: key } = waiting;
  const isMember = indexOfValidator(set, id) !== undefined;
  const others = set.filter((one) => !equalBytes(one.id, id));
  if (what === 'removeValidator') return isMember && others.length > 0 ? others : undefined;
  if (key === undefined || isMember !== (what === 'rotateValidator')) return undefined;
  const publicKey: PublicKey = asPublicKey(key);
  const joining: Validator = { id, publicKey };
  return others.length < LIMITS.validatorsMax ? buildValidatorSet([...others, joining]) : undefined;
}

/** Keeps the records of an admitted change. */
function enact(context: Keeper, waiting: PendingChange, boundary: number): void {
  const { id, organisation: owner, publicKey: key, proposal } = waiting;
  const row = context.records.validator.get({ id });
  if (waiting.kind === 'removeValidator') {
    if (row !== undefined) context.records.validator.put({ ...row, status: 'removed' });
  } else if (key !== undefined) {
    const sinceHeight = row?.sinceHeight ?? boundary;
    const next = { id, organisation: owner, publicKey: key, sinceHeight };
    context.records.validator.put({ ...next, status: 'active' });
    context.records.consensusKey.insert({ publicKey: key, id });
  }
  const decided = context.records.proposal.need({ number: proposal });
  settleProposal(context, { ...decided, status: 'done', effectiveHeight: boundary });
}

/** Moves a change to the next boundary, or gives it up. */
function delay(
  context: Keeper,
  waiting: PendingChange,
  { rule, forEver, boundary }: Refused & { readonly boundary: number },
): PendingChange | undefined {
  const tries = waiting.tries + 1;
  if (forEver === true || tries >= BOUNDARIES_MAX) {
    const decided = context.records.proposal.need({ number: waiting.proposal });
    settleProposal(context, { ...decided, status: 'failed', outcome: rule });
    return undefined;
  }
  const next = boundary + epochOf(context);
  context.emit('changeDelayed', { proposal: waiting.proposal, boundary: next, rule });
  return { ...waiting, boundary: next, tries, rule };
}

// --- READY -----------------------------------------------------------------------------------------

/** While a change waits, the hash of every block is kept for two epochs, for READYs to name. */
function rememberBlock(context: Keeper, block: BlockFacts): void {
  const isAwaited = (context.records.pending.get({})?.changes.length ?? 0) > 0;
  if (!isAwaited || block.parentHash === undefined) return;
  const parent = block.height - 1;
  const slot = parent % (READY_EPOCHS * epochOf(context));
  context.records.seenBlock.put({ slot, height: parent, hash: block.parentHash });
}

/** `[public key 32, height, block hash 32, signature 64]`, signed as `readySignBytes` says. */
function recordReady(
  context: Keeper,
  payload: CborValue,
): { readonly refused: string } | undefined {
  if (!Array.isArray(payload) || payload.length !== 4) return { refused: 'not four fields' };
  const [key, named, hash, signature] = payload as readonly CborValue[];
  const isShaped = isBytes(key, 32) && isBytes(hash, 32) && isBytes(signature, 64);
  if (!isShaped || typeof named !== 'number') return { refused: 'a field has the wrong type' };
  if (!isExpected(context, key))
    return { refused: 'the key is of no validator, present or to come' };

  const last = context.records.ready.get({ publicKey: key })?.height ?? -1;
  if (named <= last) return { refused: `the validator was READY at ${last} already` };
  const window = READY_EPOCHS * epochOf(context);
  const seen = context.records.seenBlock.get({ slot: named % window });
  const isSeen = seen?.height === named && equalBytes(seen.hash, hash);
  if (!isSeen || named + window < context.height) {
    return { refused: 'the block named is not a recent one of this chain' };
  }
  const message = readySignBytes(context.chain, named, hash);
  if (!verifyStrict(asPublicKey(key), message, asSignature(signature))) {
    return { refused: 'the signature is wrong' };
  }
  context.records.ready.put({ publicKey: key, height: named });
  return undefined;
}

function isExpected(context: Keeper, key: Uint8Array): boolean {
  const sets = context.records.validators.get({});
  const present = sets === undefined ? [] : setAt(sets, context.height);
  const waiting = context.records.pending.get({})?.changes ?? [];
  const isMember = present.some((one) => equalBytes(one.publicKey, key));
  return (
    isMember || waiting.some(({ publicKey: one }) => one !== undefined && equalBytes(one, key))
  );
}

function isBytes(given: CborValue | undefined, size: number): given is Uint8Array {
  return given instanceof Uint8Array && given.length === size;
}

// --- turns of proposers (protocol §6) --------------------------------------------------------------

function turnRotation(context: Keeper, validators: ValidatorSet, proposer: ValidatorId): void {
  const rotation = carryRotation(rotationOf(context.records.rotation.get({})), validators);
  const { chain, height: at } = context;
  const place = { chain: asHash(chain), height: at, epochBlocks: epochOf(context) };
  const turned = updateRotation({ ...place, validators, rotation }, proposer);
  const isSame = turned.every(
    (entry, index) =>
      entry.score === rotation[index]?.score && entry.restUntil === rotation[index]?.restUntil,
  );
  if (!isSame) putRotation(context, turned);
}

function rotationOf(row: RowOf<typeof records.rotation> | undefined): Rotation {
  return (row?.entries ?? []).map(({ id, score, restUntil }) => ({
    id: asValidatorId(id),
    score,
    restUntil,
  }));
}

function putRotation(context: Keeper, rotation: Rotation): void {
  const entries = rotation.map(({ id, score, restUntil }) => ({ id, score, restUntil }));
  context.records.rotation.put({ entries });
}
