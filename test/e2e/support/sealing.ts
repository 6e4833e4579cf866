/** Whose seal is whose in a certificate. */
import { asPublicKey, equalBytes, publicKeyOf } from '@daybook/core';
import type { Cluster } from '@daybook/testkit';

/** Position of a founder in the set, by which certificates name who sealed. */
export function sealIndexOf({ consortium, genesis }: Cluster, slug: string): number {
  const keys = consortium.organisations.find((one) => one.slug === slug);
  if (keys === undefined) throw new Error(`${slug} has keys`);
  const own = asPublicKey(publicKeyOf(keys.consensus));
  const index = genesis.validators.findIndex(({ publicKey }) => equalBytes(publicKey, own));
  if (index < 0) throw new Error(`${slug} is no founding validator`);
  return index;
}
