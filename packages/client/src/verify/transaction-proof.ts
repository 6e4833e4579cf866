/**
 * Checks that a transaction and its outcome stand in a final block: two RFC 9162 paths to the roots
 * of a header that a quorum sealed.
 */
import type {
  FinalHeader,
  Result,
  Transaction,
  TransactionResult,
  TrustedSet,
} from '@daybook/core';
import {
  decodeResult,
  decodeTransaction,
  equalBytes,
  fail,
  leafHash,
  ok,
  transactionLeaf,
  verifyInclusion,
} from '@daybook/core';
import type { VerifyFailure } from '../errors.ts';
import type { MerklePath, TransactionProof } from '../wire/receipt.ts';
import { verifyHeader } from './light-client.ts';

export interface ProvenTransaction {
  readonly block: FinalHeader;
  readonly transaction: Transaction;
  readonly result: TransactionResult;
}

function unproven(fact: string): Result<never, VerifyFailure> {
  return fail({ code: 'CLIENT_TRANSACTION_UNPROVEN', fact });
}

/** @param trusted  the set that signs the height of the header */
export function verifyTransactionProof(
  proof: TransactionProof,
  trusted: TrustedSet,
): Result<ProvenTransaction, VerifyFailure> {
  const certified = { header: proof.headerBytes, certificate: proof.certificateBytes };
  const block = verifyHeader(certified, trusted);
  if (!block.ok) return block;
  const { txRoot, resultRoot } = block.value.header;
  const transaction = decodeTransaction(proof.transactionBytes);
  const result = decodeResult(proof.resultBytes);
  if (!transaction.ok) return unproven(transaction.reason.code);
  if (!result.ok) return unproven(result.reason.code);

  const leaf = transactionLeaf(transaction.value);
  if (!isUnder(txRoot, proof.transaction, leaf)) return unproven('the transaction');
  if (!isUnder(resultRoot, proof.result, leafHash(proof.resultBytes)))
    return unproven('the result');
  const isOne =
    proof.transaction.index === proof.result.index &&
    equalBytes(transaction.value.id, result.value.id);
  if (!isOne) return unproven('the result is of another transaction');
  return ok({ block: block.value, transaction: transaction.value, result: result.value });
}

function isUnder(root: Uint8Array, { size, index, path }: MerklePath, leaf: Uint8Array): boolean {
  return verifyInclusion({ root, size, index, leaf, path });
}
