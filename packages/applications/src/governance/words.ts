/** What governance says: refusals with their remedies, and events. */
import { field } from '@daybook/contracts';
import { keyUnusable, notThere, REMEDIES } from '../vocabulary/refusals.ts';
import { evidenceKind, height, kind, outcome, proposalNumber, slug, validator } from './fields.ts';

export const failures = {
  PROPOSAL_UNKNOWN: notThere(
    1,
    { en: 'proposal', zh: '提案' },
    { en: 'List the proposals and check the number.', zh: '请查看提案列表并核对编号。' },
  ),
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
    remedy: REMEDIES.otherSlug,
  },
  KEY_UNUSABLE: keyUnusable(6),
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
  ACT_REFUSED: {
    code: 21,
    en: 'The members can not adopt {contract}.{action}: {fact}.',
    zh: '成员不能通过{contract}.{action}:{fact}。',
    remedy: {
      en: 'Choose an act that the manifest reserves for governance, and give its input as JSON.',
      zh: '请选择清单中保留给治理的行为,并以 JSON 填写输入。',
    },
  },
  BALLOTS_FULL: {
    code: 23,
    en: 'At most {max} organisations vote on a proposal.',
    zh: '每项提案最多{max}个机构表决。',
    remedy: {
      en: 'Let those decide that have voted, or close the proposal after its time.',
      zh: '请以已有表决为准,或到期后关闭提案。',
    },
  },
  RETIREMENT_REFUSED: {
    code: 22,
    en: 'The contract {contract} can not be retired: {fact}.',
    zh: '不能停用合约{contract}:{fact}。',
    remedy: { en: 'Choose an application that acts.', zh: '请选择启用中的应用合约。' },
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
    remedy: REMEDIES.checkOfficer,
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
  QUORUM_AT_RISK: {
    code: 20,
    en: 'Rule 6: of {count} validators {live} keep their turns, and {quorum} are needed; silent: {silent}.',
    zh: '规则6:{count}个验证节点中仅{live}个按时出块,至少需要{quorum}个;未响应:{silent}。',
    remedy: {
      en: 'Bring the silent ones back first, or remove one of them instead of a live one.',
      zh: '请先恢复未响应的节点,或改为移除其中之一。',
    },
  },
} as const;

export const events = {
  evidenceRecorded: {
    title: { en: 'Fault of a validator proven', zh: '验证节点违规已证实' },
    fields: { validator, organisation: slug, height, kind: evidenceKind },
  },
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
  recovered: {
    title: { en: 'Chain recovered with another set', zh: '链已由新验证节点集恢复' },
    fields: {
      fromHeight: height,
      count: field.integer({ en: 'Validators', zh: '验证节点数' }),
      reason: field.text({ en: 'Reason', zh: '理由', min: 0, max: 1000 }),
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
