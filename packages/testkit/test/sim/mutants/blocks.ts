/** Bugs in what a block must be, and in what stands in it. */
import type { Block, Header } from '@daybook/core';
import {
  asHash,
  asPublicKey,
  asSignature,
  assert,
  blockHash,
  createWriter,
  encodeEvidence,
  publicKeyOf,
  systemTransaction,
} from '@daybook/core';
import type { Scenario } from '../../../src/sim/scenario.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import type { Traitor } from '../../../src/sim/strategies/traitor.ts';
import { signFor } from '../../../src/sim/workload.ts';
import { PATIENT, TRAITOR } from '../support/division.ts';
import { gain } from '../support/goals.ts';
import { openBetrayed, proposeAndVote } from '../support/traitor.ts';
import { toHeightWhere } from '../support/turns.ts';
import type { Killer } from './killer.ts';

interface Forging extends Omit<Killer, 'play'> {
  /** How long the traitor waits in its turn, so that the parent is so much older. */
  readonly waitMs?: number;
}

/** In its turn a traitor proposes a block of its own making; the others go on without it. */
function forging({ waitMs = 0, ...killer }: Forging, change: (header: Header) => Header): Killer {
  return {
    ...killer,
    play: async (foundry) => {
      const options = { validators: 4, parameters: PATIENT };
      const { scenario, traitor, reins } = await openBetrayed(options, TRAITOR, foundry);
      const height = await toHeightWhere(scenario, (turn) => turn(0) === traitor.machine);
      reins.isMute = true;
      await scenario.run(waitMs);
      const header = change(forgedHeader(traitor));
      const block: Block = { header, body: [] };
      scenario.submit(0);

      proposeAndVote(traitor, { height, round: 0, block, hash: blockHash(header) });

      await gain(scenario, traitor.honest(), { heights: 1, withinMs: 60_000 });
      for (const { index } of traitor.honest()) scenario.stop(index);
      for (const { index } of traitor.honest()) scenario.start(index);
      await scenario.run(2000);
      scenario.end();
    },
  };
}

function forgedHeader(traitor: Traitor): Header {
  const forged = traitor.forgeBlock(traitor.machine.clock.wall());
  assert(forged !== undefined, 'the traitor is where the others are');
  return forged.block.header;
}

const HOUR_MS = 3_600_000;

const FROM_THE_FUTURE = forging(
  {
    mutant: 'timestamp-unchecked',
    scenario: 'given a proposal dated an hour ahead, then nobody votes for it',
    invariants: ['I31'],
  },
  (header) => ({ ...header, timestampMs: header.timestampMs + HOUR_MS }),
);

/** Beyond MSG_DELAY(0) and twice PRECISION, and still later than the parent. */
const TOO_OLD_MS = 20_000;

const FROM_THE_PAST = forging(
  {
    mutant: 'timestamp-unchecked',
    scenario: 'given a proposal dated twenty seconds back, then nobody votes for it',
    invariants: ['I31'],
    waitMs: 2 * TOO_OLD_MS,
  },
  (header) => ({ ...header, timestampMs: header.timestampMs - TOO_OLD_MS }),
);

const OTHER_STATE = forging(
  {
    mutant: 'state-root-unchecked',
    scenario: 'given a proposal with a state that does not follow, then nobody votes for it',
    // What is stored is the block that follows, and not the one that is voted for (I6).
    invariants: ['I2', 'I6', 'I20'],
  },
  (header) => ({ ...header, stateRoot: asHash(new Uint8Array(32).fill(7)) }),
);

const MAP_ORDER: Killer = {
  mutant: 'map-order',
  scenario: 'given nodes that met two transactions in different orders, then they agree on results',
  invariants: ['I9', 'I18'],
  play: async (foundry) => {
    const scenario = await openScenario({ validators: 4, parameters: PATIENT }, foundry);
    await toHeightWhere(scenario, (turn) => turn(0) === scenario.machine(0));
    const [first, second] = [1, 2].map((number) => transactionOf(scenario, number));
    assert(first !== undefined && second !== undefined, 'two transactions');
    scenario.partition([0], [1, 2, 3]);
    // Alone, the proposer makes a block of the one; the others make one of both, the other first.
    hand(scenario, 0, second);
    await scenario.run(1000);
    for (const index of [1, 2, 3]) for (const one of [first, second]) hand(scenario, index, one);
    const others = [1, 2, 3].map((index) => scenario.machine(index));
    await gain(scenario, others, { heights: 1, withinMs: 20_000 });

    scenario.heal();

    await gain(scenario, scenario.world.machines, { heights: 0, withinMs: 20_000 });
    scenario.end();
  },
};

function transactionOf({ world }: Scenario, number: number): Uint8Array {
  const [member] = world.chain.members;
  assert(member !== undefined, 'a chain has members');
  const calls = [{ contract: 'tally', action: 'add', args: { name: 'order', amount: number } }];
  const nonce = new Uint8Array(16).fill(number);
  const validUntilMs = world.machines[0]?.clock.wall() ?? 0;
  return signFor(world, { member, calls, nonce, validUntilMs: validUntilMs + 300_000 }).bytes;
}

function hand(scenario: Scenario, machine: number, bytes: Uint8Array): void {
  const node = scenario.machine(machine);
  node
    .replica()
    ?.desk.submit([bytes])
    .catch((error: unknown) => scenario.world.events.emit({ type: 'fault', machine: node, error }));
}

const FALSE_EVIDENCE: Killer = {
  mutant: 'evidence-unsigned',
  scenario: 'given made-up evidence against a correct validator, then it is not recorded',
  // Whoever is accused before its evidence is on chain stops: it takes its key to be elsewhere.
  invariants: ['I14', 'I18'],
  play: async (foundry) => {
    const { scenario, traitor } = await openBetrayed({ validators: 4 }, TRAITOR, foundry);
    await gain(scenario, scenario.world.machines, { heights: 2, withinMs: 30_000 });
    const [victim] = traitor.honest();
    assert(victim !== undefined, 'somebody is correct');
    const signature = asSignature(traitor.prng.bytes(64));
    const slot = { type: 'prepare', height: victim.height(), round: 0 } as const;
    const [first, second] = [1, 2].map((number) => {
      return {
        content: { ...slot, blockHash: asHash(new Uint8Array(32).fill(number)) },
        signature,
      };
    });
    assert(first !== undefined && second !== undefined, 'two votes');
    const publicKey = asPublicKey(publicKeyOf(victim.member.keys.consensus));
    const proof = { publicKey, height: slot.height, first, second };
    const { bytes } = systemTransaction('evidence', encodeEvidence(proof));
    const writer = createWriter();
    writer.u32(0);
    writer.sized(bytes);

    await traitor.machine.station()?.publish('system', writer.finish());

    await gain(scenario, scenario.world.machines, { heights: 3, withinMs: 60_000 });
    scenario.end();
  },
};

export const BLOCK_KILLERS: readonly Killer[] = [
  FROM_THE_FUTURE,
  FROM_THE_PAST,
  OTHER_STATE,
  MAP_ORDER,
  FALSE_EVIDENCE,
];
