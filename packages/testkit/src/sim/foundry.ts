/**
 * Chains to simulate: keys and genesis of consortia of any size, made once per process for equal
 * options, because checking keys costs more than simulating a minute.
 */
import type { Contract, Engine, StateView } from '@daybook/contracts';
import { createEngine, foundingContractsOf, manifestRecordKey } from '@daybook/contracts';
import type { ChainParameters, Genesis } from '@daybook/core';
import {
  assert,
  peerIdFromPublicKey,
  publicKeyOf,
  readGenesis,
  sha256,
  toHex,
} from '@daybook/core';
import type { Consortium, OrganisationKeys } from '../consortium.ts';
import { createConsortium } from '../consortium.ts';
import { nextTally } from './tally.ts';
import { TREASURY_ROLES } from './treasury-workload.ts';

/** Genesis time of every simulated chain: virtual time 0. */
export const GENESIS_MS = 1_750_000_000_000;

export interface ChainPlan {
  readonly validators: number;
  readonly observers: number;
  readonly parameters: Partial<ChainParameters>;
  readonly signatures: 'ed25519' | 'keyed-hash';
}

/** One organisation with its machine. */
export interface Member {
  readonly slug: string;
  readonly role: 'validator' | 'observer';
  readonly peerId: string;
  readonly keys: OrganisationKeys;
}

export interface SimulatedChain {
  readonly genesis: Genesis;
  /** Shared by all nodes: it remembers nothing between blocks. */
  readonly engine: Engine;
  /** That of the next release, which has one more version of a contract. */
  readonly nextEngine: () => Engine;
  /** Of the newest release, and never shared by what a node executes with. */
  readonly referenceEngine: () => Engine;
  /** Validators first. */
  readonly members: readonly Member[];
}

export interface Foundry {
  chain(plan: ChainPlan, contracts: readonly Contract[]): SimulatedChain;
}

/** Keys by counting: the same ones in every run. */
function countingKeys(): () => Uint8Array {
  let count = 0;
  return () => {
    count += 1;
    return sha256(new TextEncoder().encode(`simulated key ${count}`));
  };
}

function consortiumOf(plan: ChainPlan, contracts: readonly Contract[]): Consortium {
  const { validators, observers, parameters } = plan;
  const hasTreasury = contracts.some(({ name }) => name === 'treasury');
  const base = ['directory.administrator', 'governance.delegate'];
  const roles = [...base, ...(hasTreasury ? TREASURY_ROLES : [])];
  const organisations = Array.from({ length: validators + observers }, (_, index) => ({
    slug: `office-${index}`,
    title: { en: `Office ${index}`, zh: `第${index}处` },
    officers: [{ name: 'clerk', roles }],
    node: index < validators ? ('validator' as const) : ('observer' as const),
  }));
  const makeKey = countingKeys();
  return createConsortium({
    name: 'simulated',
    timeMs: GENESIS_MS,
    organisations,
    parameters,
    makeKey,
    contracts: foundingContractsOf(contracts),
  });
}

/** Compiles each list of contracts once: an engine belongs to no chain. */
type Compiler = (contracts: readonly Contract[]) => Engine;

function forge(plan: ChainPlan, contracts: readonly Contract[], compile: Compiler): SimulatedChain {
  const consortium = consortiumOf(plan, contracts);
  const genesis = readGenesis(consortium.genesis.genesis);
  assert(genesis.ok, 'a made genesis is valid');
  const members = consortium.organisations.map((keys, index) => ({
    slug: keys.slug,
    role: index < plan.validators ? ('validator' as const) : ('observer' as const),
    peerId: peerIdFromPublicKey(publicKeyOf(keys.peer)),
    keys,
  }));
  const nextEngine = (): Engine => compile([...contracts, nextTally]);
  return {
    genesis: genesis.value,
    engine: compile(contracts),
    nextEngine,
    referenceEngine: nextEngine,
    members,
  };
}

/**
 * An engine that computes once what follows from genesis, or from the record of active contracts,
 * alone: every start of every simulated node asks for it again.
 */
function rememberingEngine(contracts: readonly Contract[]): Engine {
  const engine = createEngine(contracts);
  const geneses = new WeakMap<Genesis, ReturnType<Engine['applyGenesis']>>();
  const verdicts = new Map<string, ReturnType<Engine['verify']>>();
  const manifests = new Map<string, ReturnType<Engine['manifestOf']>>();
  const key = manifestRecordKey();
  const once = <T>(known: Map<string, T>, view: StateView, make: () => T): T => {
    const name = toHex(view.get(key) ?? new Uint8Array());
    const found = known.has(name) ? (known.get(name) as T) : make();
    known.set(name, found);
    return found;
  };
  return {
    ...engine,
    applyGenesis: (genesis) => {
      const applied = geneses.get(genesis) ?? engine.applyGenesis(genesis);
      geneses.set(genesis, applied);
      return applied;
    },
    verify: (view) => once(verdicts, view, () => engine.verify(view)),
    manifestOf: (view) => once(manifests, view, () => engine.manifestOf(view)),
  };
}

function namesOf(contracts: readonly Contract[]): readonly (readonly [string, number])[] {
  return contracts.map(({ name, version }) => [name, version] as const);
}

export function createFoundry(): Foundry {
  const chains = new Map<string, SimulatedChain>();
  const engines = new Map<string, Engine>();
  const compile: Compiler = (contracts) => {
    const key = JSON.stringify(namesOf(contracts));
    const engine = engines.get(key) ?? rememberingEngine(contracts);
    engines.set(key, engine);
    return engine;
  };
  return {
    chain: (plan, contracts) => {
      const { validators, observers, parameters, signatures } = plan;
      const names = namesOf(contracts);
      const key = JSON.stringify([validators, observers, parameters, signatures, names]);
      const chain = chains.get(key) ?? forge(plan, contracts, compile);
      chains.set(key, chain);
      return chain;
    },
  };
}
