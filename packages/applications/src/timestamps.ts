/**
 * Timestamps: the hash of a document with the time of a block, one by one or many under one Merkle
 * root (RFC 9162, proofs as everywhere on this ledger), and the register of time-stamp tokens that
 * an authority issued (RFC 3161: message imprint, policy, serial number, time).
 */
import { defineContract, field } from '@daybook/contracts';
import { leafHash, sha256, toHex, verifyInclusion } from '@daybook/core';
import { organisation, submitter } from './vocabulary/fields.ts';
import { notThere } from './vocabulary/refusals.ts';

/** 2^32 leaves need 32 steps. */
const PATH_MAX = 32;
const BATCH_MAX = 2 ** 32;

const imprint = field.hash({
  en: 'Imprint',
  zh: '印记',
  help: {
    en: 'The SHA-256 of the document; of a longer hash, the SHA-256 of that hash.',
    zh: '文件的 SHA-256;若为更长的哈希,则取其 SHA-256。',
  },
});
const hashAlgorithm = field.choice({
  en: 'Hash algorithm',
  zh: '哈希算法',
  of: {
    sha256: { en: 'SHA-256', zh: 'SHA-256' },
    sha384: { en: 'SHA-384', zh: 'SHA-384' },
    sha512: { en: 'SHA-512', zh: 'SHA-512' },
  },
});
const HASH_SIZES = { sha256: 32, sha384: 48, sha512: 64 } as const;
const hashedMessage = field.bytes({ en: 'Hash of the document', zh: '文件哈希', min: 32, max: 64 });
const note = field.text({ en: 'Note', zh: '备注', max: 200 });
const genTime = field.instant({ en: 'Time', zh: '时间' });
const root = field.hash({ en: 'Merkle root', zh: '默克尔根' });
const count = field.integer({ en: 'Hashes under the root', zh: '哈希数', min: 1, max: BATCH_MAX });
const serialNumber = field.integer({ en: 'Serial number', zh: '序列号', min: 1 });
const authority = organisation('Authority', '时间戳机构');

const messageImprint = { hashAlgorithm, hashedMessage };

export const timestamps = defineContract({
  number: 20,
  name: 'timestamps',
  version: 1,
  title: { en: 'Timestamps', zh: '时间戳' },
  help: {
    en: 'Shows that a document existed when a block was made.',
    zh: '证明文件在某区块产生时已经存在。',
  },

  records: {
    stamp: {
      number: 1,
      title: { en: 'Timestamp', zh: '时间戳' },
      help: {
        en: 'The earliest time shown counts; it is never replaced by a later one.',
        zh: '以已出示的最早时间为准,永不改为更晚。',
      },
      key: { imprint },
      fields: { ...messageImprint, genTime, by: submitter, note: field.optional(note) },
    },
    batch: {
      number: 2,
      title: { en: 'Batch of timestamps', zh: '批量时间戳' },
      help: {
        en: 'By root and number of hashes: whoever claims another number for a root that was seen on its way takes nobody’s place.',
        zh: '以根与哈希数为键:他人以不同的数目抢先登记同一根,不影响原批次。',
      },
      key: { root, count },
      fields: { genTime, by: submitter, note: field.optional(note) },
    },
    token: {
      number: 3,
      title: { en: 'Time-stamp token', zh: '时间戳令牌' },
      key: { authority, serialNumber },
      partition: ['authority'],
      fields: {
        policy: field.text({ en: 'Policy', zh: '策略标识', max: 128, characters: 'ascii' }),
        ...messageImprint,
        nonce: field.optional(field.bytes({ en: 'Nonce', zh: '随机数', max: 32 })),
        genTime,
      },
    },
  },

  roles: {
    authority: {
      title: { en: 'Time-stamp authority', zh: '时间戳机构' },
      help: { en: 'A service account that issues tokens.', zh: '签发令牌的服务账户。' },
      grantedBy: 'governance',
    },
  },

  sums: {
    tokenCounts: {
      number: 101,
      title: { en: 'Tokens by authority', zh: '各机构令牌数' },
      record: 'token',
      by: ['authority'],
    },
  },

  failures: {
    ALREADY_STAMPED: {
      code: 1,
      en: 'This was stamped before: {key}.',
      zh: '该内容已加盖时间戳:{key}。',
      remedy: { en: 'Use the earlier time; it is better.', zh: '请使用较早的时间戳。' },
    },
    HASH_SIZE: {
      code: 2,
      en: 'A hash of {algorithm} has {size} bytes, not {found}.',
      zh: '{algorithm}哈希应为{size}字节,而非{found}。',
      remedy: { en: 'Name the algorithm that made the hash.', zh: '请填写正确的算法。' },
    },
    BATCH_UNKNOWN: notThere(
      3,
      { en: 'batch', zh: '批次' },
      { en: 'Check the root and the number of hashes.', zh: '请核对根与哈希数。' },
    ),
    NOT_IN_BATCH: {
      code: 4,
      en: 'The path does not lead from this hash to the root of the batch.',
      zh: '该路径不能由此哈希通向批次的根。',
      remedy: { en: 'Check index and path of the proof file.', zh: '请核对证明文件的序号与路径。' },
    },
    SERIAL_WRONG: {
      code: 5,
      en: 'The next serial number of {authority} is {next}.',
      zh: '{authority}的下一个序列号为{next}。',
      remedy: { en: 'Number tokens without gaps.', zh: '请连续编号。' },
    },
  },

  events: {
    stamped: { title: { en: 'Stamped', zh: '已加盖' }, fields: { imprint } },
    batched: { title: { en: 'Batch stamped', zh: '批次已加盖' }, fields: { root, count } },
  },

  actions: {
    stamp: {
      title: { en: 'Stamp a hash', zh: '加盖时间戳' },
      by: 'anyone',
      input: { ...messageImprint, note: field.optional(note) },
      handler(context, input) {
        const fault = sizeFault(input);
        context.check(fault === undefined, 'HASH_SIZE', fault);
        const key = { imprint: imprintOf(input) };
        const stamped = { genTime: context.timestampMs, by: context.actor.identity };
        context.records.stamp.insert({ ...key, ...input, ...stamped }, 'ALREADY_STAMPED');
        context.emit('stamped', key);
      },
    },

    stampBatch: {
      title: { en: 'Stamp many hashes under one root', zh: '批量加盖时间戳' },
      help: {
        en: 'Each hash is proven by its path to the root, offline and without the others.',
        zh: '每个哈希凭其至根的路径离线证明,无须其他哈希。',
      },
      by: 'anyone',
      input: { root, count, note: field.optional(note) },
      handler(context, input) {
        const stamped = { genTime: context.timestampMs, by: context.actor.identity };
        context.records.batch.insert({ ...input, ...stamped }, 'ALREADY_STAMPED');
        context.emit('batched', { root: input.root, count: input.count });
      },
    },

    showInBatch: {
      title: { en: 'Show that a hash is in a batch', zh: '出示批次中的哈希' },
      help: {
        en: 'Puts the hash on record with the time of its batch, also where it was stamped later.',
        zh: '将哈希以其批次时间登记;已有较晚时间者亦改为此时间。',
      },
      by: 'anyone',
      input: {
        root,
        count,
        imprint,
        index: field.integer({ en: 'Index', zh: '序号', max: BATCH_MAX - 1 }),
        path: field.list(field.hash({ en: 'Step', zh: '步骤' }), {
          en: 'Path, from the leaf up',
          zh: '自叶至根的路径',
          max: PATH_MAX,
        }),
      },
      handler(context, { root, count, imprint, index, path }) {
        const batch = context.records.batch.need({ root, count }, 'BATCH_UNKNOWN');
        const leaf = leafHash(imprint);
        const isProven = verifyInclusion({ root, size: count, index, leaf, path });
        context.check(isProven, 'NOT_IN_BATCH');
        const { genTime, by, note } = batch;
        const present = context.records.stamp.get({ imprint });
        const isEarlier = present === undefined || genTime < present.genTime;
        context.check(isEarlier, 'ALREADY_STAMPED', { key: toHex(imprint) });
        const message = present ?? { hashAlgorithm: 'sha256', hashedMessage: imprint };
        const { hashAlgorithm, hashedMessage } = message;
        const shown = { imprint, hashAlgorithm, hashedMessage };
        context.records.stamp.put({ ...shown, genTime, by, note });
        context.emit('stamped', { imprint });
      },
    },

    issue: {
      title: { en: 'Register a time-stamp token', zh: '登记时间戳令牌' },
      help: {
        en: 'What an RFC 3161 authority answered; its numbers have no gaps.',
        zh: '登记 RFC 3161 机构的应答;编号连续。',
      },
      by: { role: 'authority', organisation: 'authority' },
      input: {
        authority,
        serialNumber,
        policy: field.text({ en: 'Policy', zh: '策略标识', max: 128, characters: 'ascii' }),
        ...messageImprint,
        nonce: field.optional(field.bytes({ en: 'Nonce', zh: '随机数', max: 32 })),
      },
      handler(context, input) {
        const fault = sizeFault(input);
        context.check(fault === undefined, 'HASH_SIZE', fault);
        const { authority, serialNumber } = input;
        const next = context.sums.tokenCounts.get({ authority }).count + 1;
        context.check(serialNumber === next, 'SERIAL_WRONG', { authority, next });
        context.records.token.insert({ ...input, genTime: context.timestampMs });
      },
    },
  },

  invariants: {
    neverLater: {
      title: { en: 'No time is replaced by a later one', zh: '时间永不改为更晚' },
      record: 'stamp',
      holds: ({ before, after }) =>
        after !== undefined && (before === undefined || after.genTime < before.genTime),
    },
  },

  queries: {
    stamps: { title: { en: 'Timestamps', zh: '时间戳' }, record: 'stamp' },
    batches: { title: { en: 'Batches', zh: '批次' }, record: 'batch' },
    tokens: {
      title: { en: 'Tokens of an authority', zh: '机构的令牌' },
      record: 'token',
      by: ['authority'],
    },
  },
});

interface MessageImprint {
  readonly hashAlgorithm: keyof typeof HASH_SIZES;
  readonly hashedMessage: Uint8Array;
}

/** What is wrong with the size of a hash; undefined if nothing is. */
function sizeFault({ hashAlgorithm, hashedMessage }: MessageImprint) {
  const size = HASH_SIZES[hashAlgorithm];
  const found = hashedMessage.length;
  return found === size ? undefined : { algorithm: hashAlgorithm, size, found };
}

/** Under which key a message imprint is stamped. */
function imprintOf({ hashAlgorithm, hashedMessage }: MessageImprint): Uint8Array {
  return hashAlgorithm === 'sha256' ? hashedMessage : sha256(hashedMessage);
}
