/** Refusals in the words that every contract uses for them: what is there already, what is not. */
import type { FailureDefinition, Words } from '@daybook/contracts';

/** Remedies that several refusals share. */
export const REMEDIES = {
  otherName: { en: 'Choose another name.', zh: '请另选名称。' },
  otherSlug: { en: 'Choose another slug.', zh: '请另选标识。' },
  otherIdentifier: { en: 'Choose another identifier.', zh: '请另选标识。' },
  checkName: { en: 'Check the name.', zh: '请核对名称。' },
  checkOfficer: { en: 'Check organisation and name.', zh: '请核对机构与名称。' },
  officerSigns: {
    en: 'Let an officer of that organisation sign.',
    zh: '请由该机构官员签署。',
  },
  nothingLeft: { en: 'Nothing is left to do.', zh: '无须再做。' },
} as const satisfies Readonly<Record<string, Words>>;

/**
 * The key of a new record is taken.
 * @param what  in English with its article, as in "an award"
 */
export function takenAlready(code: number, what: Words, remedy: Words): FailureDefinition {
  return { code, en: `There is already ${what.en} {key}.`, zh: `${what.zh}{key}已存在。`, remedy };
}

/**
 * No record has the key.
 * @param what  in English without article, as in "award"
 */
export function notThere(code: number, what: Words, remedy: Words): FailureDefinition {
  return { code, en: `There is no ${what.en} {key}.`, zh: `没有${what.zh}{key}。`, remedy };
}

/** A key that is no point of the curve, or one of small order. */
export function keyUnusable(code: number): FailureDefinition {
  return {
    code,
    en: 'These bytes are not a safe Ed25519 public key.',
    zh: '该字节串不是安全的 Ed25519 公钥。',
    remedy: {
      en: 'Create the key with daybook key create.',
      zh: '请用 daybook key create 生成密钥。',
    },
  };
}
