/**
 * A consortium for tests and demonstrations: organisations with officers, validators and observers,
 * all keys made here, and a genesis that every founder signed. Real consortia do the same with
 * `daybook init`, each department on its own machine.
 */
import { foundingContracts } from '@daybook/applications';
import type {
  ChainParameters,
  GenesisDocument,
  GenesisFile,
  GenesisNode,
  GenesisOrganisation,
  GenesisValidator,
  PublicKey,
} from '@daybook/core';
import {
  assert,
  completeParameters,
  GENESIS_FORMAT,
  generateSecretKey,
  peerIdFromPublicKey,
  possessionSignBytes,
  publicKeyOf,
  readGenesis,
  sign,
  signAsFounder,
  toHex,
  ZERO_HASH,
} from '@daybook/core';

export interface OfficerPlan {
  readonly name: string;
  /** Full role names, `contract.role`. */
  readonly roles: readonly string[];
}

export interface OrganisationPlan {
  readonly slug: string;
  readonly title: { readonly en: string; readonly zh: string };
  readonly officers: readonly OfficerPlan[];
  /** What its node does; `none` for an organisation without a node. */
  readonly node: 'validator' | 'observer' | 'none';
  /** Multiaddress at which others reach its node. */
  readonly address?: string;
}

export interface ConsortiumPlan {
  readonly name: string;
  readonly organisations: readonly OrganisationPlan[];
  readonly parameters?: Partial<ChainParameters>;
  /** Defaults to now. */
  readonly timeMs?: number;
  /** Contracts that act from the first block; those of this release by default. */
  readonly contracts?: GenesisDocument['contracts'];
  /** Where secret keys come from; random ones by default. */
  readonly makeKey?: () => Uint8Array;
}

/** One officer's key. */
export interface OfficerKey {
  /** `organisation/name`. */
  readonly identity: string;
  readonly publicKey: PublicKey;
  readonly secretKey: Uint8Array;
}

/** Secret keys of one organisation. */
export interface OrganisationKeys {
  readonly slug: string;
  readonly governance: Uint8Array;
  readonly peer: Uint8Array;
  readonly consensus: Uint8Array;
  readonly officers: readonly OfficerKey[];
}

export interface Consortium {
  readonly genesis: GenesisFile;
  readonly organisations: readonly OrganisationKeys[];
  /** Key of an officer by `organisation/name`. @throws AssertionError when there is none */
  officer(identity: string): OfficerKey;
}

function makeKeys(plan: OrganisationPlan, makeKey: () => Uint8Array): OrganisationKeys {
  const officers = plan.officers.map(({ name }) => {
    const secretKey = makeKey();
    return { identity: `${plan.slug}/${name}`, secretKey, publicKey: publicKeyOf(secretKey) };
  });
  const [governance, peer, consensus] = [makeKey(), makeKey(), makeKey()];
  return { slug: plan.slug, governance, peer, consensus, officers };
}

function organisationEntry(plan: OrganisationPlan, keys: OrganisationKeys): GenesisOrganisation {
  return {
    slug: plan.slug,
    title: plan.title,
    governanceKey: toHex(publicKeyOf(keys.governance)),
    officers: plan.officers.map(({ name, roles }, index) => {
      const officer = keys.officers[index];
      assert(officer !== undefined, 'every officer has a key');
      return { name, publicKey: toHex(officer.publicKey), roles };
    }),
  };
}

function nodeEntry(plan: OrganisationPlan, keys: OrganisationKeys): GenesisNode {
  return {
    organisation: plan.slug,
    peerId: peerIdFromPublicKey(publicKeyOf(keys.peer)),
    addresses: plan.address === undefined ? [] : [plan.address],
  };
}

function validatorEntry(plan: OrganisationPlan, keys: OrganisationKeys): GenesisValidator {
  const publicKey = publicKeyOf(keys.consensus);
  const key = { purpose: 'consensus', publicKey } as const;
  const proof = sign(keys.consensus, possessionSignBytes(ZERO_HASH, key, plan.slug));
  return {
    ...nodeEntry(plan, keys),
    consensusKey: toHex(publicKey),
    proofOfPossession: toHex(proof),
  };
}

/** Makes keys and a signed genesis. Fewer than four validators make a development chain. */
export function createConsortium(plan: ConsortiumPlan): Consortium {
  const makeKey = plan.makeKey ?? generateSecretKey;
  const organisations = plan.organisations.map((one) => makeKeys(one, makeKey));
  const pairs = plan.organisations.map((organisation, index) => {
    const keys = organisations[index];
    assert(keys !== undefined, 'every organisation has keys');
    return [organisation, keys] as const;
  });
  const parameters = completeParameters({ ...plan.parameters });
  assert(parameters.ok, 'the parameters of the plan are within bounds');
  const validators = pairs.filter(([{ node }]) => node === 'validator');
  const document: GenesisDocument = {
    format: GENESIS_FORMAT,
    name: plan.name,
    timeMs: plan.timeMs ?? Date.now(),
    developmentMode: validators.length < 4,
    parameters: parameters.value,
    contracts: plan.contracts ?? foundingContracts,
    organisations: pairs.map(([organisation, keys]) => organisationEntry(organisation, keys)),
    validators: validators.map(([organisation, keys]) => validatorEntry(organisation, keys)),
    observers: pairs
      .filter(([{ node }]) => node === 'observer')
      .map(([organisation, keys]) => nodeEntry(organisation, keys)),
  };
  const genesis = readGenesis(document);
  assert(genesis.ok, `the genesis document is valid: ${JSON.stringify(genesis)}`);
  const { chain } = genesis.value;
  const signatures = organisations.map(({ slug, governance }) => ({
    organisation: slug,
    signature: toHex(signAsFounder(chain, governance)),
  }));
  const officers = new Map(
    organisations.flatMap((keys) => keys.officers.map((key) => [key.identity, key] as const)),
  );
  return {
    genesis: { genesis: document, signatures },
    organisations,
    officer: (identity) => {
      const key = officers.get(identity);
      assert(key !== undefined, `${identity} is an officer of the consortium`);
      return key;
    },
  };
}
