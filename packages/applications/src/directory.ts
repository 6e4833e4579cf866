/**
 * The directory: organisations, their officers and service accounts, roles, keys and nodes. It says
 * whom a signing key stands for and what that identity may do, at the moment of execution; every
 * other contract rests on it. Organisations come and go by governance alone; within an organisation
 * its administrators decide, and M of N officers can restore one who lost a key. Longer than other
 * files because a contract is one file, half of it titles in two languages (ADR 9).
 */
import type { Context, Infer, KeyOf, RoleQuestion, RowOf } from '@daybook/contracts';
import { defineContract, didKeyOf, field, instantText } from '@daybook/contracts';
import { assert, equalBytes, fromHex, isGoodPublicKey, publicKeyOfPeerId } from '@daybook/core';
import { inBothLanguages, organisation as organisationAs } from './vocabulary/fields.ts';
import { keyUnusable, notThere, REMEDIES } from './vocabulary/refusals.ts';

const ROLES_MAX = 64;
const KEYS_MAX = 8;
const ADDRESSES_MAX = 8;
const HOUR_MS = 3_600_000;
const ADMINISTRATOR = 'directory.administrator';

const organisation = organisationAs('Organisation', '机构');
const officerName = field.slug({ en: 'Name within the organisation', zh: '机构内名称' });
const publicKey = field.publicKey({ en: 'Public key', zh: '公钥' });
const reason = field.reason();
/** RFC 5280 §5.3.1, those of its codes that fit a key of this ledger. */
const reasonCode = field.choice({
  en: 'Reason code',
  zh: '原因代码',
  of: {
    keyCompromise: { en: 'somebody else may have the key', zh: '密钥可能泄露' },
    affiliationChanged: { en: 'the officer has another task', zh: '经办人职务变动' },
    superseded: { en: 'another key takes its place', zh: '已由新密钥接替' },
    cessationOfOperation: { en: 'the officer or service has left', zh: '经办人离任或服务停止' },
    privilegeWithdrawn: { en: 'the officer may not act any more', zh: '经办人被取消资格' },
  },
});
const titleField = inBothLanguages({ en: 'Title', zh: '名称' }, 200);
const role = field.text({
  en: 'Role',
  zh: '角色',
  help: { en: 'Full name, such as treasury.payer.', zh: '全名,如 treasury.payer。' },
  min: 3,
  max: 100,
  characters: 'ascii',
});
const scope = field.optional(
  field.text({
    en: 'Scope',
    zh: '范围',
    help: {
      en: 'A path such as region/city; the role holds there and below. Everywhere if left out.',
      zh: '路径,如 region/city;角色在该处及其下级有效。不填则处处有效。',
    },
    max: 200,
    characters: 'path',
  }),
);
const validFrom = field.optional(field.instant({ en: 'Valid from', zh: '生效时间' }));
const validUntil = field.optional(field.instant({ en: 'Valid until', zh: '失效时间' }));
const peerId = field.identifier({ en: 'Peer id of the node', zh: '节点标识', max: 128 });
const addresses = field.list(
  field.text({ en: 'Address', zh: '地址', max: 256, characters: 'ascii' }),
  {
    en: 'Addresses, multiaddr without the peer id',
    zh: '地址(multiaddr,不含节点标识)',
    min: 1,
    max: ADDRESSES_MAX,
  },
);
const placesOfNode = field.list(
  field.text({ en: 'Address', zh: '地址', max: 256, characters: 'ascii' }),
  { en: 'Addresses', zh: '地址', max: ADDRESSES_MAX },
);
const kind = field.choice({
  en: 'Kind',
  zh: '类别',
  of: {
    officer: { en: 'officer', zh: '经办人' },
    service: { en: 'service account', zh: '服务账户' },
  },
});
const nodeRole = field.choice({
  en: 'Part in the network',
  zh: '网络角色',
  of: {
    validator: { en: 'validator', zh: '验证节点' },
    observer: { en: 'observer', zh: '观察节点' },
  },
});
const grants = field.list(field.object({ role, scope }, { en: 'Role', zh: '角色' }), {
  en: 'Roles',
  zh: '角色',
  max: ROLES_MAX,
});

type Grant = Infer<typeof grants>[number];

const records = {
  organisation: {
    number: 1,
    title: { en: 'Organisation', zh: '机构' },
    key: { slug: field.slug({ en: 'Slug', zh: '标识' }) },
    fields: {
      title: titleField,
      status: field.choice({
        en: 'Status',
        zh: '状态',
        of: {
          active: { en: 'active', zh: '正常' },
          suspended: { en: 'suspended', zh: '暂停' },
        },
      }),
      governanceKey: publicKey,
      administrators: field.integer({ en: 'Active administrators', zh: '在任管理员人数' }),
      recoveryOfficers: field.optional(
        field.integer({
          en: 'Officers who together may restore a lost key',
          zh: '可共同恢复密钥的经办人数',
          min: 1,
          max: 64,
          help: {
            en: 'Half of the colleagues, rounded up, until administrators set another number.',
            zh: '管理员另设人数之前,为同事人数的一半(进位)。',
          },
        }),
      ),
      did: field.optional(
        field.text({
          en: 'Alias as a did:web',
          zh: '别名(did:web)',
          max: 256,
          characters: 'ascii',
        }),
      ),
    },
    states: {
      field: 'status',
      initial: ['active'],
      transitions: { active: ['suspended'], suspended: ['active'] },
    },
  },
  officer: {
    number: 2,
    title: { en: 'Officer', zh: '经办人' },
    key: { organisation, name: officerName },
    partition: ['organisation'],
    fields: {
      kind,
      status: field.choice({
        en: 'Status',
        zh: '状态',
        of: {
          active: { en: 'active', zh: '在任' },
          suspended: { en: 'suspended', zh: '暂停' },
          revoked: { en: 'revoked', zh: '撤销' },
        },
      }),
      roles: grants,
      keys: field.list(publicKey, { en: 'Keys in use', zh: '使用中的密钥', max: KEYS_MAX }),
    },
    states: {
      field: 'status',
      initial: ['active'],
      transitions: {
        active: ['suspended', 'revoked'],
        suspended: ['active', 'revoked'],
        revoked: [],
      },
    },
  },
  key: {
    number: 3,
    title: { en: 'Key', zh: '密钥' },
    key: { publicKey },
    fields: {
      organisation,
      name: officerName,
      validFrom,
      validUntil,
      status: field.choice({
        en: 'Status',
        zh: '状态',
        of: { active: { en: 'active', zh: '有效' }, revoked: { en: 'revoked', zh: '已撤销' } },
      }),
      reasonCode: field.optional(reasonCode),
      reason: field.optional(reason),
    },
    states: {
      field: 'status',
      initial: ['active'],
      transitions: { active: ['revoked'], revoked: [] },
    },
    deadlines: [{ field: 'validUntil', open: ['active'] }],
  },
  node: {
    number: 4,
    title: { en: 'Node', zh: '节点' },
    help: {
      en: 'The network admits peers that are listed here by organisations in good standing.',
      zh: '网络仅接纳由状态正常的机构在此登记的节点。',
    },
    key: { organisation, peerId },
    partition: ['organisation'],
    fields: {
      role: nodeRole,
      addresses: placesOfNode,
      status: field.choice({
        en: 'Status',
        zh: '状态',
        of: { active: { en: 'active', zh: '在用' }, retired: { en: 'retired', zh: '停用' } },
      }),
    },
    states: {
      field: 'status',
      initial: ['active'],
      transitions: { active: ['retired'], retired: ['active'] },
    },
  },
  recovery: {
    number: 5,
    title: { en: 'Recovery of a lost key', zh: '密钥恢复' },
    key: { organisation, name: officerName, publicKey },
    partition: ['organisation'],
    fields: {
      supporters: field.list(officerName, { en: 'Supported by', zh: '支持者', max: 64 }),
      status: field.choice({
        en: 'Status',
        zh: '状态',
        of: {
          asked: { en: 'asked for', zh: '已申请' },
          agreed: { en: 'agreed', zh: '已同意' },
          done: { en: 'done', zh: '已完成' },
          cancelled: { en: 'cancelled', zh: '已取消' },
        },
      }),
      notBefore: field.optional(field.instant({ en: 'Not before', zh: '最早完成时间' })),
      reason,
    },
    states: {
      field: 'status',
      initial: ['asked', 'agreed'],
      transitions: {
        asked: ['agreed', 'cancelled'],
        agreed: ['done', 'cancelled'],
        done: [],
        cancelled: ['asked', 'agreed'],
      },
    },
  },
} as const;

const roles = {
  administrator: {
    title: { en: 'Administrator of an organisation', zh: '机构管理员' },
    help: {
      en: 'Adds officers and keys, grants roles, announces nodes.',
      zh: '登记经办人与密钥、授予角色、登记节点。',
    },
    grantedBy: 'organisation',
  },
} as const;

const parameters = {
  recoveryDelayHours: {
    field: field.integer({
      en: 'Hours in which the owner can object to a recovery',
      zh: '密钥恢复的异议期(小时)',
      max: 720,
    }),
    default: 24,
  },
} as const;

const sums = {
  officers: {
    number: 6,
    title: { en: 'Officers by status', zh: '经办人数' },
    record: 'officer',
    by: ['organisation', 'kind', 'status'],
  },
  organisationCounts: {
    number: 7,
    title: { en: 'Organisations by status', zh: '机构数' },
    record: 'organisation',
    by: ['status'],
  },
} as const;

const failures = {
  ORGANISATION_EXISTS: {
    code: 1,
    en: 'The slug {key} is taken; slugs are never used again.',
    zh: '标识{key}已被使用,且永不复用。',
    remedy: REMEDIES.otherSlug,
  },
  OFFICER_EXISTS: {
    code: 2,
    en: 'The organisation already has an officer {key}.',
    zh: '该机构已有经办人{key}。',
    remedy: {
      en: 'Choose another name; names are never used again.',
      zh: '请另选名称,名称永不复用。',
    },
  },
  OFFICER_UNKNOWN: notThere(3, { en: 'officer', zh: '经办人' }, REMEDIES.checkOfficer),
  KEY_TAKEN: {
    code: 4,
    en: 'This public key is registered already, or was once; a key serves one identity for ever.',
    zh: '该公钥已经或曾经登记;一把密钥永远只属于一个身份。',
    remedy: { en: 'Create a new key.', zh: '请生成新密钥。' },
  },
  KEY_UNUSABLE: keyUnusable(5),
  KEY_UNKNOWN: notThere(
    6,
    { en: 'key', zh: '密钥' },
    { en: 'Check the public key.', zh: '请核对公钥。' },
  ),
  KEYS_FULL: {
    code: 7,
    en: 'An officer has at most {max} keys in use.',
    zh: '每名经办人最多使用{max}把密钥。',
    remedy: { en: 'Revoke a key that is no longer needed.', zh: '请先撤销不再使用的密钥。' },
  },
  KEY_PERIOD: {
    code: 8,
    en: 'The key would not be valid for any time.',
    zh: '密钥有效期为空。',
    remedy: {
      en: 'Give an end that lies after the start and after now.',
      zh: '失效时间应晚于生效时间和当前时间。',
    },
  },
  ROLE_UNKNOWN: {
    code: 9,
    en: 'No active contract declares the role {role}.',
    zh: '没有启用的合约声明角色{role}。',
    remedy: { en: 'Choose a role from the manifest.', zh: '请从清单中选择角色。' },
  },
  ROLE_RESERVED: {
    code: 10,
    en: 'The role {role} is granted by {grantedBy}.',
    zh: '角色{role}由{grantedBy}授予。',
    remedy: {
      en: 'For governance, propose the grant; otherwise ask an administrator.',
      zh: '由治理授予的角色请提出提案,否则请机构管理员办理。',
    },
  },
  ROLE_HELD: {
    code: 11,
    en: 'The officer holds the role {role} already.',
    zh: '该经办人已有角色{role}。',
    remedy: REMEDIES.nothingLeft,
  },
  ROLE_NOT_HELD: {
    code: 12,
    en: 'The officer does not hold the role {role} with this scope.',
    zh: '该经办人没有此范围的角色{role}。',
    remedy: { en: 'Check role and scope in the record.', zh: '请核对记录中的角色与范围。' },
  },
  ROLES_FULL: {
    code: 13,
    en: 'An officer holds at most {max} roles.',
    zh: '每名经办人最多有{max}个角色。',
    remedy: { en: 'Withdraw a role first.', zh: '请先收回一个角色。' },
  },
  LAST_ADMINISTRATOR: {
    code: 14,
    en: 'The organisation would be left without an active administrator.',
    zh: '该机构将没有在任管理员。',
    remedy: { en: 'Appoint another administrator first.', zh: '请先任命另一名管理员。' },
  },
  LAST_KEY: {
    code: 15,
    en: 'The officer would be left without a key.',
    zh: '该经办人将没有可用密钥。',
    remedy: {
      en: 'Add or rotate to a new key first, or suspend the officer.',
      zh: '请先登记或轮换新密钥,或暂停该经办人。',
    },
  },
  NOT_ENTITLED: {
    code: 16,
    en: 'Only the owner or an administrator of {organisation} may do this.',
    zh: '只有本人或{organisation}的管理员可以办理。',
    remedy: { en: 'Have one of them sign.', zh: '请由其中一人签名。' },
  },
  STATUS_WRONG: {
    code: 17,
    en: 'This is {status} and can not be changed so.',
    zh: '当前状态为{status},不能如此变更。',
    remedy: { en: 'Look at the present record.', zh: '请查看当前记录。' },
  },
  PEER_ID_MALFORMED: {
    code: 18,
    en: 'This is not the peer id of an Ed25519 key.',
    zh: '这不是 Ed25519 密钥的节点标识。',
    remedy: {
      en: 'Copy the peer id that daybookd prints.',
      zh: '请复制 daybookd 显示的节点标识。',
    },
  },
  RECOVERY_SELF: {
    code: 19,
    en: 'Nobody supports the recovery of their own key; other officers do.',
    zh: '本人不能支持自己的密钥恢复。',
    remedy: {
      en: 'Have other officers of the organisation sign.',
      zh: '请由本机构其他经办人签名。',
    },
  },
  RECOVERY_REPEATED: {
    code: 20,
    en: 'The signers support this recovery already.',
    zh: '签名人均已支持此次恢复。',
    remedy: { en: 'Have further officers sign.', zh: '请由其他经办人签名。' },
  },
  RECOVERY_EARLY: {
    code: 21,
    en: 'The owner may object until {notBefore}.',
    zh: '异议期至{notBefore}。',
    remedy: { en: 'Complete the recovery after that time.', zh: '请在此之后完成恢复。' },
  },
  RECOVERY_QUORUM: {
    code: 22,
    en: 'The organisation has only {officers} other active officers.',
    zh: '该机构仅有{officers}名其他在任经办人。',
    remedy: { en: 'Choose a smaller number.', zh: '请选择较小的人数。' },
  },
  ALIAS_MALFORMED: {
    code: 23,
    en: 'An alias is a did:web, not {found}.',
    zh: '别名须为 did:web,而非{found}。',
    remedy: {
      en: 'Write did:web: and the host name, such as did:web:health.example.',
      zh: '请写 did:web: 加主机名,如 did:web:health.example。',
    },
  },
} as const;

const events = {
  organisationAdmitted: {
    title: { en: 'Organisation admitted', zh: '机构加入' },
    fields: { organisation },
  },
  organisationStatus: {
    title: { en: 'Standing of an organisation changed', zh: '机构状态变更' },
    fields: { organisation, status: field.text({ en: 'Status', zh: '状态', max: 20 }) },
  },
  organisationRenamed: {
    title: { en: 'Title of an organisation changed', zh: '机构名称变更' },
    fields: { organisation, title: titleField },
  },
  governanceKeyReplaced: {
    title: { en: 'Governance key replaced', zh: '更换治理密钥' },
    fields: { organisation, publicKey },
  },
  officerAdded: {
    title: { en: 'Officer added', zh: '新增经办人' },
    fields: { organisation, name: officerName },
  },
  officerStatus: {
    title: { en: 'Standing of an officer changed', zh: '经办人状态变更' },
    fields: {
      organisation,
      name: officerName,
      status: field.text({ en: 'Status', zh: '状态', max: 20 }),
    },
  },
  keyAdded: {
    title: { en: 'Key added', zh: '新增密钥' },
    fields: { organisation, name: officerName, publicKey },
  },
  keyRevoked: {
    title: { en: 'Key revoked', zh: '撤销密钥' },
    fields: { organisation, name: officerName, publicKey },
  },
  roleGranted: {
    title: { en: 'Role granted', zh: '授予角色' },
    fields: { organisation, name: officerName, role, scope },
  },
  roleWithdrawn: {
    title: { en: 'Role withdrawn', zh: '收回角色' },
    fields: { organisation, name: officerName, role, scope },
  },
  nodeAnnounced: {
    title: { en: 'Node announced', zh: '登记节点' },
    fields: { organisation, peerId },
  },
  nodeRetired: {
    title: { en: 'Node retired', zh: '停用节点' },
    fields: { organisation, peerId },
  },
  recoverySupported: {
    title: { en: 'Recovery of a key supported', zh: '支持密钥恢复' },
    fields: { organisation, name: officerName, publicKey },
  },
} as const;

export const directory = defineContract({
  number: 1,
  name: 'directory',
  version: 1,
  title: { en: 'Directory', zh: '名录' },
  help: {
    en: 'Organisations, their officers, roles, keys and nodes.',
    zh: '机构及其经办人、角色、密钥与节点。',
  },

  records,
  roles,
  parameters,
  sums,
  failures,
  events,

  actions: {
    // --- by the consortium, through governance ---------------------------------------------------

    admit: {
      title: { en: 'Admit an organisation', zh: '接纳机构' },
      by: 'contract',
      callers: ['governance'],
      input: {
        slug: field.slug({ en: 'Slug', zh: '标识' }),
        title: titleField,
        governanceKey: publicKey,
        administrator: officerName,
        publicKey,
      },
      handler(context, input) {
        const { slug, title, governanceKey, administrator: name } = input;
        const fresh = { key: slug };
        context.check(!context.records.organisation.has({ slug }), 'ORGANISATION_EXISTS', fresh);
        context.check(isGoodPublicKey(governanceKey), 'KEY_UNUSABLE');
        checkNewKey(context, input.publicKey);

        const roles = [{ role: ADMINISTRATOR }];
        const status = 'active' as const;
        context.records.organisation.insert({
          ...{ slug, title, status, governanceKey },
          administrators: 1,
        });
        const officer = { organisation: slug, name };
        context.records.officer.insert({
          ...officer,
          ...{ kind: 'officer', status, roles, keys: [input.publicKey] },
        });
        context.records.key.insert({ ...officer, publicKey: input.publicKey, status });
        context.emit('organisationAdmitted', { organisation: slug });
      },
    },
    suspendOrganisation: {
      title: { en: 'Suspend an organisation', zh: '暂停机构' },
      by: 'contract',
      callers: ['governance'],
      input: { organisation },
      handler(context, input) {
        const row = context.records.organisation.need({ slug: input.organisation });
        context.check(row.status === 'active', 'STATUS_WRONG', { status: row.status });
        context.records.organisation.put({ ...row, status: 'suspended' });
        context.emit('organisationStatus', { organisation: row.slug, status: 'suspended' });
      },
    },
    reinstateOrganisation: {
      title: { en: 'Lift the suspension of an organisation', zh: '恢复机构' },
      by: 'contract',
      callers: ['governance'],
      input: { organisation },
      handler(context, input) {
        const row = context.records.organisation.need({ slug: input.organisation });
        context.check(row.status === 'suspended', 'STATUS_WRONG', { status: row.status });
        context.records.organisation.put({ ...row, status: 'active' });
        context.emit('organisationStatus', { organisation: row.slug, status: 'active' });
      },
    },
    assignRole: {
      title: { en: 'Grant a role that the consortium reserves', zh: '授予联盟保留的角色' },
      by: 'contract',
      callers: ['governance'],
      input: { organisation, name: officerName, role, scope },
      handler(context, input) {
        grant(context, input, 'governance');
      },
    },
    withdrawAssignedRole: {
      title: { en: 'Withdraw a role that the consortium reserves', zh: '收回联盟保留的角色' },
      by: 'contract',
      callers: ['governance'],
      input: { organisation, name: officerName, role, scope },
      handler(context, input) {
        withdraw(context, input, 'governance');
      },
    },

    rename: {
      title: { en: 'Change the title of an organisation', zh: '变更机构名称' },
      help: {
        en: 'Its slug stays, and so does every title it had before.',
        zh: '标识不变,原有名称均可查。',
      },
      by: 'governance',
      discretion: true,
      input: { organisation, title: titleField, reason },
      handler(context, { organisation: slug, title }) {
        const row = context.records.organisation.need({ slug });
        context.records.organisation.put({ ...row, title });
        context.emit('organisationRenamed', { organisation: slug, title });
      },
    },
    replaceGovernanceKey: {
      title: { en: 'Replace the governance key of an organisation', zh: '更换机构治理密钥' },
      help: {
        en: 'With which it consents to recoveries; no key of an officer, past or present.',
        zh: '用于同意恢复方案;不得为经办人现有或曾用的密钥。',
      },
      by: 'governance',
      discretion: true,
      input: { organisation, governanceKey: publicKey, reason },
      handler(context, { organisation: slug, governanceKey }) {
        const row = context.records.organisation.need({ slug });
        checkNewKey(context, governanceKey);
        context.check(!equalBytes(governanceKey, row.governanceKey), 'KEY_TAKEN');
        context.records.organisation.put({ ...row, governanceKey });
        context.emit('governanceKeyReplaced', { organisation: slug, publicKey: governanceKey });
      },
    },

    // --- by an organisation's administrators -----------------------------------------------------

    addOfficer: {
      title: { en: 'Add an officer or a service account', zh: '登记经办人或服务账户' },
      by: { role: 'administrator', organisation: 'organisation' },
      input: { organisation, name: officerName, kind, publicKey, validFrom, validUntil },
      handler(context, input) {
        const officer = { organisation: input.organisation, name: input.name };
        const key = `${input.organisation}/${input.name}`;
        context.check(!context.records.officer.has(officer), 'OFFICER_EXISTS', { key });
        checkNewKey(context, input.publicKey);
        checkPeriod(context, input);

        const keys = [input.publicKey];
        const status = 'active' as const;
        context.records.officer.insert({ ...officer, kind: input.kind, status, roles: [], keys });
        context.records.key.insert({ ...keyRowOf(input), status });
        context.emit('officerAdded', officer);
      },
    },
    addKey: {
      title: { en: 'Add a key of an officer', zh: '为经办人登记密钥' },
      by: { role: 'administrator', organisation: 'organisation' },
      input: { organisation, name: officerName, publicKey, validFrom, validUntil },
      handler(context, input) {
        const row = needOfficer(context, input);
        context.check(row.status !== 'revoked', 'STATUS_WRONG', { status: row.status });
        context.check(row.keys.length < KEYS_MAX, 'KEYS_FULL', { max: KEYS_MAX });
        checkNewKey(context, input.publicKey);
        checkPeriod(context, input);

        context.records.officer.put({ ...row, keys: [...row.keys, input.publicKey] });
        context.records.key.insert({ ...keyRowOf(input), status: 'active' });
        const { organisation: owner, name } = row;
        context.emit('keyAdded', { organisation: owner, name, publicKey: input.publicKey });
      },
    },
    grantRole: {
      title: { en: 'Grant a role to an officer', zh: '授予角色' },
      by: { role: 'administrator', organisation: 'organisation' },
      input: { organisation, name: officerName, role, scope },
      handler(context, input) {
        grant(context, input, 'organisation');
      },
    },
    withdrawRole: {
      title: { en: 'Withdraw a role from an officer', zh: '收回角色' },
      by: { role: 'administrator', organisation: 'organisation' },
      discretion: true,
      input: { organisation, name: officerName, role, scope, reason },
      handler(context, input) {
        withdraw(context, input, 'organisation');
      },
    },
    suspendOfficer: {
      title: { en: 'Suspend an officer', zh: '暂停经办人' },
      by: { role: 'administrator', organisation: 'organisation' },
      discretion: true,
      input: { organisation, name: officerName, reason },
      handler(context, input) {
        setOfficerStatus(context, input, 'suspended');
      },
    },
    reinstateOfficer: {
      title: { en: 'Lift the suspension of an officer', zh: '恢复经办人' },
      by: { role: 'administrator', organisation: 'organisation' },
      discretion: true,
      input: { organisation, name: officerName, reason },
      handler(context, input) {
        setOfficerStatus(context, input, 'active');
      },
    },
    revokeOfficer: {
      title: { en: 'Revoke an officer for good', zh: '撤销经办人' },
      by: { role: 'administrator', organisation: 'organisation' },
      discretion: true,
      input: { organisation, name: officerName, reasonCode, reason },
      handler(context, input) {
        const { keys } = needOfficer(context, input);
        setOfficerStatus(context, input, 'revoked');
        for (const key of keys) closeKey(context, key, input);
      },
    },
    setRecovery: {
      title: { en: 'Say how many officers restore a lost key', zh: '设定恢复密钥所需人数' },
      by: { role: 'administrator', organisation: 'organisation' },
      discretion: true,
      input: {
        organisation,
        officers: field.integer({ en: 'Officers', zh: '人数', min: 1, max: 64 }),
        reason,
      },
      handler(context, input) {
        const row = context.records.organisation.need({ slug: input.organisation });
        const others = activeOfficers(context, row.slug) - 1;
        context.check(input.officers <= others, 'RECOVERY_QUORUM', { officers: others });
        context.records.organisation.put({ ...row, recoveryOfficers: input.officers });
      },
    },
    setAlias: {
      title: { en: 'Set the did:web alias of the organisation', zh: '设定机构的 did:web 别名' },
      by: { role: 'administrator', organisation: 'organisation' },
      input: {
        organisation,
        did: field.text({ en: 'did:web', zh: 'did:web', min: 9, max: 256, characters: 'ascii' }),
      },
      handler(context, input) {
        context.check(isDidWeb(input.did), 'ALIAS_MALFORMED', { found: input.did });
        const row = context.records.organisation.need({ slug: input.organisation });
        context.records.organisation.put({ ...row, did: input.did });
      },
    },
    announceNode: {
      title: { en: 'Announce a node of the organisation', zh: '登记机构的节点' },
      by: { role: 'administrator', organisation: 'organisation' },
      input: { organisation, peerId, role: nodeRole, addresses },
      handler(context, input) {
        context.check(publicKeyOfPeerId(input.peerId) !== undefined, 'PEER_ID_MALFORMED');
        context.records.node.put({ ...input, status: 'active' });
        context.emit('nodeAnnounced', { organisation: input.organisation, peerId: input.peerId });
      },
    },
    retireNode: {
      title: { en: 'Retire a node of the organisation', zh: '停用机构的节点' },
      by: { role: 'administrator', organisation: 'organisation' },
      input: { organisation, peerId },
      handler(context, input) {
        const row = context.records.node.need(input);
        context.check(row.status === 'active', 'STATUS_WRONG', { status: row.status });
        context.records.node.put({ ...row, status: 'retired' });
        context.emit('nodeRetired', input);
      },
    },

    // --- by officers themselves ------------------------------------------------------------------

    rotateKey: {
      title: { en: 'Replace the own key by a new one', zh: '轮换本人密钥' },
      help: {
        en: 'The key that signs is revoked, the new one takes its place at once.',
        zh: '签名所用密钥即行撤销,由新密钥接替。',
      },
      by: 'officer',
      input: { publicKey, validUntil },
      handler(context, input) {
        const { identity, publicKey: present } = context.actor;
        assert(present !== undefined, 'an officer signs with a key');
        const officer = officerOf(identity);
        checkNewKey(context, input.publicKey);
        checkPeriod(context, input);

        const row = needOfficer(context, officer);
        const kept = row.keys.filter((key) => !equalBytes(key, present));
        context.records.officer.put({ ...row, keys: [...kept, input.publicKey] });
        closeKey(context, present, { reasonCode: 'superseded', reason: 'rotated' });
        context.records.key.insert({ ...keyRowOf({ ...officer, ...input }), status: 'active' });
        context.emit('keyAdded', { ...officer, publicKey: input.publicKey });
      },
    },
    revokeKey: {
      title: { en: 'Revoke a key', zh: '撤销密钥' },
      by: 'officer',
      discretion: true,
      input: { publicKey, reasonCode, reason },
      handler(context, input) {
        const key = context.records.key.need({ publicKey: input.publicKey }, 'KEY_UNKNOWN');
        const owner = { organisation: key.organisation, name: key.name };
        const isOwn = context.signers.some(({ identity }) => identity === identityOf(owner));
        const administrators = context.entitled({
          role: 'administrator',
          organisation: key.organisation,
        });
        const { organisation: slug } = owner;
        context.check(isOwn || administrators.length > 0, 'NOT_ENTITLED', { organisation: slug });
        context.check(key.status === 'active', 'STATUS_WRONG', { status: key.status });
        const row = needOfficer(context, owner);
        const keys = row.keys.filter((other) => !equalBytes(other, input.publicKey));
        context.check(keys.length > 0 || row.status !== 'active', 'LAST_KEY');

        context.records.officer.put({ ...row, keys });
        closeKey(context, input.publicKey, input);
      },
    },
    recover: {
      title: { en: 'Support the recovery of a colleague who lost a key', zh: '支持同事恢复密钥' },
      by: 'officer',
      discretion: true,
      input: { organisation, name: officerName, publicKey, reason },
      handler(context, input) {
        const row = needOfficer(context, input);
        context.check(row.status === 'active', 'STATUS_WRONG', { status: row.status });
        checkNewKey(context, input.publicKey);
        const colleagues = colleaguesOf(context, row);
        context.check(colleagues.length > 0, 'RECOVERY_SELF');
        const key = { organisation: row.organisation, name: row.name, publicKey: input.publicKey };
        const present = openRecovery(context, key);
        const supporters = supportersOf(present, colleagues);
        if (supporters === undefined) return context.refuse('RECOVERY_REPEATED');

        const isEnough = supporters.length >= recoveryOfficers(context, row.organisation);
        const delayMs = context.parameters.recoveryDelayHours * HOUR_MS;
        const notBefore = present?.notBefore ?? context.timestampMs + delayMs;
        const status = isEnough ? 'agreed' : 'asked';
        const common = { ...key, supporters, status, reason: input.reason } as const;
        context.records.recovery.put(isEnough ? { ...common, notBefore } : common);
        context.emit('recoverySupported', key);
      },
    },
    completeRecovery: {
      title: { en: 'Complete a recovery that was agreed to', zh: '完成密钥恢复' },
      by: 'officer',
      input: { organisation, name: officerName, publicKey },
      handler(context, input) {
        const asked = context.records.recovery.need(input);
        context.check(asked.status === 'agreed', 'STATUS_WRONG', { status: asked.status });
        const notBefore = asked.notBefore ?? 0;
        const facts = { notBefore: instantText(notBefore) };
        context.check(context.timestampMs >= notBefore, 'RECOVERY_EARLY', facts);
        checkNewKey(context, asked.publicKey);
        const row = needOfficer(context, input);
        context.check(row.status !== 'revoked', 'STATUS_WRONG', { status: row.status });

        const closed = { reasonCode: 'superseded', reason: asked.reason } as const;
        for (const key of row.keys) closeKey(context, key, closed);
        context.records.officer.put({ ...row, keys: [input.publicKey] });
        context.records.key.insert({ ...input, status: 'active' });
        context.records.recovery.put({ ...asked, status: 'done' });
        context.emit('keyAdded', input);
      },
    },
    cancelRecovery: {
      title: { en: 'Object to the recovery of the own key', zh: '对本人密钥恢复提出异议' },
      by: 'officer',
      discretion: true,
      input: { organisation, name: officerName, publicKey, reason },
      handler(context, input) {
        const { reason: why, ...key } = input;
        const asked = context.records.recovery.need(key);
        const isOpen = asked.status === 'asked' || asked.status === 'agreed';
        context.check(isOpen, 'STATUS_WRONG', { status: asked.status });
        const own = identityOf(key);
        const isOwner = context.signers.some(({ identity }) => identity === own);
        context.check(isOwner, 'NOT_ENTITLED', { organisation: key.organisation });
        context.records.recovery.put({ ...asked, status: 'cancelled', reason: why });
      },
    },
  },

  invariants: {
    administered: {
      title: { en: 'Every organisation keeps an administrator', zh: '每个机构至少有一名管理员' },
      record: 'organisation',
      holds: ({ after }) => after !== undefined && after.administrators > 0,
    },
    keysAgree: {
      title: {
        en: 'A key in use belongs to the officer who lists it',
        zh: '使用中的密钥属于列出它的经办人',
      },
      record: 'officer',
      holds: ({ after }, { records: rows }) =>
        (after?.keys ?? []).every((key) => {
          const row = rows.key.get({ publicKey: key });
          const isOwn = row?.organisation === after?.organisation && row?.name === after?.name;
          return isOwn && row?.status === 'active';
        }),
    },
  },

  queries: {
    organisations: { title: { en: 'Organisations', zh: '机构' }, record: 'organisation' },
    officersOf: {
      title: { en: 'Officers of an organisation', zh: '机构的经办人' },
      record: 'officer',
      by: ['organisation'],
    },
    expiredKeys: {
      title: { en: 'Keys past their time that nobody revoked', zh: '已失效而未撤销的密钥' },
      record: 'key',
      overdue: 'validUntil',
    },
    nodesOf: {
      title: { en: 'Nodes of an organisation', zh: '机构的节点' },
      record: 'node',
      by: ['organisation'],
    },
    nodes: {
      title: { en: 'Nodes in use', zh: '在用节点' },
      record: 'node',
      where: { field: 'status', is: ['active'] },
    },
  },

  system: {
    onGenesis(context, { document }) {
      for (const founder of document.organisations) {
        const administrators = founder.officers.filter(({ roles }) =>
          roles.includes(ADMINISTRATOR),
        );
        context.check(administrators.length > 0, 'LAST_ADMINISTRATOR');
        context.records.organisation.insert({
          slug: founder.slug,
          title: { en: founder.title.en, zh: founder.title.zh },
          status: 'active',
          governanceKey: bytesOf(founder.governanceKey),
          administrators: administrators.length,
        });
        for (const { name, publicKey: keyHex, roles } of founder.officers) {
          for (const given of roles) {
            context.check(context.ledger.roleOf(given) !== undefined, 'ROLE_UNKNOWN', {
              role: given,
            });
          }
          const officer = { organisation: founder.slug, name };
          const key = bytesOf(keyHex);
          const granted = roles.map((given) => ({ role: given }));
          context.records.officer.insert({
            ...officer,
            ...{ kind: 'officer', status: 'active', roles: granted, keys: [key] },
          });
          context.records.key.insert({ ...officer, publicKey: key, status: 'active' });
        }
      }
      for (const [part, nodes] of [
        ['validator', document.validators],
        ['observer', document.observers],
      ] as const) {
        for (const { organisation: owner, peerId: id, addresses: places } of nodes) {
          const node = { organisation: owner, peerId: id, addresses: places };
          context.records.node.insert({ ...node, role: part, status: 'active' });
        }
      }
    },

    authority: {
      identify(context, key, claimed) {
        const row = context.records.key.get({ publicKey: key });
        if (row === undefined) {
          if (claimed !== undefined) return { refused: 'CONTRACTS_KEY_UNKNOWN' };
          return { actor: { identity: didKeyOf(key), organisation: undefined, publicKey: key } };
        }
        const identity = identityOf(row);
        const isClaimed =
          claimed === undefined || claimed === identity || claimed === didKeyOf(key);
        if (!isClaimed) return { refused: 'CONTRACTS_KEY_UNKNOWN' };
        const { timestampMs } = context;
        const isEarly = row.validFrom !== undefined && timestampMs < row.validFrom;
        const isLate = row.validUntil !== undefined && timestampMs >= row.validUntil;
        if (row.status === 'revoked' || isEarly || isLate)
          return { refused: 'CONTRACTS_KEY_INVALID' };
        const officer = context.records.officer.get({
          organisation: row.organisation,
          name: row.name,
        });
        const owner = context.records.organisation.get({ slug: row.organisation });
        const isActive = officer?.status === 'active' && owner?.status === 'active';
        if (!isActive) return { refused: 'CONTRACTS_SUSPENDED' };
        return { actor: { identity, organisation: row.organisation, publicKey: key } };
      },
      holds(context, actor, question) {
        const officer = context.records.officer.get(officerOf(actor.identity));
        return officer?.roles.some((held) => covers(held, question)) === true;
      },
    },
  },
});

/** The identity of an officer, `organisation/name`. */
export function identityOf(officer: {
  readonly organisation: string;
  readonly name: string;
}): string {
  return `${officer.organisation}/${officer.name}`;
}

/** The key of an officer's record, from `organisation/name`. */
export function officerOf(identity: string): { organisation: string; name: string } {
  const slash = identity.indexOf('/');
  return { organisation: identity.slice(0, slash), name: identity.slice(slash + 1) };
}

type Desk = Context<
  typeof records,
  typeof failures,
  typeof events,
  keyof typeof roles,
  typeof parameters,
  typeof sums,
  unknown
>;
type OfficerKey = KeyOf<typeof records.officer>;
type Officer = RowOf<typeof records.officer>;
type Recovery = RowOf<typeof records.recovery>;

interface GrantInput extends OfficerKey {
  readonly role: string;
  readonly scope?: string | undefined;
}

interface KeyInput extends OfficerKey {
  readonly publicKey: Uint8Array;
  readonly validFrom?: number | undefined;
  readonly validUntil?: number | undefined;
}

function needOfficer(context: Desk, { organisation: slug, name }: OfficerKey): Officer {
  return context.records.officer.need({ organisation: slug, name }, 'OFFICER_UNKNOWN');
}

/** A key serves one identity for ever, so that an old signature keeps its meaning. */
function checkNewKey(context: Desk, key: Uint8Array): void {
  context.check(isGoodPublicKey(key), 'KEY_UNUSABLE');
  context.check(!context.records.key.has({ publicKey: key }), 'KEY_TAKEN');
}

function checkPeriod(context: Desk, key: Pick<KeyInput, 'validFrom' | 'validUntil'>): void {
  const { validFrom: start, validUntil: end } = key;
  if (end === undefined) return;
  context.check(end > Math.max(start ?? 0, context.timestampMs), 'KEY_PERIOD');
}

function keyRowOf({ organisation: slug, name, publicKey: key, validFrom, validUntil }: KeyInput) {
  return { organisation: slug, name, publicKey: key, validFrom, validUntil };
}

type Why = Pick<Required<RowOf<typeof records.key>>, 'reasonCode' | 'reason'>;

function closeKey(context: Desk, key: Uint8Array, { reasonCode: code, reason: why }: Why): void {
  const row = context.records.key.need({ publicKey: key }, 'KEY_UNKNOWN');
  if (row.status === 'revoked') return;
  context.records.key.put({ ...row, status: 'revoked', reasonCode: code, reason: why });
  const { organisation: slug, name } = row;
  context.emit('keyRevoked', { organisation: slug, name, publicKey: key });
}

function grant(context: Desk, input: GrantInput, grantedBy: 'organisation' | 'governance'): void {
  const row = needOfficer(context, input);
  checkRole(context, input, grantedBy);
  context.check(row.status !== 'revoked', 'STATUS_WRONG', { status: row.status });
  context.check(!row.roles.some((held) => isSameGrant(held, input)), 'ROLE_HELD', {
    role: input.role,
  });
  context.check(row.roles.length < ROLES_MAX, 'ROLES_FULL', { max: ROLES_MAX });

  const { organisation: slug, name, role: given, scope: reach } = input;
  const next = { ...row, roles: [...row.roles, { role: given, scope: reach }] };
  context.records.officer.put(next);
  countAdministrators(context, row, next);
  context.emit('roleGranted', { organisation: slug, name, role: given, scope: reach });
}

function withdraw(
  context: Desk,
  input: GrantInput,
  grantedBy: 'organisation' | 'governance',
): void {
  const row = needOfficer(context, input);
  checkRole(context, input, grantedBy);
  const kept = row.roles.filter((held) => !isSameGrant(held, input));
  context.check(kept.length < row.roles.length, 'ROLE_NOT_HELD', { role: input.role });

  const { organisation: slug, name, role: taken, scope: reach } = input;
  const next = { ...row, roles: kept };
  countAdministrators(context, row, next);
  context.records.officer.put(next);
  context.emit('roleWithdrawn', { organisation: slug, name, role: taken, scope: reach });
}

function checkRole(context: Desk, { role: name }: GrantInput, grantedBy: string): void {
  const facts = context.ledger.roleOf(name);
  context.check(facts !== undefined, 'ROLE_UNKNOWN', { role: name });
  const holder = facts?.grantedBy ?? '';
  context.check(holder === grantedBy, 'ROLE_RESERVED', { role: name, grantedBy: holder });
}

function setOfficerStatus(context: Desk, input: OfficerKey, status: Officer['status']): void {
  const row = needOfficer(context, input);
  context.check(row.status !== status, 'STATUS_WRONG', { status: row.status });
  const isReinstated = status === 'active';
  context.check(!isReinstated || row.keys.length > 0, 'LAST_KEY');

  const keys = status === 'revoked' ? [] : row.keys;
  const next = { ...row, status, keys };
  countAdministrators(context, row, next);
  context.records.officer.put(next);
  context.emit('officerStatus', { organisation: row.organisation, name: row.name, status });
}

/** Keeps the count of active administrators, and refuses to lose the last one. */
function countAdministrators(context: Desk, before: Officer, after: Officer): void {
  const change = Number(isAdministrator(after)) - Number(isAdministrator(before));
  if (change === 0) return;
  const row = context.records.organisation.need({ slug: after.organisation });
  const administrators = row.administrators + change;
  context.check(administrators > 0, 'LAST_ADMINISTRATOR');
  context.records.organisation.put({ ...row, administrators });
}

function isAdministrator({ status, roles: held }: Officer): boolean {
  return status === 'active' && held.some((grantHeld) => grantHeld.role === ADMINISTRATOR);
}

function activeOfficers(context: Desk, slug: string): number {
  const counted = { organisation: slug, kind: 'officer', status: 'active' };
  return context.sums.officers.get(counted).count;
}

/**
 * M of N: what administrators set, else half of the colleagues, for founders and for those admitted
 * later. Never more than the colleagues who are there, never none.
 */
function recoveryOfficers(context: Desk, slug: string): number {
  const row = context.records.organisation.need({ slug });
  const colleagues = activeOfficers(context, slug) - 1;
  const wanted = row.recoveryOfficers ?? Math.ceil(colleagues / 2);
  return Math.max(1, Math.min(wanted, colleagues));
}

function openRecovery(context: Desk, key: KeyOf<typeof records.recovery>): Recovery | undefined {
  const row = context.records.recovery.get(key);
  return row?.status === 'asked' || row?.status === 'agreed' ? row : undefined;
}

/** Officers of the same organisation who sign, other than the one whose key is to be restored. */
function colleaguesOf(context: Desk, row: OfficerKey): readonly string[] {
  const own = identityOf(row);
  return context.signers
    .filter(({ organisation: slug, identity }) => slug === row.organisation && identity !== own)
    .map(({ identity }) => officerOf(identity))
    .filter((colleague) => context.records.officer.get(colleague)?.kind === 'officer')
    .map(({ name }) => name);
}

/** Those who support it, with the colleagues; undefined if none of them is new. */
function supportersOf(
  present: Recovery | undefined,
  colleagues: readonly string[],
): readonly string[] | undefined {
  const known = present?.supporters ?? [];
  const added = new Set(colleagues.filter((name) => !known.includes(name)));
  return added.size === 0 ? undefined : [...known, ...added];
}

function isSameGrant(held: Grant, { role: name, scope: reach }: Grant): boolean {
  return held.role === name && held.scope === reach;
}

/** Whether a grant reaches what is asked: everywhere, or at its scope and below. */
function covers(held: Grant, { role: name, scope: asked }: RoleQuestion): boolean {
  if (held.role !== name) return false;
  if (held.scope === undefined) return true;
  return asked !== undefined && (asked === held.scope || asked.startsWith(`${held.scope}/`));
}

/** `did:web:` and a host with an optional port and path, as in the method's specification. */
function isDidWeb(text: string): boolean {
  const [scheme, method, ...parts] = text.split(':');
  const isPart = (part: string): boolean => /^[A-Za-z0-9._%-]+$/.test(part);
  return scheme === 'did' && method === 'web' && parts.length > 0 && parts.every(isPart);
}

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  assert(bytes !== undefined, 'a checked genesis document holds hex');
  return bytes;
}
