/** I3, I4, I5 and I16: what correct validators sign, over all their lives. */
import type { Unsigned, ValidatorSet } from '@daybook/core';
import { quorumOf, toHex } from '@daybook/core';
import type { VoteSigner } from '@daybook/state';
import { parseSignBytes } from '@daybook/state';
import type { Machine } from '../node/machine.ts';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

const STEPS = ['round-change', 'pre-prepare', 'prepare', 'commit'] as const;

/** Order of signing: height, then round, then step. */
function comparePositions(a: Unsigned, b: Unsigned): number {
  return a.height - b.height || a.round - b.round || STEPS.indexOf(a.type) - STEPS.indexOf(b.type);
}

/** What one validator has signed. */
interface Ledger {
  readonly slots: Map<string, string>;
  last: Unsigned | undefined;
  /** Highest round of the present height in which it COMMITted. */
  committed: { height: number; round: number } | undefined;
}

export const VOTES: Checker = {
  invariants: ['I3', 'I4', 'I5', 'I16'],
  watch: (world) => {
    const ledgers = new Map<string, Ledger>();
    const prepares = new Map<string, Map<string, Set<number>>>();
    world.events.on('signed', ({ machine, signer, request, vote }) => {
      if (!machine.isHonest || machine.wasDamaged) return;
      const parsed = parseSignBytes(request.signBytes);
      if (!parsed.ok) {
        world.violate('I3', `${machine.name} signed what is no vote`);
        return;
      }
      const { content } = parsed.value;
      const owner = ownerOf(machine, signer);
      const ledger = ledgers.get(owner) ?? freshLedger();
      ledgers.set(owner, ledger);
      checkSlot(world, machine, ledger, { content, bytes: toHex(vote.signBytes) });
      checkLock(world, { machine, signer }, ledger, content);
      checkMembership(world, machine, content);
      if (content.type === 'prepare') countPrepare(world, machine, prepares, content);
    });
    world.events.on('booted', ({ machine }) => checkGuard(world, machine, ledgers));
  },
};

/** The signer of the key that the set of the next height names, while there are two. */
function signerOf(machine: Machine): VoteSigner | undefined {
  return machine.replica()?.signer ?? machine.storage()?.signer;
}

/** Each key has a log of its own, and another one for each era. */
function ownerOf({ name }: Machine, { publicKey, chain }: VoteSigner): string {
  return `${name} ${toHex(publicKey)} ${toHex(chain)}`;
}

function freshLedger(): Ledger {
  return { slots: new Map(), last: undefined, committed: undefined };
}

function checkSlot(
  world: World,
  machine: Machine,
  ledger: Ledger,
  { content, bytes }: { content: Unsigned; bytes: string },
): void {
  const { height, round, type } = content;
  const slot = `${height}/${round}/${type}`;
  const known = ledger.slots.get(slot);
  if (known !== undefined && known !== bytes) {
    world.violate('I3', `${machine.name} signed two different ${type} for ${height}/${round}`);
  }
  if (known === undefined && ledger.last && comparePositions(content, ledger.last) < 0) {
    world.violate('I3', `${machine.name} signed ${slot} after a later slot`);
  }
  ledger.slots.set(slot, bytes);
  if (ledger.last === undefined || comparePositions(content, ledger.last) > 0)
    ledger.last = content;
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
      .filter((one) => !one.isHonest && validators.some(({ id }) => one.hasValidatorId(id)))
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

/** After a restart the guard stands where the last signature given out was, or later. */
function checkGuard(world: World, machine: Machine, ledgers: ReadonlyMap<string, Ledger>): void {
  const signer = signerOf(machine);
  const last = signer && ledgers.get(ownerOf(machine, signer))?.last;
  if (signer === undefined || last === undefined) return;
  if (!machine.isHonest || machine.wasDamaged) return;
  const { height, round } = signer.state().guard;
  if (height < last.height || (height === last.height && round < last.round)) {
    const words = `${machine.name} restarts with its guard at ${height}/${round}`;
    world.violate('I3', `${words} after it signed for ${last.height}/${last.round}`);
  }
}
