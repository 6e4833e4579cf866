/** Named scenarios 17 to 20 of docs/reliability.md: vote logs torn, lost, ahead, or doubled. */
import { expect } from 'chai';
import { createFoundry } from '../../../src/sim/foundry.ts';
import type { Machine } from '../../../src/sim/node/machine.ts';
import type { Scenario } from '../../../src/sim/scenario.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import {
  lockOf,
  losing,
  proposerMachine,
  QUIET,
  recordDecisions,
  recordVotes,
  untilAllAt,
} from './staging.ts';

const foundry = createFoundry();
const EVERYBODY: readonly number[] = [0, 1, 2, 3];
const MIRRORS = ['/data/votes/wal-A', '/data/votes/wal-B'] as const;
const [MIRROR_A, MIRROR_B] = MIRRORS;
/** Enough of the end of a record to know it again, and less than any record has. */
const TAIL_BYTES = 40;

function phaseOf(machine: Machine): string | undefined {
  return machine.replica()?.consensus.trust?.report().phase;
}

function endOf(bytes: Uint8Array): number {
  return bytes.findLastIndex((byte) => byte !== 0) + 1;
}

/** The end of the last record of a mirror. */
function tailOf({ disk }: Machine, path: string): Uint8Array {
  const bytes = disk.durable(path) ?? new Uint8Array();
  const end = endOf(bytes);
  return bytes.slice(end - TAIL_BYTES, end);
}

/** Loses the end of the last record, as a torn write does. */
function tear({ disk }: Machine, path: string): void {
  disk.damage(path, (bytes) => {
    const end = endOf(bytes);
    bytes.fill(0, end - TAIL_BYTES, end);
  });
}

function holdsBytes({ disk }: Machine, path: string, bytes: Uint8Array): boolean {
  return Buffer.from(disk.durable(path) ?? new Uint8Array()).includes(Buffer.from(bytes));
}

/** Everybody has COMMITted a block of height 1, all hear the COMMIT of machine 1 and no other. */
async function openLocked(): Promise<{ scenario: Scenario; restore: () => void }> {
  const scenario = await openScenario({ validators: 4, parameters: QUIET }, foundry);
  const restore = losing(scenario, ({ from, kind }) => kind === 'commit' && from !== 1);
  scenario.submit(0);
  await scenario.until(
    'all locked',
    () => EVERYBODY.every((index) => lockOf(scenario, index) !== undefined),
    1900,
  );
  // What was signed has arrived.
  await scenario.run(200);
  return { scenario, restore };
}

describe('simulator scenarios: vote logs', () => {
  for (const [torn, whole] of [
    [MIRROR_A, MIRROR_B],
    [MIRROR_B, MIRROR_A],
  ] as const) {
    it(`scenario 17: given ${torn} torn, then it is mended from the other and the vote stands`, async () => {
      const { scenario, restore } = await openLocked();
      const machine = scenario.machine(1);
      const lock = lockOf(scenario, 1);
      scenario.stop(1);
      const tail = tailOf(machine, whole);
      tear(machine, torn);
      expect(holdsBytes(machine, torn, tail)).to.equal(false);

      scenario.start(1);
      await scenario.until('trusted', () => phaseOf(machine) === 'trusted', 5000);

      expect(MIRRORS.map((path) => holdsBytes(machine, path, tail))).to.deep.equal([true, true]);
      expect(lockOf(scenario, 1)?.blockHash).to.deep.equal(lock?.blockHash);
      restore();
      await untilAllAt(scenario, EVERYBODY, { height: 1, withinMs: 8000 });
      scenario.end();
    });
  }

  it('scenario 17: given both torn in a vote that never left, then it is dropped and signing goes on', async () => {
    const scenario = await openScenario({ validators: 4, parameters: QUIET }, foundry);
    const votes = recordVotes(scenario);
    const victim = scenario.machine((proposerMachine(scenario, 0, 0) + 1) % 4);
    const before = new Map(MIRRORS.map((path) => [path, endOf(lastBytes(victim, path))] as const));
    victim.strike = ({ operation, path }) => {
      if (operation !== 'sync' || path !== MIRROR_A) return undefined;
      victim.strike = () => undefined;
      const written = new Map(MIRRORS.map((one) => [one, lastBytes(victim, one)] as const));
      victim.crash('power-loss', 'before its first vote is durable');
      for (const [one, bytes] of written)
        keepHalf(victim, one, { bytes, from: before.get(one) ?? 0 });
      return undefined;
    };

    scenario.submit(0);
    await scenario.until('it died', () => victim.state() === 'down', 3000);
    expect(votes.filter(({ machine }) => machine === victim.index)).to.be.empty;
    scenario.start(victim.index);
    await untilAllAt(scenario, EVERYBODY, { height: 1, withinMs: 8000 });
    scenario.submit(0);
    await untilAllAt(scenario, EVERYBODY, { height: 2, withinMs: 8000 });

    expect(phaseOf(victim)).to.equal('trusted');
    expect(votes.filter(({ machine }) => machine === victim.index)).not.to.be.empty;
    scenario.end();
  });

  it('scenario 17: given both torn in a vote that left, then peers tell and it signs no more', async () => {
    const { scenario, restore } = await openLocked();
    const machine = scenario.machine(1);
    scenario.stop(1);
    machine.wasDamaged = true;
    for (const path of MIRRORS) tear(machine, path);
    const votes = recordVotes(scenario);

    scenario.start(1);
    await scenario.until('quarantine', () => phaseOf(machine) === 'quarantine', 5000);
    restore();
    await untilAllAt(scenario, EVERYBODY, { height: 1, withinMs: 15_000 });

    expect(votes.filter((vote) => vote.machine === 1)).to.be.empty;
    scenario.end();
  });

  it('scenario 18: given a lost vote log, then it observes, and signs again above a later height only', async () => {
    const parameters = { emptyIntervalMs: 2000, precisionMs: 500, messageDelayMs: 1000 };
    const scenario = await openScenario({ validators: 4, parameters }, foundry);
    await untilAllAt(scenario, EVERYBODY, { height: 2, withinMs: 8000 });
    const machine = scenario.machine(2);
    scenario.stop(2);
    machine.wasDamaged = true;
    for (const path of MIRRORS) machine.disk.remove(path);
    const votes = recordVotes(scenario);
    const decisions = recordDecisions(scenario);

    scenario.start(2);
    await scenario.until('quarantine', () => phaseOf(machine) === 'quarantine', 3000);
    const firstHeight = machine.height();
    let candidate = 0;
    await scenario.until(
      'its end',
      () => {
        const report = machine.replica()?.consensus.trust?.report();
        if (report?.phase === 'quarantine') candidate = report.resumeAbove ?? candidate;
        return report?.phase === 'trusted';
      },
      60_000,
    );
    await scenario.until('a vote', () => votes.some((vote) => vote.machine === 2), 10_000);
    await scenario.until('a seal of it', () => isSealedBy(scenario, decisions, 2), 15_000);

    expect(candidate).to.be.above(firstHeight);
    const heights = votes.filter((vote) => vote.machine === 2).map(({ height }) => height);
    expect(Math.min(...heights)).to.be.above(candidate);
    scenario.end();
  });

  it('scenario 19: given a database behind the block log, then it executes again and nothing else', async () => {
    const scenario = await openScenario({ validators: 4, parameters: QUIET }, foundry);
    const machine = scenario.machine(1);
    const old = machine.keyValue.backup();
    for (let height = 1; height <= 5; height++) {
      scenario.submit(0);
      await untilAllAt(scenario, EVERYBODY, { height, withinMs: 8000 });
    }
    scenario.stop(1);
    machine.keyValue.restore(old);

    scenario.partition([0, 2, 3]);
    scenario.start(1);
    await scenario.until('it is up', () => machine.state() === 'up', 3000);

    // By itself: it is alone.
    expect(machine.height()).to.equal(5);
    scenario.heal();
    scenario.submit(1);
    await untilAllAt(scenario, EVERYBODY, { height: 6, withinMs: 12_000 });
    expect(phaseOf(machine)).to.equal('trusted');
    scenario.end();
  });

  it('scenario 19: given blocks rolled back below the guard, then it fetches them and signs only above', async () => {
    const scenario = await openScenario({ validators: 4, parameters: QUIET }, foundry);
    for (let height = 1; height <= 5; height++) {
      scenario.submit(0);
      await untilAllAt(scenario, EVERYBODY, { height, withinMs: 8000 });
    }
    const machine = scenario.machine(1);
    const guard = machine.storage()?.signer?.state().guard.height ?? 0;
    expect(guard).to.be.at.least(5);
    scenario.stop(1);
    machine.wasDamaged = true;
    for (const path of machine.disk.paths()) {
      if (!path.includes('/votes/')) machine.disk.remove(path);
    }
    machine.keyValue.restore(new Map());
    const votes = recordVotes(scenario);

    scenario.start(1);
    await scenario.until('it is up', () => machine.replica() !== undefined, 3000);
    expect(machine.height()).to.equal(0);
    await untilAllAt(scenario, [1], { height: 5, withinMs: 10_000 });
    scenario.submit(0);
    await untilAllAt(scenario, EVERYBODY, { height: 6, withinMs: 12_000 });
    scenario.submit(0);
    await untilAllAt(scenario, EVERYBODY, { height: 7, withinMs: 12_000 });

    expect(phaseOf(machine)).to.equal('trusted');
    const heights = votes.filter((vote) => vote.machine === 1).map(({ height }) => height);
    expect(Math.min(...heights)).to.be.at.least(6);
    scenario.end();
  });
});

/** Present bytes of a file. */
function lastBytes({ disk }: Machine, path: string): Uint8Array {
  return (disk.current(path) ?? new Uint8Array()).slice();
}

/** Of what was written from an offset on, the first half stays. */
function keepHalf(
  { disk }: Machine,
  path: string,
  { bytes, from }: { readonly bytes: Uint8Array; readonly from: number },
): void {
  const half = from + ((endOf(bytes) - from) >> 1);
  disk.damage(path, (durable) => {
    durable.fill(0, from);
    durable.set(bytes.subarray(from, half), from);
  });
}

function isSealedBy(
  scenario: Scenario,
  decisions: readonly { readonly signers: readonly number[] }[],
  machine: number,
): boolean {
  const { peerId } = scenario.machine(machine).member;
  const index = scenario.machine(0).replica()?.peers().validators.indexOf(peerId);
  return decisions.some(({ signers }) => index !== undefined && signers.includes(index));
}
