/** Fields that several contracts have, each in the words and limits that it has everywhere. */
import type { Field, Words } from '@daybook/contracts';
import { field } from '@daybook/contracts';
import { SEAL_SALT_SIZE } from '@daybook/core';

/** Characters of a slug, the key of an organisation. */
const SLUG_MAX = 64;

/** An organisation of the directory, in the part that it plays. */
export function organisation(en: string, zh: string): Field<string> {
  return field.reference({ en, zh, record: 'directory.organisation', max: SLUG_MAX });
}

/** A sentence or title in both languages. */
export function inBothLanguages(title: Words, max: number) {
  const language = (en: string, zh: string): Field<string> => field.text({ en, zh, max });
  return field.object({ en: language('English', '英文'), zh: language('Chinese', '中文') }, title);
}

/** Text of several lines. */
export function longText(en: string, zh: string): Field<string> {
  return field.text({ en, zh, max: 4000, lines: true });
}

export const legalBasis = field.text({ en: 'Legal basis', zh: '法律依据', max: 300 });
export const ruleName = field.slug({ en: 'Rule', zh: '规则' });
/** As long as `cite` makes the longest key: each `/` of a payee's name becomes three characters. */
export const recordName = field.text({
  en: 'Record',
  zh: '记录',
  max: 1024,
  help: { en: 'As contract.record/key.', zh: '形如 合约.记录/键。' },
});
/** An identity of the ledger or a bare key as did:key. */
export const submitter = field.text({ en: 'By', zh: '提交人', max: 160, characters: 'ascii' });
/** Of what is sealed now and shown later. */
export const salt = field.bytes({
  en: 'Salt',
  zh: '盐值',
  min: SEAL_SALT_SIZE,
  max: SEAL_SALT_SIZE,
});

// Names that the treasury gives, as others write them.
export const fundName = field.slug({ en: 'Fund', zh: '资金' });
export const commitmentName = field.slug({ en: 'Commitment', zh: '支出承诺' });
export const paymentName = field.identifier({ en: 'Payment', zh: '付款编号' });
