/**
 * Oversight: who watches over those who watch. It holds the log of accesses to sealed records, by
 * the person they are about; complaints against any act, with the body that must answer and the day
 * by which it must; and the witnesses that cosign checkpoints of the history (protocol §17): audit
 * offices, universities, the press. Nobody has to notice a silence: when the day is over the chain
 * itself writes it down. The feed of discretionary acts is the engine's own, `ledger.act`, evidence
 * against validators is in `governance`; a complaint may name a row of either, which the engine checks.
 * Longer than other files because a contract is one file, half of it titles in two languages.
 */
import type { Actor, Facts, InferFields, KeyOf, RowOf, SystemContext } from '@daybook/contracts';
import { addDays, civilDateOf, defineContract, field, ledger } from '@daybook/contracts';
import {
  asHash,
  asPublicKey,
  asSignature,
  equalBytes,
  isGoodPublicKey,
  isNoteName,
  possessionSignBytes,
  sealOf,
  verifyStrict,
} from '@daybook/core';
import { readCitation } from './audit-citation.ts';
import { evidenceKind, validator } from './governance/fields.ts';
import { governance } from './governance.ts';
import {
  inBothLanguages,
  legalBasis,
  longText,
  organisation as organisationAs,
  recordName,
  salt,
  submitter,
} from './vocabulary/fields.ts';
import { notThere, REMEDIES, takenAlready } from './vocabulary/refusals.ts';

const WITNESSES_MAX = 32;
/** Complaints and days that one block looks at; the rest waits for the next block. */
const DUE_PER_BLOCK_MAX = 100;

const name = field.identifier({
  en: 'Key name',
  zh: '密钥名称',
  help: {
    en: 'Under which it signs, like an address without https, such as audit.example/w1.',
    zh: '签名所用名称,形如不带 https 的网址,如 audit.example/w1。',
  },
  max: 128,
});
const publicKey = field.publicKey({ en: 'Public key', zh: '公钥' });
const title = inBothLanguages({ en: 'Who it is', zh: '见证机构' }, 200);
const organisation = organisationAs('Registered by', '登记机构');
const reason = field.reason();
const number = field.integer({ en: 'Number', zh: '编号', min: 1 });
const about = field.hash({
  en: 'About',
  zh: '所涉对象',
  help: {
    en: 'The blinded identifier of the person, or the SHA-256 of the name of the record.',
    zh: '本人的盲化标识,或记录名称的 SHA-256。',
  },
});
const caseNumber = field.text({ en: 'Case number', zh: '案号', max: 100 });
const accessKind = field.choice({
  en: 'What was done',
  zh: '方式',
  of: {
    read: { en: 'read', zh: '查阅' },
    received: { en: 'received', zh: '接收' },
    used: { en: 'used in a decision', zh: '用于决定' },
  },
});
const body = organisationAs('Body that must answer', '须答复机构');
const text = longText('Text', '内容');
const complaintStatus = field.choice({
  en: 'Status',
  zh: '状态',
  of: {
    open: { en: 'waits for an answer', zh: '待答复' },
    unanswered: { en: 'not answered in time', zh: '逾期未答复' },
    answered: { en: 'answered', zh: '已答复' },
    withdrawn: { en: 'withdrawn', zh: '已撤回' },
  },
});
const outcome = field.choice({
  en: 'Outcome',
  zh: '结论',
  of: {
    upheld: { en: 'upheld', zh: '成立' },
    partly: { en: 'partly upheld', zh: '部分成立' },
    rejected: { en: 'rejected', zh: '不成立' },
  },
});
const day = field.date({ en: 'Day', zh: '日期' });
/** What a complaint is about: an act on the feed, a proven fault, or any record. */
const target = {
  record: field.optional(recordName),
  height: field.optional(field.integer({ en: 'Height of the act', zh: '行为高度' })),
  transaction: field.optional(field.integer({ en: 'Its transaction', zh: '行为交易' })),
  ordinal: field.optional(field.integer({ en: 'Its ordinal', zh: '行为序号' })),
  validator: field.optional(validator),
  faultHeight: field.optional(field.integer({ en: 'Height of its fault', zh: '违规高度' })),
  fault: field.optional(evidenceKind),
};
/** What is logged of an access, at once or when it is disclosed. */
const accessParts = {
  about,
  record: recordName,
  kind: accessKind,
  legalBasis,
  caseNumber,
  purpose: field.text({ en: 'Purpose', zh: '目的', max: 500 }),
};
const deferral = field.identifier({
  en: 'Deferral',
  zh: '延后告知编号',
  help: { en: 'A number of the organisation.', zh: '由机构自行编号。' },
  max: 64,
});
const owner = organisationAs('Organisation', '机构');
const status = field.choice({
  en: 'Status',
  zh: '状态',
  of: { active: { en: 'active', zh: '有效' }, retired: { en: 'retired', zh: '停用' } },
});

const records = {
  witness: {
    number: 1,
    title: { en: 'Witness', zh: '见证人' },
    key: { name },
    fields: { publicKey, title, organisation, status },
    states: {
      field: 'status',
      initial: ['active'],
      transitions: { active: ['retired'], retired: [] },
    },
  },
  witnessKey: {
    number: 2,
    title: { en: 'Key of a witness', zh: '见证人密钥' },
    key: { publicKey },
    fields: { name },
  },
  access: {
    number: 4,
    title: { en: 'Access to a sealed record', zh: '密封记录查阅' },
    help: {
      en: 'By the person it is about, so that a list shows all without help of any office.',
      zh: '按所涉本人登记,本人无须经办即可查看全部。',
    },
    key: { about, number },
    partition: ['about'],
    fields: {
      record: recordName,
      organisation,
      officer: submitter,
      kind: accessKind,
      legalBasis,
      caseNumber,
      purpose: accessParts.purpose,
      at: field.instant({ en: 'When', zh: '时间' }),
      disclosed: field.optional(field.instant({ en: 'Told later, on', zh: '延后告知时间' })),
    },
  },
  deferral: {
    number: 9,
    title: { en: 'Access told later', zh: '延后告知的查阅' },
    help: {
      en: 'Sealed until a day, where telling the person at once would defeat the inquiry.',
      zh: '立即告知会妨碍调查时,密封至某日。',
    },
    key: { organisation: owner, deferral },
    partition: ['organisation'],
    fields: {
      officer: submitter,
      access: field.sealed({ en: 'Sealed access', zh: '密封的查阅' }),
      legalBasis,
      at: field.instant({ en: 'When', zh: '时间' }),
      discloseBy: day,
      status: field.choice({
        en: 'Status',
        zh: '状态',
        of: {
          sealed: { en: 'not told yet', zh: '尚未告知' },
          disclosed: { en: 'told', zh: '已告知' },
        },
      }),
    },
    states: {
      field: 'status',
      initial: ['sealed'],
      transitions: { sealed: ['disclosed'], disclosed: [] },
    },
    deadlines: [{ field: 'discloseBy', open: ['sealed'] }],
  },
  complaint: {
    number: 5,
    title: { en: 'Complaint', zh: '投诉' },
    key: { number },
    fields: {
      by: submitter,
      body,
      ...target,
      text,
      filed: field.instant({ en: 'Filed', zh: '提交时间' }),
      answerBy: field.date({ en: 'To be answered by', zh: '答复期限' }),
      status: complaintStatus,
      missed: field.integer({ en: 'Deadlines missed', zh: '逾期次数' }),
      outcome: field.optional(outcome),
      answer: field.optional(text),
    },
    states: {
      field: 'status',
      initial: ['open'],
      transitions: {
        open: ['answered', 'unanswered', 'withdrawn'],
        unanswered: ['answered', 'open', 'withdrawn'],
        answered: ['open'],
        withdrawn: [],
      },
    },
    deadlines: [{ field: 'answerBy', open: ['open', 'unanswered'] }],
    links: {
      against: {
        record: 'ledger.act',
        by: { height: 'height', transaction: 'transaction', ordinal: 'ordinal' },
      },
      faultOf: {
        record: 'governance.evidence',
        by: { validator: 'validator', height: 'faultHeight', kind: 'fault' },
      },
    },
  },
  due: {
    number: 6,
    title: { en: 'Complaint due on a day', zh: '某日到期的投诉' },
    key: { day, position: field.integer({ en: 'Position', zh: '位置' }) },
    fields: { number },
  },
  silence: {
    number: 7,
    title: { en: 'Silence', zh: '沉默' },
    help: {
      en: 'A body let the day pass; written by the chain and never taken back.',
      zh: '机构逾期未答复;由链自行记录,不可撤销。',
    },
    key: { number, missed: field.integer({ en: 'Time', zh: '第几次', min: 1 }) },
    fields: { body, answerBy: day },
  },
  filing: {
    number: 10,
    title: { en: 'Complaints filed on a day', zh: '当日投诉数' },
    help: {
      en: 'By all officers of an organisation together, or by one key; taken to another body counts, too.',
      zh: '同一机构全体经办人合计,或同一密钥;向其他机构申诉亦计入。',
    },
    key: {
      filer: field.text({ en: 'By', zh: '投诉方', max: 160, characters: 'ascii' }),
      day,
    },
    partition: ['filer'],
    fields: { count: field.integer({ en: 'Complaints', zh: '投诉数', min: 1 }) },
  },
  clock: {
    number: 8,
    title: { en: 'Day looked at', zh: '已核日期' },
    key: {},
    fields: { day, position: field.integer({ en: 'Position', zh: '位置' }) },
  },
} as const;

const sums = {
  witnessCounts: {
    number: 3,
    title: { en: 'Witnesses by status', zh: '见证人数' },
    record: 'witness',
    by: ['status'],
  },
  accesses: {
    number: 101,
    title: { en: 'Accesses by person', zh: '各本人的查阅数' },
    record: 'access',
    by: ['about'],
  },
  complaintCount: {
    number: 102,
    title: { en: 'Complaints', zh: '投诉总数' },
    record: 'complaint',
    by: [],
  },
  complaintsTo: {
    number: 103,
    title: { en: 'Complaints by body and status', zh: '各机构投诉数' },
    record: 'complaint',
    by: ['body', 'status'],
  },
  dueOn: {
    number: 104,
    title: { en: 'Complaints due by day', zh: '每日到期投诉数' },
    record: 'due',
    by: ['day'],
  },
  silenceCounts: {
    number: 105,
    title: { en: 'Silences by body', zh: '各机构沉默次数' },
    record: 'silence',
    by: ['body'],
  },
} as const;

const silent = {
  title: { en: 'Not answered in time', zh: '逾期未答复' },
  fields: { number, body, answerBy: day },
} as const;

const parameters = {
  answerDays: {
    field: field.integer({
      en: 'Days to answer a complaint',
      zh: '投诉答复天数',
      min: 1,
      max: 366,
    }),
    default: 30,
  },
  complaintsPerDayMax: {
    field: field.integer({
      en: 'Complaints of an organisation, or of a key, on one day, at most',
      zh: '同一机构或密钥每日投诉上限',
      min: 1,
      max: 10_000,
    }),
    default: 20,
  },
  deferDaysMax: {
    field: field.integer({
      en: 'Days after which a person must be told of an access, at most',
      zh: '查阅告知本人的最长延后天数',
      min: 1,
      max: 3660,
    }),
    default: 180,
  },
} as const;

export const oversight = defineContract({
  number: 3,
  name: 'oversight',
  version: 1,
  title: { en: 'Oversight', zh: '监督' },
  help: {
    en: 'Accesses to sealed records, complaints that must be answered, witnesses of the history.',
    zh: '密封记录的查阅日志、须答复的投诉以及历史见证人。',
  },
  records,
  uses: { ledger, governance },

  roles: {
    registrar: {
      title: { en: 'Registrar of witnesses', zh: '见证人登记员' },
      help: {
        en: 'Registers and retires witnesses for the consortium, which grants the role.',
        zh: '为联盟登记与停用见证人;该角色由联盟授予。',
      },
      grantedBy: 'governance',
    },
    respondent: {
      title: { en: 'Respondent', zh: '答复官员' },
      help: { en: 'Answers complaints for the own organisation.', zh: '代表本机构答复投诉。' },
      grantedBy: 'organisation',
    },
    custodian: {
      title: { en: 'Custodian of deferred accesses', zh: '延后告知保管人' },
      help: {
        en: 'Two of them defer telling a person of an access, one of them tells it.',
        zh: '由两名保管人决定延后告知,由一名保管人告知。',
      },
      grantedBy: 'organisation',
    },
  },

  sums,
  parameters,

  failures: {
    NAME_UNUSABLE: {
      code: 1,
      en: 'The name {name} cannot stand in a signature line.',
      zh: '名称{name}不能用于签名行。',
      remedy: {
        en: 'Take an address without https, without spaces and without plus signs.',
        zh: '请使用不带 https、空格和加号的网址。',
      },
    },
    WITNESS_EXISTS: {
      code: 2,
      en: 'A witness {name} is registered, or was once; names are never used again.',
      zh: '见证人{name}已经或曾经登记,名称永不复用。',
      remedy: REMEDIES.otherName,
    },
    KEY_TAKEN: {
      code: 3,
      en: 'The key is that of the witness {name}; a key has one witness for ever.',
      zh: '该密钥属于见证人{name};一把密钥永远只属于一个见证人。',
      remedy: { en: 'Let the witness make a new key.', zh: '请见证人生成新密钥。' },
    },
    KEY_UNUSABLE: {
      code: 4,
      en: 'These bytes are not a safe Ed25519 public key.',
      zh: '该字节串不是安全的 Ed25519 公钥。',
      remedy: {
        en: 'Let the witness make it with daybook key create --purpose log.',
        zh: '请见证人用 daybook key create --purpose log 生成。',
      },
    },
    KEY_NOT_POSSESSED: {
      code: 5,
      en: 'The proof does not show that the witness {name} holds the key.',
      zh: '该证明不能表明见证人{name}持有此密钥。',
      remedy: {
        en: 'Ask it for the output of daybook key prove for this chain and name.',
        zh: '请向其索取针对本链与该名称的 daybook key prove 输出。',
      },
    },
    WITNESSES_FULL: {
      code: 6,
      en: 'At most {max} witnesses are active.',
      zh: '有效见证人最多{max}个。',
      remedy: { en: 'Retire one that is silent.', zh: '请先停用不再联署的见证人。' },
    },
    WITNESS_UNKNOWN: notThere(7, { en: 'witness', zh: '见证人' }, REMEDIES.checkName),
    COMPLAINT_UNKNOWN: notThere(
      9,
      { en: 'complaint', zh: '投诉' },
      { en: 'Check the number.', zh: '请核对编号。' },
    ),
    COMPLAINT_CLOSED: {
      code: 10,
      en: 'The complaint is {status}.',
      zh: '投诉状态为{status}。',
      remedy: { en: 'Look at the complaint.', zh: '请查看投诉。' },
    },
    NOT_COMPLAINANT: {
      code: 11,
      en: 'No signer filed this complaint.',
      zh: '签署人均非投诉人。',
      remedy: { en: 'Let the one who filed it sign.', zh: '请由投诉人签署。' },
    },
    NOT_BODY: {
      code: 12,
      en: 'No signer answers for {body}.',
      zh: '签署人均无权代表{body}答复。',
      remedy: { en: 'Let a respondent of that body sign.', zh: '请由该机构答复官员签署。' },
    },
    TARGET_UNCLEAR: {
      code: 13,
      en: 'A complaint names a record as contract.record/key, an act by height, transaction and ordinal, or a proven fault by validator, height and kind.',
      zh: '投诉须以 合约.记录/键 指明记录,或以高度、交易与序号指明行为,或以验证节点、高度与类别指明违规。',
      remedy: { en: 'Give at least one of them, whole.', zh: '请完整填写其一。' },
    },
    DISCLOSURE_DAY: {
      code: 14,
      en: 'The person must be told after today and by {latest}, not on {found}.',
      zh: '须在今日之后、{latest}之前告知本人,而非{found}。',
      remedy: { en: 'Choose a day between them.', zh: '请选择其间的日期。' },
    },
    DEFERRAL_EXISTS: takenAlready(
      15,
      { en: 'a deferral', zh: '延后告知' },
      { en: 'Choose another number.', zh: '请另选编号。' },
    ),
    DEFERRAL_UNKNOWN: {
      code: 16,
      en: 'There is no deferral {key} that is still sealed.',
      zh: '没有尚未告知的延后告知{key}。',
      remedy: { en: 'Check organisation and number.', zh: '请核对机构与编号。' },
    },
    SEAL_DIFFERS: {
      code: 17,
      en: 'Access and salt are not those that were sealed.',
      zh: '查阅内容与盐值和密封时不符。',
      remedy: { en: 'Disclose what was sealed.', zh: '请告知密封时的内容。' },
    },
    COMPLAINTS_FULL: {
      code: 18,
      en: '{filer} filed {filed} complaints on {day}; {max} a day is the most.',
      zh: '{filer}于{day}已提交{filed}件投诉;每日上限{max}件。',
      remedy: {
        en: 'File it tomorrow; or ask the members for another oversight.complaintsPerDayMax.',
        zh: '请于次日提交;或提请成员调整 oversight.complaintsPerDayMax。',
      },
    },
    STATUS_WRONG: {
      code: 8,
      en: 'The witness is retired.',
      zh: '该见证人已停用。',
      remedy: { en: 'Register it anew under another name.', zh: '请以新名称重新登记。' },
    },
  },

  events: {
    witnessRegistered: {
      title: { en: 'Witness registered', zh: '登记见证人' },
      fields: { name, publicKey },
    },
    accessed: {
      title: { en: 'Sealed record accessed', zh: '密封记录被查阅' },
      fields: { about, number },
    },
    deferred: {
      title: { en: 'Telling of an access deferred', zh: '查阅延后告知' },
      fields: { organisation: owner, deferral, discloseBy: day },
    },
    complained: { title: { en: 'Complaint filed', zh: '已投诉' }, fields: { number, body } },
    answered: { title: { en: 'Complaint answered', zh: '投诉已答复' }, fields: { number, body } },
    silent,
    witnessRetired: { title: { en: 'Witness retired', zh: '停用见证人' }, fields: { name } },
  },

  actions: {
    registerWitness: {
      title: { en: 'Register a witness', zh: '登记见证人' },
      by: { role: 'registrar', organisation: 'organisation' },
      discretion: true,
      input: {
        organisation,
        name,
        publicKey,
        title,
        proof: field.bytes({
          en: 'Proof of possession',
          zh: '持有证明',
          help: {
            en: 'As daybook key prove makes it.',
            zh: '由 daybook key prove 生成。',
          },
          min: 64,
          max: 64,
        }),
        reason,
      },
      handler(context, input) {
        const { name: witness, publicKey: key } = input;
        const facts = { name: witness };
        context.check(isNoteName(witness), 'NAME_UNUSABLE', facts);
        context.check(!context.records.witness.has({ name: witness }), 'WITNESS_EXISTS', facts);
        const holder = context.records.witnessKey.get({ publicKey: key });
        context.check(holder === undefined, 'KEY_TAKEN', { name: holder?.name ?? '' });
        context.check(isGoodPublicKey(key), 'KEY_UNUSABLE');
        const claim = { purpose: 'witness', publicKey: asPublicKey(key) } as const;
        const message = possessionSignBytes(asHash(context.chain), claim, witness);
        const isHeld = verifyStrict(key, message, asSignature(input.proof));
        context.check(isHeld, 'KEY_NOT_POSSESSED', facts);
        const { count } = context.sums.witnessCounts.get({ status: 'active' });
        context.check(count < WITNESSES_MAX, 'WITNESSES_FULL', { max: WITNESSES_MAX });

        const { organisation: owner, title: who } = input;
        const row = { publicKey: key, title: who, organisation: owner, status: 'active' } as const;
        context.records.witness.insert({ name: witness, ...row });
        context.records.witnessKey.insert({ publicKey: key, name: witness });
        context.emit('witnessRegistered', { name: witness, publicKey: key });
      },
    },
    retireWitness: {
      title: { en: 'Retire a witness', zh: '停用见证人' },
      help: {
        en: 'By officers of two organisations: nobody alone takes away who watches the validators.',
        zh: '由两个机构的人员办理：任何一方不得单独停用监督验证者的见证人。',
      },
      by: { role: 'registrar', organisation: 'organisation' },
      approvals: { officers: 2, organisations: 2 },
      discretion: true,
      input: { organisation, name, reason },
      handler(context, input) {
        const row = context.records.witness.need({ name: input.name }, 'WITNESS_UNKNOWN');
        context.check(row.status === 'active', 'STATUS_WRONG');
        context.records.witness.put({ ...row, status: 'retired' });
        context.emit('witnessRetired', { name: row.name });
      },
    },

    logAccess: {
      title: { en: 'Log an access to a sealed record', zh: '登记密封记录的查阅' },
      help: {
        en: 'By the officer who read, received or used it, before or as it happens.',
        zh: '由查阅、接收或使用者在事前或当时登记。',
      },
      by: 'officer',
      input: accessParts,
      handler(context, input) {
        const { identity, organisation: own = '' } = context.actor;
        const next = context.sums.accesses.get({ about: input.about }).count + 1;
        const logged = { organisation: own, officer: identity, at: context.timestampMs };
        context.records.access.insert({ ...input, ...logged, number: next });
        context.emit('accessed', { about: input.about, number: next });
      },
    },

    deferAccess: {
      title: { en: 'Log an access that the person is told of later', zh: '登记延后告知的查阅' },
      help: {
        en: 'Shows at once that there was an access, by whom and until when it stays sealed.',
        zh: '立即公开查阅的存在、机构与密封期限。',
      },
      by: { role: 'custodian', organisation: 'organisation' },
      approvals: { officers: 2 },
      discretion: true,
      input: {
        organisation: owner,
        deferral,
        access: records.deferral.fields.access,
        legalBasis,
        discloseBy: day,
        reason,
      },
      handler(context, { reason: _, ...input }) {
        const { discloseBy } = input;
        const latest = addDays(context.today, context.parameters.deferDaysMax);
        const isTimely = context.today < discloseBy && discloseBy <= latest;
        context.check(isTimely, 'DISCLOSURE_DAY', { latest, found: discloseBy });
        const logged = { officer: context.actor.identity, at: context.timestampMs };
        const row = { ...input, ...logged, status: 'sealed' } as const;
        context.records.deferral.insert(row, 'DEFERRAL_EXISTS');
        const { organisation: own, deferral: name } = input;
        context.emit('deferred', { organisation: own, deferral: name, discloseBy });
      },
    },

    discloseAccess: {
      title: { en: 'Tell a person of a deferred access', zh: '告知延后的查阅' },
      by: { role: 'custodian', organisation: 'organisation' },
      input: { organisation: owner, deferral, salt, ...accessParts },
      handler(context, { organisation: own, deferral: name, salt: sealedWith, ...access }) {
        const key = { organisation: own, deferral: name };
        const row = context.records.deferral.need(key, 'DEFERRAL_UNKNOWN');
        const facts = { key: `${own}/${name}` };
        context.check(row.status === 'sealed', 'DEFERRAL_UNKNOWN', facts);
        const isSame = equalBytes(sealAccess(key, sealedWith, access), row.access);
        context.check(isSame, 'SEAL_DIFFERS');

        const next = context.sums.accesses.get({ about: access.about }).count + 1;
        const { officer, at } = row;
        const told = { organisation: own, officer, at, disclosed: context.timestampMs };
        context.records.access.insert({ ...access, ...told, number: next });
        context.records.deferral.put({ ...row, status: 'disclosed' });
        context.emit('accessed', { about: access.about, number: next });
      },
    },

    complain: {
      title: { en: 'Complain', zh: '投诉' },
      help: {
        en: 'Against an act on the feed or about a record; the body named must answer in time. So many a day as complaintsPerDayMax says, by an organisation or by a key.',
        zh: '针对裁量行为或某记录;所指机构须按期答复。同一机构或密钥每日不得超过 complaintsPerDayMax。',
      },
      by: 'anyone',
      input: { body, ...target, text },
      handler(context, input) {
        const { height, transaction, ordinal } = input;
        const act = [height, transaction, ordinal];
        const fault = [input.validator, input.faultHeight, input.fault];
        const isNamed = [act, fault, [input.record]].some(isGiven);
        const isWhole = [act, fault].every((parts) => isGiven(parts) || !parts.some(isPresent));
        // Whether it is there is not asked: that a record is missing is a complaint, too.
        const isCited = input.record === undefined || readCitation(input.record) !== undefined;
        context.check(isNamed && isWhole && isCited, 'TARGET_UNCLEAR');
        countFiling(context, context.actor);
        const next = context.sums.complaintCount.get({}).count + 1;
        const answerBy = addDays(context.today, context.parameters.answerDays);
        const filed = { filed: context.timestampMs, by: context.actor.identity, missed: 0 };
        const row = { ...input, ...filed, number: next, answerBy, status: 'open' } as const;
        context.records.complaint.insert(row);
        awaitAnswer(context, row);
        context.emit('complained', { number: next, body: input.body });
      },
    },

    answer: {
      title: { en: 'Answer a complaint', zh: '答复投诉' },
      by: { role: 'respondent' },
      discretion: true,
      input: {
        number,
        outcome,
        answer: text,
        reason,
      },
      handler(context, { number: which, outcome: result, answer }) {
        const row = context.records.complaint.need({ number: which }, 'COMPLAINT_UNKNOWN');
        const isOpen = row.status === 'open' || row.status === 'unanswered';
        context.check(isOpen, 'COMPLAINT_CLOSED', { status: row.status });
        const entitled = context.entitled({ role: 'respondent', organisation: row.body });
        context.check(entitled.length > 0, 'NOT_BODY', { body: row.body });
        context.records.complaint.put({ ...row, status: 'answered', outcome: result, answer });
        context.emit('answered', { number: which, body: row.body });
      },
    },

    escalate: {
      title: { en: 'Take a complaint to another body', zh: '向其他机构申诉' },
      help: {
        en: 'By who filed it, after silence or against the answer; the new body must answer in time.',
        zh: '由投诉人在逾期或不服答复时提出;新机构须按期答复。',
      },
      by: 'anyone',
      input: { number, body, text },
      handler(context, { number: which, body: next, text: why }) {
        const row = context.records.complaint.need({ number: which }, 'COMPLAINT_UNKNOWN');
        const filer = context.signers.find(({ identity }) => identity === row.by);
        context.check(filer !== undefined, 'NOT_COMPLAINANT');
        const isDone = row.status === 'unanswered' || row.status === 'answered';
        context.check(isDone, 'COMPLAINT_CLOSED', { status: row.status });
        countFiling(context, filer ?? context.actor);
        const answerBy = addDays(context.today, context.parameters.answerDays);
        const cleared = { outcome: undefined, answer: undefined, text: why };
        const raised = { ...row, ...cleared, body: next, answerBy, status: 'open' } as const;
        context.records.complaint.put(raised);
        awaitAnswer(context, raised);
        context.emit('complained', { number: which, body: next });
      },
    },

    withdrawComplaint: {
      title: { en: 'Withdraw a complaint', zh: '撤回投诉' },
      by: 'anyone',
      input: { number },
      handler(context, { number: which }) {
        const row = context.records.complaint.need({ number: which }, 'COMPLAINT_UNKNOWN');
        context.check(isBy(context.signers, row), 'NOT_COMPLAINANT');
        const isOpen = row.status === 'open' || row.status === 'unanswered';
        context.check(isOpen, 'COMPLAINT_CLOSED', { status: row.status });
        context.records.complaint.put({ ...row, status: 'withdrawn' });
      },
    },
  },

  invariants: {
    namesItsKey: {
      title: { en: 'A witness keeps its key', zh: '见证人的密钥不变' },
      record: 'witness',
      holds: ({ before, after }) =>
        after !== undefined &&
        (before === undefined || equalBytes(before.publicKey, after.publicKey)),
    },
  },

  queries: {
    witnesses: { title: { en: 'Witnesses', zh: '见证人' }, record: 'witness' },
    accessesAbout: {
      title: { en: 'Accesses about a person or record', zh: '某人或某记录的查阅' },
      record: 'access',
      by: ['about'],
    },
    deferrals: {
      title: { en: 'Accesses told later', zh: '延后告知的查阅' },
      record: 'deferral',
      by: ['organisation'],
    },
    overdueDisclosures: {
      title: { en: 'Accesses not told in time', zh: '逾期未告知的查阅' },
      record: 'deferral',
      overdue: 'discloseBy',
    },
    complaints: { title: { en: 'Complaints', zh: '投诉' }, record: 'complaint' },
    overdueComplaints: {
      title: { en: 'Complaints not answered in time', zh: '逾期未答复的投诉' },
      record: 'complaint',
      overdue: 'answerBy',
    },
    silences: { title: { en: 'Silences', zh: '沉默' }, record: 'silence' },
    active: {
      title: { en: 'Active witnesses', zh: '有效见证人' },
      record: 'witness',
      where: { field: 'status', is: ['active'] },
    },
  },

  system: {
    onBlock(context, { timestampMs }) {
      const today = civilDateOf(timestampMs);
      const clock = context.records.clock.get({}) ?? { day: today, position: 0 };
      const reached = passDays(context, clock, today);
      const isMoved = reached.day !== clock.day || reached.position !== clock.position;
      if (isMoved || !context.records.clock.has({})) context.records.clock.put(reached);
    },
  },
});

/** What is sealed of an access that the person is told of later. */
export type Access = InferFields<typeof accessParts>;

/** The seal of a deferred access: bound to its organisation and number, so that nobody can copy it. */
export function sealAccess(
  { organisation: own, deferral: name }: KeyOf<typeof records.deferral>,
  salt: Uint8Array,
  { about, record, kind, legalBasis, caseNumber, purpose }: Access,
): Uint8Array {
  const access = [about, record, kind, legalBasis, caseNumber, purpose];
  return sealOf(`oversight.deferral/${own}/${name}`, salt, access);
}

const isPresent = (part: unknown): boolean => part !== undefined;
const isGiven = (parts: readonly unknown[]): boolean => parts.every(isPresent);

type Complaint = RowOf<typeof records.complaint>;
type Clock = RowOf<typeof records.clock>;
interface Checking {
  check(condition: boolean, code: 'COMPLAINTS_FULL', facts: Facts): void;
}
type Keeper = SystemContext<
  typeof records,
  Readonly<Record<never, never>>,
  { readonly silent: typeof silent },
  typeof parameters,
  typeof sums,
  { readonly ledger: typeof ledger; readonly governance: typeof governance }
>;

function isBy(
  signers: readonly { readonly identity: string }[],
  { by }: Pick<Complaint, 'by'>,
): boolean {
  return signers.some(({ identity }) => identity === by);
}

/** One more complaint of this day by an organisation, whoever of it signs, or by a bare key. */
function countFiling(
  context: Pick<Keeper, 'records' | 'parameters' | 'today'> & Checking,
  { organisation, identity }: Pick<Actor, 'organisation' | 'identity'>,
): void {
  const key = { filer: organisation ?? identity, day: context.today };
  const filed = context.records.filing.get(key)?.count ?? 0;
  const max = context.parameters.complaintsPerDayMax;
  context.check(filed < max, 'COMPLAINTS_FULL', { ...key, filed, max });
  context.records.filing.put({ ...key, count: filed + 1 });
}

/** Puts a complaint into the book of its day. */
function awaitAnswer(
  { records: tables, sums: kept }: Pick<Keeper, 'records' | 'sums'>,
  { answerBy, number: which }: Complaint,
): void {
  const position = kept.dueOn.get({ day: answerBy }).count;
  tables.due.insert({ day: answerBy, position, number: which });
}

/** Writes down who let which day pass, day by day, as far as one block may. */
function passDays(context: Keeper, { day: from, position: start }: Clock, today: string): Clock {
  let reached = from;
  let position = start;
  for (let looked = 0; looked < DUE_PER_BLOCK_MAX && reached < today; looked += 1) {
    const due = context.records.due.get({ day: reached, position });
    if (due === undefined) {
      reached = addDays(reached, 1);
      position = 0;
    } else {
      noteSilence(context, due.number, reached);
      position += 1;
    }
  }
  return { day: reached, position };
}

function noteSilence(context: Keeper, which: number, answerBy: string): void {
  const row = context.records.complaint.need({ number: which });
  // Answered, withdrawn, or taken elsewhere with a day of its own.
  if (row.status !== 'open' || row.answerBy !== answerBy) return;
  const missed = row.missed + 1;
  context.records.complaint.put({ ...row, status: 'unanswered', missed });
  context.records.silence.insert({ number: which, missed, body: row.body, answerBy });
  context.emit('silent', { number: which, body: row.body, answerBy });
}
