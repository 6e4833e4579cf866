/**
 * What a field is, as plain data. A specification goes into the manifest as it stands, so a client
 * that fetched the manifest checks input by the same tables as a validator. Bounds of amounts are
 * decimal strings because JSON has no integers of 64 bits.
 */

/** A sentence or title for people, in English and Simplified Chinese. */
export interface Words {
  readonly en: string;
  readonly zh: string;
}

interface Common {
  readonly title: Words;
  readonly help?: Words;
  /** Present and true when the field may be left out of its object. */
  readonly optional?: true;
}

/**
 * Sets of characters a text may be restricted to. Each is decided character by character: no
 * regular expression runs on what a stranger sent.
 */
export type CharacterSet = 'any' | 'ascii' | 'name' | 'path' | 'digits' | 'hex';

export interface TextSpec extends Common {
  readonly type: 'text';
  /** Length in code points. */
  readonly min: number;
  readonly max: number;
  /** Line breaks are allowed; without it no control character is. */
  readonly lines?: true;
  readonly characters?: CharacterSet;
}

/** The name of something that never changes: `[a-z0-9-]{2,64}`, no hyphen at either end. */
export interface SlugSpec extends Common {
  readonly type: 'slug';
}

/** A publisher's own number or code: printable ASCII without spaces, 1 to `max` characters. */
export interface IdentifierSpec extends Common {
  readonly type: 'identifier';
  readonly max: number;
}

/** An officer, `organisation/name`, or with `organisations` an organisation's slug alone as well. */
export interface IdentitySpec extends Common {
  readonly type: 'identity';
  readonly organisations?: true;
}

export interface IntegerSpec extends Common {
  readonly type: 'integer';
  readonly min: number;
  readonly max: number;
}

/** Minor units of a currency that another field of the same object names. */
export interface AmountSpec extends Common {
  readonly type: 'amount';
  readonly min: string;
  readonly max: string;
  readonly currencyOf?: string;
}

/** Minor units with their ISO 4217 code. */
export interface MoneySpec extends Common {
  readonly type: 'money';
  readonly min: string;
  readonly max: string;
  readonly currencies?: readonly string[];
}

/** An ISO 4217 code. */
export interface CurrencySpec extends Common {
  readonly type: 'currency';
}

/** A whole number of 10^-decimals units, with its UN/CEFACT code. */
export interface QuantitySpec extends Common {
  readonly type: 'quantity';
  readonly min: string;
  readonly max: string;
  readonly decimals: number;
  readonly units?: readonly string[];
}

/** A civil date `YYYY-MM-DD`, without zone. */
export interface DateSpec extends Common {
  readonly type: 'date';
}

/** First and last day, both included. */
export interface PeriodSpec extends Common {
  readonly type: 'period';
}

/** Milliseconds since 1970-01-01T00:00:00Z; in JSON an RFC 3339 text in UTC. */
export interface InstantSpec extends Common {
  readonly type: 'instant';
}

export interface BooleanSpec extends Common {
  readonly type: 'boolean';
}

export interface ChoiceSpec extends Common {
  readonly type: 'choice';
  readonly of: Readonly<Record<string, Words>>;
}

export interface BytesSpec extends Common {
  readonly type: 'bytes';
  readonly min: number;
  readonly max: number;
}

/** 32 bytes: a SHA-256 hash. */
export interface HashSpec extends Common {
  readonly type: 'hash';
}

/** 32 bytes: an Ed25519 public key. Whoever registers one checks it with core's isGoodPublicKey. */
export interface PublicKeySpec extends Common {
  readonly type: 'publicKey';
}

/** 32 bytes: an HMAC of a person's identifier under the key of one named purpose. */
export interface BlindedSpec extends Common {
  readonly type: 'blinded';
  readonly purpose: string;
}

/** 32 bytes: a salted commitment to a payload that is kept off the chain. */
export interface SealedSpec extends Common {
  readonly type: 'sealed';
}

/** The key of a record whose key is one textual field; `record` is `contract.record`. */
export interface ReferenceSpec extends Common {
  readonly type: 'reference';
  readonly record: string;
  /** Whether the engine refuses input that names a record that does not exist. */
  readonly checked: boolean;
  readonly max: number;
}

export interface ListSpec extends Common {
  readonly type: 'list';
  readonly item: FieldSpec;
  readonly min: number;
  readonly max: number;
  readonly unique?: true;
}

export interface ObjectSpec extends Common {
  readonly type: 'object';
  readonly fields: FieldTable;
}

export type FieldSpec =
  | TextSpec
  | SlugSpec
  | IdentifierSpec
  | IdentitySpec
  | IntegerSpec
  | AmountSpec
  | MoneySpec
  | CurrencySpec
  | QuantitySpec
  | DateSpec
  | PeriodSpec
  | InstantSpec
  | BooleanSpec
  | ChoiceSpec
  | BytesSpec
  | HashSpec
  | PublicKeySpec
  | BlindedSpec
  | SealedSpec
  | ReferenceSpec
  | ListSpec
  | ObjectSpec;

/** Fields by name, in the order in which people should meet them. */
export type FieldTable = Readonly<Record<string, FieldSpec>>;

/** Bounds of every amount: what fits a signed integer of 64 bits. */
export const AMOUNT_MAX = 9_223_372_036_854_775_807n;
