/** What the driver does with bodies beside what the machine asks for. */
import type { Effect } from '@daybook/consensus';
import { decodeBlock } from '@daybook/core';
import { expect } from 'chai';
import { createDriver } from '../../src/driver/driver.ts';
import { SILENT_LOGGER } from '../../src/log.ts';
import { buildNext, freshDisks, makeGenesis, openChain } from '../support/chain.ts';
import { createManualClock } from '../support/manual-clock.ts';

const genesis = makeGenesis();

describe('node: consensus driver', () => {
  it('given a body that the machine has no use for, then it is released at once', async () => {
    const { ledger, close } = await openChain(genesis, freshDisks());
    const { bytes, hash } = buildNext(ledger, []);
    const block = decodeBlock(bytes);
    if (!block.ok) throw new Error(block.reason.code);
    const { header } = block.value;
    const performed: Effect[] = [];
    const driver = createDriver(
      { seed: 1 },
      {
        clock: createManualClock(),
        logger: SILENT_LOGGER,
        createEffects: () => ({
          perform: (effect) => performed.push(effect),
          signing: () => undefined,
          stop: async () => undefined,
        }),
        onFatal: (error) => expect.fail(String(error)),
      },
    );

    driver.tell({ type: 'block', block: { hash, header } });

    expect(performed).to.deep.equal([{ type: 'release', hashes: [hash] }]);
    await driver.stop();
    await close();
  });
});
