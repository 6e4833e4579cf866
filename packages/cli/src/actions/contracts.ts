/** Contracts by name: those of this release at once, any other by asking a node for its manifest. */
import type { Client } from '@daybook/client';
import type { Manifest, ManifestContract } from '@daybook/contracts';

let known: Promise<Manifest> | undefined;

/** The contracts that this release ships, loaded when they are first needed. */
export async function knownContracts(): Promise<readonly ManifestContract[]> {
  known ??= loadKnown();
  return (await known).contracts;
}

async function loadKnown(): Promise<Manifest> {
  const [{ applications }, { buildManifest, ledger }] = await Promise.all([
    import('@daybook/applications'),
    import('@daybook/contracts'),
  ]);
  return buildManifest([ledger, ...applications].map(({ definition }) => definition));
}

/** A contract of this release, or of the chain. @throws ClientError CLIENT_CONTRACT_UNKNOWN */
export async function contractNamed(name: string, client: Client): Promise<ManifestContract> {
  const shipped = (await knownContracts()).find((contract) => contract.name === name);
  return shipped ?? (await client.contract(name));
}
