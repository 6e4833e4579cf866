/** Signed transactions for tests, from the API's own prepared bodies or built here. */
import type { CallArguments } from '@daybook/core';
import {
  asPublicKey,
  encodeBody,
  encodeTransaction,
  generateNonce,
  publicKeyOf,
  sha256,
  signBody,
  toHex,
} from '@daybook/core';
import type { RunningApi } from './running-api.ts';

export const SECRET = sha256(Uint8Array.of(42));
export const PUBLIC = publicKeyOf(SECRET);

export interface NoteOptions {
  readonly book?: string;
  readonly text?: string;
  readonly due?: string;
}

/** Wire bytes of a call by the test's one key. */
export function signedCall(
  { ledger }: Pick<RunningApi, 'ledger'>,
  action: string,
  args: CallArguments,
): Uint8Array {
  const { chain, document } = ledger.chain.genesis;
  const bodyBytes = encodeBody({
    version: 1,
    chain,
    signers: [{ publicKey: asPublicKey(PUBLIC) }],
    nonce: generateNonce(),
    validUntilMs: document.timeMs + 600_000,
    calls: [{ contract: 'notebook', action, args }],
  });
  return encodeTransaction(bodyBytes, [signBody(bodyBytes, SECRET)]);
}

export function signedNote(
  api: Pick<RunningApi, 'ledger'>,
  number: number,
  { book = 'red', text = 'hello', due = '2026-06-30' }: NoteOptions = {},
): Uint8Array {
  const cost = { minor: 1250n, currency: 'GBP' };
  return signedCall(api, 'write', { book, number, text, cost, due });
}

/** Submits and makes final. */
export async function writeNotes(api: RunningApi, wires: readonly Uint8Array[]): Promise<void> {
  const outcomes = await api.ledger.submissions.submit(wires);
  if (outcomes.some((outcome) => !outcome.ok)) throw new Error('a test note was refused');
  api.ledger.seal();
}

export function asHexBody(wire: Uint8Array): { readonly transaction: string } {
  return { transaction: toHex(wire) };
}
