/**
 * Proof that a transaction and its outcome stand in a final block: two inclusion paths (RFC 9162) to
 * the header's `txRoot` and `resultRoot`, the header, and the certificate of a quorum.
 */
import type { Hash } from '@daybook/core';
import {
  decodeBodyEntry,
  encodeCertificate,
  encodeHeader,
  encodeResult,
  inclusionProof,
  leafHash,
  merkleRoot,
  refOf,
  transactionLeaf,
} from '@daybook/core';
import type { FinalBlock } from './ports.ts';
import type { ViewMap } from './view.ts';

function pathView(leaves: readonly Hash[], index: number): ViewMap {
  const path = inclusionProof(leaves, index);
  return { root: merkleRoot(leaves), size: leaves.length, index, leaf: leaves[index], path };
}

/** Undefined for genesis, which no certificate proves. */
export function transactionProofView(block: FinalBlock, index: number): ViewMap | undefined {
  const { certificate, header, body, results } = block;
  const transactionBytes = body[index];
  const result = results[index];
  if (certificate === undefined || transactionBytes === undefined || result === undefined) {
    return undefined;
  }
  const transactions = body.flatMap((bytes) => {
    const entry = decodeBodyEntry(bytes);
    return entry.ok ? [transactionLeaf(refOf(entry.value))] : [];
  });
  const leaves = results.map((each) => leafHash(encodeResult(each)));
  return {
    headerBytes: encodeHeader(header),
    certificateBytes: encodeCertificate(certificate),
    transactionBytes,
    resultBytes: encodeResult(result),
    transaction: pathView(transactions, index),
    result: pathView(leaves, index),
  };
}
