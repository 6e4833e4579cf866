/** The fields that records, inputs and events of governance are made of. */
import type { Infer } from '@daybook/contracts';
import { field } from '@daybook/contracts';
import { LIMITS } from '@daybook/core';
import { inBothLanguages, organisation as organisationAs } from '../vocabulary/fields.ts';

export const organisation = organisationAs('Organisation', '机构');
export const slug = field.slug({ en: 'Organisation', zh: '机构' });
export const officerName = field.slug({ en: 'Officer', zh: '经办人' });
export const publicKey = field.publicKey({ en: 'Public key', zh: '公钥' });
export const consensusKey = field.publicKey({ en: 'Consensus key', zh: '共识公钥' });
export const validator = field.hash({ en: 'Validator', zh: '验证节点' });
export const reason = field.reason();
export const proof = field.bytes({
  en: 'Proof of possession',
  zh: '持有证明',
  help: {
    en: 'A signature of the new key, as daybook key prove makes it.',
    zh: '新密钥的签名,由 daybook key prove 生成。',
  },
  min: 64,
  max: 64,
});
export const titleField = inBothLanguages({ en: 'Title', zh: '名称' }, 200);
export const role = field.text({ en: 'Role', zh: '角色', min: 3, max: 100, characters: 'ascii' });
export const scope = field.optional(
  field.text({ en: 'Scope', zh: '范围', max: 200, characters: 'path' }),
);
export const contractName = field.text({ en: 'Contract', zh: '合约', max: 32, characters: 'name' });
export const parameterName = field.text({
  en: 'Parameter',
  zh: '参数',
  max: 64,
  characters: 'name',
});
export const actionName = field.text({ en: 'Act', zh: '行为', max: 64, characters: 'name' });
export const actInput = field.text({
  en: 'Input of the act, JSON',
  zh: '行为输入(JSON)',
  min: 2,
  max: 16_000,
  lines: true,
});
export const value = field.text({ en: 'Value', zh: '值', min: 0, max: 1000 });
export const version = field.integer({ en: 'Version', zh: '版本', min: 1, max: 65_535 });
export const height = field.integer({ en: 'Height', zh: '高度' });
export const notBeforeHeight = field.optional(
  field.integer({
    en: 'Takes effect at this height or later',
    zh: '最早生效高度',
    help: { en: 'Left out, as soon as the time lock allows.', zh: '不填则时间锁期满即生效。' },
  }),
);
export const proposalNumber = field.integer({ en: 'Proposal', zh: '提案', min: 1 });
export const choice = field.choice({
  en: 'Vote',
  zh: '表决',
  of: {
    yes: { en: 'yes', zh: '赞成' },
    no: { en: 'no', zh: '反对' },
    abstain: { en: 'abstention', zh: '弃权' },
  },
});
export const evidenceKind = field.choice({
  en: 'Kind of fault',
  zh: '违规类别',
  of: {
    E1: { en: 'two proposals in one round', zh: '同一轮两个提议' },
    E2: { en: 'two PREPAREs in one round', zh: '同一轮两次 PREPARE' },
    E3: { en: 'two COMMITs in one round', zh: '同一轮两次 COMMIT' },
    E4: { en: 'two ROUND-CHANGEs in one round', zh: '同一轮两次 ROUND-CHANGE' },
    E5: { en: 'a lock forgotten', zh: '遗忘锁定' },
    E6: { en: 'a lock exchanged or lowered', zh: '锁定被更换或回退' },
  },
});
export const outcome = field.text({ en: 'Outcome', zh: '结果', max: 300 });

export const KINDS = {
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
  retireContract: { en: 'retire a contract', zh: '停用合约' },
  takeAct: { en: 'take an act reserved for members', zh: '执行须由成员决定的行为' },
} as const;
export const kind = field.choice({ en: 'Kind', zh: '类别', of: KINDS });

/** What a proposal would do; which fields are there follows from its kind. */
export const change = field.object(
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
    action: field.optional(actionName),
    input: field.optional(actInput),
  },
  { en: 'Change', zh: '变更内容' },
);

export const setField = field.list(
  field.object({ id: validator, publicKey: consensusKey }, { en: 'Validator', zh: '验证节点' }),
  { en: 'Validators, ascending by id', zh: '验证节点(按标识升序)', max: LIMITS.validatorsMax },
);

export type Choice = Infer<typeof choice>;
export type Kind = keyof typeof KINDS;
export type Change = Infer<typeof change>;
export type StoredSet = Infer<typeof setField>;

export const because = { reason, notBeforeHeight };
