/** A traitor in the hands of a scenario: honest code until the scenario says otherwise. */
import type { Block, Hash, Justification, Message } from '@daybook/core';
import { justificationHash } from '@daybook/core';
import type { Foundry } from '../../../src/sim/foundry.ts';
import type { Scenario, ScenarioOptions } from '../../../src/sim/scenario.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import { inlineAll, Traitor } from '../../../src/sim/strategies/traitor.ts';

/** What the scenario changes about a traitor while it runs. */
export interface Reins {
  /** Nothing that its own code says leaves. */
  isMute: boolean;
  /** What leaves in place of a message of its own code. */
  outgoing: (message: Message, to: number) => readonly Message[];
}

export interface Betrayed {
  readonly scenario: Scenario;
  readonly traitor: Traitor;
  readonly reins: Reins;
}

/** Opens a scenario whose machine of this number is a traitor. */
export async function openBetrayed(
  options: ScenarioOptions,
  machine: number,
  foundry: Foundry,
): Promise<Betrayed> {
  const down = [...(options.down ?? []), machine];
  const scenario = await openScenario({ ...options, down }, foundry);
  const { world } = scenario;
  const place = scenario.machine(machine);
  const traitor = new Traitor(world, place, {
    prng: world.prng.fork('traitor'),
    twin: 0,
    strategy: 'of the scenario',
  });
  const reins: Reins = { isMute: false, outgoing: (message) => [message] };
  traitor.bend({
    outgoing: ({ to, message }) => (reins.isMute ? [] : reins.outgoing(message, to)),
  });
  scenario.start(machine);
  await scenario.run(1000);
  return { scenario, traitor, reins };
}

export interface Forgery {
  readonly height: number;
  readonly round: number;
  readonly block: Block;
  readonly hash: Hash;
  readonly justification?: Justification | undefined;
}

/** Proposes a block, and votes for it as if everybody had agreed. */
export function proposeAndVote(traitor: Traitor, forgery: Forgery): void {
  const { height, round, block, hash: blockHash, justification } = forgery;
  const slot = { height, round, blockHash };
  const signed = traitor.sign({
    type: 'pre-prepare',
    ...slot,
    justificationHash: justificationHash(justification),
  });
  traitor.sendToAll({
    type: 'pre-prepare',
    signed,
    header: block.header,
    ...(justification && { justification }),
    ...inlineAll(block.body),
  });
  traitor.sendToAll({ type: 'prepare', signed: traitor.sign({ type: 'prepare', ...slot }) });
  traitor.sendToAll({ type: 'commit', signed: traitor.sign({ type: 'commit', ...slot }) });
}
