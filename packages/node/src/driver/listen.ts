/**
 * What this node answers to its peers in matters of consensus: messages go to the inbox, requests to
 * whoever can serve them.
 */
import { decodeMessage } from '@daybook/core';
import { serveRange } from '../ranges.ts';
import { createServingTurns } from '../serving-turns.ts';
import { assembleProposal } from './assembly.ts';
import type { Bodies } from './bodies.ts';
import type { BodyExchange } from './body-exchange.ts';
import type { Consensus, ConsensusParts } from './consensus.ts';
import { createInbox } from './inbox.ts';
import { holdsVote } from './own-key.ts';
import { answerVoteInquiry } from './vote-inquiry.ts';

export interface ListenParts
  extends ConsensusParts,
    Pick<Consensus, 'driver' | 'syncer' | 'ownKey'> {
  readonly bodies: Bodies;
  readonly exchange: BodyExchange;
}

/** @returns what ends each subscription */
export function listenToPeers(parts: ListenParts): readonly (() => void)[] {
  const { network, ledger, blockLog, mempool, driver, syncer, exchange, signer, ownKey } = parts;
  const headHeight = (): number => ledger.head().header.height;
  const inbox = createInbox({
    ...parts,
    headHeight,
    known: (hash) => mempool.byHash(hash),
    isOwnVote: (bytes) => signer !== undefined && holdsVote(signer.state(), bytes),
    onOwnSigned: (found) => ownKey?.onSigned(found),
    state: () => driver.state(),
    finalHash: (height) => blockLog.blockHashAt(height),
    assemble: (peerId, message) => assembleProposal(peerId, message, parts),
    tell: (event) => driver.tell(event),
    onAhead: (peerId, height) => syncer.hint(height, peerId),
  });
  // A proposal that lacks something does not wait behind those who catch up.
  const [ranges, gaps] = [createServingTurns(parts.clock), createServingTurns(parts.clock)];
  const serveBodies = gaps.inTurn(async (_peer, hash) => exchange.serveBody(hash));
  const serveMissing = gaps.inTurn(async (_peer, hashes) => exchange.serveTransactions(hashes));
  return [
    network.onMessage('consensus', (peerId, bytes) => inbox.receive(peerId, bytes)),
    network.onMessage('sync', (peerId, bytes) => inbox.receive(peerId, bytes)),
    network.onGossip('blocks', (peerId, bytes) => {
      const decoded = decodeMessage(bytes);
      if (!decoded.ok || decoded.value.type !== 'decided') return 'reject';
      return inbox.receiveDecided(peerId, decoded.value);
    }),
    network.handle(
      'blocks',
      ranges.inTurn((_peer, request) => serveRange(request, parts)),
    ),
    network.handle('votes', async (_peer, request) => {
      return answerVoteInquiry(request, {
        chain: ledger.head().next.era,
        head: headHeight(),
        validatorsAt: parts.validatorsAt,
        state: driver.state(),
      });
    }),
    network.handle('bodies', serveBodies),
    network.handle('transactions', serveMissing),
    () => ranges.stop(),
    () => gaps.stop(),
  ];
}
