/** An own vote on its way from the machine's request to a signed message; nothing here waits. */
import type { SignRequest } from '@daybook/consensus';
import type { Hash, Height, PrePrepare, Round, VoteMessage } from '@daybook/core';
import {
  asSignature,
  assert,
  encodeCertificate,
  justificationHash,
  refOf,
  SIGNATURE_SIZE,
} from '@daybook/core';
import type { Step, VoteSigner } from '@daybook/state';
import type { HeldBody } from './bodies.ts';

type LoggedLock = NonNullable<Parameters<VoteSigner['sign']>[0]['lock']>;

const UNSIGNED = asSignature(new Uint8Array(SIGNATURE_SIZE));

/** Which slot a signature is asked for. */
export function slotOf(request: SignRequest): {
  readonly type: Step;
  readonly height: Height;
  readonly round: Round;
} {
  const { type } = request;
  const { height, round } = type === 'pre-prepare' ? request : request.content;
  return { type, height, round };
}

/** The block that the vote speaks for, whose candidate is durable before it (protocol §12). */
export function citedBlock(request: SignRequest): Hash | undefined {
  if (request.type === 'round-change') return undefined;
  return request.type === 'pre-prepare' ? request.blockHash : request.content.blockHash;
}

/** The lock that a COMMIT is logged with; undefined for other votes. */
export function lockOf(request: SignRequest): LoggedLock | undefined {
  if (request.type !== 'commit') return undefined;
  const { content, lock } = request;
  const certificate = encodeCertificate(lock.certificate);
  return { height: content.height, round: lock.round, blockHash: lock.blockHash, certificate };
}

/**
 * The message that lacks its signature.
 * @param body  of the cited block, where the vote cites one
 */
export function unsignedVote(
  request: SignRequest,
  sender: number,
  body: HeldBody | undefined,
): VoteMessage {
  const signature = UNSIGNED;
  switch (request.type) {
    case 'pre-prepare':
      return proposalOf(request, sender, body);
    case 'round-change': {
      const { content, certificate } = request;
      const signed = { content, sender, signature };
      return { type: 'round-change', signed, ...(certificate && { certificate }) };
    }
    case 'prepare':
      return { type: 'prepare', signed: { content: request.content, sender, signature } };
    case 'commit':
      return { type: 'commit', signed: { content: request.content, sender, signature } };
  }
}

function proposalOf(
  request: Extract<SignRequest, { type: 'pre-prepare' }>,
  sender: number,
  body: HeldBody | undefined,
): PrePrepare {
  const { height, round, blockHash, justification } = request;
  assert(body?.executed !== undefined, 'only a valid block is proposed');
  const content = {
    type: 'pre-prepare',
    height,
    round,
    blockHash,
    justificationHash: justificationHash(justification),
  } as const;
  return {
    type: 'pre-prepare',
    signed: { content, sender, signature: UNSIGNED },
    header: body.block.header,
    transactionHashes: body.executed.entries.map((entry) => refOf(entry).hash),
    inlined: [],
    ...(justification && { justification }),
  };
}

/** The form that the vote log keeps: blocks are in the block log, by hash. */
export function withoutBodies(message: VoteMessage): VoteMessage {
  return message.type === 'pre-prepare' ? { ...message, inlined: [] } : message;
}

/** The message with its signature in place. */
export function withSignature(message: VoteMessage, bytes: Uint8Array): VoteMessage {
  const signature = asSignature(bytes);
  switch (message.type) {
    case 'pre-prepare':
      return { ...message, signed: { ...message.signed, signature } };
    case 'prepare':
      return { ...message, signed: { ...message.signed, signature } };
    case 'commit':
      return { ...message, signed: { ...message.signed, signature } };
    case 'round-change':
      return { ...message, signed: { ...message.signed, signature } };
  }
}
