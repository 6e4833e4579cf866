/**
 * What a field expects, in words: the `expected` of a fault, and the help of a form. One sentence
 * part per field type, made from the specification alone.
 */
import { assertNever } from '@daybook/core';
import type { FieldSpec } from './spec.ts';
import { CHARACTER_SET_WORDS } from './texts.ts';

/** For example `a text of 1 to 200 characters`. */
export function expectationOf(spec: FieldSpec): string {
  switch (spec.type) {
    case 'text':
      return `a text of ${spec.min} to ${spec.max} characters ${textWords(spec)}`;
    case 'slug':
      return 'a name of 2 to 64 characters a-z, 0-9 and -, no - at either end';
    case 'identifier':
      return `an identifier of 1 to ${spec.max} printable ASCII characters without spaces`;
    case 'reference':
      return `the key of a ${spec.record}, 1 to ${spec.max} characters`;
    case 'identity':
      return spec.organisations === true
        ? 'an organisation, or an officer as organisation/name'
        : 'an officer as organisation/name';
    case 'integer':
      return `an integer from ${spec.min} to ${spec.max}`;
    case 'amount':
      return `a whole number of minor units from ${spec.min} to ${spec.max}`;
    case 'money':
      return 'an object {minor, currency}';
    case 'currency':
      return 'an ISO 4217 currency code';
    case 'quantity':
      return 'an object {value, unit}';
    case 'date':
      return 'a date YYYY-MM-DD';
    case 'period':
      return 'an object {start, end} of dates';
    case 'instant':
      return 'a time as YYYY-MM-DDThh:mm:ss.sssZ from 1970 on';
    case 'boolean':
      return 'true or false';
    case 'choice':
      return `one of ${Object.keys(spec.of).join(', ')}`;
    case 'bytes':
      return spec.min === spec.max ? `${spec.min} bytes` : `${spec.min} to ${spec.max} bytes`;
    case 'hash':
      return 'a hash of 32 bytes';
    case 'publicKey':
      return 'an Ed25519 public key of 32 bytes';
    case 'blinded':
      return `a blinded identifier of 32 bytes, purpose ${spec.purpose}`;
    case 'sealed':
      return 'a commitment of 32 bytes';
    case 'list':
      return `a list of ${spec.min} to ${spec.max}`;
    case 'object':
      return 'an object';
    default:
      return assertNever(spec);
  }
}

function textWords(spec: FieldSpec & { type: 'text' }): string {
  const words = CHARACTER_SET_WORDS[spec.characters ?? 'any'];
  return spec.lines === true ? `${words}, lines allowed` : words;
}
