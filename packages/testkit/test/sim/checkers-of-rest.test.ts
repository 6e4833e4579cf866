/** Checkers of a chain at rest, of encodings, of executing again and of recovery see what is wrong. */
import type { Engine } from '@daybook/contracts';
import { decodeMessage, encodeMessage, ok } from '@daybook/core';
import { expect } from 'chai';
import type { Encoding } from '../../src/sim/checkers/encodings.ts';
import { checkEncoding } from '../../src/sim/checkers/encodings.ts';
import { reExecutionIn } from '../../src/sim/checkers/re-execution.ts';
import { createFoundry } from '../../src/sim/foundry.ts';
import type { Scenario } from '../../src/sim/scenario.ts';
import { openScenario } from '../../src/sim/scenario.ts';
import type { EventOf } from '../../src/sim/world/events.ts';
import { createPrng } from '../../src/sim/world/prng.ts';
import type { World } from '../../src/sim/world/world.ts';
import { gain } from './support/goals.ts';

const foundry = createFoundry();
const INTERVAL_MS = 5000;
const QUIET = { blockIntervalMs: 500, emptyIntervalMs: INTERVAL_MS };

/** The violation that a scenario breaks; nothing when all held. */
async function brokenBy(run: () => Promise<unknown>): Promise<string> {
  return await run().then(
    () => 'nothing',
    (error: Error) => error.message.split('\n')[0] ?? '',
  );
}

describe('checker of an idle chain (I29)', () => {
  async function openResting(): Promise<Scenario> {
    const scenario = await openScenario({ validators: 4, parameters: QUIET }, foundry);
    await gain(scenario, scenario.world.machines, { heights: 1, withinMs: 30_000 });
    scenario.world.events.emit({ type: 'resting' });
    return scenario;
  }

  it('given nothing to do, then a block per interval is what must be', async () => {
    const scenario = await openResting();

    await scenario.run(4 * INTERVAL_MS);

    expect(scenario.world.coverage.counts().get('idle block')).to.be.within(3, 5);
    scenario.end();
  });

  it('given somebody who hands something in all the same, then it is broken', async () => {
    const scenario = await openResting();
    scenario.submit(0);

    expect(await brokenBy(() => scenario.run(INTERVAL_MS))).to.match(/^I29: .* entries$/);
  });

  it('given a proposer that nobody hears, then the later round breaks it', async () => {
    const scenario = await openResting();
    scenario.partition([0, 1, 2], [3]);

    expect(await brokenBy(() => scenario.run(10 * INTERVAL_MS))).to.match(/^I29: /);
  });

  it('given no quorum, then the missing block breaks it', async () => {
    const scenario = await openResting();
    scenario.partition([0, 1], [2, 3]);

    const broken = await brokenBy(() => scenario.run(3 * INTERVAL_MS));

    expect(broken).to.match(/^I29: idle for \d+ ms without a block/);
  });

  it('given nodes that wake up again and again, then it is broken at the end', async () => {
    const scenario = await openResting();
    const { timeline } = scenario.world;
    const wake = (): void => {
      timeline.at(timeline.now() + 40, wake);
    };
    wake();
    await scenario.run(2 * INTERVAL_MS);

    const broken = await brokenBy(async () => scenario.end());

    expect(broken).to.match(/^I29: .* wake-ups a second/);
  });
});

describe('checker of encodings (I19)', () => {
  const MESSAGE: Encoding = {
    name: 'message',
    again: (bytes) => {
      const decoded = decodeMessage(bytes);
      return decoded.ok ? ok(encodeMessage(decoded.value)) : decoded;
    },
  };

  /** What an encoding breaks on a message that a node has really sent. */
  async function brokenEncoding(encoding: Encoding): Promise<string> {
    const scenario = await openScenario({ validators: 4, parameters: QUIET }, foundry);
    let sent: EventOf<'sent'> | undefined;
    scenario.world.events.on('sent', (event) => {
      if (event.kind === 'prepare') sent ??= event;
    });
    scenario.submit(0);
    await scenario.until('a vote', () => sent !== undefined, 30_000);
    const bytes = sent?.bytes ?? new Uint8Array();
    checkEncoding(scenario.world, encoding, { bytes, prng: createPrng(1) });
    return await brokenBy(() => scenario.run(0));
  }

  it('given the decoder of messages, then nothing is broken, damaged or not', async () => {
    expect(await brokenEncoding(MESSAGE)).to.equal('nothing');
  });

  it('given a decoder that refuses what a node sends, then it is broken', async () => {
    const refusing: Encoding = {
      name: 'message',
      again: () => MESSAGE.again(new Uint8Array()),
    };

    expect(await brokenEncoding(refusing)).to.match(/^I19: a message of \d+ bytes is refused/);
  });

  it('given a decoder that throws over damaged bytes, then it is broken', async () => {
    const throwing: Encoding = {
      name: 'message',
      again: (bytes) => {
        const again = MESSAGE.again(bytes);
        if (!again.ok) throw new RangeError('beyond the end');
        return again;
      },
    };

    expect(await brokenEncoding(throwing)).to.match(/^I19: a damaged message .* throw .*beyond/);
  });

  it('given a decoder that takes bytes behind the end, then it is broken', async () => {
    const generous: Encoding = {
      name: 'message',
      again: (bytes) => {
        for (let end = bytes.length; end > bytes.length - 9; end--) {
          const again = MESSAGE.again(bytes.subarray(0, end));
          if (again.ok) return again;
        }
        return MESSAGE.again(bytes);
      },
    };

    expect(await brokenEncoding(generous)).to.match(/^I19: a damaged message .* another encoding/);
  });
});

describe('checker of executing again (I10, I11)', () => {
  /** Three blocks with transactions, executed again by an engine that is changed like this. */
  async function executeAgain(change: (engine: Engine) => Engine): Promise<Scenario> {
    const scenario = await openScenario({ validators: 4, parameters: QUIET }, foundry);
    const { world } = scenario;
    const referenceEngine = (): Engine => change(world.chain.referenceEngine());
    const watched: World = { ...world, chain: { ...world.chain, referenceEngine } };
    reExecutionIn(1000).watch(watched);
    for (let count = 0; count < 3; count++) {
      scenario.submit(count);
      await scenario.run(2 * QUIET.blockIntervalMs);
    }
    return scenario;
  }

  it('given the chain as it is, then every root follows from genesis', async () => {
    const scenario = await executeAgain((engine) => engine);

    const count = scenario.world.coverage.counts().get('block executed again from genesis') ?? 0;
    expect(count).to.equal(scenario.machine(0).height());
    expect(count).to.be.at.least(3);
    scenario.end();
  });

  it('given a write that is lost, then the state root breaks it', async () => {
    const run = executeAgain((engine) => ({
      ...engine,
      execute: (view, block) => {
        const executed = engine.execute(view, block);
        if (!executed.ok) return executed;
        return ok({ ...executed.value, writes: executed.value.writes.slice(1) });
      },
    }));

    expect(await brokenBy(() => run)).to.match(/^I11: .* gives state root/);
  });

  it('given another result of the hooks, then the result root breaks it', async () => {
    const run = executeAgain((engine) => ({
      ...engine,
      execute: (view, block) => {
        const executed = engine.execute(view, block);
        if (!executed.ok) return executed;
        const { hook } = executed.value;
        return ok({ ...executed.value, hook: { ...hook, code: hook.code + 1 } });
      },
    }));

    expect(await brokenBy(() => run)).to.match(/^I11: .* gives result root/);
  });
});

describe('checker of recovery (I21)', () => {
  it('given a signature before recovery has ended, then it is broken', async () => {
    const scenario = await openScenario({ validators: 4, parameters: QUIET }, foundry);
    const { events } = scenario.world;
    const machine = scenario.machine(0);
    let signed: EventOf<'signed'> | undefined;
    events.on('signed', (event) => {
      if (event.machine === machine) signed = event;
    });
    scenario.submit(0);
    await scenario.until('a vote', () => signed !== undefined, 30_000);
    scenario.stop(0);
    scenario.start(0);

    if (signed !== undefined) events.emit(signed);

    expect(await brokenBy(() => scenario.run(0))).to.match(/^I21: n0 signs/);
  });
});
