/**
 * The recovery file for people: JSON that passes from department to department, each adding its
 * consent. What counts is the plan inside; its canonical bytes are signed.
 */
import { fromHex, toHex } from '../codec/bytes.ts';
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import { isGoodPublicKey } from '../crypto/ed25519.ts';
import { asHash, asPublicKey, asSignature, asValidatorId } from './ids.ts';
import type { InputFault, InputReader } from './input.ts';
import { createInputReader } from './input.ts';
import { LIMITS } from './limits.ts';
import type { RecoveryConsent, RecoveryFile, RecoveryValidator } from './recovery.ts';
import { isSlug, RECOVERY_FORMAT, recoverySet } from './recovery.ts';

export interface RecoveryFileFailure {
  readonly code: 'CORE_RECOVERY_FIELD';
  readonly faults: readonly InputFault[];
}

function readBytes(reader: InputReader, field: string, size: number): Uint8Array {
  const text = reader.text(field, { max: 2 * size });
  const bytes = fromHex(text);
  if (bytes?.length === size) return bytes;
  reader.fault(field, `${size} bytes in hex`, text);
  return new Uint8Array(size);
}

/** As the payload of a block has it: a file that no block could carry is refused when it is read. */
function readSlug(reader: InputReader, field: string): string {
  const text = reader.text(field, { max: LIMITS.nameCharactersMax });
  if (!isSlug(text)) reader.fault(field, '2 to 64 of a-z, 0-9 and -', text);
  return text;
}

function readMember(reader: InputReader): RecoveryValidator {
  const member = {
    id: asValidatorId(readBytes(reader, 'id', 32)),
    publicKey: asPublicKey(readBytes(reader, 'publicKey', 32)),
    organisation: readSlug(reader, 'organisation'),
  };
  if (!isGoodPublicKey(member.publicKey)) {
    reader.fault('publicKey', 'a sound Ed25519 public key', toHex(member.publicKey));
  }
  reader.finish();
  return member;
}

function readConsent(reader: InputReader): RecoveryConsent {
  const consent = {
    organisation: readSlug(reader, 'organisation'),
    signature: asSignature(readBytes(reader, 'signature', 64)),
  };
  reader.finish();
  return consent;
}

/** Reads the JSON of a recovery file. @returns every fault with its pointer, or the file */
export function readRecoveryFile(json: unknown): Result<RecoveryFile, RecoveryFileFailure> {
  const reader = createInputReader(json);
  reader.literal('format', RECOVERY_FORMAT);
  const inner = reader.object('plan');
  const plan = {
    chain: asHash(readBytes(inner, 'chain', 32)),
    height: inner.integer('height', { min: 0 }),
    blockHash: asHash(readBytes(inner, 'blockHash', 32)),
    validators: inner.objects('validators', { countMax: LIMITS.validatorsMax }).map(readMember),
    reason: inner.text('reason', { max: 1000 }),
  };
  if (plan.validators.length === 0 || recoverySet(plan) === undefined) {
    inner.fault('validators', 'validators ascending by id, each once', plan.validators.length);
  }
  inner.finish();
  const consents = reader.objects('signatures', { countMax: 256 }).map(readConsent);
  reader.finish();
  const faults = reader.faults();
  return faults.length > 0 ? fail({ code: 'CORE_RECOVERY_FIELD', faults }) : ok({ plan, consents });
}

/** The text of a recovery file. */
export function renderRecoveryFile({ plan, consents }: RecoveryFile): string {
  const json = {
    format: RECOVERY_FORMAT,
    plan: {
      chain: toHex(plan.chain),
      height: plan.height,
      blockHash: toHex(plan.blockHash),
      validators: plan.validators.map(({ id, publicKey, organisation }) => ({
        id: toHex(id),
        publicKey: toHex(publicKey),
        organisation,
      })),
      reason: plan.reason,
    },
    signatures: consents.map(({ organisation, signature }) => ({
      organisation,
      signature: toHex(signature),
    })),
  };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}
