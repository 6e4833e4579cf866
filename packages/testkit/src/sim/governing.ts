/**
 * Decisions of the simulated organisations: their delegates sign proposals together, and those for
 * whom a transaction has no room vote in the next one.
 */
import type { Call, CallArguments, PublicKey } from '@daybook/core';
import {
  asPublicKey,
  assert,
  decodeTransaction,
  encodeBody,
  encodeTransaction,
  equalBytes,
  LIMITS,
  possessionSignBytes,
  publicKeyOf,
  refOf,
  sha256,
  sign,
  signBody,
  toHex,
} from '@daybook/core';
import type { Machine } from './node/machine.ts';
import type { EventOf } from './world/events.ts';
import type { World } from './world/world.ts';

const VALID_MS = 300_000;
/** Two thirds of all organisations adopt whatever is proposed. */
const ADOPTING_PERCENT = 67;

/** Who decides what, and the machine whose node takes the transaction. */
interface Act {
  readonly at: Machine;
  readonly members: readonly number[];
  readonly call: Call;
}

/**
 * Hands in a transaction that the first officers of several organisations sign.
 * @returns its id
 */
export function act(world: World, { at, members, call }: Act): Uint8Array {
  const officers = members.map((index) => {
    const officer = world.chain.members[index]?.keys.officers[0];
    assert(officer !== undefined, 'every member has an officer');
    return officer;
  });
  const { timeline } = world;
  // Two acts of one moment differ in what they say.
  const moment = `act ${timeline.now()} ${timeline.tasks()}`;
  const bodyBytes = encodeBody({
    version: 1,
    chain: world.genesis.chain,
    signers: officers.map(({ publicKey, identity }) => ({ publicKey, identity })),
    nonce: sha256(new TextEncoder().encode(moment)).subarray(0, 16),
    validUntilMs: at.clock.wall() + VALID_MS,
    calls: [call],
  });
  const signatures = officers.map(({ secretKey }) => signBody(bodyBytes, secretKey));
  const decoded = decodeTransaction(encodeTransaction(bodyBytes, signatures));
  assert(decoded.ok, 'a transaction of an act decodes');
  const submitted = at.replica()?.desk.submit([decoded.value.bytes]);
  submitted?.catch((error: unknown) => world.events.emit({ type: 'fault', machine: at, error }));
  return decoded.value.id;
}

/** A node that runs; the first one unless it is another. */
function anyNode({ machines }: World): Machine {
  const running = machines.find((one) => one.state() === 'up');
  assert(running !== undefined, 'a node runs');
  return running;
}

/**
 * Proposes and adopts, by as many delegates as two thirds need.
 * @returns id of the transaction that proposes
 */
export function adopt(
  world: World,
  action: string,
  args: CallArguments,
  at = anyNode(world),
): Uint8Array {
  const count = Math.ceil((world.chain.members.length * ADOPTING_PERCENT) / 100);
  const members = Array.from({ length: count }, (_, index) => index);
  const call = { contract: 'governance', action, args: { reason: 'by the run', ...args } };
  const first = members.slice(0, LIMITS.signersMax);
  const id = act(world, { at, members: first, call });
  const rest = members.slice(LIMITS.signersMax);
  if (rest.length > 0) voteLater(world, { id, members: rest });
  return id;
}

/** Votes for a proposal once it is on the chain. */
function voteLater(
  world: World,
  { id, members }: { readonly id: Uint8Array; readonly members: readonly number[] },
): void {
  let isDone = false;
  world.events.on('committed', (event) => {
    if (isDone || event.machine.state() !== 'up') return;
    const proposal = proposalIn(event, id);
    if (proposal === undefined) return;
    isDone = true;
    const args = { proposal, choice: 'yes', reason: 'by the run' };
    const call = { contract: 'governance', action: 'vote', args };
    act(world, { at: event.machine, members, call });
  });
}

/** Number of the proposal that a transaction of this block made. */
function proposalIn(event: EventOf<'committed'>, id: Uint8Array): number | undefined {
  return eventNumber(event, id, { name: 'proposed', field: 'proposal' });
}

/** From which height on a transaction of this block has put in force what it proposed. */
export function forceIn(event: EventOf<'committed'>, id: Uint8Array): number | undefined {
  return eventNumber(event, id, { name: 'decided', field: 'effectiveHeight' });
}

function eventNumber(
  { block }: EventOf<'committed'>,
  id: Uint8Array,
  { name, field }: { readonly name: string; readonly field: string },
): number | undefined {
  const index = block.entries.findIndex((entry) => equalBytes(refOf(entry).id, id));
  const events = block.outcomes[index]?.result.events ?? [];
  const value = events.find((event) => event.name === name)?.fields[field];
  return typeof value === 'number' ? value : undefined;
}

export interface NewKey {
  readonly secretKey: Uint8Array;
  readonly publicKey: PublicKey;
  readonly proof: Uint8Array;
}

/** A consensus key with the proof that whoever proposes it holds it. */
export function keyFor(world: World, { member }: Machine, secretKey: Uint8Array): NewKey {
  const publicKey = asPublicKey(publicKeyOf(secretKey));
  const claim = { purpose: 'consensus', publicKey } as const;
  const proof = sign(secretKey, possessionSignBytes(world.genesis.chain, claim, member.slug));
  return { secretKey, publicKey, proof };
}

/** Makes an observer's machine one that could sign, and proposes it as validator. */
export async function proposeNewcomer(world: World, machine: Machine): Promise<void> {
  const { member } = machine;
  if (machine.state() !== 'down') machine.crash('kill', 'to get a consensus key');
  machine.consensusKey = member.keys.consensus;
  await machine.prepare();
  machine.start();
  const { publicKey, proof } = keyFor(world, machine, member.keys.consensus);
  const { peerId, slug: organisation } = member;
  const args = { organisation, peerId, role: 'validator', addresses: [] };
  const announcement = { contract: 'directory', action: 'announceNode', args };
  const members = [world.chain.members.indexOf(member)];
  act(world, { at: anyNode(world), members, call: announcement });
  adopt(world, 'proposeValidator', { organisation, consensusKey: publicKey, proof });
}

/** Proposes that the validator of a machine leaves the set. */
export function proposeRemoval(world: World, leaver: Machine): void {
  adopt(world, 'proposeValidatorRemoval', { validator: idOf(world, leaver) });
}

/** Gives the machine a second key, restarts it, and proposes that the key takes over. */
export async function proposeRotation(world: World, machine: Machine): Promise<void> {
  const seed = new TextEncoder().encode(`second key of ${machine.member.slug}`);
  const key = keyFor(world, machine, sha256(seed));
  const validator = idOf(world, machine);
  machine.crash('kill', 'to get its next key');
  machine.nextConsensusKey = key.secretKey;
  await machine.prepareNext();
  machine.start();
  const { publicKey: consensusKey, proof } = key;
  adopt(world, 'proposeKeyRotation', { validator, consensusKey, proof });
}

/** By any running node: some do not know yet that the machine is in the set. */
export function idOf({ machines }: World, machine: Machine): Uint8Array {
  const sets = machines.map((one) => one.replica()?.ledger.head().next.validators ?? []);
  const found = sets.flat().find(({ id }) => machine.hasValidatorId(id));
  assert(found !== undefined, 'the machine is a validator');
  return found.id;
}

/** Keys of the set of the next height, as a running node knows it, in hex. */
export function keysAt(machine: Machine): readonly string[] {
  const validators = machine.replica()?.ledger.head().next.validators ?? [];
  return validators.map(({ publicKey }) => toHex(publicKey));
}

/** Whether a machine's present key is in the set that it knows. */
export function isInSet(viewer: Machine, machine: Machine): boolean {
  const validators = viewer.replica()?.ledger.head().next.validators ?? [];
  return validators.some(({ id }) => machine.hasValidatorId(id));
}
