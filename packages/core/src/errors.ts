/**
 * Failures of this package: decoding, canonical form, signatures and the rules of the chain. Codes
 * are never reused after removal.
 */
import type { CheckpointFailure } from './chain/checkpoint.ts';
import { assertNever } from './codec/assert.ts';
import type { DecodeFailure } from './codec/failure.ts';
import { defineErrors } from './codec/failure.ts';
import type { SelfTestFailure } from './crypto/self-test.ts';

export const CORE_ERRORS = defineErrors({
  CORE_TRUNCATED: {
    summary: 'The bytes end before the layout does.',
    remedy: 'Send the complete value; a file may have been cut off in transfer.',
    status: 400,
  },
  CORE_TRAILING_BYTES: {
    summary: 'Bytes follow after the end of the value.',
    remedy: 'Send exactly one encoded value and nothing behind it.',
    status: 400,
  },
  CORE_TOO_LARGE: {
    summary: 'The value has more bytes than its limit allows.',
    remedy: 'Split the request into smaller ones.',
    status: 413,
  },
  CORE_TOO_DEEP: {
    summary: 'The value nests arrays and maps deeper than its limit allows.',
    remedy: 'Flatten the value.',
    status: 400,
  },
  CORE_MALFORMED: {
    summary: 'The bytes break the layout of what they should be.',
    remedy: 'Build the value with the client library, or compare with the protocol documents.',
    status: 400,
  },
  CORE_NOT_CANONICAL: {
    summary: 'The bytes decode, but are not the one canonical encoding of their value.',
    remedy: 'Encode with sorted map keys, shortest integers and text in Unicode NFC.',
    status: 400,
  },
  CORE_TRANSACTION_SHAPE: {
    summary: 'The bytes are canonical, but not those of a transaction.',
    remedy: 'Correct the field that the pointer names; the client library builds valid bodies.',
    status: 400,
  },
  CORE_GENESIS_FIELD: {
    summary: 'A field of the genesis document is missing, unknown or out of its bounds.',
    remedy: 'Correct each field that is named, then have all founders sign the new document.',
  },
  CORE_GENESIS_UNSIGNED: {
    summary: 'A founder has not signed the genesis document, or signed another one.',
    remedy: 'Collect the missing signatures over exactly this document.',
  },
  CORE_PARAMETER_UNKNOWN: {
    summary: 'There is no chain parameter of this name.',
    remedy: 'Choose one of the parameters in docs/protocol/01-model.md.',
  },
  CORE_PARAMETER_RANGE: {
    summary: 'The value of a chain parameter lies outside its bounds.',
    remedy: 'Choose a value within the bounds in docs/protocol/01-model.md.',
  },
  CORE_CERTIFICATE_MISMATCH: {
    summary: 'A certificate is of another kind, height, block or validator set than it should be.',
    remedy: 'Ask another node; the one that sent it is faulty or of another chain.',
  },
  CORE_CERTIFICATE_QUORUM: {
    summary: 'A certificate has fewer or more seals than its kind needs.',
    remedy: 'Ask another node; the one that sent it is faulty.',
  },
  CORE_CERTIFICATE_SIGNERS: {
    summary: 'The signers of a certificate do not ascend, or are not as many as its seals.',
    remedy: 'Ask another node; the one that sent it is faulty.',
  },
  CORE_CERTIFICATE_SIGNATURE: {
    summary: 'A seal of a certificate is not the signature of the validator it stands for.',
    remedy: 'Ask another node; the one that sent it is faulty.',
  },
  CORE_EVIDENCE_MALFORMED: {
    summary: 'The bytes do not have the form of evidence.',
    remedy: 'Nothing to do here; tell the operator of the sender if it repeats.',
    status: 400,
  },
  CORE_EVIDENCE_HARMLESS: {
    summary: 'A correct validator may sign both messages of this evidence.',
    remedy: 'Nothing to do here: it proves nothing and was refused.',
    status: 422,
  },
  CORE_EVIDENCE_SIGNATURE: {
    summary: 'A message of this evidence is not signed by the key it names, for this chain.',
    remedy: 'Nothing to do here: it proves nothing and was refused.',
    status: 422,
  },
  CORE_EVIDENCE_STRANGER: {
    summary: 'The key of this evidence signs for no validator at that height.',
    remedy: 'Nothing to do here: it proves nothing and was refused.',
    status: 422,
  },
  CORE_EVIDENCE_FUTURE: {
    summary: 'The evidence is of a height that the chain has not reached.',
    remedy: 'Hand it in again when the chain has reached that height.',
    status: 422,
  },
  CORE_EVIDENCE_EXPIRED: {
    summary: 'The evidence is of a height too long ago to be recorded.',
    remedy: 'Keep it and show it to the consortium: it still proves the fault.',
    status: 422,
  },
  CORE_EVIDENCE_RECORDED: {
    summary: 'A fault of this validator, height and kind is recorded already.',
    remedy: 'Nothing is left to do: GET /v1/governance/evidence shows it.',
    status: 409,
  },
  CORE_RECOVERY_MALFORMED: {
    summary: 'The file is not a recovery file, or it is damaged.',
    remedy: 'Get it again from whoever made it; daybook recovery draft makes one.',
  },
  CORE_RECOVERY_FIELD: {
    summary: 'A field of the recovery file is missing, unknown or out of its bounds.',
    remedy: 'Correct each field that is named, or draft the file again.',
  },
  CORE_RECOVERY_CHAIN: {
    summary: 'The recovery file is of another chain.',
    remedy: 'Compare the chain id of the file with that of the genesis file.',
  },
  CORE_RECOVERY_BLOCK: {
    summary: 'The recovery goes on from a block that is not the head of this node.',
    remedy:
      'If the head is lower, let the node catch up first. If it is higher or differs, stop: the ' +
      'plan would undo a final block. Draft it again from the highest head of all survivors.',
  },
  CORE_RECOVERY_SET: {
    summary: 'The set of the recovery breaks a rule.',
    remedy: 'Draft the plan again with a set that keeps the rule that is named.',
  },
  CORE_RECOVERY_UNSIGNED: {
    summary: 'Too few departments have consented to the recovery with their governance keys.',
    remedy: 'Have further departments sign the same file with daybook recovery sign.',
  },
  CORE_STATE_PROOF_MALFORMED: {
    summary: 'A state proof contradicts itself or the key it is for.',
    remedy: 'Ask another node for the proof; the one that sent it is faulty.',
    status: 400,
  },
  CORE_STATE_PROOF_MISMATCH: {
    summary: 'A state proof leads to another state root than that of the header.',
    remedy: 'Check that proof and header are of one height, then ask another node.',
    status: 400,
  },
  CORE_NOTE_MALFORMED: {
    summary: 'The bytes are no signed note.',
    remedy: 'Send the note as it was served; a note is text and may not be reformatted.',
    status: 400,
  },
  CORE_NOTE_KEY_MALFORMED: {
    summary: 'The text is no verifier key of a signed note.',
    remedy: 'Write it as NAME+ID+KEY, as its owner published it.',
    status: 400,
  },
  CORE_NOTE_SIGNATURE_WRONG: {
    summary: 'A signature of a known key does not hold for the text of the note.',
    remedy: 'Get the note again from another node; the one that sent it is faulty.',
    status: 422,
  },
  CORE_CHECKPOINT_MALFORMED: {
    summary: 'The text of the note is no checkpoint of a Daybook chain.',
    remedy: 'Compare it with GET /v1/checkpoint of a node; it has three lines in one form.',
    status: 400,
  },
  CORE_CHECKPOINT_FOREIGN: {
    summary: 'The checkpoint is of another chain.',
    remedy: 'Compare the origin line with the chain id of the genesis file.',
    status: 422,
  },
  CORE_CHECKPOINT_QUORUM: {
    summary: 'Fewer validators signed the checkpoint than a quorum.',
    remedy: 'Get it again from another node; with fewer signatures it proves nothing.',
    status: 422,
  },
  CORE_CHECKPOINT_WITNESSES: {
    summary: 'Fewer of the trusted witnesses cosigned the checkpoint than were asked for.',
    remedy: 'Wait for the witnesses and get it again, or ask their operators why they are silent.',
    status: 422,
  },
  CORE_CHECKPOINT_STALE: {
    summary: 'The cosignatures of the checkpoint are too old to build trust on, or of the future.',
    remedy:
      'Get a newer checkpoint, check the clock of this machine, or start from the genesis file.',
    status: 422,
  },
  CORE_WITNESS_POLICY_INVALID: {
    summary: 'The named witnesses and how many of them must cosign do not fit together.',
    remedy: 'Name the key of each witness once, and ask for at least one and at most all of them.',
    status: 422,
  },
  CORE_SELF_TEST_FAILED: {
    summary: 'A cryptographic function gave another answer than the protocol demands.',
    remedy: 'Run the Node.js version that the release names; do not start this node with another.',
  },
});

/** A failure of the rooms codec and crypto, in one sentence. */
export function explainCore(failure: DecodeFailure | SelfTestFailure): string {
  switch (failure.code) {
    case 'CORE_TRUNCATED':
      return (
        `${failure.title} ends too early: at byte ${failure.offset}, ` +
        `${failure.wanted} bytes were needed and ${failure.remaining} were left.`
      );
    case 'CORE_TRAILING_BYTES':
      return `${failure.title} ends at byte ${failure.offset}, but more bytes follow.`;
    case 'CORE_TOO_LARGE':
      return `${failure.title} has ${failure.size} bytes; at most ${failure.sizeMax} are allowed.`;
    case 'CORE_TOO_DEEP':
      return `${failure.title} is nested deeper than ${failure.depthMax} levels.`;
    case 'CORE_MALFORMED':
    case 'CORE_NOT_CANONICAL':
      return `${failure.title} ${failure.fact} (at byte ${failure.offset}).`;
    case 'CORE_SELF_TEST_FAILED':
      return `The self-test ${failure.suite} failed at the vector ${failure.vector}.`;
    default:
      return assertNever(failure);
  }
}

/** What is wrong with a note or checkpoint, in one sentence. */
export function explainCheckpoint(failure: CheckpointFailure): string {
  switch (failure.code) {
    case 'CORE_NOTE_MALFORMED':
      return `The note ${failure.fault}.`;
    case 'CORE_NOTE_KEY_MALFORMED':
      return `The text is no verifier key: ${failure.fact}.`;
    case 'CORE_NOTE_SIGNATURE_WRONG':
      return `The signature of ${failure.name} with key id ${failure.keyId} does not hold.`;
    case 'CORE_CHECKPOINT_MALFORMED':
      return `The text of the note ${failure.fault}.`;
    case 'CORE_CHECKPOINT_FOREIGN':
      return `The checkpoint is of ${failure.found}, not of ${failure.expected}.`;
    case 'CORE_CHECKPOINT_QUORUM':
      return `${failure.signers} validators signed; a quorum is ${failure.quorum}.`;
    case 'CORE_CHECKPOINT_WITNESSES':
      return `${failure.cosigners} trusted witnesses cosigned; ${failure.needed} were asked for.`;
    case 'CORE_CHECKPOINT_STALE':
      return `${failure.recent} recent cosignatures; ${failure.needed} were asked for.`;
    case 'CORE_WITNESS_POLICY_INVALID':
      return `No policy of witnesses: ${failure.fact}.`;
    default:
      return assertNever(failure);
  }
}
