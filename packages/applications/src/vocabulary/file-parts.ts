/** Files of a publisher as they came, in parts: what the contracts that keep some have in common. */
import type { FailureDefinition } from '@daybook/contracts';
import { field } from '@daybook/contracts';

/** What fits into a transaction beside its signatures. */
const PART_BYTES_MAX = 48 * 1024;
/** 16 MiB: a file of more has to be split by whoever imports it. */
const PARTS_MAX = 342;

/** Named by their hash, so that no later file takes the place of an earlier one. */
export const fileKey = {
  publisher: field.slug({ en: 'Publisher', zh: '发布机构' }),
  dataset: field.identifier({ en: 'Data set', zh: '数据集' }),
  holder: field.slug({ en: 'Kept by', zh: '保存机构' }),
  files: field.hash({ en: 'SHA-256 of the files', zh: '文件的 SHA-256' }),
  part: field.integer({ en: 'Part', zh: '分段', min: 0, max: PARTS_MAX - 1 }),
};

export const filePart = {
  parts: field.integer({ en: 'Parts of the files', zh: '文件分段数', min: 1, max: PARTS_MAX }),
  bytes: field.bytes({ en: 'Bytes', zh: '字节', max: PART_BYTES_MAX }),
};

export const FILE_PART_WORDS = {
  title: { en: 'Part of imported files', zh: '导入文件分段' },
  help: {
    en: 'Files of a publisher as they came, those that are read together as one sequence of bytes.',
    zh: '发布机构文件的原始内容；须一并读取的文件合为一个字节序列。',
  },
};

export const KEEP_FILES_WORDS = {
  title: { en: 'Keep imported files', zh: '保存导入文件' },
  help: {
    en: 'A part of files as a publisher published them, beside what was read from them.',
    zh: '按原样保存发布机构文件的一段，与所读出的各行并存。',
  },
};

/** There are fewer parts. */
export function filePartOutside(code: number): FailureDefinition {
  return {
    code,
    en: 'Part {part} is none of {parts}, which are counted from 0.',
    zh: '第{part}段不在{parts}段之内（从 0 计）。',
    remedy: { en: 'Cut the files again.', zh: '请重新分段。' },
  };
}

/** It was kept before. */
export function filePartExists(code: number): FailureDefinition {
  return {
    code,
    en: 'This part of the files is kept already.',
    zh: '该文件分段已保存。',
    remedy: { en: 'Nothing to do: it does not change any more.', zh: '无需处理：其内容不再改变。' },
  };
}
