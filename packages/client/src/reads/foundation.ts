/**
 * What the rest of the client builds on: the chain id, the founding document and the manifest. Each
 * is fetched once and checked: the document by its hash, which is the chain id, and the manifest by
 * a proof of the record that holds its hash.
 */
import type { Manifest, ManifestContract } from '@daybook/contracts';
import { MANIFEST_FORMAT, manifestHashIn, manifestHashOf } from '@daybook/contracts';
import type { Genesis, Hash } from '@daybook/core';
import { equalBytes, toHex } from '@daybook/core';
import type { Clock } from '../clock.ts';
import { ClientError } from '../errors.ts';
import type { Requester } from '../transport/requester.ts';
import { readTrustedGenesis } from '../verify/light-client.ts';
import { verifyProofBundle } from '../verify/proof.ts';
import { decodeGenesisAnswer } from '../wire/chain.ts';
import type { Decoder } from '../wire/decode.ts';
import { list, object, objectOfAnything, oneOf } from '../wire/decode.ts';

export interface Foundation {
  /** The trusted chain id; without one, that of the node, taken at the first use. */
  chain(): Promise<Hash>;
  /** @throws ClientError CLIENT_CHAIN_DIFFERS if the node's document is of another chain */
  genesis(): Promise<Genesis>;
  /**
   * The contracts that act now. @throws ClientError CLIENT_MANIFEST_DIFFERS if what the node says is
   * not what the chain agreed on
   */
  manifest(options?: { readonly fresh?: boolean }): Promise<Manifest>;
  /** @throws ClientError CLIENT_CONTRACT_UNKNOWN */
  contract(name: string): Promise<ManifestContract>;
}

export interface FoundationParts {
  readonly requester: Requester;
  readonly clock: Clock;
  readonly trusted: Hash | undefined;
  /** Eras of recoveries that are trusted. */
  readonly eras?: readonly Hash[] | undefined;
}

const ACTIVATION_PATH = '/v1/contracts/ledger/activation';
const PROOF_TYPE = 'application/vnd.daybook.proof+cbor';

// The members of a contract are vouched for by the hash, which `fetchManifest` compares.
const decodeManifest = object({
  format: oneOf(MANIFEST_FORMAT),
  contracts: list(objectOfAnything as unknown as Decoder<ManifestContract>),
});

export function createFoundation(parts: FoundationParts): Foundation {
  let genesis: Promise<Genesis> | undefined;
  let manifest: Promise<Manifest> | undefined;
  const foundation: Foundation = {
    chain: async () => parts.trusted ?? (await foundation.genesis()).chain,
    genesis: () => {
      genesis ??= fetchGenesis(parts).catch((error: unknown) => {
        genesis = undefined;
        throw error;
      });
      return genesis;
    },
    manifest: ({ fresh = false } = {}) => {
      if (fresh) manifest = undefined;
      manifest ??= fetchManifest(foundation, parts).catch((error: unknown) => {
        manifest = undefined;
        throw error;
      });
      return manifest;
    },
    contract: async (name) => {
      const { contracts } = await foundation.manifest();
      const found = contracts.find((contract) => contract.name === name);
      if (found !== undefined) return found;
      const known = contracts.map((contract) => contract.name);
      throw new ClientError({ code: 'CLIENT_CONTRACT_UNKNOWN', name, known });
    },
  };
  return foundation;
}

async function fetchGenesis({ requester, trusted }: FoundationParts): Promise<Genesis> {
  const answer = await requester.json({ path: '/v1/genesis' }, decodeGenesisAnswer);
  const genesis = readTrustedGenesis(answer.bytes);
  if (!genesis.ok || !equalBytes(genesis.value.chain, answer.chain)) {
    const url = requester.urls.join(', ');
    const fact = 'the genesis document is not the one of its chain id';
    throw new ClientError({ code: 'CLIENT_ANSWER_MALFORMED', url, fact });
  }
  const { chain } = genesis.value;
  if (trusted !== undefined && !equalBytes(trusted, chain)) {
    const [expected, found] = [toHex(trusted), toHex(chain)];
    throw new ClientError({ code: 'CLIENT_CHAIN_DIFFERS', expected, found });
  }
  return genesis.value;
}

async function fetchManifest(
  foundation: Foundation,
  { requester, clock, trusted, eras }: FoundationParts,
): Promise<Manifest> {
  const chain = await foundation.chain();
  const manifest = await requester.json({ path: '/v1/contracts' }, decodeManifest);
  const spec = { path: ACTIVATION_PATH, query: { proof: 'bundle' } };
  const { url, bytes } = await requester.send(spec, PROOF_TYPE);
  const verdict = verifyProofBundle(bytes, { chain, eras, nowMs: clock.nowMs() });
  const reason = verdict.outcome === 'unknown' ? verdict.reason : undefined;
  // Anybody can draft a recovery: who trusts a chain by its id must trust each of them, too.
  if (reason?.code === 'CLIENT_RECOVERY_UNKNOWN' && trusted !== undefined) {
    throw new ClientError(reason);
  }
  // A clock that is behind must not keep anybody from reading; the seals are good all the same.
  const facts = verdict.outcome === 'invalid' ? undefined : verdict.facts;
  const agreed = facts?.value && manifestHashIn(facts.value);
  if (agreed === undefined || !isAgreed(manifest, agreed)) {
    throw new ClientError({ code: 'CLIENT_MANIFEST_DIFFERS', url });
  }
  return manifest;
}

function isAgreed(manifest: Manifest, agreed: Hash): boolean {
  try {
    return equalBytes(manifestHashOf(manifest), agreed);
  } catch {
    // A manifest that cannot be encoded canonically is none that the chain agreed on.
    return false;
  }
}
