/**
 * One payment from the appropriation it came out of down to its payee, read from the ledger, and
 * its proof: fetched into a file, and checked from that file with nothing but the genesis file.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { treasury } from '@daybook/applications';
import type { Client, Verdict } from '@daybook/client';
import { readTrustedChain, verifyProofBundle } from '@daybook/client';
import { describeAmount } from '@daybook/contracts';

/** Name of a payment on the ledger. */
export interface PaymentKey {
  readonly fund: string;
  readonly payment: string;
}

/** One level of the trail, from the top. */
export interface TrailStep {
  readonly kind: 'appropriation' | 'allocation' | 'commitment' | 'payment' | 'payee';
  readonly title: string;
  readonly facts: string;
}

export interface Proof {
  readonly file: string;
  readonly valid: boolean;
  readonly bytes: number;
  readonly verdict: Verdict;
}

/** More levels than any budget has: a loop in the books must not hang the reader. */
const LEVELS_MAX = 16;

interface Money {
  readonly minor: bigint;
  readonly currency: string;
}

function show({ minor, currency }: Money): string {
  return describeAmount(String(minor), currency);
}

function missing(what: string): Error {
  return new Error(`the ledger has no ${what}`);
}

/** @throws Error if a level of the trail is missing */
export async function readTrail(client: Client, key: PaymentKey): Promise<readonly TrailStep[]> {
  const { records } = client.contractOf(treasury);
  const { fund } = key;
  const payment = (await records.payment.get(key))?.row;
  if (payment === undefined) throw missing(`payment ${key.payment}`);
  const commitment = (await records.commitment.get({ fund, commitment: payment.commitment }))?.row;
  if (commitment === undefined) throw missing(`commitment ${payment.commitment}`);
  const { currency } = payment.amount;
  const steps: TrailStep[] = [
    {
      kind: 'payee',
      title: payment.payee.name ?? 'a person, name sealed',
      facts: payment.description ?? payment.purpose,
    },
    { kind: 'payment', title: show(payment.amount), facts: payment.date },
    {
      kind: 'commitment',
      title: commitment.title,
      facts: `${show({ minor: commitment.received, currency })} committed`,
    },
  ];
  let name = commitment.allocation;
  for (let level = 0; name !== fund && level < LEVELS_MAX; level++) {
    const allocation = (await records.allocation.get({ fund, allocation: name }))?.row;
    if (allocation === undefined) throw missing(`allocation ${name}`);
    const facts = `${show({ minor: allocation.received, currency })} to ${allocation.holder}`;
    steps.push({ kind: 'allocation', title: allocation.title, facts });
    name = allocation.parent;
  }
  const appropriation = (await records.appropriation.get({ fund }))?.row;
  if (appropriation === undefined) throw missing(`appropriation ${fund}`);
  const granted = show({ minor: appropriation.received, currency });
  const facts = `${granted} by ${appropriation.grantor} (${appropriation.basis})`;
  steps.push({ kind: 'appropriation', title: appropriation.title, facts });
  return steps.toReversed();
}

/** Fetches the proof of a payment into a file. */
export async function saveProof(client: Client, key: PaymentKey, file: string): Promise<void> {
  await writeFile(file, await client.contractOf(treasury).records.payment.prove(key));
}

/** Checks a proof file against the founding document alone: no node is asked. */
export async function verifyFile(file: string, genesisFile: string): Promise<Proof> {
  const chain = readTrustedChain(await readFile(genesisFile, 'utf8'));
  const bytes = new Uint8Array(await readFile(file));
  const verdict = verifyProofBundle(bytes, { chain, nowMs: Date.now() });
  return { file, valid: verdict.outcome === 'valid', bytes: bytes.length, verdict };
}
