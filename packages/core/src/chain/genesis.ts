/**
 * The genesis document: what the founders agree on before the first block. It is JSON for people;
 * its canonical CBOR is hashed into G, the chain id inside every signature. The founders' consent
 * stands outside G, so that each department can sign on its own machine.
 */
import { concatBytes, encodeUtf8, fromHex } from '../codec/bytes.ts';
import type { CborValue } from '../codec/cbor.ts';
import { encodeCanonical } from '../codec/cbor.ts';
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import { isGoodPublicKey, sign, verifyStrict } from '../crypto/ed25519.ts';
import { hashTagged } from '../crypto/hash.ts';
import { TAGS } from '../crypto/tags.ts';
import type { Hash, PublicKey, Signature, TimestampMs } from './ids.ts';
import { asPublicKey, ZERO_HASH } from './ids.ts';
import type { InputFault } from './input.ts';
import { createInputReader } from './input.ts';
import { LIMITS } from './limits.ts';
import type { ChainParameters } from './parameters.ts';
import { checkParameter, completeParameters, PARAMETERS } from './parameters.ts';
import type { ValidatorSet } from './validators.ts';
import { buildValidatorSet, validatorIdOf } from './validators.ts';

export const GENESIS_FORMAT = 'daybook-genesis/1';

export interface LocalisedText {
  readonly en: string;
  readonly zh: string;
}

export interface GenesisOfficer {
  /** Name within the organisation, `[a-z0-9-]{2,64}`. */
  readonly name: string;
  /** Hex of 32 bytes. */
  readonly publicKey: string;
  /** Roles that contracts name, for example `treasury.payer`. */
  readonly roles: readonly string[];
}

export interface GenesisOrganisation {
  /** Immutable, `[a-z0-9-]{2,64}`. */
  readonly slug: string;
  readonly title: LocalisedText;
  /** Hex of 32 bytes; kept offline; signs the founder's consent and recovery files. */
  readonly governanceKey: string;
  readonly officers: readonly GenesisOfficer[];
}

/** Where an organisation's node is reached. */
export interface GenesisNode {
  readonly organisation: string;
  readonly peerId: string;
  /** Multiaddresses without the peer id, in order of preference. */
  readonly addresses: readonly string[];
}

export interface GenesisValidator extends GenesisNode {
  /** Hex of 32 bytes. */
  readonly consensusKey: string;
  /** Hex of 64 bytes, see `possessionSignBytes`. */
  readonly proofOfPossession: string;
}

/** A contract that acts from the first block, and in which version. */
export interface GenesisContract {
  readonly name: string;
  readonly version: number;
}

export interface GenesisDocument {
  readonly format: typeof GENESIS_FORMAT;
  readonly name: string;
  readonly timeMs: TimestampMs;
  /** Allows fewer than four validators; such a chain tolerates no liar. */
  readonly developmentMode: boolean;
  readonly parameters: ChainParameters;
  /** Ascending by name. A later release knows more; these alone make the state of height 0. */
  readonly contracts: readonly GenesisContract[];
  readonly organisations: readonly GenesisOrganisation[];
  readonly validators: readonly GenesisValidator[];
  readonly observers: readonly GenesisNode[];
}

export interface FounderSignature {
  readonly organisation: string;
  /** Hex of 64 bytes over `founderSignBytes`. */
  readonly signature: string;
}

/** The file that every node, client and verifier starts from. */
export interface GenesisFile {
  readonly genesis: GenesisDocument;
  readonly signatures: readonly FounderSignature[];
}

/** A checked document with what derives from it. */
export interface Genesis {
  readonly document: GenesisDocument;
  /** Canonical bytes. */
  readonly bytes: Uint8Array;
  /** G. */
  readonly chain: Hash;
  /** The set that signs from height 1. */
  readonly validators: ValidatorSet;
}

export type GenesisFailure =
  | { readonly code: 'CORE_GENESIS_FIELD'; readonly faults: readonly InputFault[] }
  | { readonly code: 'CORE_GENESIS_UNSIGNED'; readonly missing: readonly string[] };

/** What a key means in a proof of possession. */
export type PossessionPurpose = 'consensus' | 'witness';
const PURPOSE_CODES: Readonly<Record<PossessionPurpose, number>> = { consensus: 1, witness: 2 };

/**
 * What the holder of a new key signs with that key: the key cannot be claimed by another.
 * @param chain  G, or zero for founders' keys, which exist before G does
 */
export function possessionSignBytes(
  chain: Hash,
  key: { readonly purpose: PossessionPurpose; readonly publicKey: PublicKey },
  organisation: string,
): Uint8Array {
  const purpose = Uint8Array.of(PURPOSE_CODES[key.purpose]);
  return concatBytes(TAGS.POP, chain, purpose, key.publicKey, encodeUtf8(organisation));
}

/** What a founder signs with its governance key. */
export function founderSignBytes(chain: Hash): Uint8Array {
  return concatBytes(TAGS.FOUNDER, chain);
}

export function signAsFounder(chain: Hash, governanceSecretKey: Uint8Array): Signature {
  return sign(governanceSecretKey, founderSignBytes(chain));
}

const SLUG = /^[a-z0-9-]{2,64}$/;

type Reader = ReturnType<typeof createInputReader>;

function readTitle(reader: Reader): LocalisedText {
  const en = reader.text('en', { max: 200 });
  return { en, zh: reader.optionalText('zh', { max: 200 }) ?? en };
}

function readKey(reader: Reader, field: string): string {
  const text = reader.text(field, { max: 64 });
  const bytes = fromHex(text);
  const good = bytes?.length === 32 && isGoodPublicKey(bytes);
  if (!good) reader.fault(field, 'a 32-byte Ed25519 public key in hex', text);
  return text.toLowerCase();
}

function readSlug(reader: Reader, field: string): string {
  const text = reader.text(field, { max: LIMITS.nameCharactersMax });
  if (!SLUG.test(text)) reader.fault(field, '2 to 64 of a-z, 0-9 and -', text);
  return text;
}

function readOfficer(reader: Reader): GenesisOfficer {
  const officer = {
    name: readSlug(reader, 'name'),
    publicKey: readKey(reader, 'publicKey'),
    roles: reader.texts('roles', { countMax: 32, max: LIMITS.nameCharactersMax }),
  };
  reader.finish();
  return officer;
}

function readOrganisation(reader: Reader): GenesisOrganisation {
  const title = reader.object('title');
  const organisation = {
    slug: readSlug(reader, 'slug'),
    title: readTitle(title),
    governanceKey: readKey(reader, 'governanceKey'),
    officers: reader.objects('officers', { countMax: 256 }).map(readOfficer),
  };
  title.finish();
  reader.finish();
  return organisation;
}

function readNode(reader: Reader): GenesisNode {
  return {
    organisation: readSlug(reader, 'organisation'),
    peerId: reader.text('peerId', { max: 128 }),
    addresses: reader.texts('addresses', { countMax: 8, max: 256 }),
  };
}

function readObserver(reader: Reader): GenesisNode {
  const node = readNode(reader);
  reader.finish();
  return node;
}

function readValidator(reader: Reader): GenesisValidator {
  const node = readNode(reader);
  const consensusKey = readKey(reader, 'consensusKey');
  const proofOfPossession = reader.text('proofOfPossession', { max: 128 });
  if (!isPossessed(consensusKey, proofOfPossession, node.organisation)) {
    reader.fault('proofOfPossession', 'a signature by consensusKey', proofOfPossession);
  }
  reader.finish();
  return { ...node, consensusKey, proofOfPossession: proofOfPossession.toLowerCase() };
}

function isPossessed(keyHex: string, proofHex: string, organisation: string): boolean {
  const key = fromHex(keyHex);
  const proof = fromHex(proofHex);
  if (key?.length !== 32 || proof?.length !== 64) return false;
  const publicKey = asPublicKey(key);
  const message = possessionSignBytes(ZERO_HASH, { purpose: 'consensus', publicKey }, organisation);
  return verifyStrict(publicKey, message, proof);
}

function readParameters(reader: Reader): ChainParameters {
  const given: Record<string, unknown> = {};
  for (const name of reader.names()) {
    const value = reader.integer(name, {});
    const checked = checkParameter(name, value);
    if (checked.ok) given[name] = checked.value;
    else reader.fault(name, expectedParameter(name), value);
  }
  const complete = completeParameters(given);
  return complete.ok ? complete.value : ({} as ChainParameters);
}

function expectedParameter(name: string): string {
  if (!Object.hasOwn(PARAMETERS, name)) return 'no such parameter';
  const { min, max, unit } = PARAMETERS[name as keyof typeof PARAMETERS];
  return `${min} to ${max} ${unit}`;
}

const CONTRACT_NAME = /^[a-z][A-Za-z0-9]{1,31}$/;

function readContract(reader: Reader): GenesisContract {
  const name = reader.text('name', { max: 32 });
  if (!CONTRACT_NAME.test(name)) reader.fault('name', 'the name of a contract', name);
  const version = reader.integer('version', { min: 1, max: 65_535 });
  reader.finish();
  return { name, version };
}

function readDocument(reader: Reader): GenesisDocument {
  reader.literal('format', GENESIS_FORMAT);
  const document: GenesisDocument = {
    format: GENESIS_FORMAT,
    name: readSlug(reader, 'name'),
    timeMs: reader.integer('timeMs', { min: 0 }),
    developmentMode: reader.boolean('developmentMode'),
    parameters: readParameters(reader.object('parameters')),
    contracts: reader.objects('contracts', { countMax: 64 }).map(readContract),
    organisations: reader.objects('organisations', { countMax: 256 }).map(readOrganisation),
    validators: reader.objects('validators', { countMax: LIMITS.validatorsMax }).map(readValidator),
    observers: reader.objects('observers', { countMax: 256 }).map(readObserver),
  };
  reader.finish();
  checkRelations(document, reader);
  return document;
}

function repeatedIn(values: readonly string[]): string | undefined {
  return values.find((value, index) => values.indexOf(value) !== index);
}

/** Faults between fields: unknown organisations, repeated names and keys, too few validators. */
function checkRelations(document: GenesisDocument, reader: Reader): void {
  const { contracts, organisations, validators, observers } = document;
  const names = contracts.map(({ name }) => name);
  if (names.some((name, index) => index > 0 && (names[index - 1] ?? '') >= name)) {
    reader.fault('contracts', 'each contract once, ascending by name', names.join(', '));
  }
  const slugs = organisations.map(({ slug }) => slug);
  const nodes = [...validators, ...observers];
  const unique: readonly [string, readonly string[]][] = [
    ['organisations', slugs],
    ['validators', validators.map(({ consensusKey }) => consensusKey)],
    ['validators', nodes.map(({ peerId }) => peerId)],
    ['organisations', organisations.flatMap((o) => o.officers.map((p) => p.publicKey))],
  ];
  for (const [field, values] of unique) {
    const repeated = repeatedIn(values);
    if (repeated !== undefined) reader.fault(field, 'each value once', repeated);
  }
  for (const { organisation } of nodes) {
    if (!slugs.includes(organisation)) {
      reader.fault('validators', 'an organisation of this document', organisation);
    }
  }
  const min = document.developmentMode ? 1 : LIMITS.validatorsMin;
  if (validators.length < min) {
    const expected = `at least ${min} validators (fewer only with developmentMode)`;
    reader.fault('validators', expected, validators.length);
  }
}

/** Canonical bytes of a document; G is their tagged hash. */
export function encodeGenesis(document: GenesisDocument): Uint8Array {
  return encodeCanonical(document as unknown as CborValue);
}

export function chainIdOf(genesisBytes: Uint8Array): Hash {
  return hashTagged(TAGS.GENESIS, genesisBytes);
}

function deriveGenesis(document: GenesisDocument): Genesis {
  const bytes = encodeGenesis(document);
  const validators = document.validators.map(({ consensusKey }) => {
    const publicKey = asPublicKey(fromHex(consensusKey) ?? new Uint8Array());
    return { id: validatorIdOf(publicKey), publicKey };
  });
  return {
    document,
    bytes,
    chain: chainIdOf(bytes),
    validators: buildValidatorSet(validators),
  };
}

/** Checks a document from JSON. @returns every fault with its JSON pointer, or the genesis */
export function readGenesis(json: unknown): Result<Genesis, GenesisFailure> {
  const reader = createInputReader(json);
  const document = readDocument(reader);
  const faults = reader.faults();
  if (faults.length > 0) return fail({ code: 'CORE_GENESIS_FIELD', faults });
  return ok(deriveGenesis(document));
}

function isSignedBy(
  genesis: Genesis,
  organisation: GenesisOrganisation,
  signatures: readonly FounderSignature[],
): boolean {
  const key = fromHex(organisation.governanceKey);
  const message = founderSignBytes(genesis.chain);
  return signatures
    .filter((signature) => signature.organisation === organisation.slug)
    .some(({ signature }) => {
      const bytes = fromHex(signature);
      if (key === undefined || bytes?.length !== 64) return false;
      return verifyStrict(asPublicKey(key), message, bytes);
    });
}

/** Founders whose valid signature is missing: empty means that the chain may start. */
export function missingFounders(
  genesis: Genesis,
  signatures: readonly FounderSignature[],
): readonly string[] {
  return genesis.document.organisations
    .filter((organisation) => !isSignedBy(genesis, organisation, signatures))
    .map(({ slug }) => slug);
}

function readSignature(reader: Reader): FounderSignature {
  const signature = {
    organisation: readSlug(reader, 'organisation'),
    signature: reader.text('signature', { max: 128 }),
  };
  reader.finish();
  return signature;
}

/** A genesis file without judging whether all founders signed: for collecting signatures. */
export function readGenesisDraft(
  json: unknown,
): Result<{ genesis: Genesis; signatures: readonly FounderSignature[] }, GenesisFailure> {
  const reader = createInputReader(json);
  const inner = reader.object('genesis');
  const document = readDocument(inner);
  const signatures = reader.objects('signatures', { countMax: 256 }).map(readSignature);
  reader.finish();
  const faults = reader.faults();
  if (faults.length > 0) return fail({ code: 'CORE_GENESIS_FIELD', faults });
  return ok({ genesis: deriveGenesis(document), signatures });
}

/** A genesis file that every founder has signed. */
export function readGenesisFile(json: unknown): Result<Genesis, GenesisFailure> {
  const draft = readGenesisDraft(json);
  if (!draft.ok) return draft;
  const { genesis, signatures } = draft.value;
  const missing = missingFounders(genesis, signatures);
  if (missing.length > 0) return fail({ code: 'CORE_GENESIS_UNSIGNED', missing });
  return ok(genesis);
}
