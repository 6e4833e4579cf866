/**
 * I24: what one message can make a node do is bounded: at most 2Q + 2 signature checks, and two for
 * each contradiction that it completes; in each round of a height only the blocks that can come up
 * in it are executed; and whoever shows again and again that it is behind is answered with one
 * block, no sooner again than after a while (R13).
 */
import { decodeMessage, proposerOf, quorumOf } from '@daybook/core';
import type { Machine } from '../node/machine.ts';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

/**
 * The proposal; the same once more without caches if it did not hold (R15); the block that others
 * have decided.
 */
const EXECUTIONS_MAX = 3;

/** R13: between two helps to one peer, and between two with the same block. */
const HELP_EVERY_MS = 1000;
const SAME_HELP_EVERY_MS = 5000;
/** What a machine takes for a second is a little more or less. */
const DRIFT = 0.999;

/** Where a machine stands: a life, a height and a round of it. */
interface Slot {
  readonly life: number;
  readonly height: number;
  readonly round: number;
  readonly executions: number;
}

export const WORK: Checker = {
  invariants: ['I24'],
  watch: (world) => {
    countChecks(world);
    countExecutions(world);
    countHelps(world);
  },
};

function countChecks(world: World): void {
  let largest = world.genesis.validators.length;
  world.events.on('committed', ({ machine }) => {
    const { length } = machine.replica()?.ledger.head().next.validators ?? [];
    if (length !== undefined) largest = Math.max(largest, length);
  });
  /** Contradictions that have come to light since the last message. */
  const found = new Map<Machine, number>();
  world.events.on('evidence', ({ machine }) => found.set(machine, (found.get(machine) ?? 0) + 1));
  world.events.on('arrived', ({ machine, kind, checks }) => {
    const proofs = found.get(machine) ?? 0;
    found.delete(machine);
    if (!machine.isHonest) return;
    const most = 2 * quorumOf(largest).quorum + 2 + 2 * proofs;
    if (checks <= most) return;
    world.violate('I24', `${machine.name} checks ${checks} signatures of a ${kind}, not ${most}`);
  });
}

function countExecutions(world: World): void {
  const slots = new Map<Machine, Slot>();
  const { epochBlocks } = world.genesis.document.parameters;
  world.events.on('executed', ({ machine, height }) => {
    const { current } = machine.replica()?.consensus.driver.state() ?? {};
    if (!machine.isHonest || current?.context.height !== height) return;
    const { context, round } = current;
    const before = slots.get(machine);
    const { lives: life } = machine;
    const isSame = before?.life === life && before.height === height && before.round === round;
    const executions = isSame ? before.executions + 1 : 1;
    slots.set(machine, { life, height, round, executions });
    if (executions <= EXECUTIONS_MAX) return;
    // Who proposes tries what it offers, within the bounds of a block.
    if (proposerOf({ ...context, epochBlocks }, round) === context.selfIndex) return;
    const words = `${machine.name} executes ${executions} blocks in ${height}/${round}`;
    world.violate('I24', words);
  });
}

interface Help {
  readonly height: number;
  readonly atMs: number;
}

/** What one life of a machine sent to one peer lately. */
interface Helps {
  readonly life: number;
  readonly recent: readonly Help[];
}

function countHelps(world: World): void {
  const given = new Map<Machine, Map<string, Helps>>();
  world.events.on('sent', ({ machine, to, kind, bytes }) => {
    const decoded = kind === 'decided' && machine.isHonest ? decodeMessage(bytes) : undefined;
    if (decoded?.ok !== true || decoded.value.type !== 'decided') return;
    const peers = given.get(machine) ?? new Map<string, Helps>();
    given.set(machine, peers);
    const last = peers.get(to);
    const before = last?.life === machine.lives ? last : undefined;
    const help = { height: decoded.value.header.height, atMs: world.timeline.now() };
    if (before !== undefined && isEarly(before, help)) {
      const words = `${machine.name} sends ${to} block ${help.height} again after a moment`;
      world.violate('I24', words);
    }
    peers.set(to, { life: machine.lives, recent: [...recentOf(before, help.atMs), help] });
  });
}

function recentOf(helps: Helps | undefined, nowMs: number): readonly Help[] {
  return (helps?.recent ?? []).filter(({ atMs }) => nowMs - atMs < SAME_HELP_EVERY_MS * DRIFT);
}

function isEarly(before: Helps, { height, atMs }: Help): boolean {
  return recentOf(before, atMs).some(
    (help) => help.height === height || atMs - help.atMs < HELP_EVERY_MS * DRIFT,
  );
}
