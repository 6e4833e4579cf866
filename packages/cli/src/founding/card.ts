/**
 * The public card of a department: everything the others need for the founding document, and nothing
 * secret. Signed with the department's governance key, so that a card that was altered on its way is
 * noticed; that the key is the department's, people must confirm to each other.
 */
import type {
  CborValue,
  GenesisNode,
  GenesisOrganisation,
  GenesisValidator,
  Result,
} from '@daybook/core';
import {
  asPublicKey,
  concatBytes,
  encodeCanonical,
  fail,
  fromHex,
  isCanonicalText,
  ok,
  sign,
  TAGS,
  toHex,
  verifyStrict,
} from '@daybook/core';

export const CARD_FORMAT = 'daybook-card/1';

/** What a department's node does in the network. */
export type CardNode =
  | ({ readonly role: 'validator' } & GenesisValidator)
  | ({ readonly role: 'observer' } & GenesisNode);

/** The content that is signed. */
export interface Card {
  readonly format: typeof CARD_FORMAT;
  readonly organisation: GenesisOrganisation;
  /** Absent for a department without a node. */
  readonly node?: CardNode;
  /** Hex of 32 bytes each; for checkpoint notes and for sealed payloads. */
  readonly logKey: string;
  readonly sealingKey: string;
}

export interface SignedCard {
  readonly card: Card;
  /** Hex of 64 bytes by the governance key. */
  readonly signature: string;
}

function signBytesOf(card: Card): Uint8Array {
  // A card holds texts, lists and objects of them.
  return concatBytes(TAGS.CARD, encodeCanonical(card as unknown as CborValue));
}

export function signCard(card: Card, governanceSecretKey: Uint8Array): SignedCard {
  return { card, signature: toHex(sign(governanceSecretKey, signBytesOf(card))) };
}

/** The text of a card file. */
export function renderCard(card: SignedCard): string {
  return `${JSON.stringify(card, undefined, 2)}\n`;
}

type Members = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Only what JSON can carry and canonical CBOR can say; the genesis reader judges the fields. */
function isPlain(value: unknown, depth: number): value is CborValue {
  if (typeof value === 'string') return isCanonicalText(value);
  if (typeof value === 'boolean') return true;
  if (depth === 0) return false;
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depth - 1));
  return isObject(value) && Object.values(value).every((member) => isPlain(member, depth - 1));
}

const DEPTH_MAX = 6;

/**
 * Reads a card and checks its signature. Its fields are judged when the founding document is made of
 * it, with all faults at once.
 */
export function readCard(json: unknown): Result<SignedCard, string> {
  if (!isObject(json) || !isObject(json.card) || typeof json.signature !== 'string') {
    return fail('it is not a card file');
  }
  const { card, signature: hex } = json;
  if (!isPlain(card, DEPTH_MAX)) return fail('it holds what no card holds');
  if (card.format !== CARD_FORMAT) return fail(`its format is not ${CARD_FORMAT}`);
  const { organisation, node } = card;
  if (!isObject(organisation) || typeof organisation.governanceKey !== 'string') {
    return fail('it names no governance key');
  }
  const isNode =
    node === undefined ||
    (isObject(node) && (node.role === 'validator' || node.role === 'observer'));
  if (!isNode) return fail('the part of its node is neither validator nor observer');
  const key = fromHex(organisation.governanceKey);
  const signature = fromHex(hex);
  // The shape that matters here was checked; readGenesis judges every field.
  const signed = card as unknown as Card;
  const isSigned =
    key?.length === 32 &&
    signature?.length === 64 &&
    verifyStrict(asPublicKey(key), signBytesOf(signed), signature);
  return isSigned ? ok({ card: signed, signature: hex }) : fail('its signature is not good');
}
