/** What the chain looks like from outside: state roots of all nodes at one height, counts, sums. */
import { treasury } from '@daybook/applications';
import type { Client } from '@daybook/client';
import { createClient } from '@daybook/client';
import type { Hash } from '@daybook/core';
import { toHex } from '@daybook/core';
import type { Cluster } from '@daybook/testkit';

export interface Survey {
  /** The highest height that every node holds. */
  readonly height: number;
  /** Hex, one per node in the order of the cluster. */
  readonly stateRoots: readonly string[];
  readonly blocks: number;
  readonly transactions: number;
}

async function rootAt(apiUrl: string, chain: Hash, height: number): Promise<string> {
  const block = await createClient({ urls: [apiUrl], chain }).block(height);
  if (block === undefined) throw new Error(`${apiUrl} has no block ${height}`);
  return toHex(block.stateRoot);
}

async function headOf(apiUrl: string, chain: Hash): Promise<number> {
  return (await createClient({ urls: [apiUrl], chain }).status()).head.height;
}

/** Asks every node by itself. */
export async function surveyChain(cluster: Cluster, client: Client): Promise<Survey> {
  const { chain } = cluster.genesis;
  const urls = cluster.nodes.map(({ apiUrl }) => apiUrl);
  const heads = await Promise.all(urls.map(async (url) => await headOf(url, chain)));
  const height = Math.min(...heads);
  const roots = urls.map(async (url) => await rootAt(url, chain, height));
  let transactions = 0;
  for await (const block of client.blocks({ order: 'oldest' })) {
    if (block.height > height) break;
    transactions += block.transactionCount;
  }
  return { height, stateRoots: await Promise.all(roots), blocks: height, transactions };
}

/**
 * What was spent on the whole ledger by currency, in minor units, credits taken off: added up from
 * the books of every fund, to be compared with what the files say.
 */
export async function sumSpent(client: Client): Promise<ReadonlyMap<string, bigint>> {
  const { records } = client.contractOf(treasury);
  const spent = new Map<string, bigint>();
  for await (const { row: appropriation } of records.appropriation.list()) {
    const { fund, currency } = appropriation;
    for await (const { row } of records.commitment.list({ fund })) {
      spent.set(currency, (spent.get(currency) ?? 0n) + row.spent - row.credited);
    }
  }
  return spent;
}

/** The value below which a share of all values lies; values in any order, at least one. */
export function percentile(values: readonly number[], share: number): number {
  const ascending = values.toSorted((a, b) => a - b);
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? 0;
}
