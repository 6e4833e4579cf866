/** Decisions of the simulated organisations: their delegates sign proposals together. */
import type { Call, CallArguments, PublicKey } from '@daybook/core';
import {
  asPublicKey,
  assert,
  decodeTransaction,
  encodeBody,
  encodeTransaction,
  possessionSignBytes,
  publicKeyOf,
  sha256,
  sign,
  signBody,
  toHex,
} from '@daybook/core';
import type { Machine } from '../../../src/sim/node/machine.ts';
import type { Scenario } from '../../../src/sim/scenario.ts';

const SIGNERS_MAX = 16;
const VALID_MS = 300_000;
let nonces = 0;

/** Hands in a transaction that the first officers of several organisations sign. */
export function act(
  scenario: Scenario,
  { at, members, call }: { at: number; members: readonly number[]; call: Call },
): void {
  const { world } = scenario;
  const officers = members.map((index) => {
    const officer = world.chain.members[index]?.keys.officers[0];
    assert(officer !== undefined, 'every member has an officer');
    return officer;
  });
  nonces += 1;
  const node = scenario.machine(at);
  const bodyBytes = encodeBody({
    version: 1,
    chain: world.genesis.chain,
    signers: officers.map(({ publicKey, identity }) => ({ publicKey, identity })),
    nonce: sha256(new TextEncoder().encode(`governing ${nonces}`)).subarray(0, 16),
    validUntilMs: node.clock.wall() + VALID_MS,
    calls: [call],
  });
  const signatures = officers.map(({ secretKey }) => signBody(bodyBytes, secretKey));
  const decoded = decodeTransaction(encodeTransaction(bodyBytes, signatures));
  assert(decoded.ok, 'a transaction of the scenario decodes');
  const submitted = node.replica()?.desk.submit([decoded.value.bytes]);
  submitted?.catch((error: unknown) => world.events.emit({ type: 'fault', machine: node, error }));
}

/** Proposes and adopts in one transaction, by as many delegates as two thirds need. */
export function adopt(
  scenario: Scenario,
  action: string,
  args: CallArguments,
  at = scenario.running()[0]?.index ?? 0,
): void {
  const count = Math.ceil((scenario.world.chain.members.length * 67) / 100);
  const members = Array.from({ length: Math.min(count, SIGNERS_MAX) }, (_, index) => index);
  const call = { contract: 'governance', action, args: { reason: 'by the scenario', ...args } };
  act(scenario, { at, members, call });
}

export interface NewKey {
  readonly secretKey: Uint8Array;
  readonly publicKey: PublicKey;
  readonly proof: Uint8Array;
}

/** A consensus key with the proof that whoever proposes it holds it. */
export function keyFor({ world }: Scenario, { member }: Machine, secretKey: Uint8Array): NewKey {
  const publicKey = asPublicKey(publicKeyOf(secretKey));
  const claim = { purpose: 'consensus', publicKey } as const;
  const proof = sign(secretKey, possessionSignBytes(world.genesis.chain, claim, member.slug));
  return { secretKey, publicKey, proof };
}

/** Makes an observer's machine one that could sign, and proposes it as validator. */
export async function proposeNewcomer(scenario: Scenario, newcomer: number): Promise<void> {
  const machine = scenario.machine(newcomer);
  const { member } = machine;
  if (machine.state() !== 'down') machine.crash('kill', 'to get a consensus key');
  machine.consensusKey = member.keys.consensus;
  await machine.prepare();
  machine.start();
  const { publicKey, proof } = keyFor(scenario, machine, member.keys.consensus);
  const { peerId, slug: organisation } = member;
  const args = { organisation, peerId, role: 'validator', addresses: [] };
  const announcement = { contract: 'directory', action: 'announceNode', args };
  act(scenario, { at: 0, members: [newcomer], call: announcement });
  adopt(scenario, 'proposeValidator', { organisation, consensusKey: publicKey, proof });
}

/** Proposes that the validator of a machine leaves the set. */
export function proposeRemoval(scenario: Scenario, leaver: number): void {
  adopt(scenario, 'proposeValidatorRemoval', { validator: idOf(scenario, leaver) });
}

/** Gives the machine a second key, restarts it, and proposes that the key takes over. */
export async function proposeRotation(scenario: Scenario, rotating: number): Promise<void> {
  const machine = scenario.machine(rotating);
  const seed = new TextEncoder().encode(`second key of ${machine.member.slug}`);
  const key = keyFor(scenario, machine, sha256(seed));
  machine.crash('kill', 'to get its next key');
  machine.nextConsensusKey = key.secretKey;
  await machine.prepareNext();
  machine.start();
  adopt(scenario, 'proposeKeyRotation', {
    validator: idOf(scenario, rotating),
    consensusKey: key.publicKey,
    proof: key.proof,
  });
}

export function idOf(scenario: Scenario, index: number): Uint8Array {
  const machine = scenario.machine(index);
  const replica = scenario
    .running()
    .find((one) => one.replica() !== undefined)
    ?.replica();
  const found = replica?.ledger.head().next.validators.find(({ id }) => machine.hasValidatorId(id));
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
