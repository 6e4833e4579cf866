/**
 * I3, I4, I5 and I16: what correct validators sign, over all their lives, on damaged disks as well:
 * a validator that has lost votes is to notice it and to be silent about their heights (quarantine).
 * Two losses nobody can promise to notice, and `excuse` says when they are meant.
 */
import type { Unsigned, ValidatorSet } from '@daybook/core';
import { quorumOf, toHex } from '@daybook/core';
import type { Step, VoteSigner } from '@daybook/state';
import { parseSignBytes } from '@daybook/state';
import type { Machine } from '../node/machine.ts';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

const STEPS: readonly Step[] = ['round-change', 'pre-prepare', 'prepare', 'commit'];

/** A slot, or a guard that has entered a height and signed nothing there. */
interface Position {
  readonly height: number;
  readonly round: number;
  readonly step?: Step;
}

function positionOf({ height, round, type: step }: Unsigned): Position {
  return { height, round, step };
}

/** Order of signing: height, then round, then step; nothing signed comes before every step. */
function comparePositions(a: Position, b: Position): number {
  const stepOf = ({ step }: Position): number => (step === undefined ? -1 : STEPS.indexOf(step));
  return a.height - b.height || a.round - b.round || stepOf(a) - stepOf(b);
}

/** What one validator has signed. */
interface Ledger {
  /** Guard of a log that was opened without its newest votes, as nothing but peers could know. */
  shortAt: Position | undefined;
  readonly slots: Map<string, string>;
  last: Position | undefined;
  /** Highest round of the present height in which it COMMITted. */
  committed: { height: number; round: number } | undefined;
}

export const VOTES: Checker = {
  invariants: ['I3', 'I4', 'I5', 'I16'],
  watch: (world) => {
    const ledgers = new Map<string, Ledger>();
    const prepares = new Map<string, Map<string, Set<number>>>();
    world.events.on('signed', ({ machine, signer, request, vote }) => {
      if (!machine.isHonest) return;
      const parsed = parseSignBytes(request.signBytes);
      if (!parsed.ok) {
        world.violate('I3', `${machine.name} signed what is no vote`);
        return;
      }
      const { content } = parsed.value;
      const owner = ownerOf(machine, signer);
      let ledger = ledgers.get(owner) ?? freshLedger();
      if (ledger.shortAt !== undefined && content.height <= (ledger.last?.height ?? 0)) {
        excuse(world, machine, { ledger, why: 'end of a vote log lost unseen' });
        ledger = freshLedger();
      }
      ledger.shortAt = undefined;
      ledgers.set(owner, ledger);
      checkSlot(world, machine, ledger, { content, bytes: toHex(vote.signBytes) });
      checkLock(world, { machine, signer }, ledger, content);
      checkMembership(world, machine, content);
      if (content.type === 'prepare') countPrepare(world, machine, prepares, content);
    });
    world.events.on('resumed', ({ machine, signer, above }) => {
      const ledger = ledgers.get(ownerOf(machine, signer));
      if (!machine.isHonest || ledger?.last === undefined) return;
      ledger.shortAt = undefined;
      if (above >= ledger.last.height) return;
      if (world.clocksWereWrong()) {
        excuse(world, machine, { ledger, why: 'quarantine left too early by wrong clocks' });
        ledgers.delete(ownerOf(machine, signer));
        return;
      }
      const words = `${machine.name} leaves quarantine to sign above ${above}`;
      world.violate('I16', `${words} after it signed for ${ledger.last.height}`);
    });
    world.events.on('booted', ({ machine }) => checkGuard(world, machine, ledgers));
  },
};

/** The signer of the key that the set of the next height names, while there are two. */
function signerOf(machine: Machine): VoteSigner | undefined {
  return machine.replica()?.signer ?? machine.storage()?.signer;
}

/**
 * What no validator can know. The end of the log gone from both mirrors looks like a write that was
 * never finished: peers tell, where they have the votes, and else it signs again. And quarantine ends
 * by the clocks of a quorum: where those are wrong, it may end too early. What it signed before is
 * forgotten here, too, and at those heights it may contradict itself.
 */
function excuse(
  { coverage }: World,
  machine: Machine,
  { ledger, why }: { readonly ledger: Ledger; readonly why: string },
): void {
  coverage.add(why);
  machine.forgotUpTo = Math.max(machine.forgotUpTo, ledger.last?.height ?? 0);
}

/** Each key has a log of its own, and another one for each era. */
export function ownerOf({ name }: Machine, { publicKey, chain }: VoteSigner): string {
  return `${name} ${toHex(publicKey)} ${toHex(chain)}`;
}

function freshLedger(): Ledger {
  return { shortAt: undefined, slots: new Map(), last: undefined, committed: undefined };
}

function checkSlot(
  world: World,
  machine: Machine,
  ledger: Ledger,
  { content, bytes }: { content: Unsigned; bytes: string },
): void {
  const { height, round, type } = content;
  const position = positionOf(content);
  const slot = `${height}/${round}/${type}`;
  const known = ledger.slots.get(slot);
  if (known !== undefined && known !== bytes) {
    world.violate('I3', `${machine.name} signed two different ${type} for ${height}/${round}`);
  }
  if (known === undefined && ledger.last && comparePositions(position, ledger.last) < 0) {
    world.violate('I3', `${machine.name} signed ${slot} after a later slot`);
  }
  ledger.slots.set(slot, bytes);
  if (ledger.last === undefined || comparePositions(position, ledger.last) > 0)
    ledger.last = position;
}

/** I4: the lock is logged with the COMMIT, and every later ROUND-CHANGE reports one as high. */
function checkLock(
  world: World,
  { machine, signer }: { readonly machine: Machine; readonly signer: VoteSigner },
  ledger: Ledger,
  content: Unsigned,
): void {
  const { height, round } = content;
  if (content.type === 'commit') {
    ledger.committed = { height, round };
    const { lock } = signer.state();
    if (lock === undefined || machine.state() !== 'up') return;
    if (lock.height !== height || lock.round < round) {
      world.violate('I4', `${machine.name} COMMITs ${height}/${round} locked at ${lock.round}`);
    }
  }
  const { committed } = ledger;
  if (content.type !== 'round-change' || committed?.height !== height) return;
  if (content.prepared === undefined || content.prepared.round < committed.round) {
    world.violate('I4', `${machine.name} hides its lock in the ROUND-CHANGE ${height}/${round}`);
  }
}

function checkMembership(world: World, machine: Machine, { height }: Unsigned): void {
  const set = machine.replica()?.history.at(height);
  if (set === undefined || set.some(({ id }) => machine.hasValidatorId(id))) return;
  world.violate('I16', `${machine.name} signs for ${height}, in whose set it is not`);
}

/** I5, with the traitors of the height's set counted as having prepared everything. */
function countPrepare(
  world: World,
  machine: Machine,
  prepares: Map<string, Map<string, Set<number>>>,
  content: Unsigned & { type: 'prepare' },
): void {
  const { height, round, blockHash } = content;
  const slot = `${height}/${round}`;
  const byHash = prepares.get(slot) ?? new Map<string, Set<number>>();
  prepares.set(slot, byHash);
  const hash = toHex(blockHash);
  byHash.set(hash, (byHash.get(hash) ?? new Set()).add(machine.index));
  if (byHash.size < 2) return;
  const validators = setAt(world, machine, height);
  if (validators === undefined) return;
  const { quorum } = quorumOf(validators.length);
  // One that left the set takes no part any more; twins are one member.
  const traitors = new Set(
    world.machines
      .filter((one) => !one.isHonest || height <= one.forgotUpTo)
      .filter((one) => validators.some(({ id }) => one.hasValidatorId(id)))
      .map(({ member }) => member),
  ).size;
  const prepared = [...byHash.values()].filter((voters) => voters.size + traitors >= quorum);
  if (prepared.length > 1) world.violate('I5', `two blocks can be prepared in ${slot}`);
}

/** The set of a height as the machine knows it, or another one where it dies while it signs. */
function setAt({ machines }: World, machine: Machine, height: number): ValidatorSet | undefined {
  const known = [machine, ...machines].map((one) => one.replica()?.history.at(height));
  return known.find((set) => set !== undefined);
}

/**
 * After a restart the guard stands where the last signature given out was, or later. In quarantine
 * there is none, and nobody with a sound disk is to be there.
 */
function checkGuard(world: World, machine: Machine, ledgers: ReadonlyMap<string, Ledger>): void {
  const signer = signerOf(machine);
  const ledger = signer && ledgers.get(ownerOf(machine, signer));
  if (!machine.isHonest || signer === undefined || ledger?.last === undefined) return;
  if (machine.wasDamaged && signer.quarantine() !== undefined) return;
  const { guard } = signer.state();
  const { last } = ledger;
  if (comparePositions(guard, last) >= 0) return;
  const { shortAt } = ledger;
  // Until it signs again it may restart as it stands, and lose no more than that.
  const isKnown = shortAt !== undefined && comparePositions(guard, shortAt) >= 0;
  if (isKnown || isHarmedTwice(machine)) {
    ledger.shortAt = guard;
    return;
  }
  const words = `${machine.name} restarts with its guard at ${wordsOf(guard)}`;
  world.violate('I3', `${words} after it signed ${wordsOf(last)}`);
}

function wordsOf({ height, round, step }: Position): string {
  return `${height}/${round}/${step ?? 'nothing'}`;
}

/** Both mirrors of a vote log were harmed since they were last mended. */
function isHarmedTwice({ disk }: Machine): boolean {
  const harmed = disk.harm.files();
  return harmed.some(
    (path) => /wal-A/.test(path) && harmed.includes(path.replace('wal-A', 'wal-B')),
  );
}
