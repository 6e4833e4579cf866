/** Bodies that are looked for at peers of which some are silent. */
import { decodeBlock, encodeBlock } from '@daybook/core';
import { expect } from 'chai';
import { createBodies } from '../../src/driver/bodies.ts';
import type { BodyExchangeParts } from '../../src/driver/body-exchange.ts';
import { createBodyExchange } from '../../src/driver/body-exchange.ts';
import { mapValidatorPeers } from '../../src/driver/validators.ts';
import { createFoundDamage } from '../../src/found-damage.ts';
import { SILENT_LOGGER } from '../../src/log.ts';
import { createMempool } from '../../src/mempool.ts';
import { answeringPeers } from '../support/answering-peers.ts';
import { buildNext, freshDisks, makeGenesis, noteOf, openChain } from '../support/chain.ts';

const genesis = makeGenesis();
const PEERS = Array.from({ length: 12 }, (_, index) => `p${index}`);

describe('node: bodies from peers', () => {
  it('given more silent peers than one attempt asks, when a body is asked for again, then it comes from one behind them', async () => {
    const { ledger, blockLog, close } = await openChain(genesis, freshDisks());
    const executed = buildNext(ledger, [noteOf(genesis, 1)]);
    const block = decodeBlock(executed.bytes);
    if (!block.ok) throw new Error(block.reason.code);
    const asked: string[] = [];
    const network = answeringPeers({
      validators: PEERS,
      answer: async (peerId) => {
        asked.push(peerId);
        return PEERS.indexOf(peerId) < 9 ? undefined : encodeBlock(block.value);
      },
    });
    const parts: BodyExchangeParts = {
      network,
      blockLog,
      damage: createFoundDamage(SILENT_LOGGER),
      mempool: createMempool({ bytesMax: 1024 * 1024 }),
      bodies: createBodies(),
      peers: () => mapValidatorPeers(PEERS.map((peerId) => ({ peerId, organisation: undefined }))),
    };
    const exchange = createBodyExchange(parts);

    const found: boolean[] = [];
    // The sources are the same in every attempt.
    for (let attempt = 0; attempt < 3; attempt++) {
      found.push((await exchange.fetch(executed.hash, [0, 1, 2, 3, 4, 5])) !== undefined);
    }

    expect(found).to.deep.equal([false, false, true]);
    expect(asked).to.deep.equal(PEERS.slice(0, 10));
    await close();
  });
});
