/**
 * Oversight: who watches over the consortium from outside. It holds the witnesses that cosign
 * checkpoints of the history (protocol §17): audit offices, universities, the press. A witness has
 * no vote; registering one only says whose cosignatures the nodes collect and show.
 */
import { defineContract, field } from '@daybook/contracts';
import {
  asHash,
  asPublicKey,
  asSignature,
  equalBytes,
  isGoodPublicKey,
  isNoteName,
  possessionSignBytes,
  verifyStrict,
} from '@daybook/core';

const WITNESSES_MAX = 32;

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
const title = field.object(
  {
    en: field.text({ en: 'English', zh: '英文', max: 200 }),
    zh: field.text({ en: 'Chinese', zh: '中文', max: 200 }),
  },
  { en: 'Who it is', zh: '见证机构' },
);
const organisation = field.reference({
  en: 'Registered by',
  zh: '登记机构',
  record: 'directory.organisation',
});
const reason = field.reason();
const status = field.choice({
  en: 'Status',
  zh: '状态',
  of: { active: { en: 'active', zh: '有效' }, retired: { en: 'retired', zh: '停用' } },
});

export const oversight = defineContract({
  number: 3,
  name: 'oversight',
  version: 1,
  title: { en: 'Oversight', zh: '监督' },
  help: {
    en: 'Witnesses outside the consortium that cosign checkpoints of its history.',
    zh: '联盟之外、为历史检查点联署的见证人。',
  },

  records: {
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
  },

  roles: {
    registrar: {
      title: { en: 'Registrar of witnesses', zh: '见证人登记员' },
      help: {
        en: 'Registers and retires witnesses for the consortium, which grants the role.',
        zh: '为联盟登记与停用见证人;该角色由联盟授予。',
      },
      grantedBy: 'governance',
    },
  },

  sums: {
    witnesses: {
      number: 3,
      title: { en: 'Witnesses by status', zh: '见证人数' },
      record: 'witness',
      by: ['status'],
    },
  },

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
      remedy: { en: 'Choose another name.', zh: '请另选名称。' },
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
    WITNESS_UNKNOWN: {
      code: 7,
      en: 'There is no witness {key}.',
      zh: '没有见证人{key}。',
      remedy: { en: 'Check the name.', zh: '请核对名称。' },
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
        const { count } = context.sums.witnesses.get({ status: 'active' });
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
      by: { role: 'registrar', organisation: 'organisation' },
      discretion: true,
      input: { organisation, name, reason },
      handler(context, input) {
        const row = context.records.witness.need({ name: input.name }, 'WITNESS_UNKNOWN');
        context.check(row.status === 'active', 'STATUS_WRONG');
        context.records.witness.put({ ...row, status: 'retired' });
        context.emit('witnessRetired', { name: row.name });
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
    active: {
      title: { en: 'Active witnesses', zh: '有效见证人' },
      record: 'witness',
      where: { field: 'status', is: ['active'] },
    },
  },
});
