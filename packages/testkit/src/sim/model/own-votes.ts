/** What a replica asks its guard to sign, made into the message that would leave it. */
import type { SignRequest } from '@daybook/consensus';
import type { PrePrepare, Unsigned, VoteMessage } from '@daybook/core';
import { assert, encodeCertificate, justificationHash, signBytes, toHex } from '@daybook/core';
import type { Lock } from '@daybook/state';
import type { Replica } from './replica.ts';
import { signatureOf } from './replica.ts';

/** The message of a request; undefined once its block is gone, that is its height over. */
export function complete(
  { validator, blocks, state }: Replica,
  request: SignRequest,
): VoteMessage | undefined {
  const chain = state.current?.context.chain;
  assert(chain !== undefined, 'votes are of a height');
  const signed = <Content extends Unsigned>(content: Content) => {
    const signature = signatureOf(validator, signBytes(chain, content));
    return { content, sender: validator, signature };
  };
  switch (request.type) {
    case 'pre-prepare': {
      const { height, round, blockHash, justification } = request;
      const header = blocks.get(toHex(blockHash));
      if (header === undefined) return undefined;
      const bound = justificationHash(justification);
      const content = { height, round, blockHash, justificationHash: bound };
      const proposal: PrePrepare = {
        type: 'pre-prepare',
        signed: signed({ type: 'pre-prepare', ...content }),
        header,
        transactionHashes: [],
        inlined: [],
        ...(justification && { justification }),
      };
      return proposal;
    }
    case 'round-change': {
      const { content, certificate } = request;
      return { type: 'round-change', signed: signed(content), ...(certificate && { certificate }) };
    }
    case 'prepare':
      return { type: 'prepare', signed: signed(request.content) };
    case 'commit':
      return { type: 'commit', signed: signed(request.content) };
  }
}

export function lockOf({ content, lock }: Extract<SignRequest, { type: 'commit' }>): Lock {
  const certificate = encodeCertificate(lock.certificate);
  return { height: content.height, round: lock.round, blockHash: lock.blockHash, certificate };
}
